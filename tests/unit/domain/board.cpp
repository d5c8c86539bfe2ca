#include "board.h"

#include <algorithm>

namespace onering::testing {

namespace {

std::string_view nameOf(DraftStatus status) {
  switch (status) {
    case DraftStatus::active:
      return "active";
    case DraftStatus::locked:
      return "locked";
    case DraftStatus::completed:
      break;
  }
  return "completed";
}

std::string_view nameOf(PassKind kind) {
  switch (kind) {
    case PassKind::created:
      return "created";
    case PassKind::passed:
      return "passed";
    case PassKind::reclaimed:
      return "reclaimed";
    case PassKind::removed:
      break;
  }
  return "removed";
}

std::string_view nameOf(Role role) {
  switch (role) {
    case Role::viewer:
      return "viewer";
    case Role::editor:
      return "editor";
    case Role::owner:
      break;
  }
  return "owner";
}

class Telling {
 public:
  template <typename... Parts>
  void tell(const Parts&... parts) {
    if (!line_.empty()) {
      line_ += "; ";
    }
    std::string_view space;
    ((line_ += space, line_ += parts, space = " "), ...);
  }
  [[nodiscard]] std::string line() && { return std::move(line_); }

 private:
  std::string line_;
};

std::string queueOf(const DraftState& state) {
  std::string users;
  for (const RingRequest& request : state.ring.requests) {
    users += (users.empty() ? "" : ",") + request.user;
  }
  return users.empty() ? "empty" : users;
}

void tellChange(Telling& telling, const Change& change) {
  if (change.added) {
    telling.tell("segment", std::to_string(change.added->position), "by", change.added->author, "in epoch",
                 std::to_string(change.added->epoch));
  }
  if (change.redacted) {
    telling.tell("redacted");
  }
  if (change.joined) {
    telling.tell("member", change.joined->user, nameOf(change.joined->role));
  }
  if (change.left) {
    telling.tell("left", *change.left);
  }
  for (const Invite& invite : change.invited) {
    const std::string whom = invite.user.empty() ? "anyone" : invite.user;
    telling.tell("invite for", whom, "as", nameOf(invite.role),
                 invite.isUsed() ? "used by " + invite.acceptedBy : "open");
  }
  for (std::size_t i = 0; i < change.uninvited.size(); ++i) {
    telling.tell("invite gone");
  }
  if (change.passed) {
    telling.tell("ring", change.passed->from.value_or("") + ">" + change.passed->to,
                 std::to_string(change.passed->epoch), nameOf(change.passed->kind));
  }
}

}  // namespace

std::string describe(const DraftState& before, const DraftState& after, const Change& change) {
  Telling telling;
  tellChange(telling, change);
  if (!change.passed && (before.ring.holder != after.ring.holder || before.ring.epoch != after.ring.epoch)) {
    telling.tell("untold change of holder");
  }
  if (!change.joined && !change.left && before.members != after.members) {
    telling.tell("untold change of members");
  }
  if (change.invited.empty() && change.uninvited.empty() && before.invites != after.invites) {
    telling.tell("untold change of invites");
  }
  if (!change.added && before.segmentCount != after.segmentCount) {
    telling.tell("untold segment");
  }
  if (before.ring.requests != after.ring.requests) {
    telling.tell("queue", queueOf(after));
  }
  if (before.title != after.title) {
    telling.tell("title", after.title);
  }
  if (before.status != after.status) {
    telling.tell(nameOf(after.status));
  }
  if (before.deletedAt != after.deletedAt) {
    telling.tell(after.deletedAt ? "deleted" : "restored");
  }
  return std::move(telling).line();
}

Board Board::withMembers(Limits limits, Duration holdLimit) {
  Board board(limits);
  board.play(kAnn, CreateDraft{.title = "A tale", .platform = {}, .holdLimit = holdLimit});
  board.play(kAnn, AddCollaborator{.user = UserId(kBen), .role = Role::editor});
  board.play(kAnn, AddCollaborator{.user = UserId(kCat), .role = Role::editor});
  board.play(kAnn, AddCollaborator{.user = UserId(kVic), .role = Role::viewer});
  return board;
}

Op Board::opOf(std::string_view actor, OpBody body) {
  return {.id = idOf<OpId>(++lastId_),
          .draft = idOf<DraftId>(1),
          .actor = UserId(actor),
          .device = idOf<DeviceId>(2),
          .authoredAt = now_,
          .body = std::move(body)};
}

std::optional<SegmentRef> Board::segmentRef(const Op& op) const {
  const auto wanted = segmentOf(op);
  const auto found = std::ranges::find_if(segments_, [&](const Segment& segment) { return segment.id == wanted; });
  if (found == segments_.end()) {
    return std::nullopt;
  }
  return SegmentRef{.author = found->author, .redacted = found->content.erased};
}

std::expected<Verdict, Rejection> Board::ask(const Op& op, Judge by) const {
  if (auto wrong = validate(op, limits_)) {
    return std::unexpected(std::move(*wrong));
  }
  return judge({.op = op, .draft = draft(), .segment = segmentRef(op), .now = now_, .limits = limits_}, by);
}

Board::Outcome Board::play(std::string_view actor, OpBody body) {
  return play(opOf(actor, std::move(body)));
}

Board::Outcome Board::play(Op op) {
  if (const auto verdict = ask(op, Judge::authority); !verdict) {
    return {.told = std::string(errorName(verdict.error().code))};
  }
  return {.told = keep(op), .accepted = true};
}

std::string Board::keep(const Op& op) {
  const DraftState before = state_;
  log_.push_back(accept(draft(), op, "", now_));
  const Change change = apply(state_, log_.back());
  exists_ = true;
  if (change.added) {
    segments_.push_back(*change.added);
  }
  if (change.passed) {
    passes_.push_back(*change.passed);
  }
  if (change.redacted) {
    auto& redacted = *std::ranges::find(segments_, *change.redacted, &Segment::id);
    redacted.content = erasedContent(redacted.content.digest);
  }
  return describe(before, state_, change);
}

}  // namespace onering::testing
