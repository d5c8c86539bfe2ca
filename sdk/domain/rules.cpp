#include "onering/domain/rules.h"

#include <algorithm>
#include <stdexcept>
#include <utility>

#include "onering/domain/canonical.h"
#include "onering/domain/text.h"

namespace onering {

namespace {

using Finding = std::optional<Rejection>;  // nothing: no objection

Finding refuse(ErrorCode code) {
  return rejection(code);
}
Finding refuse(ErrorCode code, std::string_view message) {
  return rejection(code, message);
}

// --- validate: what is wrong whatever the state -----------------------------------------------------

Finding checkTitle(std::string_view title, const Limits& limits) {
  const auto length = lineLength(title);
  if (!length || *length == 0 || *length > limits.titleCharacters) return refuse(ErrorCode::titleInvalid);
  return {};
}

Finding checkUser(std::string_view user) {
  return isUserId(user) ? Finding{} : refuse(ErrorCode::idMalformed);
}

Finding checkGrantedRole(Role role) {
  if (role == Role::owner) {
    return refuse(ErrorCode::notAllowed, "A draft has one owner for good. Give the role editor or viewer.");
  }
  return {};
}

struct Validator {
  const Limits& limits;

  Finding operator()(const CreateDraft& body) const {
    constexpr std::size_t kPlatformCharacters = 64;
    if (const auto platform = lineLength(body.platform); !platform || *platform > kPlatformCharacters) {
      return refuse(ErrorCode::invalidText, "A platform's name has at most 64 characters without control characters.");
    }
    if (body.holdLimit.count() < 0) {
      return refuse(ErrorCode::notAllowed, "A hold limit cannot be negative. Leave it out for no limit.");
    }
    return checkTitle(body.title, limits);
  }
  Finding operator()(const AppendSegment& body) const {
    if (!isUuidV7(body.segment)) return refuse(ErrorCode::idMalformed);
    if (body.content.text.empty()) return refuse(ErrorCode::contentEmpty);
    if (body.content.text.size() > limits.segmentBytes) return refuse(ErrorCode::contentTooLong);
    if (!isText(body.content.text)) return refuse(ErrorCode::invalidText);
    return {};
  }
  Finding operator()(const PassRing& body) const { return checkUser(body.to); }
  Finding operator()(const SetTitle& body) const { return checkTitle(body.title, limits); }
  Finding operator()(const AddCollaborator& body) const {
    return first(checkUser(body.user), checkGrantedRole(body.role));
  }
  Finding operator()(const SetRole& body) const { return first(checkUser(body.user), checkGrantedRole(body.role)); }
  Finding operator()(const RemoveCollaborator& body) const { return checkUser(body.user); }
  Finding operator()(const RedactSegment& body) const {
    return isUuidV7(body.segment) ? Finding{} : refuse(ErrorCode::idMalformed);
  }
  Finding operator()(const CreateInvite& body) const {
    constexpr std::chrono::hours kShortest{1};
    constexpr std::chrono::hours kLongest{168};
    if (!isUuidV7(body.invite)) return refuse(ErrorCode::idMalformed);
    if (!body.user.empty() && !isUserId(body.user)) return refuse(ErrorCode::idMalformed);
    if (body.lifetime < kShortest || body.lifetime > kLongest) {
      return refuse(ErrorCode::notAllowed, "An invite is good for 1 to 168 hours. Choose a time between them.");
    }
    return checkGrantedRole(body.role);
  }
  Finding operator()(const RevokeInvite& body) const {
    return isUuidV7(body.invite) ? Finding{} : refuse(ErrorCode::idMalformed);
  }
  Finding operator()(const AcceptInvite& body) const {
    return isUuidV7(body.invite) ? Finding{} : refuse(ErrorCode::idMalformed);
  }
  template <typename Unconstrained>
  Finding operator()(const Unconstrained& /*body*/) const {
    return {};
  }

  static Finding first(Finding one, Finding other) { return one ? std::move(one) : std::move(other); }
};

// --- judge: what is wrong in this state -------------------------------------------------------------

constexpr std::string_view kHolderAlready = "You hold the ring already. Nothing needs to be done.";

// Everything about the case that several operations ask for. The actor is a member of a draft that exists.
struct Judging {
  const Case& asked;
  const DraftState& draft;
  Role role;
  Judge by;
  Verdict& verdict;

  [[nodiscard]] const UserId& actor() const { return asked.op.actor; }
  [[nodiscard]] bool isOwner() const { return role == Role::owner; }
  [[nodiscard]] bool isHolder() const { return draft.ring.holder == actor(); }

  [[nodiscard]] Finding needOwner() const { return isOwner() ? Finding{} : refuse(ErrorCode::notOwner); }

  [[nodiscard]] Finding needHand() const {  // a role that can hold the ring
    if (role != Role::viewer) return {};
    return refuse(ErrorCode::notAllowed,
                  "You may read this draft, but not write in it. Ask the owner to make you an editor.");
  }

  // The fencing token, then the holder: in this order a late op meets the same code for ever.
  [[nodiscard]] Finding needRing(Epoch epoch) const {
    if (auto finding = needHand()) return finding;
    if (epoch != draft.ring.epoch) return refuse(ErrorCode::staleEpoch);
    return isHolder() ? Finding{} : refuse(ErrorCode::notRingHolder);
  }

  [[nodiscard]] Finding needOpen() const {
    return draft.status == DraftStatus::completed ? refuse(ErrorCode::draftCompleted) : Finding{};
  }

  [[nodiscard]] bool waits() const {
    return std::ranges::find(draft.ring.requests, actor(), &RingRequest::user) != draft.ring.requests.end();
  }

  [[nodiscard]] static Finding needRoom(const DraftState& draft, const Limits& limits) {  // for one more member
    if (draft.members.size() <= limits.collaborators) return {};
    return refuse(ErrorCode::quotaExceeded, "The draft has as many members as a draft can have. Remove one first.");
  }

  Finding operator()(const CreateDraft& /*body*/) const { return refuse(ErrorCode::idTaken); }

  Finding operator()(const AppendSegment& body) const {  // O2
    if (auto finding = needRing(body.epoch)) return finding;
    if (draft.status == DraftStatus::locked) return refuse(ErrorCode::draftLocked);
    if (auto finding = needOpen()) return finding;
    if (draft.segmentCount >= asked.limits.segmentsPerDraft) {
      return refuse(ErrorCode::quotaExceeded,
                    "The draft has as many segments as a draft can have. Go on in a new draft.");
    }
    if (asked.segment) return refuse(ErrorCode::idTaken);
    return {};
  }

  Finding operator()(const PassRing& body) const {  // O3
    if (auto finding = needRing(body.epoch)) return finding;
    if (auto finding = needOpen()) return finding;
    if (body.to == actor()) return refuse(ErrorCode::alreadyHolder, kHolderAlready);
    return draft.canHold(body.to) ? Finding{} : refuse(ErrorCode::invalidRecipient);
  }

  Finding operator()(const RequestRing& /*body*/) const {  // O4
    if (auto finding = needHand()) return finding;
    if (auto finding = needOpen()) return finding;
    if (isHolder()) return refuse(ErrorCode::alreadyHolder, kHolderAlready);
    if (waits()) return refuse(ErrorCode::notAllowed, "You wait for the ring already. Your turn will come.");
    return {};
  }

  Finding operator()(const CancelRequest& /*body*/) const {  // O4
    if (auto finding = needHand()) return finding;
    if (!waits()) return refuse(ErrorCode::notAllowed, "You do not wait for the ring. There is nothing to cancel.");
    return {};
  }

  Finding operator()(const ReclaimRing& body) const {  // O5
    if (auto finding = needHand()) return finding;
    if (body.epoch != draft.ring.epoch) return refuse(ErrorCode::staleEpoch);
    if (auto finding = needOpen()) return finding;
    if (isHolder()) return refuse(ErrorCode::alreadyHolder, kHolderAlready);
    if (isOwner()) return {};
    if (draft.holdLimit.count() == 0) {
      return refuse(ErrorCode::notAllowed,
                    "This draft has no hold limit, so only its owner can reclaim the ring. Request it instead.");
    }
    if (by == Judge::replica) {
      verdict = Verdict::waitForAuthority;
      return {};
    }
    if (asked.now - draft.ring.since <= draft.holdLimit) {
      return refuse(ErrorCode::notAllowed, "The holder's time is not over. Try again later, or request the ring.");
    }
    return {};
  }

  Finding operator()(const SetTitle& body) const {  // O6
    if (auto finding = needOwner()) return finding;
    if (!body.expect.empty() && body.expect != etagOf(draft.position)) return refuse(ErrorCode::staleVersion);
    return {};
  }

  Finding operator()(const Lock& /*body*/) const {  // O7
    if (auto finding = needHand()) return finding;
    if (!isOwner() && !isHolder()) return refuse(ErrorCode::notRingHolder);
    if (auto finding = needOpen()) return finding;
    return draft.status == DraftStatus::active ? Finding{} : refuse(ErrorCode::draftLocked);
  }

  Finding operator()(const Unlock& /*body*/) const {  // O7
    if (auto finding = needOwner()) return finding;
    if (auto finding = needOpen()) return finding;
    if (draft.status == DraftStatus::locked) return {};
    return refuse(ErrorCode::notAllowed, "The draft is not locked. Nothing needs to be done.");
  }

  Finding operator()(const Complete& /*body*/) const {  // O8
    if (auto finding = needOwner()) return finding;
    return needOpen();
  }

  Finding operator()(const AddCollaborator& body) const {  // O9
    if (auto finding = needOwner()) return finding;
    if (draft.member(body.user)) return refuse(ErrorCode::alreadyMember);
    return needRoom(draft, asked.limits);
  }

  Finding operator()(const SetRole& body) const {  // O9
    if (auto finding = needOwner()) return finding;
    if (!draft.member(body.user))
      return refuse(ErrorCode::invalidRecipient, "That user is not a member. Add them first.");
    if (body.user == draft.owner) return refuse(ErrorCode::notAllowed, "The owner's role cannot be changed.");
    return {};
  }

  Finding operator()(const RemoveCollaborator& body) const {  // O10
    if (body.user != actor()) {
      if (auto finding = needOwner()) return finding;
    }
    if (body.user == draft.owner)
      return refuse(ErrorCode::notAllowed, "The owner cannot leave the draft. Delete it instead.");
    if (!draft.member(body.user))
      return refuse(ErrorCode::invalidRecipient, "That user is not a member. Nothing needs to be done.");
    return {};
  }

  Finding operator()(const DeleteDraft& /*body*/) const { return needOwner(); }  // O11

  Finding operator()(const RestoreDraft& /*body*/) const {  // O11
    if (auto finding = needOwner()) return finding;
    if (draft.deletedAt) return {};
    return refuse(ErrorCode::notAllowed, "The draft is not deleted. Nothing needs to be done.");
  }

  Finding operator()(const RedactSegment& /*body*/) const {  // O12
    if (!asked.segment) return refuse(ErrorCode::notFound);
    if (!isOwner() && asked.segment->author != actor()) {
      return refuse(ErrorCode::notAllowed, "Only its author and the draft's owner may redact a segment.");
    }
    if (asked.segment->redacted)
      return refuse(ErrorCode::notAllowed, "The segment is redacted already. Nothing needs to be done.");
    return {};
  }

  Finding operator()(const CreateInvite& body) const {  // §11
    if (auto finding = needHand()) return finding;
    if (!isOwner() && !isHolder()) return refuse(ErrorCode::notRingHolder);
    if (draft.invite(body.invite)) return refuse(ErrorCode::idTaken);
    if (draft.member(body.user)) return refuse(ErrorCode::alreadyMember);
    const auto isOpen = [&](const Invite& invite) { return invite.isOpen(asked.now); };
    if (draft.invites.size() >= kInvitesPerDraft && std::ranges::all_of(draft.invites, isOpen)) {
      return refuse(ErrorCode::quotaExceeded,
                    "The draft has as many open invites as a draft can have. Revoke one first.");
    }
    return {};
  }

  Finding operator()(const RevokeInvite& body) const {  // §11
    const Invite* invite = draft.invite(body.invite);
    if (!invite) return refuse(ErrorCode::inviteInvalid, "There is no such invite. It may have been revoked already.");
    if (!isOwner() && invite->createdBy != actor()) {
      return refuse(ErrorCode::notAllowed, "Only who made it and the draft's owner may revoke an invite.");
    }
    if (!invite->isUsed()) return {};
    return refuse(ErrorCode::inviteUsed, "The invite has been accepted. Remove the member instead.");
  }

  Finding operator()(const AcceptInvite& /*body*/) const { return refuse(ErrorCode::alreadyMember); }
};

// §11: whoever has no valid token learns nothing, not even whether there is such a draft (I10).
Finding judgeInvite(const Case& asked, const AcceptInvite& body) {
  const Invite* invite = asked.draft && !asked.draft->deletedAt ? asked.draft->invite(body.invite) : nullptr;
  const bool isTheirs = invite && (invite->user.empty() || invite->user == asked.op.actor);
  if (!isTheirs || invite->tokenHash != body.tokenHash) return refuse(ErrorCode::inviteInvalid);
  if (asked.draft->member(asked.op.actor)) return refuse(ErrorCode::alreadyMember);
  if (invite->isUsed()) return refuse(ErrorCode::inviteUsed);
  if (!invite->isOpen(asked.now)) return refuse(ErrorCode::inviteExpired);
  return Judging::needRoom(*asked.draft, asked.limits);
}

// --- apply: what an accepted op does ----------------------------------------------------------------

struct Folding {
  DraftState& state;
  const LogEntry& entry;
  Change change{};

  void operator()(const CreateDraft& body) {  // O1
    state.id = entry.op.draft;
    state.title = body.title;
    state.platform = body.platform;
    state.holdLimit = body.holdLimit;
    state.owner = entry.op.actor;
    state.createdAt = entry.acceptedAt;
    join(entry.op.actor, Role::owner);
    state.ring = {.holder = entry.op.actor, .epoch = 1, .since = entry.acceptedAt, .requests = {}};
    change.passed =
        RingPass{.from = {}, .to = entry.op.actor, .epoch = 1, .at = entry.acceptedAt, .kind = PassKind::created};
  }

  void operator()(const AppendSegment& body) {  // O2, I5
    change.added = Segment{.id = body.segment,
                           .position = state.segmentCount,
                           .author = entry.op.actor,
                           .authorDisplay = entry.actorDisplay,
                           .epoch = body.epoch,
                           .seq = entry.seq,
                           .authoredAt = entry.op.authoredAt,
                           .acceptedAt = entry.acceptedAt,
                           .content = body.content};
    ++state.segmentCount;
  }

  void operator()(const PassRing& body) { moveRing(body.to, PassKind::passed); }  // O3
  void operator()(const RequestRing& /*body*/) {
    state.ring.requests.push_back({entry.op.actor, entry.acceptedAt});
  }  // O4
  void operator()(const CancelRequest& /*body*/) { leaveQueue(entry.op.actor); }                   // O4
  void operator()(const ReclaimRing& /*body*/) { moveRing(entry.op.actor, PassKind::reclaimed); }  // O5
  void operator()(const SetTitle& body) { state.title = body.title; }                              // O6
  void operator()(const Lock& /*body*/) { state.status = DraftStatus::locked; }                    // O7
  void operator()(const Unlock& /*body*/) { state.status = DraftStatus::active; }                  // O7
  void operator()(const Complete& /*body*/) { state.status = DraftStatus::completed; }             // O8
  void operator()(const AddCollaborator& body) { join(body.user, body.role); }                     // O9

  void operator()(const SetRole& body) {  // O9
    join(body.user, body.role);
    if (body.role == Role::viewer) dropHand(body.user);
  }

  void operator()(const RemoveCollaborator& body) {  // O10
    dropHand(body.user);
    std::erase_if(state.members, [&](const Member& member) { return member.user == body.user; });
    change.left = body.user;
  }

  void operator()(const DeleteDraft& /*body*/) { state.deletedAt = entry.acceptedAt; }  // O11
  void operator()(const RestoreDraft& /*body*/) { state.deletedAt.reset(); }            // O11
  void operator()(const RedactSegment& body) { change.redacted = body.segment; }        // O12

  void operator()(const CreateInvite& body) {  // §11
    if (state.invites.size() >= kInvitesPerDraft) makeRoom();
    put({.id = body.invite,
         .tokenHash = body.tokenHash,
         .role = body.role,
         .createdBy = entry.op.actor,
         .user = body.user,
         .createdAt = entry.acceptedAt,
         .expiresAt = entry.acceptedAt + body.lifetime,
         .acceptedBy = {}});
  }

  void operator()(const RevokeInvite& body) {  // §11
    std::erase_if(state.invites, [&](const Invite& invite) { return invite.id == body.invite; });
    change.uninvited.push_back(body.invite);
  }

  void operator()(const AcceptInvite& body) {  // §11, O9
    const Invite* accepted = state.invite(body.invite);
    if (!accepted) return;  // in no log of an authority that keeps the rules
    Invite invite = *accepted;
    invite.acceptedBy = entry.op.actor;
    invite.acceptedAt = entry.acceptedAt;
    join(entry.op.actor, invite.role);
    put(std::move(invite));
  }

 private:
  // I1, I2: the only place where the ring changes hands.
  void moveRing(const UserId& to, PassKind kind) {
    change.passed = RingPass{
        .from = state.ring.holder, .to = to, .epoch = state.ring.epoch + 1, .at = entry.acceptedAt, .kind = kind};
    leaveQueue(to);
    state.ring.holder = to;
    state.ring.since = entry.acceptedAt;
    ++state.ring.epoch;
  }

  // `user` may no longer hold the ring: it goes to the owner if they did.
  void dropHand(const UserId& user) {
    leaveQueue(user);
    if (state.ring.holder == user) moveRing(state.owner, PassKind::removed);
  }

  void leaveQueue(const UserId& user) {
    std::erase_if(state.ring.requests, [&](const RingRequest& request) { return request.user == user; });
  }

  void put(Invite invite) {
    const auto place = std::ranges::lower_bound(state.invites, invite.id, {}, &Invite::id);
    const bool isThere = place != state.invites.end() && place->id == invite.id;
    change.invited.push_back(isThere ? * place = std::move(invite) : *state.invites.insert(place, std::move(invite)));
  }

  // The oldest invite that is not open any more goes.
  void makeRoom() {
    const auto oldest =
        std::ranges::find_if(state.invites, [&](const Invite& invite) { return !invite.isOpen(entry.acceptedAt); });
    if (oldest == state.invites.end()) return;
    change.uninvited.push_back(oldest->id);
    state.invites.erase(oldest);
  }

  // Adds the member, or gives them the role and keeps the day they joined.
  void join(const UserId& user, Role role) {
    const auto place = std::ranges::lower_bound(state.members, user, {}, &Member::user);
    if (place != state.members.end() && place->user == user) {
      place->role = role;
      change.joined = *place;
      return;
    }
    change.joined = Member{.user = user, .role = role, .joinedAt = entry.acceptedAt};
    state.members.insert(place, *change.joined);
  }
};

Finding judgeMember(const Case& asked, Judge by, Verdict& verdict) {
  if (const auto* accepting = std::get_if<AcceptInvite>(&asked.op.body)) {
    if (by == Judge::authority) return judgeInvite(asked, *accepting);
    verdict = Verdict::waitForAuthority;
    const bool isMember = asked.draft && asked.draft->member(asked.op.actor);
    return isMember ? refuse(ErrorCode::alreadyMember) : Finding{};
  }
  const bool creates = std::holds_alternative<CreateDraft>(asked.op.body);
  if (!asked.draft) return creates ? Finding{} : refuse(ErrorCode::notFound);
  if (creates) return refuse(ErrorCode::idTaken);
  const auto role = asked.draft->roleOf(asked.op.actor);
  if (!role) return refuse(ErrorCode::notFound);  // I10
  if (asked.draft->deletedAt && !std::holds_alternative<RestoreDraft>(asked.op.body)) {
    return refuse(ErrorCode::draftDeleted);
  }
  return std::visit(Judging{asked, *asked.draft, *role, by, verdict}, asked.op.body);
}

}  // namespace

std::optional<Rejection> validate(const Op& op, const Limits& limits) {
  if (!isUuidV7(op.id) || !isUuidV7(op.draft) || !isUuidV7(op.device) || !isUserId(op.actor)) {
    return refuse(ErrorCode::idMalformed);
  }
  if (op.authoredAt < kFirstTime || op.authoredAt > kLastTime) {
    return rejection(ErrorCode::protocolError,
                     "This was written outside the years 0000 to 9999. Set the device's clock and write it again.");
  }
  return std::visit(Validator{limits}, op.body);
}

std::expected<Verdict, Rejection> judge(const Case& asked, Judge by) {
  auto verdict = Verdict::allowed;
  if (auto finding = judgeMember(asked, by, verdict)) return std::unexpected(std::move(*finding));
  return verdict;
}

LogEntry accept(const DraftState* before, Op op, std::string actorDisplay, Time now) {
  LogEntry entry{.op = std::move(op),
                 .seq = before ? before->position.seq + 1 : 1,
                 .acceptedAt = before ? std::max(now, before->updatedAt) : now,
                 .rulesVersion = kRulesVersion,
                 .actorDisplay = std::move(actorDisplay),
                 .link = {}};
  forgetToken(entry.op);
  entry.link = nextLink(before ? before->position.link : Digest{}, entry);
  return entry;
}

Change apply(DraftState& state, const LogEntry& entry) {
  if (entry.rulesVersion != kRulesVersion) {
    throw std::invalid_argument("log entry under rules version " + std::to_string(entry.rulesVersion) +
                                "; this build knows version " + std::to_string(kRulesVersion));
  }
  if (entry.seq != state.position.seq + 1) {
    throw std::invalid_argument("log entry " + std::to_string(entry.seq) + " does not follow " +
                                std::to_string(state.position.seq));
  }
  Folding folding{state, entry};
  std::visit(folding, entry.op.body);
  state.position = entry.position();
  state.updatedAt = entry.acceptedAt;
  return std::move(folding.change);
}

}  // namespace onering
