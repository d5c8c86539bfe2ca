#include "writing.h"

#include <algorithm>
#include <array>
#include <map>
#include <utility>

#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>

#include "onering/domain/canonical.h"
#include "onering/domain/text.h"

#include "names.h"

namespace onering::postgres {

namespace {

// Collects the parameters of a call, one array a column, in the order in which they were declared.
template <typename... Arrays>
Call callOf(const Statement& statement, Arrays&&... arrays) {
  Call call{.statement = &statement, .parameters = {}};
  (call.parameters.push_back(std::forward<Arrays>(arrays).take()), ...);
  return call;
}

std::string requestsJson(const std::vector<RingRequest>& requests) {
  boost::json::array list;
  for (const RingRequest& request : requests) {
    list.push_back({{"user", request.user}, {"atMs", toMs(request.at)}});
  }
  return boost::json::serialize(list);
}

// HEAD_ARRAYS of statements.cpp.
struct HeadColumns {
  Array<DraftId> draft;
  Array<std::int64_t> seq;
  Array<Digest> link;
  Array<std::int64_t> epoch;
  Array<std::int32_t> segmentCount;
  Array<std::string_view> status, owner, holder;
  Array<Time> since;
  Array<std::string_view> requests, title, platform;
  Array<std::int64_t> holdLimit;
  Array<Time> createdAt, updatedAt, deletedAt;

  void add(const DraftHead& head) {
    draft.add(head.id);
    seq.add(static_cast<std::int64_t>(head.position.seq));
    link.add(head.position.link);
    epoch.add(static_cast<std::int64_t>(head.ring.epoch));
    segmentCount.add(static_cast<std::int32_t>(head.segmentCount));
    status.add(nameOf(head.status));
    owner.add(head.owner);
    holder.add(head.ring.holder);
    since.add(head.ring.since);
    requests.add(requestsJson(head.ring.requests));
    title.add(head.title);
    platform.add(head.platform);
    holdLimit.add(head.holdLimit.count());
    createdAt.add(head.createdAt);
    updatedAt.add(head.updatedAt);
    deletedAt.addOrNull(head.deletedAt);
  }

  template <typename... More>
  Call call(const Statement& statement, More&&... more) && {
    return callOf(statement, std::move(draft), std::move(seq), std::move(link), std::move(epoch),
                  std::move(segmentCount), std::move(status), std::move(owner), std::move(holder), std::move(since),
                  std::move(requests), std::move(title), std::move(platform), std::move(holdLimit),
                  std::move(createdAt), std::move(updatedAt), std::move(deletedAt), std::forward<More>(more)...);
  }
};

struct AcceptedColumns {
  Array<DraftId> draft;
  Array<OpId> op;
  Array<std::string_view> actor;
  Array<Time> at;
  Array<std::int64_t> seq;
  Array<Bytes> body;
  Array<Digest> link;
  Array<std::string_view> display;
  Array<std::int32_t> position;

  void add(const AcceptedOp& accepted) {
    const LogEntry& entry = accepted.entry;
    const std::string canonical = canonicalBytes(entry.op, stampOf(entry));
    draft.add(entry.op.draft);
    op.add(entry.op.id);
    actor.add(entry.op.actor);
    at.add(entry.acceptedAt);
    seq.add(static_cast<std::int64_t>(entry.seq));
    body.add({canonical});
    link.add(entry.link);
    display.add(entry.actorDisplay);
    position.addOrNull(accepted.change.added.transform(
        [](const Segment& added) { return static_cast<std::int32_t>(added.position); }));
  }

  Call call() && {
    return callOf(kInsertAccepted, std::move(draft), std::move(op), std::move(actor), std::move(at), std::move(seq),
                  std::move(body), std::move(link), std::move(display), std::move(position));
  }
};

struct RejectedColumns {
  Array<DraftId> draft;
  Array<OpId> op;
  Array<std::string_view> actor;
  Array<Time> at;
  Array<Digest> digest;
  Array<std::string_view> code, message;

  void add(const RejectedOp& rejected) {
    draft.add(rejected.key.draft);
    op.add(rejected.key.op);
    actor.add(rejected.actor);
    at.add(rejected.at);
    digest.add(rejected.digest);
    code.add(errorName(rejected.why.code));
    message.add(rejected.why.message);
  }

  Call call() && {
    return callOf(kInsertRejected, std::move(draft), std::move(op), std::move(actor), std::move(at), std::move(digest),
                  std::move(code), std::move(message));
  }
};

struct SegmentColumns {
  Array<DraftId> draft;
  Array<std::int32_t> position;
  Array<SegmentId> segment;
  Array<std::int64_t> seq, epoch;
  Array<std::string_view> author, display;
  Array<Time> authoredAt, acceptedAt;
  Array<std::string_view> content;
  Array<Salt> salt;
  Array<Digest> digest;
  Array<Time> deletedAt;

  void add(const DraftId& id, const Segment& added) {
    draft.add(id);
    position.add(static_cast<std::int32_t>(added.position));
    segment.add(added.id);
    seq.add(static_cast<std::int64_t>(added.seq));
    epoch.add(static_cast<std::int64_t>(added.epoch));
    author.add(added.author);
    display.add(added.authorDisplay);
    authoredAt.add(added.authoredAt);
    acceptedAt.add(added.acceptedAt);
    digest.add(added.content.digest);
    if (added.content.erased) {
      content.addNull();
      salt.addNull();
      deletedAt.add(added.acceptedAt);
    } else {
      content.add(added.content.text);
      salt.add(added.content.salt);
      deletedAt.addNull();
    }
  }

  Call call() && {
    return callOf(kInsertSegments, std::move(draft), std::move(position), std::move(segment), std::move(seq),
                  std::move(epoch), std::move(author), std::move(display), std::move(authoredAt), std::move(acceptedAt),
                  std::move(content), std::move(salt), std::move(digest), std::move(deletedAt));
  }
};

struct PassColumns {
  Array<DraftId> draft;
  Array<std::int64_t> epoch;
  Array<std::string_view> from, to;
  Array<Time> at;
  Array<std::string_view> kind;

  void add(const DraftId& id, const RingPass& pass) {
    draft.add(id);
    epoch.add(static_cast<std::int64_t>(pass.epoch));
    from.addOrNull(pass.from);
    to.add(pass.to);
    at.add(pass.at);
    kind.add(nameOf(pass.kind));
  }

  Call call() && {
    return callOf(kInsertPasses, std::move(draft), std::move(epoch), std::move(from), std::move(to), std::move(at),
                  std::move(kind));
  }
};

struct RedactionColumns {
  Array<DraftId> draft;
  Array<SegmentId> segment;
  Array<Time> at;

  Call call() && { return callOf(kRedactSegments, std::move(draft), std::move(segment), std::move(at)); }
};

struct EventColumns {
  Array<DraftId> draft;
  Array<EventId> id;
  Array<std::string_view> type, user, from, to;
  Array<std::int64_t> epoch;
  Array<Time> at;

  void add(const Event& event) {
    draft.add(event.draft);
    id.add(event.id);
    type.add(eventName(event.type));
    user.add(event.user);
    from.addOrNull(event.from);
    to.addOrNull(event.to);
    epoch.addOrNull(event.epoch > 0 ? std::optional(static_cast<std::int64_t>(event.epoch)) : std::nullopt);
    at.add(event.occurredAt);
  }

  Call call(const Statement& statement = kInsertEvents) && {
    return callOf(statement, std::move(draft), std::move(id), std::move(type), std::move(user), std::move(from),
                  std::move(to), std::move(epoch), std::move(at));
  }
};

// What a batch makes of memberships: one row may change only once in a statement, so it is the outcome that counts.
class Memberships {
 public:
  void add(const AcceptedOp& accepted) {
    const LogEntry& entry = accepted.entry;
    if (const auto& joined = accepted.change.joined) {
      Outcome& outcome = outcomes_[{entry.op.draft, joined->user}];
      outcome.member = *joined;
      outcome.leftAt.reset();
    }
    if (const auto& left = accepted.change.left) {
      outcomes_[{entry.op.draft, *left}].leftAt = entry.acceptedAt;
    }
  }

  void appendTo(std::vector<Call>& calls) && {
    Array<DraftId> putDraft, leaveDraft;
    Array<std::string_view> putUser, role, leaveUser;
    Array<Time> joinedAt, deletedAt, leftAt;
    for (const auto& [key, outcome] : outcomes_) {
      const auto& [draft, user] = key;
      if (outcome.member) {
        putDraft.add(draft);
        putUser.add(user);
        role.add(nameOf(outcome.member->role));
        joinedAt.add(outcome.member->joinedAt);
        deletedAt.addOrNull(outcome.leftAt);
      } else {
        leaveDraft.add(draft);
        leaveUser.add(user);
        leftAt.add(*outcome.leftAt);
      }
    }
    if (!putDraft.empty()) {
      calls.push_back(callOf(kPutCollaborators, std::move(putDraft), std::move(putUser), std::move(role),
                             std::move(joinedAt), std::move(deletedAt)));
    }
    if (!leaveDraft.empty()) {
      calls.push_back(callOf(kLeaveCollaborators, std::move(leaveDraft), std::move(leaveUser), std::move(leftAt)));
    }
  }

 private:
  struct Outcome {
    std::optional<Member> member;
    std::optional<Time> leftAt;
  };
  std::map<std::pair<DraftId, UserId>, Outcome> outcomes_;
};

// What a batch makes of invites: their outcome, as for memberships.
class Invites {
 public:
  void add(const AcceptedOp& accepted) {
    const LogEntry& entry = accepted.entry;
    for (const InviteId& id : accepted.change.uninvited) {
      outcomes_[{entry.op.draft, id}].revokedAt = entry.acceptedAt;
    }
    for (const Invite& invite : accepted.change.invited) {
      Outcome& outcome = outcomes_[{entry.op.draft, invite.id}];
      outcome.invite = invite;
      outcome.revokedAt.reset();
    }
  }

  void appendTo(std::vector<Call>& calls) && {
    Array<DraftId> putDraft, revokedDraft;
    Array<InviteId> putId, revokedId;
    Array<Digest> token;
    Array<std::string_view> role, createdBy, user, acceptedBy;
    Array<Time> createdAt, expiresAt, acceptedAt, revokedAt;
    for (const auto& [key, outcome] : outcomes_) {
      if (const auto& invite = outcome.invite) {
        putDraft.add(key.first);
        putId.add(key.second);
        token.add(invite->tokenHash);
        role.add(nameOf(invite->role));
        createdBy.add(invite->createdBy);
        invite->user.empty() ? user.addNull() : user.add(invite->user);
        createdAt.add(invite->createdAt);
        expiresAt.add(invite->expiresAt);
        acceptedBy.addOrNull(invite->isUsed() ? std::optional<std::string_view>(invite->acceptedBy) : std::nullopt);
        acceptedAt.addOrNull(invite->isUsed() ? std::optional(invite->acceptedAt) : std::nullopt);
      }
      if (outcome.revokedAt) {
        revokedDraft.add(key.first);
        revokedId.add(key.second);
        revokedAt.add(*outcome.revokedAt);
      }
    }
    if (!putDraft.empty()) {
      calls.push_back(callOf(kPutInvites, std::move(putDraft), std::move(putId), std::move(token), std::move(role),
                             std::move(createdBy), std::move(user), std::move(createdAt), std::move(expiresAt),
                             std::move(acceptedBy), std::move(acceptedAt)));
    }
    if (!revokedDraft.empty()) {
      calls.push_back(callOf(kRevokeInvites, std::move(revokedDraft), std::move(revokedId), std::move(revokedAt)));
    }
  }

 private:
  struct Outcome {
    std::optional<Invite> invite;
    std::optional<Time> revokedAt;
  };
  std::map<std::pair<DraftId, InviteId>, Outcome> outcomes_;
};

// Users come to be known with the drafts that they create and the members that they are made.
class Users {
 public:
  void add(const AcceptedOp& accepted) {
    const LogEntry& entry = accepted.entry;
    if (const auto& joined = accepted.change.joined) {
      const bool isActor = joined->user == entry.op.actor;
      known_.try_emplace(joined->user,
                         User{isActor ? entry.actorDisplay : anonymousDisplay(joined->user), entry.acceptedAt});
    }
  }

  void appendTo(std::vector<Call>& calls) && {
    if (known_.empty()) {
      return;
    }
    Array<std::string_view> id, display;
    Array<Time> at;
    for (const auto& [user, known] : known_) {
      id.add(user);
      display.add(known.display);
      at.add(known.at);
    }
    calls.push_back(callOf(kPutUsers, std::move(id), std::move(display), std::move(at)));
  }

 private:
  struct User {
    std::string display;
    Time at;
  };
  std::map<UserId, User> known_;
};

template <typename Columns>
void appendTo(std::vector<Call>& calls, Columns&& columns) {
  if (!columns.draft.empty()) {
    calls.push_back(std::forward<Columns>(columns).call());
  }
}

std::vector<const DraftWrite*> byDraft(const Batch& batch) {
  std::vector<const DraftWrite*> writes;
  for (const DraftWrite& write : batch.drafts) {
    writes.push_back(&write);
  }
  std::ranges::sort(writes, {}, [](const DraftWrite* write) { return write->head.id; });
  return writes;
}

// The statements on drafts' heads come first: they take the locks, and they find out whether the batch may go on.
class BatchRows {
 public:
  void add(const DraftWrite& write) {
    if (write.expected == 0) {
      created_.add(write.head);
    } else {
      advanced_.add(write.head);
      expected_.add(static_cast<std::int64_t>(write.expected));
    }
    for (const AcceptedOp& op : write.ops) {
      add(op);
    }
    if (write.head.status == DraftStatus::completed && write.head.segmentCount <= kHashedSegmentsMax) {
      completed_.add(write.head.id);
    }
  }

  void add(const RejectedOp& op) { rejected_.add(op); }

  void add(const SeqCheck& looked) {
    lookedAt_.add(looked.draft);
    lookedAtSeq_.add(static_cast<std::int64_t>(looked.seq));
  }

  [[nodiscard]] Request request() && {
    Request request;
    std::vector<Call>& calls = request.calls;
    calls.push_back({.statement = &kBegin, .parameters = {}});
    if (!advanced_.draft.empty()) {
      calls.push_back(std::move(advanced_).call(kAdvanceDrafts, std::move(expected_)));
    }
    if (!created_.draft.empty()) {
      calls.push_back(std::move(created_).call(kCreateDrafts));
    }
    if (!lookedAt_.empty()) {
      calls.push_back(callOf(kCheckDrafts, std::move(lookedAt_), std::move(lookedAtSeq_)));
    }
    appendTo(calls, std::move(accepted_));
    appendTo(calls, std::move(rejected_));
    appendTo(calls, std::move(segments_));
    appendTo(calls, std::move(redactions_));
    if (!completed_.empty()) {
      calls.push_back(callOf(kHashContents, std::move(completed_)));
    }
    appendTo(calls, std::move(passes_));
    std::move(memberships_).appendTo(calls);
    std::move(users_).appendTo(calls);
    std::move(invites_).appendTo(calls);
    appendTo(calls, std::move(events_));
    calls.push_back({.statement = &kCommit, .parameters = {}});
    return request;
  }

 private:
  void add(const AcceptedOp& accepted) {
    const DraftId& draft = accepted.entry.op.draft;
    const Change& change = accepted.change;
    accepted_.add(accepted);
    if (const auto event = eventOf(accepted.entry, change)) {
      events_.add(*event);
    }
    memberships_.add(accepted);
    users_.add(accepted);
    invites_.add(accepted);
    if (change.added) {
      segments_.add(draft, *change.added);
    }
    if (change.redacted) {
      redactions_.draft.add(draft);
      redactions_.segment.add(*change.redacted);
      redactions_.at.add(accepted.entry.acceptedAt);
    }
    if (change.passed) {
      passes_.add(draft, *change.passed);
    }
  }

  // Hashing more would hold up the batch, and everybody in it, for longer than a moment (64 MB at most).
  static constexpr std::uint32_t kHashedSegmentsMax = 4096;

  HeadColumns created_, advanced_;
  Array<std::int64_t> expected_;
  Array<DraftId> lookedAt_;
  Array<std::int64_t> lookedAtSeq_;
  Array<DraftId> completed_;
  AcceptedColumns accepted_;
  RejectedColumns rejected_;
  SegmentColumns segments_;
  RedactionColumns redactions_;
  PassColumns passes_;
  Memberships memberships_;
  Users users_;
  Invites invites_;
  EventColumns events_;
};

bool isOneOf(std::string_view state, std::initializer_list<std::string_view> states) {
  return std::ranges::find(states, state) != states.end();
}

StoreFault faultFor(std::string_view state) {
  // unique_violation; division_by_zero, by which kAdvanceDrafts says that a draft is elsewhere; foreign_key_violation:
  // the draft was purged meanwhile; deadlock and serialization.
  if (isOneOf(state, {"23505", "22012", "23503", "40001", "40P01"})) {
    return StoreFault::conflict;
  }
  if (isOneOf(state, {"53100", "53200", "54000"})) {
    return StoreFault::full;
  }
  if (state.starts_with("XX") || state.starts_with("58") || isOneOf(state, {"23514", "42P01", "42703"})) {
    return StoreFault::damaged;
  }
  return StoreFault::unavailable;
}

}  // namespace

Request commitRequest(const Batch& batch) {
  BatchRows rows;
  for (const DraftWrite* write : byDraft(batch)) {
    rows.add(*write);
  }
  for (const RejectedOp& op : batch.rejected) {
    rows.add(op);
  }
  for (const SeqCheck& looked : batch.checks) {
    rows.add(looked);
  }
  return std::move(rows).request();
}

Request appendEventsRequest(const std::vector<Event>& events) {
  EventColumns columns;
  for (const Event& event : events) {
    columns.add(event);
  }
  Request request;
  request.calls.push_back(std::move(columns).call(kAppendEvents));
  return request;
}

Request claimRequest(const RequestRecord& record, Time validFrom) {
  const RequestKey& key = record.key;
  return {.calls = {{.statement = &kClaimRequest,
                     .parameters = {scalar(key.scope), scalar(key.key), scalar(record.request), scalar(record.op),
                                    scalar(record.salt), scalar(record.createdAt), scalar(validFrom)}},
                    {.statement = &kFindRequest, .parameters = {scalar(key.scope), scalar(key.key)}}}};
}

Request completeRequest(const RequestKey& key, const OpId& op, const RequestAnswer& answer) {
  return {.calls = {{.statement = &kCompleteRequest,
                     .parameters = {scalar(key.scope), scalar(key.key), scalar(op),
                                    scalar(static_cast<std::int16_t>(answer.status)), scalar(answer.body)}},
                    {.statement = &kFindRequest, .parameters = {scalar(key.scope), scalar(key.key)}}}};
}

Request forgetRequestsRequest(Time before) {
  return {.calls = {{.statement = &kForgetRequests, .parameters = {scalar(before)}}}};
}

Request forgetRejectedRequest(Time before) {
  return {.calls = {{.statement = &kForgetRejected, .parameters = {scalar(before)}}}};
}

Request jobRequest(const Job& job, Request work) {
  const auto id = JobId::fromHalves(0x4000, 0x8000'0000'0000'0000 + job.number);
  Request request;
  request.calls.push_back({.statement = &kBegin, .parameters = {}});
  request.calls.push_back(
      {.statement = &kTakeJob, .parameters = {scalar(id), scalar(static_cast<std::int64_t>(job.pause.count()))}});
  std::ranges::move(work.calls, std::back_inserter(request.calls));
  request.calls.push_back({.statement = &kCommit, .parameters = {}});
  return request;
}

StoreError errorFrom(const Failure& failure, bool commits) {
  std::string detail = failure.sqlState.empty() ? failure.message : failure.sqlState + ": " + failure.message;
  if (failure.lost) {
    return {commits ? StoreFault::unknown : StoreFault::unavailable, std::move(detail)};
  }
  return {faultFor(failure.sqlState), std::move(detail)};
}

// lock_not_available, query_canceled.
bool waitedInVain(const Failure& failure) {
  return !failure.lost && isOneOf(failure.sqlState, {"55P03", "57014"});
}

Request endStalledRequest(std::chrono::milliseconds stillFor) {
  return {.calls = {{.statement = &kEndStalled, .parameters = {scalar(static_cast<std::int64_t>(stillFor.count()))}}}};
}

bool worthRepeating(const Failure& failure) {
  return !failure.lost && isOneOf(failure.sqlState, {"40001", "40P01"});
}

}  // namespace onering::postgres
