// The user's side of the replica: what is performed, kept, shown. What arrives is in replica-receive.cpp.
#include "onering/sync/replica.h"

#include <algorithm>
#include <stdexcept>
#include <utility>

#include "onering/domain/canonical.h"
#include "onering/domain/message-size.h"
#include "onering/domain/text.h"

namespace onering {

namespace {

// The log entry that a pending op would be, as far as the state depends on it: without a link or text, at the
// device's time.
LogEntry provisional(const DraftState* before, const Op& op, const std::string& display, Time at) {
  const auto* append = std::get_if<AppendSegment>(&op.body);
  OpBody body = append ? AppendSegment{.segment = append->segment, .epoch = append->epoch, .content = {}} : op.body;
  return {.op = {.id = op.id,
                 .draft = op.draft,
                 .actor = op.actor,
                 .device = op.device,
                 .authoredAt = op.authoredAt,
                 .body = std::move(body)},
          .seq = before ? before->position.seq + 1 : 1,
          .acceptedAt = before ? std::max(at, before->updatedAt) : at,
          .rulesVersion = kRulesVersion,
          .actorDisplay = display,
          .link = {}};
}

Epoch* epochOf(OpBody& body) {
  if (auto* append = std::get_if<AppendSegment>(&body)) return &append->epoch;
  if (auto* pass = std::get_if<PassRing>(&body)) return &pass->epoch;
  if (auto* reclaim = std::get_if<ReclaimRing>(&body)) return &reclaim->epoch;
  return nullptr;
}

}  // namespace

Replica::Replica(DeviceStore& store, Entropy& entropy, ReplicaOptions options)
    : store_(&store), entropy_(&entropy), options_(options) {}

std::expected<Replica, Rejection> Replica::open(DeviceStore& store, Entropy& entropy, UserId user, Time now,
                                                ReplicaOptions options) {
  Replica replica(store, entropy, options);
  auto record = store.readRecord();
  if (!record) return std::unexpected(rejection(errorOf(record.error().fault)));
  if (*record) {
    replica.record_ = std::move(**record);
    if (!user.empty() && !replica.record_.user.empty() && replica.record_.user != user) {
      return std::unexpected(rejection(ErrorCode::storageUnavailable,
                                       "This storage belongs to another user. Choose another name for it."));
    }
  } else {
    replica.record_.device = DeviceId{replica.newUuid(now)};
  }
  if (replica.record_.user.empty() && !user.empty()) {
    replica.record_.user = std::move(user);
    replica.record_.display = anonymousDisplay(replica.record_.user);
  }
  if (!*record) replica.saveRecord();

  auto pending = store.readPending();
  if (!pending) return std::unexpected(rejection(errorOf(pending.error().fault)));
  for (PendingOp& op : *pending) {
    replica.lastOrder_ = op.order;
    replica.orderOf_.emplace_hint(replica.orderOf_.end(), op.op.id, op.order);
    replica.outbox_.emplace_hint(replica.outbox_.end(), op.order, Pending{.op = std::move(op.op), .accepted = {}});
  }
  auto kept = store.readKept();
  if (!kept) return std::unexpected(rejection(errorOf(kept.error().fault)));
  replica.kept_ = std::move(*kept);
  return replica;
}

// --- what the user does -------------------------------------------------------------------------------------

Op Replica::prepare(DraftId draft, OpBody body, Time now, const OpId& as) {
  if (draft == DraftId{}) draft = DraftId{newUuid(now)};
  if (Epoch* epoch = epochOf(body); epoch && *epoch == 0) {
    if (const DraftState* view = this->draft(draft)) *epoch = view->ring.epoch;
  }
  if (auto* append = std::get_if<AppendSegment>(&body)) {
    if (append->segment == SegmentId{}) append->segment = SegmentId{newUuid(now)};
    Salt salt;
    entropy_->fill(salt);
    append->content = sealContent(std::move(append->content.text), salt);
  }
  return {.id = as == OpId{} ? OpId{newUuid(now)} : as,
          .draft = draft,
          .actor = record_.user,
          .device = record_.device,
          .authoredAt = now,
          .body = std::move(body)};
}

std::expected<Performed, Rejection> Replica::perform(Op op, Time now) {
  return enqueue(std::move(op), false, now);
}

std::expected<Performed, Rejection> Replica::submit(Op op) {
  return enqueue(std::move(op), true, Time{});
}

std::expected<Performed, Rejection> Replica::enqueue(Op op, bool submitted, Time now) {
  if (auto wrong = validate(op, record_.limits)) return std::unexpected(std::move(*wrong));
  if (op.actor != record_.user) {
    return std::unexpected(
        rejection(ErrorCode::notAllowed, "You can act only as yourself. Sign in as the op's actor."));
  }
  if (!fits(op)) return std::unexpected(rejection(ErrorCode::messageTooLarge));
  if (const auto again = orderOf_.find(op.id); again != orderOf_.end())
    return performedAlready(outbox_.at(again->second), op);

  Copy& copy = copyOf(op.draft);
  LocalEffect effect = LocalEffect::waiting;
  if (!submitted) {
    if (!copy.view) copy.view = copy.confirmed;
    auto laid = lay(copy, op, now);
    if (!laid) {
      if (copy.pending.empty()) copy.view.reset();
      return std::unexpected(std::move(laid.error()));
    }
    effect = *laid;
  } else if (!copy.view) {
    copy.view = copy.confirmed;
  }

  const Performed performed{.op = op.id, .draft = op.draft, .segment = segmentOf(op), .effect = effect};
  const std::uint64_t order = ++lastOrder_;
  step_.changes.queued.push_back({order, op});
  orderOf_.emplace_hint(orderOf_.end(), op.id, order);
  copy.pending.push_back(order);
  outbox_.emplace_hint(outbox_.end(), order,
                       Pending{.op = std::move(op), .effect = effect, .submitted = submitted, .accepted = {}});
  noteEffect(copy, order);
  changed(performed.draft);
  step_.notices.emplace_back(OutboxChanged{});
  return performed;
}

// A call that was repeated, because its first answer was lost on the way to whoever called (SPEC K3).
std::expected<Performed, Rejection> Replica::performedAlready(const Pending& pending, const Op& op) {
  if (opDigest(pending.op) != opDigest(op)) return std::unexpected(rejection(ErrorCode::idempotencyKeyReused));
  return Performed{.op = op.id, .draft = op.draft, .segment = segmentOf(op), .effect = pending.effect};
}

std::optional<KnownOutcome> Replica::outcomeOf(const DraftId& draft, const OpId& op) {
  if (const auto found = orderOf_.find(op); found != orderOf_.end()) {
    const Pending& pending = outbox_.at(found->second);
    static_cast<void>(copyOf(pending.op.draft));  // what it is to the user is settled when the draft is looked at
    KnownOutcome outcome{.effect = pending.effect, .receipt = {}};
    if (pending.accepted) outcome.receipt = *pending.accepted;
    return outcome;
  }
  const auto kept = std::ranges::find(kept_, op, [](const KeptOp& each) { return each.op.id; });
  if (kept != kept_.end()) return KnownOutcome{.receipt = kept->why};
  if (const auto written = writes_.find(draft); written != writes_.end()) {
    for (const AcceptedOp& each : step_.changes.drafts.drafts[written->second].ops) {
      if (each.entry.op.id == op) return KnownOutcome{.receipt = acceptedFor(each.entry)};
    }
  }
  const auto found = store_->find({.drafts = {}, .ops = {{draft, op}}, .segments = {}});
  if (!found) throw std::runtime_error("reading an op failed: " + found.error().detail);
  const auto& known = found->ops.at(0);
  return known ? std::optional(KnownOutcome{.receipt = known->receipt}) : std::nullopt;
}

std::expected<Performed, Rejection> Replica::resubmit(const OpId& kept, Time now, const OpId& as) {
  const auto found = std::ranges::find(kept_, kept, [](const KeptOp& each) { return each.op.id; });
  if (found == kept_.end()) return std::unexpected(rejection(ErrorCode::notFound, "No such rejected work is kept."));
  OpBody body = found->op.body;
  if (Epoch* epoch = epochOf(body)) *epoch = 0;
  if (auto* append = std::get_if<AppendSegment>(&body)) append->segment = {};
  Op again = prepare(found->op.draft, std::move(body), now);
  if (as != OpId{}) again.id = as;
  auto performed = perform(std::move(again), now);
  if (performed) static_cast<void>(dismiss(kept));
  return performed;
}

std::expected<Performed, Rejection> Replica::copyKept(const DraftId& draft, std::string title, Time now,
                                                      const OpKey& as) {
  std::vector<KeptOp> texts;
  for (const KeptOp& each : kept_) {
    if (each.op.draft == draft && std::holds_alternative<AppendSegment>(each.op.body)) texts.push_back(each);
  }
  if (texts.empty())
    return std::unexpected(rejection(ErrorCode::notFound, "No rejected segments of this draft are kept."));
  // The order in which they were written, whatever the order in which they came back.
  std::ranges::sort(texts, {}, [](const KeptOp& each) { return each.op.id; });
  Op create = prepare(as.draft, CreateDraft{.title = std::move(title), .platform = {}, .holdLimit = {}}, now);
  if (as.op != OpId{}) create.id = as.op;
  auto created = perform(std::move(create), now);
  if (!created) return created;
  std::vector<OpId> copied;  // in the order of their ids
  for (KeptOp& each : texts) {
    AppendSegment copy{.segment = {}, .epoch = 0, .content = std::move(std::get<AppendSegment>(each.op.body).content)};
    if (perform(prepare(created->draft, std::move(copy), now), now)) copied.push_back(each.op.id);
  }
  step_.changes.dismissed.insert(step_.changes.dismissed.end(), copied.begin(), copied.end());
  std::erase_if(kept_, [&](const KeptOp& each) { return std::ranges::binary_search(copied, each.op.id); });
  step_.notices.emplace_back(OutboxChanged{});
  return created;
}

std::expected<void, Rejection> Replica::dismiss(const OpId& kept) {
  const auto found = std::ranges::find(kept_, kept, [](const KeptOp& each) { return each.op.id; });
  if (found == kept_.end()) return std::unexpected(rejection(ErrorCode::notFound, "No such rejected work is kept."));
  step_.changes.dismissed.push_back(kept);
  kept_.erase(found);
  step_.notices.emplace_back(OutboxChanged{});
  return {};
}

// --- the view -----------------------------------------------------------------------------------------------

// The device's copy, read from the store when it is asked for first. A draft that the device does not have gets
// an empty copy: there may be pending ops for it.
Replica::Copy& Replica::copyOf(const DraftId& id) {
  if (const auto found = copies_.find(id); found != copies_.end()) return found->second;
  auto loaded = store_->find({.drafts = {id}, .ops = {}, .segments = {}});
  if (!loaded) throw std::runtime_error("reading a draft failed: " + loaded.error().detail);
  Copy& copy = copies_[id];
  copy.range.laid = ++lastLaid_;
  copy.confirmed = std::move(loaded->drafts.at(0));
  for (const auto& [order, pending] : outbox_) {
    if (pending.op.draft == id) copy.pending.push_back(order);
  }
  if (copy.pending.empty()) return copy;
  if (copy.confirmed) markStored(id, copy);
  layAgain(copy);
  return copy;
}

// A crash can leave an op in the outbox that a snapshot has brought already: it must not be shown twice.
void Replica::markStored(const DraftId& id, const Copy& copy) {
  Lookup lookup;
  for (const std::uint64_t order : copy.pending) {
    const auto* append = std::get_if<AppendSegment>(&outbox_.at(order).op.body);
    lookup.segments.push_back({id, append ? append->segment : SegmentId{}});
  }
  const auto stored = store_->find(lookup);
  if (!stored) throw std::runtime_error("reading segments failed: " + stored.error().detail);
  for (std::size_t i = 0; i < copy.pending.size(); ++i) {
    if (stored->segments[i]) outbox_.at(copy.pending[i]).submitted = true;
  }
}

const DraftState* Replica::viewOf(const Copy& copy) const {
  const auto& state = copy.pending.empty() && !copy.view ? copy.confirmed : copy.view;
  return state ? &*state : nullptr;
}

const DraftState* Replica::draft(const DraftId& id) {
  return viewOf(copyOf(id));
}

const DraftState* Replica::confirmed(const DraftId& id) {
  const Copy& copy = copyOf(id);
  return copy.confirmed ? &*copy.confirmed : nullptr;
}

// Lays the op on the view if the rules allow it there; changes nothing otherwise.
std::expected<LocalEffect, Rejection> Replica::lay(Copy& copy, const Op& op, Time at) {
  const DraftState* before = copy.view ? &*copy.view : nullptr;
  const auto verdict =
      judge({.op = op, .draft = before, .segment = segmentRef(copy, op), .now = at, .limits = record_.limits},
            Judge::replica);
  if (!verdict) return std::unexpected(verdict.error());
  if (*verdict == Verdict::waitForAuthority) return LocalEffect::waiting;
  const LogEntry entry = provisional(before, op, record_.display, at);
  if (!copy.view) copy.view.emplace();
  apply(*copy.view, entry);
  return LocalEffect::shown;
}

// Builds the view again from what is confirmed.
void Replica::layAgain(Copy& copy) {
  copy.view.reset();
  if (!copy.pending.empty()) copy.view = copy.confirmed;
  const auto before = std::exchange(copy.shown, {});
  copy.others.clear();
  for (const std::uint64_t order : copy.pending) outbox_.at(order).effect = LocalEffect::waiting;
  for (const std::uint64_t order : copy.pending) {
    Pending& pending = outbox_.at(order);
    if (!pending.submitted) {
      if (const auto laid = lay(copy, pending.op, pending.op.authoredAt)) pending.effect = *laid;
    }
    noteEffect(copy, order);
  }
  if (copy.shown != before) copy.range.laid = ++lastLaid_;
}

void Replica::noteEffect(Copy& copy, std::uint64_t order) const {
  const Pending& pending = outbox_.at(order);
  const bool isShown = pending.effect == LocalEffect::shown && std::holds_alternative<AppendSegment>(pending.op.body);
  isShown ? copy.shown.push_back(order) : copy.others.push_back(order);
}

// Mostly the first: receipts come in the order of the ops.
void Replica::forget(Copy& copy, std::uint64_t order) {
  copy.pending.erase(std::ranges::lower_bound(copy.pending, order));
  if (!copy.shown.empty() && copy.shown.front() == order) {
    copy.shown.pop_front();
    ++copy.range.left;
  } else if (std::erase(copy.shown, order) > 0) {
    copy.range.laid = ++lastLaid_;
  } else {
    std::erase(copy.others, order);
  }
}

// What is known of the segment that a redaction names. A new segment's id was just made here: nothing has it.
std::optional<SegmentRef> Replica::segmentRef(const Copy& copy, const Op& op) {
  const auto* redact = std::get_if<RedactSegment>(&op.body);
  if (!redact) return std::nullopt;
  std::optional<SegmentRef> ref;
  for (const std::uint64_t order : copy.pending) {
    const Pending& pending = outbox_.at(order);
    if (pending.effect != LocalEffect::shown || pending.op.id == op.id || segmentOf(pending.op) != redact->segment)
      continue;
    ref = SegmentRef{pending.op.actor, std::holds_alternative<RedactSegment>(pending.op.body)};
  }
  if (ref) return ref;
  const auto found = store_->find({.drafts = {}, .ops = {}, .segments = {{op.draft, redact->segment}}});
  if (!found) throw std::runtime_error("reading a segment failed: " + found.error().detail);
  ref = found->segments.at(0);
  bringUpToDate(ref, op.draft, redact->segment);
  return ref;
}

// What this step has taken in of the segment is not in the store yet.
void Replica::bringUpToDate(std::optional<SegmentRef>& ref, const DraftId& draft, const SegmentId& segment) const {
  for (const DraftImage& image : step_.changes.installed) {
    if (image.state.id != draft) continue;
    const auto found = std::ranges::find(image.segments, segment, &Segment::id);
    if (found != image.segments.end()) ref = SegmentRef{found->author, found->content.erased};
  }
  const auto written = writes_.find(draft);
  if (written == writes_.end()) return;
  for (const AcceptedOp& op : step_.changes.drafts.drafts[written->second].ops) {
    if (op.change.added && op.change.added->id == segment)
      ref = SegmentRef{op.change.added->author, op.change.added->content.erased};
    if (ref && op.change.redacted == segment) ref->redacted = true;
  }
}

std::size_t Replica::pendingCount(const DraftId& id) {
  return copyOf(id).pending.size();
}

Replica::PendingRange Replica::pendingRange(const DraftId& id) {
  const Copy& copy = copyOf(id);
  PendingRange range = copy.range;
  range.count = copy.shown.size();
  return range;
}

std::vector<Segment> Replica::pendingSegments(const DraftId& id, std::uint32_t from, std::size_t countMax) {
  const Copy& copy = copyOf(id);
  const std::uint32_t confirmed = copy.confirmed ? copy.confirmed->segmentCount : 0;
  std::vector<Segment> segments;
  for (std::size_t i = from > confirmed ? from - confirmed : 0; i < copy.shown.size() && segments.size() < countMax;
       ++i) {
    const Pending& pending = outbox_.at(copy.shown[i]);
    const auto& append = std::get<AppendSegment>(pending.op.body);
    segments.push_back({.id = append.segment,
                        .position = confirmed + static_cast<std::uint32_t>(i),
                        .author = pending.op.actor,
                        .authorDisplay = record_.display,
                        .epoch = append.epoch,
                        .seq = 0,
                        .authoredAt = pending.op.authoredAt,
                        .acceptedAt = pending.op.authoredAt,
                        .content = append.content});
  }
  return segments;
}

std::set<SegmentId> Replica::pendingRedactions(const DraftId& id) {
  std::set<SegmentId> segments;
  for (const std::uint64_t order : copyOf(id).others) {
    const Pending& pending = outbox_.at(order);
    const auto* redact = std::get_if<RedactSegment>(&pending.op.body);
    if (redact && pending.effect == LocalEffect::shown) segments.insert(redact->segment);
  }
  return segments;
}

std::vector<const Op*> Replica::waiting(const DraftId& id) {
  std::vector<const Op*> ops;
  for (const std::uint64_t order : copyOf(id).others) {
    const Pending& pending = outbox_.at(order);
    if (pending.effect == LocalEffect::waiting) ops.push_back(&pending.op);
  }
  return ops;
}

std::vector<DraftId> Replica::pendingDrafts() const {
  std::vector<DraftId> drafts;
  for (const auto& [order, pending] : outbox_) {
    if (std::holds_alternative<CreateDraft>(pending.op.body)) drafts.push_back(pending.op.draft);
  }
  return drafts;
}

std::vector<Replica::PendingView> Replica::pending(std::optional<DraftId> draft) const {
  std::vector<PendingView> views;
  for (const auto& [order, pending] : outbox_) {
    if (!draft || pending.op.draft == *draft) views.push_back({&pending.op, pending.effect});
  }
  return views;
}

// --- what follows -------------------------------------------------------------------------------------------

Step Replica::take() {
  pump();
  writes_.clear();
  changes_.clear();
  return std::exchange(step_, {});
}

bool Replica::fits(const Op& op) const {
  return wireSizeMax(op) + kMessageOverhead <= record_.limits.messageBytes;
}

// Pushes what has not been sent on this connection, in order, many ops a message (SPEC S3, S7).
void Replica::pump() {
  if (link_ != Link::live && link_ != Link::catchingUp) return;
  if (pushAgainAt_ || (restart_ && inFlight_ > 0)) return;
  auto next = outbox_.lower_bound(nextToSend_);
  while (next != outbox_.end() && inFlight_ < options_.opsInFlightMax) {
    Push push{.ops = {}, .restart = std::exchange(restart_, false)};
    std::size_t room = record_.limits.messageBytes - kMessageOverhead;
    while (next != outbox_.end() && inFlight_ < options_.opsInFlightMax &&
           push.ops.size() < record_.limits.opsPerPush) {
      Pending& pending = next->second;
      const std::size_t size = wireSizeMax(pending.op);
      if (size > room && !push.ops.empty()) break;
      room -= std::min(room, size);
      if (!pending.accepted) {
        push.ops.push_back(pending.op);
        pending.sent = true;
        ++inFlight_;
      }
      nextToSend_ = next->first + 1;
      ++next;
    }
    if (push.ops.empty()) {
      restart_ = restart_ || push.restart;
      return;
    }
    step_.messages.emplace_back(std::move(push));
  }
}

void Replica::changed(const DraftId& id, std::optional<SegmentId> redacted) {
  const auto [at, isNew] = changes_.emplace(id, step_.notices.size());
  if (isNew) step_.notices.emplace_back(DraftChanged{.draft = id, .redacted = {}});
  if (redacted) std::get<DraftChanged>(step_.notices[at->second]).redacted.push_back(*redacted);
}

void Replica::setLink(Link link) {
  if (std::exchange(link_, link) != link) step_.notices.emplace_back(LinkChanged{});
}

void Replica::saveRecord() {
  step_.changes.record = record_;
}

DraftWrite& Replica::writeFor(const DraftId& id, Seq expected) {
  auto& drafts = step_.changes.drafts.drafts;
  const auto [at, isNew] = writes_.emplace(id, drafts.size());
  if (isNew) drafts.push_back({.expected = expected, .ops = {}, .head = {}});
  return drafts[at->second];
}

// The draft's copy is replaced as a whole, or dropped: what this step was to write of it before is void.
void Replica::forgetWrites(const DraftId& id) {
  std::erase_if(step_.changes.installed, [&](const DraftImage& image) { return image.state.id == id; });
  const auto found = writes_.find(id);
  if (found == writes_.end()) return;
  auto& drafts = step_.changes.drafts.drafts;
  drafts.erase(drafts.begin() + static_cast<std::ptrdiff_t>(found->second));
  for (auto& [other, index] : writes_) {
    if (index > found->second) --index;
  }
  writes_.erase(found);
}

// Each id is greater than the one before, within one millisecond and after a clock went back too (RFC 9562 §6.2):
// the ids of a device's ops sort as they were made.
std::array<std::uint8_t, 16> Replica::newUuid(Time now) {
  std::array<std::uint8_t, 10> bytes{};
  entropy_->fill(bytes);
  auto uuid = uuidV7(now, bytes);
  if (uuid <= lastUuid_) {
    uuid = lastUuid_;
    // Bytes 9-15 hold nothing but random bits; 56 of them do not run over.
    for (std::size_t i = 15; i >= 9 && ++uuid[i] == 0; --i) continue;
  }
  lastUuid_ = uuid;
  return uuid;
}

void Replica::checkInvariants() const {
  const auto require = [](bool holds, const char* invariant) {
    if (!holds) throw std::logic_error(std::string(invariant) + " broken in a replica");
  };
  require(orderOf_.size() == outbox_.size(), "every pending op is found by its id");
  std::size_t sent = 0;
  for (const auto& [order, pending] : outbox_) {
    require(orderOf_.at(pending.op.id) == order, "a pending op is found by its id");
    if (pending.sent) ++sent;
  }
  require(sent == inFlight_, "ops in flight are counted");
  for (const KeptOp& kept : kept_) require(!orderOf_.contains(kept.op.id), "I8 an op is in one place");
  for (const auto& [id, copy] : copies_) {
    if (copy.confirmed) onering::checkInvariants(*copy.confirmed);
    if (copy.view && !copy.pending.empty()) onering::checkInvariants(*copy.view);
    require(std::ranges::is_sorted(copy.pending), "pending ops are in the order in which they were made");
    std::vector<std::uint64_t> parts(copy.shown.begin(), copy.shown.end());
    parts.insert(parts.end(), copy.others.begin(), copy.others.end());
    std::ranges::sort(parts);
    require(std::ranges::equal(parts, copy.pending), "each pending op is shown or another");
    for (const std::uint64_t order : copy.pending)
      require(outbox_.contains(order), "a copy's pending op is in the outbox");
  }
}

}  // namespace onering
