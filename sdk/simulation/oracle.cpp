#include "oracle.h"

#include <algorithm>

#include "onering/domain/canonical.h"
#include "onering/domain/rules.h"

namespace onering::simulation {

namespace {

bool isTransient(ErrorCode code) {
  return code == ErrorCode::unavailable || code == ErrorCode::internal || code == ErrorCode::rateLimited;
}

std::string brief(const Op& op) {
  return std::string(opName(op.body)) + ' ' + toText(op.id).substr(32) + " of " + op.actor + " in draft " +
         toText(op.draft).substr(32);
}

std::string nameOf(const std::optional<ErrorCode>& code) {
  return code ? std::string(errorName(*code)) : "nothing";
}

// An entry as it has to be stored once the segment's text is erased.
LogEntry withoutText(LogEntry entry) {
  auto& append = std::get<AppendSegment>(entry.op.body);
  append.content = erasedContent(append.content.digest);
  return entry;
}

constexpr std::size_t kEverything = std::size_t{1} << 30U;
constexpr std::uint32_t kAll = 1'000'000;

// The reads of the final check cannot fail: nothing fails in a healed world.
template <typename T>
T got(StoreResult<T> result) {
  require(result.has_value(), "the healed store failed to read");
  return std::move(*result);
}

}  // namespace

const Oracle::Draft* Oracle::draft(const DraftId& id) const {
  const auto found = drafts_.find(id);
  return found == drafts_.end() ? nullptr : &found->second;
}

bool Oracle::isAccepted(const Op& op) const {
  const Draft* found = draft(op.draft);
  return found && found->ops.contains(op.id);
}

bool Oracle::isErased(const Op& op) const {
  const auto* redaction = std::get_if<RedactSegment>(&op.body);
  const Draft* found = redaction ? draft(op.draft) : nullptr;
  return found && found->redactedWith.contains(redaction->segment);
}

// --- commits --------------------------------------------------------------------------------------------

void Oracle::pushed(const Op& op) {
  const auto [begin, end] = pushed_.equal_range({op.draft, op.id});
  if (std::none_of(begin, end, [&](const auto& row) { return row.second == op; })) {
    pushed_.emplace(OpKey{op.draft, op.id}, op);
  }
}

void Oracle::committed(const Batch& batch) {
  ++commits_;
  // A batch tells no order between its rejections and its acceptances: each rejection must have been right at
  // some point on the way.
  std::map<DraftId, Stages> stages;
  for (const RejectedOp& rejected : batch.rejected) {
    const Draft* found = draft(rejected.key.draft);
    stages[rejected.key.draft] = {found ? found->state : ReferenceDraft{}};
  }
  std::set<DraftId> written;
  for (const DraftWrite& write : batch.drafts) {
    require(written.insert(write.head.id).second, "a batch writes a draft twice");
    if (const auto staged = stages.find(write.head.id); staged != stages.end()) {
      for (const AcceptedOp& op : write.ops) {
        ReferenceDraft stage = staged->second.back();
        stage.happen(op.entry);
        staged->second.push_back(std::move(stage));
      }
    }
    happen(write);
  }
  for (const RejectedOp& rejected : batch.rejected) {
    checkRejection(rejected, stages.at(rejected.key.draft));
  }
  std::set<DeviceId> makers;
  for (const DraftWrite& write : batch.drafts) {
    for (const AcceptedOp& op : write.ops) {
      makers.insert(op.entry.op.device);
    }
  }
  if (makers.size() > 1) {
    environment_.coverage.saw(Situation::batchOfSeveralDevices);
  }
  if (batch.drafts.size() > 1) {
    environment_.coverage.saw(Situation::batchOfSeveralDrafts);
  }
}

void Oracle::happen(const DraftWrite& write) {
  Draft& draft = drafts_[write.head.id];
  require(write.expected == draft.state.seq, "I4 a batch does not go on where the log ends");
  for (const AcceptedOp& accepted : write.ops) {
    require(accepted.entry.op.draft == write.head.id, "an op is in another draft's log");
    happen(draft, accepted.entry);
  }
  compareHead(draft, write.head);
}

void Oracle::happen(Draft& draft, const LogEntry& entry) {
  const Op& op = entry.op;
  require(entry.seq == draft.state.seq + 1, "I4 seq runs without a gap");
  require(entry.link == nextLink(draft.state.link, entry), "H2 the link does not follow");
  require(!draft.state.exists() || entry.acceptedAt >= draft.state.at, "I11 acceptedAt decreased");
  require(!draft.ops.contains(op.id), [&] { return "I6 accepted twice: " + brief(op); });
  require(!rejections_.contains({op.draft, op.id}), [&] { return "I6 accepted after it was rejected: " + brief(op); });
  require(!kept_.contains({op.draft, op.id}),
          [&] { return "I8 accepted, and kept as rejected by its device: " + brief(op); });
  const Limits& limits = environment_.plan.authority.limits;
  const auto objection = draft.state.objection(op, entry.acceptedAt, limits);
  require(!objection, [&] { return "accepted against the rules (" + nameOf(objection) + "): " + brief(op); });
  require(!malformed(op, limits), [&] { return "accepted although malformed: " + brief(op); });

  checkOrder(op);
  note(draft, op);
  draft.state.happen(entry);
  draft.ops.emplace(op.id, entry.seq);
  draft.log.push_back(entry);
  ++opsAccepted_;
  environment_.mark(entry.link[0] | std::uint64_t{entry.link[1]} << 8U);
}

// S3: a device's ops are accepted in the order in which its user made them.
void Oracle::checkOrder(const Op& op) {
  const auto order = orders_.find({op.draft, op.id});
  if (order == orders_.end() || environment_.plan.outOfOrder) {
    return;
  }
  std::uint64_t& last = lastOrders_[{op.draft, op.device}];
  require(order->second > last, [&] { return "S3 an op was overtaken by a later one: " + brief(op); });
  last = order->second;
}

void Oracle::note(Draft& draft, const Op& op) {
  environment_.coverage.accepted.set(op.body.index());
  if (const auto* removed = std::get_if<RemoveCollaborator>(&op.body)) {
    draft.leftWith[removed->user] = commits_;
  } else if (std::holds_alternative<AddCollaborator>(op.body) || std::holds_alternative<AcceptInvite>(op.body)) {
    const auto* added = std::get_if<AddCollaborator>(&op.body);
    const UserId& user = added ? added->user : op.actor;
    draft.joinedWith[user] = commits_;
    if (draft.leftWith.contains(user)) {
      environment_.coverage.saw(Situation::memberCameBack);
    }
  } else if (const auto* redacted = std::get_if<RedactSegment>(&op.body)) {
    draft.redactedWith[redacted->segment] = commits_;
    environment_.coverage.saw(Situation::segmentRedacted);
  } else if (std::holds_alternative<RestoreDraft>(op.body)) {
    environment_.coverage.saw(Situation::restoredDraft);
  } else if (std::holds_alternative<CreateDraft>(op.body)) {
    draft.joinedWith[op.actor] = commits_;
  } else if (const auto* append = std::get_if<AppendSegment>(&op.body)) {
    draft.appendedWith[append->segment] = commits_;
    if (draft.wroteLastFrom.emplace(op.actor, op.device).first->second != op.device) {
      environment_.coverage.saw(Situation::twoDevicesOfOneUserWrote);
    }
  }
}

void Oracle::checkRejection(const RejectedOp& rejected, const Stages& stages) {
  const Draft* found = draft(rejected.key.draft);
  require(!found || !found->ops.contains(rejected.key.op), "I6 an op was accepted and rejected");
  require(rejections_.emplace(rejected.key, rejected.why).second, "I6 an op was rejected twice");
  require(!isTransient(rejected.why.code), "K5 a failure of the infrastructure is remembered as a verdict");
  const auto [begin, end] = pushed_.equal_range(rejected.key);
  const auto row = std::find_if(begin, end, [&](const auto& each) { return opDigest(each.second) == rejected.digest; });
  require(row != end, "an op was rejected that nobody pushed");
  const Op& op = row->second;
  const bool rightly = std::ranges::any_of(stages, [&](const ReferenceDraft& stage) {
    return stage.objection(op, rejected.at, environment_.plan.authority.limits) == rejected.why.code;
  });
  require(rightly, [&] { return "rejected wrongly as " + nameOf(rejected.why.code) + ": " + brief(op); });
}

void Oracle::compareHead(const Draft& draft, const DraftHead& head) const {
  const ReferenceDraft& expected = draft.state;
  require(head.position == LogPosition{expected.seq, expected.link}, "I7 the head's position is another");
  require(head.updatedAt == expected.at && head.ring.since == expected.heldSince, "I7 the head's times are others");
  const auto difference = expected.difference(head);
  require(difference.empty(), [&] { return "I7 a head differs in its " + std::string(difference); });
}

// --- messages -------------------------------------------------------------------------------------------

struct Oracle::Said {
  const Oracle& oracle;
  const UserId& user;
  std::uint64_t known;
  Coverage& coverage;

  // Whether the authority can have taken the user for a member when it said this.
  [[nodiscard]] bool maybeMember(const DraftId& id) const {
    const Draft* draft = oracle.draft(id);
    if (!draft) {
      return false;
    }
    const auto left = draft->leftWith.find(user);
    return draft->state.isMember(user) || (left != draft->leftWith.end() && left->second > known);
  }

  [[nodiscard]] bool maybeStranger(const DraftId& id) const {
    const Draft* draft = oracle.draft(id);
    return !draft || !draft->state.isMember(user) || draft->joinedWith.at(user) > known;
  }

  void needMember(const DraftId& id) const {
    require(maybeMember(id),
            [&] { return "I10 " + user + " is told of draft " + toText(id).substr(32) + " and is no member"; });
  }

  void needPosition(const DraftId& id, const LogPosition& position) const {
    const Draft* draft = oracle.draft(id);
    require(draft && position.seq <= draft->log.size(), "I9 a position is told that is not durable");
    const Digest link = position.seq == 0 ? Digest{} : draft->entry(position.seq).link;
    require(link == position.link, "H3 a position is told with another link than the log's");
  }

  void needContent(const Draft& draft, const LogEntry& durable, const std::string& text, bool erased) const {
    const auto& append = std::get<AppendSegment>(durable.op.body);
    const auto redacted = draft.redactedWith.find(append.segment);
    const bool redactedBefore = redacted != draft.redactedWith.end();
    if (erased) {
      require(redactedBefore, "I4 a text was lost without a redaction");
      require(text.empty(), "O12 an erased text is told");
      coverage.saw(Situation::redactedBeforeItWasRead);
      return;
    }
    // The batch that redacts may have appended it, too: its entries are told as they were accepted.
    require(!redactedBefore || redacted->second > known || redacted->second == draft.appendedWith.at(append.segment),
            "O12 a redacted text is told");
    require(text == append.content.text, "I4 a text was changed");
  }

  void operator()(const Welcome& message) const { require(message.user == user, "another user is welcomed"); }
  void operator()(const Refused& message) const {
    if (message.why.code == ErrorCode::tokenExpired) {
      coverage.saw(Fault::tokenExpired);
    }
    coverage.refusals.set(static_cast<std::size_t>(message.why.code));
  }
  void operator()(const CatchUp& /*message*/) const {}
  void operator()(const Pong& /*message*/) const {}

  void operator()(const Receipts& message) const {
    for (const OpReceipt& receipt : message.receipts) {
      if (const auto* accepted = std::get_if<Accepted>(&receipt.receipt)) {
        check(receipt, *accepted);
      } else {
        check(receipt, std::get<Rejection>(receipt.receipt));
      }
    }
  }

  void check(const OpReceipt& receipt, const Accepted& accepted) const {  // I9
    const Draft* draft = oracle.draft(receipt.draft);
    require(draft && draft->ops.contains(receipt.op), "I9 a receipt says accepted for an op that is not durable");
    const LogEntry& entry = draft->entry(draft->ops.at(receipt.op));
    require(acceptedFor(entry) == accepted, "I6 a receipt differs from the log");
    require(entry.op.actor == user, "I10 a receipt goes to someone else");
  }

  void check(const OpReceipt& receipt, const Rejection& why) const {
    coverage.receipts.set(static_cast<std::size_t>(why.code));
    const Draft* draft = oracle.draft(receipt.draft);
    const bool everMember = draft && draft->joinedWith.contains(user);
    if (everMember) {
      return;
    }
    // I10: to someone who never was a member, only what would be said of a draft that does not exist. That an id
    // is taken can only be told to whoever tries to create a draft under it.
    constexpr std::array kDraftIndependent{
        ErrorCode::notFound,       ErrorCode::notAllowed,  ErrorCode::titleInvalid, ErrorCode::contentEmpty,
        ErrorCode::contentTooLong, ErrorCode::invalidText, ErrorCode::idMalformed,  ErrorCode::idempotencyKeyReused,
        ErrorCode::unavailable,    ErrorCode::internal,    ErrorCode::rateLimited,  ErrorCode::idTaken,
        ErrorCode::inviteInvalid};
    // §11: these to someone who was given a token, as checkRejection() has seen.
    constexpr std::array kForGuests{ErrorCode::inviteUsed, ErrorCode::inviteExpired, ErrorCode::quotaExceeded};
    const auto verdict = oracle.rejections_.find({receipt.draft, receipt.op});
    if (std::ranges::find(kForGuests, why.code) != kForGuests.end() && verdict != oracle.rejections_.end() &&
        verdict->second.code == why.code) {
      return;
    }
    require(std::ranges::find(kDraftIndependent, why.code) != kDraftIndependent.end(),
            [&] { return "I10 " + user + " learns from " + nameOf(why.code) + " that a draft exists"; });
  }

  void operator()(const Changed& message) const {
    for (const DraftPosition& listed : message.drafts) {
      needMember(listed.draft);
      needPosition(listed.draft, listed.position);
    }
    for (const DraftId& id : message.removed) {
      const Draft* draft = oracle.draft(id);
      require(draft && draft->leftWith.contains(user),
              "I10 someone is told that a draft was taken from them that they never had");
      require(maybeStranger(id), "a member is told that they are none");
    }
  }

  void operator()(const Entries& message) const {
    needMember(message.draft);
    needPosition(message.draft, message.before);
    needPosition(message.draft, message.head);
    const Draft& draft = *oracle.draft(message.draft);
    Seq seq = message.before.seq;
    for (const LogEntry& entry : message.entries) {
      require(entry.seq == ++seq, "I4 entries are told with a gap");
      needPosition(message.draft, entry.position());
      const LogEntry& durable = draft.entry(seq);
      if (const auto* append = std::get_if<AppendSegment>(&entry.op.body)) {
        needContent(draft, durable, append->content.text, append->content.erased);
        require(withoutText(entry) == withoutText(durable), "I4 an entry is told other than it was accepted");
      } else {
        require(entry == durable, "I4 an entry is told other than it was accepted");
      }
    }
    require(message.head.seq >= seq, "a head is told that lies behind its entries");
  }

  void operator()(const SnapshotPart& message) const {
    needMember(message.draft);
    needPosition(message.draft, message.at);
    const Draft& draft = *oracle.draft(message.draft);
    if (message.state && message.at.seq == draft.state.seq) {
      oracle.compareHead(draft, *message.state);
    }
    std::uint32_t position = message.progress.segments;
    for (const Segment& segment : message.segments) {
      require(segment.position == position++, "I5 segments are told with a gap");
      require(segment.position < draft.state.lines.size() && segment.id == draft.state.lines[segment.position].id,
              "I5 a segment is told at another position");
      needContent(draft, draft.entry(segment.seq), segment.content.text, segment.content.erased);
    }
  }

  void operator()(const Gone& message) const {
    require(maybeStranger(message.draft), "a member is told that there is no such draft");
  }

  void operator()(const Presence& message) const {
    needMember(message.draft);
    const auto isReader = [&](const Person& person) { return person.user == user; };
    require(std::ranges::any_of(message.people, isReader), "S11 presence is told to someone who is not there");
  }

  void operator()(const Diverged& message) const {
    needMember(message.draft);
    needPosition(message.draft, message.head);
  }
};

void Oracle::sending(const UserId& user, const AuthorityMessage& message, std::uint64_t known) {
  std::visit(Said{*this, user, known, environment_.coverage}, message);
}

void Oracle::receiptSeen(const OpReceipt& receipt) {
  const auto [first, isNew] = seen_.emplace(OpKey{receipt.draft, receipt.op}, receipt.receipt);
  if (!isNew) {
    environment_.coverage.saw(Situation::receiptRepeated);
  }
  require(first->second == receipt.receipt,
          [&] { return "I6 a second receipt differs from the first: op " + toText(receipt.op).substr(32); });
  if (const auto* accepted = std::get_if<Accepted>(&receipt.receipt)) {
    const Draft* found = draft(receipt.draft);
    require(
        found && found->ops.contains(receipt.op) && acceptedFor(found->entry(found->ops.at(receipt.op))) == *accepted,
        "I9 a device has a receipt for an op that is not durable");
  }
}

void Oracle::kept(const Op& op) {
  require(!isAccepted(op), [&] { return "I8 kept as rejected although accepted: " + brief(op); });
  kept_.insert({op.draft, op.id});
}

// --- the end --------------------------------------------------------------------------------------------

void Oracle::finalCheck(Store& store, const std::set<UserId>& users) {
  const auto ids = got(store.allDrafts({}, kAll));
  require(std::ranges::equal(ids, drafts_, {}, {}, [](const auto& row) { return row.first; }),
          "the store has other drafts than were created");
  for (const auto& [id, draft] : drafts_) {
    refold(store, id, draft);
  }
  for (const UserId& user : users) {
    checkList(store, user);
  }
  require(got(store.integrity()).empty(), "the store reports damage");
}

void Oracle::refold(Store& store, const DraftId& id, const Draft& draft) const {
  const auto log = got(store.readLog(id, 0, kEverything));
  require(log.size() == draft.log.size(), "I4 the log has another length");
  DraftState state;
  std::vector<Segment> segments;
  std::vector<RingPass> passes;
  for (std::size_t i = 0; i < log.size(); ++i) {
    const LogEntry& durable = draft.log[i];
    const auto segment = segmentOf(durable.op);
    const bool appended = std::holds_alternative<AppendSegment>(durable.op.body);
    const bool erased = appended && draft.redactedWith.contains(*segment);
    require(log[i] == (erased ? withoutText(durable) : durable), "I4 an accepted op was changed");
    require(log[i].link == nextLink(state.position.link, log[i]), "H2 the stored chain does not verify");
    Change change = apply(state, log[i]);
    checkInvariants(state);
    if (change.added) {
      segments.push_back(*change.added);
    }
    if (change.passed) {
      passes.push_back(*change.passed);
    }
  }
  const auto found = got(store.find({.drafts = {id}, .ops = {}, .segments = {}}));
  require(found.drafts.at(0) == state, "I7 the stored state is not the fold of the log");
  require(got(store.readSegments(id, 0, kAll, kEverything)) == segments,
          "I7 the stored segments are not the fold of the log");
  require(got(store.readPasses(id, 0, kAll)) == passes, "I7 the stored ring history is not the fold of the log");
  for (std::size_t i = 1; i < passes.size(); ++i) {
    require(passes[i].from != passes[i].to && passes[i].from == passes[i - 1].to,
            "the ring's history does not join up");
  }
  compareHead(draft, state);
  require(draft.state.hasMembersOf(state), "I7 the members are others");
  require(draft.state.hasInvitesOf(state), "I7 the invites are others");
}

void Oracle::checkList(Store& store, const UserId& user) const {
  std::vector<DraftHead> expected;
  for (const auto& [id, draft] : drafts_) {
    if (draft.state.isMember(user) && !draft.state.deleted) {
      expected.push_back(*got(store.find({.drafts = {id}, .ops = {}, .segments = {}})).drafts.at(0));
    }
  }
  std::ranges::sort(expected, [](const DraftHead& one, const DraftHead& other) {
    return one.updatedAt != other.updatedAt ? one.updatedAt > other.updatedAt : one.id < other.id;
  });
  require(got(store.listDrafts(user, {}, kAll)) == expected, "a user's list of drafts is another");
}

}  // namespace onering::simulation
