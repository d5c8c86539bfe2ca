// Where a side keeps its data (SPEC §9): one contract, kept by every store and checked by one suite.
//
//   Store        drafts, their logs, receipts and projections. The authority's side needs no more.
//   DeviceStore  adds what a device keeps for its user: the outbox, kept work, the cursor.
//
// Requests and answers are plain values. A caller that may not block (the server's event loop) hands them
// to a thread or to a pipelined connection and goes on when the answer comes; a caller that may (a
// browser's worker, the command line) calls a store straight away.
//
// Contract of every method:
//   Thread-safety  a store is used by one thread at a time.
//   Success        reads see every commit that has returned. commit() has made all of the batch durable
//                  when it returns (SPEC I9): it survives the process and the machine.
//   Failure        StoreError says which; nothing of the batch has been stored, except for `unknown`, after
//                  which the op ids must be looked up. A failed read has changed nothing.
//   Not found      an empty optional or list, never an error.
#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <vector>

#include "onering/domain/message.h"
#include "onering/domain/rules.h"

namespace onering {

enum class StoreFault : std::uint8_t {
  conflict,     // a draft is not where the batch expected it, or an id is taken: read again, decide again
  unknown,      // the connection went away during the commit: look the op ids up
  unavailable,  // cannot be reached or opened now; try again later
  full,         // no room; nothing is lost
  damaged,      // what is stored cannot be read; left untouched
};

struct StoreError {
  StoreFault fault = StoreFault::unavailable;
  std::string detail;  // for the operator's log: no secret, no user's text
};

template <typename T>
using StoreResult = std::expected<T, StoreError>;

// How a fault is told to users (SPEC §12).
[[nodiscard]] inline ErrorCode errorOf(StoreFault fault) {
  switch (fault) {
    case StoreFault::full:
      return ErrorCode::storageFull;
    case StoreFault::damaged:
      return ErrorCode::storageUnavailable;
    case StoreFault::conflict:
    case StoreFault::unknown:
    case StoreFault::unavailable:
      break;
  }
  return ErrorCode::unavailable;
}

// --- what is asked before a batch is decided -----------------------------------------------------------

struct OpKey {
  DraftId draft;
  OpId op;
  friend auto operator<=>(const OpKey&, const OpKey&) = default;
};

struct SegmentKey {
  DraftId draft;
  SegmentId segment;
  friend auto operator<=>(const SegmentKey&, const SegmentKey&) = default;
};

struct Lookup {
  std::vector<DraftId> drafts;
  std::vector<OpKey> ops;
  std::vector<SegmentKey> segments;
};

// What is remembered of an op that has been judged (SPEC K2, K3, K5).
struct KnownOp {
  UserId actor;
  Digest digest{};  // opDigest()
  Receipt receipt;
  friend bool operator==(const KnownOp&, const KnownOp&) = default;
};

// Answers to a Lookup, each list parallel to its question.
struct Found {
  std::vector<std::optional<DraftState>> drafts;
  std::vector<std::optional<KnownOp>> ops;
  std::vector<std::optional<SegmentRef>> segments;
};

// --- what is written ------------------------------------------------------------------------------------

struct AcceptedOp {
  LogEntry entry;
  Change change;  // what apply() said
};

// Everything that a batch does to one draft. `expected`: the seq that the draft must have (0: the draft must
// not exist); `ops` follow it without a gap; `head` is the state's head after them.
struct DraftWrite {
  Seq expected = 0;
  std::vector<AcceptedOp> ops;
  DraftHead head;
};

struct RejectedOp {
  OpKey key;
  UserId actor;
  Digest digest{};  // opDigest()
  Rejection why;
  Time at;
};

// A draft that was looked at and not written to: where there is such a draft, it must be at `seq`. 0: there was none.
struct SeqCheck {
  DraftId draft;
  Seq seq = 0;
};

// All or nothing, one transaction (SPEC K4). Drafts are written in order of their id.
struct Batch {
  std::vector<DraftWrite> drafts;
  std::vector<RejectedOp> rejected;
  std::vector<SeqCheck> checks{};  // so that no op is rejected on grounds that are no longer true

  [[nodiscard]] bool empty() const { return drafts.empty() && rejected.empty(); }
};

// --- what is read ---------------------------------------------------------------------------------------

// A draft of a user in a list, ordered by (updatedAt desc, id) (SPEC §6).
struct DraftListKey {
  Time updatedAt;
  DraftId id;
  friend bool operator==(const DraftListKey&, const DraftListKey&) = default;
};

// A draft that a user is or was a member of, and since when that is news to them.
struct MembershipChange {
  DraftId draft;
  Time at;  // updatedAt for a member, the time of leaving for someone who left
  bool left = false;
  LogPosition position;  // {} when left
  friend bool operator==(const MembershipChange&, const MembershipChange&) = default;
};

class EventStore;
class IdempotencyStore;

class Store {
 public:
  virtual ~Store() = default;

  // What a server keeps beside the drafts, in the same place and under the same contract; lives as long as the store.
  // Null: this store does not keep it, and no server can run on it.
  [[nodiscard]] virtual EventStore* events() { return nullptr; }
  [[nodiscard]] virtual IdempotencyStore* idempotency() { return nullptr; }

  [[nodiscard]] virtual StoreResult<Found> find(const Lookup& lookup) = 0;

  // A store with events() appends eventOf() each op of the batch, too.
  [[nodiscard]] virtual StoreResult<void> commit(const Batch& batch) = 0;

  // Entries `after`+1, +2, …: as many as fit in `bytesMax` of text and canonical bytes, but not always more than some
  // thousands; at least one where there is one. A redacted segment's entry has its content erased.
  [[nodiscard]] virtual StoreResult<std::vector<LogEntry>> readLog(const DraftId& draft, Seq after,
                                                                   std::size_t bytesMax) = 0;

  // The link of entry `seq`; link(0) is all zero. Nothing when this store has no such entry (a device that
  // began with a snapshot has none before it).
  [[nodiscard]] virtual StoreResult<std::optional<Digest>> linkAt(const DraftId& draft, Seq seq) = 0;

  // Segments at positions `from`, `from`+1, … below `end`: as many as fit in `bytesMax` of text, but not always more
  // than some thousands; at least one where there is one.
  [[nodiscard]] virtual StoreResult<std::vector<Segment>> readSegments(const DraftId& draft, std::uint32_t from,
                                                                       std::uint32_t end, std::size_t bytesMax) = 0;

  // Lines `from`, `from`+1, … of the ring's history (line i has epoch i + 1), at most `countMax`.
  [[nodiscard]] virtual StoreResult<std::vector<RingPass>> readPasses(const DraftId& draft, std::uint32_t from,
                                                                      std::uint32_t countMax) = 0;

  // Who was a member of the draft and is none any more, sorted.
  [[nodiscard]] virtual StoreResult<std::vector<UserId>> readLeft(const DraftId& draft) = 0;

  // Drafts of which `user` is a member and which are not deleted, newest first, behind `after`.
  [[nodiscard]] virtual StoreResult<std::vector<DraftHead>> listDrafts(const UserId& user,
                                                                       std::optional<DraftListKey> after,
                                                                       std::uint32_t countMax) = 0;

  // What changed for `user` behind the cursor, by (at, id) ascending; deleted drafts included.
  [[nodiscard]] virtual StoreResult<std::vector<MembershipChange>> listChanges(const UserId& user,
                                                                               const ChangeCursor& after,
                                                                               std::uint32_t countMax) = 0;

  // All drafts by id, behind `after`; deleted ones included. For verify and export.
  [[nodiscard]] virtual StoreResult<std::vector<DraftId>> allDrafts(std::optional<DraftId> after,
                                                                    std::uint32_t countMax) = 0;

  // Forgets receipts of rejected ops older than `before` (SPEC K5). Accepted ops are never forgotten.
  [[nodiscard]] virtual StoreResult<void> forgetRejected(Time before) = 0;

  // Looks for damage. Empty: none found.
  [[nodiscard]] virtual StoreResult<std::vector<std::string>> integrity() = 0;
};

}  // namespace onering
