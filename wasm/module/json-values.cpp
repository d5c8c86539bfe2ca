#include "json-values.h"

namespace onering {

namespace {

std::string_view roleName(Role role) {
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

std::string_view kindName(PassKind kind) {
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

// What an op carries beside the ids that all have.
struct BodyWriter {
  JsonWriter& json;

  void operator()(const CreateDraft& body) const { json.member("title", body.title); }
  void operator()(const AppendSegment& body) const {
    json.member("segment", toText(body.segment));
    json.member("text", body.content.text);
  }
  void operator()(const PassRing& body) const { json.member("user", body.to); }
  void operator()(const SetTitle& body) const { json.member("title", body.title); }
  void operator()(const AddCollaborator& body) const { writeMember(body.user, body.role); }
  void operator()(const SetRole& body) const { writeMember(body.user, body.role); }
  void operator()(const RemoveCollaborator& body) const { json.member("user", body.user); }
  void operator()(const RedactSegment& body) const { json.member("segment", toText(body.segment)); }
  void operator()(const CreateInvite& body) const {
    json.member("invite", toText(body.invite)).member("role", roleName(body.role));
    if (!body.user.empty()) {
      json.member("user", body.user);
    }
  }
  void operator()(const RevokeInvite& body) const { json.member("invite", toText(body.invite)); }
  void operator()(const AcceptInvite& body) const { json.member("invite", toText(body.invite)); }
  template <typename Bare>
  void operator()(const Bare& /*body*/) const {}

  void writeMember(const UserId& user, Role role) const {
    json.member("user", user);
    json.member("role", roleName(role));
  }
};

}  // namespace

std::string_view statusName(DraftStatus status) {
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

void writeFailure(JsonWriter& json, const Rejection& why) {
  json.openObject().member("code", errorName(why.code)).member("message", why.message).closeObject();
}

void writeFailure(JsonWriter& json, const Failure& failure) {
  json.openObject().member("code", errorName(failure.why.code)).member("message", failure.why.message);
  if (!failure.detail.empty()) {
    json.member("detail", failure.detail);
  }
  json.closeObject();
}

// To a device its store is the storage: "the service is unavailable" would send people looking at the network.
Failure failureOf(const StoreError& error) {
  if (error.fault == StoreFault::full) {
    return {rejection(ErrorCode::storageFull), error.detail};
  }
  if (error.fault == StoreFault::damaged) {
    return {rejection(ErrorCode::storageUnavailable,
                      "What is stored on this device cannot be read. It was left untouched; use another storage "
                      "name to go on."),
            error.detail};
  }
  return {rejection(ErrorCode::storageUnavailable), error.detail};
}

void writeRing(JsonWriter& json, const Ring& ring) {
  json.openObject().member("holder", ring.holder).member("epoch", ring.epoch).member("since", toMs(ring.since));
  json.memberList("requests");
  for (const RingRequest& request : ring.requests) {
    json.openObject().member("user", request.user).member("at", toMs(request.at)).closeObject();
  }
  json.closeList().closeObject();
}

void writeMembers(JsonWriter& json, const std::vector<Member>& members) {
  json.openList();
  for (const Member& member : members) {
    json.openObject().member("user", member.user).member("role", roleName(member.role));
    json.member("joinedAt", toMs(member.joinedAt)).closeObject();
  }
  json.closeList();
}

void writeInvites(JsonWriter& json, const std::vector<Invite>& invites) {
  json.openList();
  for (const Invite& invite : invites) {
    json.openObject().member("id", toText(invite.id)).member("role", roleName(invite.role));
    json.member("createdBy", invite.createdBy);
    invite.user.empty() ? json.noMember("for") : json.member("for", invite.user);
    json.member("createdAt", toMs(invite.createdAt)).member("expiresAt", toMs(invite.expiresAt));
    invite.isUsed() ? json.member("acceptedBy", invite.acceptedBy) : json.noMember("acceptedBy");
    invite.isUsed() ? json.member("acceptedAt", toMs(invite.acceptedAt)) : json.noMember("acceptedAt");
    json.closeObject();
  }
  json.closeList();
}

void writePass(JsonWriter& json, const RingPass& pass) {
  json.openObject();
  pass.from ? json.member("from", *pass.from) : json.noMember("from");
  json.member("to", pass.to).member("epoch", pass.epoch).member("at", toMs(pass.at));
  json.member("kind", kindName(pass.kind)).closeObject();
}

void writeLimits(JsonWriter& json, const Limits& limits) {
  json.openObject().member("titleCharacters", limits.titleCharacters).member("segmentBytes", limits.segmentBytes);
  json.member("collaborators", limits.collaborators).member("segmentsPerDraft", limits.segmentsPerDraft);
  json.closeObject();
}

void writeReceipt(JsonWriter& json, const Accepted& accepted) {
  json.member("seq", accepted.seq).member("acceptedAt", toMs(accepted.acceptedAt)).member("link", toHex(accepted.link));
}

void writeSegment(JsonWriter& json, const Segment& segment, const std::set<SegmentId>& redacting) {
  const bool redacted = segment.content.erased || redacting.contains(segment.id);
  const bool pending = segment.seq == 0;
  json.openObject().member("id", toText(segment.id)).member("position", segment.position);
  json.member("author", segment.author).member("authorDisplay", segment.authorDisplay).member("epoch", segment.epoch);
  json.member("seq", segment.seq).member("authoredAt", toMs(segment.authoredAt));
  pending ? json.noMember("acceptedAt") : json.member("acceptedAt", toMs(segment.acceptedAt));
  json.member("text", redacted ? std::string_view() : std::string_view(segment.content.text));
  json.member("redacted", redacted).member("pending", pending).closeObject();
}

void writeOp(JsonWriter& json, const Op& op) {
  json.member("op", toText(op.id)).member("draft", toText(op.draft)).member("kind", opName(op.body));
  json.member("authoredAt", toMs(op.authoredAt));
  std::visit(BodyWriter{json}, op.body);
}

}  // namespace onering
