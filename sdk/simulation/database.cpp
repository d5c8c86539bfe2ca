#include "database.h"

namespace onering::simulation {

namespace {

using std::chrono::seconds;

constexpr Duration kCommitLatest = seconds(5);  // well within the overlap of the cursors of change lists (SPEC S6)

}  // namespace

Database::Database(Environment& environment, Oracle& oracle)
    : environment_(environment), store_(environment, environment.plan.serverStore, kServerStoreFaults) {
  store_.stored = [this, &oracle](const Batch& batch) {
    oracle.committed(batch);
    for (const DraftWrite& write : batch.drafts) {
      written_.push_back({write.head.id, write.head.position});
    }
    for (const auto& ring : bells_) {
      ring();
    }
  };
}

bool Database::boot() {
  if (!isShared()) {
    return store_.boot();
  }
  if (!store_.isOpen()) {
    recover();
  }
  return store_.isOpen();
}

void Database::serverDied() {
  if (!isShared()) {
    store_.processDied();
  }
}

StoreResult<void> Database::commit(const Batch& batch) {
  auto result = store_.commit(batch);
  if (isShared() && store_.isOff()) {
    environment_.trace(environment_.clock.now(), "the database goes down");
    store_.processDied();
    recover();
    return std::unexpected(StoreError{StoreFault::unknown, "simulated"});
  }
  return result;
}

void Database::commitLater(std::shared_ptr<const Batch> batch) {
  environment_.clock.after(environment_.random.between(Duration{}, kCommitLatest),
                           [this, batch = std::move(batch)] { static_cast<void>(commit(*batch)); });
}

void Database::recover() {
  if (std::exchange(recovering_, true)) {
    return;
  }
  environment_.clock.after(environment_.random.between(Duration{200}, seconds(5)), [this] {
    recovering_ = false;
    if (!store_.boot()) {
      recover();
    }
  });
}

}  // namespace onering::simulation
