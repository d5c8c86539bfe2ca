#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include "onering/domain/text.h"

#include "table.h"

namespace onering::testing {

TEST_CASE("S3 one rejected op does not hold up the next", "[sync]") {
  Table table;
  Seat& ada = table.sit("ada");
  Seat& bob = table.sit("bob");
  table.run();
  const DraftId draft = table.create(ada, "Notes");
  table.act(ada, draft, AddCollaborator{.user = "bob", .role = Role::editor});
  table.run();

  // Bob asks twice: on his second device the first request is not known yet.
  Seat& phone = table.sit("bob");
  table.run();
  const auto first = table.act(bob, draft, RequestRing{});
  const auto second = table.act(phone, draft, RequestRing{});
  const auto cancel = table.act(phone, draft, CancelRequest{});
  table.run();

  CHECK(std::holds_alternative<Accepted>(Table::receipt(bob, first.op).value()));
  CHECK(Table::rejectedWith(phone, second.op) == ErrorCode::notAllowed);
  CHECK(std::holds_alternative<Accepted>(Table::receipt(phone, cancel.op).value()));
}

TEST_CASE("K2 an op that was pushed again gets its first receipt", "[sync]") {
  Table table;
  Seat& ada = table.sit("ada");
  const DraftId draft = table.create(ada, "Notes");
  table.act(ada, draft, AddCollaborator{.user = "bob", .role = Role::editor});
  table.run();

  table.act(ada, draft, PassRing{.to = "bob", .epoch = 0});
  // It is accepted, and the receipt is lost.
  while (table.position(draft).seq < 3) REQUIRE(table.once());
  const LogPosition once = table.position(draft);
  table.reopen(ada);
  CHECK(ada.replica->pendingCount() == 1);
  table.connect(ada);
  table.run();
  CHECK(table.position(draft) == once);
  CHECK(ada.replica->pendingCount() == 0);
  CHECK(ada.replica->kept().empty());
  CHECK(ada.replica->draft(draft)->ring.holder == "bob");
}

TEST_CASE("K3 an op id with other content is refused and changes nothing", "[sync]") {
  Table table;
  Seat& ada = table.sit("ada");
  const DraftId draft = table.create(ada, "Notes");
  table.run();
  Op op = ada.replica->prepare(draft, SetTitle{.title = "One", .expect = {}}, table.now);
  REQUIRE(ada.replica->perform(op, table.now));
  table.settle(ada);
  table.run();
  const LogPosition before = table.position(draft);

  std::get<SetTitle>(op.body).title = "Other";
  REQUIRE(ada.replica->submit(op));
  table.settle(ada);
  table.run();
  CHECK(Table::rejectedWith(ada, op.id) == ErrorCode::idempotencyKeyReused);
  CHECK(table.position(draft) == before);
}

TEST_CASE("K3 someone else's op id is idTaken to a member and notFound to anyone else", "[sync]") {
  Table table;
  Seat& ada = table.sit("ada");
  Seat& bob = table.sit("bob");
  Seat& eve = table.sit("eve");
  const DraftId draft = table.create(ada, "Notes");
  const auto add = table.act(ada, draft, AddCollaborator{.user = "bob", .role = Role::editor});
  table.run();

  for (Seat* seat : {&bob, &eve}) {
    Op op = seat->replica->prepare(draft, RequestRing{}, table.now);
    op.id = add.op;
    REQUIRE(seat->replica->submit(op));
    table.settle(*seat);
  }
  table.run();
  CHECK(Table::rejectedWith(bob, add.op) == ErrorCode::idTaken);
  CHECK(Table::rejectedWith(eve, add.op) == ErrorCode::notFound);
}

TEST_CASE("I9 no receipt leaves before the store has committed", "[sync]") {
  Table table;
  Seat& ada = table.sit("ada");
  table.run();
  const DraftId draft = table.create(ada, "Notes");
  table.holdQuestions = true;
  table.run();
  CHECK(ada.replica->pendingCount() == 1);
  CHECK(table.position(draft).seq == 0);
  table.holdQuestions = false;
  table.run();
  CHECK(ada.replica->pendingCount() == 0);
  CHECK(table.position(draft).seq == 1);
}

TEST_CASE("K5 a batch that the store cannot take is pushed again, in order", "[sync]") {
  Table table;
  Seat& ada = table.sit("ada");
  table.run();
  table.nextCommitFails = StoreFault::full;
  const DraftId draft = table.create(ada, "Notes");
  table.run();
  // These must not overtake the creation.
  table.append(ada, draft, "one");
  table.append(ada, draft, "two");
  table.run();
  CHECK(ada.replica->pendingCount() == 3);
  CHECK(table.position(draft).seq == 0);

  table.now = ada.replica->pushAgainAt().value();
  ada.replica->tick(table.now);
  table.settle(ada);
  table.run();
  CHECK(ada.replica->pendingCount() == 0);
  CHECK(ada.replica->kept().empty());
  CHECK(table.position(draft).seq == 3);
}

TEST_CASE("K5 who has had very many ops rejected is not heard before there is room for one more, and loses nothing",
          "[sync]") {
  Table table({.limits = {}, .rejectionsPerDay = 3});
  Seat& ada = table.sit("ada");
  Seat& bob = table.sit("bob");
  const DraftId draft = table.create(ada, "Notes");
  table.act(ada, draft, AddCollaborator{.user = "bob", .role = Role::editor});
  table.run();
  const auto ask = [&] {
    const Op op = bob.replica->prepare(draft, SetTitle{.title = "His", .expect = {}}, table.now);
    REQUIRE(bob.replica->submit(op));
    table.settle(bob);
    table.run();
    return op.id;
  };
  for (int i = 0; i < 3; ++i) CHECK(Table::rejectedWith(bob, ask()) == ErrorCode::notOwner);
  const OpId late = ask();
  CHECK(Table::receipt(bob, late) == std::nullopt);
  const OpId good = table.act(bob, draft, RequestRing{}).op;  // must not overtake it
  table.run();
  CHECK(bob.replica->pendingCount() == 2);
  CHECK(table.store.find({.drafts = {}, .ops = {{draft, late}}, .segments = {}})->ops.at(0) == std::nullopt);
  table.append(ada, draft, "Others go on.");
  table.run();
  CHECK(ada.replica->pendingCount() == 0);

  const auto comeAgain = [&](Duration later) {
    table.now += later;
    bob.replica->tick(table.now);
    table.settle(bob);
    table.run();
  };
  comeAgain(std::chrono::hours(7));  // a third of a day is 8
  CHECK(bob.replica->pendingCount() == 2);
  comeAgain(std::chrono::hours(1));
  CHECK(Table::rejectedWith(bob, late) == ErrorCode::notOwner);
  CHECK(std::holds_alternative<Accepted>(Table::receipt(bob, good).value()));
  CHECK(bob.replica->pendingCount() == 0);
}

TEST_CASE("S3 a batch does not wait for one that it has nothing to do with; ops of one draft or one session do",
          "[sync]") {
  Table table;
  Seat& ada = table.sit("ada");
  Seat& ben = table.sit("ben");
  const DraftId hers = table.create(ada, "Hers");
  const DraftId his = table.create(ben, "His");
  const DraftId hersToo = table.create(ada, "Hers, too");
  table.run();
  table.holdQuestions = true;
  table.append(ada, hers, "one");
  table.run();
  CHECK(table.authority->opsInWork() == 1);
  table.append(ada, hers, "two");     // the same draft
  table.append(ada, hersToo, "one");  // the same session
  table.append(ben, his, "one");
  table.run();
  CHECK(table.authority->opsInWork() == 2);
  CHECK(table.authority->opsWaiting() == 2);

  // The first batch fails, and what waits behind it goes back with it; the other one does not mind.
  table.nextCommitFails = StoreFault::unavailable;
  table.holdQuestions = false;
  table.run();
  CHECK(table.position(hers).seq == 1);
  CHECK(table.position(hersToo).seq == 1);
  CHECK(table.position(his).seq == 2);
  CHECK(ada.replica->pendingCount() == 3);
  CHECK(table.authority->idle());

  table.now = ada.replica->pushAgainAt().value();
  ada.replica->tick(table.now);
  table.settle(ada);
  table.run();
  CHECK(table.texts(ada, hers) == std::vector<std::string>{"one", "two"});
  CHECK(table.position(hersToo).seq == 2);
  CHECK(ada.replica->pendingCount() == 0);
}

TEST_CASE("S3 ops of one draft keep their order when some of them wait for other batches than the rest", "[sync]") {
  AuthorityOptions options;
  options.opsPerBatch = 1;
  Table table(options);
  Seat& ada = table.sit("ada");
  Seat& ben = table.sit("ben");
  const DraftId shared = table.create(ada, "Shared");
  table.act(ada, shared, AddCollaborator{.user = "ben", .role = Role::editor});
  const DraftId hers = table.create(ada, "Hers");
  const DraftId his = table.create(ben, "His");
  table.run();
  Seat& phone = table.sit("ada");
  table.run();
  table.holdQuestions = true;
  const auto arrives = [&](Seat& seat, const DraftId& draft, const std::string& text) {
    table.append(seat, draft, text);
    table.run();
  };
  arrives(ben, his, "one");                     // at the store, and the first to come back
  arrives(ada, hers, "one");                    // at the store
  arrives(phone, shared, "one");                // waits for room
  arrives(ada, shared, "from the other desk");  // waits for its session
  arrives(phone, shared, "two");                // waits for both
  CHECK(table.authority->opsInWork() == 2);
  CHECK(table.authority->opsWaiting() == 3);
  table.holdQuestions = false;
  table.run();
  CHECK(table.texts(ben, shared) == std::vector<std::string>{"one", "from the other desk", "two"});
}

TEST_CASE("S3 what is queued of a lost connection does not overtake an op that the store could not take", "[sync]") {
  AuthorityOptions options;
  options.opsPerBatch = 1;
  Table table(options);
  Seat& ada = table.sit("ada");
  const DraftId draft = table.create(ada, "Notes");
  table.run();
  table.holdQuestions = true;
  table.append(ada, draft, "one");
  table.append(ada, draft, "two");
  table.run();  // both have arrived, the first is being judged
  table.cut(ada);
  table.nextCommitFails = StoreFault::unavailable;
  table.holdQuestions = false;
  table.run();
  CHECK(table.position(draft).seq == 1);
  table.connect(ada);
  table.run();
  CHECK(table.texts(ada, draft) == std::vector<std::string>{"one", "two"});
  CHECK(table.position(draft).seq == 3);
}

TEST_CASE("I6 a commit whose outcome is unknown is looked up, not repeated", "[sync]") {
  const bool committed = GENERATE(false, true);
  Table table;
  Seat& ada = table.sit("ada");
  Seat& bob = table.sit("bob");
  const DraftId draft = table.create(ada, "Notes");
  table.act(ada, draft, AddCollaborator{.user = "bob", .role = Role::editor});
  table.run();

  table.nextCommitFails = StoreFault::unknown;
  table.commitAnyway = committed;
  table.append(ada, draft, "once");
  table.run();
  CHECK(table.position(draft).seq == 3);
  CHECK(table.texts(ada, draft) == std::vector<std::string>{"once"});
  CHECK(table.texts(bob, draft) == std::vector<std::string>{"once"});
  CHECK(ada.replica->pendingCount() == 0);
}

TEST_CASE("A member whose removal was committed with an unknown outcome is told all the same", "[sync]") {
  const bool isLookedUp = GENERATE(true, false);
  Table table;
  Seat& ada = table.sit("ada");
  Seat& bob = table.sit("bob");
  const DraftId draft = table.create(ada, "Notes");
  table.act(ada, draft, AddCollaborator{.user = "bob", .role = Role::editor});
  table.run();

  table.nextCommitFails = StoreFault::unknown;
  table.commitAnyway = true;
  table.lookupFailsThen = !isLookedUp;
  table.act(ada, draft, RemoveCollaborator{.user = "bob"});
  table.run();
  CHECK(bob.replica->draft(draft) == nullptr);
}

TEST_CASE("An op whose fan-out got lost reaches the readers when it is pushed again", "[sync]") {
  Table table;
  Seat& ada = table.sit("ada");
  Seat& bob = table.sit("bob");
  const DraftId draft = table.create(ada, "Notes");
  table.act(ada, draft, AddCollaborator{.user = "bob", .role = Role::editor});
  table.run();
  table.cut(ada);
  table.append(ada, draft, "accepted, but nobody was told");
  table.restartAuthority();
  table.connect(bob);
  table.run();

  // The last thing that the authority before did reaches the store only now.
  const Op op = *ada.replica->pending().front().op;
  const auto before = *table.store.find({.drafts = {draft}, .ops = {}, .segments = {}})->drafts.at(0);
  DraftState after = before;
  const LogEntry entry = accept(&before, op, "@ada", table.now);
  const Change change = apply(after, entry);
  REQUIRE(table.store.commit(
      Batch{.drafts = {{.expected = before.position.seq, .ops = {{entry, change}}, .head = after}}, .rejected = {}}));

  table.connect(ada);
  table.run();
  CHECK(bob.replica->confirmed(draft)->position == entry.position());
}

TEST_CASE("S7 receipts fit the bound however many there are", "[sync]") {
  AuthorityOptions options;
  options.limits.messageBytes = 4'096;
  Table table(options);
  Seat& ada = table.sit("ada");
  const DraftId draft = table.create(ada, "Notes");
  table.run();
  table.holdQuestions = true;
  for (int i = 0; i < 100; ++i) {
    REQUIRE(ada.replica->submit(ada.replica->prepare(draft, PassRing{.to = "nobody", .epoch = 7}, table.now)));
    table.settle(ada);
  }
  table.run();
  table.holdQuestions = false;
  std::size_t longest = 0;
  while (table.once()) {
    for (const std::string& bytes : ada.toReplica) longest = std::max(longest, bytes.size());
  }
  CHECK(longest > 1'000);
  CHECK(longest <= 4'096);
  CHECK(ada.replica->kept().size() == 100);
}

TEST_CASE("When the store was away, those who were told to wait catch up some at a time", "[sync]") {
  constexpr SessionId kSessions = 150;
  Authority authority({});
  const Time now = timeFromMs(1'700'000'000'000);
  std::size_t waiting = 0;
  for (SessionId session = 1; session <= kSessions; ++session) {
    authority.connected(session);
    static_cast<void>(
        authority.received(session, Hello{.version = kProtocolVersion, .token = "ada", .device = {}}, now));
    static_cast<void>(authority.authenticated(session, Principal{.user = "ada", .display = {}, .expiresAt = {}}, now));
    for (const AuthorityAction& action : authority.received(session, WhatChanged{}, now)) {
      const auto* ask = std::get_if<AskAction>(&action);
      if (!ask) continue;
      const auto told = authority.answered(
          ask->ticket, StoreResult<std::vector<AuthorityMessage>>(std::unexpected(StoreError{})), now);
      REQUIRE(told.size() == 1);
      CHECK(std::get<Refused>(std::get<SendAction>(told[0]).message).retryAfter > Duration{0});
      ++waiting;
    }
  }
  REQUIRE(waiting == kSessions);
  std::set<SessionId> called;
  for (const std::size_t some : {64U, 64U, 22U, 0U}) {
    std::size_t calledNow = 0;
    for (const AuthorityAction& action : authority.tick(now)) {
      const auto* send = std::get_if<SendAction>(&action);
      if (!send || !std::holds_alternative<CatchUp>(send->message)) continue;
      calledNow += send->to.size();
      called.insert(send->to.begin(), send->to.end());
    }
    CHECK(calledNow == some);
  }
  CHECK(called.size() == kSessions);
}

TEST_CASE("A position before the first op has no link", "[sync]") {
  Table table;
  Seat& ada = table.sit("ada");
  const DraftId draft = table.create(ada, "Notes");
  table.run();
  Digest forged{};
  forged.front() = 1;
  const auto answer = perform(
      table.store, CatchUpQuestion{.user = "ada", .fetch = {.draft = draft, .have = {0, forged}}}, table.policy);
  const auto& messages = std::get<StoreResult<std::vector<AuthorityMessage>>>(answer).value();
  CHECK(messages == std::vector<AuthorityMessage>{Diverged{draft, table.position(draft)}});
}

TEST_CASE("I10 a stranger learns nothing from fetching a draft", "[sync]") {
  Table table;
  Seat& ada = table.sit("ada");
  const DraftId draft = table.create(ada, "Notes");
  table.run();
  const auto answer = [&](const DraftId& id) {
    return std::get<StoreResult<std::vector<AuthorityMessage>>>(
               perform(table.store, CatchUpQuestion{"eve", Fetch{.draft = id, .have = {}}}, {}))
        .value();
  };
  CHECK(answer(draft) == std::vector<AuthorityMessage>{Gone{draft}});
  const DraftId absent{uuidV7(table.now, std::array<std::uint8_t, 10>{})};
  CHECK(answer(absent) == std::vector<AuthorityMessage>{Gone{absent}});
}

TEST_CASE("S12 a replica of another version is told to upgrade", "[sync]") {
  Authority authority({});
  authority.connected(1);
  const auto actions = authority.received(1, Hello{.version = 99, .token = "ada", .device = {}}, Time{});
  REQUIRE(actions.size() == 2);
  CHECK(std::get<Refused>(std::get<SendAction>(actions[0]).message).why.code == ErrorCode::upgradeRequired);
  CHECK(std::holds_alternative<CloseAction>(actions[1]));
}

TEST_CASE("A session that acts before it is known is refused", "[sync]") {
  Authority authority({});
  authority.connected(1);
  const auto actions = authority.received(1, Push{}, Time{});
  REQUIRE(actions.size() == 2);
  CHECK(std::get<Refused>(std::get<SendAction>(actions[0]).message).why.code == ErrorCode::unauthenticated);
}

TEST_CASE("A session whose token has expired is ended", "[sync]") {
  Authority authority({});
  authority.connected(1);
  const Time start = timeFromMs(1'000'000);
  static_cast<void>(authority.received(1, Hello{.token = "t", .device = {}}, start));
  static_cast<void>(
      authority.authenticated(1, Principal{.user = "ada", .display = {}, .expiresAt = start + Duration{5'000}}, start));
  CHECK(authority.tick(start + Duration{4'999}).empty());
  const auto actions = authority.tick(start + Duration{5'000});
  REQUIRE(actions.size() == 2);
  CHECK(std::get<Refused>(std::get<SendAction>(actions[0]).message).why.code == ErrorCode::tokenExpired);
  CHECK(authority.sessionCount() == 0);
}

TEST_CASE("A display name is bounded: whoever has a longer one is shown without", "[sync]") {
  const auto shown = [](std::string display) {
    Authority authority({});
    authority.connected(1);
    static_cast<void>(authority.received(1, Hello{.token = "t", .device = {}}, Time{}));
    const auto actions =
        authority.authenticated(1, Principal{.user = "ada", .display = std::move(display), .expiresAt = {}}, Time{});
    return std::get<Welcome>(std::get<SendAction>(actions.at(0)).message).display;
  };
  CHECK(shown(std::string(256, 'A')) == std::string(256, 'A'));
  CHECK(shown(std::string(257, 'A')) == anonymousDisplay("ada"));
  CHECK(shown("Ada\nLovelace") == anonymousDisplay("ada"));
  CHECK(shown("") == anonymousDisplay("ada"));
}

TEST_CASE("A bookmark from outside says a time that every store can hold", "[sync]") {
  Authority authority({});
  authority.connected(1);
  static_cast<void>(authority.received(1, Hello{.token = "t", .device = {}}, Time{}));
  static_cast<void>(authority.authenticated(1, Principal{.user = "ada", .display = {}, .expiresAt = {}}, Time{}));
  for (const Time since : {Time::min(), Time::max()}) {
    const auto actions = authority.received(1, WhatChanged{.from = {.since = since, .after = {}}}, Time{});
    const auto& question = std::get<ChangesQuestion>(std::get<AskAction>(actions.at(0)).question);
    CHECK(question.from.since == std::clamp(since, kFirstTime, kLastTime));
  }
}

TEST_CASE("I11 the authority's time does not go back with its clock", "[sync]") {
  Table table;
  Seat& ada = table.sit("ada");
  const DraftId draft = table.create(ada, "Notes");
  table.run();
  const Time before = ada.replica->draft(draft)->updatedAt;
  table.now -= Duration{3'600'000};
  table.append(ada, draft, "later");
  table.run();
  CHECK(ada.replica->draft(draft)->updatedAt >= before);
}

// --- ops without a session ----------------------------------------------------------------------------------

namespace {

Op requestOp(std::uint8_t number, const DraftId& draft, const UserId& actor, OpBody body) {
  const auto id = [](std::uint8_t at, std::uint8_t n) {
    return uuidV7(timeFromMs(1'000), std::array<std::uint8_t, 10>{at, n});
  };
  return {.id = {id(1, number)},
          .draft = draft,
          .actor = actor,
          .device = {id(2, 1)},
          .authoredAt = timeFromMs(1'000),
          .body = std::move(body)};
}

Principal principal(const UserId& user) {
  return {.user = user, .display = "", .expiresAt = {}};
}

std::optional<ErrorCode> codeOf(const Receipt& receipt) {
  const auto* why = std::get_if<Rejection>(&receipt);
  return why ? std::optional(why->code) : std::nullopt;
}

}  // namespace

TEST_CASE("an op without a session is judged like any other, and told to all who read along", "[sync]") {
  Table table;
  Seat& ada = table.sit("ada");
  const DraftId draft = table.create(ada, "Notes");
  table.run();
  table.carryOut(table.authority->submit(7, principal("ada"), requestOp(1, draft, "ada", Lock{}), "", table.now));
  table.carryOut(table.authority->submit(8, principal("ada"), requestOp(2, draft, "ada", Lock{}), "", table.now));
  table.carryOut(table.authority->submit(9, principal("eve"), requestOp(3, draft, "ada", Unlock{}), "", table.now));
  table.run();
  CHECK(codeOf(table.receipts.at(7)) == std::nullopt);
  CHECK(codeOf(table.receipts.at(8)) == ErrorCode::draftLocked);
  CHECK(codeOf(table.receipts.at(9)) == ErrorCode::notAllowed);
  CHECK(ada.replica->draft(draft)->status == DraftStatus::locked);

  table.carryOut(table.authority->submit(10, principal("ada"), requestOp(1, draft, "ada", Lock{}), "", table.now));
  table.run();
  CHECK(table.receipts.at(10) == table.receipts.at(7));  // I6
}

TEST_CASE("K3 to who is no member, someone else's op id is judged as one that nobody has used", "[sync]") {
  Table table;
  Seat& ada = table.sit("ada");
  const DraftId draft = table.create(ada, "Notes");
  const auto taken = table.act(ada, draft, SetTitle{.title = "Taken", .expect = {}});
  table.run();
  const LogPosition before = table.position(draft);

  const std::vector<std::pair<OpBody, ErrorCode>> asked = {
      {CreateDraft{.title = "Mine", .platform = {}, .holdLimit = {}}, ErrorCode::idTaken},
      {SetTitle{.title = std::string(1'000, 'x'), .expect = {}}, ErrorCode::titleInvalid},
      {AcceptInvite{.invite = {taken.op.bytes}, .tokenHash = {}}, ErrorCode::inviteInvalid},
      {PassRing{.to = "eve", .epoch = 1}, ErrorCode::notFound},
  };
  RequestId request = 0;
  for (const auto& [body, code] : asked) {
    Op op = requestOp(static_cast<std::uint8_t>(request + 1), draft, "eve", body);
    for (const OpId& id : {op.id, taken.op}) {
      op.id = id;
      table.carryOut(table.authority->submit(++request, principal("eve"), op, "", table.now));
      table.run();
      CHECK(codeOf(table.receipts.at(request)) == code);
    }
  }
  CHECK(table.position(draft) == before);
}

TEST_CASE("H4 an op that expects another version is refused, but a stranger is not told so", "[sync]") {
  Table table;
  Seat& ada = table.sit("ada");
  const DraftId draft = table.create(ada, "Notes");
  table.run();
  const std::string present = etagOf(table.position(draft));
  const auto submit = [&](RequestId request, const UserId& user, const std::string& expect) {
    const Op op = requestOp(static_cast<std::uint8_t>(request), draft, user, SetTitle{.title = "New", .expect = {}});
    table.carryOut(table.authority->submit(request, principal(user), op, expect, table.now));
    table.run();
    return codeOf(table.receipts.at(request));
  };
  CHECK(submit(1, "ada", "\"1-0000000000000000\"") == ErrorCode::staleVersion);
  CHECK(submit(2, "eve", "\"1-0000000000000000\"") == ErrorCode::notFound);
  CHECK(submit(3, "ada", present) == std::nullopt);
  CHECK(submit(4, "ada", present) == ErrorCode::staleVersion);
}

TEST_CASE("ops without a session do not hold each other back when the store fails", "[sync]") {
  Table table;
  Seat& ada = table.sit("ada");
  const DraftId draft = table.create(ada, "Notes");
  table.run();
  table.nextCommitFails = StoreFault::unavailable;
  table.carryOut(table.authority->submit(1, principal("ada"), requestOp(1, draft, "ada", Lock{}), "", table.now));
  table.carryOut(table.authority->submit(2, principal("ada"), requestOp(2, draft, "ada", Lock{}), "", table.now));
  table.run();
  CHECK(codeOf(table.receipts.at(1)) == ErrorCode::unavailable);
  CHECK(codeOf(table.receipts.at(2)) == std::nullopt);
}

TEST_CASE("a draft is remembered as the store has it, also after a batch that the store could not take", "[sync]") {
  Table table;
  Seat& ada = table.sit("ada");
  const DraftId draft = table.create(ada, "Notes");
  table.run();
  const DraftState stored = *table.authority->lastKnown(draft);
  CHECK(stored.position == table.position(draft));

  table.nextCommitFails = StoreFault::unavailable;
  table.carryOut(table.authority->submit(1, principal("ada"), requestOp(1, draft, "ada", Lock{}), "", table.now));
  table.run();
  REQUIRE(table.authority->lastKnown(draft) != nullptr);
  CHECK(*table.authority->lastKnown(draft) == stored);

  // Who belongs to it is not kept twice.
  table.nextCommitFails = StoreFault::unavailable;
  const Op joins = requestOp(2, draft, "ada", AddCollaborator{.user = "ben", .role = Role::editor});
  table.carryOut(table.authority->submit(2, principal("ada"), joins, "", table.now));
  table.run();
  CHECK(table.authority->lastKnown(draft) == nullptr);

  table.carryOut(table.authority->submit(3, principal("ada"), requestOp(3, draft, "ada", Lock{}), "", table.now));
  table.run();
  CHECK(codeOf(table.receipts.at(3)) == std::nullopt);
  CHECK(table.authority->lastKnown(draft)->position == table.position(draft));
}

TEST_CASE("I9 a draft is not told to be as a batch at the store would have it", "[sync]") {
  Table table;
  Seat& ada = table.sit("ada");
  const DraftId draft = table.create(ada, "Notes");
  table.run();
  table.holdQuestions = true;
  table.carryOut(table.authority->submit(1, principal("ada"), requestOp(1, draft, "ada", Lock{}), "", table.now));
  CHECK(table.authority->lastKnown(draft) == nullptr);
  table.holdQuestions = false;
  table.run();
  CHECK(table.authority->lastKnown(draft)->status == DraftStatus::locked);
}

// Another authority over the same store, as another server has one.
class Elsewhere {
 public:
  Elsewhere(Table& table, const UserId& user) : table_(table), user_(user) {
    authority_.connected(1);
    carryOut(authority_.received(1, Hello{.version = kProtocolVersion, .token = user, .device = {}}, table.now));
  }

  void act(const DraftId& draft, OpBody body) {
    Op op{.id = id(),
          .draft = draft,
          .actor = user_,
          .device = {uuidV7(table_.now, entropy_)},
          .authoredAt = table_.now,
          .body = std::move(body)};
    carryOut(authority_.received(1, Push{.ops = {std::move(op)}, .restart = false}, table_.now));
  }

 private:
  OpId id() {
    ++entropy_[9];
    return OpId{uuidV7(table_.now, entropy_)};
  }

  void carryOut(AuthorityActions actions) {
    for (AuthorityAction& action : actions) {
      if (std::holds_alternative<AuthenticateAction>(action)) {
        carryOut(authority_.authenticated(1, Principal{.user = user_, .display = {}, .expiresAt = {}}, table_.now));
      } else if (const auto* ask = std::get_if<AskAction>(&action)) {
        carryOut(authority_.answered(ask->ticket, perform(table_.store, ask->question, table_.policy), table_.now));
      }
    }
  }

  Table& table_;
  UserId user_;
  Authority authority_{AuthorityOptions{}};
  std::array<std::uint8_t, 10> entropy_{0xEE};
};

TEST_CASE("what other servers write reaches the sessions here, while news of other drafts are on their way", "[sync]") {
  Table table;
  Seat& ada = table.sit("ada");
  std::vector<DraftId> drafts;
  for (int i = 0; i < 3; ++i) drafts.push_back(table.create(ada, "Notes"));
  table.run();
  Elsewhere elsewhere(table, "ada");
  table.holdQuestions = true;
  for (const DraftId& draft : drafts) {
    elsewhere.act(draft, SetTitle{.title = "from elsewhere", .expect = {}});
    table.carryOut(table.authority->movedElsewhere({{draft, table.position(draft)}}));
  }
  table.holdQuestions = false;
  table.run();
  for (const DraftId& draft : drafts) {
    CHECK(ada.replica->confirmed(draft)->title == "from elsewhere");
    CHECK(ada.replica->confirmed(draft)->position == table.position(draft));
  }

  // And what is written here on top of it is judged on what is there.
  elsewhere.act(drafts[0], SetTitle{.title = "once more", .expect = {}});
  table.append(ada, drafts[0], "from here");
  table.run();
  CHECK(table.texts(ada, drafts[0]) == std::vector<std::string>{"from here"});
  CHECK(ada.replica->confirmed(drafts[0])->title == "once more");
  CHECK(table.authority->counts().conflicts == 1);
}

TEST_CASE("K5 nobody is told no on the grounds of a state that another server has left behind", "[sync]") {
  Table table;
  Seat& ada = table.sit("ada");
  const DraftId draft = table.create(ada, "Notes");
  table.act(ada, draft, AddCollaborator{.user = "bob", .role = Role::editor});
  table.run();
  Seat& bob = table.sit("bob");
  table.run();

  // The ring comes to bob through another server, and his replica hears of it from there; the authority here has not.
  Elsewhere elsewhere(table, "ada");
  elsewhere.act(draft, PassRing{.to = "bob", .epoch = 1});
  Op op = bob.replica->prepare(draft, AppendSegment{.segment = {}, .epoch = 2, .content = sealContent("mine", {})},
                               table.now);
  std::get<AppendSegment>(op.body).epoch = 2;
  table.carryOut(table.authority->received(bob.session, Push{.ops = {op}, .restart = false}, table.now));
  table.run();
  const auto found = table.store.find({.drafts = {}, .ops = {{draft, op.id}}, .segments = {}});
  REQUIRE(found->ops.at(0));
  CHECK(std::holds_alternative<Accepted>(found->ops.at(0)->receipt));
}

}  // namespace onering::testing
