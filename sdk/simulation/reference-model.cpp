#include "reference-model.h"

#include <algorithm>

namespace onering::simulation {

namespace {

using Code = ErrorCode;
using Objection = std::optional<ErrorCode>;

template <typename Body>
const Body* as(const Op& op) {
  return std::get_if<Body>(&op.body);
}

bool isTitle(const std::string& title, const Limits& limits) {
  const auto characters =
      std::ranges::count_if(title, [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; });
  const bool plain = std::ranges::none_of(title, [](char c) { return static_cast<unsigned char>(c) < 0x20U; });
  return characters > 0 && static_cast<std::uint32_t>(characters) <= limits.titleCharacters && plain;
}

}  // namespace

// Knows the malformations that the workload makes, no others.
Objection malformed(const Op& op, const Limits& limits) {
  if (const auto* append = as<AppendSegment>(op)) {
    if (append->content.text.empty()) return Code::contentEmpty;
    if (append->content.text.size() > limits.segmentBytes) return Code::contentTooLong;
    if (append->content.text.contains('\0') || append->content.text.contains('\xFF')) return Code::invalidText;
  }
  if (const auto* created = as<CreateDraft>(op); created && !isTitle(created->title, limits)) return Code::titleInvalid;
  if (const auto* titled = as<SetTitle>(op); titled && !isTitle(titled->title, limits)) return Code::titleInvalid;
  if (const auto* passed = as<PassRing>(op); passed && passed->to.empty()) return Code::idMalformed;
  if (const auto* added = as<AddCollaborator>(op); added && added->role == Role::owner) return Code::notAllowed;
  if (const auto* role = as<SetRole>(op); role && role->role == Role::owner) return Code::notAllowed;
  const auto* invited = as<CreateInvite>(op);
  if (invited && (invited->lifetime.count() < 3'600'000 || invited->lifetime.count() > 604'800'000)) {
    return Code::notAllowed;
  }
  return {};
}

Objection ReferenceDraft::objection(const Op& op, Time now, const Limits& limits) const {
  if (as<CreateDraft>(op)) return exists() ? Objection(Code::idTaken) : Objection();
  if (as<AcceptInvite>(op)) return objectionToGuest(op, now, limits);
  if (!isMember(op.actor)) return Code::notFound;
  if (deleted && !as<RestoreDraft>(op)) return Code::draftDeleted;
  return memberObjection(op, now, limits);
}

Objection ReferenceDraft::objectionToGuest(const Op& op, Time now, const Limits& limits) const {
  const auto found = invitations.find(as<AcceptInvite>(op)->invite);
  if (deleted || found == invitations.end()) return Code::inviteInvalid;
  const Invitation& invitation = found->second;
  if (invitation.tokenHash != as<AcceptInvite>(op)->tokenHash) return Code::inviteInvalid;
  if (!invitation.only.empty() && invitation.only != op.actor) return Code::inviteInvalid;
  if (isMember(op.actor)) return Code::alreadyMember;
  if (!invitation.usedBy.empty()) return Code::inviteUsed;
  if (now > invitation.end) return Code::inviteExpired;
  if (mayWrite.size() - 1 >= limits.collaborators) return Code::quotaExceeded;
  return {};
}

// In each line the reasons stand in the order in which they are given.
Objection ReferenceDraft::memberObjection(const Op& op, Time now, const Limits& limits) const {
  const UserId& actor = op.actor;
  const bool own = actor == owner;
  const bool holds = actor == holder;
  const bool hand = mayWrite.at(actor);

  if (const auto* append = as<AppendSegment>(op)) {
    if (!hand) return Code::notAllowed;
    if (append->epoch != epoch) return Code::staleEpoch;
    if (!holds) return Code::notRingHolder;
    if (locked) return Code::draftLocked;
    if (completed) return Code::draftCompleted;
    if (lines.size() >= limits.segmentsPerDraft) return Code::quotaExceeded;
    if (line(append->segment)) return Code::idTaken;
  } else if (const auto* pass = as<PassRing>(op)) {
    if (!hand) return Code::notAllowed;
    if (pass->epoch != epoch) return Code::staleEpoch;
    if (!holds) return Code::notRingHolder;
    if (completed) return Code::draftCompleted;
    if (pass->to == actor) return Code::alreadyHolder;
    if (!isMember(pass->to) || !mayWrite.at(pass->to)) return Code::invalidRecipient;
  } else if (as<RequestRing>(op)) {
    if (!hand) return Code::notAllowed;
    if (completed) return Code::draftCompleted;
    if (holds) return Code::alreadyHolder;
    if (queued(actor)) return Code::notAllowed;
  } else if (as<CancelRequest>(op)) {
    if (!hand || !queued(actor)) return Code::notAllowed;
  } else if (const auto* reclaim = as<ReclaimRing>(op)) {
    if (!hand) return Code::notAllowed;
    if (reclaim->epoch != epoch) return Code::staleEpoch;
    if (completed) return Code::draftCompleted;
    if (holds) return Code::alreadyHolder;
    if (!own && (holdLimit.count() == 0 || now - heldSince <= holdLimit)) return Code::notAllowed;
  } else if (const auto* titled = as<SetTitle>(op)) {
    if (!own) return Code::notOwner;
    const std::string etag = '"' + std::to_string(seq) + '-' + toHex(link).substr(0, 16) + '"';
    if (!titled->expect.empty() && titled->expect != etag) return Code::staleVersion;
  } else if (as<Lock>(op)) {
    if (!hand) return Code::notAllowed;
    if (!own && !holds) return Code::notRingHolder;
    if (completed) return Code::draftCompleted;
    if (locked) return Code::draftLocked;
  } else if (as<Unlock>(op)) {
    if (!own) return Code::notOwner;
    if (completed) return Code::draftCompleted;
    if (!locked) return Code::notAllowed;
  } else if (as<Complete>(op)) {
    if (!own) return Code::notOwner;
    if (completed) return Code::draftCompleted;
  } else if (const auto* added = as<AddCollaborator>(op)) {
    if (!own) return Code::notOwner;
    if (isMember(added->user)) return Code::alreadyMember;
    if (mayWrite.size() - 1 >= limits.collaborators) return Code::quotaExceeded;
  } else if (const auto* role = as<SetRole>(op)) {
    if (!own) return Code::notOwner;
    if (!isMember(role->user)) return Code::invalidRecipient;
    if (role->user == owner) return Code::notAllowed;
  } else if (const auto* removed = as<RemoveCollaborator>(op)) {
    if (!own && removed->user != actor) return Code::notOwner;
    if (removed->user == owner) return Code::notAllowed;
    if (!isMember(removed->user)) return Code::invalidRecipient;
  } else if (as<DeleteDraft>(op)) {
    if (!own) return Code::notOwner;
  } else if (as<RestoreDraft>(op)) {
    if (!own) return Code::notOwner;
    if (!deleted) return Code::notAllowed;
  } else if (const auto* redact = as<RedactSegment>(op)) {
    const Line* found = line(redact->segment);
    if (!found) return Code::notFound;
    if ((!own && found->author != actor) || found->redacted) return Code::notAllowed;
  } else if (const auto* invited = as<CreateInvite>(op)) {
    if (!hand) return Code::notAllowed;
    if (!own && !holds) return Code::notRingHolder;
    if (invitations.contains(invited->invite)) return Code::idTaken;
    if (isMember(invited->user)) return Code::alreadyMember;
  } else if (const auto* revoked = as<RevokeInvite>(op)) {
    const auto found = invitations.find(revoked->invite);
    if (found == invitations.end()) return Code::inviteInvalid;
    if (!own && found->second.by != actor) return Code::notAllowed;
    if (!found->second.usedBy.empty()) return Code::inviteUsed;
  }
  return {};
}

void ReferenceDraft::happen(const LogEntry& entry) {
  const Op& op = entry.op;
  seq = entry.seq;
  link = entry.link;
  at = entry.acceptedAt;
  if (const auto* created = as<CreateDraft>(op)) {
    title = created->title;
    holdLimit = created->holdLimit;
    owner = op.actor;
    mayWrite[owner] = true;
    give(owner);
  } else if (const auto* append = as<AppendSegment>(op)) {
    lines.push_back({append->segment, op.actor});
  } else if (const auto* pass = as<PassRing>(op)) {
    give(pass->to);
  } else if (as<RequestRing>(op)) {
    queue.push_back(op.actor);
  } else if (as<CancelRequest>(op)) {
    std::erase(queue, op.actor);
  } else if (as<ReclaimRing>(op)) {
    give(op.actor);
  } else if (const auto* titled = as<SetTitle>(op)) {
    title = titled->title;
  } else if (as<Lock>(op) || as<Unlock>(op)) {
    locked = as<Lock>(op) != nullptr;
  } else if (as<Complete>(op)) {
    completed = true;
    locked = false;
  } else if (const auto* added = as<AddCollaborator>(op)) {
    mayWrite[added->user] = added->role != Role::viewer;
  } else if (const auto* role = as<SetRole>(op)) {
    mayWrite[role->user] = role->role != Role::viewer;
    if (role->role == Role::viewer) takeFrom(role->user);
  } else if (const auto* removed = as<RemoveCollaborator>(op)) {
    takeFrom(removed->user);
    mayWrite.erase(removed->user);
  } else if (as<DeleteDraft>(op) || as<RestoreDraft>(op)) {
    deleted = as<DeleteDraft>(op) != nullptr;
  } else if (const auto* redact = as<RedactSegment>(op)) {
    const auto found = std::ranges::find(lines, redact->segment, &Line::id);
    if (found != lines.end()) found->redacted = true;
  } else if (const auto* invited = as<CreateInvite>(op)) {
    invitations[invited->invite] = {invited->tokenHash, invited->role != Role::viewer, op.actor,
                                    invited->user,      at + invited->lifetime,        {}};
  } else if (const auto* revoked = as<RevokeInvite>(op)) {
    invitations.erase(revoked->invite);
  } else if (const auto* accepted = as<AcceptInvite>(op)) {
    Invitation& invitation = invitations.at(accepted->invite);
    invitation.usedBy = op.actor;
    mayWrite[op.actor] = invitation.forWriting;
  }
}

std::string_view ReferenceDraft::difference(const DraftHead& head) const {
  const auto open = locked ? DraftStatus::locked : DraftStatus::active;
  if (head.title != title) return "title";
  if (head.holdLimit != holdLimit) return "hold limit";
  if (head.status != (completed ? DraftStatus::completed : open)) return "status";
  if (head.deletedAt.has_value() != deleted) return "deletion";
  if (head.owner != owner) return "owner";
  if (head.ring.holder != holder) return "holder";
  if (head.ring.epoch != epoch) return "epoch";
  if (!std::ranges::equal(head.ring.requests, queue, {}, &RingRequest::user)) return "queue";
  return head.segmentCount != lines.size() ? "number of segments" : "";
}

bool ReferenceDraft::hasMembersOf(const DraftState& state) const {
  return std::ranges::equal(state.members, mayWrite, [](const Member& member, const auto& row) {
    return member.user == row.first && (member.role != Role::viewer) == row.second;
  });
}

bool ReferenceDraft::hasInvitesOf(const DraftState& state) const {
  return std::ranges::equal(state.invites, invitations, [](const Invite& invite, const auto& row) {
    const Invitation& mine = row.second;
    return invite.id == row.first && invite.tokenHash == mine.tokenHash && invite.createdBy == mine.by &&
           invite.user == mine.only && invite.expiresAt == mine.end && invite.acceptedBy == mine.usedBy &&
           (invite.role != Role::viewer) == mine.forWriting;
  });
}

const ReferenceDraft::Line* ReferenceDraft::line(const SegmentId& id) const {
  const auto found = std::ranges::find(lines, id, &Line::id);
  return found == lines.end() ? nullptr : &*found;
}

bool ReferenceDraft::queued(const UserId& user) const {
  return std::ranges::find(queue, user) != queue.end();
}

void ReferenceDraft::give(const UserId& user) {
  std::erase(queue, user);
  holder = user;
  heldSince = at;
  ++epoch;
}

void ReferenceDraft::takeFrom(const UserId& user) {
  std::erase(queue, user);
  if (holder == user) give(owner);
}

}  // namespace onering::simulation
