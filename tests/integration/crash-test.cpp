#include <algorithm>
#include <map>
#include <thread>

#include <catch2/catch_test_macros.hpp>

#include "onering/store/sqlite/sqlite-store.h"

#include "person.h"
#include "raw-socket.h"
#include "serve-process.h"
#include "test-server.h"

namespace onering::testing {

namespace {

std::unique_ptr<SqliteStore> openReadOnly(const std::string& path) {
  SqliteOptions options;
  options.path = path;
  options.readOnly = true;
  auto opened = SqliteStore::open(options);
  REQUIRE(opened);
  return std::move(*opened);
}

std::vector<LogEntry> logOf(Store& store, const DraftId& draft) {
  std::vector<LogEntry> log;
  while (true) {
    auto more = store.readLog(draft, log.size(), std::size_t{1} << 20U);
    REQUIRE(more);
    if (more->empty()) {
      return log;
    }
    std::ranges::move(*more, std::back_inserter(log));
  }
}

}  // namespace

TEST_CASE("I9 after kill -9 under load every acknowledged op is there, exactly once", "[crash]") {
  EventLoop loop;
  const TemporaryFolder folder;
  std::vector<std::string> arguments{"--dev-auth", "--store", folder / "drafts.db", "--listen", "127.0.0.1:0"};
  auto server = std::make_unique<ServeProcess>(arguments);
  arguments.back() = "127.0.0.1:" + std::to_string(server->port());

  constexpr int kPeople = 4;
  constexpr int kInFlight = 16;
  std::vector<std::unique_ptr<Person>> people;
  std::vector<DraftId> drafts;
  std::map<OpId, DraftId> acknowledged;
  bool writing = true;
  std::function<void(int)> append = [&](int i) {
    AppendSegment body;
    body.content.text = "line " + std::to_string(i);
    const auto index = static_cast<std::size_t>(i);
    auto performed = people[index]->client().perform(drafts[index], std::move(body),
                                                     {.durable = {}, .settled = [&, i](const Receipt& receipt) {
                                                        CHECK(std::holds_alternative<Accepted>(receipt));
                                                        if (writing) {
                                                          append(i);
                                                        }
                                                      }});
    REQUIRE(performed);
  };
  for (int i = 0; i < kPeople; ++i) {
    people.push_back(std::make_unique<Person>(loop, server->url(), "person" + std::to_string(i)));
    drafts.push_back(people.back()->create());
  }
  for (int i = 0; i < kPeople; ++i) {
    for (int k = 0; k < kInFlight; ++k) {
      append(i);
    }
  }
  for (int round = 0; round < 3; ++round) {
    loop.runFor(std::chrono::milliseconds(400));
    server->signal(SIGKILL);
    server = nullptr;
    loop.runFor(std::chrono::milliseconds(100));
    server = std::make_unique<ServeProcess>(arguments);
  }
  loop.runFor(std::chrono::milliseconds(400));
  writing = false;
  for (auto& person : people) {
    REQUIRE(person->settles());
  }
  server->signal(SIGTERM);
  const auto ended = server->wait();
  REQUIRE(ended);
  CHECK(ended->exitCode == 0);

  const auto store = openReadOnly(folder / "drafts.db");
  CHECK(store->integrity()->empty());
  std::size_t checked = 0;
  for (int i = 0; i < kPeople; ++i) {
    const auto index = static_cast<std::size_t>(i);
    Person& person = *people[index];
    const std::vector<LogEntry> log = logOf(*store, drafts[index]);
    std::map<OpId, int> times;
    for (const LogEntry& entry : log) {
      ++times[entry.op.id];
    }
    for (const auto& [op, receipt] : person.receipts()) {
      CHECK(times[op] == 1);
      CHECK(log.at(std::get<Accepted>(receipt).seq - 1).op.id == op);
      ++checked;
    }
    CHECK(log.size() == person.receipts().size());
    CHECK(person.confirmed(drafts[index]) == log.back().position());
  }
  CHECK(checked > 100);
}

TEST_CASE("a server that is told to stop finishes what it has taken in", "[shutdown]") {
  EventLoop loop;
  const TemporaryFolder folder;
  ServeProcess server({"--dev-auth", "--store", folder / "drafts.db", "--listen", "127.0.0.1:0"});
  RawSocket socket(server.port());
  socket.join("ada");
  Person ada(loop, server.url(), "bob");
  const DraftId draft = ada.create();
  for (int i = 0; i < 200; ++i) {
    ada.append(draft, "line");
  }
  loop.runFor(std::chrono::milliseconds(30));
  server.signal(SIGTERM);
  CHECK(!socket.hear());
  CHECK(socket.lastClose() == 1001);
  REQUIRE(ada.sees([&] { return ada.client().status().link == Link::offline; }));
  const auto ended = server.wait();
  REQUIRE(ended);
  CHECK(ended->exitCode == 0);
  CHECK(ended->err.contains("stopped"));

  const auto store = openReadOnly(folder / "drafts.db");
  const auto log = logOf(*store, draft);
  CHECK(log.size() == ada.receipts().size());  // whatever was committed has been told
}

TEST_CASE("receipts of a batch in work are sent before the farewell", "[shutdown]") {
  EventLoop loop;
  TestServer server;
  std::atomic<bool> committing = false;
  Person ada(loop, server.url(), "ada");
  const DraftId draft = ada.create();
  REQUIRE(ada.settles());
  server.store().beforeCommit([&]() -> std::optional<StoreFault> {
    committing = true;
    std::this_thread::sleep_for(std::chrono::milliseconds(300));
    return {};
  });
  const auto op = ada.append(draft, "in the last moment").op;
  REQUIRE(ada.sees([&] { return committing.load(); }));
  server.stop();
  REQUIRE(ada.sees([&] { return ada.client().status().link == Link::offline; }));
  CHECK(ada.accepted(op));
}

TEST_CASE("stopping takes no longer than it may", "[shutdown]") {
  ServerOptions options;
  options.timeouts.shutdown = std::chrono::milliseconds(300);
  TestServer server(std::move(options));
  RawSocket deaf(server.port());  // never answers the farewell
  deaf.join("ada");
  RawSocket halfway(server.port());
  halfway.send("GET /");
  const auto began = std::chrono::steady_clock::now();
  server.end();
  CHECK(std::chrono::steady_clock::now() - began < std::chrono::seconds(3));
}

TEST_CASE("a port that is taken, a wrong address, a wrong store: clear errors at start", "[cli]") {
  TestServer server;
  const TemporaryFolder folder;
  folder.write("text.db", "this is not a database, and long enough to be sure of it: " + std::string(4096, '.'));
  const std::string taken = "127.0.0.1:" + std::to_string(server.port());

  const auto serve = [](std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), {"serve", "--dev-auth"});
    return runOneRing(arguments);
  };
  Ended ended = serve({"--store", "memory", "--listen", taken});
  CHECK(ended.exitCode == 3);
  CHECK(ended.err.contains("unavailable: Cannot listen at " + taken));
  CHECK(serve({"--store", "memory", "--listen", "nonsense"}).exitCode == 2);
  CHECK(serve({"--store", "memory", "--listen", "127.0.0.1:99999"}).exitCode == 2);

  ended = serve({"--store", folder / "text.db", "--listen", "127.0.0.1:0"});
  CHECK(ended.exitCode == 4);
  CHECK(ended.err.contains("onering: "));
  ended = serve({"--store", folder / "no/such/folder.db", "--listen", "127.0.0.1:0"});
  CHECK(ended.exitCode == 4);
  ended = serve({"--store", "postgres://127.0.0.1:1/onering", "--listen", "127.0.0.1:0"});
  CHECK(ended.exitCode == 4);
  CHECK(ended.err.contains("storageUnavailable: The database cannot be reached"));
  ended = serve({"--store", "http://localhost/", "--listen", "127.0.0.1:0", "--json"});
  CHECK(ended.exitCode == 4);
  CHECK(ended.err.contains(R"({"error":{"code":"storageUnavailable")"));
  CHECK(ended.out.empty());

  CHECK(runOneRing({"serve"}).exitCode == 2);
  CHECK(runOneRing({"serve", "--dev-auth", "--jwt-key-file", folder / "text.db"}).exitCode == 2);
  CHECK(runOneRing({"nonsense"}).exitCode == 2);
  CHECK(runOneRing({"--version"}).out.starts_with("onering 0."));
  CHECK(runOneRing({"--help"}).out.contains("Ends with"));
}

TEST_CASE("a file that a server has open is refused to a second one until the first is gone", "[crash]") {
  const TemporaryFolder folder;
  const std::string file = folder / "drafts.db";
  auto first = std::make_unique<ServeProcess>(
      std::vector<std::string>{"--dev-auth", "--store", file, "--listen", "127.0.0.1:0"});
  const Ended second = runOneRing({"serve", "--dev-auth", "--store", file, "--listen", "127.0.0.1:0"});
  CHECK(second.exitCode == 4);
  CHECK(second.out.empty());
  CHECK(second.err.contains("storageUnavailable: another server has " + file + " open"));
  CHECK(runOneRing({"verify", "--store", file}).exitCode == 0);

  first.reset();  // kill -9
  const ServeProcess next({"--dev-auth", "--store", file, "--listen", "127.0.0.1:0"});
  CHECK(next.port() != 0);
}

}  // namespace onering::testing
