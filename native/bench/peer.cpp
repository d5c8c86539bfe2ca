#include "peer.h"

#include <array>
#include <utility>

#include <boost/asio/buffer.hpp>
#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/write.hpp>

#include "onering/system/system.h"
#include "onering/wire/codec.h"

namespace onering::bench {

namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

constexpr std::size_t kMessageBytesMax = 64U << 20U;
constexpr std::size_t kReadAtOnce = 256U << 10U;

// RFC 6455 §5.2.
enum class Opcode : std::uint8_t { binary = 2, close = 8, ping = 9, pong = 10 };
constexpr std::uint8_t kFinal = 0x80;
constexpr std::uint8_t kMasked = 0x80;

struct Frame {
  Opcode opcode;
  std::string_view payload;
  std::size_t size;  // with its header
};

// The frame that `bytes` begin with; nothing: it is not all there yet. Throws std::runtime_error for what a server of
// ours never sends.
std::optional<Frame> frameOf(std::string_view bytes) {
  if (bytes.size() < 2) {
    return std::nullopt;
  }
  const auto byte = [&](std::size_t i) { return static_cast<std::uint8_t>(bytes[i]); };
  if ((byte(0) & 0xF0U) != kFinal || (byte(1) & kMasked) != 0) {
    throw std::runtime_error("a frame that is in parts or masked");
  }
  std::uint64_t size = byte(1);
  std::size_t header = 2;
  if (size >= 126) {
    const std::size_t more = size == 126 ? 2 : 8;
    if (bytes.size() < header + more) {
      return std::nullopt;
    }
    size = 0;
    for (std::size_t i = 0; i < more; ++i) {
      size = size << 8U | byte(header + i);
    }
    header += more;
  }
  if (size > kMessageBytesMax) {
    throw std::runtime_error("a frame that is too long");
  }
  if (bytes.size() < header + size) {
    return std::nullopt;
  }
  return Frame{static_cast<Opcode>(byte(0) & 0x0FU), bytes.substr(header, size), header + size};
}

std::string masked(Opcode opcode, std::string_view payload) {
  return clientFrame(static_cast<std::uint8_t>(opcode), payload);
}

}  // namespace

// The mask may be anything: it is there so that a client's bytes cannot look like HTTP to a proxy, and all zero leaves
// them as they are.
std::string clientFrame(std::uint8_t opcode, std::string_view payload) {
  std::string frame{static_cast<char>(kFinal | opcode)};
  const auto appendBigEndian = [&](std::uint64_t number, int bytes) {
    for (int i = bytes - 1; i >= 0; --i) {
      frame += static_cast<char>(number >> (8 * i));
    }
  };
  if (payload.size() < 126) {
    frame += static_cast<char>(kMasked | payload.size());
  } else if (payload.size() <= 0xFFFF) {
    frame += static_cast<char>(kMasked | 126U);
    appendBigEndian(payload.size(), 2);
  } else {
    frame += static_cast<char>(kMasked | 127U);
    appendBigEndian(payload.size(), 8);
  }
  appendBigEndian(0, 4);
  return frame.append(payload);
}

Address addressOf(std::string_view url) {
  if (url.starts_with("ws://")) {
    url.remove_prefix(5);
  }
  const auto slash = std::min(url.find('/'), url.size());
  const std::string_view authority = url.substr(0, slash);
  const auto colon = authority.rfind(':');
  const bool hasPort = colon != std::string_view::npos;
  return {.host = std::string(authority.substr(0, colon)),
          .port = hasPort ? std::string(authority.substr(colon + 1)) : "80",
          .path = slash + 1 >= url.size() ? "/sync" : std::string(url.substr(slash))};
}

std::string upgradeRequest(const Address& to) {
  return "GET " + to.path + " HTTP/1.1\r\nHost: " + to.host + ":" + to.port +
         "\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
         "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Protocol: " +
         std::string(kSubprotocol) + "\r\n\r\n";
}

struct Peer::Impl : std::enable_shared_from_this<Peer::Impl> {
  Impl(EventLoop& loop, const std::string& url, std::string name, Events told)
      : address(addressOf(url)),
        user(std::move(name)),
        events(std::move(told)),
        resolver(loop.context()),
        socket(loop.context()) {
    SystemEntropy entropy;
    std::array<std::uint8_t, 10> random{};
    entropy.fill(random);
    device.bytes = uuidV7(systemNow(), random);
  }

  void connect() {
    resolver.async_resolve(address.host, address.port, tcp::resolver::numeric_service,
                           [self = shared_from_this()](error_code failed, const tcp::resolver::results_type& found) {
                             if (self->mayGoOn(failed)) {
                               asio::async_connect(self->socket, found, [self](error_code error, const tcp::endpoint&) {
                                 if (self->mayGoOn(error)) {
                                   self->connected();
                                 }
                               });
                             }
                           });
  }

  void connected() {
    error_code failed;
    socket.set_option(tcp::no_delay(true), failed);
    socket.non_blocking(true, failed);
    write(upgradeRequest(address));
    waitToRead();
  }

  void waitToRead() {
    socket.async_wait(tcp::socket::wait_read, [self = shared_from_this()](error_code failed) {
      if (self->mayGoOn(failed)) {
        self->read();
      }
    });
  }

  // Into one buffer for all peers; what is left of a message waits in the peer's own.
  void read() {
    static std::array<char, kReadAtOnce> buffer;
    error_code failed;
    const std::size_t got = socket.read_some(asio::buffer(buffer), failed);
    if (failed && failed != asio::error::would_block) {
      gone(rejection(ErrorCode::unavailable, "The connection was lost: " + failed.message()));
      return;
    }
    bytesReceived += got;
    try {
      if (rest.empty()) {
        std::string_view bytes(buffer.data(), got);
        take(bytes);
        rest = bytes;
      } else {
        rest.append(buffer.data(), got);
        const std::string all = std::exchange(rest, {});
        std::string_view bytes = all;
        take(bytes);
        rest = bytes;
      }
    } catch (const std::runtime_error& fault) {
      gone(rejection(ErrorCode::protocolError, std::string("The server sent ") + fault.what() + "."));
    }
    if (!ended) {
      waitToRead();
    }
  }

  // Takes what is complete off the front of `bytes`.
  void take(std::string_view& bytes) {
    if (!upgraded) {
      const auto end = bytes.find("\r\n\r\n");
      if (end == std::string_view::npos) {
        return;
      }
      if (!bytes.starts_with("HTTP/1.1 101 ")) {
        throw std::runtime_error("HTTP where a WebSocket was asked for");
      }
      bytes.remove_prefix(end + 4);
      upgraded = true;
      send(Hello{.version = kProtocolVersion, .token = user, .device = device});
    }
    while (const auto frame = frameOf(bytes)) {
      if (ended) {
        return;
      }
      take(*frame);
      bytes.remove_prefix(frame->size);
    }
  }

  void take(const Frame& frame) {
    if (frame.opcode == Opcode::ping) {
      write(masked(Opcode::pong, frame.payload));
    } else if (frame.opcode == Opcode::close) {
      gone(rejection(ErrorCode::unavailable, "The server closed the connection."));
    } else if (frame.opcode == Opcode::binary) {
      auto message = decodeAuthorityMessage(frame.payload, kMessageBytesMax);
      if (!message) {
        throw std::runtime_error("what cannot be decoded");
      }
      received(*message);
    }
  }

  void received(AuthorityMessage& message) {
    if (const auto* refused = std::get_if<Refused>(&message)) {
      gone(refused->why);
    } else if (!welcome && std::holds_alternative<Welcome>(message)) {
      welcome = true;
      if (events.onWelcome) {
        events.onWelcome();
      }
    } else if (events.onMessage) {
      events.onMessage(message);
    }
  }

  void send(const ReplicaMessage& message) { write(masked(Opcode::binary, encode(message))); }

  void write(std::string bytes) {
    if (ended) {
      return;
    }
    if (writing) {
      waiting += bytes;
      return;
    }
    error_code failed;
    const std::size_t sent = socket.write_some(asio::buffer(bytes), failed);
    if (failed && failed != asio::error::would_block) {
      gone(rejection(ErrorCode::unavailable, "The connection was lost: " + failed.message()));
    } else if (sent < bytes.size()) {
      waiting = bytes.substr(sent);
      writeOn();
    }
  }

  void writeOn() {
    writing = true;
    auto bytes = std::make_shared<std::string>(std::exchange(waiting, {}));
    asio::async_write(socket, asio::buffer(*bytes), [self = shared_from_this(), bytes](error_code failed, std::size_t) {
      self->writing = false;
      if (self->mayGoOn(failed) && !self->waiting.empty()) {
        self->writeOn();
      }
    });
  }

  bool mayGoOn(error_code failed) {
    if (failed && !ended) {
      gone(rejection(ErrorCode::unavailable, "Cannot connect: " + failed.message()));
    }
    return !ended;
  }

  void gone(Rejection why) {
    if (std::exchange(ended, true)) {
      return;
    }
    close();
    asio::post(socket.get_executor(), [self = shared_from_this(), why = std::move(why)] {
      if (const auto tell = std::exchange(self->events, {}).onGone) {
        tell(why);
      }
    });
  }

  void close() {
    error_code ignored;
    socket.close(ignored);
    welcome = false;
  }

  Address address;
  std::string user;
  DeviceId device;
  Events events;
  tcp::resolver resolver;
  tcp::socket socket;
  std::string rest;     // received, not a whole message yet
  std::string waiting;  // to be written once what is being written has gone
  std::size_t bytesReceived = 0;
  bool writing = false;
  bool upgraded = false;
  bool welcome = false;
  bool ended = false;
};

Peer::Peer(EventLoop& loop, const std::string& url, std::string user, Events events)
    : impl_(std::make_shared<Impl>(loop, url, std::move(user), std::move(events))) {}

Peer::~Peer() {
  impl_->ended = true;
  // Perhaps one of them is calling: they go later.
  asio::post(impl_->socket.get_executor(), [impl = impl_] { impl->events = {}; });
  impl_->close();
}

void Peer::connect() {
  impl_->connect();
}
void Peer::send(const ReplicaMessage& message) {
  impl_->send(message);
}
bool Peer::isWelcome() const {
  return impl_->welcome;
}
const std::string& Peer::user() const {
  return impl_->user;
}
const DeviceId& Peer::device() const {
  return impl_->device;
}
std::size_t Peer::bytesReceived() const {
  return impl_->bytesReceived;
}

}  // namespace onering::bench
