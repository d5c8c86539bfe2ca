#include "onering/domain/draft.h"

#include <algorithm>
#include <stdexcept>

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

void checkInvariants(const DraftState& state) {
  const auto require = [&](bool holds, const char* invariant) {
    if (!holds) throw std::logic_error(std::string(invariant) + " broken in draft " + toText(state.id));
  };
  require(state.canHold(state.ring.holder), "I1 the holder is the owner or an editor");
  require(state.ring.epoch >= 1, "I2 epochs start at 1");
  require(std::ranges::is_sorted(state.members, {}, &Member::user), "members are sorted by user");
  require(std::ranges::adjacent_find(state.members, {}, &Member::user) == state.members.end(),
          "a member is listed once");
  require(std::ranges::count(state.members, Role::owner, &Member::role) == 1, "there is one owner");
  require(state.roleOf(state.owner) == Role::owner, "the owner is the member with role owner");
  for (const RingRequest& request : state.ring.requests) {
    require(state.canHold(request.user), "who waits for the ring can hold it");
    require(request.user != state.ring.holder, "the holder does not wait for the ring");
    require(std::ranges::count(state.ring.requests, request.user, &RingRequest::user) == 1, "nobody waits twice");
  }
  require(std::ranges::adjacent_find(state.invites, std::ranges::greater_equal(), &Invite::id) == state.invites.end(),
          "invites are sorted by id, each once");
  require(state.invites.size() <= kInvitesPerDraft, "a draft remembers so many invites");
  require(state.position.seq >= state.segmentCount, "every segment came by an op");
}

}  // namespace onering
