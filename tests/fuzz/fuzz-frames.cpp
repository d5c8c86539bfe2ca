// Bytes of a WebSocket client, in pieces as they arrive: frames put together to messages (RFC 6455).
#include <string>

#include "fuzz.h"
#include "web-socket-frames.h"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace onering;
  using server::FrameReader;
  constexpr std::size_t kMessageBytesMax = 4'096;
  FrameReader reader(kMessageBytesMax);
  std::string buffer;
  fuzz::Pieces pieces(fuzz::viewOf(data, size));
  while (const auto piece = pieces.next()) {
    buffer += *piece;
    std::span<char> bytes(buffer);
    for (;;) {
      const auto event = reader.next(bytes);
      if (!event) return 0;
      if (std::holds_alternative<FrameReader::Incomplete>(*event)) break;
      const auto* message = std::get_if<FrameReader::Message>(&*event);
      fuzz::require(!message || message->bytes.size() <= kMessageBytesMax, "a message is over the bound");
      if (std::holds_alternative<FrameReader::Close>(*event)) return 0;
    }
    buffer.erase(0, buffer.size() - bytes.size());
  }
  return 0;
}
