// Who is at which draft, at one server (SPEC S11): told to those who are there, never stored.
//
// Bounds: a session is at kDraftsPerSession drafts at most, a list names kPeopleMax people, and a draft's list is sent
// once in kTellEvery at most, whatever its people do; what was held back is told with the next change or tick.
#pragma once

#include <map>
#include <set>
#include <vector>

#include "onering/domain/message.h"

namespace onering {

using SessionId = std::uint64_t;  // one connection; chosen by the owner, never used again

class Attendance {
 public:
  static constexpr std::size_t kDraftsPerSession = 16;
  static constexpr std::size_t kPeopleMax = 100;
  static constexpr Duration kTellEvery{100};
  static constexpr Duration kTypingLapsesAfter{10'000};

  // A list to send.
  struct Telling {
    std::vector<SessionId> to;
    Presence presence;
  };

  // The user of the session, a member of the draft, does this now. `person.isTyping` is of no interest.
  void say(const DraftId& draft, SessionId session, Attention attention, const Person& person, Time now);
  // The session is not at the draft any more, or at none.
  void leave(const DraftId& draft, SessionId session);
  void leave(SessionId session);

  // Who has not said for long that they type does not. Call now and then.
  void lapse(Time now);

  // What is to be told now. Call after each change, and now and then for what was held back.
  [[nodiscard]] std::vector<Telling> due(Time now);

 private:
  struct Visitor {
    Person person;
    Time saidAt;
  };
  struct Room {
    std::map<SessionId, Visitor> visitors;
    Time toldAt{};
  };

  [[nodiscard]] static Telling tellingOf(const DraftId& draft, const Room& room);

  std::map<DraftId, Room> rooms_;
  std::map<SessionId, std::set<DraftId>> where_;
  std::set<DraftId> changed_;
};

}  // namespace onering
