// A draft to try the rules on: state, log, segments and ring history, as the authority would keep them.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "onering/domain/rules.h"

namespace onering::testing {

// Ids that are well formed and different for different numbers.
template <typename IdType>
IdType idOf(std::uint64_t number) {
  return IdType::fromHalves(0x0000'0000'0000'7000ULL | (number >> 48U & 0xFFFU), 0x8000'0000'0000'0000ULL | number);
}

inline constexpr std::string_view kAnn = "ann";  // owner of every board's draft
inline constexpr std::string_view kBen = "ben";  // editor
inline constexpr std::string_view kCat = "cat";  // editor
inline constexpr std::string_view kVic = "vic";  // viewer
inline constexpr std::string_view kZoe = "zoe";  // not a member

inline constexpr Duration kHoldLimit{60'000};

class Board {
 public:
  // What an op came to: the code of a refusal, or what it did (describe()).
  struct Outcome {
    std::string told;
    bool accepted = false;
  };

  explicit Board(Limits limits = {}) : limits_(limits) {}

  // A draft of Ann's with Ben and Cat as editors and Vic as viewer, Ann holding the ring.
  static Board withMembers(Limits limits = {}, Duration holdLimit = kHoldLimit);

  // Validates, judges at the board's time, and when the op is allowed accepts and folds it.
  Outcome play(std::string_view actor, OpBody body);
  Outcome play(Op op);

  // The next op of `actor`, with an id of its own.
  Op opOf(std::string_view actor, OpBody body);

  // Validates and judges without doing it.
  [[nodiscard]] std::expected<Verdict, Rejection> ask(const Op& op, Judge by) const;

  [[nodiscard]] const DraftState* draft() const { return exists_ ? &state_ : nullptr; }
  [[nodiscard]] Epoch epoch() const { return state_.ring.epoch; }
  [[nodiscard]] const std::vector<LogEntry>& log() const { return log_; }
  [[nodiscard]] const std::vector<Segment>& segments() const { return segments_; }
  [[nodiscard]] const std::vector<RingPass>& passes() const { return passes_; }
  // The id that the next appended segment should have.
  [[nodiscard]] SegmentId freshSegment() { return idOf<SegmentId>(++lastId_); }

  // Time passes, or goes back: clocks do.
  void wait(Duration time) { now_ += time; }
  [[nodiscard]] Time now() const { return now_; }

 private:
  [[nodiscard]] std::optional<SegmentRef> segmentRef(const Op& op) const;
  std::string keep(const Op& op);

  Limits limits_;
  Time now_ = timeFromMs(1'700'000'000'000);
  std::uint64_t lastId_ = 0;
  bool exists_ = false;
  DraftState state_;
  std::vector<LogEntry> log_;
  std::vector<Segment> segments_;
  std::vector<RingPass> passes_;
};

// Everything that differs between two states of a draft, and everything that `change` reports, in a line:
// "ring ann>ben 2 passed; queue cat".
[[nodiscard]] std::string describe(const DraftState& before, const DraftState& after, const Change& change);

}  // namespace onering::testing
