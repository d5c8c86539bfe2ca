// A replica: a device's copy of its user's drafts (SPEC §2, §8).
//
// A state machine without I/O. Its owner reports what the user does and what the authority says, then takes
// the step that follows from it:
//
//   perform(), received(), …        any number of times: several appends share one commit
//   Step step = take();
//   store.commit(step.changes)      durable first (SPEC S2, I9) …
//   send step.messages, tell step.notices   … then seen
//
// When the commit fails, nothing of the step may be sent or told: the owner drops the replica and opens it
// anew from the store, which still has what was durable. There is no other way back, so there is no code that
// undoes.
//
// One draft, as a replica sees it:
//
//   confirmed                 pending, laid on top (SPEC S4)
//   +-----------------------+------------------+
//   | ops 1 .. n, as stored | what the user did |   view = confirmed + pending
//   +-----------------------+------------------+
//
// A pending op is laid on the view when the rules allow it there. One that no longer fits (the ring was
// reclaimed meanwhile) or that only the authority can judge stays pending without a local effect until its
// receipt comes; rejected, it becomes kept work (SPEC S5).
//
// Invariants (checkInvariants()):
//   an op is in one place: pending, confirmed or kept (SPEC I8)
//   pending ops are pushed in the order in which the user made them
//   confirmed.position is what the store has, or will have when the step that was taken last is committed
#pragma once

#include <deque>
#include <expected>
#include <limits>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <variant>
#include <vector>

#include "onering/domain/message.h"
#include "onering/ports/device-store.h"
#include "onering/ports/entropy.h"

namespace onering {

// --- what the owner is told ------------------------------------------------------------------------------

// The draft's view is another one now. `redacted`: segments that lost their text. A draft that is gone from
// the view (removed, not a member any more) is told the same way.
struct DraftChanged {
  DraftId draft;
  std::vector<SegmentId> redacted;
};

// The final answer to an op of this device.
struct OpSettled {
  DraftId draft;
  OpId op;
  Receipt receipt;
};

struct DivergenceFound {  // SPEC H3
  DraftId draft;
  LogPosition mine;
};

// The authority does not go on with this connection, or with this user at all.
struct AuthorityRefused {
  Rejection why;
  Duration retryAfter{};
};

// Who is at a draft at which this device said that its user is (SPEC S11). Nobody: it is not known.
struct PresenceTold {
  Presence presence;
};

struct LinkChanged {};    // link() is another one
struct OutboxChanged {};  // pendingCount() or kept() is another one

using Notice =
    std::variant<DraftChanged, OpSettled, DivergenceFound, AuthorityRefused, PresenceTold, LinkChanged, OutboxChanged>;

struct Step {
  DeviceBatch changes;
  std::vector<ReplicaMessage> messages;
  std::vector<Notice> notices;

  [[nodiscard]] bool empty() const { return changes.empty() && messages.empty() && notices.empty(); }
};

// Where the conversation stands (SPEC S10; `stalled` is judged by the owner, who has a clock).
enum class Link : std::uint8_t {
  offline,     // no connection
  connecting,  // connected, not yet welcome
  catchingUp,  // welcome, not all changes are here
  live,        // here is what the authority had when it last spoke
  denied,      // the authority refused; a new connection with another token may help
};

// What an op that was just performed is to the user.
enum class LocalEffect : std::uint8_t {
  shown,    // laid on the view
  waiting,  // stored and sent; the authority decides (SPEC S2)
};

struct Performed {
  OpId op;
  DraftId draft;
  std::optional<SegmentId> segment;
  LocalEffect effect = LocalEffect::shown;
};

// What is known of an op that was performed before.
struct KnownOutcome {
  LocalEffect effect = LocalEffect::shown;
  std::optional<Receipt> receipt;  // nothing: pending
};

struct ReplicaOptions {
  std::size_t opsInFlightMax = 256;  // pushed and unanswered
  std::size_t fetchesInFlightMax = 16;
  Duration pushAgainAfter{1'000};  // doubled with every refusal, up to pushAgainMax
  Duration pushAgainMax{30'000};
};

class Replica {
 public:
  // Reads the outbox, kept ops and the record from `store`; drafts are read when they are needed. A store
  // without a record is a new device: it gets an id. `user` may be empty until the authority has named it.
  // Both references must outlive the replica. storageUnavailable when `store` belongs to another user.
  [[nodiscard]] static std::expected<Replica, Rejection> open(DeviceStore& store, Entropy& entropy, UserId user,
                                                              Time now, ReplicaOptions options = {});

  // --- what the user does ---

  // Makes an op of `body`: gives it ids from `now` and entropy, the epoch of the ring as the view has it where
  // the body's is 0, a segment id and a salt. Creates an op for a new draft when `draft` is nil. `as`: the op's id,
  // where it is not nil.
  [[nodiscard]] Op prepare(DraftId draft, OpBody body, Time now, const OpId& as = {});

  // Accepts the op locally (SPEC S2), or says why not; then nothing has changed. An op that is pending already,
  // with the same content, is not performed again: the answer is the first one's.
  [[nodiscard]] std::expected<Performed, Rejection> perform(Op op, Time now);

  // Stores and sends an op that this device does not judge: another copy's work, played in. No local effect.
  [[nodiscard]] std::expected<Performed, Rejection> submit(Op op);

  // What has become of an op of this device: for a caller whose first answer was lost on the way (SPEC I6). Nothing: it
  // never came here, or what came of it is not known any more (dismissed, or in a copy that was replaced).
  [[nodiscard]] std::optional<KnownOutcome> outcomeOf(const DraftId& draft, const OpId& op);

  // Kept work (SPEC S5). notFound when no such op is kept.
  // Makes the op again with a new id (`as`, where it is not nil), under the ring's present epoch; it is no longer kept
  // when that is accepted locally.
  [[nodiscard]] std::expected<Performed, Rejection> resubmit(const OpId& kept, Time now, const OpId& as = {});
  // Puts the kept segments of `draft` into a new draft of this user, in order; they are no longer kept. `as`: the op
  // that creates it, where it is not nil, and its draft.
  [[nodiscard]] std::expected<Performed, Rejection> copyKept(const DraftId& draft, std::string title, Time now,
                                                             const OpKey& as = {});
  [[nodiscard]] std::expected<void, Rejection> dismiss(const OpId& kept);

  // --- what the connection does ---

  // A connection is there: says hello.
  void connected(std::string token);
  void disconnected();
  void received(AuthorityMessage message, Time now);
  // A fresh token for the present connection.
  void refresh(std::string token);
  // What the user does at the draft, until something else is said: told to the others who are at it.
  void present(const DraftId& draft, Attention attention);
  // Pushes again what could not be judged; asks for a Pong. Call about every 20 s, and after pushAgainAt().
  void tick(Time now);
  // When tick() has something to push; nothing: not before something else happens.
  [[nodiscard]] std::optional<Time> pushAgainAt() const;

  // --- what follows ---
  [[nodiscard]] Step take();

  // --- the view (confirmed + pending; includes what has not been taken yet) ---

  // Null: this device has no such draft. Valid until the next call that is not const.
  [[nodiscard]] const DraftState* draft(const DraftId& id);
  // The part of it that the authority has confirmed.
  [[nodiscard]] const DraftState* confirmed(const DraftId& id);
  // Pending segments as laid on the view, positions from confirmed(id)->segmentCount on; those from position `from` on,
  // at most `countMax`.
  [[nodiscard]] std::vector<Segment> pendingSegments(const DraftId& id, std::uint32_t from = 0,
                                                     std::size_t countMax = std::numeric_limits<std::size_t>::max());
  // Which they are, for whoever was told before: `laid` is another number when others than those at the front have left
  // them; otherwise the first `left` that there ever were are gone, and `count` are here.
  struct PendingRange {
    std::uint64_t laid = 0;
    std::uint64_t left = 0;
    std::size_t count = 0;
  };
  [[nodiscard]] PendingRange pendingRange(const DraftId& id);
  // Segments whose redaction is pending.
  [[nodiscard]] std::set<SegmentId> pendingRedactions(const DraftId& id);
  // Pending ops that the authority decides, in order; valid until the next call that is not const.
  [[nodiscard]] std::vector<const Op*> waiting(const DraftId& id);
  // Drafts whose creation is pending: not in the store's list yet.
  [[nodiscard]] std::vector<DraftId> pendingDrafts() const;

  [[nodiscard]] const DeviceRecord& record() const { return record_; }
  [[nodiscard]] Link link() const { return link_; }
  [[nodiscard]] std::size_t pendingCount() const { return outbox_.size(); }
  [[nodiscard]] std::size_t pendingCount(const DraftId& id);
  // Pending ops of one draft (of all, by order, for nothing), with what each is to the user.
  struct PendingView {
    const Op* op = nullptr;
    LocalEffect effect = LocalEffect::shown;
  };
  [[nodiscard]] std::vector<PendingView> pending(std::optional<DraftId> draft = {}) const;
  [[nodiscard]] const std::vector<KeptOp>& kept() const { return kept_; }

  // Throws std::logic_error naming what is broken. For tests and the simulation.
  void checkInvariants() const;

 private:
  struct Pending {
    Op op;
    LocalEffect effect = LocalEffect::waiting;
    bool submitted = false;            // never judged here
    bool sent = false;                 // on this connection, and not answered
    std::optional<Accepted> accepted;  // the receipt is here, what comes before it in the log is not
  };

  struct Incoming {  // a snapshot in parts
    LogPosition at;
    DraftImage image;
    SnapshotProgress progress;
  };

  struct Copy {
    std::optional<DraftState> confirmed;
    std::optional<DraftState> view;     // set while there are pending ops
    std::deque<std::uint64_t> pending;  // orders in outbox_: those in `shown` and in `others`
    std::deque<std::uint64_t> shown;    // segments laid on the view
    std::vector<std::uint64_t> others;
    PendingRange range;              // but for its count
    std::optional<Seq> fetchedUpTo;  // an answer to Fetch is on its way and has come so far
    std::optional<Incoming> incoming;
    Seq heardOf = 0;  // the log goes on at least to here
  };

  Replica(DeviceStore& store, Entropy& entropy, ReplicaOptions options);

  [[nodiscard]] static std::expected<Performed, Rejection> performedAlready(const Pending& pending, const Op& op);
  [[nodiscard]] std::expected<Performed, Rejection> enqueue(Op op, bool submitted, Time now);
  [[nodiscard]] Copy& copyOf(const DraftId& id);
  void markStored(const DraftId& id, const Copy& copy);
  void noteEffect(Copy& copy, std::uint64_t order) const;
  void forget(Copy& copy, std::uint64_t order);
  [[nodiscard]] const DraftState* viewOf(const Copy& copy) const;
  [[nodiscard]] std::optional<SegmentRef> segmentRef(const Copy& copy, const Op& op);
  void bringUpToDate(std::optional<SegmentRef>& ref, const DraftId& draft, const SegmentId& segment) const;
  [[nodiscard]] std::expected<LocalEffect, Rejection> lay(Copy& copy, const Op& op, Time at);
  void layAgain(Copy& copy);

  void on(Welcome&& message, Time now);
  void keepWhatNeverFits(Time now);
  void layAllAgain();
  void on(Refused&& message, Time now);
  void on(Receipts&& message, Time now);
  void on(Changed&& message, Time now);
  void on(Entries&& message, Time now);
  void on(SnapshotPart&& message, Time now);
  void on(Gone&& message, Time now);
  void on(Diverged&& message, Time now);
  void on(CatchUp&& message, Time now);
  void on(Pong&& message, Time now);
  void on(Presence&& message, Time now);

  void forgetConversation();
  void pushAgain(std::uint64_t order, Time now);
  void keepRejected(std::uint64_t order, const Rejection& why, Time now);
  void leaveOutbox(std::uint64_t order, Copy& copy);
  [[nodiscard]] bool drain(const DraftId& id, Copy& copy);
  [[nodiscard]] bool agrees(const DraftId& id, const Copy& copy, const LogPosition& theirs);
  [[nodiscard]] bool hasEntry(const DraftId& id, Seq seq) const;
  [[nodiscard]] bool fold(const DraftId& id, Copy& copy, LogEntry& entry);
  void diverged(const DraftId& id, Copy& copy);
  void drop(const DraftId& id, Copy& copy);
  void loseCopy(const DraftId& id, Copy& copy);
  void takeIn(SnapshotPart&& part, Copy& copy);
  void install(const DraftId& id, Copy& copy);
  [[nodiscard]] static bool isWhole(const DraftImage& image);

  void catchUp();
  void askChanges(const ChangeCursor& from);
  void hear(const DraftId& id, Copy& copy, Seq seq);
  void want(const DraftId& id, const Copy& copy);
  void sendFetches();
  void fetchDone(Copy& copy);
  void pump();
  [[nodiscard]] bool fits(const Op& op) const;
  void setLink(Link link);
  void changed(const DraftId& id, std::optional<SegmentId> redacted = {});
  void saveRecord();
  [[nodiscard]] DraftWrite& writeFor(const DraftId& id, Seq expected);
  void forgetWrites(const DraftId& id);
  [[nodiscard]] std::array<std::uint8_t, 16> newUuid(Time now);

  std::map<DraftId, Attention> attention_;  // but for `away`

  DeviceStore* store_;
  Entropy* entropy_;
  ReplicaOptions options_;
  DeviceRecord record_;
  Link link_ = Link::offline;
  std::map<DraftId, Copy> copies_;           // those that were needed so far
  std::map<std::uint64_t, Pending> outbox_;  // by order
  std::map<OpId, std::uint64_t> orderOf_;
  std::vector<KeptOp> kept_;
  std::uint64_t lastOrder_ = 0;
  std::uint64_t lastLaid_ = 0;
  std::array<std::uint8_t, 16> lastUuid_{};
  std::uint64_t nextToSend_ = 0;  // orders before it have been sent on this connection
  std::size_t inFlight_ = 0;
  bool restart_ = true;  // the next push is the first, or the first after a refusal
  std::optional<Time> pushAgainAt_;
  Duration pushPause_{};
  std::deque<DraftId> wanted_;  // to fetch
  std::set<DraftId> wantedSet_;
  std::size_t fetching_ = 0;
  std::optional<ChangeCursor> asked_;  // what has changed since here: not answered yet
  std::optional<ChangeCursor> cursorWhenCaughtUp_;
  bool changesComplete_ = false;
  std::uint64_t lastPing_ = 0;
  Step step_;
  std::map<DraftId, std::size_t> writes_;   // index in step_.changes.drafts.drafts
  std::map<DraftId, std::size_t> changes_;  // index of DraftChanged in step_.notices
};

}  // namespace onering
