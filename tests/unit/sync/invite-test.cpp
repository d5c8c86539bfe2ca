// SPEC §11: invites, from hand to hand.
#include <catch2/catch_test_macros.hpp>

#include "table.h"

namespace onering::testing {
namespace {

constexpr InviteToken kToken{7, 7, 7};

CreateInvite inviteFor(InviteId id, const UserId& user = {}) {
  return {.invite = id,
          .tokenHash = tokenHash(kToken),
          .role = Role::editor,
          .user = user,
          .lifetime = std::chrono::hours{72}};
}

AcceptInvite with(const InviteId& id, const InviteToken& token = kToken) {
  return {.invite = id, .tokenHash = tokenHash(token), .token = token};
}

InviteId someInvite(std::uint8_t number = 1) {
  return InviteId{uuidV7(timeFromMs(1'700'000'000'000), std::array<std::uint8_t, 10>{number})};
}

const AcceptInvite* acceptanceIn(const LogEntry& entry) {
  return std::get_if<AcceptInvite>(&entry.op.body);
}

}  // namespace

TEST_CASE("S13 what is kept of drafts in memory is bounded with their invites, too", "[sync]") {
  Table table({.limits = {}, .cacheBytes = 4'000});
  Seat& ada = table.sit("ada");
  const DraftId draft = table.create(ada, "Notes");
  table.act(ada, draft, inviteFor(someInvite()));
  table.run();
  CHECK(table.authority->draftsCached() == 1);
  for (std::uint8_t i = 2; i < 16; ++i) table.act(ada, draft, inviteFor(someInvite(i)));
  table.run();
  CHECK(table.position(draft).seq == 16);
  CHECK(table.authority->draftsCached() == 0);
  table.append(ada, draft, "It goes on.");
  table.run();
  CHECK(table.position(draft).seq == 17);
}

TEST_CASE("§11 whoever accepts an invite gets the draft, and everybody hears of the member", "[sync]") {
  Table table;
  Seat& ada = table.sit("ada");
  Seat& bob = table.sit("bob");
  const DraftId draft = table.create(ada, "Notes");
  table.append(ada, draft, "Come in.");
  table.act(ada, draft, inviteFor(someInvite()));
  table.run();

  const Performed accepting = table.act(bob, draft, with(someInvite()));
  CHECK(accepting.effect == LocalEffect::waiting);  // S2
  CHECK(bob.replica->draft(draft) == nullptr);
  table.run();
  CHECK(std::holds_alternative<Accepted>(Table::receipt(bob, accepting.op).value()));
  CHECK(table.texts(bob, draft) == std::vector<std::string>{"Come in."});
  CHECK(bob.replica->draft(draft)->roleOf("bob") == Role::editor);
  CHECK(ada.replica->draft(draft)->roleOf("bob") == Role::editor);
  CHECK(ada.replica->draft(draft)->invite(someInvite())->acceptedBy == "bob");
  CHECK(bob.replica->pendingCount() == 0);

  table.act(ada, draft, PassRing{.to = "bob", .epoch = 0});
  table.run();
  table.append(bob, draft, "Thank you.");
  table.run();
  CHECK(table.texts(ada, draft).size() == 2);
}

TEST_CASE("§11 the token goes to the authority and no further", "[sync]") {
  Table table;
  Seat& ada = table.sit("ada");
  Seat& bob = table.sit("bob");
  const DraftId draft = table.create(ada, "Notes");
  table.act(ada, draft, inviteFor(someInvite()));
  table.run();
  table.act(bob, draft, with(someInvite()));
  const auto pending = bob.store.readPending().value();
  REQUIRE(pending.size() == 1);
  CHECK(std::get<AcceptInvite>(pending[0].op.body).token == kToken);  // it is still to be sent
  table.run();

  for (MemoryStore* store : {&table.store, &ada.store, &bob.store}) {
    const auto log = store->readLog(draft, 0, 1U << 20U).value();
    for (const LogEntry& entry : log) {
      const AcceptInvite* acceptance = acceptanceIn(entry);
      CHECK((!acceptance || (!acceptance->token && acceptance->tokenHash == tokenHash(kToken))));
    }
  }
}

TEST_CASE("§11 an invite that was accepted while its guest was offline waits with the guest", "[sync]") {
  Table table;
  Seat& ada = table.sit("ada");
  Seat& bob = table.sit("bob");
  const DraftId draft = table.create(ada, "Notes");
  table.act(ada, draft, inviteFor(someInvite()));
  table.run();
  table.cut(bob);
  table.act(bob, draft, with(someInvite()));
  table.reopen(bob);  // the browser was closed in between
  CHECK(bob.replica->pendingCount() == 1);
  table.connect(bob);
  table.run();
  REQUIRE(bob.replica->draft(draft));
  CHECK(bob.replica->draft(draft)->member("bob"));
}

TEST_CASE("§11, I10 a wrong token is answered as one for a draft that is not there", "[sync]") {
  Table table;
  Seat& ada = table.sit("ada");
  Seat& eve = table.sit("eve");
  const DraftId draft = table.create(ada, "Notes");
  const DraftId none{uuidV7(table.now, std::array<std::uint8_t, 10>{9})};
  table.act(ada, draft, inviteFor(someInvite()));
  table.run();
  const auto wrong = table.act(eve, draft, with(someInvite(), InviteToken{8}));
  const auto nowhere = table.act(eve, none, with(someInvite()));
  table.run();
  const auto one = Table::receipt(eve, wrong.op);
  const auto other = Table::receipt(eve, nowhere.op);
  REQUIRE((one && other));
  CHECK(*one == *other);
  CHECK(Table::rejectedWith(eve, wrong.op) == ErrorCode::inviteInvalid);
  CHECK(!eve.replica->draft(draft));
}

TEST_CASE("§11 an invite is good once, also for two who use it at the same time", "[sync]") {
  Table table;
  Seat& ada = table.sit("ada");
  Seat& bob = table.sit("bob");
  Seat& cleo = table.sit("cleo");
  const DraftId draft = table.create(ada, "Notes");
  table.act(ada, draft, inviteFor(someInvite()));
  table.run();
  const auto first = table.act(bob, draft, with(someInvite()));
  const auto second = table.act(cleo, draft, with(someInvite()));
  table.run();
  CHECK(std::holds_alternative<Accepted>(Table::receipt(bob, first.op).value()));
  CHECK(Table::rejectedWith(cleo, second.op) == ErrorCode::inviteUsed);
  CHECK(!cleo.replica->draft(draft));
}

TEST_CASE("§11 a revoked invite lets nobody in, and a removed guest loses the copy", "[sync]") {
  Table table;
  Seat& ada = table.sit("ada");
  Seat& bob = table.sit("bob");
  const DraftId draft = table.create(ada, "Notes");
  table.act(ada, draft, inviteFor(someInvite(1)));
  table.act(ada, draft, inviteFor(someInvite(2)));
  table.act(ada, draft, RevokeInvite{.invite = someInvite(1)});
  table.run();
  const auto late = table.act(bob, draft, with(someInvite(1)));
  table.run();
  CHECK(Table::rejectedWith(bob, late.op) == ErrorCode::inviteInvalid);
  table.act(bob, draft, with(someInvite(2)));
  table.run();
  REQUIRE(bob.replica->draft(draft));
  table.act(ada, draft, RemoveCollaborator{.user = "bob"});
  table.run();
  CHECK(!bob.replica->draft(draft));
}

TEST_CASE("§11 a commit that failed leaves no invite behind in the authority's cache", "[sync]") {
  Table table;
  Seat& ada = table.sit("ada");
  const DraftId draft = table.create(ada, "Notes");
  table.run();
  table.nextCommitFails = StoreFault::unavailable;
  table.act(ada, draft, inviteFor(someInvite()));
  table.run();
  const DraftState* known = table.authority->lastKnown(draft);
  CHECK((!known || known->invites.empty()));
}

TEST_CASE("§11 an acceptance of an invite that the log does not have changes nothing", "[sync]") {
  Table table;
  Seat& ada = table.sit("ada");
  const DraftId draft = table.create(ada, "Notes");
  table.run();
  DraftState state = *ada.replica->confirmed(draft);
  Op op = ada.replica->prepare(draft, with(someInvite(5)), table.now);
  op.actor = "eve";
  apply(state, accept(&state, op, "eve", table.now));
  CHECK(!state.member("eve"));
}

}  // namespace onering::testing
