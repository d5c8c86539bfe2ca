#include "verify-draft.h"

#include <stdexcept>

namespace onering::cli {

namespace {

std::string entryName(const LogEntry& entry) {
  return "entry " + std::to_string(entry.seq) + " (" + std::string(opName(entry.op.body)) + ')';
}

// A segment's text must be gone where the segment was redacted, and nowhere else.
const char* wrongErasure(const Content& stored, bool redacted) {
  if (redacted && !(stored.erased && stored.text.empty())) {
    return "was redacted, and its text is still there";
  }
  return !redacted && stored.erased ? "has lost its text without being redacted" : nullptr;
}

}  // namespace

void DraftCheck::differs(std::string what) {
  differences_.push_back({.draft = draft_, .what = std::move(what)});
}

void DraftCheck::expect(bool holds, const char* otherwise) {
  if (!holds) {
    differs(otherwise);
  }
}

bool DraftCheck::fold(const LogEntry& entry) {
  if (entry.seq != state_.position.seq + 1) {
    differs("after entry " + std::to_string(state_.position.seq) + " comes entry " + std::to_string(entry.seq) +
            " (I4)");
    return false;
  }
  if (entry.rulesVersion != kRulesVersion) {
    differs(entryName(entry) + " was accepted under rules that this program does not know (H5)");
    return false;
  }
  checkEntry(entry);
  if (deep_) {
    checkRules(entry);
  }
  keep(apply(state_, entry), entry);
  if (deep_) {
    try {
      checkInvariants(state_);
    } catch (const std::logic_error& broken) {
      differs("after " + entryName(entry) + ": " + broken.what());
    }
  }
  return true;
}

void DraftCheck::checkEntry(const LogEntry& entry) {
  if (entry.op.draft != draft_) {
    differs(entryName(entry) + " names another draft");
  }
  if (entry.seq > 1 && entry.acceptedAt < state_.updatedAt) {
    differs(entryName(entry) + " was accepted before the one that it follows (I11)");
  }
  if (nextLink(state_.position.link, entry) != entry.link) {
    differs(entryName(entry) + " is not what its link hashes (H2)");
  }
  if (const auto* append = std::get_if<AppendSegment>(&entry.op.body)) {
    checkText(append->content, entryName(entry));
  }
}

void DraftCheck::checkText(const Content& content, const std::string& where) {
  if (!content.erased && sealContent(content.text, content.salt).digest != content.digest) {
    differs(where + ": the text is not what its digest hashes (H1)");
  }
}

// The authority must have found nothing against the op when it accepted it.
void DraftCheck::checkRules(const LogEntry& entry) {
  const Limits anything{.titleCharacters = ~0U, .segmentBytes = ~0U, .collaborators = ~0U, .segmentsPerDraft = ~0U};
  std::optional<SegmentRef> segment;
  if (const auto named = segmentOf(entry.op)) {
    if (const auto found = positions_.find(*named); found != positions_.end()) {
      const Segment& known = segments_[found->second];
      segment = SegmentRef{.author = known.author, .redacted = known.content.erased};
    }
  }
  const auto verdict = judge({.op = entry.op,
                              .draft = entry.seq == 1 ? nullptr : &state_,
                              .segment = segment,
                              .now = entry.acceptedAt,
                              .limits = anything},
                             Judge::authority);
  if (!verdict) {
    differs(entryName(entry) + " is not allowed: " + std::string(errorName(verdict.error().code)));
  }
}

void DraftCheck::keep(const Change& change, const LogEntry& entry) {
  if (change.added) {
    bytes_ += change.added->content.text.size();
    positions_.emplace(change.added->id, segments_.size());
    segments_.push_back(*change.added);
    segments_.back().content = {.text = {}, .salt = {}, .digest = change.added->content.digest, .erased = false};
  }
  if (change.redacted) {
    if (const auto found = positions_.find(*change.redacted); found != positions_.end()) {
      segments_[found->second].content.erased = true;
      ++redacted_;
    } else {
      differs(entryName(entry) + " redacts a segment that is not there");
    }
  }
  if (change.passed) {
    expect(change.passed->from != change.passed->to, "the ring goes from someone to themself");
    passes_.push_back(*change.passed);
  }
  if (change.joined) {
    left_.erase(change.joined->user);
  }
  if (change.left) {
    left_[*change.left] = entry.acceptedAt;
  }
}

void DraftCheck::compareState(const DraftState& stored) {
  expect(stored.id == state_.id, "the id is another one than the log's");
  expect(stored.title == state_.title, "the title is not the log's");
  expect(stored.platform == state_.platform, "the platform is not the log's");
  expect(stored.holdLimit == state_.holdLimit, "the hold limit is not the log's");
  expect(stored.status == state_.status, "the status is not the log's");
  expect(stored.owner == state_.owner, "the owner is not the log's");
  expect(stored.ring == state_.ring, "the ring is not the log's (I1, I2)");
  expect(stored.segmentCount == state_.segmentCount, "the number of segments is not the log's (I5)");
  expect(stored.createdAt == state_.createdAt, "the time of creation is not the log's");
  expect(stored.updatedAt == state_.updatedAt, "the time of the last change is not the log's");
  expect(stored.deletedAt == state_.deletedAt, "the time of deletion is not the log's");
  expect(stored.position.seq == state_.position.seq, "the log is not as long as the head says (I4)");
  expect(stored.position.link == state_.position.link, "the link is not the log's (H2)");
  expect(stored.members == state_.members, "the members are not the log's");
  try {
    checkInvariants(stored);
  } catch (const std::logic_error& broken) {
    differs(broken.what());
  }
}

void DraftCheck::comparePass(const RingPass& stored) {
  const std::size_t line = passesSeen_++;
  if (line < passes_.size() && stored != passes_[line]) {
    differs("line " + std::to_string(line) + " of the ring's history is not the log's");
  }
}

void DraftCheck::compareSegment(const Segment& stored) {
  const std::size_t position = segmentsSeen_++;
  if (position >= segments_.size()) {
    return;
  }
  const std::string where = "segment " + std::to_string(position);
  Segment expected = segments_[position];
  checkText(stored.content, where);
  if (const char* wrong = wrongErasure(stored.content, expected.content.erased)) {
    differs(where + ' ' + wrong + " (O12)");
  }
  if (stored.content.digest != expected.content.digest) {
    differs(where + " has another text than the log");
  }
  expected.content = stored.content;
  if (stored != expected) {
    differs(where + " is not the log's (I5)");
  }
}

void DraftCheck::compareCounts(std::uint32_t passes, std::uint32_t segments) {
  expect(passes == passes_.size(), "the ring's history is not as long as the log makes it (I2)");
  expect(segments == segments_.size(), "there are not as many segments as the log makes (I5)");
}

void DraftCheck::addTo(Memberships& memberships) const {
  for (const Member& member : state_.members) {
    memberships[member.user].push_back(
        {.change = {.draft = draft_, .at = state_.updatedAt, .left = false, .position = state_.position},
         .listed = !state_.deletedAt});
  }
  for (const auto& [user, at] : left_) {
    memberships[user].push_back({.change = {.draft = draft_, .at = at, .left = true, .position = {}}, .listed = false});
  }
}

void DraftCheck::addTo(VerifySums& sums) const {
  ++sums.drafts;
  sums.ops += state_.position.seq;
  sums.segments += segments_.size();
  sums.redacted += redacted_;
  sums.passes += passes_.size();
  sums.bytes += bytes_;
}

}  // namespace onering::cli
