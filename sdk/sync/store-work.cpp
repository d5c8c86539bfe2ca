#include "onering/sync/store-work.h"

#include <algorithm>

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

Messages entriesAfter(Store& store, const DraftState& state, const LogPosition& have, const ReadPolicy& policy) {
  auto entries = store.readLog(state.id, have.seq, policy.answerBytes);
  if (!entries) return std::unexpected(entries.error());
  std::vector<AuthorityMessage> messages;
  LogPosition before = have;
  std::size_t from = 0;
  do {
    const std::size_t count = countThatFits(*entries, from, policy.limits.messageBytes - kMessageOverhead);
    Entries message{.draft = state.id, .before = before, .entries = {}, .head = state.position, .more = false};
    const auto first = entries->begin() + static_cast<std::ptrdiff_t>(from);
    message.entries.assign(std::make_move_iterator(first),
                           std::make_move_iterator(first + static_cast<std::ptrdiff_t>(count)));
    if (!message.entries.empty()) before = message.entries.back().position();
    from += count;
    messages.emplace_back(std::move(message));
  } while (from < entries->size());
  return linked(std::move(messages));
}

// Reads the ring's history on, then segments, until about policy.answerBytes are gathered.
Messages snapshotFrom(Store& store, const DraftState& state, LogPosition at, SnapshotProgress progress, bool withState,
                      const ReadPolicy& policy) {
  std::vector<AuthorityMessage> messages;
  std::size_t bytes = 0;
  do {
    SnapshotPart part{
        .draft = state.id, .at = at, .state = {}, .progress = progress, .passes = {}, .segments = {}, .more = false};
    std::size_t room = policy.limits.messageBytes - kMessageOverhead;
    if (withState) {
      part.state = state;
      room -= std::min(room, wireSizeMax(state));
      withState = false;
    }
    if (progress.passes < progress.passesEnd) {
      constexpr std::uint32_t kPassesPerRead = 4'096;
      auto passes =
          store.readPasses(state.id, progress.passes, std::min(kPassesPerRead, progress.passesEnd - progress.passes));
      if (!passes) return std::unexpected(passes.error());
      passes->resize(countThatFits(*passes, 0, room));
      progress.passes += static_cast<std::uint32_t>(passes->size());
      part.passes = std::move(*passes);
      for (const RingPass& pass : part.passes) room -= std::min(room, wireSizeMax(pass));
    }
    if (progress.passes == progress.passesEnd && progress.segments < progress.segmentsEnd) {
      auto segments = store.readSegments(state.id, progress.segments, progress.segmentsEnd, room);
      if (!segments) return std::unexpected(segments.error());
      segments->resize(countThatFits(*segments, 0, room));
      progress.segments += static_cast<std::uint32_t>(segments->size());
      part.segments = std::move(*segments);
    }
    bytes += policy.limits.messageBytes - room;
    for (const Segment& segment : part.segments) bytes += wireSizeMax(segment);
    messages.emplace_back(std::move(part));
  } while (bytes < policy.answerBytes &&
           (progress.passes < progress.passesEnd || progress.segments < progress.segmentsEnd));
  return linked(std::move(messages));
}

// Whether a replica may go on with a snapshot that it began: nothing of it can have changed its place since.
bool fits(const SnapshotProgress& progress, const LogPosition& at, const DraftState& state) {
  return at.seq <= state.position.seq && progress.passes <= progress.passesEnd &&
         progress.segments <= progress.segmentsEnd && progress.passesEnd <= state.ring.epoch &&
         progress.segmentsEnd <= state.segmentCount;
}

Messages snapshotOf(Store& store, const DraftState& state, const Fetch& fetch, const ReadPolicy& policy) {
  if (fetch.snapshotAt && fits(fetch.progress, *fetch.snapshotAt, state)) {
    const auto link = store.linkAt(state.id, fetch.snapshotAt->seq);
    if (!link) return std::unexpected(link.error());
    if (*link == fetch.snapshotAt->link) {
      return snapshotFrom(store, state, *fetch.snapshotAt, fetch.progress, false, policy);
    }
  }
  const SnapshotProgress whole{.passes = 0,
                               .passesEnd = static_cast<std::uint32_t>(state.ring.epoch),
                               .segments = 0,
                               .segmentsEnd = state.segmentCount};
  return snapshotFrom(store, state, state.position, whole, true, policy);
}

Messages catchUp(Store& store, const CatchUpQuestion& question, const ReadPolicy& policy) {
  const Fetch& fetch = question.fetch;
  auto found = store.find({.drafts = {fetch.draft}, .ops = {}, .segments = {}});
  if (!found) return std::unexpected(found.error());
  const auto& state = found->drafts.at(0);
  if (!state || !state->roleOf(question.user)) return {{Gone{fetch.draft}}};  // I10: the same for both

  if (fetch.have != LogPosition{}) {
    const auto link = store.linkAt(fetch.draft, fetch.have.seq);
    if (!link) return std::unexpected(link.error());
    if (*link != fetch.have.link) return {{Diverged{fetch.draft, state->position}}};
  }
  const bool farBehind = state->position.seq - fetch.have.seq > policy.snapshotAfter;
  return farBehind ? snapshotOf(store, *state, fetch, policy) : entriesAfter(store, *state, fetch.have, policy);
}

Messages changes(Store& store, const ChangesQuestion& question, const ReadPolicy& policy) {
  auto listed = store.listChanges(question.user, question.from, policy.changesPerAnswer);
  if (!listed) return std::unexpected(listed.error());
  Changed message{
      .drafts = {}, .removed = {}, .next = question.next, .more = listed->size() == policy.changesPerAnswer};
  for (const MembershipChange& change : *listed) {
    if (change.left) {
      message.removed.push_back(change.draft);
    } else {
      message.drafts.push_back({change.draft, change.position});
    }
  }
  if (message.more) message.next = {.since = listed->back().at, .after = listed->back().draft};
  return {{std::move(message)}};
}

struct Performer {
  Store& store;
  const ReadPolicy& policy;

  StoreAnswer operator()(const Lookup& lookup) const { return store.find(lookup); }
  StoreAnswer operator()(const CommitQuestion& question) const { return store.commit(*question.batch); }
  StoreAnswer operator()(const CatchUpQuestion& question) const { return catchUp(store, question, policy); }
  StoreAnswer operator()(const ChangesQuestion& question) const { return changes(store, question, policy); }
};

}  // namespace

StoreAnswer perform(Store& store, const StoreQuestion& question, const ReadPolicy& policy) {
  return std::visit(Performer{store, policy}, question);
}

}  // namespace onering
