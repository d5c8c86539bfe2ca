#include "onering/sync/attendance.h"

#include <algorithm>

namespace onering {

void Attendance::say(const DraftId& draft, SessionId session, Attention attention, const Person& person, Time now) {
  if (attention == Attention::away) {
    leave(draft, session);
    return;
  }
  auto& drafts = where_[session];
  if (!drafts.contains(draft) && drafts.size() >= kDraftsPerSession) return;
  drafts.insert(draft);
  Room& room = rooms_[draft];
  const auto [place, isNew] = room.visitors.try_emplace(session);
  Visitor& visitor = place->second;
  Person is = person;
  is.isTyping = attention == Attention::typing;
  visitor.saidAt = now;
  if (!isNew && visitor.person == is) return;
  visitor.person = std::move(is);
  changed_.insert(draft);
}

void Attendance::leave(const DraftId& draft, SessionId session) {
  const auto drafts = where_.find(session);
  if (drafts == where_.end() || drafts->second.erase(draft) == 0) return;
  if (drafts->second.empty()) where_.erase(drafts);
  const auto room = rooms_.find(draft);
  room->second.visitors.erase(session);
  if (room->second.visitors.empty()) {
    rooms_.erase(room);
    changed_.erase(draft);
  } else {
    changed_.insert(draft);
  }
}

void Attendance::leave(SessionId session) {
  const auto drafts = where_.find(session);
  if (drafts == where_.end()) return;
  for (const DraftId& draft : std::set(drafts->second)) leave(draft, session);
}

void Attendance::lapse(Time now) {
  for (auto& [draft, room] : rooms_) {
    for (auto& [session, visitor] : room.visitors) {
      if (!visitor.person.isTyping || now - visitor.saidAt < kTypingLapsesAfter) continue;
      visitor.person.isTyping = false;
      changed_.insert(draft);
    }
  }
}

std::vector<Attendance::Telling> Attendance::due(Time now) {
  std::vector<Telling> tellings;
  for (auto draft = changed_.begin(); draft != changed_.end();) {
    Room& room = rooms_.at(*draft);
    if (now - room.toldAt < kTellEvery) {
      ++draft;
      continue;
    }
    room.toldAt = now;
    tellings.push_back(tellingOf(*draft, room));
    draft = changed_.erase(draft);
  }
  return tellings;
}

// A user with several devices is one person, who types if one of them does.
Attendance::Telling Attendance::tellingOf(const DraftId& draft, const Room& room) {
  std::map<UserId, Person> people;
  Telling telling{.to = {}, .presence = {.draft = draft, .people = {}}};
  for (const auto& [session, visitor] : room.visitors) {
    telling.to.push_back(session);
    Person& person = people.try_emplace(visitor.person.user, visitor.person).first->second;
    person.isTyping = person.isTyping || visitor.person.isTyping;
  }
  for (auto& [user, person] : people) {
    if (telling.presence.people.size() == kPeopleMax) break;
    telling.presence.people.push_back(std::move(person));
  }
  return telling;
}

}  // namespace onering
