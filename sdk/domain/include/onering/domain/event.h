// Events: facts for statistics (SPEC §10), append-only, most of them derived from accepted ops.
//
//   an accepted op   -> at most one event, which has the op's id
//   a view           -> one event for each draft, user and hour
//
// An event's key is (draft, id): to append it again does nothing. Events are ordered by (occurredAt, id) (SPEC §6);
// as an id is unique in its draft only, the draft decides where both are equal.
#pragma once

#include <compare>
#include <optional>
#include <string_view>

#include "onering/domain/rules.h"

namespace onering {

using EventId = Id<struct EventTag>;

// The numbers are part of what is stored: append only.
enum class EventType : std::uint8_t {
  draftCreated,
  draftViewed,
  segmentAdded,
  ringPassed,     // its holder gave it
  ringReclaimed,  // it was taken: reclaimed, or its holder can hold it no more
  draftCompleted,
  inviteCreated,
  inviteAccepted,
  inviteRevoked,
};
inline constexpr std::size_t kEventTypeCount = static_cast<std::size_t>(EventType::inviteRevoked) + 1;

// As SPEC §10 writes it: "SegmentAdded".
[[nodiscard]] std::string_view eventName(EventType type);
// The type of that name, or nothing.
[[nodiscard]] std::optional<EventType> eventFromName(std::string_view name);

struct Event {
  EventId id;
  DraftId draft;
  EventType type = EventType::draftCreated;
  UserId user;      // who did it
  Time occurredAt;  // of an op: acceptedAt
  // Where the ring went, for draftCreated, ringPassed and ringReclaimed; `from` is nobody in the first of them.
  std::optional<UserId> from{};
  std::optional<UserId> to{};
  Epoch epoch = 0;  // of `to`; 0: the ring did not move

  friend bool operator==(const Event&, const Event&) = default;
};

// The place of an event among all events.
struct EventKey {
  Time occurredAt;
  EventId id;
  DraftId draft;
  friend auto operator<=>(const EventKey&, const EventKey&) = default;
};
[[nodiscard]] inline EventKey keyOf(const Event& event) {
  return {event.occurredAt, event.id, event.draft};
}

// What an accepted op is to statistics, if anything. `change`: what apply() said of it.
[[nodiscard]] std::optional<Event> eventOf(const LogEntry& entry, const Change& change);

// `user` looked at the draft. Views of the same UTC hour have the same id.
[[nodiscard]] Event viewEvent(const DraftId& draft, const UserId& user, Time at);

}  // namespace onering
