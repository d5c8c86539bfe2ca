#include "pool.h"

#include <algorithm>
#include <utility>

#include <boost/asio/post.hpp>

#include "settings.h"

namespace onering::postgres {

namespace {

using SteadyClock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr milliseconds kPauseMin{100};
constexpr milliseconds kRevivePatience{1'000};

}  // namespace

Pool::Lease::Lease(Pool& pool, std::unique_ptr<Connection> connection)
    : pool_(pool.self_), connection_(std::move(connection)) {}

Pool::Lease::~Lease() {
  if (connection_ && *pool_) {
    (*pool_)->giveBack(std::move(connection_));
  }
}

Pool::Pool(asio::io_context& io, PoolOptions options)
    : io_(io), options_(std::move(options)), waitTimer_(io), self_(std::make_shared<Pool*>(this)) {}

// Leases that are still out find no pool to go back to.
Pool::~Pool() {
  *self_ = nullptr;
}

PoolCounts Pool::counts() const {
  PoolCounts counts = counts_;
  counts.size = options_.size;
  counts.idle = idle_.size();
  counts.leased = leased_;
  counts.opening = opening_;
  counts.waiting = waiting_.size();
  counts.open = broken_.has_value();
  return counts;
}

milliseconds Pool::retryAfter() const {
  if (!broken_) {
    return milliseconds{0};
  }
  return std::max(milliseconds{1}, std::chrono::duration_cast<milliseconds>(retryAt_ - SteadyClock::now()));
}

void Pool::acquire(Acquired acquired) {
  if (broken_ && (opening_ > 0 || SteadyClock::now() < retryAt_)) {
    asio::post(io_, [acquired = std::move(acquired), why = *broken_] { acquired(std::unexpected(why)); });
    return;
  }
  waiting_.push_back({std::move(acquired), SteadyClock::now() + options_.acquire});
  serve();
  guardWaiting();
}

// Gives those who wait what there is, in their order.
void Pool::serve() {
  while (!waiting_.empty() && !idle_.empty()) {
    Idle last = std::move(idle_.back());
    idle_.pop_back();
    if (!last.connection->isClean() || isTired(*last.connection)) {
      continue;
    }
    if (SteadyClock::now() - last.since > options_.pingAfterIdle) {
      revive(std::move(last.connection), kPing);
      continue;
    }
    Acquired acquired = std::move(waiting_.front().acquired);
    waiting_.pop_front();
    give(std::move(last.connection), std::move(acquired));
  }
  while (opening_ < waiting_.size() && idle_.size() + leased_ + opening_ < options_.size) {
    openOne();
  }
}

void Pool::give(std::unique_ptr<Connection> connection, Acquired acquired) {
  ++leased_;
  asio::post(io_, [acquired = std::move(acquired), lease = std::make_shared<Lease>(*this, std::move(connection))] {
    acquired(lease);
  });
}

// Keeps the connection if the statement does it good: a ping after long idling, a rollback after a failure.
void Pool::revive(std::unique_ptr<Connection> connection, const Statement& statement) {
  ++opening_;
  const auto shared = std::make_shared<std::unique_ptr<Connection>>(std::move(connection));
  (*shared)->run({.calls = {{.statement = &statement, .parameters = {}}}}, kRevivePatience,
                 [self = self_, shared](const Reply& reply) {
                   if (!*self) {
                     return;
                   }
                   Pool& pool = **self;
                   // Not from within its own answer: posted, so that it is over.
                   asio::post(pool.io_, [self, shared, isGood = reply.has_value()] {
                     if (!*self) {
                       return;
                     }
                     --(*self)->opening_;
                     if (isGood && (*shared)->isClean()) {
                       (*self)->idle_.push_back({std::move(*shared), SteadyClock::now()});
                     }
                     (*self)->serve();
                   });
                 });
}

void Pool::openOne() {
  ++opening_;
  Connection::open(io_, beginningAt(options_.keywords, counts_.failedToOpen), options_.connect,
                   [self = self_](std::expected<std::unique_ptr<Connection>, Failure> result) {
                     if (*self) {
                       (*self)->opened(std::move(result));
                     }
                   });
}

void Pool::opened(std::expected<std::unique_ptr<Connection>, Failure> result) {
  --opening_;
  if (!result) {
    ++counts_.failedToOpen;
    idle_.clear();
    broken_ = std::move(result.error());
    pause_ = std::clamp(2 * pause_, kPauseMin, options_.retryMax);
    retryAt_ = SteadyClock::now() + pause_;
    refuseAll(*broken_);
    return;
  }
  ++counts_.opened;
  broken_.reset();
  pause_ = {};
  idle_.push_back({std::move(*result), SteadyClock::now()});
  serve();
}

void Pool::giveBack(std::unique_ptr<Connection> connection) {
  --leased_;
  if (connection->isLost()) {
    idle_.clear();  // whatever cut this one off has most likely cut off those that are silent
  } else if (connection->hasFailed()) {
    revive(std::move(connection), kRollback);
  } else if (connection->isClean() && !isTired(*connection)) {
    idle_.push_back({std::move(connection), SteadyClock::now()});
  }
  serve();
}

// The jitter is the connection's own: drawn anew each time, it would always end at its shortest.
bool Pool::isTired(const Connection& connection) const {
  const std::int64_t fifth = std::chrono::duration_cast<SteadyClock::duration>(options_.recycleAfter / 5).count();
  const std::int64_t jitter = fifth > 0 ? connection.openedAt().time_since_epoch().count() % (2 * fifth) : 0;
  return SteadyClock::now() - connection.openedAt() > options_.recycleAfter + SteadyClock::duration(jitter - fifth);
}

void Pool::refuseAll(const Failure& failure) {
  for (Waiting& waiting : std::exchange(waiting_, {})) {
    asio::post(io_, [acquired = std::move(waiting.acquired), failure] { acquired(std::unexpected(failure)); });
  }
}

void Pool::guardWaiting() {
  if (waiting_.empty()) {
    return;
  }
  waitTimer_.expires_at(waiting_.front().until);
  waitTimer_.async_wait([self = self_](boost::system::error_code cancelled) {
    if (cancelled || !*self) {
      return;
    }
    Pool& pool = **self;
    while (!pool.waiting_.empty() && pool.waiting_.front().until <= SteadyClock::now()) {
      Acquired acquired = std::move(pool.waiting_.front().acquired);
      pool.waiting_.pop_front();
      ++pool.counts_.timedOut;
      acquired(std::unexpected(Failure{.sqlState = {}, .message = "no connection became free in time", .lost = true}));
    }
    pool.guardWaiting();
  });
}

}  // namespace onering::postgres
