#include "runner.h"

#include <random>

#include "writing.h"

namespace onering::postgres {

namespace {

using std::chrono::milliseconds;

// Longer than a statement may take at the server, which then says so itself; after a commit, users wait.
constexpr milliseconds kReadPatience{32'000};
constexpr milliseconds kWritePatience{12'000};

// A lock is waited for that long, too: whoever holds it has then sent nothing all the while.
constexpr milliseconds kStill{4'000};

constexpr int kReadAttempts = 2;
constexpr int kWriteAttempts = 6;

milliseconds jitter() {
  static thread_local std::minstd_rand random{std::random_device{}()};
  return milliseconds{1 + random() % 20};
}

StoreError notReached(const Failure& failure) {
  return {StoreFault::unavailable, failure.message};
}

}  // namespace

// A primary that was left behind while it worked on the request has told nothing that counts.
Reply Runner::counted(Reply reply, const Connection& connection) const {
  if (pool_.isLeftBehind(connection)) {
    return std::unexpected(Failure{.sqlState = {}, .message = "another database was promoted meanwhile", .lost = true});
  }
  return reply;
}

void Runner::read(Request request, Read done) {
  readOnce(std::make_shared<const Request>(std::move(request)), kReadAttempts, std::move(done));
}

void Runner::readOnce(std::shared_ptr<const Request> request, int attemptsLeft, Read done) {
  pool_.acquire([this, request, attemptsLeft, done = std::move(done)](auto acquired) {
    if (!acquired) {
      done(std::unexpected(notReached(acquired.error())));
      return;
    }
    std::shared_ptr<Pool::Lease> lease = *std::move(acquired);
    Connection& connection = lease->connection();
    connection.run(*request, kReadPatience, [this, request, attemptsLeft, done, lease](Reply reply) mutable {
      reply = counted(std::move(reply), lease->connection());
      if (reply) {
        done(*std::move(reply));
      } else if (reply.error().lost && attemptsLeft > 1) {
        lease.reset();  // first: the pool has to know that it was lost
        readOnce(request, attemptsLeft - 1, done);
      } else {
        done(std::unexpected(errorFrom(reply.error(), false)));
      }
    });
  });
}

void Runner::write(Request request, Written done) {
  writeOnce(std::make_shared<const Request>(std::move(request)), kWriteAttempts, std::move(done));
}

void Runner::writeOnce(std::shared_ptr<const Request> request, int attemptsLeft, Written done) {
  pool_.acquire([this, request, attemptsLeft, done = std::move(done)](auto acquired) {
    if (!acquired) {
      done(std::unexpected(notReached(acquired.error())));
      return;
    }
    const std::shared_ptr<Pool::Lease> lease = *acquired;
    lease->connection().run(*request, kWritePatience, [this, request, attemptsLeft, done, lease](Reply reply) {
      reply = counted(std::move(reply), lease->connection());
      if (reply) {
        done({});
      } else if (worthRepeating(reply.error()) && attemptsLeft > 1) {
        const auto timer = std::make_shared<asio::steady_timer>(io_, jitter());
        timer->async_wait([this, timer, request, attemptsLeft, done](boost::system::error_code cancelled) {
          if (!cancelled) {
            writeOnce(request, attemptsLeft - 1, done);
          }
        });
      } else {
        if (waitedInVain(reply.error())) {
          read(endStalledRequest(kStill), [](const StoreResult<Results>&) {});
        }
        done(std::unexpected(errorFrom(reply.error(), true)));
      }
    });
  });
}

}  // namespace onering::postgres
