// SPEC S11: who is at a draft.
#include "onering/sync/attendance.h"

#include <catch2/catch_test_macros.hpp>

#include "table.h"

namespace onering::testing {
namespace {

// "ada, bob types" as the seat was told last; empty: nothing, or nobody.
std::string lastTold(const Seat& seat) {
  std::string people;
  for (const Notice& notice : seat.notices) {
    const auto* told = std::get_if<PresenceTold>(&notice);
    if (!told) continue;
    people.clear();
    for (const Person& person : told->presence.people) {
      people += (people.empty() ? "" : ", ") + person.user + (person.isTyping ? " types" : "");
    }
  }
  return people;
}

struct TwoAtADraft {
  Table table;
  Seat& ada = table.sit("ada");
  Seat& bob = table.sit("bob");
  DraftId draft = table.create(ada, "Notes");

  TwoAtADraft() {
    table.act(ada, draft, AddCollaborator{.user = "bob", .role = Role::viewer});
    table.run();
    say(ada, Attention::here);
    say(bob, Attention::here);
  }

  void say(Seat& seat, Attention attention) {
    seat.replica->present(draft, attention);
    table.settle(seat);
    table.run();
    pass(Duration{1'000});
  }
  void pass(Duration time) {
    table.now += time;
    table.carryOut(table.authority->tick(table.now));
    table.run();
  }
};

const DraftId kDraft{uuidV7(timeFromMs(1), std::array<std::uint8_t, 10>{1})};
const Person kAda{.user = "ada", .display = "Ada"};

}  // namespace

TEST_CASE("S11 those who are at a draft are told who is there and who types", "[sync]") {
  TwoAtADraft two;
  CHECK(lastTold(two.ada) == "ada, bob");
  CHECK(lastTold(two.bob) == "ada, bob");
  two.say(two.bob, Attention::typing);
  CHECK(lastTold(two.ada) == "ada, bob types");
  two.say(two.bob, Attention::here);
  CHECK(lastTold(two.ada) == "ada, bob");
  two.say(two.bob, Attention::away);
  CHECK(lastTold(two.ada) == "ada");
}

TEST_CASE("S11 who goes away from a draft is not there any more", "[sync]") {
  TwoAtADraft two;
  two.say(two.bob, Attention::away);
  CHECK(lastTold(two.ada) == "ada");
  two.say(two.bob, Attention::away);
  two.say(two.bob, Attention::here);
  CHECK(lastTold(two.ada) == "ada, bob");
}

TEST_CASE("S11 typing lapses when it is not said again", "[sync]") {
  TwoAtADraft two;
  two.say(two.bob, Attention::typing);
  two.pass(Attendance::kTypingLapsesAfter);
  CHECK(lastTold(two.ada) == "ada, bob");
}

TEST_CASE("S11 who loses the connection is not there, and says so again with the next", "[sync]") {
  TwoAtADraft two;
  two.table.cut(two.bob);
  CHECK(lastTold(two.bob).empty());
  two.pass(Duration{1'000});
  CHECK(lastTold(two.ada) == "ada");
  two.table.connect(two.bob);
  two.table.run();
  two.pass(Duration{1'000});
  CHECK(lastTold(two.ada) == "ada, bob");
  CHECK(lastTold(two.bob) == "ada, bob");
}

TEST_CASE("S11, I10 a stranger's presence is told to nobody, and nothing to a stranger", "[sync]") {
  TwoAtADraft two;
  Seat& eve = two.table.sit("eve");
  two.table.run();
  two.say(eve, Attention::typing);
  CHECK(lastTold(two.ada) == "ada, bob");
  CHECK(Table::told<PresenceTold>(eve) == 0);
}

TEST_CASE("S11, I9 who is being made a member is not told before that is stored", "[sync]") {
  TwoAtADraft two;
  Seat& cleo = two.table.sit("cleo");
  two.table.run();
  two.table.act(two.ada, two.draft, AddCollaborator{.user = "cleo", .role = Role::viewer});
  two.table.holdQuestions = true;
  two.table.run();
  two.say(cleo, Attention::here);
  CHECK(Table::told<PresenceTold>(cleo) == 0);
}

TEST_CASE("S11 a member who is removed is not at the draft any more", "[sync]") {
  TwoAtADraft two;
  two.table.act(two.ada, two.draft, RemoveCollaborator{.user = "bob"});
  two.table.run();
  two.pass(Duration{1'000});
  CHECK(lastTold(two.ada) == "ada");
}

TEST_CASE("S11 presence at a draft that the authority does not have in memory", "[sync]") {
  TwoAtADraft two;
  two.table.restartAuthority();
  two.table.connect(two.ada);
  two.table.run();
  two.pass(Duration{1'000});
  CHECK(lastTold(two.ada) == "ada");
}

TEST_CASE("S11 a draft's list is sent once in a while at most, and then as it is", "[sync]") {
  Attendance attendance;
  Time now = timeFromMs(1'000'000);
  attendance.say(kDraft, 1, Attention::here, kAda, now);
  CHECK(attendance.due(now).size() == 1);
  std::size_t told = 0;
  for (int i = 0; i < 1'000; ++i) {
    attendance.say(kDraft, 1, i % 2 == 0 ? Attention::typing : Attention::here, kAda, now);
    told += attendance.due(now).size();
    now += Duration{1};
  }
  CHECK(told <= 1'000 / static_cast<std::size_t>(Attendance::kTellEvery.count()));
  now += Attendance::kTellEvery;
  const auto last = attendance.due(now);
  REQUIRE(last.size() == 1);
  CHECK(!last[0].presence.people.at(0).isTyping);
  CHECK(attendance.due(now + Attendance::kTellEvery).empty());
}

TEST_CASE("S11 a user with two devices is one person, a crowd is cut, a session is not everywhere", "[sync]") {
  Attendance attendance;
  const Time now = timeFromMs(1'000'000);
  attendance.say(kDraft, 1, Attention::here, kAda, now);
  attendance.say(kDraft, 2, Attention::typing, kAda, now);
  auto told = attendance.due(now);
  REQUIRE(told.size() == 1);
  CHECK(told[0].to == std::vector<SessionId>{1, 2});
  CHECK(told[0].presence.people == std::vector<Person>{{.user = "ada", .display = "Ada", .isTyping = true}});

  for (SessionId i = 0; i < 200; ++i) {
    attendance.say(kDraft, 10 + i, Attention::here, {.user = "u" + std::to_string(i), .display = "U"}, now);
  }
  told = attendance.due(now + Attendance::kTellEvery);
  CHECK(told.at(0).presence.people.size() == Attendance::kPeopleMax);
  CHECK(told.at(0).to.size() == 202);

  for (std::uint8_t i = 0; i < 100; ++i) {
    attendance.say(DraftId{uuidV7(timeFromMs(2), std::array<std::uint8_t, 10>{i})}, 1, Attention::here, kAda, now);
  }
  CHECK(attendance.due(now + Attendance::kTellEvery).size() == Attendance::kDraftsPerSession - 1);
  attendance.leave(SessionId{1});
  CHECK(attendance.due(now + 3 * Attendance::kTellEvery).size() == 1);
}

}  // namespace onering::testing
