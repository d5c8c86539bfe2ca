// What the authority asks of its store, as values, so that the asking never waits (SPEC S1).
//
//   Authority --- StoreQuestion ---> whoever owns the store: a thread, a connection, a plain call
//             <-- StoreAnswer ------
//
// perform() answers a question with a synchronous store. A store that is asked and answers later (PostgreSQL on an
// event loop) is an AsyncStore; what it has in common with perform() are the functions below, which say what to read
// and make messages of what was read. Questions of one authority must be performed in the order in which they were
// asked.
#pragma once

#include <functional>
#include <memory>
#include <variant>
#include <vector>

#include "onering/domain/message.h"
#include "onering/ports/event-store.h"
#include "onering/ports/idempotency-store.h"
#include "onering/ports/store.h"

namespace onering {

// Reads what answers a replica's Fetch; `user` is whose replica it is.
struct CatchUpQuestion {
  UserId user;
  Fetch fetch;
};

// Reads what answers WhatChanged. `next` is the cursor to give when nothing is left to list.
struct ChangesQuestion {
  UserId user;
  ChangeCursor from;
  ChangeCursor next;
};

// Reads what has become of drafts that another server has written to, each from where this one's sessions have been
// told; {}: nothing is known of that, and no entries are read.
struct NewsQuestion {
  std::vector<DraftPosition> told;
};

// One draft's news. `entries` follow what was told, though not always up to the state's position; `left` has those
// that may have to be told that they are members no more.
struct DraftNews {
  DraftState state;
  std::vector<LogEntry> entries;
  std::vector<UserId> left;
};

struct ReadPolicy {
  Limits limits;
  // More entries behind than this: a snapshot instead of the log (SPEC S6).
  std::uint32_t snapshotAfter = 256;
  // About so much text goes into one answer; the replica then asks on. Bounds memory, not length.
  std::size_t answerBytes = std::size_t{4} << 20U;
  std::uint32_t changesPerAnswer = 2'000;
  // Of a draft that another server has written to: more than this is fetched by those who read it.
  std::size_t newsBytes = std::size_t{256} << 10U;
};

// The batch is shared, not copied: the authority reads it again when it is committed. Nobody changes it.
struct CommitQuestion {
  std::shared_ptr<const Batch> batch;
};

// --- what a program without a replica asks (SPEC §15) --------------------------------------------------------------

// Reads a draft for one of its members, all of one moment: its state, segments `segmentsFrom` up to, not including,
// `segmentsEnd` as Store::readSegments() gives them, and `passCount` lines of the ring's history from `passesFrom` on.
struct DraftQuestion {
  UserId user;
  DraftId draft;
  std::uint32_t segmentsFrom = 0;
  std::uint32_t segmentsEnd = 0;
  std::size_t segmentBytesMax = 0;
  std::uint32_t passesFrom = 0;
  std::uint32_t passCount = 0;

  friend auto operator<=>(const DraftQuestion&, const DraftQuestion&) = default;
};
struct DraftView {
  DraftState state;
  std::vector<Segment> segments;
  std::vector<RingPass> passes;
};

// Where the drafts' logs end: whether what was read of them before is what would be read now.
struct PositionsQuestion {
  std::vector<DraftId> drafts;
};

// Store::listDrafts(), no further than about `bytesMax` of titles and of names that wait for a ring, and one draft
// more.
struct ListQuestion {
  UserId user;
  std::optional<DraftListKey> after;
  std::uint32_t countMax = 0;
  std::size_t bytesMax = 0;
};
struct DraftList {
  std::vector<DraftHead> drafts;
  bool more = false;  // there are others behind them
};

// EventStore::readEvents(). `member`: who asks, if it is about a draft.
struct EventsQuestion {
  UserId member;
  EventQuery query;
};

// Remembers that a member looked at the draft.
struct ViewQuestion {
  UserId member;
  DraftId draft;
  Time at;
};

// IdempotencyStore's methods.
struct ClaimQuestion {
  RequestRecord record;
  Time validFrom;
};
struct CompleteQuestion {
  RequestKey key;
  OpId op;
  RequestAnswer answer;
};
struct ForgetRequestsQuestion {
  Time before;
};

// Nothing where there is no such draft or the asker is no member of it: the two look the same (SPEC I10).
using DraftAnswer = StoreResult<std::optional<DraftView>>;
using PositionsAnswer = StoreResult<std::vector<LogPosition>>;  // in the order of the question; {}: no such draft
using EventsAnswer = StoreResult<std::optional<EventPage>>;
using ViewAnswer = StoreResult<std::optional<bool>>;  // whether it is the first of its hour
using ListAnswer = StoreResult<DraftList>;
using ClaimAnswer = StoreResult<std::optional<RequestRecord>>;
using CompleteAnswer = StoreResult<std::optional<RequestAnswer>>;

using StoreQuestion = std::variant<Lookup, CommitQuestion, CatchUpQuestion, ChangesQuestion, NewsQuestion,
                                   DraftQuestion, PositionsQuestion, ListQuestion, EventsQuestion, ViewQuestion,
                                   ClaimQuestion, CompleteQuestion, ForgetRequestsQuestion>;
using StoreAnswer = std::variant<StoreResult<Found>, StoreResult<void>, StoreResult<std::vector<AuthorityMessage>>,
                                 StoreResult<std::vector<DraftNews>>, DraftAnswer, PositionsAnswer, ListAnswer,
                                 EventsAnswer, ViewAnswer, ClaimAnswer, CompleteAnswer>;

// Does what `question` asks. A Lookup is answered by Found, a CommitQuestion and a ForgetRequestsQuestion by void, a
// NewsQuestion by DraftNews of the drafts that there are, a catch-up and a ChangesQuestion by messages to send, the
// others by the answer of their name.
[[nodiscard]] StoreAnswer perform(Store& store, const StoreQuestion& question, const ReadPolicy& policy);

// --- catching up in two reads, whatever the draft's size ------------------------------------------------------

// What is read first: the state, and the links of the log at catchUpSeqs(), those that there are.
struct CatchUpBasis {
  std::optional<DraftState> state;
  std::vector<LogPosition> links;
};
[[nodiscard]] std::vector<Seq> catchUpSeqs(const Fetch& fetch);

// What is read then.
struct LogRead {
  DraftState state;
  LogPosition after;
  std::size_t bytesMax = 0;  // entries behind `after` up to state.position
};
struct SnapshotRead {
  DraftId draft;
  LogPosition at;
  std::optional<DraftState> state;  // for the first part
  SnapshotProgress progress;
  std::uint32_t passesMax = 0;  // passes from progress.passes on; 0: none are left
  bool withSegments = false;    // segments from progress.segments on, below progress.segmentsEnd
  std::size_t bytesMax = 0;     // of segments
};

// What to read, or the answer where nothing more has to be read.
using CatchUpPlan = std::variant<std::vector<AuthorityMessage>, LogRead, SnapshotRead>;
[[nodiscard]] CatchUpPlan planCatchUp(const CatchUpQuestion& question, CatchUpBasis basis, const ReadPolicy& policy);

[[nodiscard]] std::vector<AuthorityMessage> answerFrom(const LogRead& read, std::vector<LogEntry> entries,
                                                       const ReadPolicy& policy);
[[nodiscard]] std::vector<AuthorityMessage> answerFrom(SnapshotRead read, std::vector<RingPass> passes,
                                                       std::vector<Segment> segments, const ReadPolicy& policy);
[[nodiscard]] std::vector<AuthorityMessage> answerFrom(const ChangesQuestion& question,
                                                       const std::vector<MembershipChange>& listed,
                                                       const ReadPolicy& policy);

// The two reads with a synchronous store. Between them others may write: an answer is of no later than its basis.
[[nodiscard]] StoreResult<CatchUpBasis> readBasis(Store& store, const Fetch& fetch);
[[nodiscard]] StoreResult<std::vector<AuthorityMessage>> readPlanned(Store& store, CatchUpPlan plan,
                                                                     const ReadPolicy& policy);

// --- a store that answers later --------------------------------------------------------------------------------

// Used on one thread, on which it calls back; never from within a call of its own.
class AsyncStore {
 public:
  using Answered = std::function<void(StoreAnswer)>;

  virtual ~AsyncStore() = default;

  // Commits are carried out in any order: those of one authority that are asked at a time have no draft in common.
  virtual void ask(StoreQuestion question, Answered answered) = 0;

  // Store::forgetRejected(). What could not be forgotten now is forgotten the next time.
  virtual void forgetRejected(Time before) = 0;
};

}  // namespace onering
