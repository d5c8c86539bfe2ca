#include "onering/sync/store-work.h"

#include <algorithm>
#include <utility>

#include "onering/domain/message-size.h"

namespace onering {

namespace {

using Messages = StoreResult<std::vector<AuthorityMessage>>;

// Splits what was read into messages that each fit the bound (SPEC S7).
template <typename Item>
std::size_t countThatFits(const std::vector<Item>& items, std::size_t from, std::size_t bytesMax) {
  std::size_t bytes = 0;
  std::size_t count = 0;
  while (from + count < items.size()) {
    bytes += wireSizeMax(items[from + count]);
    if (bytes > bytesMax && count > 0) break;
    ++count;
  }
  return count;
}

template <typename Message>
void setMore(AuthorityMessage& message) {
  if (auto* typed = std::get_if<Message>(&message)) typed->more = true;
}

// All messages of one answer but the last say that more follows.
std::vector<AuthorityMessage> linked(std::vector<AuthorityMessage> messages) {
  for (std::size_t i = 0; i + 1 < messages.size(); ++i) {
    setMore<Entries>(messages[i]);
    setMore<SnapshotPart>(messages[i]);
  }
  return messages;
}

constexpr std::uint32_t kPassesPerAnswer = 16'384;

// Whether a replica may go on with a snapshot that it began: nothing of it can have changed its place since.
bool fits(const SnapshotProgress& progress, const LogPosition& at, const DraftState& state) {
  return at.seq <= state.position.seq && progress.passes <= progress.passesEnd &&
         progress.segments <= progress.segmentsEnd && progress.passesEnd <= state.ring.epoch &&
         progress.segmentsEnd <= state.segmentCount;
}

bool holds(const std::vector<LogPosition>& links, const LogPosition& position) {
  return std::ranges::find(links, position) != links.end();
}

SnapshotRead snapshotRead(const Fetch& fetch, CatchUpBasis basis, const ReadPolicy& policy) {
  DraftState& state = *basis.state;
  SnapshotRead read{
      .draft = state.id, .at = state.position, .state = {}, .progress = {}, .bytesMax = policy.answerBytes};
  if (fetch.snapshotAt && fits(fetch.progress, *fetch.snapshotAt, state) && holds(basis.links, *fetch.snapshotAt)) {
    read.at = *fetch.snapshotAt;
    read.progress = fetch.progress;
  } else {
    read.progress = {.passes = 0,
                     .passesEnd = static_cast<std::uint32_t>(state.ring.epoch),
                     .segments = 0,
                     .segmentsEnd = state.segmentCount};
    read.state = std::move(state);
  }
  read.passesMax = std::min(kPassesPerAnswer, read.progress.passesEnd - read.progress.passes);
  read.withSegments = read.progress.passes + read.passesMax == read.progress.passesEnd &&
                      read.progress.segments < read.progress.segmentsEnd;
  return read;
}

// Moves the first items from `from` on that fit into `room`, and takes their room.
template <typename Item>
std::vector<Item> takeThatFit(std::vector<Item>& items, std::size_t& from, std::size_t& room) {
  const std::size_t count = countThatFits(items, from, room);
  const auto first = items.begin() + static_cast<std::ptrdiff_t>(from);
  std::vector<Item> taken(std::make_move_iterator(first),
                          std::make_move_iterator(first + static_cast<std::ptrdiff_t>(count)));
  from += count;
  for (const Item& item : taken) room -= std::min(room, wireSizeMax(item));
  return taken;
}

Messages catchUp(Store& store, const CatchUpQuestion& question, const ReadPolicy& policy) {
  auto basis = readBasis(store, question.fetch);
  if (!basis) return std::unexpected(basis.error());
  return readPlanned(store, planCatchUp(question, *std::move(basis), policy), policy);
}

Messages changes(Store& store, const ChangesQuestion& question, const ReadPolicy& policy) {
  const auto listed = store.listChanges(question.user, question.from, policy.changesPerAnswer);
  if (!listed) return std::unexpected(listed.error());
  return answerFrom(question, *listed, policy);
}

StoreResult<std::optional<DraftNews>> newsOf(Store& store, const DraftPosition& told, const ReadPolicy& policy) {
  auto found = store.find({.drafts = {told.draft}, .ops = {}, .segments = {}});
  if (!found) return std::unexpected(found.error());
  if (!found->drafts.at(0)) return std::nullopt;
  DraftNews news{.state = *std::move(found->drafts.at(0)), .entries = {}, .left = {}};
  if (told.position.seq > 0) {
    auto entries = store.readLog(told.draft, told.position.seq, policy.newsBytes);
    if (!entries) return std::unexpected(entries.error());
    news.entries = *std::move(entries);
  }
  auto left = store.readLeft(told.draft);
  if (!left) return std::unexpected(left.error());
  news.left = *std::move(left);
  return news;
}

StoreResult<std::vector<DraftNews>> news(Store& store, const NewsQuestion& question, const ReadPolicy& policy) {
  std::vector<DraftNews> all;
  for (const DraftPosition& told : question.told) {
    auto one = newsOf(store, told, policy);
    if (!one) return std::unexpected(one.error());
    if (*one) all.push_back(**std::move(one));
  }
  return all;
}

// The draft as its member sees it; nothing for anyone else (SPEC I10).
StoreResult<std::optional<DraftState>> stateFor(Store& store, const UserId& user, const DraftId& draft) {
  auto found = store.find({.drafts = {draft}, .ops = {}, .segments = {}});
  if (!found) return std::unexpected(found.error());
  auto& state = found->drafts.at(0);
  if (state && !state->roleOf(user)) state.reset();
  return std::move(state);
}

DraftAnswer draftView(Store& store, const DraftQuestion& question) {
  auto state = stateFor(store, question.user, question.draft);
  if (!state) return std::unexpected(state.error());
  if (!*state) return std::nullopt;
  DraftView view{.state = std::move(**state), .segments = {}, .passes = {}};
  if (question.segmentsFrom < question.segmentsEnd) {
    auto segments =
        store.readSegments(question.draft, question.segmentsFrom, question.segmentsEnd, question.segmentBytesMax);
    if (!segments) return std::unexpected(segments.error());
    view.segments = std::move(*segments);
  }
  if (question.passCount > 0) {
    auto passes = store.readPasses(question.draft, question.passesFrom, question.passCount);
    if (!passes) return std::unexpected(passes.error());
    view.passes = std::move(*passes);
  }
  return view;
}

PositionsAnswer positions(Store& store, const PositionsQuestion& question) {
  const auto found = store.find({.drafts = question.drafts, .ops = {}, .segments = {}});
  if (!found) return std::unexpected(found.error());
  std::vector<LogPosition> positions;
  positions.reserve(found->drafts.size());
  for (const auto& state : found->drafts) positions.push_back(state ? state->position : LogPosition{});
  return positions;
}

std::size_t bytesOf(const DraftHead& head) {
  constexpr std::size_t kPerRequest = 24;
  std::size_t bytes = head.title.size();
  for (const RingRequest& request : head.ring.requests) bytes += request.user.size() + kPerRequest;
  return bytes;
}

// Some at a time, as a queue may be long.
ListAnswer list(Store& store, const ListQuestion& question) {
  constexpr std::uint32_t kAtATime = 64;
  DraftList page;
  std::size_t bytes = 0;
  std::optional<DraftListKey> after = question.after;
  while (true) {
    const auto some = store.listDrafts(question.user, after, kAtATime);
    if (!some) return std::unexpected(some.error());
    for (const DraftHead& head : *some) {
      if (page.drafts.size() == question.countMax || bytes > question.bytesMax) {
        page.more = true;
        return page;
      }
      bytes += bytesOf(head);
      after = DraftListKey{head.updatedAt, head.id};
      page.drafts.push_back(head);
    }
    if (some->size() < kAtATime) return page;
  }
}

std::unexpected<StoreError> notKept() {
  return std::unexpected(StoreError{StoreFault::unavailable, "the store keeps neither events nor requests"});
}

EventsAnswer events(Store& store, const EventsQuestion& question) {
  if (!store.events()) return notKept();
  if (question.query.draft) {
    const auto state = stateFor(store, question.member, *question.query.draft);
    if (!state) return std::unexpected(state.error());
    if (!*state) return std::nullopt;
  }
  return store.events()->readEvents(question.query);
}

ViewAnswer view(Store& store, const ViewQuestion& question) {
  if (!store.events()) return notKept();
  const auto state = stateFor(store, question.member, question.draft);
  if (!state) return std::unexpected(state.error());
  if (!*state || (*state)->deletedAt) return std::nullopt;
  const auto isNew = store.events()->appendEvents({viewEvent(question.draft, question.member, question.at)});
  if (!isNew) return std::unexpected(isNew.error());
  return isNew->at(0);
}

ClaimAnswer claim(Store& store, const ClaimQuestion& question) {
  if (!store.idempotency()) return notKept();
  return store.idempotency()->claim(question.record, question.validFrom);
}

CompleteAnswer complete(Store& store, const CompleteQuestion& question) {
  if (!store.idempotency()) return notKept();
  return store.idempotency()->complete(question.key, question.op, question.answer);
}

StoreResult<void> forgetRequests(Store& store, const ForgetRequestsQuestion& question) {
  if (!store.idempotency()) return notKept();
  const auto forgotten = store.idempotency()->forgetRequests(question.before);
  if (!forgotten) return std::unexpected(forgotten.error());
  return {};
}

// By name: whether an expected<void> makes one of the others is a question that some libraries cannot be asked.
StoreAnswer doneOrNot(StoreResult<void> result) {
  return StoreAnswer(std::in_place_type<StoreResult<void>>, std::move(result));
}

struct Performer {
  Store& store;
  const ReadPolicy& policy;

  StoreAnswer operator()(const Lookup& lookup) const { return store.find(lookup); }
  StoreAnswer operator()(const CommitQuestion& question) const { return doneOrNot(store.commit(*question.batch)); }
  StoreAnswer operator()(const CatchUpQuestion& question) const { return catchUp(store, question, policy); }
  StoreAnswer operator()(const ChangesQuestion& question) const { return changes(store, question, policy); }
  StoreAnswer operator()(const NewsQuestion& question) const { return news(store, question, policy); }
  StoreAnswer operator()(const DraftQuestion& question) const { return draftView(store, question); }
  StoreAnswer operator()(const PositionsQuestion& question) const { return positions(store, question); }
  StoreAnswer operator()(const ListQuestion& question) const { return list(store, question); }
  StoreAnswer operator()(const EventsQuestion& question) const { return events(store, question); }
  StoreAnswer operator()(const ViewQuestion& question) const { return view(store, question); }
  StoreAnswer operator()(const ClaimQuestion& question) const { return claim(store, question); }
  StoreAnswer operator()(const CompleteQuestion& question) const { return complete(store, question); }
  StoreAnswer operator()(const ForgetRequestsQuestion& question) const {
    return doneOrNot(forgetRequests(store, question));
  }
};

}  // namespace

std::vector<Seq> catchUpSeqs(const Fetch& fetch) {
  std::vector<Seq> seqs;
  if (fetch.have != LogPosition{}) seqs.push_back(fetch.have.seq);
  if (fetch.snapshotAt) seqs.push_back(fetch.snapshotAt->seq);
  return seqs;
}

CatchUpPlan planCatchUp(const CatchUpQuestion& question, CatchUpBasis basis, const ReadPolicy& policy) {
  using Answer = std::vector<AuthorityMessage>;
  const Fetch& fetch = question.fetch;
  if (!basis.state || !basis.state->roleOf(question.user)) return Answer{Gone{fetch.draft}};  // I10: the same for both
  const LogPosition head = basis.state->position;
  if (fetch.have != LogPosition{} && !holds(basis.links, fetch.have)) return Answer{Diverged{fetch.draft, head}};
  if (head.seq - fetch.have.seq > policy.snapshotAfter) return snapshotRead(fetch, std::move(basis), policy);
  if (head == fetch.have) {
    return Answer{Entries{.draft = fetch.draft, .before = head, .entries = {}, .head = head, .more = false}};
  }
  return LogRead{.state = *std::move(basis.state), .after = fetch.have, .bytesMax = policy.answerBytes};
}

std::vector<AuthorityMessage> answerFrom(const LogRead& read, std::vector<LogEntry> entries, const ReadPolicy& policy) {
  // What was accepted since the state was read is told by its fan-out.
  std::erase_if(entries, [&](const LogEntry& entry) { return entry.seq > read.state.position.seq; });
  std::vector<AuthorityMessage> messages;
  LogPosition before = read.after;
  std::size_t from = 0;
  do {
    std::size_t room = policy.limits.messageBytes - kMessageOverhead;
    Entries message{
        .draft = read.state.id, .before = before, .entries = {}, .head = read.state.position, .more = false};
    message.entries = takeThatFit(entries, from, room);
    if (!message.entries.empty()) before = message.entries.back().position();
    messages.emplace_back(std::move(message));
  } while (from < entries.size());
  return linked(std::move(messages));
}

std::vector<AuthorityMessage> answerFrom(SnapshotRead read, std::vector<RingPass> passes, std::vector<Segment> segments,
                                         const ReadPolicy& policy) {
  std::vector<AuthorityMessage> messages;
  SnapshotProgress progress = read.progress;
  std::size_t nextPass = 0;
  std::size_t nextSegment = 0;
  do {
    std::size_t room = policy.limits.messageBytes - kMessageOverhead;
    SnapshotPart part{.draft = read.draft,
                      .at = read.at,
                      .state = std::exchange(read.state, std::nullopt),
                      .progress = progress,
                      .passes = {},
                      .segments = {},
                      .more = false};
    if (part.state) room -= std::min(room, wireSizeMax(*part.state));
    part.passes = takeThatFit(passes, nextPass, room);
    // The first segment of a message is taken whether it fits or not: not behind passes that leave no room for it.
    const bool hasRoom =
        part.passes.empty() || (nextSegment < segments.size() && wireSizeMax(segments[nextSegment]) <= room);
    if (nextPass == passes.size() && hasRoom) part.segments = takeThatFit(segments, nextSegment, room);
    progress.passes += static_cast<std::uint32_t>(part.passes.size());
    progress.segments += static_cast<std::uint32_t>(part.segments.size());
    messages.emplace_back(std::move(part));
  } while (nextPass < passes.size() || nextSegment < segments.size());
  return linked(std::move(messages));
}

std::vector<AuthorityMessage> answerFrom(const ChangesQuestion& question, const std::vector<MembershipChange>& listed,
                                         const ReadPolicy& policy) {
  Changed message{.from = question.from,
                  .drafts = {},
                  .removed = {},
                  .next = question.next,
                  .more = listed.size() == policy.changesPerAnswer};
  for (const MembershipChange& change : listed) {
    if (change.left) {
      message.removed.push_back(change.draft);
    } else {
      message.drafts.push_back({change.draft, change.position});
    }
  }
  if (message.more) message.next = {.since = listed.back().at, .after = listed.back().draft};
  return {{std::move(message)}};
}

StoreResult<CatchUpBasis> readBasis(Store& store, const Fetch& fetch) {
  auto found = store.find({.drafts = {fetch.draft}, .ops = {}, .segments = {}});
  if (!found) return std::unexpected(found.error());
  CatchUpBasis basis{.state = std::move(found->drafts.at(0)), .links = {}};
  for (const Seq seq : catchUpSeqs(fetch)) {
    const auto link = store.linkAt(fetch.draft, seq);
    if (!link) return std::unexpected(link.error());
    if (*link) basis.links.push_back({seq, **link});
  }
  return basis;
}

StoreResult<std::vector<AuthorityMessage>> readPlanned(Store& store, CatchUpPlan plan, const ReadPolicy& policy) {
  if (auto* answer = std::get_if<std::vector<AuthorityMessage>>(&plan)) return std::move(*answer);
  if (auto* log = std::get_if<LogRead>(&plan)) {
    auto entries = store.readLog(log->state.id, log->after.seq, log->bytesMax);
    if (!entries) return std::unexpected(entries.error());
    return answerFrom(*log, *std::move(entries), policy);
  }
  auto& read = std::get<SnapshotRead>(plan);
  auto passes = store.readPasses(read.draft, read.progress.passes, read.passesMax);
  if (!passes) return std::unexpected(passes.error());
  StoreResult<std::vector<Segment>> segments;
  if (read.withSegments) {
    segments = store.readSegments(read.draft, read.progress.segments, read.progress.segmentsEnd, read.bytesMax);
    if (!segments) return std::unexpected(segments.error());
  }
  return answerFrom(std::move(read), *std::move(passes), *std::move(segments), policy);
}

StoreAnswer perform(Store& store, const StoreQuestion& question, const ReadPolicy& policy) {
  return std::visit(Performer{store, policy}, question);
}

}  // namespace onering
