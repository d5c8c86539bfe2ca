#include "onering/domain/event.h"

#include <algorithm>
#include <array>
#include <span>

#include "onering/domain/sha256.h"

namespace onering {

namespace {

// By number.
constexpr std::array<std::string_view, kEventTypeCount> kNames{"DraftCreated",  "DraftViewed",    "SegmentAdded",
                                                               "RingPassed",    "RingReclaimed",  "DraftCompleted",
                                                               "InviteCreated", "InviteAccepted", "InviteRevoked"};

std::optional<EventType> typeOf(const OpBody& body, const Change& change) {
  if (std::holds_alternative<CreateDraft>(body)) return EventType::draftCreated;
  if (std::holds_alternative<Complete>(body)) return EventType::draftCompleted;
  if (std::holds_alternative<CreateInvite>(body)) return EventType::inviteCreated;
  if (std::holds_alternative<AcceptInvite>(body)) return EventType::inviteAccepted;
  if (std::holds_alternative<RevokeInvite>(body)) return EventType::inviteRevoked;
  if (change.added) return EventType::segmentAdded;
  if (!change.passed) return std::nullopt;
  return change.passed->kind == PassKind::passed ? EventType::ringPassed : EventType::ringReclaimed;
}

}  // namespace

std::string_view eventName(EventType type) {
  return kNames.at(static_cast<std::size_t>(type));
}

std::optional<EventType> eventFromName(std::string_view name) {
  const auto found = std::ranges::find(kNames, name);
  if (found == kNames.end()) return std::nullopt;
  return static_cast<EventType>(found - kNames.begin());
}

std::optional<Event> eventOf(const LogEntry& entry, const Change& change) {
  const auto type = typeOf(entry.op.body, change);
  if (!type) return std::nullopt;
  Event event{.id = {entry.op.id.bytes},
              .draft = entry.op.draft,
              .type = *type,
              .user = entry.op.actor,
              .occurredAt = entry.acceptedAt,
              .from = {},
              .to = {}};
  if (change.passed) {
    event.from = change.passed->from;
    event.to = change.passed->to;
    event.epoch = change.passed->epoch;
  }
  return event;
}

Event viewEvent(const DraftId& draft, const UserId& user, Time at) {
  const auto hour = std::chrono::floor<std::chrono::hours>(at);
  const Digest digest =
      Sha256().add("onering/view/1").add(draft.bytes).addFramed(timeText(hour)).addFramed(user).finish();
  return {.id = {uuidV7(hour, std::span(digest).first<10>())},
          .draft = draft,
          .type = EventType::draftViewed,
          .user = user,
          .occurredAt = at,
          .from = {},
          .to = {}};
}

}  // namespace onering
