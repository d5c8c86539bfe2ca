// A replica over a real socket: for desktop apps, the command line and load generators.
//
//   perform() ---> Replica ---> one commit for all that has come together ---> socket, callbacks
//   socket ------>    |                           (DeviceStore)
//
// What a client does for its replica: commits each step before anything of it is sent or told, keeps it connected
// (reconnects with exponential backoff and full jitter, SPEC S8), and watches it (`stalled`, SPEC S9).
//
// Everything happens on the loop's thread; call a client on that thread only.
#pragma once

#include <chrono>
#include <cstdint>
#include <expected>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "onering/client/event-loop.h"
#include "onering/ports/device-store.h"
#include "onering/sync/replica.h"

namespace onering {

// Gives the token for a new connection: calls back once, at once or later, on the loop's thread.
using TokenSource = std::function<void(std::function<void(std::expected<std::string, Rejection>)>)>;

// Always the same one.
[[nodiscard]] TokenSource fixedToken(std::string token);

struct ClientStatus {
  Link link = Link::offline;
  bool stalled = false;  // connected, ops pending, and no receipt for `stalledAfter`
  std::size_t pending = 0;
  std::size_t kept = 0;
  std::optional<Rejection>
      lastError;  // why it is not connected, or what the authority said last; until it is live again
  friend bool operator==(const ClientStatus&, const ClientStatus&) = default;
};

// What went over the network since the client was opened, in bytes of messages.
struct ClientTraffic {
  std::uint64_t bytesSent = 0;
  std::uint64_t bytesReceived = 0;
};

struct ClientOptions {
  std::string url;                     // ws://HOST[:PORT][/PATH] or wss://; without a path: /sync
  UserId user;                         // empty: whoever the token names
  std::unique_ptr<DeviceStore> store;  // of this device; used on the loop's thread, which its commits hold up
  TokenSource token;
  std::function<void(const Notice&)> onNotice;
  std::function<void(const ClientStatus&)> onStatus;  // told each time it is another one

  ReplicaOptions replica;
  std::chrono::milliseconds reconnectBase{250};  // waits a random part of base, 2 * base, 4 * base, …
  std::chrono::milliseconds reconnectMax{30'000};
  std::chrono::milliseconds handshake{10'000};
  std::chrono::milliseconds idle{60'000};  // without a byte, although pinged after half of it: the connection is dead
  std::chrono::milliseconds heartbeat{20'000};
  std::chrono::milliseconds stalledAfter{15'000};
};

struct OpCallbacks {
  // The op is in the device's store and survives a crash; or why it is not: then it has not happened. Where the disk
  // failed to sync, nobody knows: the op may be found pending at the next start.
  std::function<void(std::expected<void, Rejection>)> durable;
  // The authority's answer. Not called when the process ends before it is there: Notice tells of it later.
  std::function<void(const Receipt&)> settled;
};

class Client {
 public:
  // Opens the replica in its store. `loop` must outlive the client.
  [[nodiscard]] static std::expected<std::unique_ptr<Client>, Rejection> open(EventLoop& loop, ClientOptions options);

  // Closes the connection at once. What is durable stays, callbacks are dropped.
  ~Client();
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;
  Client(Client&&) = delete;
  Client& operator=(Client&&) = delete;

  // Connects, and stays connected until disconnect(). Also tries again at once: after a wait, after `denied`.
  void connect();
  void disconnect();

  // Makes an op of `body` and accepts it locally (SPEC S2). Nil `draft` with CreateDraft: a new one.
  std::expected<Performed, Rejection> perform(DraftId draft, OpBody body, OpCallbacks callbacks = {});
  std::expected<Performed, Rejection> perform(Op op, OpCallbacks callbacks = {});
  // Stores and sends an op that this device does not judge: another copy's work, played in.
  std::expected<Performed, Rejection> submit(Op op, OpCallbacks callbacks = {});

  // Whatever else a replica can do (resubmit, dismiss, views). What follows from it is committed and sent later.
  // storageUnavailable: the store failed; the replica has been opened anew.
  std::expected<void, Rejection> use(const std::function<void(Replica&, Time now)>& what);

  // Commits and sends now what else would be committed together with whatever comes next.
  void flush();

  // The draft as its user sees it (confirmed and pending), or null. Valid until the loop runs on.
  [[nodiscard]] const DraftState* draft(const DraftId& id);
  [[nodiscard]] DeviceStore& store();
  [[nodiscard]] const ClientStatus& status() const;
  [[nodiscard]] const ClientTraffic& traffic() const;

  struct Impl;

 private:
  explicit Client(std::shared_ptr<Impl> impl);
  std::shared_ptr<Impl> impl_;
};

}  // namespace onering
