// The throw-away cluster that benchmarks and tests run on. Its own tests come first: everything on PostgreSQL is
// only as good as what it stands on.
#include <functional>
#include <thread>

#include <catch2/catch_test_macros.hpp>
#include <sys/wait.h>
#include <unistd.h>

#include "onering/cluster/temporary-cluster.h"
#include "onering/process/usage.h"

namespace onering::testing {

namespace {

std::unique_ptr<TemporaryCluster> startCluster(ClusterOptions options = {}) {
  auto cluster = TemporaryCluster::start(std::move(options));
  INFO((cluster ? std::string() : cluster.error().message));
  REQUIRE(cluster);
  return std::move(*cluster);
}

bool waitUntil(const std::function<bool()>& done) {
  for (int i = 0; i < 1'000 && !done(); ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  return done();
}

}  // namespace

TEST_CASE("a temporary cluster is durable, outlives kill -9 of its server, and leaves nothing behind", "[cluster]") {
  auto cluster = startCluster();
  CHECK(cluster->sql("SHOW fsync") == "on");
  CHECK(cluster->sql("SHOW synchronous_commit") == "on");
  cluster->sql("CREATE TABLE t(n int); INSERT INTO t SELECT generate_series(1, 1000)");
  CHECK(cluster->cpuSeconds() > 0);
  CHECK(cluster->processes().size() > 1);

  const auto killed = cluster->processes();
  cluster->stop(TemporaryCluster::Stop::kill);
  CHECK(cluster->processes().empty());
  for (const pid_t each : killed) {
    CHECK(::kill(each, 0) != 0);
  }
  const auto resumed = cluster->resume();
  INFO(cluster->log());
  REQUIRE(resumed);
  CHECK(cluster->sql("SELECT count(*), sum(n) FROM t") == "1000|500500");
  CHECK_THROWS(cluster->sql("SELECT nothing"));

  const auto folder = cluster->folder();
  const auto left = cluster->processes();
  cluster.reset();
  CHECK_FALSE(std::filesystem::exists(folder));
  for (const pid_t each : left) {
    CHECK(::kill(each, 0) != 0);
  }
}

TEST_CASE("a temporary cluster goes when the process that started it is killed", "[cluster]") {
  const process::Command command{.program = ONERING_BUILD "/tests/onering-integration",
                                 .arguments = {"a cluster for somebody who kills us"},
                                 .user = {},
                                 .folder = {},
                                 .log = {},
                                 .input = {},
                                 .environment = {"LC_ALL=C"},
                                 .listen = true};
  process::Child child(command);
  const auto line = child.readLine(std::chrono::seconds(60));
  REQUIRE(line);
  const std::filesystem::path folder = line->substr(0, line->find(' '));
  const auto server = static_cast<pid_t>(std::stoi(line->substr(line->find(' '))));
  CHECK(std::filesystem::exists(folder / "data"));
  child.signal(SIGKILL);
  CHECK(waitUntil([&] { return !std::filesystem::exists(folder) && ::kill(server, 0) != 0; }));
}

// The other half of the test above, run by it as a process of its own.
TEST_CASE("a cluster for somebody who kills us", "[.]") {
  const auto cluster = startCluster();
  ::dprintf(STDOUT_FILENO, "%s %d\n", cluster->folder().c_str(), cluster->postmaster());
  std::this_thread::sleep_for(std::chrono::seconds(60));
}

TEST_CASE("a standby follows its primary and can be promoted", "[cluster]") {
  const auto primary =
      startCluster({.settings = {{"wal_level", "replica"}}, .tcp = true, .standbyOf = nullptr, .standbyName = {}});
  primary->sql("CREATE TABLE t(n int); INSERT INTO t VALUES (1)");
  const auto standby =
      startCluster({.settings = {}, .tcp = false, .standbyOf = primary.get(), .standbyName = "second"});
  CHECK(primary->sql("SELECT application_name FROM pg_stat_replication") == "second");
  CHECK(primary->tcpUrl().find(":" + primary->password() + "@127.0.0.1:") != std::string::npos);
  primary->sql("INSERT INTO t VALUES (2)");
  CHECK(waitUntil([&] { return standby->sql("SELECT count(*) FROM t") == "2"; }));
  CHECK_THROWS(standby->sql("INSERT INTO t VALUES (3)"));
  primary->stop(TemporaryCluster::Stop::immediate);
  standby->promote();
  standby->sql("INSERT INTO t VALUES (3)");
  CHECK(standby->sql("SELECT count(*) FROM t") == "3");
}

}  // namespace onering::testing
