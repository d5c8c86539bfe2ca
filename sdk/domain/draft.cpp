#include <algorithm>
#include <stdexcept>

#include "onering/domain/invariants.h"

namespace onering {

const Member* DraftState::member(std::string_view user) const {
  const auto found = std::ranges::lower_bound(members, user, {}, &Member::user);
  return found != members.end() && found->user == user ? &*found : nullptr;
}

std::optional<Role> DraftState::roleOf(std::string_view user) const {
  const Member* found = member(user);
  return found ? std::optional(found->role) : std::nullopt;
}

bool DraftState::canHold(std::string_view user) const {
  const auto role = roleOf(user);
  return role && *role != Role::viewer;
}

const Invite* DraftState::invite(const InviteId& id) const {
  const auto found = std::ranges::lower_bound(invites, id, {}, &Invite::id);
  return found != invites.end() && found->id == id ? &*found : nullptr;
}

std::string etagOf(const LogPosition& position) {
  return '"' + std::to_string(position.seq) + '-' + toHex(position.link).substr(0, 16) + '"';
}

const char* brokenInvariant(const DraftState& state) {
  const auto waits = [&](const UserId& user) {
    return std::ranges::count(state.ring.requests, user, &RingRequest::user);
  };
  if (!state.canHold(state.ring.holder)) return "I1 the holder is the owner or an editor";
  if (state.ring.epoch < 1) return "I2 epochs start at 1";
  if (!std::ranges::is_sorted(state.members, {}, &Member::user)) return "members are sorted by user";
  if (std::ranges::adjacent_find(state.members, {}, &Member::user) != state.members.end())
    return "a member is listed once";
  if (std::ranges::count(state.members, Role::owner, &Member::role) != 1) return "there is one owner";
  if (state.roleOf(state.owner) != Role::owner) return "the owner is the member with role owner";
  for (const RingRequest& request : state.ring.requests) {
    if (!state.canHold(request.user)) return "who waits for the ring can hold it";
    if (request.user == state.ring.holder) return "the holder does not wait for the ring";
    if (waits(request.user) != 1) return "nobody waits twice";
  }
  if (std::ranges::adjacent_find(state.invites, std::ranges::greater_equal(), &Invite::id) != state.invites.end())
    return "invites are sorted by id, each once";
  if (state.invites.size() > kInvitesPerDraft) return "a draft remembers so many invites";
  if (state.position.seq < state.segmentCount) return "every segment came by an op";
  return nullptr;
}

void checkInvariants(const DraftState& state) {
  if (const char* broken = brokenInvariant(state))
    throw std::logic_error(std::string(broken) + ": not in draft " + toText(state.id));
}

}  // namespace onering
