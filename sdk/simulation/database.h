// Where the servers keep everything. Either a file inside the only server's process, which dies with it, or a database
// that several servers share: it lives on when one of them dies, and goes away now and then while they live.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "oracle.h"
#include "store-host.h"

namespace onering::simulation {

class Database {
 public:
  Database(Environment& environment, Oracle& oracle);

  [[nodiscard]] bool isShared() const { return environment_.plan.sharedDatabase; }
  [[nodiscard]] StoreHost& store() { return store_; }

  // For a server that starts. False: not now.
  [[nodiscard]] bool boot();
  void serverDied();
  // It went away, and comes back by itself.
  [[nodiscard]] bool isRecovering() const { return recovering_; }

  // Commits what a server has asked for. A shared database whose power goes answers that it does not know.
  [[nodiscard]] StoreResult<void> commit(const Batch& batch);
  // The same some time later, when nobody waits for the answer any more.
  void commitLater(std::shared_ptr<const Batch> batch);

  // Where drafts have been written to, in the order of the commits; each server reads on from where it was.
  [[nodiscard]] const std::vector<DraftPosition>& written() const { return written_; }
  // `ring` is called when there is more.
  void watch(std::function<void()> ring) { bells_.push_back(std::move(ring)); }

 private:
  void recover();

  Environment& environment_;
  StoreHost store_;
  std::vector<DraftPosition> written_;
  std::vector<std::function<void()>> bells_;
  bool recovering_ = false;
};

}  // namespace onering::simulation
