// A draft's state: a fold of its log (SPEC I7).
//
// The state comes in two parts, because they are needed at different times:
//
//   DraftState   what the rules look at to judge the next op. Small, whatever the draft's length.
//   Segment, RingPass
//                what readers look at. They only ever grow (a redaction empties a segment in place),
//                so they live in the store, one row each, and apply() reports only what it added.
//
// Invariants (SPEC I1, I2, I5), asserted by checkInvariants():
//   ring.holder is a member whose role is owner or editor
//   ring.epoch >= 1; every change of holder adds one, so there are `epoch` ring passes, the first of kind `created`
//   members are sorted by user and name the owner exactly once, with role owner
//   ring.requests name editors or the owner, each once, never the holder
//   segments hold the positions 0 .. segmentCount - 1
//   invites are sorted by id, and there are at most kInvitesPerDraft
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "onering/domain/log.h"

namespace onering {

enum class DraftStatus : std::uint8_t { active, locked, completed };
enum class PassKind : std::uint8_t { created, passed, reclaimed, removed };

struct Member {
  UserId user;
  Role role = Role::viewer;
  Time joinedAt;
  friend bool operator==(const Member&, const Member&) = default;
};

// A way into the draft (SPEC §11). One that was revoked is not in the state any more.
struct Invite {
  InviteId id;
  Digest tokenHash{};
  Role role = Role::editor;
  UserId createdBy;
  UserId user;  // for nobody else; empty: for whoever has the token
  Time createdAt;
  Time expiresAt;
  UserId acceptedBy;  // empty: by nobody yet
  Time acceptedAt{};

  [[nodiscard]] bool isUsed() const { return !acceptedBy.empty(); }
  // Neither used nor expired at `now`.
  [[nodiscard]] bool isOpen(Time now) const { return !isUsed() && now <= expiresAt; }

  friend bool operator==(const Invite&, const Invite&) = default;
};

// What a draft remembers: a new one takes the place of the oldest that is not open any more.
inline constexpr std::size_t kInvitesPerDraft = 100;

struct RingRequest {
  UserId user;
  Time at;
  friend bool operator==(const RingRequest&, const RingRequest&) = default;
};

struct Ring {
  UserId holder;
  Epoch epoch = 0;
  Time since;
  std::vector<RingRequest> requests;  // first come first served
  friend bool operator==(const Ring&, const Ring&) = default;
};

// One line of the ring's history. There is never one with from == to.
struct RingPass {
  std::optional<UserId> from;  // nobody, for the entry that creates the draft
  UserId to;
  Epoch epoch = 0;  // of the new holder
  Time at;
  PassKind kind = PassKind::passed;
  friend bool operator==(const RingPass&, const RingPass&) = default;
};

struct Segment {
  SegmentId id;
  std::uint32_t position = 0;
  UserId author;
  std::string authorDisplay;
  Epoch epoch = 0;
  Seq seq = 0;  // of the op that appended it
  Time authoredAt;
  Time acceptedAt;
  Content content;
  friend bool operator==(const Segment&, const Segment&) = default;
};

// What the rules need to know of a segment that an op names.
struct SegmentRef {
  UserId author;
  bool redacted = false;
  friend bool operator==(const SegmentRef&, const SegmentRef&) = default;
};

// All of a draft's state but its members and invites: what one row holds.
struct DraftHead {
  DraftId id;
  std::string title;
  std::string platform;
  Duration holdLimit{};
  DraftStatus status = DraftStatus::active;
  UserId owner;
  Ring ring;
  std::uint32_t segmentCount = 0;
  Time createdAt;
  Time updatedAt;  // acceptedAt of the last op
  std::optional<Time> deletedAt;
  LogPosition position;  // the last op folded in

  friend bool operator==(const DraftHead&, const DraftHead&) = default;
};

struct DraftState : DraftHead {
  std::vector<Member> members;  // sorted by user
  std::vector<Invite> invites;  // sorted by id

  [[nodiscard]] const Member* member(std::string_view user) const;
  // Nothing for someone who is not a member.
  [[nodiscard]] std::optional<Role> roleOf(std::string_view user) const;
  [[nodiscard]] bool canHold(std::string_view user) const;
  [[nodiscard]] const Invite* invite(const InviteId& id) const;

  friend bool operator==(const DraftState&, const DraftState&) = default;
};

// SPEC H4: "<seq>-<first 16 hex digits of link>", in the quotes that HTTP wants.
[[nodiscard]] std::string etagOf(const LogPosition& position);

// Throws std::logic_error naming the broken invariant. For tests, `verify` and the simulation.
void checkInvariants(const DraftState& state);

}  // namespace onering
