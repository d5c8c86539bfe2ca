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
  counts.opening = opening_ + reviving_;
  counts.waiting = waiting_.size();
  counts.open = isOpen();
  return counts;
}

milliseconds Pool::retryAfter() const {
  if (!isOpen()) {
    return milliseconds{0};
  }
  return std::max(milliseconds{1}, std::chrono::duration_cast<milliseconds>(retryAt_ - SteadyClock::now()));
}

bool Pool::isOpen() const {
  return broken_ && (isStuck_ || (idle_.empty() && leased_ == 0 && reviving_ == 0));
}

bool Pool::mayOpenOne() const {
  return !broken_ || (opening_ == 0 && SteadyClock::now() >= retryAt_);
}

void Pool::acquire(Acquired acquired) {
  if (isOpen() && !mayOpenOne()) {
    asio::post(io_, [acquired = std::move(acquired), why = *broken_] { acquired(std::unexpected(why)); });
    return;
  }
  waiting_.push_back({std::move(acquired), SteadyClock::now() + options_.acquire});
  serve();
  guardWaiting();
}

// Gives those who wait what there is, in their order. One that is tired is used on where it could not be replaced.
void Pool::serve() {
  while (!waiting_.empty() && !idle_.empty()) {
    Idle last = std::move(idle_.back());
    idle_.pop_back();
    if (!last.connection->isClean() || isLeftBehind(*last.connection) || (!broken_ && isTired(*last.connection))) {
      continue;
    }
    if (last.isDoubtful || SteadyClock::now() - last.since > options_.pingAfterIdle) {
      revive(std::move(last.connection), kPing);
      continue;
    }
    Acquired acquired = std::move(waiting_.front().acquired);
    waiting_.pop_front();
    give(std::move(last.connection), std::move(acquired));
  }
  while (opening_ + reviving_ < waiting_.size() && idle_.size() + leased_ + opening_ + reviving_ < options_.size &&
         mayOpenOne()) {
    openOne();
  }
  if (isOpen() && opening_ == 0 && !mayOpenOne()) {
    refuseAll(*broken_);
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
  ++reviving_;
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
                     --(*self)->reviving_;
                     if (isGood && (*shared)->isClean()) {
                       (*self)->keep(std::move(*shared));
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
  if (result && isLeftBehind(**result)) {
    result = std::unexpected(Failure{
        .sqlState = {}, .message = "a primary that a promotion has left behind takes connections", .lost = true});
  }
  if (result) {
    timeline_ = std::max(timeline_, (*result)->timeline());
    ++counts_.opened;
    broken_.reset();
    pause_ = {};
    keep(std::move(*result));
  } else {
    ++counts_.failedToOpen;
    if (!broken_ || SteadyClock::now() >= retryAt_) {  // not for each of those that were tried together
      pause_ = std::clamp(2 * pause_, kPauseMin, options_.retryMax);
      retryAt_ = SteadyClock::now() + pause_;
    }
    broken_ = std::move(result.error());
    doubtIdle();
  }
  serve();
  guardWaiting();
}

void Pool::giveBack(std::unique_ptr<Connection> connection) {
  --leased_;
  if (connection->isLost()) {
    doubtIdle();  // whatever cut this one off may have cut off those that are silent
  } else if (connection->hasFailed()) {
    revive(std::move(connection), kRollback);
  } else if (connection->isClean() && (broken_ || !isTired(*connection))) {
    keep(std::move(connection));
  }
  serve();
}

// It has just answered.
void Pool::keep(std::unique_ptr<Connection> connection) {
  isStuck_ = false;
  idle_.push_back({std::move(connection), SteadyClock::now()});
}

void Pool::doubtIdle() {
  for (Idle& idle : idle_) {
    idle.isDoubtful = true;
  }
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

// Until the first one has waited for too long, or a connection may be opened again.
void Pool::guardWaiting() {
  if (waiting_.empty()) {
    return;
  }
  const bool mayLater = broken_ && opening_ == 0 && SteadyClock::now() < retryAt_;
  waitTimer_.expires_at(mayLater ? std::min(retryAt_, waiting_.front().until) : waiting_.front().until);
  waitTimer_.async_wait([self = self_](boost::system::error_code cancelled) {
    if (cancelled || !*self) {
      return;
    }
    Pool& pool = **self;
    while (!pool.waiting_.empty() && pool.waiting_.front().until <= SteadyClock::now()) {
      Acquired acquired = std::move(pool.waiting_.front().acquired);
      pool.waiting_.pop_front();
      ++pool.counts_.timedOut;
      pool.isStuck_ = pool.broken_.has_value();
      acquired(std::unexpected(Failure{.sqlState = {}, .message = "no connection became free in time", .lost = true}));
    }
    pool.serve();
    pool.guardWaiting();
  });
}

}  // namespace onering::postgres
