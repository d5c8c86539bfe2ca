// A protocol peer without a replica: a real WebSocket, the real codec, and nothing kept. Thousands fit into one
// process, where as many replicas would be most of what is measured.
//
//   connect() ──> hello ──> onWelcome ──> send(…), onMessage …
//                    └────> onGone
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "onering/client/event-loop.h"
#include "onering/domain/message.h"

namespace onering::bench {

struct Address {
  std::string host;
  std::string port;
  std::string path;
};
[[nodiscard]] Address addressOf(std::string_view url);
[[nodiscard]] std::string upgradeRequest(const Address& to);
// As a client writes it: RFC 6455 §5.2.
[[nodiscard]] std::string clientFrame(std::uint8_t opcode, std::string_view payload);

class Peer {
 public:
  struct Events {
    std::function<void()> onWelcome;
    std::function<void(AuthorityMessage&)> onMessage;  // every message behind the welcome
    // The connection could not be made, was refused or lost; the last event. Never from within a call to the peer.
    std::function<void(const Rejection&)> onGone;
  };

  // `url`: ws://HOST:PORT/PATH of a server in development mode, whose tokens are the users' names. `loop` must outlive
  // the peer.
  Peer(EventLoop& loop, const std::string& url, std::string user, Events events);
  // Cuts the connection, without an event.
  ~Peer();
  Peer(const Peer&) = delete;
  Peer& operator=(const Peer&) = delete;
  Peer(Peer&&) = delete;
  Peer& operator=(Peer&&) = delete;

  void connect();
  void send(const ReplicaMessage& message);

  [[nodiscard]] bool isWelcome() const;
  [[nodiscard]] const std::string& user() const;
  [[nodiscard]] const DeviceId& device() const;
  [[nodiscard]] std::size_t bytesReceived() const;

  struct Impl;

 private:
  std::shared_ptr<Impl> impl_;
};

}  // namespace onering::bench
