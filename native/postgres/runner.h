// Carries requests out on pooled connections, and turns what goes wrong into the store's faults.
#pragma once

#include "onering/ports/store.h"

#include "pool.h"

namespace onering::postgres {

using Results = std::vector<Result>;

class Runner {
 public:
  using Read = std::function<void(StoreResult<Results>)>;
  using Written = std::function<void(StoreResult<void>)>;

  Runner(asio::io_context& io, PoolOptions options) : io_(io), pool_(io, std::move(options)) {}

  // Tried once more on another connection where the first was lost: it may have been dead for long.
  void read(Request request, Read done);

  // A transaction that ends with COMMIT. Deadlocks and failed serializations are tried again whole, a few times, with
  // jitter. A connection lost on the way is `unknown`. A lock that was waited for in vain is `unavailable`, and whoever
  // holds it without going on is ended, so that the next attempt succeeds.
  void write(Request request, Written done);

  [[nodiscard]] const Pool& pool() const { return pool_; }

 private:
  [[nodiscard]] Reply counted(Reply reply, const Connection& connection) const;
  void readOnce(std::shared_ptr<const Request> request, int attemptsLeft, Read done);
  void writeOnce(std::shared_ptr<const Request> request, int attemptsLeft, Written done);

  asio::io_context& io_;
  Pool pool_;
};

}  // namespace onering::postgres
