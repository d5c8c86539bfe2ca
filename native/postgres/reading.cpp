#include "reading.h"

#include <algorithm>
#include <limits>
#include <map>
#include <set>
#include <utility>

#include <boost/json/parse.hpp>

#include "onering/domain/canonical.h"

#include "names.h"

namespace onering::postgres {

namespace {

std::vector<RingRequest> requestsFrom(std::string_view json) {
  // jsonb travels as its version, a byte, and text.
  boost::system::error_code wrong;
  const boost::json::value parsed = boost::json::parse(json.substr(std::min<std::size_t>(1, json.size())), wrong);
  std::vector<RingRequest> requests;
  if (wrong || !parsed.is_array()) {
    throw Damage("a queue for the ring");
  }
  for (const boost::json::value& line : parsed.get_array()) {
    const auto* request = line.if_object();
    const auto* user = request ? request->if_contains("user") : nullptr;
    const auto* at = request ? request->if_contains("atMs") : nullptr;
    if (!user || !user->is_string() || !at || !at->is_int64()) {
      throw Damage("a queue for the ring");
    }
    requests.push_back({UserId(user->get_string()), timeFromMs(at->get_int64())});
  }
  return requests;
}

// HEAD of statements.cpp.
void readHead(const Row& row, DraftHead& head) {
  head.id = row.id<DraftId>(0);
  head.position = {row.numberAs<Seq>(1), row.digest(2)};
  head.ring.epoch = row.numberAs<Epoch>(3);
  head.segmentCount = row.numberAs<std::uint32_t>(4);
  head.status = valueOf<DraftStatus>(row.bytes(5), kStatuses);
  head.owner = row.text(6);
  head.ring.holder = row.text(7);
  head.ring.since = row.time(8);
  head.ring.requests = requestsFrom(row.bytes(9));
  head.title = row.text(10);
  head.platform = row.text(11);
  head.holdLimit = Duration{row.number(12)};
  head.createdAt = row.time(13);
  head.updatedAt = row.time(14);
  if (!row.isNull(15)) {
    head.deletedAt = row.time(15);
  }
}

Invite inviteIn(const Row& row) {
  Invite invite{.id = row.id<InviteId>(1),
                .tokenHash = row.digest(2),
                .role = valueOf<Role>(row.bytes(3), kRoles),
                .createdBy = row.text(4),
                .user = row.isNull(5) ? UserId() : row.text(5),
                .createdAt = row.time(6),
                .expiresAt = row.time(7),
                .acceptedBy = {}};
  if (!row.isNull(8)) {
    invite.acceptedBy = row.text(8);
    invite.acceptedAt = row.time(9);
  }
  return invite;
}

// What addStateCalls() asked, the results from `first` on.
std::map<DraftId, DraftState> statesIn(const Results& results, std::size_t first) {
  const Result& heads = results.at(first);
  const Result& members = results.at(first + 1);
  const Result& invites = results.at(first + 2);
  std::map<DraftId, DraftState> states;
  for (int i = 0; i < countOf(heads); ++i) {
    const Row row = rowOf(heads, i);
    readHead(row, states[row.id<DraftId>(0)]);
  }
  for (int i = 0; i < countOf(members); ++i) {
    const Row row = rowOf(members, i);
    if (const auto state = states.find(row.id<DraftId>(0)); state != states.end()) {
      state->second.members.push_back({row.text(1), valueOf<Role>(row.bytes(2), kRoles), row.time(3)});
    }
  }
  for (int i = 0; i < countOf(invites); ++i) {
    const Row row = rowOf(invites, i);
    if (const auto state = states.find(row.id<DraftId>(0)); state != states.end()) {
      state->second.invites.push_back(inviteIn(row));
    }
  }
  return states;
}

ParsedOp parsedOp(std::string_view body) {
  auto parsed = parseCanonical(body);
  if (!parsed) {
    throw Damage("an op's bytes");
  }
  return *std::move(parsed);
}

KnownOp knownFrom(const Row& row) {
  if (row.isNull(2)) {
    const auto code = errorFromName(row.bytes(7));
    if (!code) {
      throw Damage("a rejected op's code");
    }
    return {row.text(1), row.digest(6), Rejection{*code, row.text(8)}};
  }
  const ParsedOp parsed = parsedOp(row.bytes(4));
  return {row.text(1), opDigest(parsed.op),
          Accepted{parsed.stamp.seq, parsed.stamp.acceptedAt, parsed.stamp.rulesVersion, row.digest(5)}};
}

template <typename Key>
Call keysCall(const Statement& statement, const std::vector<Key>& keys, auto second) {
  Array<DraftId> drafts;
  Array<std::remove_cvref_t<decltype(second(keys.front()))>> ids;
  for (const Key& key : keys) {
    drafts.add(key.draft);
    ids.add(second(key));
  }
  return {.statement = &statement, .parameters = {std::move(drafts).take(), std::move(ids).take()}};
}

Parameter arrayOf(const std::vector<DraftId>& drafts) {
  Array<DraftId> ids;
  for (const DraftId& draft : drafts) {
    ids.add(draft);
  }
  return std::move(ids).take();
}

Parameter arrayOf(const std::vector<Seq>& seqs) {
  Array<std::int64_t> numbers;
  for (const Seq seq : seqs) {
    numbers.add(static_cast<std::int64_t>(seq));
  }
  return std::move(numbers).take();
}

// Nothing is behind the greatest number that a column can hold.
std::int64_t clamped(std::uint64_t number) {
  return static_cast<std::int64_t>(std::min<std::uint64_t>(number, std::numeric_limits<std::int64_t>::max() - 1));
}
std::int32_t clampedPosition(std::uint32_t position) {
  return static_cast<std::int32_t>(std::min<std::uint32_t>(position, std::numeric_limits<std::int32_t>::max()));
}

Call plain(const Statement& statement) {
  return {.statement = &statement, .parameters = {}};
}

void addStateCalls(Request& request, const std::vector<DraftId>& drafts) {
  for (const Statement* statement : {&kFindDrafts, &kFindMembers, &kFindDraftInvites}) {
    request.calls.push_back({.statement = statement, .parameters = {arrayOf(drafts)}});
  }
}

}  // namespace

// --- what a batch needs to know ------------------------------------------------------------------------------

Request findRequest(const Lookup& lookup) {
  Request request{.calls = {plain(kBeginRead)}};
  if (!lookup.drafts.empty()) {
    addStateCalls(request, lookup.drafts);
  }
  if (!lookup.ops.empty()) {
    request.calls.push_back(keysCall(kFindOps, lookup.ops, [](const OpKey& key) { return key.op; }));
  }
  if (!lookup.segments.empty()) {
    request.calls.push_back(
        keysCall(kFindSegments, lookup.segments, [](const SegmentKey& key) { return key.segment; }));
  }
  request.calls.push_back(plain(kCommit));
  return request;
}

Found foundIn(const Results& results, const Lookup& lookup) {
  Found found;
  found.drafts.resize(lookup.drafts.size());
  found.ops.resize(lookup.ops.size());
  found.segments.resize(lookup.segments.size());
  std::size_t next = 1;
  if (!lookup.drafts.empty()) {
    const auto states = statesIn(results, next);
    next += kStateCalls;
    for (std::size_t i = 0; i < lookup.drafts.size(); ++i) {
      if (const auto state = states.find(lookup.drafts[i]); state != states.end()) {
        found.drafts[i] = state->second;
      }
    }
  }
  if (!lookup.ops.empty()) {
    const Result& ops = results.at(next++);
    for (int i = 0; i < countOf(ops); ++i) {
      const Row row = rowOf(ops, i);
      found.ops.at(row.numberAs<std::size_t>(0) - 1) = knownFrom(row);
    }
  }
  if (!lookup.segments.empty()) {
    const Result& segments = results.at(next++);
    for (int i = 0; i < countOf(segments); ++i) {
      const Row row = rowOf(segments, i);
      found.segments.at(row.numberAs<std::size_t>(0) - 1) = SegmentRef{row.text(1), row.truth(2)};
    }
  }
  return found;
}

// --- a draft ------------------------------------------------------------------------------------------------

Request basisRequest(const DraftId& draft, const std::vector<Seq>& seqs) {
  Request request{.calls = {plain(kBeginRead)}};
  addStateCalls(request, {draft});
  request.calls.push_back(linkCall(draft, seqs));
  request.calls.push_back(plain(kCommit));
  return request;
}

Basis basisIn(const Results& results) {
  Basis basis;
  auto states = statesIn(results, 1);
  if (!states.empty()) {
    basis.state = std::move(states.begin()->second);
  }
  basis.links = linksIn(results.at(kBehindState));
  return basis;
}

Call linkCall(const DraftId& draft, const std::vector<Seq>& seqs) {
  return {.statement = &kReadLinks, .parameters = {scalar(draft), arrayOf(seqs)}};
}

std::vector<LogPosition> linksIn(const Result& result) {
  std::vector<LogPosition> links;
  for (int i = 0; i < countOf(result); ++i) {
    links.push_back({rowOf(result, i).numberAs<Seq>(0), rowOf(result, i).digest(1)});
  }
  return links;
}

Call positionsCall(const std::vector<DraftId>& drafts) {
  return {.statement = &kFindPositions, .parameters = {arrayOf(drafts)}};
}

std::vector<LogPosition> positionsIn(const Result& result, std::size_t count) {
  std::vector<LogPosition> positions(count);
  for (int i = 0; i < countOf(result); ++i) {
    const Row row = rowOf(result, i);
    positions.at(row.numberAs<std::size_t>(0) - 1) = {row.numberAs<Seq>(1), row.digest(2)};
  }
  return positions;
}

Call logCall(const DraftId& draft, Seq after, Seq through, std::size_t bytesMax) {
  return {.statement = &kReadLog,
          .parameters = {scalar(draft), scalar(clamped(after)), scalar(clamped(through)), scalar(clamped(bytesMax))}};
}

std::vector<LogEntry> logIn(const Result& result) {
  std::vector<LogEntry> entries;
  entries.reserve(static_cast<std::size_t>(countOf(result)));
  for (int i = 0; i < countOf(result); ++i) {
    const Row row = rowOf(result, i);
    ParsedOp parsed = parsedOp(row.bytes(1));
    auto* append = std::get_if<AppendSegment>(&parsed.op.body);
    if (append && !row.isNull(4)) {
      append->content.text = row.text(4);
      append->content.salt = row.fixed<Salt>(5);
      append->content.erased = false;
    }
    entries.push_back({.op = std::move(parsed.op),
                       .seq = parsed.stamp.seq,
                       .acceptedAt = parsed.stamp.acceptedAt,
                       .rulesVersion = parsed.stamp.rulesVersion,
                       .actorDisplay = row.text(3),
                       .link = row.digest(2)});
  }
  return entries;
}

Call segmentsCall(const DraftId& draft, std::uint32_t from, std::uint32_t end, std::size_t bytesMax,
                  const std::optional<UserId>& member) {
  return {.statement = &kReadSegments,
          .parameters = {scalar(draft), scalar(clampedPosition(from)), scalar(clampedPosition(end)),
                         scalar(clamped(bytesMax)), scalar(member)}};
}

// More may have been read than fits.
std::vector<Segment> segmentsIn(const Result& result, std::size_t bytesMax) {
  std::vector<Segment> segments;
  segments.reserve(static_cast<std::size_t>(countOf(result)));
  std::size_t bytes = 0;
  for (int i = 0; i < countOf(result); ++i) {
    const Row row = rowOf(result, i);
    bytes += row.isNull(8) ? 0 : row.bytes(8).size();
    if (bytes > bytesMax && i > 0) {
      break;
    }
    Segment& segment = segments.emplace_back();
    segment.position = row.numberAs<std::uint32_t>(0);
    segment.id = row.id<SegmentId>(1);
    segment.seq = row.numberAs<Seq>(2);
    segment.epoch = row.numberAs<Epoch>(3);
    segment.author = row.text(4);
    segment.authorDisplay = row.text(5);
    segment.authoredAt = row.time(6);
    segment.acceptedAt = row.time(7);
    segment.content =
        row.isNull(8) ? erasedContent(row.digest(10)) : Content{row.text(8), row.fixed<Salt>(9), row.digest(10), false};
  }
  return segments;
}

Call passesCall(const DraftId& draft, std::uint32_t from, std::uint32_t countMax, const std::optional<UserId>& member) {
  return {.statement = &kReadPasses,
          .parameters = {scalar(draft), scalar(std::int64_t{from}), scalar(std::int64_t{countMax}), scalar(member)}};
}

std::vector<RingPass> passesIn(const Result& result) {
  std::vector<RingPass> passes;
  for (int i = 0; i < countOf(result); ++i) {
    const Row row = rowOf(result, i);
    passes.push_back({row.isNull(1) ? std::nullopt : std::optional(row.text(1)), row.text(2), row.numberAs<Epoch>(0),
                      row.time(3), valueOf<PassKind>(row.bytes(4), kPassKinds)});
  }
  return passes;
}

Call leftCall(const std::vector<DraftId>& drafts) {
  return {.statement = &kLeftMembers, .parameters = {arrayOf(drafts)}};
}

std::map<DraftId, std::vector<UserId>> leftIn(const Result& result) {
  std::map<DraftId, std::vector<UserId>> left;
  for (int i = 0; i < countOf(result); ++i) {
    left[rowOf(result, i).id<DraftId>(0)].push_back(rowOf(result, i).text(1));
  }
  return left;
}

// --- lists --------------------------------------------------------------------------------------------------

Call listCall(const UserId& user, const std::optional<DraftListKey>& after, std::uint32_t countMax,
              std::size_t bytesMax) {
  return {.statement = &kListDrafts,
          .parameters = {scalar(user), scalar(after.transform([](const DraftListKey& key) { return key.updatedAt; })),
                         scalar(after.transform([](const DraftListKey& key) { return key.id; })),
                         scalar(std::int64_t{countMax}), scalar(clamped(bytesMax))}};
}

std::vector<DraftHead> listIn(const Result& result) {
  std::vector<DraftHead> heads;
  for (int i = 0; i < countOf(result); ++i) {
    readHead(rowOf(result, i), heads.emplace_back());
  }
  return heads;
}

std::size_t listedIn(const Result& result) {
  return countOf(result) == 0 ? 0 : rowOf(result, 0).numberAs<std::size_t>(16);
}

Call changesCall(const UserId& user, const ChangeCursor& after, std::uint32_t countMax) {
  return {.statement = &kListChanges,
          .parameters = {scalar(user), scalar(after.since), scalar(after.after), scalar(std::int64_t{countMax})}};
}

std::vector<MembershipChange> changesIn(const Result& result) {
  std::vector<MembershipChange> changes;
  for (int i = 0; i < countOf(result); ++i) {
    const Row row = rowOf(result, i);
    const bool left = row.truth(2);
    changes.push_back({.draft = row.id<DraftId>(0),
                       .at = row.time(1),
                       .left = left,
                       .position = left ? LogPosition{} : LogPosition{row.numberAs<Seq>(3), row.digest(4)}});
  }
  return changes;
}

Call allDraftsCall(const std::optional<DraftId>& after, std::uint32_t countMax) {
  return {.statement = &kAllDrafts, .parameters = {scalar(after.value_or(DraftId{})), scalar(std::int64_t{countMax})}};
}

std::vector<DraftId> allDraftsIn(const Result& result) {
  std::vector<DraftId> ids;
  for (int i = 0; i < countOf(result); ++i) {
    ids.push_back(rowOf(result, i).id<DraftId>(0));
  }
  return ids;
}

// --- events and answered requests ---------------------------------------------------------------------------

namespace {

Parameter typesOf(const EventQuery& query) {
  Array<std::string_view> names;
  for (std::size_t i = 0; i < kEventTypeCount; ++i) {
    const auto type = static_cast<EventType>(i);
    if (query.types.empty() || std::ranges::find(query.types, type) != query.types.end()) {
      names.add(eventName(type));
    }
  }
  return std::move(names).take();
}

Event eventFrom(const Row& row) {
  const auto type = eventFromName(row.bytes(2));
  if (!type) {
    throw Damage("an event's type");
  }
  const auto user = [&](int column) { return row.isNull(column) ? std::nullopt : std::optional(row.text(column)); };
  return {.id = row.id<EventId>(1),
          .draft = row.id<DraftId>(0),
          .type = *type,
          .user = row.text(3),
          .occurredAt = row.time(7),
          .from = user(4),
          .to = user(5),
          .epoch = row.isNull(6) ? 0 : row.numberAs<Epoch>(6)};
}

}  // namespace

// One more than asked for, to see whether there are more.
Call eventsCall(const EventQuery& query, const std::optional<UserId>& member) {
  const EventKey first{query.from, {}, {}};
  const EventKey after = query.after ? std::max(*query.after, first) : first;
  Call call{.statement = &kEventsByType,
            .parameters = {typesOf(query), scalar(after.occurredAt), scalar(after.id), scalar(after.draft),
                           scalar(query.until), scalar(std::int64_t{query.countMax} + 1)}};
  if (query.user) {
    call.statement = &kEventsByUser;
    call.parameters.push_back(std::exchange(call.parameters.front(), scalar(*query.user)));
    call.parameters.push_back(scalar(query.draft));
  } else if (query.draft) {
    call.statement = &kEventsByDraft;
    call.parameters.push_back(std::exchange(call.parameters.front(), scalar(*query.draft)));
    call.parameters.push_back(scalar(member));
  }
  return call;
}

EventPage eventsIn(const Result& result, const EventQuery& query) {
  EventPage page;
  for (int i = 0; i < countOf(result); ++i) {
    if (page.events.size() == query.countMax) {
      page.next = page.events.empty() ? query.after : keyOf(page.events.back());
      break;
    }
    page.events.push_back(eventFrom(rowOf(result, i)));
  }
  return page;
}

std::vector<bool> appendedIn(const Result& result, const std::vector<Event>& events) {
  std::set<std::pair<DraftId, EventId>> appended;
  for (int i = 0; i < countOf(result); ++i) {
    appended.emplace(rowOf(result, i).id<DraftId>(0), rowOf(result, i).id<EventId>(1));
  }
  std::vector<bool> isNew;
  for (const Event& event : events) {
    isNew.push_back(appended.erase({event.draft, event.id}) > 0);  // the first of its kind in the list
  }
  return isNew;
}

std::optional<RequestRecord> requestIn(const Result& result, const RequestKey& key) {
  if (countOf(result) == 0) {
    return std::nullopt;
  }
  const Row row = rowOf(result, 0);
  RequestRecord record{.key = key,
                       .request = row.digest(0),
                       .op = row.id<OpId>(1),
                       .salt = row.isNull(2) ? Salt{} : row.fixed<Salt>(2),
                       .createdAt = row.time(3),
                       .answer = {}};
  if (!row.isNull(4)) {
    record.answer = RequestAnswer{row.numberAs<std::uint16_t>(4), row.text(5)};
  }
  return record;
}

}  // namespace onering::postgres
