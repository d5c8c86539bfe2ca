// Operations (SPEC §4): what a user did to a draft, as a value.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>

#include "onering/domain/bytes.h"
#include "onering/domain/id.h"
#include "onering/domain/time.h"

namespace onering {

using UserId = std::string;   // isUserId() holds for every user id that has passed validate()
using Epoch = std::uint64_t;  // counts the holders of a draft's ring from 1 (SPEC I2)
using Seq = std::uint64_t;    // place in a draft's log from 1; 0: before the first op

enum class Role : std::uint8_t { viewer, editor, owner };

// A segment's text together with what stands for it in the chain (SPEC H1):
// digest == SHA-256(salt || text). Erasing drops salt and text and keeps the digest.
struct Content {
  std::string text;
  Salt salt{};
  Digest digest{};
  bool erased = false;

  friend bool operator==(const Content&, const Content&) = default;
};

[[nodiscard]] Content sealContent(std::string text, const Salt& salt);
[[nodiscard]] Content erasedContent(const Digest& digest);

// The secret of an invite: 128 random bits, shown once (SPEC §11). What is stored and chained is its SHA-256.
using InviteToken = std::array<std::uint8_t, 16>;

[[nodiscard]] Digest tokenHash(const InviteToken& token);

// How long an invite is good for where nothing else is said (SPEC §11).
inline constexpr Duration kInviteLifetime = std::chrono::hours(72);

struct CreateDraft {  // O1
  std::string title;
  std::string platform;  // empty: none
  Duration holdLimit{};  // zero: nobody but the owner may ever reclaim
  friend bool operator==(const CreateDraft&, const CreateDraft&) = default;
};
struct AppendSegment {  // O2
  SegmentId segment;
  Epoch epoch = 0;
  Content content;
  friend bool operator==(const AppendSegment&, const AppendSegment&) = default;
};
struct PassRing {  // O3
  UserId to;
  Epoch epoch = 0;
  friend bool operator==(const PassRing&, const PassRing&) = default;
};
struct RequestRing {  // O4
  friend bool operator==(const RequestRing&, const RequestRing&) = default;
};
struct CancelRequest {  // O4
  friend bool operator==(const CancelRequest&, const CancelRequest&) = default;
};
struct ReclaimRing {  // O5
  Epoch epoch = 0;
  friend bool operator==(const ReclaimRing&, const ReclaimRing&) = default;
};
struct SetTitle {  // O6
  std::string title;
  std::string expect;  // an etag (SPEC H4); empty: whatever the draft is now
  friend bool operator==(const SetTitle&, const SetTitle&) = default;
};
struct Lock {  // O7
  friend bool operator==(const Lock&, const Lock&) = default;
};
struct Unlock {  // O7
  friend bool operator==(const Unlock&, const Unlock&) = default;
};
struct Complete {  // O8
  friend bool operator==(const Complete&, const Complete&) = default;
};
struct AddCollaborator {  // O9
  UserId user;
  Role role = Role::editor;
  friend bool operator==(const AddCollaborator&, const AddCollaborator&) = default;
};
struct SetRole {  // O9
  UserId user;
  Role role = Role::editor;
  friend bool operator==(const SetRole&, const SetRole&) = default;
};
struct RemoveCollaborator {  // O10
  UserId user;
  friend bool operator==(const RemoveCollaborator&, const RemoveCollaborator&) = default;
};
struct DeleteDraft {  // O11
  friend bool operator==(const DeleteDraft&, const DeleteDraft&) = default;
};
struct RestoreDraft {  // O11
  friend bool operator==(const RestoreDraft&, const RestoreDraft&) = default;
};
struct RedactSegment {  // O12
  SegmentId segment;
  friend bool operator==(const RedactSegment&, const RedactSegment&) = default;
};
struct CreateInvite {  // SPEC §11
  InviteId invite;
  Digest tokenHash{};
  Role role = Role::editor;
  UserId user;          // for nobody else; empty: for whoever has the token
  Duration lifetime{};  // from the time of acceptance
  friend bool operator==(const CreateInvite&, const CreateInvite&) = default;
};
struct RevokeInvite {  // SPEC §11
  InviteId invite;
  friend bool operator==(const RevokeInvite&, const RevokeInvite&) = default;
};
// The one op of someone who is no member yet. The token goes from the device to the authority and no further:
// forgetToken() takes it off, and the log has its hash.
struct AcceptInvite {  // SPEC §11, O9
  InviteId invite;
  Digest tokenHash{};
  std::optional<InviteToken> token{};  // tokenHash is of it
  friend bool operator==(const AcceptInvite&, const AcceptInvite&) = default;
};

// In the order of the protocol's union: the index is the tag in the canonical bytes. Append only.
using OpBody = std::variant<CreateDraft, AppendSegment, PassRing, RequestRing, CancelRequest, ReclaimRing, SetTitle,
                            Lock, Unlock, Complete, AddCollaborator, SetRole, RemoveCollaborator, DeleteDraft,
                            RestoreDraft, RedactSegment, CreateInvite, RevokeInvite, AcceptInvite>;

// The operation's name as SPEC §4 writes it: "appendSegment".
[[nodiscard]] std::string_view opName(const OpBody& body);

struct Op {
  OpId id;  // the idempotency key, unique in the draft for ever (SPEC K1)
  DraftId draft;
  UserId actor;
  DeviceId device;
  Time authoredAt;  // the device's time; no rule depends on it
  OpBody body;

  friend bool operator==(const Op&, const Op&) = default;
};

// Takes an invite's token off the op, if it has one: what goes into a log (SPEC §11).
void forgetToken(Op& op);

// The segment that the op adds or redacts, or nothing.
[[nodiscard]] std::optional<SegmentId> segmentOf(const Op& op);
// The invite that the op makes, revokes or accepts, or nothing.
[[nodiscard]] std::optional<InviteId> inviteOf(const Op& op);

}  // namespace onering
