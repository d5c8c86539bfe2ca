#include <atomic>
#include <thread>

#include <catch2/catch_test_macros.hpp>

#include "onering/simulation/memory-disk.h"
#include "onering/store/sqlite/sqlite-store.h"

#include "person.h"
#include "test-server.h"

namespace onering::testing {

namespace {

using simulation::MemoryDisk;

std::unique_ptr<SqliteStore> openOn(const MemoryDisk& disk, const std::string& path) {
  SqliteOptions options;
  options.path = path;
  options.vfs = disk.vfs();
  options.journal = SqliteOptions::Journal::walExclusive;
  auto opened = SqliteStore::open(options);
  REQUIRE(opened);
  return std::move(*opened);
}

}  // namespace

TEST_CASE("with the server's disk full nothing is accepted, and nothing is lost", "[storage]") {
  EventLoop loop;
  MemoryDisk disk;
  std::atomic<bool> full = false;
  ServerOptions options;
  options.store = openOn(disk, "drafts.db");
  TestServer server(std::move(options));
  server.store().beforeCommit([&]() -> std::optional<StoreFault> {
    disk.setCapacity(full ? std::optional(disk.used()) : std::nullopt);
    return {};
  });
  Person ada(loop, server.url(), "ada", {.token = {}, .store = nullptr, .change = [](ClientOptions& client) {
                                           client.replica.pushAgainAfter = Duration{100};
                                         }});
  const DraftId draft = ada.create();
  REQUIRE(ada.settles());

  full = true;
  constexpr int kSegments = 20;
  for (int i = 0; i < kSegments; ++i) {
    ada.append(draft, std::to_string(i) + std::string(2'000, 'x'));
  }
  loop.runFor(std::chrono::milliseconds(500));
  CHECK(ada.client().status().pending == kSegments);  // `unavailable` is no verdict: they wait
  CHECK(ada.client().status().kept == 0);
  CHECK(ada.receipts().size() == 1);
  CHECK(server.log().contains("the store failed"));
  CHECK(!server.log().contains("the store takes writes again"));

  full = false;
  REQUIRE(ada.settles());
  CHECK(server.log().contains("the store takes writes again"));
  CHECK(ada.confirmed(draft).seq == kSegments + 1);
  const auto texts = ada.texts(draft);
  REQUIRE(texts.size() == kSegments);
  for (int i = 0; i < kSegments; ++i) {
    CHECK(texts[static_cast<std::size_t>(i)].starts_with(std::to_string(i) + "x"));
  }
}

TEST_CASE("a store that cannot be reached for a while is waited for", "[storage]") {
  EventLoop loop;
  TestServer server;
  Person ada(loop, server.url(), "ada", {.token = {}, .store = nullptr, .change = [](ClientOptions& client) {
                                           client.replica.pushAgainAfter = Duration{50};
                                         }});
  Person bob(loop, server.url(), "bob");
  const DraftId draft = ada.create();
  ada.act(draft, AddCollaborator{.user = "bob", .role = Role::viewer});
  REQUIRE(ada.settles());
  std::atomic<int> failures = 3;
  server.store().beforeCommit([&]() -> std::optional<StoreFault> {
    return failures-- > 0 ? std::optional(StoreFault::unavailable) : std::nullopt;
  });
  for (int i = 0; i < 10; ++i) {
    ada.append(draft, std::to_string(i));
  }
  REQUIRE(ada.settles());
  REQUIRE(bob.sees([&] { return bob.count(draft) == 10; }));
  CHECK(bob.texts(draft) == ada.texts(draft));
}

TEST_CASE("with the device's disk full an op has not happened, and what had happened stays", "[storage][client]") {
  EventLoop loop;
  TestServer server;
  MemoryDisk disk;
  Person ada(loop, server.url(), "ada", {.token = {}, .store = openOn(disk, "device.db"), .change = {}});
  const DraftId draft = ada.create();
  ada.append(draft, "before");
  REQUIRE(ada.settles());

  disk.setCapacity(disk.used());
  std::optional<std::expected<void, Rejection>> durable;
  AppendSegment body;
  body.content.text = std::string(16'000, 'x');
  const auto performed = ada.client().perform(
      draft, std::move(body), {.durable = [&](auto stored) { durable = std::move(stored); }, .settled = {}});
  REQUIRE(performed);
  REQUIRE(ada.sees([&] { return durable.has_value(); }));
  REQUIRE(!*durable);
  CHECK(durable->error().code == ErrorCode::storageFull);
  CHECK(ada.count(draft) == 1);
  CHECK(ada.client().status().pending == 0);

  disk.setCapacity({});
  ada.append(draft, "after");
  REQUIRE(ada.settles());
  CHECK(ada.texts(draft) == std::vector<std::string>{"before", "after"});
  CHECK(ada.confirmed(draft).seq == 3);
}

TEST_CASE("S9 connected, pending and without progress is told as stalled", "[client]") {
  EventLoop loop;
  TestServer server;
  std::atomic<bool> blocked = true;
  server.store().beforeCommit([&]() -> std::optional<StoreFault> {
    while (blocked) {
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    return {};
  });
  Person ada(loop, server.url(), "ada", {.token = {}, .store = nullptr, .change = [](ClientOptions& client) {
                                           client.stalledAfter = std::chrono::milliseconds(200);
                                         }});
  ada.create();
  REQUIRE(ada.sees([&] { return ada.client().status().link == Link::live; }));
  CHECK(!ada.client().status().stalled);
  REQUIRE(ada.sees([&] { return ada.client().status().stalled; }));
  blocked = false;
  REQUIRE(ada.settles());
  CHECK(!ada.client().status().stalled);
}

TEST_CASE("a client that is given nonsense for an address says so", "[client]") {
  const auto open = [](std::string url) {
    EventLoop loop;
    ClientOptions options;
    options.url = std::move(url);
    return Client::open(loop, std::move(options)).has_value();
  };
  CHECK(!open("http://localhost:1"));
  CHECK(!open("ws://"));
  CHECK(!open("ws://:80"));
  CHECK(!open("ws://host:port/"));
  CHECK(!open("localhost:8080"));
}

}  // namespace onering::testing
