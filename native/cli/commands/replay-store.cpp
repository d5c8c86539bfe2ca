#include "replay-store.h"

#include "onering/domain/content-hash.h"
#include "onering/domain/text.h"

#include "log-reading.h"

namespace onering::cli {

namespace {

Lookup lookupFor(const std::vector<Op>& ops) {
  Lookup lookup{.drafts = {ops.front().draft}, .ops = {}, .segments = {}};
  for (const Op& op : ops) {
    lookup.ops.push_back({op.draft, op.id});
    lookup.segments.push_back({op.draft, segmentOf(op).value_or(SegmentId{})});
  }
  return lookup;
}

// The batch of those ops that are new and allowed.
class Decision {
 public:
  explicit Decision(std::optional<DraftState> before) : state_(std::move(before)) {
    write_.expected = state_ ? state_->position.seq : 0;
  }

  void decide(Op op, const std::optional<SegmentRef>& segment) {
    const DraftState* before = state_ ? &*state_ : nullptr;
    const Case asked{.op = op, .draft = before, .segment = segment, .now = op.authoredAt, .limits = limits_};
    if (validate(op, limits_) || !judge(asked, Judge::authority)) {
      return;
    }
    const Time at = op.authoredAt;
    std::string display = anonymousDisplay(op.actor);
    LogEntry entry = accept(before, std::move(op), std::move(display), at);
    if (!state_) {
      state_.emplace();
    }
    Change change = apply(*state_, entry);
    write_.ops.push_back({.entry = std::move(entry), .change = std::move(change)});
  }

  [[nodiscard]] Batch batch() && {
    Batch batch;
    if (!write_.ops.empty()) {
      write_.head = static_cast<const DraftHead&>(*state_);
      batch.drafts.push_back(std::move(write_));
    }
    return batch;
  }

 private:
  Limits limits_;
  std::optional<DraftState> state_;
  DraftWrite write_;
};

StoreResult<Digest> contentSha256(Store& store, const DraftState& state) {
  ContentHash hash;
  const auto count = readSegments(store, state.id, state.segmentCount,
                                  [&](const Segment& segment) { hash.add(segment.content.text); });
  if (!count) {
    return std::unexpected(count.error());
  }
  return hash.of(state.title);
}

StoreResult<play::ReplayLine> lineOf(Store& store, const DraftId& draft) {
  const auto found = store.find({.drafts = {draft}, .ops = {}, .segments = {}});
  if (!found) {
    return std::unexpected(found.error());
  }
  if (!found->drafts.front()) {
    return play::ReplayLine{};
  }
  const DraftState& state = *found->drafts.front();
  const auto hash = contentSha256(store, state);
  if (!hash) {
    return std::unexpected(hash.error());
  }
  return play::ReplayLine{.title = state.title, .position = state.position, .contentSha256 = *hash};
}

}  // namespace

StoreResult<play::ReplayLine> playIntoStore(Store& store, std::vector<Op> ops) {
  const DraftId draft = ops.front().draft;
  auto found = store.find(lookupFor(ops));
  if (!found) {
    return std::unexpected(found.error());
  }
  Decision decision(std::move(found->drafts.front()));
  for (std::size_t i = 0; i < ops.size(); ++i) {
    if (!found->ops[i]) {
      decision.decide(std::move(ops[i]), found->segments[i]);
    }
  }
  const Batch batch = std::move(decision).batch();
  if (!batch.empty()) {
    if (const auto committed = store.commit(batch); !committed) {
      return std::unexpected(committed.error());
    }
  }
  return lineOf(store, draft);
}

}  // namespace onering::cli
