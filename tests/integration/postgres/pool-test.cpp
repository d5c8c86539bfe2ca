// SPEC §14, §15: what becomes of pooled connections, and of those who want one, when some of them or the database fail.
#include "pool.h"

#include <sstream>
#include <thread>

#include <boost/asio/io_context.hpp>
#include <catch2/catch_test_macros.hpp>

#include "onering/domain/id.h"

#include "../person.h"
#include "blocking-session.h"
#include "database.h"
#include "runner.h"
#include "settings.h"
#include "writing.h"

namespace onering::testing {

namespace {

using namespace postgres;
using std::chrono::milliseconds;
using std::chrono::seconds;
using SharedLease = std::shared_ptr<Pool::Lease>;
using Got = std::expected<SharedLease, Failure>;

Request of(const Statement& statement) {
  return {.calls = {{.statement = &statement, .parameters = {}}}};
}

// A transaction that fails: a job that there is not.
Request failing() {
  return jobRequest({.number = 99, .pause = seconds(1)}, {});
}

PoolOptions poolOver(const std::string& url, std::size_t size) {
  auto options = poolOptionsFor({.url = url, .poolSize = static_cast<std::uint32_t>(size)});
  REQUIRE(options);
  options->acquire = seconds(1);
  return *std::move(options);
}

// A pool whose loop runs while somebody waits for it.
class PoolOnLoop {
 public:
  PoolOnLoop(const std::string& url, std::size_t size) : pool_(io_, poolOver(url, size)) {}

  [[nodiscard]] Pool& pool() { return pool_; }

  std::shared_ptr<std::optional<Got>> ask() {
    auto answer = std::make_shared<std::optional<Got>>();
    pool_.acquire([answer](Got got) { *answer = std::move(got); });
    return answer;
  }
  Got acquire() {
    const auto answer = ask();
    return waitFor(*answer);
  }
  Reply run(const SharedLease& lease, Request request) {
    std::optional<Reply> answer;
    lease->connection().run(std::move(request), seconds(5), [&](Reply reply) { answer = std::move(reply); });
    return waitFor(answer);
  }
  // A connection, and what became of a request on it; given back afterwards.
  bool use() {
    const Got got = acquire();
    return got && run(*got, of(kPing)).has_value();
  }
  template <typename Answer>
  Answer waitFor(std::optional<Answer>& answer) {
    io_.restart();
    while (!answer) io_.run_one();
    return *std::move(answer);
  }
  void runFor(milliseconds time) {
    io_.restart();
    io_.run_for(time);
  }

 private:
  boost::asio::io_context io_;
  Pool pool_;
};

std::string databaseWithSchema() {
  const std::string database = newDatabase();
  REQUIRE(runOneRing({"db", "migrate", "up", "--store", sharedCluster().url(database)}).exitCode == 0);
  return database;
}

// While it is there nobody new gets in.
class Shut {
 public:
  explicit Shut(std::string database) : database_(std::move(database)) { allow("false"); }
  ~Shut() { allow("true"); }
  Shut(const Shut&) = delete;
  Shut& operator=(const Shut&) = delete;

 private:
  void allow(const std::string& whether) const {
    sharedCluster().sql("ALTER DATABASE " + database_ + " ALLOW_CONNECTIONS " + whether, "postgres");
  }

  std::string database_;
};

std::string backends(const std::string& database, const std::string& which = "true") {
  return "FROM pg_stat_activity WHERE application_name = 'onering' AND datname = '" + database + "' AND " + which;
}

// Ends those that are there, but for what waits for a lock.
void cutOff(const std::string& database) {
  sharedCluster().sql(
      "SELECT pg_terminate_backend(pid, 5000) " + backends(database, "wait_event_type IS DISTINCT FROM 'Lock'"),
      "postgres");
}

}  // namespace

TEST_CASE("SPEC 15 a connection whose transaction failed is rolled back and used again", "[postgres][pool]") {
  PoolOnLoop loop(sharedCluster().url(databaseWithSchema()), 1);
  for (int i = 0; i < 3; ++i) {
    auto got = loop.acquire();
    REQUIRE(got);
    const Reply failed = loop.run(*got, failing());
    REQUIRE_FALSE(failed);
    CHECK(failed.error().sqlState == "22012");
    CHECK((*got)->connection().hasFailed());
    got = std::unexpected(Failure{});
    CHECK(loop.use());
  }
  CHECK(loop.pool().counts().opened == 1);
}

TEST_CASE("SPEC 14 where no connection can be opened those that there are serve everyone, and the breaker stays closed",
          "[postgres][pool]") {
  const std::string database = databaseWithSchema();
  PoolOnLoop loop(sharedCluster().url(database), 4);
  auto one = loop.acquire();
  auto other = loop.acquire();
  REQUIRE(one);
  REQUIRE(other);
  const Shut shut(database);
  const auto waiting = loop.ask();
  loop.runFor(milliseconds(200));
  CHECK(loop.pool().counts().failedToOpen > 0);
  CHECK_FALSE(loop.pool().counts().open);
  CHECK_FALSE(*waiting);
  one = std::unexpected(Failure{});  // given back
  other = std::unexpected(Failure{});
  CHECK(loop.waitFor(*waiting));
  for (int i = 0; i < 20; ++i) {
    CHECK(loop.use());
    loop.runFor(milliseconds(20));
  }
  CHECK(loop.pool().counts().opened == 2);
  CHECK(loop.pool().counts().timedOut == 0);
}

TEST_CASE("SPEC 14 who waits for a connection in vain opens the breaker, and whatever comes back good closes it",
          "[postgres][pool]") {
  const std::string database = databaseWithSchema();
  PoolOnLoop loop(sharedCluster().url(database), 2);
  auto held = loop.acquire();
  REQUIRE(held);
  const Shut shut(database);
  CHECK_FALSE(loop.acquire());  // after a second
  CHECK(loop.pool().counts().open);
  const auto since = std::chrono::steady_clock::now();
  CHECK_FALSE(loop.acquire());
  CHECK_FALSE(loop.acquire());
  CHECK(std::chrono::steady_clock::now() - since < milliseconds(900));
  held = std::unexpected(Failure{});
  CHECK_FALSE(loop.pool().counts().open);
  CHECK(loop.use());
}

TEST_CASE("SPEC 14 with no connection left and none to be had the breaker is open, until one can be opened again",
          "[postgres][pool]") {
  const std::string database = databaseWithSchema();
  PoolOnLoop loop(sharedCluster().url(database), 2);
  CHECK(loop.use());
  {
    const Shut shut(database);
    cutOff(database);
    CHECK_FALSE(loop.use());
    CHECK_FALSE(loop.use());
    CHECK(loop.pool().counts().open);
    CHECK(loop.pool().retryAfter() > milliseconds(0));
  }
  loop.runFor(milliseconds(1'100));
  CHECK(loop.use());
  CHECK_FALSE(loop.pool().counts().open);
  CHECK(loop.pool().retryAfter() == milliseconds(0));
}

TEST_CASE(
    "SPEC 15 when a connection is lost the idle ones are asked before they are used, and the living ones are kept",
    "[postgres][pool]") {
  const std::string database = databaseWithSchema();
  PoolOnLoop loop(sharedCluster().url(database), 4);
  std::vector<SharedLease> leases;
  for (int i = 0; i < 4; ++i) leases.push_back(loop.acquire().value());
  leases.clear();
  CHECK(loop.pool().counts().idle == 4);
  // Two of the four end; the first loss is told to who uses it, the second to nobody.
  sharedCluster().sql("SELECT pg_terminate_backend(pid, 5000) " + backends(database) + " ORDER BY pid LIMIT 2",
                      "postgres");
  const std::string alive = sharedCluster().sql("SELECT pid " + backends(database), "postgres");
  int lost = 0;
  for (int i = 0; i < 12; ++i) {
    std::vector<SharedLease> some;
    for (int k = 0; k < 2; ++k) some.push_back(loop.acquire().value());
    for (const SharedLease& lease : some) lost += loop.run(lease, of(kPing)) ? 0 : 1;
  }
  CHECK(lost <= 2);
  CHECK(loop.pool().counts().opened <= 6);
  std::istringstream pids(alive);
  for (std::string pid; std::getline(pids, pid);) {
    CHECK(sharedCluster().sql("SELECT count(*) " + backends(database, "pid = " + pid), "postgres") == "1");
  }
}

TEST_CASE("SPEC 14 a database that takes no new connections is used through the one that was waiting for a lock",
          "[postgres][breaker]") {
  EventLoop loop;
  const std::string database = newDatabase();
  const auto server = serveOver(sharedCluster().url(database));
  Person ann(loop, server->url(), "ann");
  const DraftId draft = ann.create();
  REQUIRE(ann.settles());
  BlockingSession holder({.url = sharedCluster().url(database) + "&application_name=holder"});
  holder.run("BEGIN");
  holder.run("SELECT seq FROM drafts FOR UPDATE");
  ann.append(draft, "behind the lock");
  const auto waitsForLock = [&] {
    return sharedCluster().sql("SELECT count(*) " + backends(database, "wait_event_type = 'Lock'"), "postgres") == "1";
  };
  for (int i = 0; i < 100 && !waitsForLock(); ++i) loop.runFor(milliseconds(20));
  REQUIRE(waitsForLock());

  const Shut shut(database);
  cutOff(database);
  loop.runFor(milliseconds(1'500));
  holder.run("ROLLBACK");
  REQUIRE(ann.settles());
  for (int i = 0; i < 20; ++i) {
    const OpId op = ann.append(draft, "and on").op;
    REQUIRE(ann.sees([&] { return ann.accepted(op); }));
  }
  CHECK(sharedCluster().sql("SELECT count(*) " + backends(database), "postgres") == "1");
}

}  // namespace onering::testing
