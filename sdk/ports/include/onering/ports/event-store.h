// Where a server keeps events (SPEC §10): contract as in store.h.
//
// The events of ops come by themselves: Store::commit(Batch) appends eventOf() each accepted op in its own transaction
// (SPEC K4). A device's commit does not.
#pragma once

#include "onering/domain/event.h"
#include "onering/ports/store.h"

namespace onering {

// Which events, in the order of their keys.
struct EventQuery {
  Time from = Time::min();          // the first moment
  Time until = Time::max();         // the first moment that no longer counts
  std::vector<EventType> types{};   // empty: all
  std::optional<DraftId> draft{};   // nothing: of all
  std::optional<UserId> user{};     // who did it; nothing: anyone
  std::optional<EventKey> after{};  // goes on behind this one
  std::uint32_t countMax = 1'000;
};

// At most `countMax` events. A store may give fewer than there are, none even, so as not to look at too many
// at once: only without `next` was that all.
struct EventPage {
  std::vector<Event> events;
  std::optional<EventKey> next;  // ask again behind this one
};

class EventStore {
 public:
  virtual ~EventStore() = default;

  // Appends in one transaction. For each event, in order, whether it is new: one whose (draft, id) is there already,
  // from before or from earlier in the list, changes nothing.
  [[nodiscard]] virtual StoreResult<std::vector<bool>> appendEvents(const std::vector<Event>& events) = 0;

  [[nodiscard]] virtual StoreResult<EventPage> readEvents(const EventQuery& query) = 0;
};

}  // namespace onering
