#include "verify-store.h"

#include <algorithm>

#include "onering/domain/canonical.h"

#include "log-reading.h"
#include "verify-draft.h"

namespace onering::cli {

namespace {

// Whether the store knows each entry's op by its id, with the receipt that the entry is (SPEC K1, I6).
StoreResult<std::vector<std::string>> compareReceipts(Store& store, const std::vector<LogEntry>& entries) {
  Lookup lookup;
  for (const LogEntry& entry : entries) {
    lookup.ops.push_back({entry.op.draft, entry.op.id});
  }
  const auto found = store.find(lookup);
  if (!found) {
    return std::unexpected(found.error());
  }
  std::vector<std::string> differences;
  for (std::size_t i = 0; i < entries.size(); ++i) {
    const KnownOp expected{
        .actor = entries[i].op.actor, .digest = opDigest(entries[i].op), .receipt = acceptedFor(entries[i])};
    if (found->ops[i] != expected) {
      differences.push_back("entry " + std::to_string(entries[i].seq) + " has another receipt, or none (I6)");
    }
  }
  return differences;
}

// Reads a list page by page until a page is not full.
template <typename Item>
StoreResult<std::vector<Item>> readPages(
    const std::function<StoreResult<std::vector<Item>>(const Item* last)>& readPage) {
  std::vector<Item> all;
  for (;;) {
    auto page = readPage(all.empty() ? nullptr : &all.back());
    if (!page || page->empty()) {
      return page ? std::move(all) : StoreResult<std::vector<Item>>(std::unexpected(page.error()));
    }
    all.insert(all.end(), std::make_move_iterator(page->begin()), std::make_move_iterator(page->end()));
  }
}

}  // namespace

StoreResult<void> Verifier::run() {
  if (auto done = verifyIntegrity(); !done) {
    return done;
  }
  const auto drafts = readPages<DraftId>(
      [&](const DraftId* last) { return store_.allDrafts(last ? std::optional(*last) : std::nullopt, kReadCount); });
  if (!drafts) {
    return std::unexpected(drafts.error());
  }
  const std::size_t count = sample_ > 0 ? std::min(sample_, drafts->size()) : drafts->size();
  for (std::size_t i = 0; i < count; ++i) {
    if (auto done = verifyDraft((*drafts)[i * drafts->size() / count]); !done) {
      return done;
    }
  }
  if (count < drafts->size()) {
    return {};  // the lists name drafts that were not read
  }
  sums_.users = memberships_.size();
  for (auto& [user, expected] : memberships_) {
    if (auto done = verifyLists(user, expected); !done) {
      return done;
    }
  }
  return {};
}

StoreResult<void> Verifier::verifyIntegrity() {
  const auto findings = store_.integrity();
  if (!findings) {
    return std::unexpected(findings.error());
  }
  for (const std::string& finding : *findings) {
    differences_.push_back({.draft = {}, .what = finding});
  }
  return {};
}

StoreResult<void> Verifier::verifyDraft(const DraftId& id) {
  const auto found = store_.find({.drafts = {id}, .ops = {}, .segments = {}});
  if (!found) {
    return std::unexpected(found.error());
  }
  if (!found->drafts.front()) {
    differences_.push_back({.draft = id, .what = "is listed, and not there"});
    return {};
  }
  const DraftState& state = *found->drafts.front();
  DraftCheck check(id, deep_, differences_);
  bool following = true;
  std::vector<LogEntry> receipts;
  const auto entries = readEntries(store_, id, state.position.seq, [&](const LogEntry& entry) {
    following = following && check.fold(entry);
    if (deep_) {
      receipts.push_back(entry);
    }
  });
  if (!entries) {
    return std::unexpected(entries.error());
  }
  check.addTo(sums_);
  if (!following) {
    return {};
  }
  check.compareState(state);
  const auto passes = readPasses(store_, id, static_cast<std::uint32_t>(state.ring.epoch),
                                 [&](const RingPass& pass) { check.comparePass(pass); });
  if (!passes) {
    return std::unexpected(passes.error());
  }
  const auto segments =
      readSegments(store_, id, state.segmentCount, [&](const Segment& segment) { check.compareSegment(segment); });
  if (!segments) {
    return std::unexpected(segments.error());
  }
  check.compareCounts(*passes, *segments);
  check.addTo(memberships_);
  const auto wrongReceipts = compareReceipts(store_, receipts);
  if (!wrongReceipts) {
    return std::unexpected(wrongReceipts.error());
  }
  for (const std::string& what : *wrongReceipts) {
    differences_.push_back({.draft = id, .what = what});
  }
  return {};
}

StoreResult<void> Verifier::verifyLists(const UserId& user, std::vector<Membership>& expected) {
  const auto differs = [&](const std::string& what) {
    differences_.push_back({.draft = {}, .what = what + " of user " + user});
  };

  std::ranges::sort(expected, {}, [](const Membership& each) { return std::pair(each.change.at, each.change.draft); });
  std::vector<MembershipChange> changes;
  changes.reserve(expected.size());
  for (const Membership& each : expected) {
    changes.push_back(each.change);
  }
  const auto storedChanges = readPages<MembershipChange>([&](const MembershipChange* last) {
    const ChangeCursor behind =
        last ? ChangeCursor{.since = last->at, .after = last->draft} : ChangeCursor{.since = Time::min(), .after = {}};
    return store_.listChanges(user, behind, kReadCount);
  });
  if (!storedChanges) {
    return std::unexpected(storedChanges.error());
  }
  if (*storedChanges != changes) {
    differs("the list of changes");
  }

  std::erase_if(expected, [](const Membership& each) { return !each.listed; });
  std::ranges::sort(expected, [](const Membership& one, const Membership& other) {
    return one.change.at != other.change.at ? one.change.at > other.change.at : one.change.draft < other.change.draft;
  });
  const auto storedHeads = readPages<DraftHead>([&](const DraftHead* last) {
    const auto behind = last ? std::optional(DraftListKey{.updatedAt = last->updatedAt, .id = last->id}) : std::nullopt;
    return store_.listDrafts(user, behind, kReadCount);
  });
  if (!storedHeads) {
    return std::unexpected(storedHeads.error());
  }
  const bool same = std::ranges::equal(*storedHeads, expected, [](const DraftHead& head, const Membership& each) {
    return head.id == each.change.draft && head.position == each.change.position;
  });
  if (!same) {
    differs("the list of drafts");
  }
  return {};
}

}  // namespace onering::cli
