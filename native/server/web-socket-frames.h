// Frames of the WebSocket protocol (RFC 6455 §5), as a server reads and writes them. Bytes in, events out: no socket.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <span>
#include <string>
#include <string_view>
#include <variant>

#include "sync-service.h"

namespace onering::server {

enum class Opcode : std::uint8_t { continuation = 0, text = 1, binary = 2, close = 8, ping = 9, pong = 10 };

// What stands before the payload of an unfragmented frame to a client.
class FrameHeader {
 public:
  FrameHeader() = default;
  FrameHeader(Opcode opcode, std::size_t payloadBytes);

  [[nodiscard]] std::string_view bytes() const { return {bytes_.data(), size_}; }

 private:
  std::array<char, 10> bytes_{};
  std::uint8_t size_ = 0;
};

// A close frame to a client.
[[nodiscard]] std::string closeFrame(CloseReason why);

// Puts a client's frames together to messages. Whatever comes costs no more memory than `messageBytesMax`, as a
// message that is announced to be longer is refused before it is there.
class FrameReader {
 public:
  explicit FrameReader(std::size_t messageBytesMax) : messageBytesMax_(messageBytesMax) {}

  struct Incomplete {};  // the next event is not all there
  struct Message {
    bool binary = true;
    std::string_view bytes;
  };
  struct Ping {
    std::string_view payload;
  };
  struct Pong {};
  struct Close {};
  using Event = std::variant<Incomplete, Message, Ping, Pong, Close>;

  // Takes frames off the front of `bytes`, which it unmasks in place, until one makes an event or the last is not
  // all there. The event's views are valid until the next call. Refused: the connection must be closed for this.
  [[nodiscard]] std::expected<Event, CloseReason> next(std::span<char>& bytes);

 private:
  struct Frame {
    Opcode opcode = Opcode::binary;
    bool last = true;
    std::span<char> payload;
  };

  [[nodiscard]] std::expected<bool, CloseReason> takeFrame(std::span<char>& bytes, Frame& frame) const;
  [[nodiscard]] std::expected<Event, CloseReason> eventOf(const Frame& frame);

  std::size_t messageBytesMax_;
  std::string parts_;     // of a message that came in several frames
  bool inParts_ = false;  // its last frame has not come
  bool binary_ = true;    // that message
  bool told_ = false;     // parts_ was given out by the last call
};

}  // namespace onering::server
