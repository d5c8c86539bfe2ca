#include "ledger.h"

#include <algorithm>
#include <utility>

namespace onering::simulation {

namespace {

std::string brief(const OpId& id) {
  return toText(id).substr(32);
}

bool isTransient(ErrorCode code) {
  return code == ErrorCode::unavailable || code == ErrorCode::internal || code == ErrorCode::rateLimited;
}

// Whether `again` is the same work as `kept`.
bool isMadeAgain(const OpBody& kept, const OpBody& again) {
  const auto* text = std::get_if<AppendSegment>(&kept);
  const auto* sameText = std::get_if<AppendSegment>(&again);
  return text && sameText ? text->content.text == sameText->content.text : kept.index() == again.index();
}

}  // namespace

void Ledger::committed(const DeviceBatch& batch) {
  uncertain_.clear();
  require(batch.setAside.empty(), "H3 a copy was set aside although nobody rewrote a log");
  for (const PendingOp& pending : batch.queued) {
    queue(pending);
  }
  checkConfirmed(batch);
  for (const OpId& id : batch.settled) {
    settle(id, batch);
  }
  for (const KeptOp& kept : batch.kept) {
    require(std::ranges::find(batch.settled, kept.op.id) != batch.settled.end(), "I8 an op is kept and still pending");
  }
  for (const OpId& id : batch.dismissed) {
    dismiss(id, batch);
  }
  leaving_.clear();
}

void Ledger::queue(const PendingOp& pending) {
  const OpId& id = pending.op.id;
  require(!work_.kept.contains(id) && !gone_.contains(id), "I8 an op comes back");
  require(std::ranges::none_of(work_.pending, [&](const auto& row) { return row.second.order >= pending.order; }),
          "S3 a new op does not come last");
  oracle_.queued(pending.op, ++made_);
  require(work_.pending.emplace(id, Pending{pending.order, pending.op}).second, "I8 an op is queued twice");
}

void Ledger::settle(const OpId& id, const DeviceBatch& batch) {
  const auto found = work_.pending.find(id);
  require(found != work_.pending.end(), [&] { return "I8 an op leaves the outbox that was not in it: " + brief(id); });
  const Op& op = found->second.op;
  const auto kept = std::ranges::find(batch.kept, id, [](const KeptOp& each) { return each.op.id; });
  if (kept == batch.kept.end()) {
    require(oracle_.isAccepted(op),
            [&] { return "I8 an op was lost: " + brief(id) + " is neither accepted nor kept"; });
    gone_.insert(id);
  } else {
    require(kept->op == op, "I8 a kept op is not what the user made");
    require(!isTransient(kept->why.code), "K5 an op is kept that was never judged");
    oracle_.kept(op);
    work_.kept.emplace(id, *kept);
    environment_.coverage.saw(Situation::workKept);
    if (kept->why.code == ErrorCode::staleEpoch && std::holds_alternative<AppendSegment>(op.body)) {
      environment_.coverage.saw(Situation::ringReclaimedFromHolderWithPendingWork);
    }
  }
  work_.pending.erase(found);
}

void Ledger::dismiss(const OpId& id, const DeviceBatch& batch) {
  const auto found = work_.kept.find(id);
  require(found != work_.kept.end(), "I8 an op is dismissed that was not kept");
  const auto leaving = leaving_.find(id);
  require(leaving != leaving_.end(), "I8 an op is dismissed that the user did not dismiss");
  if (leaving->second) {
    require(std::ranges::any_of(
                batch.queued, [&](const PendingOp& each) { return isMadeAgain(found->second.op.body, each.op.body); }),
            "I8 kept work is gone before it was made again");
  }
  work_.kept.erase(found);
  gone_.insert(id);
}

// An op that the device has folded into its copy has left the outbox in the same commit.
void Ledger::checkConfirmed(const DeviceBatch& batch) const {
  for (const DraftWrite& write : batch.drafts.drafts) {
    for (const AcceptedOp& accepted : write.ops) {
      const OpId& id = accepted.entry.op.id;
      require(!work_.pending.contains(id) || std::ranges::find(batch.settled, id) != batch.settled.end(),
              [&] { return "I8 an op is accepted and still pending: " + brief(id); });
      require(!work_.kept.contains(id), [&] { return "I8 an op is accepted and kept: " + brief(id); });
    }
  }
  require(batch.drafts.rejected.empty(), "a device writes verdicts");
}

void Ledger::uncertain(DeviceBatch batch) {
  uncertain_.push_back({std::move(batch), leaving_});
}

void Ledger::reopened(DeviceStore& store, bool isOpenedAnew) {
  const auto pending = store.readPending();
  const auto kept = store.readKept();
  require(pending && kept, "the device's store failed to read");
  // All of a batch or nothing.
  if (work_.isExactly(*pending, *kept)) {
    if (isOpenedAnew) {
      uncertain_.clear();
    }
  } else if (const auto here = std::ranges::find_if(
                 uncertain_, [&](const Uncertain& each) { return work_.with(each.batch).isExactly(*pending, *kept); });
             here != uncertain_.end()) {
    auto [batch, leaving] = std::move(*here);
    leaving_ = std::move(leaving);
    committed(batch);
  }
  leaving_.clear();
  require(work_.isExactly(*pending, *kept), "I8 a device holds other work after a crash than before");
}

bool Ledger::Work::isExactly(const std::vector<PendingOp>& ops, const std::vector<KeptOp>& keptOps) const {
  const bool samePending = std::ranges::all_of(ops, [&](const PendingOp& each) {
    const auto found = pending.find(each.op.id);
    return found != pending.end() && found->second.order == each.order && found->second.op == each.op;
  });
  const bool sameKept = std::ranges::all_of(keptOps, [&](const KeptOp& each) {
    const auto found = kept.find(each.op.id);
    return found != kept.end() && found->second == each;
  });
  return samePending && sameKept && ops.size() == pending.size() && keptOps.size() == kept.size();
}

Ledger::Work Ledger::Work::with(const DeviceBatch& batch) const {
  Work then = *this;
  for (const PendingOp& queued : batch.queued) {
    then.pending.emplace(queued.op.id, Pending{queued.order, queued.op});
  }
  for (const OpId& id : batch.settled) {
    then.pending.erase(id);
  }
  for (const KeptOp& each : batch.kept) {
    then.kept.emplace(each.op.id, each);
  }
  for (const OpId& id : batch.dismissed) {
    then.kept.erase(id);
  }
  return then;
}

void Ledger::compare(const Replica& replica) const {
  require(replica.pendingCount() == work_.pending.size() && replica.kept().size() == work_.kept.size(),
          "I8 a replica holds other work than its store");
  const auto pending = replica.pending();
  require(std::ranges::all_of(pending, [&](const auto& each) { return work_.pending.contains(each.op->id); }),
          "I8 a replica has other pending ops than its store");
  require(std::ranges::all_of(replica.kept(), [&](const KeptOp& each) { return work_.kept.contains(each.op.id); }),
          "I8 a replica keeps other ops than its store");
}

}  // namespace onering::simulation
