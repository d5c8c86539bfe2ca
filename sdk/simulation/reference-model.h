// The rules of SPEC §4 a second time, as short and plain as they can be said, and without a line in common with
// sdk/domain: what the oracle holds the authority's decisions against.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "onering/domain/draft.h"
#include "onering/domain/error.h"
#include "onering/domain/limits.h"

namespace onering::simulation {

class ReferenceDraft {
 public:
  struct Invitation {
    Digest tokenHash{};
    bool forWriting = false;
    UserId by, only;
    Time end;
    UserId usedBy;
  };
  struct Line {
    SegmentId id;
    UserId author;
    bool redacted = false;
  };

  // Why the op may not happen now; nothing when it may.
  [[nodiscard]] std::optional<ErrorCode> objection(const Op& op, Time at, const Limits& limits) const;

  // The op has happened.
  void happen(const LogEntry& entry);

  // The name of what the head says differently, but for its place in the log and for times; empty when it says the
  // same.
  [[nodiscard]] std::string_view difference(const DraftHead& head) const;
  [[nodiscard]] bool hasMembersOf(const DraftState& state) const;
  [[nodiscard]] bool hasInvitesOf(const DraftState& state) const;

  [[nodiscard]] bool exists() const { return seq > 0; }
  [[nodiscard]] bool isMember(const UserId& user) const { return mayWrite.contains(user); }

  // Public: it is a record that the oracle compares.
  Seq seq = 0;
  Digest link{};
  Time at;
  std::string title;
  Duration holdLimit{};
  bool locked = false;
  bool completed = false;
  bool deleted = false;
  UserId owner;
  UserId holder;
  Epoch epoch = 0;
  Time heldSince;
  std::map<UserId, bool> mayWrite;  // members; false: viewers
  std::vector<UserId> queue;
  std::vector<Line> lines;
  std::map<InviteId, Invitation> invitations;  // never as many as make the oldest ones go

 private:
  [[nodiscard]] std::optional<ErrorCode> memberObjection(const Op& op, Time now, const Limits& limits) const;
  [[nodiscard]] std::optional<ErrorCode> objectionToGuest(const Op& op, Time now, const Limits& limits) const;
  [[nodiscard]] const Line* line(const SegmentId& id) const;
  [[nodiscard]] bool queued(const UserId& user) const;
  void give(const UserId& user);
  void takeFrom(const UserId& user);
};

// What is wrong with the op in any state.
[[nodiscard]] std::optional<ErrorCode> malformed(const Op& op, const Limits& limits);

}  // namespace onering::simulation
