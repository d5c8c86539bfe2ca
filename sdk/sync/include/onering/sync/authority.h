// The authority: the one place that accepts ops (SPEC §2, §8).
//
// A state machine without I/O. Every call takes what has happened and returns what to do next; time comes in
// as an argument. Its owner (the server's event loop, the simulation) carries out the actions and reports
// back. One thread at a time.
//
//   sessions --- Push ---> queue --- batch ---> Lookup --> judge each op --> Batch --> receipts, fan-out
//                                               (store)                     (store)
//
// Ops of all sessions and drafts that wait are judged together and committed in one transaction, because a
// commit is slow and one more row in it is cheap. While as many batches as may be are at the store, the next one
// collects. Batches at the store have nothing to do with one another: no two have a draft or a session in common, so
// each succeeds or fails by itself, and ops of one session or one draft never overtake one another.
//
// Whether an op is new is the store's to say (SPEC K4). Ops that may well have been sent before are looked up first;
// others are taken for new, and when one is not, or a draft has moved on by another server's hand, the commit meets a
// conflict, everything is looked up and the batch is judged again. So the usual batch asks the store once.
//
// Invariants:
//   a receipt `accepted` leaves only after the batch that holds the op has been committed (SPEC I9)
//   ops of one draft are accepted in the order in which they arrived, and so are those of one session
//   the cache holds states as the store had them, but while a batch is being committed, when it is ahead by
//   that batch; when the commit fails, what it wrote is taken back, or forgotten and read again
//   no verdict rests on a cached state that the store has left behind: a batch names the seq of every draft that it
//   looked at, and the store refuses it where that is another
#pragma once

#include <deque>
#include <expected>
#include <list>
#include <map>
#include <set>
#include <span>
#include <unordered_map>
#include <variant>
#include <vector>

#include "onering/domain/message.h"
#include "onering/sync/attendance.h"
#include "onering/sync/store-work.h"

namespace onering {

using Ticket = std::uint64_t;     // pairs a StoreAnswer with its question
using RequestId = std::uint64_t;  // one op that came without a session; chosen by the owner, not zero

// Whom a token names.
struct Principal {
  UserId user;
  std::string display;            // where it is no isDisplay(), anonymousDisplay() is used
  std::optional<Time> expiresAt;  // of the token
};

// --- what the owner has to do ----------------------------------------------------------------------------

// Give the message to each session, after what was sent to it before. One message for all, so that it is
// encoded once.
struct SendAction {
  std::vector<SessionId> to;
  AuthorityMessage message;
};

// Close the connection once everything sent to it has left. The session is forgotten already.
struct CloseAction {
  SessionId session = 0;
};

// Find out whom the token names and call authenticated(). The token is a secret.
struct AuthenticateAction {
  SessionId session = 0;
  std::string token;
};

// Perform the question and call answered().
struct AskAction {
  Ticket ticket = 0;
  StoreQuestion question;
};

// What became of an op that was submitted.
struct ReceiptAction {
  RequestId request = 0;
  Receipt receipt;
};

using AuthorityAction = std::variant<SendAction, CloseAction, AuthenticateAction, AskAction, ReceiptAction>;
using AuthorityActions = std::vector<AuthorityAction>;

struct AuthorityOptions {
  Limits limits;
  // A commit costs next to nothing by the op from here on, and what waits meanwhile makes the other batches as large.
  std::size_t opsPerBatch = 512;
  // While the store works on one, the next is judged; a database works on both.
  std::size_t batchesAtStore = 2;
  std::size_t cacheBytes = std::size_t{64} << 20U;  // of drafts' states, about
  // Each is remembered (SPEC K5). Whoever has had so many is not heard before one more is due: a day has room for so
  // many, spread evenly. At least 1.
  std::size_t rejectionsPerDay = 10'000;
  // How far back a cursor points from the present, so that no change is missed although the clocks of
  // several servers differ and a commit takes time.
  Duration cursorOverlap{60'000};
};

// For operators. Counted since the start.
struct AuthorityCounts {
  std::uint64_t accepted = 0;
  std::uint64_t rejected = 0;
  std::uint64_t repeated = 0;  // answered with a first receipt
  std::uint64_t batches = 0;
  std::uint64_t conflicts = 0;  // batches that were judged again
  std::uint64_t faults = 0;     // batches that the store could not take
};

class Authority {
 public:
  explicit Authority(AuthorityOptions options);

  // A connection is there; its first message must be Hello.
  void connected(SessionId session);

  [[nodiscard]] AuthorityActions received(SessionId session, ReplicaMessage message, Time now);

  // An op of someone who has no session, for one an HTTP request (SPEC §15): judged in the same batches, by the same
  // rules, and told to the same readers. `by` acts as themself. `expect`: the draft's etag as they know it, or empty;
  // an op that would be allowed but for another etag is staleVersion (SPEC H4).
  [[nodiscard]] AuthorityActions submit(RequestId request, const Principal& by, Op op, std::string expect, Time now);

  // The answer to an AuthenticateAction: whom the token names, or why not.
  [[nodiscard]] AuthorityActions authenticated(SessionId session, std::expected<Principal, Rejection> principal,
                                               Time now);

  // What the session sent could not be decoded, or it broke a bound of the transport.
  [[nodiscard]] AuthorityActions refused(SessionId session, Rejection why);

  // Messages to the session were thrown away because it reads too slowly (SPEC S13).
  [[nodiscard]] AuthorityActions overflowed(SessionId session);

  // The connection is gone. What it pushed and is still queued is judged all the same.
  void disconnected(SessionId session);

  [[nodiscard]] AuthorityActions answered(Ticket ticket, StoreAnswer answer, Time now);

  // Other servers have written to these drafts in the same store, or this one has: what its sessions have not been told
  // of is read and sent to them.
  [[nodiscard]] AuthorityActions movedElsewhere(const std::vector<DraftPosition>& drafts);

  // Ends sessions whose token has expired; lets those whose reads failed try again; tells who is at a draft no more.
  // Call about once a second.
  [[nodiscard]] AuthorityActions tick(Time now);

  // Whether no op waits or is at the store: a server that shuts down stops reading and waits for this.
  [[nodiscard]] bool idle() const { return queue_.empty() && batches_.empty(); }

  // Ops of the session without a receipt. Its owner stops reading from a session that has very many.
  [[nodiscard]] std::size_t unanswered(SessionId session) const;

  // The draft as the store had it when this authority last heard of it, for when the store cannot be asked. Null: it is
  // not kept, or being written. Good until the next call.
  [[nodiscard]] const DraftState* lastKnown(const DraftId& draft) const;

  [[nodiscard]] std::size_t sessionCount() const { return sessions_.size(); }
  // Ops that wait for their batch, and those of batches at the store.
  [[nodiscard]] std::size_t opsWaiting() const { return queue_.size() + blocked_.size(); }
  [[nodiscard]] std::size_t opsInWork() const;
  // Drafts that other servers have written to, of which the sessions here have not been told yet.
  [[nodiscard]] std::size_t newsWaiting() const { return moved_.size() + newsFor_.size(); }
  [[nodiscard]] std::size_t draftsCached() const { return cache_.size(); }
  [[nodiscard]] const AuthorityCounts& counts() const { return counts_; }
  [[nodiscard]] const AuthorityOptions& options() const { return options_; }

 private:
  struct AwaitingHello {};
  struct Authenticating {
    DeviceId device;
  };
  struct Joined {
    Principal principal;
    std::size_t unanswered = 0;
    bool held = false;      // an op was not judged: nothing may overtake it (see Push::restart)
    bool repeats = false;   // it has sent ops again: those that come are looked up before they are judged
    bool isBehind = false;  // a read for it failed: it has to catch up once the store is back
  };
  using Session = std::variant<AwaitingHello, Authenticating, Joined>;

  struct Submission {
    SessionId session = 0;  // 0: came without one, as `request`
    std::string display;
    Op op;
    bool lookUp = false;  // it may have been sent before
    RequestId request = 0;
    std::string expect = {};
  };

  struct Answer {
    SessionId session = 0;
    RequestId request = 0;
    OpReceipt receipt;
    bool first = false;  // decided by this batch, not remembered from before
  };

  // A batch at the store: first its Lookup, then its Batch.
  struct BatchInWork {
    Ticket ticket = 0;
    Time startedAt;
    Lookup asked;
    std::vector<Submission> submissions;
    int attempts = 1;
    bool isOvertaken = false;             // a draft in memory became newer than what is being looked up beside it
    std::shared_ptr<Batch> deciding;      // set once judged: what is being committed
    std::map<DraftId, DraftHead> before;  // of each draft that it writes
    std::vector<Answer> answers;
  };

  // A question asked for one session. A store that has several connections may answer it after something that was
  // committed later: what the session has been told meanwhile counts, not what was read.
  struct Read {
    SessionId session = 0;
    UserId user;
    std::variant<ChangesQuestion, CatchUpQuestion> question;
    std::map<DraftId, bool> isMember{};  // by what was told since it was asked
  };

  class Decider;

  void join(SessionId session, Principal principal, Time now, AuthorityActions& actions);
  void push(SessionId session, Push push, Time now, AuthorityActions& actions);
  [[nodiscard]] bool isOverspent(const UserId& user, Time now) const;
  void noteRejection(const UserId& user, Time now);
  [[nodiscard]] Duration perRejection() const;
  void enqueue(Submission submission);
  void sortQueue();
  void startBatches(Time now, AuthorityActions& actions);
  void askLookup(BatchInWork& batch, Time now, AuthorityActions& actions);
  [[nodiscard]] bool isOvertaken(const BatchInWork& batch, const Found& found) const;
  void decide(BatchInWork& batch, const Found& found, Time now, AuthorityActions& actions);
  void batchCommitted(BatchInWork& batch, Time now, AuthorityActions& actions);
  void batchFailed(BatchInWork& batch, const StoreError& error, Time now, AuthorityActions& actions);
  void release(const BatchInWork& batch);
  void takeBack(const BatchInWork& batch);
  void sendReceipts(BatchInWork& batch, AuthorityActions& actions);
  void sendReceipts(SessionId session, std::vector<OpReceipt> receipts, AuthorityActions& actions);
  void fanOut(const BatchInWork& batch, AuthorityActions& actions);
  [[nodiscard]] static std::map<DraftId, SessionId> onlyMakers(const BatchInWork& batch);
  void askNewsOfRepeats(const BatchInWork& batch);
  void ask(Read read, AuthorityActions& actions);
  void answerRead(Ticket ticket, StoreResult<std::vector<AuthorityMessage>> messages, AuthorityActions& actions);
  [[nodiscard]] static bool changesMembers(const LogEntry& entry);
  void noteMembers(const DraftState& state);
  void noteMember(const UserId& user, const DraftId& draft, bool isMember);
  void askNews(AuthorityActions& actions);
  void tellNews(const std::vector<DraftNews>& news, const std::map<DraftId, LogPosition>& asked,
                AuthorityActions& actions);
  void tell(const DraftNews& news, const LogPosition& told, AuthorityActions& actions);
  void sendEntries(const std::vector<SessionId>& readers, const DraftId& draft, LogPosition before,
                   const LogPosition& head, std::span<const LogEntry* const> entries, AuthorityActions& actions) const;
  void sendGone(const UserId& user, const DraftId& draft, AuthorityActions& actions);
  void readFailed(SessionId session, const StoreError& error, AuthorityActions& actions);
  void letSomeCatchUp(AuthorityActions& actions);
  void present(SessionId session, const Present& message, Time now, AuthorityActions& actions);
  void attend(SessionId session, const Present& message, Time now, AuthorityActions& actions);
  [[nodiscard]] std::optional<UserId> userOf(SessionId session) const;
  void tellPresence(Time now, AuthorityActions& actions);
  void refuse(SessionId session, Rejection why, AuthorityActions& actions);
  [[nodiscard]] Lookup lookupFor(const BatchInWork& batch) const;
  [[nodiscard]] bool mustLookUp(const Submission& submission) const;
  [[nodiscard]] ChangeCursor cursorAt(Time now) const;
  [[nodiscard]] std::vector<SessionId> sessionsOf(const DraftState& state) const;
  [[nodiscard]] Time advance(Time now);

  [[nodiscard]] DraftState* cached(const DraftId& draft);
  DraftState& keep(DraftState state);
  void learn(const DraftState& state);
  [[nodiscard]] LogPosition told(const DraftId& draft) const;
  void setTold(const DraftId& draft, const LogPosition& position, bool hasGap);
  // From where on to tell news of a draft that has come to `seq`; nothing: all has been told.
  [[nodiscard]] std::optional<LogPosition> untold(const DraftId& draft, Seq seq) const;
  void weigh(const DraftId& draft);
  DraftState& keepNew(const DraftId& draft);
  void forget(const DraftId& draft);
  void trimCache();

  AuthorityOptions options_;
  std::map<SessionId, Session> sessions_;
  std::map<UserId, std::set<SessionId>, std::less<>> users_;
  // Drafts and sessions whose ops others must not overtake.
  struct Busy {
    std::set<DraftId> drafts;
    std::set<SessionId> sessions;

    void add(const Submission& submission);
    [[nodiscard]] bool has(const Submission& submission) const;
  };

  std::deque<Submission> queue_;    // may go into the next batch
  std::deque<Submission> blocked_;  // come behind what is at the store, or behind one another
  Busy blockedBehind_;              // of blocked_
  std::list<BatchInWork> batches_;  // at the store
  Busy atStore_;                    // of batches_
  std::map<Ticket, Read> reads_;
  struct Arrival {
    SessionId session = 0;
    Present message;
  };
  std::map<Ticket, Arrival> arrivals_;  // at drafts of which is asked who their members are
  Attendance attendance_;
  Ticket lastTicket_ = 0;
  Time latest_{};  // time never goes back (SPEC I11)
  AuthorityCounts counts_;
  std::map<UserId, Time> workedOffAt_;  // by then all of the user's rejections are

  struct CachedDraft {
    DraftState state;
    std::list<DraftId>::iterator use;
    LogPosition told{};     // up to where this authority has told its sessions; {}: it has not yet
    bool hasGap = false;    // … but for something before it that another server wrote
    std::size_t bytes = 0;  // in cacheBytes_
  };
  std::map<DraftId, CachedDraft> cache_;
  std::size_t cacheBytes_ = 0;

  std::map<DraftId, Seq> moved_;            // by other servers, not asked for yet
  std::map<DraftId, LogPosition> newsFor_;  // being asked for: from where
  Ticket newsTicket_ = 0;                   // 0: nothing is being asked for
  bool someAreBehind_ = false;
  std::list<DraftId> byUse_;  // the least recently used first
};

}  // namespace onering
