// The names of everything that is said over HTTP, each once: what writes JSON, what reads it, and the test that holds
// the names against onering.capnp all go through Fields.
//
//   Fields<PassRing>::visit(field, body)   calls field("to", body.to), then field("epoch", body.epoch)
//
// `field` may be called with kOptional as a third argument: when reading, what is missing keeps its value. Names are
// those of the schema; what the schema does not have (a receipt's etag, say) is named here alone.
#pragma once

#include <string_view>
#include <vector>

#include "onering/domain/event.h"

namespace onering::server {

struct OptionalField {};
inline constexpr OptionalField kOptional;

template <typename T>
struct Fields;

template <typename T>
concept HasFields = requires { Fields<T>{}; };

// --- what ops say --------------------------------------------------------------------------------------------------

template <>
struct Fields<CreateDraft> {
  static void visit(auto&& field, auto& body) {
    field("title", body.title);
    field("platform", body.platform, kOptional);
    field("holdLimitMs", body.holdLimit, kOptional);
  }
};

template <>
struct Fields<AppendSegment> {
  static void visit(auto&& field, auto& body) {
    field("segment", body.segment);
    field("epoch", body.epoch);
    field("text", body.content.text);
  }
};

template <>
struct Fields<PassRing> {
  static void visit(auto&& field, auto& body) {
    field("to", body.to);
    field("epoch", body.epoch);
  }
};

template <>
struct Fields<ReclaimRing> {
  static void visit(auto&& field, auto& body) { field("epoch", body.epoch); }
};

template <>
struct Fields<SetTitle> {
  static void visit(auto&& field, auto& body) {
    field("title", body.title);
    field("expect", body.expect, kOptional);
  }
};

template <>
struct Fields<AddCollaborator> {
  static void visit(auto&& field, auto& body) {
    field("user", body.user);
    field("role", body.role);
  }
};

template <>
struct Fields<SetRole> {
  static void visit(auto&& field, auto& body) {
    field("user", body.user);
    field("role", body.role);
  }
};

template <>
struct Fields<RemoveCollaborator> {
  static void visit(auto&& field, auto& body) { field("user", body.user); }
};

template <>
struct Fields<RedactSegment> {
  static void visit(auto&& field, auto& body) { field("segment", body.segment); }
};

template <>
struct Fields<CreateInvite> {
  static void visit(auto&& field, auto& body) {
    field("invite", body.invite);
    field("tokenHash", body.tokenHash);
    field("lifetimeMs", body.lifetime, kOptional);
    field("role", body.role, kOptional);
    field("user", body.user, kOptional);
  }
};

template <>
struct Fields<RevokeInvite> {
  static void visit(auto&& field, auto& body) { field("invite", body.invite); }
};

// The token in place of its hash, as beside a pushed op.
template <>
struct Fields<AcceptInvite> {
  static void visit(auto&& field, auto& body) {
    field("invite", body.invite);
    field("token", body.token);
  }
};

// An op that says nothing but its name.
struct NoFields {
  static void visit(auto&& /*field*/, auto& /*body*/) {}
};
template <>
struct Fields<RequestRing> : NoFields {};
template <>
struct Fields<CancelRequest> : NoFields {};
template <>
struct Fields<Lock> : NoFields {};
template <>
struct Fields<Unlock> : NoFields {};
template <>
struct Fields<Complete> : NoFields {};
template <>
struct Fields<DeleteDraft> : NoFields {};
template <>
struct Fields<RestoreDraft> : NoFields {};

// --- what is read --------------------------------------------------------------------------------------------------

template <>
struct Fields<RingRequest> {
  static void visit(auto&& field, auto& request) {
    field("user", request.user);
    field("at", request.at);
  }
};

template <>
struct Fields<Ring> {
  static void visit(auto&& field, auto& ring) {
    field("holder", ring.holder);
    field("epoch", ring.epoch);
    field("since", ring.since);
    field("requests", ring.requests);
  }
};

template <>
struct Fields<RingPass> {
  static void visit(auto&& field, auto& pass) {
    field("epoch", pass.epoch);
    field("at", pass.at);
    field("from", pass.from);
    field("to", pass.to);
    field("kind", pass.kind);
  }
};

template <>
struct Fields<Member> {
  static void visit(auto&& field, auto& member) {
    field("user", member.user);
    field("role", member.role);
    field("joinedAt", member.joinedAt);
  }
};

// Without the token's hash, which nobody needs to see. What is empty in the schema is null here.
template <>
struct Fields<Invite> {
  static void visit(auto&& field, auto& invite) {
    const auto orNull = [](const UserId& user) { return user.empty() ? std::nullopt : std::optional(user); };
    field("id", invite.id);
    field("role", invite.role);
    field("createdBy", invite.createdBy);
    field("user", orNull(invite.user));
    field("createdAt", invite.createdAt);
    field("expiresAt", invite.expiresAt);
    field("acceptedBy", orNull(invite.acceptedBy));
    field("acceptedAt", invite.isUsed() ? std::optional(invite.acceptedAt) : std::nullopt);
  }
};

// Beside the schema's: `id`, and `seq` and `etag` of the draft's position.
template <>
struct Fields<DraftHead> {
  static void visit(auto&& field, auto& head) {
    field("id", head.id);
    field("title", head.title);
    field("platform", head.platform);
    field("holdLimitMs", head.holdLimit);
    field("status", head.status);
    field("owner", head.owner);
    field("ring", head.ring);
    field("segmentCount", head.segmentCount);
    field("createdAt", head.createdAt);
    field("updatedAt", head.updatedAt);
    field("deletedAt", head.deletedAt);
    field("seq", head.position.seq);
    field("etag", head.position);
  }
};

template <>
struct Fields<DraftState> {
  static void visit(auto&& field, auto& state) {
    Fields<DraftHead>::visit(field, state);
    field("members", state.members);
    field("invites", state.invites);
  }
};

// A redacted segment's text is null.
template <>
struct Fields<Segment> {
  static void visit(auto&& field, auto& segment) {
    field("id", segment.id);
    field("position", segment.position);
    field("author", segment.author);
    field("authorDisplay", segment.authorDisplay);
    field("epoch", segment.epoch);
    field("seq", segment.seq);
    field("authoredAt", segment.authoredAt);
    field("acceptedAt", segment.acceptedAt);
    field("text", segment.content);
  }
};

template <>
struct Fields<Event> {
  static void visit(auto&& field, auto& event) {
    field("id", event.id);
    field("type", event.type);
    field("draft", event.draft);
    field("user", event.user);
    field("occurredAt", event.occurredAt);
    field("from", event.from);
    field("to", event.to);
    field("epoch", event.epoch);
  }
};

// What a write is answered with, the same however often it is asked: what the receipt says, and nothing that changes.
struct WriteReceipt {
  DraftId draft;
  OpId op;
  Accepted accepted;
  std::optional<SegmentId> segment;  // of an append or a redaction
  std::optional<InviteId> invite;    // of what has to do with one
};
template <>
struct Fields<WriteReceipt> {
  static void visit(auto&& field, auto& receipt) {
    field("draft", receipt.draft);
    field("op", receipt.op);
    field("segment", receipt.segment);
    field("invite", receipt.invite);
    field("seq", receipt.accepted.seq);
    field("acceptedAt", receipt.accepted.acceptedAt);
    const LogPosition position{receipt.accepted.seq, receipt.accepted.link};
    field("etag", position);
  }
};

// What the database says; names and nulls as SPEC §15 has them.
struct DatabaseSays {
  bool connected = false;
  std::optional<double> latencyMs;
  bool tablesPresent = false;
};
template <>
struct Fields<DatabaseSays> {
  static void visit(auto&& field, auto& says) {
    field("connected", says.connected);
    field("database", nullptr);
    field("user", nullptr);
    field("latency_ms", says.latencyMs);
    field("tables_present", says.tablesPresent);
  }
};

// The names of T's fields, in order.
template <typename T>
[[nodiscard]] std::vector<std::string_view> fieldNames() {
  std::vector<std::string_view> names;
  T value{};
  Fields<T>::visit([&](std::string_view name, auto&&...) { names.push_back(name); }, value);
  return names;
}

}  // namespace onering::server
