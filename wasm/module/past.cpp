#include "past.h"

#include <algorithm>

#include "onering/domain/canonical.h"
#include "onering/domain/rules.h"

namespace onering {

namespace {

constexpr std::size_t kPageBytes = 512U << 10U;
constexpr std::size_t kPageEntries = 1'000;
constexpr Seq kMarkEvery = 4'096;

template <typename T>
T valueOf(StoreResult<T> result) {
  if (!result) {
    throw StoreError(std::move(result.error()));
  }
  return std::move(*result);
}

const Content* contentOf(const LogEntry& entry) {
  const auto* append = std::get_if<AppendSegment>(&entry.op.body);
  return append ? &append->content : nullptr;
}

void writeEntry(JsonWriter& json, const LogEntry& entry) {
  json.openObject().member("seq", entry.seq);
  writeOp(json, entry.op);
  json.member("actor", entry.op.actor).member("actorDisplay", entry.actorDisplay);
  json.member("device", toText(entry.op.device)).member("acceptedAt", toMs(entry.acceptedAt));
  json.member("link", toHex(entry.link));
  if (const Content* content = contentOf(entry)) {
    json.member("redacted", content->erased);
  }
  json.closeObject();
}

void writeState(JsonWriter& json, const DraftState& state) {
  json.openObject().member("title", state.title);
  state.platform.empty() ? json.noMember("platform") : json.member("platform", state.platform);
  json.member("status", statusName(state.status)).member("owner", state.owner).name("ring");
  writeRing(json, state.ring);
  json.name("members");
  writeMembers(json, state.members);
  state.deletedAt ? json.member("deletedAt", toMs(*state.deletedAt)) : json.noMember("deletedAt");
  json.closeObject();
}

// SPEC H1, H2: the text is the one whose digest is in the op, the op the one whose bytes are in the link.
bool isWhatItsLinkSays(const Digest& before, const LogEntry& entry) {
  const Content* content = contentOf(entry);
  if (content && !content->erased && sealContent(content->text, content->salt).digest != content->digest) {
    return false;
  }
  return nextLink(before, entry) == entry.link;
}

}  // namespace

Past::Extent Past::extentOf(const DraftId& draft) {
  const DraftState* state = replica_->confirmed(draft);
  const LogPosition head = state ? state->position : LogPosition{};
  if (head.seq == 0 || !valueOf(store_->readLog(draft, 0, 1)).empty()) {
    return {1, head};
  }
  // The link is known of the snapshot's own position and of all that follow.
  Seq unknown = 0;
  Seq known = head.seq;
  while (known - unknown > 1) {
    const Seq middle = unknown + (known - unknown) / 2;
    (valueOf(store_->linkAt(draft, middle)) ? known : unknown) = middle;
  }
  return {known + 1, head};
}

void Past::writeLog(JsonWriter& json, const DraftId& draft, Seq from, Seq to) {
  const Extent extent = extentOf(draft);
  const Seq end = std::min(to, extent.head.seq + 1);
  Seq next = std::max(from, extent.first);
  json.openObject().memberList("entries");
  if (next < end) {
    const auto entries = valueOf(store_->readLog(draft, next - 1, kPageBytes));
    for (std::size_t i = 0; i < std::min(entries.size(), kPageEntries) && next < end; ++i, ++next) {
      writeEntry(json, entries[i]);
    }
  }
  json.closeList().member("first", extent.first).member("head", extent.head.seq);
  next < end ? json.member("next", next) : json.noMember("next");
  json.closeObject();
}

void Past::writeDraft(JsonWriter& json, const DraftId& draft, Seq seq) {
  const Extent extent = extentOf(draft);
  const bool isWhole = extent.first == 1;
  json.openObject().member("seq", seq);
  const bool isHere = seq > 0 && seq >= extent.first;
  const auto entries = isHere ? valueOf(store_->readLog(draft, seq - 1, 1)) : std::vector<LogEntry>{};
  entries.empty() ? json.noMember("at") : json.member("at", toMs(entries.front().acceptedAt));
  if (!isWhole || seq == 0) {
    json.member("segmentCount", segmentsAt(draft, seq)).noMember("state");
  } else {
    const DraftState state = stateAt(draft, seq);
    json.member("segmentCount", state.segmentCount).name("state");
    writeState(json, state);
  }
  json.member("first", extent.first).member("head", extent.head.seq).closeObject();
}

DraftState Past::stateAt(const DraftId& draft, Seq seq) {
  // A copy that was replaced has other ops: the link tells.
  const auto isStale = [&](const auto& mark) {
    return valueOf(store_->linkAt(draft, mark.first)) != mark.second.position.link;
  };
  if (marked_ != draft || std::ranges::any_of(marks_, isStale)) {
    marks_.clear();
    marked_ = draft;
  }
  const auto after = marks_.upper_bound(seq);
  DraftState state = after == marks_.begin() ? DraftState{} : std::prev(after)->second;
  while (state.position.seq < seq) {
    const auto entries = valueOf(store_->readLog(draft, state.position.seq, kPageBytes));
    if (entries.empty()) {
      break;
    }
    for (const LogEntry& entry : entries) {
      if (entry.seq > seq) break;
      apply(state, entry);
      if (entry.seq % kMarkEvery == 0) {
        marks_.insert_or_assign(entry.seq, state);
      }
    }
  }
  return state;
}

// Segments lie in the order of their ops.
std::uint32_t Past::segmentsAt(const DraftId& draft, Seq seq) {
  const DraftState* state = replica_->confirmed(draft);
  std::uint32_t from = 0;
  std::uint32_t end = state ? state->segmentCount : 0;
  while (from < end) {
    const std::uint32_t middle = from + (end - from) / 2;
    const auto segments = valueOf(store_->readSegments(draft, middle, middle + 1, 1));
    if (!segments.empty() && segments.front().seq <= seq) {
      from = middle + 1;
    } else {
      end = middle;
    }
  }
  return from;
}

void Past::writeVerified(JsonWriter& json, const DraftId& draft, Seq from) {
  const Extent extent = extentOf(draft);
  Seq next = std::max(from, extent.first);
  auto before = valueOf(store_->linkAt(draft, next - 1));
  std::optional<Seq> broken;
  const auto entries =
      next <= extent.head.seq ? valueOf(store_->readLog(draft, next - 1, kPageBytes)) : std::vector<LogEntry>{};
  for (const LogEntry& entry : entries) {
    if (!before || entry.seq != next || !isWhatItsLinkSays(*before, entry)) {
      broken = next;
      break;
    }
    before = entry.link;
    ++next;
  }
  const bool isThrough = next > extent.head.seq;
  if (!broken && (entries.empty() ? !isThrough : isThrough && before != extent.head.link)) {
    broken = next;
  }
  json.openObject().member("first", extent.first).member("head", extent.head.seq);
  json.member("link", toHex(extent.head.link));
  broken ? json.member("broken", *broken) : json.noMember("broken");
  isThrough || broken ? json.noMember("next") : json.member("next", next);
  json.closeObject();
}

}  // namespace onering
