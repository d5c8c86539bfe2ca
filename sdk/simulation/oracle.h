// Watches the authority's side: what becomes durable, and what is said to whom. Keeps its own copy of everything
// and compares; asks the code under test nothing that it could lie about.
//
//   committed()   I1-I6, I11 and every rule of §4, by the reference model, for each batch as it becomes durable
//   sending()     I9 and I10 for every message that leaves
//   finalCheck()  I4, I5, I7: the store's contents against a fold of its log, and against the oracle's copy
#pragma once

#include <map>
#include <set>
#include <vector>

#include "onering/ports/store.h"

#include "environment.h"
#include "reference-model.h"

namespace onering::simulation {

class Oracle {
 public:
  explicit Oracle(Environment& environment) : environment_(environment) {}

  // --- what happened ---

  // Someone pushed the op and the authority received it.
  void pushed(const Op& op);

  // The batch is durable.
  void committed(const Batch& batch);

  // How many batches have become durable.
  [[nodiscard]] std::uint64_t commits() const { return commits_; }

  // `user`: whom the session's token names. `known`: up to which batch the authority knows what is durable. What lies
  // behind it is on its way: someone removed by it may still be sent what the authority took for theirs.
  void sending(const UserId& user, const AuthorityMessage& message, std::uint64_t known);

  // A device has made the op, as its `order`-th.
  void queued(const Op& op, std::uint64_t order) { orders_[{op.draft, op.id}] = order; }

  // A device has sent the op without judging it: its segment's id may be one that another op uses.
  void submitted(const Op& op) {
    if (const auto segment = segmentOf(op)) submittedSegments_.insert(*segment);
  }
  [[nodiscard]] bool isSubmitted(const SegmentId& segment) const { return submittedSegments_.contains(segment); }

  // A device took this for the final answer to one of its ops.
  void receiptSeen(const OpReceipt& receipt);

  // A device keeps the op as rejected: it may never be accepted.
  void kept(const Op& op);

  // --- what is so ---

  struct Draft {
    ReferenceDraft state;
    std::vector<LogEntry> log;  // with the texts, redacted or not
    std::map<OpId, Seq> ops;
    // Numbers of batches.
    std::map<UserId, std::uint64_t> joinedWith;
    std::map<UserId, std::uint64_t> leftWith;
    std::map<SegmentId, std::uint64_t> appendedWith;
    std::map<SegmentId, std::uint64_t> redactedWith;
    std::map<UserId, DeviceId> wroteLastFrom;

    [[nodiscard]] const LogEntry& entry(Seq seq) const { return log.at(static_cast<std::size_t>(seq - 1)); }
  };

  [[nodiscard]] const std::map<DraftId, Draft>& drafts() const { return drafts_; }
  [[nodiscard]] const Draft* draft(const DraftId& id) const;
  [[nodiscard]] bool isAccepted(const Op& op) const;
  // Whether the op is a redaction, and the log has another of the same segment.
  [[nodiscard]] bool isErased(const Op& op) const;
  [[nodiscard]] std::uint64_t opsAccepted() const { return opsAccepted_; }

  // `users`: everyone whose list of drafts is to be right.
  void finalCheck(Store& store, const std::set<UserId>& users);

 private:
  struct Said;  // checks one message

  // The states of a draft before, within and after a batch.
  using Stages = std::vector<ReferenceDraft>;

  void happen(const DraftWrite& write);
  void happen(Draft& draft, const LogEntry& entry);
  void note(Draft& draft, const Op& op);
  void checkOrder(const Op& op);
  void checkRejection(const RejectedOp& rejected, const Stages& stages);
  void compareHead(const Draft& draft, const DraftHead& head) const;
  void refold(Store& store, const DraftId& id, const Draft& draft) const;
  void checkList(Store& store, const UserId& user) const;

  Environment& environment_;
  std::map<DraftId, Draft> drafts_;
  std::multimap<OpKey, Op> pushed_;
  std::map<OpKey, Rejection> rejections_;
  std::map<OpKey, Receipt> seen_;
  std::set<OpKey> kept_;
  std::set<SegmentId> submittedSegments_;
  std::map<OpKey, std::uint64_t> orders_;
  std::map<std::pair<DraftId, DeviceId>, std::uint64_t> lastOrders_;  // of what was accepted
  std::uint64_t commits_ = 0;
  std::uint64_t opsAccepted_ = 0;
};

}  // namespace onering::simulation
