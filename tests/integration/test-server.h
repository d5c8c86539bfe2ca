// A server inside the test's own process, with a store that the test holds the strings of.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "onering/ports/idempotency-store.h"
#include "onering/ports/store.h"
#include "onering/server/server.h"

namespace onering::testing {

// What the test does to a store that a server has. Used from two threads.
class StoreStrings {
 public:
  // Called by the store's thread before each commit; the fault it returns is what the commit gives.
  void beforeCommit(std::function<std::optional<StoreFault>()> hook);
  [[nodiscard]] std::optional<StoreFault> commitFault() const;

 private:
  mutable std::mutex mutex_;
  std::function<std::optional<StoreFault>()> hook_;
};

// `store` as it is, but for what the strings say.
[[nodiscard]] std::unique_ptr<Store> onStrings(std::unique_ptr<Store> store, std::shared_ptr<StoreStrings> strings,
                                               std::unique_ptr<IdempotencyStore> idempotency = nullptr);

// On a free port of 127.0.0.1, with a memory store and names as tokens unless `options` say otherwise. A database has
// no strings.
class TestServer {
 public:
  // What stands for the store's own idempotency().
  using Instead = std::function<std::unique_ptr<IdempotencyStore>(Store&)>;

  explicit TestServer(ServerOptions options = {}, const Instead& idempotency = {});

  [[nodiscard]] std::uint16_t port() const { return server_->boundPort(); }
  [[nodiscard]] std::string url() const { return "ws://127.0.0.1:" + std::to_string(port()); }
  [[nodiscard]] StoreStrings& store() { return *strings_; }
  // Everything logged so far.
  [[nodiscard]] std::string log() const;

  void stop() { server_->stop(); }
  // stop(), and waits until it is done.
  void end() { server_.reset(); }

 private:
  struct Lines {
    std::mutex mutex;
    std::string text;
  };

  std::shared_ptr<Lines> lines_ = std::make_shared<Lines>();
  std::shared_ptr<StoreStrings> strings_ = std::make_shared<StoreStrings>();
  std::unique_ptr<Server> server_;
};

}  // namespace onering::testing
