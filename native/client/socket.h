// A WebSocket to the authority, without a word about the library that makes it.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "onering/domain/error.h"

#include "url.h"

namespace boost::asio {
class io_context;  // NOLINT(readability-identifier-naming): its name there
}

namespace onering::client {

struct SocketEvents {
  std::function<void()> opened;
  std::function<void(std::string_view)> message;  // valid during the call
  // Once, the last event, never from within a call to the socket.
  std::function<void(Rejection)> closed;
};

struct SocketOptions {
  Url url;
  std::chrono::milliseconds handshake;
  std::chrono::milliseconds idle;
  std::size_t messageBytesMax;
};

// Lives until `closed` has been told, whether or not it is held.
class Socket {
 public:
  [[nodiscard]] static std::shared_ptr<Socket> connect(boost::asio::io_context& context, SocketOptions options,
                                                       SocketEvents events);
  virtual ~Socket() = default;

  virtual void send(std::string message) = 0;
  // Says goodbye and ends; what was sent before goes out first.
  virtual void close() = 0;
  // Ends at once and without an event.
  virtual void abandon() = 0;
};

}  // namespace onering::client
