#include "web-socket-frames.h"

#include <cstring>
#include <utility>

namespace onering::server {

namespace {

constexpr std::uint8_t kLast = 0x80;
constexpr std::uint8_t kReserved = 0x70;
constexpr std::uint8_t kMasked = 0x80;
constexpr std::size_t kMaskBytes = 4;
constexpr std::size_t kControlBytesMax = 125;

bool isControl(Opcode opcode) {
  return static_cast<std::uint8_t>(opcode) >= 8;
}

bool isKnown(std::uint8_t opcode) {
  return opcode <= 2 || (opcode >= 8 && opcode <= 10);
}

void unmask(std::span<char> payload, const char* mask) {
  std::array<char, 8> key{};
  for (std::size_t i = 0; i < key.size(); ++i) {
    key[i] = mask[i % kMaskBytes];
  }
  std::uint64_t word = 0;
  std::memcpy(&word, key.data(), sizeof(word));
  std::size_t i = 0;
  for (; i + sizeof(word) <= payload.size(); i += sizeof(word)) {
    std::uint64_t part = 0;
    std::memcpy(&part, payload.data() + i, sizeof(part));
    part ^= word;
    std::memcpy(payload.data() + i, &part, sizeof(part));
  }
  for (; i < payload.size(); ++i) {
    payload[i] = static_cast<char>(payload[i] ^ mask[i % kMaskBytes]);
  }
}

// RFC 6455 §7.4: what may stand in a close frame.
bool isCloseCode(unsigned code) {
  const bool defined = (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014);
  return defined || (code >= 3000 && code <= 4999);
}

std::unexpected<CloseReason> malformed() {
  return std::unexpected(CloseReason::protocolError);
}

}  // namespace

FrameHeader::FrameHeader(Opcode opcode, std::size_t payloadBytes) {
  const auto put = [this](std::uint64_t byte) { bytes_[size_++] = static_cast<char>(byte); };
  put(kLast | static_cast<std::uint8_t>(opcode));
  int further = 0;
  if (payloadBytes <= kControlBytesMax) {
    put(payloadBytes);
  } else if (payloadBytes <= 0xFFFF) {
    put(126);
    further = 2;
  } else {
    put(127);
    further = 8;
  }
  for (int i = further - 1; i >= 0; --i) {
    put(std::uint64_t{payloadBytes} >> (8 * i));
  }
}

std::string closeFrame(CloseReason why) {
  const auto code = static_cast<std::uint16_t>(why);
  std::string frame(FrameHeader(Opcode::close, 2).bytes());
  frame += static_cast<char>(code >> 8U);
  frame += static_cast<char>(code);
  return frame;
}

std::expected<FrameReader::Event, CloseReason> FrameReader::next(std::span<char>& bytes) {
  if (std::exchange(told_, false)) {
    parts_ = {};
  }
  while (true) {
    Frame frame;
    const auto taken = takeFrame(bytes, frame);
    if (!taken) {
      return std::unexpected(taken.error());
    }
    if (!*taken) {
      return Incomplete{};
    }
    auto event = eventOf(frame);
    if (!event || !std::holds_alternative<Incomplete>(*event)) {
      return event;
    }
  }
}

// False: it is not all there.
std::expected<bool, CloseReason> FrameReader::takeFrame(std::span<char>& bytes, Frame& frame) const {
  if (bytes.size() < 2) {
    return false;
  }
  const auto byte = [&](std::size_t i) { return static_cast<std::uint8_t>(bytes[i]); };
  if ((byte(0) & kReserved) != 0 || !isKnown(byte(0) & 0x0FU) || (byte(1) & kMasked) == 0) {
    return malformed();
  }
  frame.opcode = static_cast<Opcode>(byte(0) & 0x0FU);
  frame.last = (byte(0) & kLast) != 0;
  std::uint64_t size = byte(1) & 0x7FU;
  if (isControl(frame.opcode) && (!frame.last || size > kControlBytesMax)) {
    return malformed();
  }
  std::size_t header = 2;
  const std::size_t further = size < 126 ? 0 : (size == 126 ? 2 : 8);
  if (bytes.size() < header + further) {
    return false;
  }
  if (further > 0) {
    size = 0;
    for (std::size_t i = 0; i < further; ++i) {
      size = size << 8U | byte(header + i);
    }
    header += further;
    const bool couldBeShorter = size < 126 || (further == 8 && size <= 0xFFFF);
    if (couldBeShorter) {
      return malformed();
    }
  }
  const std::size_t before = frame.opcode == Opcode::continuation ? parts_.size() : 0;
  if (!isControl(frame.opcode) && (size > messageBytesMax_ || before > messageBytesMax_ - size)) {
    return std::unexpected(CloseReason::messageTooBig);
  }
  header += kMaskBytes;
  if (bytes.size() < header || bytes.size() - header < size) {
    return false;
  }
  frame.payload = bytes.subspan(header, static_cast<std::size_t>(size));
  unmask(frame.payload, bytes.data() + header - kMaskBytes);
  bytes = bytes.subspan(header + frame.payload.size());
  return true;
}

// Incomplete: the message goes on in another frame.
std::expected<FrameReader::Event, CloseReason> FrameReader::eventOf(const Frame& frame) {
  const std::string_view payload(frame.payload.data(), frame.payload.size());
  switch (frame.opcode) {
    case Opcode::ping:
      return Ping{payload};
    case Opcode::pong:
      return Pong{};
    case Opcode::close: {
      const auto byte = [&](std::size_t i) { return static_cast<std::uint8_t>(payload[i]); };
      if (payload.size() == 1 || (payload.size() >= 2 && !isCloseCode(byte(0) << 8U | byte(1)))) {
        return malformed();
      }
      return Close{};
    }
    case Opcode::text:
    case Opcode::binary:
      if (inParts_) {
        return malformed();
      }
      binary_ = frame.opcode == Opcode::binary;
      if (frame.last) {
        return Message{binary_, payload};
      }
      break;
    case Opcode::continuation:
      if (!inParts_) {
        return malformed();
      }
      break;
  }
  parts_ += payload;
  inParts_ = !frame.last;
  if (inParts_) {
    return Incomplete{};
  }
  told_ = true;
  return Message{binary_, parts_};
}

}  // namespace onering::server
