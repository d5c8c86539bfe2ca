// The authority's side of the replica: what the connection does and what comes in over it.
#include <algorithm>
#include <stdexcept>
#include <utility>

#include "onering/domain/canonical.h"
#include "onering/domain/invariants.h"
#include "onering/sync/replica.h"

namespace onering {

namespace {

// A receipt with such a code did not judge the op: it is pushed again (SPEC K5).
bool isTransient(ErrorCode code) {
  return code == ErrorCode::unavailable || code == ErrorCode::internal || code == ErrorCode::rateLimited;
}

Seq seqOf(const std::optional<DraftState>& state) {
  return state ? state->position.seq : 0;
}

LogPosition positionOf(const std::optional<DraftState>& state) {
  return state ? state->position : LogPosition{};
}

}  // namespace

// --- the connection -----------------------------------------------------------------------------------------

void Replica::connected(std::string token) {
  forgetConversation();
  step_.messages.emplace_back(Hello{.version = kProtocolVersion, .token = std::move(token), .device = record_.device});
  setLink(Link::connecting);
}

void Replica::disconnected() {
  forgetConversation();
  for (const auto& [draft, attention] : attention_)
    step_.notices.emplace_back(PresenceTold{{.draft = draft, .people = {}}});
  if (link_ != Link::denied) setLink(Link::offline);
}

// What was under way on the connection is not any more: it will be pushed and asked for again.
void Replica::forgetConversation() {
  for (auto& [order, pending] : outbox_) pending.sent = false;
  inFlight_ = 0;
  nextToSend_ = 0;
  restart_ = true;
  pushAgainAt_.reset();
  for (auto& [id, copy] : copies_) copy.fetchedUpTo.reset();
  fetching_ = 0;
  wanted_.clear();
  wantedSet_.clear();
  asked_.reset();
  changesComplete_ = false;
}

void Replica::refresh(std::string token) {
  if (link_ == Link::offline) return;
  step_.messages.emplace_back(RefreshToken{std::move(token)});
}

void Replica::present(const DraftId& draft, Attention attention) {
  if (attention == Attention::away) {
    attention_.erase(draft);
  } else {
    attention_[draft] = attention;
  }
  if (link_ == Link::live || link_ == Link::catchingUp) step_.messages.emplace_back(Present{draft, attention});
}

void Replica::tick(Time now) {
  // A clock that was set back must not make the pause longer than it was meant to be.
  if (pushAgainAt_ && (*pushAgainAt_ <= now || *pushAgainAt_ - now > pushPause_)) {
    pushAgainAt_.reset();
  }
  if (link_ == Link::live || link_ == Link::catchingUp) step_.messages.emplace_back(Ping{++lastPing_});
}

std::optional<Time> Replica::pushAgainAt() const {
  return pushAgainAt_;
}

void Replica::received(AuthorityMessage message, Time now) {
  std::visit([&](auto& typed) { on(std::move(typed), now); }, message);
}

void Replica::on(Welcome&& message, Time now) {
  if (!record_.user.empty() && record_.user != message.user) {
    step_.notices.emplace_back(AuthorityRefused{rejection(ErrorCode::notAllowed,
                                                          "The token names another user than this storage belongs to. "
                                                          "Sign in as that user, or choose another storage."),
                                                {}});
    setLink(Link::denied);
    return;
  }
  if (record_.user != message.user || record_.display != message.display || record_.limits != message.limits) {
    record_.user = std::move(message.user);
    record_.display = std::move(message.display);
    const bool judgesOtherwise = record_.limits != message.limits;
    record_.limits = message.limits;
    saveRecord();
    if (judgesOtherwise) {
      keepWhatNeverFits(now);
      layAllAgain();
    }
  }
  for (const auto& [draft, attention] : attention_) step_.messages.emplace_back(Present{draft, attention});
  catchUp();
}

// Also with what was heard of before and has not come: the change list need not name it again. An op may have been
// accepted in a draft that its author has been removed from since.
void Replica::catchUp() {
  setLink(Link::catchingUp);
  for (auto& [id, copy] : copies_) hear(id, copy, copy.heardOf);
  askChanges(record_.cursor);
}

// An op that was accepted here under other limits can no longer be sent (SPEC S7): it is the user's again.
void Replica::keepWhatNeverFits(Time now) {
  std::vector<std::pair<std::uint64_t, DraftId>> tooLarge;
  for (const auto& [order, pending] : outbox_) {
    if (!fits(pending.op)) tooLarge.emplace_back(order, pending.op.draft);
  }
  for (const auto& [order, draft] : tooLarge) {
    keepRejected(order, rejection(ErrorCode::messageTooLarge), now);
    changed(draft);
  }
}

void Replica::layAllAgain() {
  for (auto& [id, copy] : copies_) {
    layAgain(copy);
    if (!copy.pending.empty()) changed(id);
  }
}

void Replica::on(Refused&& message, Time /*now*/) {
  if (!isTransient(message.why.code)) setLink(Link::denied);
  step_.notices.emplace_back(AuthorityRefused{std::move(message.why), message.retryAfter});
}

void Replica::on(CatchUp&& /*message*/, Time /*now*/) {
  if (link_ != Link::live && link_ != Link::catchingUp) return;
  forgetConversation();
  catchUp();
}

void Replica::on(Pong&& /*message*/, Time /*now*/) {}

void Replica::on(Presence&& message, Time /*now*/) {
  if (attention_.contains(message.draft)) step_.notices.emplace_back(PresenceTold{std::move(message)});
}

// --- receipts -----------------------------------------------------------------------------------------------

void Replica::on(Receipts&& message, Time now) {
  std::map<DraftId, bool> drafts;  // those concerned, and whether their views have to be laid again
  for (OpReceipt& answer : message.receipts) {
    const auto found = orderOf_.find(answer.op);
    if (found == orderOf_.end()) continue;  // a repeat
    const std::uint64_t order = found->second;
    Pending& pending = outbox_.at(order);
    if (pending.op.draft != answer.draft) continue;
    if (std::exchange(pending.sent, false)) --inFlight_;
    const auto* why = std::get_if<Rejection>(&answer.receipt);
    if (why && isTransient(why->code)) {
      pushAgain(order, now);
      continue;
    }
    bool& again = drafts[answer.draft];
    if (why) {
      keepRejected(order, *why, now);
      again = true;
    } else if (!pending.accepted) {
      pending.accepted = std::get<Accepted>(answer.receipt);
      pushPause_ = {};
      step_.notices.emplace_back(OpSettled{answer.draft, answer.op, std::move(answer.receipt)});
    }
  }
  for (auto& [id, again] : drafts) {
    Copy& copy = copyOf(id);
    if (!drain(id, copy) || again || copy.pending.empty()) layAgain(copy);
    changed(id);
  }
  sendFetches();
}

// The op was not judged: it goes out again, in its place, after a pause.
void Replica::pushAgain(std::uint64_t order, Time now) {
  nextToSend_ = std::min(nextToSend_, order);
  restart_ = true;
  if (pushAgainAt_) return;
  pushPause_ = std::clamp(2 * pushPause_, options_.pushAgainAfter, options_.pushAgainMax);
  pushAgainAt_ = now + pushPause_;
}

void Replica::keepRejected(std::uint64_t order, const Rejection& why, Time now) {
  KeptOp kept{.op = outbox_.at(order).op, .why = why, .at = now};
  step_.notices.emplace_back(OpSettled{kept.op.draft, kept.op.id, why});
  leaveOutbox(order, copyOf(kept.op.draft));
  step_.changes.kept.push_back(kept);
  kept_.push_back(std::move(kept));
}

void Replica::leaveOutbox(std::uint64_t order, Copy& copy) {
  const auto found = outbox_.find(order);
  if (found->second.sent) --inFlight_;
  step_.changes.settled.push_back(found->second.op.id);
  orderOf_.erase(found->second.op.id);
  forget(copy, order);
  outbox_.erase(found);
  step_.notices.emplace_back(OutboxChanged{});
}

// Folds in own ops whose receipts put them next in the log: a receipt says all that the log has of them. True: the
// view is still right, because these were segments that it showed already, in their place.
bool Replica::drain(const DraftId& id, Copy& copy) {
  bool viewHolds = true;
  while (!copy.pending.empty()) {
    const std::uint64_t order = copy.pending.front();
    Pending& pending = outbox_.at(order);
    if (!pending.accepted) break;
    const Accepted accepted = *pending.accepted;
    if (accepted.seq <= seqOf(copy.confirmed)) {  // came with a snapshot
      if (!agrees(id, copy, {accepted.seq, accepted.link}) || hasEntry(id, accepted.seq)) {
        diverged(id, copy);
        return false;
      }
      leaveOutbox(order, copy);
      viewHolds = false;
      continue;
    }
    if (accepted.seq > seqOf(copy.confirmed) + 1) {  // someone else's op comes before it
      hear(id, copy, accepted.seq);
      break;
    }
    const bool isSegment = std::holds_alternative<AppendSegment>(pending.op.body);
    viewHolds = viewHolds && isSegment && pending.effect == LocalEffect::shown;
    LogEntry entry{.op = isSegment ? std::move(pending.op) : pending.op,  // a text may be long
                   .seq = accepted.seq,
                   .acceptedAt = accepted.acceptedAt,
                   .rulesVersion = accepted.rulesVersion,
                   .actorDisplay = record_.display,
                   .link = {}};
    forgetToken(entry.op);
    entry.link = nextLink(positionOf(copy.confirmed).link, entry);
    const bool isNext = entry.link == accepted.link && fold(id, copy, entry);
    if (isNext && seqOf(copy.confirmed) == accepted.seq) continue;
    if (isSegment) pending.op = std::move(entry.op);  // it stays pending
    if (isNext) break;                                // made by newer rules than this build knows
    diverged(id, copy);
    return false;
  }
  return viewHolds;
}

// --- confirmed ops ------------------------------------------------------------------------------------------

void Replica::on(Entries&& message, Time /*now*/) {
  const DraftId& id = message.draft;
  Copy& copy = copyOf(id);
  const bool answersFetch = copy.fetchedUpTo == message.before.seq;
  if (!message.entries.empty() && message.before.seq == seqOf(copy.confirmed) &&
      message.before != positionOf(copy.confirmed)) {
    diverged(id, copy);
    return;
  }
  const Seq had = seqOf(copy.confirmed);
  for (LogEntry& entry : message.entries) {
    if (entry.seq < seqOf(copy.confirmed)) continue;
    if (entry.seq > seqOf(copy.confirmed) + 1) break;  // a gap: fetched below
    const bool repeat = entry.seq == seqOf(copy.confirmed);
    if (repeat ? entry.position() != positionOf(copy.confirmed) : !fold(id, copy, entry)) {
      diverged(id, copy);
      return;
    }
  }
  if (!agrees(id, copy, message.head)) {
    diverged(id, copy);
    return;
  }
  if (answersFetch) {
    copy.fetchedUpTo = message.entries.empty() ? message.before.seq : message.entries.back().seq;
    if (!message.more) fetchDone(copy);
  }
  static_cast<void>(drain(id, copy));
  if (seqOf(copy.confirmed) != had) {
    layAgain(copy);
    changed(id);
  }
  hear(id, copy, message.head.seq);
  sendFetches();
}

// SPEC H3: whether the authority's log and the copy have the same link at the place, where the copy goes so far.
bool Replica::agrees(const DraftId& id, const Copy& copy, const LogPosition& theirs) {
  if (theirs.seq > seqOf(copy.confirmed)) return true;
  if (theirs.seq == seqOf(copy.confirmed)) return theirs == positionOf(copy.confirmed);
  const auto mine = store_->linkAt(id, theirs.seq);
  if (!mine) throw std::runtime_error("reading a link failed: " + mine.error().detail);
  return !*mine || **mine == theirs.link;  // before a snapshot there is none to compare with
}

// Whether the copy's log has an entry there, which is then not one of a pending op: folding it in takes that out of the
// outbox.
bool Replica::hasEntry(const DraftId& id, Seq seq) const {
  if (const auto written = writes_.find(id); written != writes_.end()) {
    const DraftWrite& write = step_.changes.drafts.drafts[written->second];
    if (seq > write.expected && seq <= write.expected + write.ops.size()) return true;
  }
  const auto entries = store_->readLog(id, seq - 1, 1);
  if (!entries) throw std::runtime_error("reading a log failed: " + entries.error().detail);
  return !entries->empty() && entries->front().seq == seq;
}

// Folds the next entry in, and moves from it; false, and it is left: it cannot be the next one. Whether its link
// follows from ours has been settled by whoever made the link: the codec chains what it decodes from `before`, drain()
// computes it.
bool Replica::fold(const DraftId& id, Copy& copy, LogEntry& entry) {
  const bool creates = std::holds_alternative<CreateDraft>(entry.op.body);
  if (creates == copy.confirmed.has_value() || entry.op.draft != id) return false;
  if (copy.confirmed && entry.acceptedAt < copy.confirmed->updatedAt) return false;
  if (entry.rulesVersion != kRulesVersion) {
    step_.notices.emplace_back(AuthorityRefused{rejection(ErrorCode::upgradeRequired), {}});
    setLink(Link::denied);
    return true;  // nothing is wrong with it, but this build cannot fold it: the copy stays where it is
  }
  // What the authority accepted is not judged again; but no authority accepts what leaves a draft without its
  // invariants. A segment cannot do that.
  const bool mayBreak = !std::holds_alternative<AppendSegment>(entry.op.body);
  std::optional<DraftState> before = mayBreak ? copy.confirmed : std::nullopt;
  if (!copy.confirmed) copy.confirmed.emplace();
  const Seq expected = copy.confirmed->position.seq;
  Change change = apply(*copy.confirmed, entry);
  if (mayBreak && brokenInvariant(*copy.confirmed)) {
    copy.confirmed = std::move(before);
    return false;
  }
  if (change.redacted) changed(id, change.redacted);

  if (const auto own = orderOf_.find(entry.op.id); own != orderOf_.end() && outbox_.at(own->second).op.draft == id) {
    if (!outbox_.at(own->second).accepted) step_.notices.emplace_back(OpSettled{id, entry.op.id, acceptedFor(entry)});
    leaveOutbox(own->second, copy);
  }
  DraftWrite& write = writeFor(id, expected);
  write.ops.push_back({std::move(entry), std::move(change)});
  write.head = *copy.confirmed;
  return true;
}

void Replica::on(Diverged&& message, Time /*now*/) {
  Copy& copy = copyOf(message.draft);
  if (copy.confirmed) diverged(message.draft, copy);
}

// SPEC H3: the copy is set aside, not thrown away; pending ops wait for the new one.
void Replica::diverged(const DraftId& id, Copy& copy) {
  step_.notices.emplace_back(DivergenceFound{id, positionOf(copy.confirmed)});
  forgetWrites(id);
  step_.changes.setAside.push_back(id);
  // Receipts were of the log that the copy followed: what is not in the new one goes out again.
  for (const std::uint64_t order : copy.pending) {
    if (!std::exchange(outbox_.at(order).accepted, std::nullopt)) continue;
    nextToSend_ = std::min(nextToSend_, order);
    restart_ = true;
  }
  loseCopy(id, copy);
  want(id, copy);
  sendFetches();
}

void Replica::on(Gone&& message, Time /*now*/) {
  Copy& copy = copyOf(message.draft);
  drop(message.draft, copy);
  sendFetches();
}

void Replica::drop(const DraftId& id, Copy& copy) {
  if (copy.confirmed) {
    forgetWrites(id);
    step_.changes.dropped.push_back(id);
  }
  // What the log has taken already has arrived; there is no copy any more to fold it into.
  for (const std::uint64_t order : std::deque(copy.pending)) {
    if (outbox_.at(order).accepted) leaveOutbox(order, copy);
  }
  loseCopy(id, copy);
}

void Replica::loseCopy(const DraftId& id, Copy& copy) {
  fetchDone(copy);
  copy.confirmed.reset();
  copy.incoming.reset();
  copy.heardOf = 0;
  layAgain(copy);
  changed(id);
}

// --- snapshots ----------------------------------------------------------------------------------------------

// A part that is not the next one answers a fetch of before, which was given up: the answer to the present one is still
// to come.
void Replica::on(SnapshotPart&& message, Time /*now*/) {
  const DraftId id = message.draft;
  const Seq heardOf = message.at.seq;
  Copy& copy = copyOf(id);
  if (copy.fetchedUpTo && message.state) {
    copy.incoming = Incoming{.at = message.at,
                             .image = {.state = std::move(*message.state), .passes = {}, .segments = {}},
                             .progress = message.progress};
  }
  if (copy.fetchedUpTo && copy.incoming && copy.incoming->at == message.at &&
      copy.incoming->progress == message.progress) {
    if (!message.more) fetchDone(copy);
    takeIn(std::move(message), copy);
  }
  hear(id, copy, heardOf);
  sendFetches();
}

void Replica::takeIn(SnapshotPart&& part, Copy& copy) {
  auto& [at, image, progress] = *copy.incoming;
  std::ranges::move(part.passes, std::back_inserter(image.passes));
  std::ranges::move(part.segments, std::back_inserter(image.segments));
  progress.passes = static_cast<std::uint32_t>(image.passes.size());
  progress.segments = static_cast<std::uint32_t>(image.segments.size());
  if (progress.passes == progress.passesEnd && progress.segments == progress.segmentsEnd) install(part.draft, copy);
}

void Replica::install(const DraftId& id, Copy& copy) {
  DraftImage image = std::move(copy.incoming->image);
  copy.incoming.reset();
  if (image.state.id != id || image.state.position.seq <= seqOf(copy.confirmed)) return;
  if (!isWhole(image) || brokenInvariant(image.state)) return;
  forgetWrites(id);
  copy.confirmed = image.state;
  std::set<SegmentId> segments;
  if (!copy.pending.empty()) {
    for (const Segment& segment : image.segments) segments.insert(segment.id);
  }
  for (const std::uint64_t order : copy.pending) {
    // In the snapshot already: its receipt will say so. Until then it must not be shown twice.
    Pending& pending = outbox_.at(order);
    const auto segment = segmentOf(pending.op);
    if (segment && segments.contains(*segment) && std::holds_alternative<AppendSegment>(pending.op.body))
      pending.submitted = true;
  }
  step_.changes.installed.push_back(std::move(image));
  static_cast<void>(drain(id, copy));
  layAgain(copy);
  changed(id);
}

bool Replica::isWhole(const DraftImage& image) {
  if (image.passes.size() != image.state.ring.epoch || image.segments.size() != image.state.segmentCount) return false;
  for (std::size_t i = 0; i < image.segments.size(); ++i) {
    if (image.segments[i].position != i) return false;
  }
  for (std::size_t i = 0; i < image.passes.size(); ++i) {
    if (image.passes[i].epoch != i + 1) return false;
  }
  return true;
}

// --- catching up --------------------------------------------------------------------------------------------

void Replica::askChanges(const ChangeCursor& from) {
  asked_ = from;
  step_.messages.emplace_back(WhatChanged{from});
}

void Replica::on(Changed&& message, Time /*now*/) {
  if (asked_ != message.from) return;  // asked before the conversation began anew
  asked_.reset();
  for (const DraftId& id : message.removed) drop(id, copyOf(id));
  for (const DraftPosition& listed : message.drafts) {
    Copy& copy = copyOf(listed.draft);
    if (positionOf(copy.confirmed) == listed.position) continue;
    copy.heardOf = std::max(copy.heardOf, listed.position.seq);
    want(listed.draft, copy);  // the answer tells a copy that is behind from one that has diverged
  }
  cursorWhenCaughtUp_ = message.next;
  if (message.more) {
    askChanges(message.next);
  } else {
    changesComplete_ = true;
  }
  sendFetches();
}

// The log goes on at least to `seq`.
void Replica::hear(const DraftId& id, Copy& copy, Seq seq) {
  copy.heardOf = std::max(copy.heardOf, seq);
  if (copy.heardOf > seqOf(copy.confirmed)) want(id, copy);
}

void Replica::want(const DraftId& id, const Copy& copy) {
  if (copy.fetchedUpTo || (link_ != Link::live && link_ != Link::catchingUp)) return;
  if (wantedSet_.insert(id).second) wanted_.push_back(id);
}

void Replica::sendFetches() {
  // Refused: nothing is asked for any more, and what was to come has not come.
  if (link_ != Link::live && link_ != Link::catchingUp) return;
  while (!wanted_.empty() && fetching_ < options_.fetchesInFlightMax) {
    const DraftId id = wanted_.front();
    wanted_.pop_front();
    wantedSet_.erase(id);
    Copy& copy = copyOf(id);
    if (copy.fetchedUpTo) continue;
    Fetch fetch{.draft = id, .have = positionOf(copy.confirmed), .snapshotAt = {}, .progress = {}};
    if (copy.incoming) {
      fetch.snapshotAt = copy.incoming->at;
      fetch.progress = copy.incoming->progress;
    }
    copy.fetchedUpTo = fetch.have.seq;
    ++fetching_;
    step_.messages.emplace_back(fetch);
  }
  if (!changesComplete_ || fetching_ > 0 || !wanted_.empty()) return;
  setLink(Link::live);
  if (cursorWhenCaughtUp_ && record_.cursor != *cursorWhenCaughtUp_) {
    record_.cursor = *std::exchange(cursorWhenCaughtUp_, std::nullopt);
    saveRecord();
  }
}

void Replica::fetchDone(Copy& copy) {
  if (!copy.fetchedUpTo) return;
  copy.fetchedUpTo.reset();
  --fetching_;
}

}  // namespace onering
