#include <algorithm>

#include <catch2/catch_test_macros.hpp>

#include "onering/store/memory/memory-store.h"
#include "onering/store/sqlite/sqlite-store.h"

#include "person.h"
#include "serve-process.h"
#include "test-server.h"

namespace onering::testing {

TEST_CASE("what one writes is durable, then seen by the other", "[sync]") {
  EventLoop loop;
  TestServer server;
  Person ada(loop, server.url(), "ada");
  Person bob(loop, server.url(), "bob");
  const DraftId draft = ada.create("Ours");
  ada.act(draft, AddCollaborator{.user = "bob", .role = Role::editor});
  const auto first = ada.append(draft, "Once upon a time");
  CHECK(ada.count(draft) == 1);  // at once, before any server

  REQUIRE(bob.sees([&] { return bob.count(draft) == 1; }));
  REQUIRE(ada.settles());
  CHECK(ada.accepted(first.op));
  CHECK(bob.texts(draft) == std::vector<std::string>{"Once upon a time"});

  ada.act(draft, PassRing{.to = "bob", .epoch = 0});
  REQUIRE(bob.sees([&] { return bob.client().draft(draft)->ring.holder == "bob"; }));
  bob.append(draft, " there was");
  REQUIRE(ada.sees([&] { return ada.count(draft) == 2; }));
  REQUIRE(bob.settles());
  CHECK(ada.texts(draft) == bob.texts(draft));
  CHECK(ada.confirmed(draft) == bob.confirmed(draft));
}

TEST_CASE("nothing is pending, says a client, only when it has told what became of everything", "[sync]") {
  EventLoop loop;
  TestServer server;
  std::size_t made = 0;
  std::size_t told = 0;
  std::size_t tooSoon = 0;
  Person ada(loop, server.url(), "ada", {.token = {}, .store = nullptr, .change = [&](ClientOptions& options) {
                                           options.heartbeat = std::chrono::milliseconds(1);  // timers all the time
                                           options.onStatus = [&](const ClientStatus& status) {
                                             tooSoon += status.pending == 0 && told < made ? 1U : 0U;
                                           };
                                         }});
  const DraftId draft = ada.create();
  REQUIRE(ada.settles());
  for (int i = 0; i < 1'000; ++i) {
    ++made;
    AppendSegment body;
    body.content.text = "line " + std::to_string(i);
    const auto performed =
        ada.client().perform(draft, std::move(body), {.durable = {}, .settled = [&](const Receipt&) { ++told; }});
    REQUIRE(performed);
    REQUIRE(ada.sees([&] { return told == made; }));
  }
  CHECK(tooSoon == 0);
}

TEST_CASE("a user's two devices have the same drafts", "[sync]") {
  EventLoop loop;
  TestServer server;
  Person laptop(loop, server.url(), "ada");
  Person phone(loop, server.url(), "ada");
  const DraftId draft = laptop.create();
  laptop.append(draft, "from the laptop");
  REQUIRE(phone.sees([&] { return phone.count(draft) == 1; }));
  phone.append(draft, "from the phone");
  REQUIRE(laptop.sees([&] { return laptop.count(draft) == 2; }));
  REQUIRE(phone.settles());
  CHECK(laptop.confirmed(draft) == phone.confirmed(draft));
}

TEST_CASE("who is removed loses the draft, and keeps what they had not sent", "[sync]") {
  EventLoop loop;
  TestServer server;
  Person ada(loop, server.url(), "ada");
  Person bob(loop, server.url(), "bob");
  const DraftId draft = ada.create();
  ada.act(draft, AddCollaborator{.user = "bob", .role = Role::editor});
  ada.act(draft, PassRing{.to = "bob", .epoch = 0});
  REQUIRE(bob.sees([&] { return bob.client().draft(draft) && bob.client().draft(draft)->ring.holder == "bob"; }));

  bob.client().disconnect();
  const auto offline = bob.append(draft, "written offline");
  ada.act(draft, RemoveCollaborator{.user = "bob"});
  REQUIRE(ada.settles());
  bob.client().connect();
  REQUIRE(bob.sees([&] { return bob.rejectedWith(offline.op).has_value(); }));
  CHECK(bob.rejectedWith(offline.op) == ErrorCode::notFound);  // SPEC I10
  REQUIRE(bob.sees([&] { return bob.client().draft(draft) == nullptr; }));
  CHECK(bob.client().status().kept == 1);
  REQUIRE(ada.settles());
  CHECK(ada.client().draft(draft)->ring.holder == "ada");
}

TEST_CASE("a device that was away for long gets a snapshot in parts", "[sync]") {
  EventLoop loop;
  ServerOptions options;
  options.bounds.answerBytes = 256U << 10U;
  TestServer server(std::move(options));
  Person ada(loop, server.url(), "ada");
  const DraftId draft = ada.create();
  constexpr int kSegments = 600;
  for (int i = 0; i < kSegments; ++i) {
    ada.append(draft, std::to_string(i) + std::string(8'000, 'x'));
  }
  REQUIRE(ada.settles());
  Person tablet(loop, server.url(), "ada");
  REQUIRE(tablet.sees([&] { return tablet.count(draft) == kSegments && tablet.client().status().link == Link::live; }));
  CHECK(tablet.confirmed(draft) == ada.confirmed(draft));
  CHECK(tablet.texts(draft) == ada.texts(draft));
}

TEST_CASE("a client finds the server again, and sends what was written meanwhile", "[sync]") {
  EventLoop loop;
  const TemporaryFolder folder;
  const auto open = [&] {
    ServerOptions options;
    SqliteOptions sqlite;
    sqlite.path = folder / "drafts.db";
    options.store = std::move(*SqliteStore::open(sqlite));
    return options;
  };
  auto server = std::make_unique<TestServer>(open());
  const std::uint16_t port = server->port();
  Person ada(loop, server->url(), "ada");
  const DraftId draft = ada.create();
  REQUIRE(ada.settles());

  server.reset();
  REQUIRE(ada.sees([&] { return ada.client().status().link == Link::offline; }));
  CHECK(ada.client().status().lastError.has_value());
  ada.append(draft, "while it was away");
  ServerOptions again = open();
  again.listen = "127.0.0.1:" + std::to_string(port);
  server = std::make_unique<TestServer>(std::move(again));
  REQUIRE(ada.settles());
  CHECK(ada.confirmed(draft).seq == 2);
  CHECK(!ada.client().status().lastError);
}

TEST_CASE("a replica in SQLite goes on where it stopped", "[sync][client]") {
  EventLoop loop;
  TestServer server;
  const TemporaryFolder folder;
  const auto device = [&]() -> std::unique_ptr<DeviceStore> {
    SqliteOptions sqlite;
    sqlite.path = folder / "device.db";
    return std::move(*SqliteStore::open(sqlite));
  };
  DraftId draft;
  {
    Person ada(loop, server.url(), "ada", {.token = {}, .store = device(), .change = {}});
    draft = ada.create();
    ada.append(draft, "sent");
    REQUIRE(ada.settles());
    ada.client().disconnect();
    bool durable = false;
    AppendSegment body;
    body.content.text = "written offline";
    const auto performed = ada.client().perform(
        draft, std::move(body), {.durable = [&](auto stored) { durable = stored.has_value(); }, .settled = {}});
    REQUIRE(performed);
    REQUIRE(ada.sees([&] { return durable; }));
  }
  Person ada(loop, server.url(), "ada", {.token = {}, .store = device(), .change = {}});
  CHECK(ada.texts(draft) == std::vector<std::string>{"sent", "written offline"});
  REQUIRE(ada.settles());
  CHECK(ada.confirmed(draft).seq == 3);
}

TEST_CASE("rejected work is kept, and can be made anew", "[sync][client]") {
  EventLoop loop;
  TestServer server;
  Person ada(loop, server.url(), "ada");
  Person bob(loop, server.url(), "bob");
  const DraftId draft = ada.create();
  ada.act(draft, AddCollaborator{.user = "bob", .role = Role::editor});
  ada.act(draft, PassRing{.to = "bob", .epoch = 0});
  REQUIRE(bob.sees([&] { return bob.client().draft(draft) && bob.client().draft(draft)->ring.holder == "bob"; }));
  bob.client().disconnect();
  bob.append(draft, "too late");
  ada.act(draft, ReclaimRing{});
  REQUIRE(ada.settles());
  bob.client().connect();
  REQUIRE(bob.sees([&] { return bob.client().status().kept == 1 && bob.client().status().pending == 0; }));

  ada.act(draft, PassRing{.to = "bob", .epoch = 0});
  REQUIRE(bob.sees([&] { return bob.client().draft(draft)->ring.epoch == 4; }));
  OpId kept;
  REQUIRE(bob.client().use([&](Replica& replica, Time) { kept = replica.kept().front().op.id; }));
  REQUIRE(bob.client().use([&](Replica& replica, Time now) { CHECK(replica.resubmit(kept, now)); }));
  REQUIRE(bob.settles());
  REQUIRE(ada.sees([&] { return ada.count(draft) == 1; }));
  CHECK(ada.texts(draft) == std::vector<std::string>{"too late"});
  CHECK(bob.client().status().kept == 0);
}

}  // namespace onering::testing
