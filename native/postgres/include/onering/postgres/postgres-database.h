// Drafts in PostgreSQL, asked from an event loop: the store of a server that does not wait.
//
//   ask() --> one or two pipelined requests on pooled connections --> the answer, on the same thread
//
// Any number of servers may share a database. What they write is told apart by nothing but the database itself: a batch
// names the seq that each of its drafts must have and the ids that must be new, and is refused whole where that is not
// so. What other servers have written comes with watchNews().
#pragma once

#include <chrono>
#include <memory>
#include <optional>

#include "onering/postgres/options.h"
#include "onering/sync/store-work.h"

namespace boost::asio {
class io_context;  // NOLINT(readability-identifier-naming): its name there
}

namespace onering {

// For operators: the pool and its breaker. Counters are since the start.
struct PostgresPoolStatus {
  std::size_t size = 0, idle = 0, leased = 0, opening = 0, waiting = 0;
  std::uint64_t opened = 0, failedToOpen = 0, timedOut = 0;
  bool breakerOpen = false;
  std::chrono::milliseconds retryAfter{0};
};

class PostgresDatabase final : public AsyncStore {
 public:
  // What checkDatabase() has found good. Used on the thread that runs `io`, which must outlive it.
  PostgresDatabase(boost::asio::io_context& io, const PostgresOptions& options, const ReadPolicy& policy);
  ~PostgresDatabase() override;
  PostgresDatabase(const PostgresDatabase&) = delete;
  PostgresDatabase& operator=(const PostgresDatabase&) = delete;

  void ask(StoreQuestion question, Answered answered) override;
  void forgetRejected(Time before) override;

  // Calls `moved` with drafts that were written to, by this server or another: after each has been committed, usually
  // within `pause`. Asks the database for what changed, not for what exists. Nothing is missed that is committed after
  // `watching` was called, once: before that, nobody should be let in who relies on it.
  void watchNews(std::chrono::milliseconds pause, std::function<void()> watching,
                 std::function<void(const std::vector<DraftPosition>&)> moved);

  [[nodiscard]] PostgresPoolStatus poolStatus() const;

  struct Health {
    bool connected = false;
    std::chrono::microseconds latency{0};
    bool tablesPresent = false;
  };
  // Answers within a second, whatever the database does.
  void checkHealth(std::function<void(Health)> checked);

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

// Blocking; at start. Migrates, then makes sure that the database is one to rely on. Errors: those of Migrations;
// `quotaExceeded` where the pools of all processes do not fit into it; `notAllowed` where it would lose what it has
// acknowledged (fsync or synchronous_commit off).
[[nodiscard]] std::expected<void, Rejection> prepareDatabase(const PostgresOptions& options);

}  // namespace onering
