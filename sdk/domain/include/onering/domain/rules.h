// The rules (SPEC §4): who may do what when, and what it does. Pure functions, no I/O.
//
//   validate  what is wrong with an op whatever the draft's state (sizes, text, ids)
//   judge     whether the op may happen to this draft now
//   accept    gives an op that was judged well its place in the log
//   apply     folds an accepted op into the state; never refuses
//
// The order in which judge() asks decides which of several true reasons is given:
// membership (SPEC I10), deletion, role, epoch, holder, status. Epoch comes before holder and status so
// that a ring op of a past epoch meets the same code however long it waited (SPEC K5).
#pragma once

#include <expected>
#include <optional>
#include <vector>

#include "onering/domain/draft.h"
#include "onering/domain/limits.h"

namespace onering {

// Who asks. A replica judges by its own view and leaves to the authority what only that can know (SPEC S2).
enum class Judge : std::uint8_t { replica, authority };

enum class Verdict : std::uint8_t {
  allowed,
  // Judge::replica only: an editor's reclaim hangs on the authority's time, an invite on what the draft knows of it.
  waitForAuthority,
};

// What judge() looks at. `draft`: the state before the op; null when there is no such draft.
// `segment`: the segment that the op names, when there is one of that id. `now`: the judge's time.
struct Case {
  const Op& op;
  const DraftState* draft = nullptr;
  std::optional<SegmentRef> segment = std::nullopt;
  Time now;
  const Limits& limits;
};

[[nodiscard]] std::optional<Rejection> validate(const Op& op, const Limits& limits);

[[nodiscard]] std::expected<Verdict, Rejection> judge(const Case& asked, Judge by);

// The entry that `op` becomes when it is accepted at `now` after `before` (null: it creates the draft).
// acceptedAt is never earlier than the last entry's. Computes the link. An invite's token is not in it.
[[nodiscard]] LogEntry accept(const DraftState* before, Op op, std::string actorDisplay, Time now);

// What an op changed besides the head. Everything else of it is in the head that apply() leaves.
struct Change {
  std::optional<Segment> added;
  std::optional<SegmentId> redacted;
  std::optional<RingPass> passed;
  std::optional<Member> joined;  // new or with a new role
  std::optional<UserId> left;
  // Rare, so that the usual change stays small.
  std::vector<Invite> invited{};      // new or accepted, one at most
  std::vector<InviteId> uninvited{};  // revoked, or making room

  friend bool operator==(const Change&, const Change&) = default;
};

// Folds `entry` into `state` (a default DraftState for createDraft). The entry must be the next one:
// entry.seq == state.position.seq + 1. Follows the rules of entry.rulesVersion; throws
// std::invalid_argument for a version that this build does not know.
Change apply(DraftState& state, const LogEntry& entry);

}  // namespace onering
