#include "draft-feed.h"

#include <algorithm>

#include "json-values.h"

namespace onering {

namespace {

constexpr std::size_t kPendingMax = 1'000;  // of a draft's pending segments, so many are told: the newest

void writeText(JsonWriter& json, std::string_view name, const std::string& text) {
  text.empty() ? json.noMember(name) : json.member(name, text);
}

void writeRole(JsonWriter& json, std::optional<Role> role) {
  if (!role) {
    json.noMember("role");
    return;
  }
  json.member("role", *role == Role::owner ? "owner" : *role == Role::editor ? "editor" : "viewer");
}

// What of the draft the authority has confirmed. {} where it has confirmed nothing.
struct Confirmed {
  std::uint32_t segmentCount = 0;
  LogPosition position;
};

Confirmed confirmedOf(Replica& replica, const DraftId& draft) {
  const DraftState* state = replica.confirmed(draft);
  return state ? Confirmed{state->segmentCount, state->position} : Confirmed{};
}

void writeSync(JsonWriter& json, Replica& replica, const DraftId& draft, std::size_t pendingCount) {
  json.memberObject("sync").member("pending", std::uint64_t{pendingCount});
  json.memberList("waiting");
  if (pendingCount > 0) {
    for (const Op* op : replica.waiting(draft)) {
      json.value(opName(op->body));
    }
  }
  json.closeList().member("current", replica.link() == Link::live).closeObject();
}

// The newest `tail` of the first `count` segments; fewer where they are very long.
std::vector<Segment> readTail(Store& store, const DraftId& draft, std::uint32_t count, std::uint32_t tail) {
  constexpr std::size_t kBytesMax = 2U << 20U;
  for (std::uint32_t wanted = std::min(tail, count); wanted > 0; wanted /= 2) {
    auto segments = store.readSegments(draft, count - wanted, count, kBytesMax);
    if (!segments) {
      throw StoreError(segments.error());
    }
    if (segments->size() == wanted || wanted == 1) {
      return std::move(*segments);
    }
  }
  return {};
}

}  // namespace

void gatherNews(const Step& step, std::map<DraftId, DraftNews>& news) {
  const auto replaced = [&](const DraftId& id) {
    if (const auto found = news.find(id); found != news.end()) {
      found->second.replaced = true;
    }
  };
  std::ranges::for_each(step.changes.setAside, replaced);
  std::ranges::for_each(step.changes.dropped, replaced);
  for (const DraftImage& image : step.changes.installed) {
    replaced(image.state.id);
  }
  for (const DraftWrite& write : step.changes.drafts.drafts) {
    const auto found = news.find(write.head.id);
    if (found == news.end()) {
      continue;
    }
    for (const AcceptedOp& accepted : write.ops) {
      if (accepted.change.added) {
        found->second.added.push_back(&*accepted.change.added);
      }
      if (accepted.change.redacted) {
        found->second.redacted.push_back(*accepted.change.redacted);
      }
    }
  }
}

void DraftFeed::write(JsonWriter& json, Replica& replica, Store& store, const DraftNews& news) {
  const Confirmed confirmed = confirmedOf(replica, draft_);
  const std::set<SegmentId> redacting = replica.pendingRedactions(draft_);
  const DraftState* view = replica.draft(draft_);
  if (!view) {
    writeGone(json);
    return;
  }
  const bool continues = told_ && !news.replaced && count_ + news.added.size() == confirmed.segmentCount &&
                         !anythingShownAgain(news, redacting);
  if (!continues) {
    told_ = false;
    pending_ = {};
    redacting_.clear();
  }
  const bool withMembers = !told_ || members_ != view->members || invites_ != view->invites;
  if (withMembers) {
    members_ = view->members;
    invites_ = view->invites;
  }
  json.name("draft");
  writeSnapshot(json, replica, draft_, withMembers);
  json.member("reset", !continues);
  writeConfirmed(json, store, news, confirmed.segmentCount);
  writeRedacted(json, news, redacting);
  writePending(json, replica, confirmed.segmentCount, redacting);
  count_ = confirmed.segmentCount;
  redacting_ = redacting;
  told_ = true;
}

void DraftFeed::writeGone(JsonWriter& json) {
  told_ = false;
  json.noMember("draft").member("reset", true);
}

void DraftFeed::writeConfirmed(JsonWriter& json, Store& store, const DraftNews& news, std::uint32_t count) {
  json.memberList("appended");
  if (!told_) {
    // Pending redactions of old segments are told by writeRedacted().
    for (const Segment& segment : readTail(store, draft_, count, tail_)) {
      writeSegment(json, segment, {});
    }
  } else {
    const std::size_t skipped = news.added.size() - std::min<std::size_t>(news.added.size(), tail_);
    for (std::size_t i = skipped; i < news.added.size(); ++i) {
      writeSegment(json, *news.added[i], {});
    }
  }
  json.closeList();
}

void DraftFeed::writeRedacted(JsonWriter& json, const DraftNews& news, const std::set<SegmentId>& redacting) const {
  json.memberList("redacted");
  for (const SegmentId& id : news.redacted) {
    json.value(toText(id));
  }
  for (const SegmentId& id : redacting) {
    if (!redacting_.contains(id)) {
      json.value(toText(id));
    }
  }
  json.closeList();
}

// Most often some have been confirmed, from the front, and some are new, at the end. Told are the newest kPendingMax.
void DraftFeed::writePending(JsonWriter& json, Replica& replica, std::uint32_t confirmed,
                             const std::set<SegmentId>& redacting) {
  const auto firstTold = [](std::size_t count) { return count - std::min(count, kPendingMax); };
  const Replica::PendingRange now = replica.pendingRange(draft_);
  const auto left = static_cast<std::size_t>(now.laid == pending_.laid ? now.left - pending_.left : pending_.count);
  const std::size_t gone = std::min(left, pending_.count);
  const std::size_t known = pending_.count - gone;  // the first so many of those that are pending now
  const std::size_t begin = firstTold(now.count);
  // Counted in what was pending before: behind the last that the subscriber shall forget.
  const std::size_t forgotten = gone + std::min(begin, known);
  const std::size_t drop = forgotten - std::min(forgotten, firstTold(pending_.count));
  const std::size_t add = std::max(begin, known);
  pending_ = now;
  if (drop == 0 && add == now.count) {
    return;
  }
  json.memberObject("pending").member("drop", std::uint64_t{drop}).memberList("add");
  for (const Segment& segment : replica.pendingSegments(draft_, confirmed + static_cast<std::uint32_t>(add))) {
    writeSegment(json, segment, redacting);
  }
  json.closeList().closeObject();
}

// A redaction that was pending was rejected: its segment has its text back.
bool DraftFeed::anythingShownAgain(const DraftNews& news, const std::set<SegmentId>& redacting) const {
  return std::ranges::any_of(redacting_, [&](const SegmentId& id) {
    return !redacting.contains(id) && std::ranges::find(news.redacted, id) == news.redacted.end();
  });
}

void writeSnapshot(JsonWriter& json, Replica& replica, const DraftId& draft, bool withMembers) {
  const Confirmed confirmed = confirmedOf(replica, draft);
  const std::size_t pendingCount = replica.pendingCount(draft);
  const DraftState* view = replica.draft(draft);
  if (!view) {
    json.null();
    return;
  }
  const UserId& user = replica.record().user;
  json.openObject().member("id", toText(draft)).member("title", view->title);
  writeText(json, "platform", view->platform);
  json.member("status", statusName(view->status)).member("owner", view->owner);
  writeRole(json, view->roleOf(user));
  json.name("ring");
  writeRing(json, view->ring);
  json.member("holding", view->ring.holder == user);
  view->holdLimit.count() == 0 ? json.noMember("holdLimitMs")
                               : json.member("holdLimitMs", std::int64_t{view->holdLimit.count()});
  if (withMembers) {
    json.name("members");
    writeMembers(json, view->members);
    json.name("invites");
    writeInvites(json, view->invites);
  }
  json.member("createdAt", toMs(view->createdAt)).member("updatedAt", toMs(view->updatedAt));
  view->deletedAt ? json.member("deletedAt", toMs(*view->deletedAt)) : json.noMember("deletedAt");
  json.member("segmentCount", confirmed.segmentCount);
  json.member("pendingSegmentCount", view->segmentCount - confirmed.segmentCount);
  json.member("seq", confirmed.position.seq).member("link", toHex(confirmed.position.link));
  json.member("etag", etagOf(confirmed.position));
  writeSync(json, replica, draft, pendingCount);
  json.closeObject();
}

void writeSummary(JsonWriter& json, Replica& replica, const DraftHead& listed, std::size_t pendingCount) {
  const DraftState* view = pendingCount > 0 ? replica.draft(listed.id) : nullptr;
  const DraftHead& head = view ? *view : listed;
  json.openObject().member("id", toText(listed.id)).member("title", head.title);
  writeText(json, "platform", head.platform);
  json.member("status", statusName(head.status)).member("owner", head.owner).member("holder", head.ring.holder);
  json.member("epoch", head.ring.epoch).member("since", toMs(head.ring.since));
  json.member("segmentCount", head.segmentCount).member("createdAt", toMs(head.createdAt));
  json.member("updatedAt", toMs(head.updatedAt)).member("seq", listed.position.seq);
  json.member("pending", std::uint64_t{pendingCount}).closeObject();
}

}  // namespace onering
