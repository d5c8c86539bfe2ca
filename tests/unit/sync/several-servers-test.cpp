// Two authorities over one store: what one writes, the other's sessions must hear of, and nobody else.
#include <catch2/catch_test_macros.hpp>

#include "table.h"

namespace onering::testing {

namespace {

// The table's authority is one server; this is another, whose store answers when the test says so.
class Neighbour {
 public:
  Neighbour(Table& table, const UserId& user) : table_(table) { join(user); }

  // Who speaks from now on.
  void join(const UserId& user) {
    authority_.connected(++session_);
    carryOut(
        authority_.received(session_, Hello{.version = kProtocolVersion, .token = user, .device = {}}, table_.now));
  }
  void hear(ReplicaMessage message) { carryOut(authority_.received(session_, std::move(message), table_.now)); }
  void leave() { authority_.disconnected(session_); }
  void movedElsewhere(const DraftId& draft) { carryOut(authority_.movedElsewhere({{draft, table_.position(draft)}})); }

  // Answers what is held, by what the store said when it was asked.
  void answerHeld() { answerAll(std::exchange(held_, {})); }
  void answerNews() { answerAll(std::exchange(news_, {})); }
  // Answers the news that were to come late, by what the store says now.
  void answerLateNews() {
    for (const auto& [ticket, question] : std::exchange(lateNews_, {})) {
      carryOut(authority_.answered(ticket, perform(table_.store, question, table_.policy), table_.now));
    }
  }
  void answerLookups() { answerAll(std::exchange(lookups_, {})); }

  template <typename Message>
  [[nodiscard]] std::size_t count() const {
    return static_cast<std::size_t>(std::ranges::count_if(
        told, [](const AuthorityMessage& message) { return std::holds_alternative<Message>(message); }));
  }

  [[nodiscard]] std::size_t accepted() const {
    std::size_t ops = 0;
    for (const AuthorityMessage& message : told) {
      const auto* receipts = std::get_if<Receipts>(&message);
      if (!receipts) continue;
      ops += static_cast<std::size_t>(std::ranges::count_if(
          receipts->receipts, [](const OpReceipt& each) { return std::holds_alternative<Accepted>(each.receipt); }));
    }
    return ops;
  }

  bool holdReads = false;
  bool holdNews = false;
  bool delayNews = false;
  bool holdLookups = false;
  std::vector<AuthorityMessage> told;

 private:
  using Held = std::vector<std::pair<Ticket, StoreAnswer>>;

  void answerAll(Held held) {
    for (auto& [ticket, answer] : held) carryOut(authority_.answered(ticket, std::move(answer), table_.now));
  }

  void carryOut(AuthorityActions actions) {
    for (AuthorityAction& action : actions) {
      if (auto* who = std::get_if<AuthenticateAction>(&action)) {
        carryOut(authority_.authenticated(who->session, Principal{.user = who->token, .display = {}, .expiresAt = {}},
                                          table_.now));
      } else if (const auto* ask = std::get_if<AskAction>(&action)) {
        if (delayNews && std::holds_alternative<NewsQuestion>(ask->question)) {
          lateNews_.emplace_back(ask->ticket, ask->question);
          continue;
        }
        StoreAnswer answer = perform(table_.store, ask->question, table_.policy);
        if (holdReads && std::holds_alternative<StoreResult<std::vector<AuthorityMessage>>>(answer)) {
          held_.emplace_back(ask->ticket, std::move(answer));
        } else if (holdNews && std::holds_alternative<NewsQuestion>(ask->question)) {
          news_.emplace_back(ask->ticket, std::move(answer));
        } else if (holdLookups && std::holds_alternative<Lookup>(ask->question)) {
          lookups_.emplace_back(ask->ticket, std::move(answer));
        } else {
          carryOut(authority_.answered(ask->ticket, std::move(answer), table_.now));
        }
      } else if (auto* send = std::get_if<SendAction>(&action)) {
        told.push_back(std::move(send->message));
      }
    }
  }

  Table& table_;
  Authority authority_{AuthorityOptions{}};
  SessionId session_ = 0;
  Held held_;
  Held news_;
  std::vector<std::pair<Ticket, StoreQuestion>> lateNews_;
  Held lookups_;
};

// Ada and Bob at the table, Bob with a second device at the neighbour's, all with a draft of Ada's.
struct TwoServers {
  Table table;
  Seat& ada = table.sit("ada");
  Seat& bob = table.sit("bob");
  DraftId draft;
  std::unique_ptr<Neighbour> neighbour;

  TwoServers() {
    draft = table.create(ada, "Notes");
    table.act(ada, draft, AddCollaborator{.user = "bob", .role = Role::editor});
    table.run();
    neighbour = std::make_unique<Neighbour>(table, "bob");
    neighbour->movedElsewhere(draft);
    neighbour->told.clear();
  }

  void byAda(OpBody body) {
    table.act(ada, draft, std::move(body));
    table.run();
  }
};

}  // namespace

TEST_CASE("I11 who is welcomed after the clock went back is told no earlier time", "[sync]") {
  Table table;
  Neighbour server(table, "ada");
  table.now -= Duration{60'000};
  server.join("bob");
  REQUIRE(server.count<Welcome>() == 2);
  CHECK(std::get<Welcome>(server.told[0]).now == std::get<Welcome>(server.told[1]).now);
}

TEST_CASE("I10 whom another server has removed learns nothing from an op that comes again", "[sync][servers]") {
  TwoServers at;
  at.table.act(at.bob, at.draft, RequestRing{});
  const Op op = *at.bob.replica->pending().front().op;
  at.table.run();
  at.neighbour->movedElsewhere(at.draft);
  at.byAda(RemoveCollaborator{.user = "bob"});
  at.neighbour->told.clear();
  at.neighbour->hear(Push{.ops = {op}, .restart = true});
  CHECK(at.neighbour->count<Receipts>() == 1);
  CHECK(at.neighbour->count<Entries>() == 0);
}

TEST_CASE("I10 news that were read before nobody was there are told to nobody who comes later", "[sync][servers]") {
  TwoServers at;
  at.neighbour->holdNews = true;
  at.byAda(SetTitle{.title = "Ours", .expect = {}});
  at.neighbour->movedElsewhere(at.draft);
  at.neighbour->leave();
  at.byAda(RemoveCollaborator{.user = "bob"});
  at.neighbour->movedElsewhere(at.draft);
  at.neighbour->join("bob");
  at.neighbour->answerNews();
  CHECK(at.neighbour->count<Welcome>() == 1);
  CHECK(at.neighbour->count<Entries>() == 0);
}

TEST_CASE("O10 whom another server has removed is told, although this one wrote before it heard", "[sync][servers]") {
  TwoServers at;
  at.neighbour->join("ada");
  at.byAda(RemoveCollaborator{.user = "bob"});
  // The owner's next op comes in at the neighbour's: it follows what another server wrote, of which nobody here has
  // heard.
  at.neighbour->hear(Push{.ops = {at.ada.replica->prepare(at.draft, Lock{}, at.table.now)}, .restart = true});
  REQUIRE(at.table.position(at.draft).seq == 4);
  at.neighbour->movedElsewhere(at.draft);
  CHECK(at.neighbour->count<Gone>() == 1);
}

TEST_CASE("S11, I10 whom another server removed while nobody was here is not told who is at the draft",
          "[sync][servers]") {
  TwoServers at;
  at.neighbour->leave();
  at.byAda(RemoveCollaborator{.user = "bob"});
  at.neighbour->movedElsewhere(at.draft);
  at.neighbour->join("bob");
  at.neighbour->hear(Present{.draft = at.draft, .attention = Attention::here});
  CHECK(at.neighbour->count<Presence>() == 0);
}

TEST_CASE("S7 who made an entry is told it as an entry only behind one of which nobody here has heard",
          "[sync][servers]") {
  TwoServers at;
  Neighbour server(at.table, "ada");
  server.movedElsewhere(at.draft);
  server.told.clear();
  const auto push = [&](OpBody body) {
    server.hear(Push{.ops = {at.ada.replica->prepare(at.draft, std::move(body), at.table.now)}, .restart = true});
  };
  push(SetTitle{.title = "Tales", .expect = {}});
  CHECK(server.count<Receipts>() == 1);
  CHECK(server.count<Entries>() == 0);
  at.byAda(Lock{});
  push(SetTitle{.title = "Songs", .expect = {}});
  CHECK(server.count<Receipts>() == 2);
  CHECK(server.count<Entries>() == 1);
}

TEST_CASE("O10 an answer that was read before a removal is not told after it", "[sync][servers]") {
  TwoServers at;
  at.neighbour->holdReads = true;
  at.neighbour->hear(Fetch{.draft = at.draft, .have = {}});
  at.neighbour->hear(WhatChanged{});
  at.byAda(RemoveCollaborator{.user = "bob"});
  at.neighbour->movedElsewhere(at.draft);
  REQUIRE(at.neighbour->count<Gone>() == 1);
  at.neighbour->told.clear();
  at.neighbour->answerHeld();
  CHECK(at.neighbour->count<Entries>() == 0);
  REQUIRE(at.neighbour->count<Changed>() == 1);
  CHECK(std::get<Changed>(at.neighbour->told.back()).drafts.empty());
}

TEST_CASE("O9 an answer is told although older news of the draft came before it", "[sync][servers]") {
  TwoServers at;
  const DraftId draft = at.table.create(at.ada, "Another");
  at.table.run();
  at.neighbour->holdReads = true;
  at.neighbour->holdNews = true;
  at.neighbour->movedElsewhere(draft);
  at.table.act(at.ada, draft, AddCollaborator{.user = "bob", .role = Role::editor});
  at.table.run();
  at.neighbour->hear(Fetch{.draft = draft, .have = {}});
  at.neighbour->answerNews();  // of before bob was let in
  at.neighbour->told.clear();
  at.neighbour->answerHeld();
  CHECK(at.neighbour->count<Entries>() == 1);
}

TEST_CASE("O9 an answer that was read before someone was let in is read again", "[sync][servers]") {
  TwoServers at;
  at.byAda(RemoveCollaborator{.user = "bob"});
  at.neighbour->movedElsewhere(at.draft);
  at.neighbour->holdReads = true;
  at.neighbour->hear(Fetch{.draft = at.draft, .have = {}});
  at.neighbour->hear(WhatChanged{});
  at.byAda(AddCollaborator{.user = "bob", .role = Role::viewer});
  at.neighbour->movedElsewhere(at.draft);
  at.neighbour->told.clear();
  at.neighbour->holdReads = false;
  at.neighbour->answerHeld();
  CHECK(at.neighbour->count<Gone>() == 0);
  CHECK(at.neighbour->count<Entries>() == 1);
  REQUIRE(at.neighbour->count<Changed>() == 1);
  CHECK(std::get<Changed>(at.neighbour->told.back()).removed.empty());
}

TEST_CASE("K4 an op is not rejected for what was read before the draft that it is judged by", "[sync][servers]") {
  TwoServers at;
  const DraftId draft = at.table.create(at.ada, "Late");
  at.table.append(at.ada, draft, "Once");
  const SegmentId segment = at.ada.replica->pendingSegments(draft, 0, 1).at(0).id;
  const Op redaction = at.ada.replica->prepare(draft, RedactSegment{segment}, at.table.now);
  at.neighbour->join("ada");
  at.neighbour->holdLookups = true;
  at.neighbour->hear(Push{.ops = {redaction}, .restart = true});  // nothing is found: no draft, no segment
  at.neighbour->holdLookups = false;
  at.table.run();  // both are accepted elsewhere
  at.neighbour->hear(Present{.draft = draft, .attention = Attention::here});
  at.neighbour->told.clear();
  at.neighbour->answerLookups();
  CHECK(at.neighbour->accepted() == 1);
}

TEST_CASE("K4 an op is not rejected for what was read before news of the draft", "[sync][servers]") {
  TwoServers at;
  at.byAda(SetTitle{.title = "Tales", .expect = {}});
  at.table.append(at.ada, at.draft, "Once");
  const SegmentId segment = at.ada.replica->pendingSegments(at.draft, 0, 1).at(0).id;
  const Op redaction = at.ada.replica->prepare(at.draft, RedactSegment{segment}, at.table.now);
  at.neighbour->join("ada");
  at.neighbour->delayNews = true;
  at.neighbour->movedElsewhere(at.draft);
  at.neighbour->holdLookups = true;
  at.neighbour->hear(Push{.ops = {redaction}, .restart = true});  // the draft is in memory, the segment is not found
  at.neighbour->holdLookups = false;
  at.table.run();  // the segment is accepted elsewhere
  at.neighbour->answerLateNews();
  at.neighbour->told.clear();
  at.neighbour->answerLookups();
  CHECK(at.neighbour->accepted() == 1);
}

}  // namespace onering::testing
