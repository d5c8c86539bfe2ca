#include "onering/sync/authority.h"

#include <algorithm>
#include <utility>

#include "onering/domain/canonical.h"
#include "onering/domain/message-size.h"
#include "onering/domain/text.h"

namespace onering {

namespace {

constexpr int kAttemptsMax = 8;  // of a batch that meets conflicts, before its ops are sent back

// A verdict that says nothing about the op: it is not remembered, and the op comes again (SPEC K5).
bool isTransient(ErrorCode code) {
  return code == ErrorCode::unavailable || code == ErrorCode::internal || code == ErrorCode::rateLimited;
}

// A bookmark comes from outside: whatever it says, stores can hold it.
ChangeCursor inTime(ChangeCursor cursor) {
  cursor.since = std::clamp(cursor.since, kFirstTime, kLastTime);
  return cursor;
}

std::string displayOf(const Principal& principal) {
  return isDisplay(principal.display) ? principal.display : anonymousDisplay(principal.user);
}

OpReceipt receiptFor(const Op& op, Receipt receipt) {
  return {.draft = op.draft, .op = op.id, .receipt = std::move(receipt)};
}

}  // namespace

// Judges the submissions of one batch in order, against the cache, and gathers what to commit and to answer.
class Authority::Decider {
 public:
  Decider(Authority& authority, BatchInWork& work, const Found& found, Time now)
      : authority_(authority), work_(work), now_(now) {
    const Lookup& asked = work.asked;
    for (std::size_t i = 0; i < asked.ops.size(); ++i) {
      if (found.ops[i]) known_.emplace(asked.ops[i], *found.ops[i]);
    }
    for (std::size_t i = 0; i < asked.segments.size(); ++i) {
      if (found.segments[i]) segments_.emplace(asked.segments[i], *found.segments[i]);
    }
  }

  void decideAll() {
    work_.deciding = std::make_shared<Batch>();
    work_.answers.clear();
    work_.before.clear();
    for (const Submission& submission : work_.submissions) {
      const OpKey key{submission.op.draft, submission.op.id};
      const bool known = known_.contains(key) || here_.contains(key);
      Receipt receipt = decide(submission);
      work_.answers.push_back(
          {submission.session, submission.request, receiptFor(submission.op, std::move(receipt)), !known});
    }
    for (const auto& [draft, at] : writes_) work_.deciding->drafts[at].head = *authority_.cached(draft);
    addChecks();
  }

 private:
  Receipt decide(const Submission& submission) {
    const Op& op = submission.op;
    const DraftState* draft = authority_.cached(op.draft);
    const OpKey key{op.draft, op.id};
    if (const auto known = known_.find(key); known != known_.end()) {  // K2: before any other check
      const KnownOp& first = known->second;
      return repeated(op, draft, first.actor, first.receipt, [&] { return first.digest == opDigest(op); });
    }
    if (const auto here = here_.find(key); here != here_.end()) {
      const Op& first = *here->second.op;
      return repeated(op, draft, first.actor, here->second.receipt, [&] { return opDigest(first) == opDigest(op); });
    }
    if (auto wrong = validate(op, authority_.options_.limits))
      return std::move(*wrong);  // the same for ever: not remembered
    auto verdict = judged(op, draft);
    // H4. Last, so that only those who might change the draft learn whether it has changed.
    if (verdict && !submission.expect.empty() && draft && submission.expect != etagOf(draft->position)) {
      verdict = std::unexpected(rejection(ErrorCode::staleVersion));
    }
    Receipt receipt = verdict ? accepted(submission, draft) : rejected(op, verdict.error());
    here_.emplace(key, DecidedHere{&op, receipt});
    return receipt;
  }

  [[nodiscard]] std::expected<Verdict, Rejection> judged(const Op& op, const DraftState* draft) const {
    return judge(
        {.op = op, .draft = draft, .segment = segmentRef(op), .now = now_, .limits = authority_.options_.limits},
        Judge::authority);
  }

  // The op id has been used before, by `actor`.
  template <typename SameContent>
  Receipt repeated(const Op& op, const DraftState* draft, const UserId& actor, const Receipt& receipt,
                   SameContent sameContent) const {
    if (actor == op.actor) return sameContent() ? receipt : rejection(ErrorCode::idempotencyKeyReused);  // K3
    // K3, I10: to whoever is no member, someone else's op id is one that nobody has used.
    if (draft && draft->roleOf(op.actor)) return rejection(ErrorCode::idTaken);
    if (auto wrong = validate(op, authority_.options_.limits)) return std::move(*wrong);
    const auto verdict = judged(op, draft);
    return verdict ? rejection(ErrorCode::idTaken) : verdict.error();
  }

  Receipt accepted(const Submission& submission, const DraftState* draft) {
    LogEntry entry = accept(draft, submission.op, submission.display, now_);
    if (!work_.before.contains(entry.op.draft)) {
      work_.before.emplace(entry.op.draft, draft ? static_cast<const DraftHead&>(*draft) : DraftHead{});
    }
    const Seq expected = entry.seq - 1;
    DraftState& state = draft ? *authority_.cached(draft->id) : authority_.keepNew(entry.op.draft);
    Change change = apply(state, entry);
    remember(entry, change);

    const Receipt receipt = acceptedFor(entry);
    DraftWrite& write = writeFor(state.id, expected);
    write.ops.push_back({std::move(entry), std::move(change)});
    return receipt;
  }

  Receipt rejected(const Op& op, const Rejection& why) {
    work_.deciding->rejected.push_back(
        {.key = {op.draft, op.id}, .actor = op.actor, .digest = opDigest(op), .why = why, .at = now_});
    return why;
  }

  // A batch writes no draft in two places, and what it writes is checked as it is.
  void addChecks() {
    std::set<DraftId> checked;
    for (const RejectedOp& op : work_.deciding->rejected) {
      const DraftId& draft = op.key.draft;
      if (writes_.contains(draft) || !checked.insert(draft).second) continue;
      const DraftState* state = authority_.cached(draft);
      work_.deciding->checks.push_back({draft, state ? state->position.seq : 0});
    }
  }

  // Later ops of the batch may name the segment.
  void remember(const LogEntry& entry, const Change& change) {
    if (change.added) segments_[{entry.op.draft, change.added->id}] = {change.added->author, false};
    if (change.redacted) segments_[{entry.op.draft, *change.redacted}].redacted = true;
  }

  [[nodiscard]] std::optional<SegmentRef> segmentRef(const Op& op) const {
    const auto segment = segmentOf(op);
    if (!segment) return std::nullopt;
    const auto found = segments_.find({op.draft, *segment});
    return found == segments_.end() ? std::nullopt : std::optional(found->second);
  }

  DraftWrite& writeFor(const DraftId& draft, Seq expected) {
    const auto [at, isNew] = writes_.emplace(draft, work_.deciding->drafts.size());
    if (isNew) work_.deciding->drafts.push_back({.expected = expected, .ops = {}, .head = {}});
    return work_.deciding->drafts[at->second];
  }

  Authority& authority_;
  BatchInWork& work_;
  Time now_;
  struct DecidedHere {
    const Op* op;  // of a submission
    Receipt receipt;
  };
  std::map<OpKey, KnownOp> known_;     // from before
  std::map<OpKey, DecidedHere> here_;  // by this batch
  std::map<SegmentKey, SegmentRef> segments_;
  std::map<DraftId, std::size_t> writes_;
};

Authority::Authority(AuthorityOptions options) : options_(options) {}

// --- sessions -----------------------------------------------------------------------------------------------

void Authority::connected(SessionId session) {
  sessions_.emplace(session, AwaitingHello{});
}

AuthorityActions Authority::received(SessionId session, ReplicaMessage message, Time now) {
  now = advance(now);
  AuthorityActions actions;
  const auto found = sessions_.find(session);
  if (found == sessions_.end()) return actions;  // it was refused; what it had sent before is of no interest

  if (auto* hello = std::get_if<Hello>(&message)) {
    if (!std::holds_alternative<AwaitingHello>(found->second)) {
      refuse(session, rejection(ErrorCode::protocolError, "Hello may be said once."), actions);
    } else if (hello->version != kProtocolVersion) {
      refuse(session, rejection(ErrorCode::upgradeRequired), actions);
    } else {
      found->second = Authenticating{hello->device};
      actions.emplace_back(AuthenticateAction{session, std::move(hello->token)});
    }
    return actions;
  }

  auto* joined = std::get_if<Joined>(&found->second);
  if (!joined) {
    refuse(session, rejection(ErrorCode::unauthenticated, "Say hello with a token and wait for the welcome."), actions);
    return actions;
  }
  if (auto* refresh = std::get_if<RefreshToken>(&message)) {
    actions.emplace_back(AuthenticateAction{session, std::move(refresh->token)});
  } else if (auto* pushed = std::get_if<Push>(&message)) {
    push(session, std::move(*pushed), now, actions);
  } else if (auto* asked = std::get_if<WhatChanged>(&message)) {
    ask({session, joined->principal.user, ChangesQuestion{joined->principal.user, inTime(asked->from), cursorAt(now)}},
        actions);
  } else if (auto* fetch = std::get_if<Fetch>(&message)) {
    ask({session, joined->principal.user, CatchUpQuestion{joined->principal.user, *fetch}}, actions);
  } else if (auto* ping = std::get_if<Ping>(&message)) {
    actions.emplace_back(SendAction{{session}, Pong{ping->id}});
  } else if (auto* presence = std::get_if<Present>(&message)) {
    present(session, *presence, now, actions);
  }
  return actions;
}

AuthorityActions Authority::submit(RequestId request, const Principal& by, Op op, std::string expect, Time now) {
  now = advance(now);
  AuthorityActions actions;
  if (op.actor != by.user) {
    actions.emplace_back(ReceiptAction{request, rejection(ErrorCode::notAllowed, "You can act only as yourself.")});
    return actions;
  }
  if (isOverspent(by.user, now)) {
    actions.emplace_back(ReceiptAction{request, rejection(ErrorCode::rateLimited)});
    return actions;
  }
  enqueue(
      {.session = 0, .display = displayOf(by), .op = std::move(op), .request = request, .expect = std::move(expect)});
  startBatches(now, actions);
  return actions;
}

AuthorityActions Authority::authenticated(SessionId session, std::expected<Principal, Rejection> principal, Time now) {
  now = advance(now);
  AuthorityActions actions;
  const auto found = sessions_.find(session);
  if (found == sessions_.end()) return actions;
  if (principal && !isUserId(principal->user)) principal = std::unexpected(rejection(ErrorCode::unauthenticated));
  if (!principal) {
    refuse(session, std::move(principal.error()), actions);
    return actions;
  }
  if (auto* joined = std::get_if<Joined>(&found->second)) {  // a refreshed token
    if (joined->principal.user != principal->user) {
      refuse(session, rejection(ErrorCode::unauthenticated, "The new token names another user."), actions);
    } else {
      joined->principal.expiresAt = principal->expiresAt;
    }
    return actions;
  }
  join(session, std::move(*principal), now, actions);
  return actions;
}

void Authority::join(SessionId session, Principal principal, Time now, AuthorityActions& actions) {
  principal.display = displayOf(principal);
  actions.emplace_back(SendAction{{session},
                                  Welcome{.version = kProtocolVersion,
                                          .user = principal.user,
                                          .display = principal.display,
                                          .limits = options_.limits,
                                          .now = now}});
  users_[principal.user].insert(session);
  sessions_[session] = Joined{.principal = std::move(principal)};
}

AuthorityActions Authority::refused(SessionId session, Rejection why) {
  AuthorityActions actions;
  if (sessions_.contains(session)) refuse(session, std::move(why), actions);
  return actions;
}

AuthorityActions Authority::overflowed(SessionId session) {
  AuthorityActions actions;
  if (sessions_.contains(session)) actions.emplace_back(SendAction{{session}, CatchUp{}});
  return actions;
}

void Authority::disconnected(SessionId session) {
  const auto found = sessions_.find(session);
  if (found == sessions_.end()) return;
  if (const auto* joined = std::get_if<Joined>(&found->second)) {
    attendance_.leave(session);
    const auto user = users_.find(joined->principal.user);
    user->second.erase(session);
    if (user->second.empty()) users_.erase(user);
  }
  sessions_.erase(found);
}

void Authority::refuse(SessionId session, Rejection why, AuthorityActions& actions) {
  actions.emplace_back(SendAction{{session}, Refused{.why = std::move(why), .retryAfter = {}}});
  actions.emplace_back(CloseAction{session});
  disconnected(session);
}

AuthorityActions Authority::tick(Time now) {
  now = advance(now);
  std::vector<SessionId> expired;
  for (const auto& [id, session] : sessions_) {
    const auto* joined = std::get_if<Joined>(&session);
    if (joined && joined->principal.expiresAt && *joined->principal.expiresAt <= now) expired.push_back(id);
  }
  AuthorityActions actions;
  for (const SessionId session : expired) refuse(session, rejection(ErrorCode::tokenExpired), actions);
  letSomeCatchUp(actions);
  attendance_.lapse(now);
  std::erase_if(workedOffAt_, [&](const auto& entry) { return entry.second <= now; });
  tellPresence(now, actions);
  askNews(actions);  // that could not be had
  return actions;
}

std::size_t Authority::opsInWork() const {
  std::size_t ops = 0;
  for (const BatchInWork& batch : batches_) ops += batch.submissions.size();
  return ops;
}

std::size_t Authority::unanswered(SessionId session) const {
  const auto found = sessions_.find(session);
  if (found == sessions_.end()) return 0;
  const auto* joined = std::get_if<Joined>(&found->second);
  return joined ? joined->unanswered : 0;
}

// --- pushes and batches -------------------------------------------------------------------------------------

void Authority::push(SessionId session, Push push, Time now, AuthorityActions& actions) {
  if (push.ops.size() > options_.limits.opsPerPush) {
    refuse(session, rejection(ErrorCode::messageTooLarge, "A push holds more ops than allowed. Send fewer at a time."),
           actions);
    return;
  }
  auto& joined = std::get<Joined>(sessions_.at(session));
  if (push.restart) joined.held = false;
  const bool overspent = isOverspent(joined.principal.user, now);
  joined.held = joined.held || overspent;
  std::vector<OpReceipt> answered;
  for (Op& op : push.ops) {
    if (joined.held) {
      answered.push_back(receiptFor(op, rejection(overspent ? ErrorCode::rateLimited : ErrorCode::unavailable)));
    } else if (op.actor != joined.principal.user) {
      answered.push_back(
          receiptFor(op, rejection(ErrorCode::notAllowed, "You can act only as yourself. Sign in as the op's actor.")));
    } else {
      ++joined.unanswered;
      enqueue({.session = session,
               .display = joined.principal.display,
               .op = std::move(op),
               .lookUp = push.restart || joined.repeats});
    }
  }
  sendReceipts(session, std::move(answered), actions);
  startBatches(now, actions);
}

bool Authority::isOverspent(const UserId& user, Time now) const {
  const auto found = workedOffAt_.find(user);
  return found != workedOffAt_.end() && found->second - now > std::chrono::days(1) - perRejection();
}

// Every rejection takes its part of a day, one after the other (the generic cell rate algorithm, ITU-T I.371).
void Authority::noteRejection(const UserId& user, Time now) {
  Time& at = workedOffAt_[user];
  at = std::max(at, now) + perRejection();
}

Duration Authority::perRejection() const {
  return Duration{std::chrono::days(1)} / static_cast<std::int64_t>(options_.rejectionsPerDay);
}

void Authority::Busy::add(const Submission& submission) {
  drafts.insert(submission.op.draft);
  if (submission.session != 0) sessions.insert(submission.session);
}

bool Authority::Busy::has(const Submission& submission) const {
  return drafts.contains(submission.op.draft) || sessions.contains(submission.session);
}

void Authority::enqueue(Submission submission) {
  if (atStore_.has(submission) || blockedBehind_.has(submission)) {
    blockedBehind_.add(submission);
    blocked_.push_back(std::move(submission));
  } else {
    queue_.push_back(std::move(submission));
  }
}

// After other batches have come to the store, or have left it. What is in the queue is older than what is blocked by
// it, or has nothing to do with it.
void Authority::sortQueue() {
  blockedBehind_ = {};
  if (blocked_.empty() && batches_.empty()) return;
  auto queued = std::exchange(queue_, {});
  auto blocked = std::exchange(blocked_, {});
  for (auto* list : {&queued, &blocked}) {
    for (Submission& submission : *list) enqueue(std::move(submission));
  }
}

void Authority::startBatches(Time now, AuthorityActions& actions) {
  while (!queue_.empty() && batches_.size() < options_.batchesAtStore) {
    BatchInWork& batch = batches_.emplace_back();
    batch.startedAt = now;
    while (!queue_.empty() && batch.submissions.size() < options_.opsPerBatch) {
      atStore_.add(queue_.front());
      batch.submissions.push_back(std::move(queue_.front()));
      queue_.pop_front();
    }
    if (!queue_.empty()) sortQueue();
    askLookup(batch, now, actions);
  }
}

void Authority::release(const BatchInWork& batch) {
  for (const Submission& submission : batch.submissions) {
    atStore_.drafts.erase(submission.op.draft);
    atStore_.sessions.erase(submission.session);
  }
  std::erase_if(batches_, [&](const BatchInWork& each) { return &each == &batch; });
  sortQueue();
}

void Authority::askLookup(BatchInWork& batch, Time now, AuthorityActions& actions) {
  batch.deciding.reset();
  batch.isOvertaken = false;
  batch.asked = lookupFor(batch);
  if (batch.asked.drafts.empty() && batch.asked.ops.empty() && batch.asked.segments.empty()) {
    batch.ticket = 0;
    decide(batch, Found{}, now, actions);
    return;
  }
  batch.ticket = ++lastTicket_;
  actions.emplace_back(AskAction{batch.ticket, batch.asked});
}

Lookup Authority::lookupFor(const BatchInWork& batch) const {
  Lookup lookup;
  std::set<DraftId> drafts;
  for (const Submission& submission : batch.submissions) {
    const Op& op = submission.op;
    const bool isCached = cache_.contains(op.draft);
    if (!isCached) drafts.insert(op.draft);
    if (isCached && batch.attempts == 1 && !mustLookUp(submission)) continue;
    lookup.ops.push_back({op.draft, op.id});
    if (const auto segment = segmentOf(op)) lookup.segments.push_back({op.draft, *segment});
  }
  lookup.drafts.assign(drafts.begin(), drafts.end());
  return lookup;
}

// An op that is taken for new although it is not meets a conflict when it is stored, as does a segment of an id that is
// taken. So these have to be looked up: what may well be a repeat; what is refused without being stored, as K2 comes
// before its form; and what needs to know the segment that it names.
bool Authority::mustLookUp(const Submission& submission) const {
  return submission.lookUp || std::holds_alternative<RedactSegment>(submission.op.body) ||
         validate(submission.op, options_.limits).has_value();
}

AuthorityActions Authority::answered(Ticket ticket, StoreAnswer answer, Time now) {
  now = advance(now);
  AuthorityActions actions;
  if (reads_.contains(ticket)) {
    answerRead(ticket, std::get<StoreResult<std::vector<AuthorityMessage>>>(std::move(answer)), actions);
    return actions;
  }
  if (const auto arrival = arrivals_.extract(ticket)) {
    auto& found = std::get<StoreResult<Found>>(answer);
    auto* state = found && found->drafts.at(0) ? &*found->drafts.at(0) : nullptr;
    const auto& [session, message] = arrival.mapped();
    const auto user = userOf(session);
    // What was read may be old, and what is in memory may not be stored yet: they are a member by both.
    const DraftState* newer = cached(message.draft);
    if (!state || !user || !state->member(*user) || (newer && !newer->member(*user))) return actions;
    learn(*state);
    attend(session, message, now, actions);
    return actions;
  }
  if (newsTicket_ != 0 && ticket == newsTicket_) {
    newsTicket_ = 0;
    const auto asked = std::exchange(newsFor_, {});
    if (auto& news = std::get<StoreResult<std::vector<DraftNews>>>(answer)) {
      tellNews(*news, asked, actions);
    } else {  // asked again with the next ones
      for (const auto& [draft, position] : asked) moved_.try_emplace(draft, position.seq + 1);
    }
    return actions;
  }
  const auto batch = std::ranges::find(batches_, ticket, &BatchInWork::ticket);
  if (batch == batches_.end()) return actions;
  if (auto* found = std::get_if<StoreResult<Found>>(&answer)) {
    if (*found) {
      decide(*batch, **found, now, actions);
    } else {
      batchFailed(*batch, found->error(), now, actions);
    }
  } else if (auto* committed = std::get_if<StoreResult<void>>(&answer)) {
    if (*committed) {
      batchCommitted(*batch, now, actions);
    } else {
      batchFailed(*batch, committed->error(), now, actions);
    }
  }
  return actions;
}

// Whether a draft in memory is newer than what was read for the batch: it would not know the segments of what it sees.
bool Authority::isOvertaken(const BatchInWork& batch, const Found& found) const {
  for (std::size_t i = 0; i < found.drafts.size(); ++i) {
    const auto here = cache_.find(batch.asked.drafts[i]);
    const Seq read = found.drafts[i] ? found.drafts[i]->position.seq : 0;
    if (here != cache_.end() && here->second.state.position.seq > read) return true;
  }
  return batch.isOvertaken;
}

void Authority::decide(BatchInWork& batch, const Found& found, Time now, AuthorityActions& actions) {
  if (isOvertaken(batch, found)) {
    askLookup(batch, now, actions);
    return;
  }
  for (const auto& state : found.drafts) {
    if (state) keep(*state);
  }
  Decider(*this, batch, found, now).decideAll();
  if (batch.deciding->empty()) {  // nothing but repeats
    batchCommitted(batch, now, actions);
    return;
  }
  batch.ticket = ++lastTicket_;
  actions.emplace_back(AskAction{batch.ticket, CommitQuestion{batch.deciding}});
}

void Authority::batchCommitted(BatchInWork& batch, Time now, AuthorityActions& actions) {
  for (const DraftWrite& write : batch.deciding->drafts) counts_.accepted += write.ops.size();
  counts_.rejected += batch.deciding->rejected.size();
  for (const RejectedOp& op : batch.deciding->rejected) noteRejection(op.actor, now);
  ++counts_.batches;
  sendReceipts(batch, actions);
  fanOut(batch, actions);
  askNewsOfRepeats(batch);
  release(batch);
  trimCache();
  askNews(actions);
  startBatches(now, actions);
}

void Authority::batchFailed(BatchInWork& batch, const StoreError& error, Time now, AuthorityActions& actions) {
  takeBack(batch);
  if (error.fault == StoreFault::unknown && batch.deciding) {
    // It may be stored, and the next attempts may never say so: then it is news, as from another server (O10).
    for (const DraftWrite& write : batch.deciding->drafts) {
      Seq& seq = moved_[write.head.id];
      seq = std::max(seq, write.head.position.seq);
    }
  }
  if (error.fault == StoreFault::conflict || error.fault == StoreFault::unknown) {
    for (const Submission& submission : batch.submissions) forget(submission.op.draft);
    if (batch.attempts < kAttemptsMax) {
      ++counts_.conflicts;
      ++batch.attempts;
      askLookup(batch, now, actions);
      return;
    }
  }
  ++counts_.faults;
  batch.deciding = std::make_shared<Batch>();
  batch.answers.clear();
  std::set<SessionId> failed;
  for (const Submission& submission : batch.submissions) {
    if (submission.request == 0) failed.insert(submission.session);
    batch.answers.push_back(
        {submission.session, submission.request, receiptFor(submission.op, rejection(ErrorCode::unavailable)), true});
  }
  sendReceipts(batch, actions);
  // What the same sessions have sent since must not overtake these ops (see Push::restart), even where the session is
  // gone: its replica pushes all of them again. All of it is blocked behind this batch.
  std::deque<Submission> others;
  std::map<SessionId, std::vector<OpReceipt>> sentBack;
  for (Submission& submission : blocked_) {
    if (!failed.contains(submission.session)) {
      others.push_back(std::move(submission));
      continue;
    }
    const auto session = sessions_.find(submission.session);
    auto* joined = session == sessions_.end() ? nullptr : std::get_if<Joined>(&session->second);
    if (!joined) continue;
    --joined->unanswered;
    sentBack[submission.session].push_back(receiptFor(submission.op, rejection(ErrorCode::unavailable)));
  }
  blocked_ = std::move(others);
  for (auto& [session, receipts] : sentBack) sendReceipts(session, std::move(receipts), actions);
  release(batch);
  askNews(actions);
  startBatches(now, actions);
}

// The cache is ahead of the store by this batch: back to what it held, where only heads have changed and no news have
// come since.
void Authority::takeBack(const BatchInWork& batch) {
  if (!batch.deciding) return;
  for (const DraftWrite& write : batch.deciding->drafts) {
    const DraftHead& before = batch.before.at(write.head.id);
    DraftState* state = cached(write.head.id);
    const bool isAhead = state && state->position == write.head.position;
    const bool onlyHead = std::ranges::none_of(write.ops, [](const AcceptedOp& op) {
      return op.change.joined || op.change.left || !op.change.invited.empty() || !op.change.uninvited.empty();
    });
    if (isAhead && before.position.seq > 0 && onlyHead) {
      static_cast<DraftHead&>(*state) = before;
    } else {
      forget(write.head.id);
    }
  }
}

void Authority::sendReceipts(BatchInWork& batch, AuthorityActions& actions) {
  std::map<SessionId, std::vector<OpReceipt>> bySession;
  for (Answer& answer : batch.answers) {
    if (!answer.first) ++counts_.repeated;
    if (answer.request != 0) {
      // Copied: whether a draft's readers are told depends on it (fanOut(), askNewsOfRepeats()).
      actions.emplace_back(ReceiptAction{answer.request, answer.receipt.receipt});
      continue;
    }
    const auto session = sessions_.find(answer.session);
    if (session == sessions_.end()) continue;
    auto* joined = std::get_if<Joined>(&session->second);
    if (!joined) continue;
    --joined->unanswered;
    joined->repeats = joined->repeats || !answer.first;
    const auto* why = std::get_if<Rejection>(&answer.receipt.receipt);
    if (why && isTransient(why->code)) joined->held = true;
    bySession[answer.session].push_back(std::move(answer.receipt));
  }
  for (auto& [session, receipts] : bySession) sendReceipts(session, std::move(receipts), actions);
}

// In as many messages as the bound asks for (SPEC S7).
void Authority::sendReceipts(SessionId session, std::vector<OpReceipt> receipts, AuthorityActions& actions) {
  const std::size_t bytesMax = options_.limits.messageBytes - kMessageOverhead;
  std::size_t room = 0;
  for (OpReceipt& receipt : receipts) {
    const std::size_t size = wireSizeMax(receipt);
    if (size > room) {
      actions.emplace_back(SendAction{{session}, Receipts{}});
      room = bytesMax;
    }
    room -= std::min(room, size);
    std::get<Receipts>(std::get<SendAction>(actions.back()).message).receipts.push_back(std::move(receipt));
  }
}

// Tells everyone concerned about the drafts' new entries.
void Authority::fanOut(const BatchInWork& batch, AuthorityActions& actions) {
  const std::map<DraftId, SessionId> makers = onlyMakers(batch);
  for (const DraftWrite& write : batch.deciding->drafts) {
    const DraftState* state = cached(write.head.id);
    if (!state) continue;
    weigh(state->id);
    const LogPosition& before = batch.before.at(state->id).position;
    std::vector<SessionId> readers = sessionsOf(*state);
    // To a session that has made all of them itself its receipts say everything, if it knows what came before.
    const auto maker = makers.find(state->id);
    const bool follows = told(state->id) == before;
    if (maker != makers.end() && follows) std::erase(readers, maker->second);
    for (const AcceptedOp& op : write.ops) {
      if (op.change.left && !state->member(*op.change.left)) sendGone(*op.change.left, state->id, actions);
    }
    if (std::ranges::any_of(write.ops, [](const AcceptedOp& op) { return changesMembers(op.entry); })) {
      noteMembers(*state);
    }
    std::vector<const LogEntry*> entries;
    entries.reserve(write.ops.size());
    for (const AcceptedOp& op : write.ops) entries.push_back(&op.entry);
    sendEntries(readers, state->id, before, state->position, entries, actions);
    setTold(state->id, state->position, !follows || untold(state->id, before.seq));
  }
}

// The session that made all of a draft's new entries, for drafts that have such a one.
std::map<DraftId, SessionId> Authority::onlyMakers(const BatchInWork& batch) {
  std::map<DraftId, SessionId> makers;
  std::set<DraftId> severals;
  for (const Answer& answer : batch.answers) {
    if (!answer.first || std::holds_alternative<Rejection>(answer.receipt.receipt)) continue;
    const auto [maker, isNew] = makers.emplace(answer.receipt.draft, answer.session);
    if (!isNew && maker->second != answer.session) severals.insert(answer.receipt.draft);
  }
  for (const DraftId& draft : severals) makers.erase(draft);
  return makers;
}

// In as many messages as the bound asks for (SPEC S7); without entries, one that names the head.
void Authority::sendEntries(const std::vector<SessionId>& readers, const DraftId& draft, LogPosition before,
                            const LogPosition& head, std::span<const LogEntry* const> entries,
                            AuthorityActions& actions) const {
  if (readers.empty()) return;
  Entries message{.draft = draft, .before = before, .entries = {}, .head = head};
  std::size_t room = options_.limits.messageBytes - kMessageOverhead;
  for (const LogEntry* entry : entries) {
    const std::size_t size = wireSizeMax(*entry);
    if (size > room && !message.entries.empty()) {
      Entries next{.draft = draft, .before = message.entries.back().position(), .entries = {}, .head = head};
      actions.emplace_back(SendAction{readers, std::exchange(message, std::move(next))});
      room = options_.limits.messageBytes - kMessageOverhead;
    }
    room -= std::min(room, size);
    message.entries.push_back(*entry);
  }
  actions.emplace_back(SendAction{readers, std::move(message)});
}

void Authority::sendGone(const UserId& user, const DraftId& draft, AuthorityActions& actions) {
  noteMember(user, draft, false);
  const auto sessions = users_.find(user);
  if (sessions == users_.end()) return;
  for (const SessionId session : sessions->second) attendance_.leave(draft, session);
  actions.emplace_back(SendAction{{sessions->second.begin(), sessions->second.end()}, Gone{draft}});
}

// An op that comes again was accepted by a commit whose answer may have been lost, and its fan-out with it, or by
// another server: whoever pushes it again may be the only one who knows.
void Authority::askNewsOfRepeats(const BatchInWork& batch) {
  for (const Answer& answer : batch.answers) {
    const auto* accepted = std::get_if<Accepted>(&answer.receipt.receipt);
    if (answer.first || !accepted || told(answer.receipt.draft).seq >= accepted->seq) continue;
    Seq& seq = moved_[answer.receipt.draft];
    seq = std::max(seq, accepted->seq);
  }
}

std::vector<SessionId> Authority::sessionsOf(const DraftState& state) const {
  std::vector<SessionId> sessions;
  for (const Member& member : state.members) {
    if (const auto user = users_.find(member.user); user != users_.end()) {
      sessions.insert(sessions.end(), user->second.begin(), user->second.end());
    }
  }
  return sessions;
}

}  // namespace onering
