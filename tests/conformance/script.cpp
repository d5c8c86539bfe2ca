#include "script.h"

#include <algorithm>

#include "onering/domain/rules.h"

#include "subjects.h"

namespace onering::testing {

Content Source::content(std::string text) {
  Salt salt{};
  ++ids_;
  for (std::size_t i = 0; i < 8; ++i) {
    salt[i] = static_cast<std::uint8_t>(ids_ >> (8 * i));
  }
  return sealContent(std::move(text), salt);
}

Op Source::op(const DraftId& draft, std::string_view actor, OpBody body) {
  return {.id = id<OpId>(),
          .draft = draft,
          .actor = UserId(actor),
          .device = device,
          .authoredAt = now - Duration{5},
          .body = std::move(body)};
}

Script::Script(Source& source, std::string_view owner, std::string title) : source_(source) {
  state.id = source.id<DraftId>();
  const Op op = source.op(state.id, owner, CreateDraft{std::move(title), "web", Duration{60'000}});
  fold(onering::accept(nullptr, op, "The " + std::string(owner), source.now));
}

const LogEntry& Script::act(std::string_view actor, OpBody body) {
  return accept(source_.op(state.id, actor, std::move(body)));
}

const LogEntry& Script::accept(const Op& op) {
  source_.now += Duration{1};
  fold(onering::accept(&state, op, "The " + op.actor, source_.now));
  return log.back();
}

SegmentId Script::append(std::string text) {
  const auto segment = source_.id<SegmentId>();
  act(state.ring.holder, AppendSegment{segment, state.ring.epoch, source_.content(std::move(text))});
  return segment;
}

void Script::pass(std::string_view to) {
  act(state.ring.holder, PassRing{UserId(to), state.ring.epoch});
}

void Script::redact(std::string_view actor, const SegmentId& segment) {
  act(actor, RedactSegment{segment});
}

DraftWrite Script::write() {
  DraftWrite write{.expected = written_, .ops = std::move(unwritten_), .head = state};
  written_ = state.position.seq;
  unwritten_.clear();
  return write;
}

void Script::takeBack(DraftWrite write) {
  written_ = write.expected;
  unwritten_.insert(unwritten_.begin(), std::make_move_iterator(write.ops.begin()),
                    std::make_move_iterator(write.ops.end()));
}

void Script::fold(LogEntry entry) {
  Change change = apply(state, entry);
  if (change.added) {
    segments.push_back(*change.added);
  }
  if (change.passed) {
    passes.push_back(*change.passed);
  }
  log.push_back(entry);
  if (change.redacted) {
    erase(*change.redacted);
  }
  unwritten_.push_back({std::move(entry), std::move(change)});
}

void Script::erase(const SegmentId& id) {
  const auto segment = std::ranges::find(segments, id, &Segment::id);
  if (segment == segments.end()) {
    return;
  }
  segment->content = erasedContent(segment->content.digest);
  auto& entry = log.at(static_cast<std::size_t>(segment->seq) - 1);
  std::get<AppendSegment>(entry.op.body).content = segment->content;
}

RejectedOp rejectedOp(const Op& op, ErrorCode code, Time at) {
  return {.key = {op.draft, op.id}, .actor = op.actor, .digest = opDigest(op), .why = rejection(code), .at = at};
}

namespace {

template <typename T>
std::string difference(const char* what, const std::vector<T>& seen, const std::vector<T>& expected) {
  for (std::size_t i = 0; i < std::min(seen.size(), expected.size()); ++i) {
    if (seen[i] != expected[i]) {
      return std::string(what) + " " + std::to_string(i) + " differs; ";
    }
  }
  return seen.size() == expected.size()
             ? ""
             : std::to_string(seen.size()) + " of " + what + " instead of " + std::to_string(expected.size()) + "; ";
}

std::string difference(const std::optional<DraftState>& seen, const std::optional<DraftState>& expected) {
  if (seen.has_value() != expected.has_value()) {
    return seen ? "there is a draft; " : "there is no draft; ";
  }
  if (!seen || *seen == *expected) {
    return "";
  }
  return "state at " + etagOf(seen->position) + " differs from " + etagOf(expected->position) + " in " +
         (seen->members == expected->members ? "the head; " : "the members; ");
}

}  // namespace

std::string difference(const Told& seen, const Told& expected) {
  return difference(seen.state, expected.state) + difference("log entry", seen.log, expected.log) +
         difference("segment", seen.segments, expected.segments) +
         difference("ring pass", seen.passes, expected.passes);
}

Told tell(Store& store, const DraftId& draft) {
  constexpr std::size_t kAll = 1U << 30U;
  return {.state = got(store.find({.drafts = {draft}, .ops = {}, .segments = {}})).drafts.at(0),
          .log = got(store.readLog(draft, 0, kAll)),
          .segments = got(store.readSegments(draft, 0, ~std::uint32_t{0}, kAll)),
          .passes = got(store.readPasses(draft, 0, ~std::uint32_t{0}))};
}

Told tell(const Script& script) {
  return {script.state, script.log, script.segments, script.passes};
}

}  // namespace onering::testing
