#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include "listener.h"

namespace onering::testing {

namespace {

using Texts = std::vector<std::string>;

// Ada's draft with Bob as an editor, confirmed on both devices.
struct TwoAtATable {
  Table table;
  Seat& ada = table.sit("ada");
  Seat& bob = table.sit("bob");
  DraftId draft;

  TwoAtATable() {
    table.run();
    draft = table.create(ada, "Notes");
    table.act(ada, draft, AddCollaborator{.user = "bob", .role = Role::editor});
    table.run();
  }

  void requireSame() {
    const LogPosition authority = table.position(draft);
    for (Seat* seat : {&ada, &bob}) {
      REQUIRE(seat->replica->confirmed(draft));
      CHECK(seat->replica->confirmed(draft)->position == authority);
      CHECK(seat->replica->pendingCount() == 0);
    }
    CHECK(table.texts(ada, draft) == table.texts(bob, draft));
  }
};

}  // namespace

TEST_CASE("S2 an op shows at once and is durable before it is sent", "[sync]") {
  Table table;
  Seat& ada = table.sit("ada");
  table.cut(ada);
  const DraftId draft = table.create(ada, "Notes");
  table.append(ada, draft, "offline");
  CHECK(table.texts(ada, draft) == Texts{"offline"});
  CHECK(ada.replica->pendingCount() == 2);

  table.reopen(ada);
  CHECK(table.texts(ada, draft) == Texts{"offline"});
  CHECK(ada.replica->pendingDrafts() == std::vector{draft});
}

TEST_CASE("The ring goes back and forth and both copies end alike", "[sync]") {
  TwoAtATable at;
  at.table.append(at.ada, at.draft, "one");
  at.table.act(at.ada, at.draft, PassRing{.to = "bob", .epoch = 0});
  at.table.run();
  at.table.append(at.bob, at.draft, "two");
  at.table.append(at.bob, at.draft, "three");
  at.table.act(at.bob, at.draft, PassRing{.to = "ada", .epoch = 0});
  at.table.run();
  at.table.append(at.ada, at.draft, "four");
  at.table.run();
  CHECK(at.table.texts(at.bob, at.draft) == Texts{"one", "two", "three", "four"});
  at.requireSame();
}

TEST_CASE("S4 pending ops stay on top of what others do meanwhile", "[sync]") {
  TwoAtATable at;
  at.table.cut(at.ada);
  at.table.append(at.ada, at.draft, "written offline");
  at.table.act(at.bob, at.draft, RequestRing{});
  at.table.run();
  at.table.connect(at.ada);
  at.table.run();
  CHECK(at.table.texts(at.bob, at.draft) == Texts{"written offline"});
  CHECK(at.ada.replica->draft(at.draft)->ring.requests.size() == 1);
  at.requireSame();
}

TEST_CASE("S5 work of a holder whose ring was reclaimed is kept with its content", "[sync]") {
  TwoAtATable at;
  at.table.act(at.ada, at.draft, PassRing{.to = "bob", .epoch = 0});
  at.table.run();
  at.table.cut(at.bob);
  at.table.append(at.bob, at.draft, "first");
  at.table.append(at.bob, at.draft, "second");
  at.table.act(at.ada, at.draft, ReclaimRing{});
  at.table.run();
  at.table.connect(at.bob);
  at.table.run();

  CHECK(at.table.texts(at.bob, at.draft).empty());
  const auto kept = at.bob.store.readKept().value();
  REQUIRE(kept.size() == 2);
  CHECK(kept[0].why.code == ErrorCode::staleEpoch);
  at.requireSame();

  SECTION("resubmitting needs the ring, and the work is kept until it is accepted locally") {
    const OpId op = kept[0].op.id;
    CHECK(at.bob.replica->resubmit(op, at.table.now).error().code == ErrorCode::notRingHolder);
    CHECK(at.bob.replica->kept().size() == 2);
    at.table.act(at.ada, at.draft, PassRing{.to = "bob", .epoch = 0});
    at.table.run();
    REQUIRE(at.bob.replica->resubmit(op, at.table.now));
    at.table.settle(at.bob);
    at.table.run();
    CHECK(at.bob.store.readKept()->size() == 1);
    CHECK(at.table.texts(at.ada, at.draft).size() == 1);
    at.requireSame();
  }
  SECTION("it can be copied into a new draft, in the order in which it was written") {
    const auto copy = at.bob.replica->copyKept(at.draft, "Rescued", at.table.now);
    at.table.settle(at.bob);
    at.table.run();
    REQUIRE(copy);
    CHECK(at.table.texts(at.bob, copy->draft) == Texts{"first", "second"});
    CHECK(at.bob.store.readKept()->empty());
    CHECK(at.table.position(copy->draft).seq == 3);
  }
  SECTION("it can be dismissed") {
    REQUIRE(at.bob.replica->dismiss(kept[1].op.id));
    at.table.settle(at.bob);
    CHECK(at.bob.store.readKept()->size() == 1);
  }
}

TEST_CASE("I6 what has become of an op is told to a caller that lost its first answer", "[sync]") {
  TwoAtATable at;
  const auto outcome = [&](Seat& seat, const OpId& op) { return seat.replica->outcomeOf(at.draft, op); };
  CHECK_FALSE(outcome(at.ada, OpId{{7}}));

  at.table.cut(at.ada);
  const OpId op = at.table.append(at.ada, at.draft, "said once").op;
  REQUIRE(outcome(at.ada, op));
  CHECK_FALSE(outcome(at.ada, op)->receipt);
  at.table.reopen(at.ada);
  REQUIRE(outcome(at.ada, op));
  CHECK(outcome(at.ada, op)->effect == LocalEffect::shown);

  at.table.connect(at.ada);
  at.table.run();
  at.table.reopen(at.ada);
  REQUIRE(outcome(at.ada, op));
  const auto known = outcome(at.ada, op);
  REQUIRE(known->receipt);
  const auto* accepted = std::get_if<Accepted>(&*known->receipt);
  REQUIRE(accepted);
  CHECK(accepted->link == at.table.position(at.draft).link);
}

TEST_CASE("I6 what has become of an op is told while the batch that says so is not taken yet", "[sync]") {
  const auto draft = numbered<DraftId>(1);
  Tale tale{draft};
  Listener device;
  device.knows(tale);
  const Op op = device.perform(draft, SetTitle{.title = "Tales", .expect = {}});
  const LogEntry& entry = tale.add(op);
  device.replica->received(tale.entries(2, 2), device.now);
  REQUIRE(device.replica->pendingCount() == 0);
  const auto outcome = device.replica->outcomeOf(draft, op.id);
  REQUIRE(outcome);
  CHECK(outcome->receipt == Receipt(acceptedFor(entry)));
}

TEST_CASE("K3 who performs an op again is answered as at first, and nothing is done", "[sync]") {
  TwoAtATable at;
  at.table.cut(at.ada);
  const AppendSegment body{.segment = {}, .epoch = 0, .content = sealContent("said once", {})};
  Op op = at.ada.replica->prepare(at.draft, body, at.table.now);
  const auto first = at.ada.replica->perform(op, at.table.now);
  REQUIRE(first);
  const auto again = at.ada.replica->perform(op, at.table.now + Duration{1});
  REQUIRE(again);
  CHECK(again->op == first->op);
  CHECK(again->segment == first->segment);
  CHECK(again->effect == first->effect);
  CHECK(at.ada.replica->pendingCount(at.draft) == 1);

  std::get<AppendSegment>(op.body).content = sealContent("said otherwise", {});
  const auto other = at.ada.replica->perform(op, at.table.now);
  REQUIRE_FALSE(other);
  CHECK(other.error().code == ErrorCode::idempotencyKeyReused);
  at.table.settle(at.ada);
  CHECK(at.table.texts(at.ada, at.draft) == Texts{"said once"});
}

TEST_CASE("Nobody acts in another's name, on their own device either", "[sync]") {
  TwoAtATable at;
  Op op = at.ada.replica->prepare(at.draft, Lock{}, at.table.now);
  op.actor = "bob";
  const auto performed = at.ada.replica->perform(op, at.table.now);
  REQUIRE_FALSE(performed);
  CHECK(performed.error().code == ErrorCode::notAllowed);
  CHECK(at.ada.replica->pendingCount() == 0);
}

TEST_CASE("S2 what only the authority can judge is told as waiting until it has", "[sync]") {
  TwoAtATable at;
  Seat& cy = at.table.sit("cy");
  at.table.run();
  at.table.cut(cy);
  const OpId asked =
      at.table
          .act(cy, at.draft,
               AcceptInvite{.invite = numbered<InviteId>(9), .tokenHash = tokenHash({7}), .token = InviteToken{7}})
          .op;
  REQUIRE(cy.replica->waiting(at.draft).size() == 1);
  CHECK(cy.replica->waiting(at.draft).front()->id == asked);
  at.table.connect(cy);
  at.table.run();
  CHECK(cy.replica->waiting(at.draft).empty());
  CHECK(cy.replica->kept().size() == 1);
}

TEST_CASE("H5 what newer rules have accepted leaves the copy where it is until there is a build that knows them",
          "[sync]") {
  const auto draft = numbered<DraftId>(1);
  Tale tale{draft};
  Listener device;
  device.knows(tale);
  const Op op = device.perform(draft, SetTitle{.title = "Tales", .expect = {}});
  const ChangeCursor cursor = device.replica->record().cursor;
  const auto entriesOfNewerRules = [&] {
    tale.append("ada", "by a newer build");
    Entries news = tale.entries(2, 2);
    news.entries[0].rulesVersion = kRulesVersion + 1;
    return news;
  };
  SECTION("told as an entry") {
    device.hear(entriesOfNewerRules());
  }
  SECTION("told in answer to what has changed") {
    const Entries news = entriesOfNewerRules();
    device.hear(CatchUp{});
    const ChangeCursor next{.since = cursor.since + Duration{1'000}, .after = {}};
    device.hear(Changed{.from = device.asked(), .drafts = {{draft, tale.head()}}, .removed = {}, .next = next});
    device.hear(news);
  }
  SECTION("told as the receipt of the own op") {
    LogEntry entry{.op = op,
                   .seq = 2,
                   .acceptedAt = device.now,
                   .rulesVersion = kRulesVersion + 1,
                   .actorDisplay = {},
                   .link = {}};
    entry.link = nextLink(tale.head().link, entry);
    device.hear(Receipts{{{draft, op.id, acceptedFor(entry)}}});
  }
  CHECK(device.told<AuthorityRefused>() == 1);
  CHECK(device.replica->link() == Link::denied);
  CHECK(device.told<DivergenceFound>() == 0);
  CHECK(device.replica->confirmed(draft)->position == tale.at(1));
  CHECK(device.replica->pendingCount() == 1);
  CHECK(device.replica->record().cursor == cursor);  // or the draft would not be listed to the build that knows them
}

TEST_CASE("S10 what still comes on a connection that was refused does not make it live", "[sync]") {
  const auto draft = numbered<DraftId>(1);
  Tale tale{draft};
  Listener device;
  device.connect();
  device.hear(Changed{.from = device.asked(), .drafts = {{draft, tale.head()}}, .removed = {}, .next = {}});
  device.hear(Refused{.why = rejection(ErrorCode::notAllowed), .retryAfter = {}});
  REQUIRE(device.replica->link() == Link::denied);
  device.hear(tale.entries(1, 1));
  CHECK(device.replica->link() == Link::denied);
}

TEST_CASE("S5 kept work is made anew under the ids that its user's tab has given it", "[sync]") {
  TwoAtATable at;
  at.table.act(at.ada, at.draft, PassRing{.to = "bob", .epoch = 0});
  at.table.run();
  at.table.cut(at.bob);
  at.table.append(at.bob, at.draft, "late");
  at.table.append(at.bob, at.draft, "later");
  at.table.act(at.ada, at.draft, ReclaimRing{});
  at.table.act(at.ada, at.draft, PassRing{.to = "bob", .epoch = 0});
  at.table.run();
  at.table.connect(at.bob);
  at.table.run();
  const auto kept = at.bob.store.readKept().value();
  REQUIRE(kept.size() == 2);
  const auto rejected = at.bob.replica->outcomeOf(at.draft, kept[0].op.id);
  REQUIRE(rejected);
  CHECK(std::holds_alternative<Rejection>(*rejected->receipt));

  const auto newIds = [&] {
    const Op op = at.bob.replica->prepare({}, Lock{}, at.table.now);
    return OpKey{op.draft, op.id};
  };
  const OpId again = newIds().op;
  REQUIRE(at.bob.replica->resubmit(kept[0].op.id, at.table.now, again));
  CHECK(at.bob.replica->outcomeOf(at.draft, again));
  const OpKey as = newIds();
  const auto copy = at.bob.replica->copyKept(at.draft, "Rescued", at.table.now, as);
  REQUIRE(copy);
  CHECK(copy->draft == as.draft);
  CHECK(copy->op == as.op);
}

TEST_CASE("S2 an editor's reclaim waits for the authority, which judges by its own time", "[sync]") {
  Table table;
  Seat& ada = table.sit("ada");
  Seat& bob = table.sit("bob");
  table.run();
  const DraftId draft =
      table.act(ada, {}, CreateDraft{.title = "Notes", .platform = {}, .holdLimit = Duration{60'000}}).draft;
  table.act(ada, draft, AddCollaborator{.user = "bob", .role = Role::editor});
  table.run();

  const auto early = table.act(bob, draft, ReclaimRing{});
  CHECK(early.effect == LocalEffect::waiting);
  CHECK(bob.replica->draft(draft)->ring.holder == "ada");
  table.run();
  CHECK(Table::rejectedWith(bob, early.op) == ErrorCode::notAllowed);

  table.now += Duration{60'001};
  table.act(bob, draft, ReclaimRing{});
  table.run();
  CHECK(bob.replica->draft(draft)->ring.holder == "bob");
  CHECK(ada.replica->draft(draft)->ring.holder == "bob");
}

TEST_CASE("S6 a device that was away fetches what changed and nothing else", "[sync]") {
  TwoAtATable at;
  std::vector<DraftId> others;
  for (int i = 0; i < 20; ++i) others.push_back(at.table.create(at.bob, "Other " + std::to_string(i)));
  at.table.run();
  at.table.now += Duration{600'000};
  at.table.cut(at.bob);
  at.table.connect(at.bob);
  at.table.run();  // the cursor is behind the changes now
  at.table.cut(at.bob);
  at.table.append(at.ada, at.draft, "news");
  at.table.run();

  at.table.connect(at.bob);
  std::size_t fetches = 0;
  std::size_t listed = 0;
  while (!at.bob.toAuthority.empty() || !at.bob.toReplica.empty() || at.bob.replica->link() != Link::live) {
    for (const std::string& bytes : at.bob.toAuthority) {
      if (std::holds_alternative<Fetch>(decodeReplicaMessage(bytes, 1U << 20U).value())) ++fetches;
    }
    for (const std::string& bytes : at.bob.toReplica) {
      const auto message = decodeAuthorityMessage(bytes, 1U << 20U).value();
      if (const auto* changed = std::get_if<Changed>(&message)) listed += changed->drafts.size();
    }
    if (!at.table.once()) break;
  }
  CHECK(fetches == 1);
  CHECK(listed == 1);
  at.requireSame();
}

TEST_CASE("S6 a device that is far behind gets a snapshot in parts, and goes on with it after a cut", "[sync]") {
  TwoAtATable at;
  at.table.policy.limits.messageBytes = 16'384;
  at.table.policy.answerBytes = 30'000;
  at.table.cut(at.bob);
  for (int i = 0; i < 400; ++i) at.table.append(at.ada, at.draft, std::string(200, 'x') + std::to_string(i));
  at.table.run();

  at.table.connect(at.bob);
  while (at.bob.toReplica.size() < 2) REQUIRE(at.table.once());
  REQUIRE(at.table.once());
  CHECK(at.bob.replica->confirmed(at.draft)->segmentCount == 0);  // not half of it
  at.table.cut(at.bob);
  at.table.connect(at.bob);
  at.table.append(at.ada, at.draft, "while it was loading");
  at.table.run();
  CHECK(at.table.texts(at.bob, at.draft).size() == 401);
  at.requireSame();
}

TEST_CASE("A snapshot that holds this device's own unanswered work does not show it twice", "[sync]") {
  TwoAtATable at;
  at.table.policy.snapshotAfter = 3;
  at.table.append(at.ada, at.draft, "mine");
  // The authority has it, the receipt is lost; others go on.
  while (at.table.position(at.draft).seq < 3) static_cast<void>(at.table.once());
  at.table.cut(at.ada);
  CHECK(at.ada.replica->pendingCount() == 1);
  for (int i = 0; i < 3; ++i) {
    at.table.act(at.bob, at.draft, RequestRing{});
    at.table.act(at.bob, at.draft, CancelRequest{});
  }
  at.table.run();
  at.table.connect(at.ada);
  while (at.table.once()) CHECK(at.table.texts(at.ada, at.draft) == Texts{"mine"});
  at.requireSame();
}

TEST_CASE("H3 a copy that is not the authority's is set aside, and the user's work survives", "[sync]") {
  TwoAtATable at;
  at.table.append(at.ada, at.draft, "kept on the server");
  at.table.run();
  at.table.cut(at.bob);

  // The authority comes back with another past, as from a backup of another branch.
  at.table.restartAuthority();
  MemoryStore other;
  {
    Table elsewhere;
    Seat& ada = elsewhere.sit("ada");
    elsewhere.run();
    Op create =
        ada.replica->prepare(at.draft, CreateDraft{.title = "Notes", .platform = {}, .holdLimit = {}}, elsewhere.now);
    REQUIRE(ada.replica->perform(create, elsewhere.now));
    elsewhere.settle(ada);
    elsewhere.act(ada, at.draft, AddCollaborator{.user = "bob", .role = Role::editor});
    elsewhere.append(ada, at.draft, "another text");
    elsewhere.run();
    at.table.store = elsewhere.store;
  }
  at.table.act(at.bob, at.draft, RequestRing{});
  at.table.connect(at.bob);
  at.table.run();
  CHECK(Table::told<DivergenceFound>(at.bob) == 1);
  CHECK(at.bob.store.readSetAside()->size() == 1);
  CHECK(at.table.texts(at.bob, at.draft) == Texts{"another text"});
  CHECK(at.bob.replica->draft(at.draft)->ring.requests.size() == 1);
  CHECK(at.bob.replica->confirmed(at.draft)->position == at.table.position(at.draft));
}

TEST_CASE("H3 a receipt from a log that was cut short is noticed, though the copy goes further", "[sync]") {
  TwoAtATable at;
  MemoryStore backup;
  for (const LogEntry& entry : at.table.store.readLog(at.draft, 0, 1U << 20U).value()) {
    const auto found = backup.find({.drafts = {at.draft}, .ops = {}, .segments = {}})->drafts.at(0);
    DraftState state = found.value_or(DraftState{});
    const Change change = apply(state, entry);
    REQUIRE(backup.commit(
        Batch{.drafts = {{.expected = entry.seq - 1, .ops = {{entry, change}}, .head = state}}, .rejected = {}}));
  }
  at.table.append(at.ada, at.draft, "one");
  at.table.append(at.ada, at.draft, "two");
  at.table.run();

  at.table.restartAuthority();
  at.table.store = backup;
  at.table.append(at.ada, at.draft, "three");
  at.table.connect(at.ada);
  at.table.run();
  CHECK(Table::told<DivergenceFound>(at.ada) == 1);
  CHECK(at.ada.store.readSetAside()->size() == 1);
  CHECK(at.table.texts(at.ada, at.draft) == Texts{"three"});
  CHECK(at.ada.replica->confirmed(at.draft)->position == at.table.position(at.draft));
  CHECK(at.ada.replica->pendingCount() == 0);
}

TEST_CASE("O10 a removed member loses the copy and keeps unsent work", "[sync]") {
  TwoAtATable at;
  at.table.act(at.ada, at.draft, PassRing{.to = "bob", .epoch = 0});
  at.table.run();
  SECTION("while connected") {}
  SECTION("while away, with work that was not sent") {
    at.table.cut(at.bob);
    at.table.append(at.bob, at.draft, "too late");
  }
  at.table.act(at.ada, at.draft, RemoveCollaborator{.user = "bob"});
  at.table.run();
  const bool wasAway = at.bob.session == 0;
  if (wasAway) at.table.connect(at.bob);
  at.table.run();
  CHECK(at.bob.replica->draft(at.draft) == nullptr);
  CHECK(at.bob.store.find({.drafts = {at.draft}, .ops = {}, .segments = {}})->drafts.at(0) == std::nullopt);
  CHECK(at.bob.replica->kept().size() == (wasAway ? 1U : 0U));
  CHECK(at.ada.replica->draft(at.draft)->ring.holder == "ada");
}

TEST_CASE("O10 an op that was accepted before its author was removed leaves the outbox", "[sync]") {
  TwoAtATable at;
  at.table.cut(at.bob);
  at.table.append(at.ada, at.draft, "not seen by bob");
  at.table.run();
  at.table.connect(at.bob);
  const Performed request = at.table.act(at.bob, at.draft, RequestRing{});
  // The receipt says that the op's place is behind one that bob does not have, and then the draft is gone.
  at.bob.replica->received(
      Receipts{{{at.draft, request.op,
                 Accepted{.seq = 4, .acceptedAt = at.table.now, .rulesVersion = kRulesVersion, .link = {}}}}},
      at.table.now);
  at.bob.replica->received(Gone{at.draft}, at.table.now);
  at.table.settle(at.bob);
  CHECK(at.bob.replica->pendingCount() == 0);
  CHECK(at.bob.replica->kept().empty());
}

TEST_CASE("O10 a copy that came and went in one step leaves nothing behind", "[sync]") {
  TwoAtATable at;
  const DraftState state = *at.bob.replica->confirmed(at.draft);
  at.table.cut(at.ada);
  at.table.append(at.ada, at.draft, "one");
  at.table.connect(at.ada);
  at.table.policy.snapshotAfter = 0;
  at.table.cut(at.bob);
  at.table.run();
  at.table.connect(at.bob);
  const auto isFirst = [&](const std::string& bytes) {
    return std::holds_alternative<SnapshotPart>(decodeAuthorityMessage(bytes, 1U << 20U).value());
  };
  while (at.bob.toReplica.empty() || !isFirst(at.bob.toReplica.front())) REQUIRE(at.table.once());
  at.bob.replica->received(decodeAuthorityMessage(at.bob.toReplica.front(), 1U << 20U).value(), at.table.now);
  CHECK(at.bob.replica->confirmed(at.draft)->position != state.position);
  at.bob.replica->received(Gone{at.draft}, at.table.now);
  at.bob.toReplica.clear();
  at.table.settle(at.bob);
  CHECK(at.bob.replica->draft(at.draft) == nullptr);
  CHECK(at.bob.store.allDrafts({}, 10)->empty());
}

TEST_CASE("S7 work that no longer fits under the authority's limits is kept", "[sync]") {
  AuthorityOptions options;
  options.limits.messageBytes = 4'096;
  Table table(options);
  Seat& ada = table.sit("ada");  // has not heard the authority's limits yet
  table.cut(ada);
  const DraftId draft = table.create(ada, "Notes");
  const Performed tooLong = table.append(ada, draft, std::string(5'000, 'x'));
  table.append(ada, draft, "short");
  table.connect(ada);
  table.run();
  REQUIRE(ada.replica->kept().size() == 1);
  CHECK(ada.replica->kept().front().op.id == tooLong.op);
  CHECK(ada.replica->kept().front().why.code == ErrorCode::messageTooLarge);
  CHECK(table.texts(ada, draft) == Texts{"short"});
  CHECK(ada.replica->pendingCount() == 0);
}

TEST_CASE("A clock that is set back does not hold pending work up", "[sync]") {
  Table table;
  Seat& ada = table.sit("ada");
  table.run();
  table.nextCommitFails = StoreFault::unavailable;
  table.create(ada, "Notes");
  table.run();
  REQUIRE(ada.replica->pushAgainAt());
  table.now -= std::chrono::hours(2);
  ada.replica->tick(table.now);
  table.settle(ada);
  table.run();
  CHECK(ada.replica->pendingCount() == 0);
}

TEST_CASE("S13 a replica that missed messages asks again", "[sync]") {
  TwoAtATable at;
  at.table.append(at.ada, at.draft, "one");
  while (at.bob.toReplica.empty()) REQUIRE(at.table.once());
  at.bob.toReplica.clear();  // thrown away by a server whose queue was full
  at.table.carryOut(at.table.authority->overflowed(at.bob.session));
  at.table.run();
  CHECK(at.table.texts(at.bob, at.draft) == Texts{"one"});
  at.requireSame();
}

TEST_CASE("A storage that belongs to another user is refused", "[sync]") {
  Table table;
  Seat& ada = table.sit("ada");
  table.run();
  const auto other = Replica::open(ada.store, ada.entropy, "bob", table.now);
  REQUIRE(!other);
  CHECK(other.error().code == ErrorCode::storageUnavailable);
}

TEST_CASE("S4 a pending redaction stays shown while its segment is being confirmed", "[sync]") {
  TwoAtATable at;
  at.table.cut(at.ada);
  const Performed written = at.table.append(at.ada, at.draft, "better unsaid");
  const Performed redaction = at.table.act(at.ada, at.draft, RedactSegment{.segment = *written.segment});
  at.table.connect(at.ada);
  const auto confirms = [&](const std::string& bytes) {
    return std::holds_alternative<Receipts>(decodeAuthorityMessage(bytes, 1U << 20U).value());
  };
  while (at.ada.toReplica.empty() || !confirms(at.ada.toReplica.front())) REQUIRE(at.table.once());
  auto receipts = std::get<Receipts>(decodeAuthorityMessage(at.ada.toReplica.front(), 1U << 20U).value());
  std::erase_if(receipts.receipts, [&](const OpReceipt& each) { return each.op == redaction.op; });
  at.ada.replica->received(std::move(receipts), at.table.now);
  CHECK(at.ada.replica->pendingRedactions(at.draft) == std::set{*written.segment});
}

TEST_CASE("O12 a redaction erases the text on every device", "[sync]") {
  TwoAtATable at;
  const auto secret = at.table.append(at.ada, at.draft, "secret");
  at.table.run();
  at.table.act(at.ada, at.draft, RedactSegment{.segment = *secret.segment});
  CHECK(at.ada.replica->pendingRedactions(at.draft) == std::set{*secret.segment});
  at.table.run();
  CHECK(at.table.texts(at.bob, at.draft) == Texts{""});
  CHECK(at.table.texts(at.ada, at.draft) == Texts{""});
  CHECK(at.ada.replica->pendingRedactions(at.draft).empty());
  at.requireSame();
}

TEST_CASE("Many ops share messages, and none is larger than the bound", "[sync]") {
  Table table;
  Seat& ada = table.sit("ada");
  table.run();
  const DraftId draft = table.create(ada, "Notes");
  for (int i = 0; i < 300; ++i) {
    REQUIRE(ada.replica->perform(
        ada.replica->prepare(
            draft, AppendSegment{.segment = {}, .epoch = 0, .content = sealContent(std::string(16'000, 'a'), {})},
            table.now),
        table.now));
  }
  table.settle(ada);
  std::size_t ops = 0;
  for (const std::string& bytes : ada.toAuthority) {
    CHECK(bytes.size() <= Limits{}.messageBytes);
    if (const auto message = decodeReplicaMessage(bytes, Limits{}.messageBytes).value();
        std::holds_alternative<Push>(message)) {
      ops += std::get<Push>(message).ops.size();
    }
  }
  CHECK(ops == 256);  // in flight at most
  table.run();
  CHECK(ada.replica->pendingCount() == 0);
  CHECK(table.position(draft).seq == 301);
}

}  // namespace onering::testing
