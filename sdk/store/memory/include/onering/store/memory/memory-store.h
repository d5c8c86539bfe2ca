// A store in maps: the oracle that every other store is compared with.
//
// It keeps the contract of onering/ports in the plainest way there is: one map per kind of thing, a list is
// whatever is left of a map after looking at all of it, and a batch that fails is undone step by step. Whoever
// doubts what another store should do reads it here. It is durable for as long as the object lives, and fit for
// tests, for demonstrations and for a browser that gives no storage.
#pragma once

#include <functional>
#include <map>
#include <memory>

#include "onering/ports/device-store.h"
#include "onering/ports/event-store.h"
#include "onering/ports/idempotency-store.h"

namespace onering {

class MemoryStore final : public DeviceStore, public EventStore, public IdempotencyStore {
 public:
  [[nodiscard]] EventStore* events() override { return this; }
  [[nodiscard]] IdempotencyStore* idempotency() override { return this; }

  [[nodiscard]] StoreResult<Found> find(const Lookup& lookup) override;
  [[nodiscard]] StoreResult<void> commit(const Batch& batch) override;
  [[nodiscard]] StoreResult<void> commit(const DeviceBatch& batch) override;

  [[nodiscard]] StoreResult<std::vector<LogEntry>> readLog(const DraftId& draft, Seq after,
                                                           std::size_t bytesMax) override;
  [[nodiscard]] StoreResult<std::optional<Digest>> linkAt(const DraftId& draft, Seq seq) override;
  [[nodiscard]] StoreResult<std::vector<Segment>> readSegments(const DraftId& draft, std::uint32_t from,
                                                               std::uint32_t end, std::size_t bytesMax) override;
  [[nodiscard]] StoreResult<std::vector<RingPass>> readPasses(const DraftId& draft, std::uint32_t from,
                                                              std::uint32_t countMax) override;
  [[nodiscard]] StoreResult<std::vector<UserId>> readLeft(const DraftId& draft) override;
  [[nodiscard]] StoreResult<std::vector<DraftHead>> listDrafts(const UserId& user, std::optional<DraftListKey> after,
                                                               std::uint32_t countMax) override;
  [[nodiscard]] StoreResult<std::vector<MembershipChange>> listChanges(const UserId& user, const ChangeCursor& after,
                                                                       std::uint32_t countMax) override;
  [[nodiscard]] StoreResult<std::vector<DraftId>> allDrafts(std::optional<DraftId> after,
                                                            std::uint32_t countMax) override;
  [[nodiscard]] StoreResult<void> forgetRejected(Time before) override;
  [[nodiscard]] StoreResult<std::vector<std::string>> integrity() override;

  [[nodiscard]] StoreResult<std::optional<DeviceRecord>> readRecord() override;
  [[nodiscard]] StoreResult<std::vector<PendingOp>> readPending() override;
  [[nodiscard]] StoreResult<std::vector<KeptOp>> readKept() override;
  [[nodiscard]] StoreResult<std::vector<DraftPosition>> readSetAside() override;
  [[nodiscard]] StoreResult<std::optional<SetAsidePart>> readSetAsidePart(const DraftPosition& copy, std::uint32_t from,
                                                                          std::size_t bytesMax) override;

  [[nodiscard]] StoreResult<std::vector<bool>> appendEvents(const std::vector<Event>& events) override;
  [[nodiscard]] StoreResult<EventPage> readEvents(const EventQuery& query) override;

  [[nodiscard]] StoreResult<std::optional<RequestRecord>> claim(const RequestRecord& record, Time validFrom) override;
  [[nodiscard]] StoreResult<std::optional<RequestAnswer>> complete(const RequestKey& key, const OpId& op,
                                                                   const RequestAnswer& answer) override;
  [[nodiscard]] StoreResult<std::uint64_t> forgetRequests(Time before) override;

 private:
  struct Membership {
    Role role = Role::viewer;
    Time joinedAt;
    std::optional<Time> leftAt;  // set: no longer a member
  };

  // Everything of one draft. `base`: where the log begins; not {} when a snapshot stands for what came before.
  struct DraftCopy {
    DraftHead head;
    LogPosition base;
    std::map<UserId, Membership> members;
    std::map<InviteId, Invite> invites;
    std::map<Seq, LogEntry> log;
    std::map<OpId, Seq> ops;
    std::map<std::uint32_t, Segment> segments;  // by position
    std::map<SegmentId, std::uint32_t> positions;
    std::map<std::uint32_t, RingPass> passes;  // by epoch - 1

    [[nodiscard]] DraftState state() const;
    [[nodiscard]] bool hasMember(const UserId& user) const;
  };

  struct Remembered {
    KnownOp known;
    Time at;
  };

  class Transaction;

  [[nodiscard]] const DraftCopy* copyOf(const DraftId& draft) const;
  [[nodiscard]] std::optional<KnownOp> knownOp(const OpKey& key) const;
  [[nodiscard]] std::optional<SegmentRef> segmentRef(const SegmentKey& key) const;

  std::map<DraftId, std::shared_ptr<DraftCopy>> drafts_;
  std::map<OpKey, Remembered> rejected_;
  std::optional<DeviceRecord> record_;
  std::map<std::uint64_t, Op> outbox_;  // by order
  std::map<OpId, KeptOp> kept_;
  std::vector<std::shared_ptr<DraftCopy>> setAside_;
  std::map<std::pair<DraftId, EventId>, Event> events_;
  std::map<RequestKey, RequestRecord> requests_;
};

}  // namespace onering
