// Connections to one database, shared by all requests, and the breaker that stands before them (SPEC §14, §15).
//
//   acquire() --> an idle connection, a new one, or a place in the queue
//   Lease     --> gives it back when it goes; one whose transaction failed is rolled back first, and one that is not
//                 clean otherwise is closed
//
// When a connection cannot be opened, none is opened for a pause, at most a second; those that there are go on. The
// breaker is open while there are none, or while somebody has waited for one in vain: then everyone is refused at once,
// but for one request after the pause, which tries the database. Whatever answers closes it: a connection that could be
// opened, or one that comes back good.
//
// One that was lost, or could not be opened, makes those that are idle doubtful: each is asked whether it is alive
// before it is used, and not thrown away, as there may be no others to be had.
//
// A connection to a database that a promotion has left behind, a primary that came back, is none: what is written there
// is lost. Those that there were when the first one to the new primary was opened are closed.
//
// Invariants:
//   idle + leased + opening + reviving <= options.size
//   somebody waits only while a connection is leased, being opened or being revived
#pragma once

#include <deque>

#include "connection.h"

namespace onering::postgres {

struct PoolOptions {
  Keywords keywords;
  std::size_t size = 6;                               // connections at most
  std::chrono::milliseconds acquire{2'000};           // how long a request waits for one
  std::chrono::milliseconds connect{5'000};           // how long connecting may take
  std::chrono::milliseconds pingAfterIdle{15'000};    // one that was idle for longer is asked whether it is alive
  std::chrono::milliseconds recycleAfter{1'800'000};  // then replaced, give or take a fifth, so that not all go at once
  std::chrono::milliseconds retryMax{1'000};          // the breaker's pause grows up to this
};

struct PoolCounts {
  std::size_t size = 0, idle = 0, leased = 0, opening = 0, waiting = 0;
  std::uint64_t opened = 0, failedToOpen = 0, timedOut = 0;
  bool open = false;  // the breaker
};

class Pool {
 public:
  class Lease {
   public:
    Lease(Pool& pool, std::unique_ptr<Connection> connection);
    ~Lease();
    Lease(const Lease&) = delete;
    Lease& operator=(const Lease&) = delete;
    Lease(Lease&&) noexcept = default;
    Lease& operator=(Lease&&) = delete;

    [[nodiscard]] Connection& connection() const { return *connection_; }

   private:
    std::shared_ptr<Pool*> pool_;
    std::unique_ptr<Connection> connection_;
  };
  using Acquired = std::function<void(std::expected<std::shared_ptr<Lease>, Failure>)>;

  Pool(asio::io_context& io, PoolOptions options);
  ~Pool();
  Pool(const Pool&) = delete;
  Pool& operator=(const Pool&) = delete;

  // `acquired` is called once, later.
  void acquire(Acquired acquired);

  [[nodiscard]] PoolCounts counts() const;

  // Whether another database has been promoted since: what was said there does not count.
  [[nodiscard]] bool isLeftBehind(const Connection& connection) const {
    return connection.timeline() != 0 && connection.timeline() < timeline_;
  }

  // How long until the breaker lets the next request try; zero while it is closed.
  [[nodiscard]] std::chrono::milliseconds retryAfter() const;

 private:
  using TimePoint = std::chrono::steady_clock::time_point;
  struct Idle {
    std::unique_ptr<Connection> connection;
    TimePoint since;
    bool isDoubtful = false;
  };
  struct Waiting {
    Acquired acquired;
    TimePoint until;
  };

  void serve();
  void give(std::unique_ptr<Connection> connection, Acquired acquired);
  void revive(std::unique_ptr<Connection> connection, const Statement& statement);
  void openOne();
  void opened(std::expected<std::unique_ptr<Connection>, Failure> result);
  void giveBack(std::unique_ptr<Connection> connection);
  void keep(std::unique_ptr<Connection> connection);
  void doubtIdle();
  void refuseAll(const Failure& failure);
  void guardWaiting();
  [[nodiscard]] bool isOpen() const;
  [[nodiscard]] bool mayOpenOne() const;
  [[nodiscard]] bool isTired(const Connection& connection) const;

  asio::io_context& io_;
  PoolOptions options_;
  asio::steady_timer waitTimer_;
  std::deque<Idle> idle_;  // the one used last is at the end, and used first
  std::deque<Waiting> waiting_;
  std::size_t leased_ = 0;
  std::size_t opening_ = 0;
  std::size_t reviving_ = 0;
  PoolCounts counts_;
  std::optional<Failure> broken_;  // why no connection could be opened when it was tried last
  std::chrono::milliseconds pause_{0};
  TimePoint retryAt_;          // when it may be tried again
  std::int64_t timeline_ = 0;  // the greatest that a connection had
  bool isStuck_ = false;       // somebody has waited in vain since, and nothing has come back good
  std::shared_ptr<Pool*> self_;
};

}  // namespace onering::postgres
