// What a device must hold for its user (SPEC I8): kept beside the replica by following, commit by commit, where
// every op of the user's goes, and compared with the replica after each step and with the store after each crash.
//
//   queued -> pending -> accepted                (in the authority's durable log)
//                     -> kept -> dismissed       (by the user)
//                             -> made again      (the same content, in a new op that is queued in the same commit)
//
// Nothing else may ever happen to an op, and nothing may happen to two of these places at once.
#pragma once

#include <map>
#include <set>

#include "onering/sync/replica.h"

#include "environment.h"
#include "oracle.h"

namespace onering::simulation {

class Ledger {
 public:
  Ledger(Environment& environment, Oracle& oracle) : environment_(environment), oracle_(oracle) {}

  // The user did this; it will show in the next commit, or never when the device crashes before.
  void dismissing(const OpId& op) { leaving_[op] = false; }
  void makingAgain(const OpId& op) { leaving_[op] = true; }

  void committed(const DeviceBatch& batch);

  // The store said that it does not know whether the batch was stored.
  void uncertain(DeviceBatch batch);

  // The device starts again from what its store holds, the store having been opened anew or not. That settles what was
  // uncertain; but what could not be synced, and is not there now, may come back when the store is next opened, unless
  // something has followed it.
  void reopened(DeviceStore& store, bool isOpenedAnew);

  void compare(const Replica& replica) const;

  [[nodiscard]] std::size_t pendingCount() const { return work_.pending.size(); }

 private:
  struct Pending {
    std::uint64_t order = 0;
    Op op;
  };

  struct Work {
    std::map<OpId, Pending> pending;
    std::map<OpId, KeptOp> kept;

    // Whether a device that holds these holds this and nothing else.
    [[nodiscard]] bool isExactly(const std::vector<PendingOp>& ops, const std::vector<KeptOp>& keptOps) const;
    // What it is once the batch is durable.
    [[nodiscard]] Work with(const DeviceBatch& batch) const;
  };

  // What was being stored, and what the user had dismissed or made again by it.
  struct Uncertain {
    DeviceBatch batch;
    std::map<OpId, bool> leaving;
  };

  void queue(const PendingOp& pending);
  void settle(const OpId& id, const DeviceBatch& batch);
  void dismiss(const OpId& id, const DeviceBatch& batch);
  void checkConfirmed(const DeviceBatch& batch) const;

  Environment& environment_;
  Oracle& oracle_;
  std::uint64_t made_ = 0;  // ops so far
  Work work_;
  std::set<OpId> gone_;  // accepted or dismissed
  std::map<OpId, bool> leaving_;
  std::vector<Uncertain> uncertain_;  // since the last commit that is certain
};

}  // namespace onering::simulation
