// That each benchmark runs, says what it should, and leaves nothing behind. How fast it was is not asked here.
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <string>
#include <vector>

#include <boost/json.hpp>
#include <catch2/catch_test_macros.hpp>

#include "onering/cluster/temporary-cluster.h"
#include "onering/process/child.h"

#include "postgres-limits.h"
#include "serve-process.h"

namespace onering::testing {

namespace {

namespace json = boost::json;

process::Ended runBench(std::vector<std::string> arguments, const TemporaryFolder& folder) {
  arguments.insert(arguments.begin(), "bench");
  arguments.emplace_back("--json");
  return process::run({.program = ONERING_BINARY,
                       .arguments = std::move(arguments),
                       .user = {},
                       .folder = {},
                       .log = folder / "stderr",
                       .input = {},
                       .environment = {"TMPDIR=" + folder.path().string()}});
}

// The figures of a run that must have worked.
json::object figuresOf(std::vector<std::string> arguments) {
  const TemporaryFolder folder;
  // PostgreSQL, which may run as another user, works in there.
  std::filesystem::permissions(folder.path(), std::filesystem::perms(0755));
  const auto ended = runBench(std::move(arguments), folder);
  std::ifstream said(folder / "stderr");
  INFO(ended.out << std::string(std::istreambuf_iterator<char>(said), {}));
  REQUIRE(ended.exitCode == 0);
  std::filesystem::remove(folder / "stderr");
  CHECK(std::filesystem::is_empty(folder.path()));
  return json::parse(ended.out).as_object();
}

double number(const json::object& figures, const char* name) {
  INFO(json::serialize(figures));
  REQUIRE(figures.contains(name));
  return figures.at(name).to_number<double>();
}

}  // namespace

TEST_CASE("bench append counts what was acknowledged and finds all of it, also after kill -9", "[bench]") {
  const std::vector<std::string> few{"append", "--clients", "4",  "--drafts",  "8",  "--window",
                                     "8",      "--bytes",   "50", "--seconds", "0.3"};
  const auto with = [&](std::vector<std::string> more) {
    more.insert(more.begin(), few.begin(), few.end());
    return figuresOf(std::move(more));
  };
  for (const json::object& figures : {with({"--store", "memory"}), with({"--kill9"})}) {
    CHECK(number(figures, "opsPerSecond") > 0);
    CHECK(number(figures, "p50Ms") > 0);
    CHECK(number(figures, "p99Ms") >= number(figures, "p50Ms"));
    CHECK(figures.contains("serverCpuSeconds"));
    CHECK(number(figures, "acknowledgedChecked") > 0);
    CHECK(number(figures, "missing") == 0);
    CHECK(number(figures, "repeated") == 0);
    CHECK(number(figures, "divergentDrafts") == 0);
    CHECK(figures.at("durable").as_bool());
  }
}

TEST_CASE("bench reconnect tells what coming back took, cost and moved", "[bench]") {
  const json::object figures =
      figuresOf({"reconnect", "--drafts", "50", "--changed", "2", "--rounds", "3", "--age", "0"});
  CHECK(number(figures, "p50Ms") > 0);
  CHECK(number(figures, "bytesOnTheWire") > 0);
  CHECK(figures.contains("serverCpuMs"));
}

TEST_CASE("bench long compares a long draft with an empty one", "[bench]") {
  const json::object figures = figuresOf({"long", "--segments", "500", "--rounds", "1", "--seconds", "0.2"});
  CHECK(number(figures, "segments") >= 500);
  CHECK(number(figures, "longPerSecond") > 0);
  CHECK(number(figures, "emptyPerSecond") > 0);
  CHECK(figures.contains("cpuRatio"));
}

TEST_CASE("bench latency --two-servers needs a database that two can share", "[bench][postgres]") {
  const TemporaryFolder folder;
  CHECK(runBench({"latency", "--two-servers", "--seconds", "0.3"}, folder).exitCode == 4);
  const json::object figures = figuresOf({"latency", "--store", "postgres", "--two-servers", "--seconds", "0.3"});
  CHECK(number(figures, "servers") == 2);
  CHECK(number(figures, "p50Ms") > 0);
}

TEST_CASE("bench append puts load on a server that is there", "[bench]") {
  ServeProcess server({"--dev-auth", "--store", "memory", "--listen", "127.0.0.1:0"});
  const json::object figures = figuresOf(
      {"append", "--server", server.url(), "--clients", "2", "--drafts", "2", "--window", "4", "--seconds", "0.2"});
  CHECK(number(figures, "acknowledgedChecked") > 0);
  CHECK(figures.at("durable").as_bool());
  CHECK_FALSE(figures.contains("serverCpuSeconds"));
}

TEST_CASE("bench latency, fanout, catchup, idle and load tell what they are for", "[bench]") {
  CHECK(number(figuresOf({"latency", "--seconds", "0.3", "--every-ms", "5", "--busy-clients", "2"}), "propagated") > 0);

  const json::object fanOut = figuresOf({"fanout", "--readers", "10", "--seconds", "0.3", "--rate", "100"});
  CHECK(number(fanOut, "deliveriesPerSecond") > 0);
  CHECK(number(fanOut, "readersToldToCatchUp") == 0);

  const json::object catchUp = figuresOf({"catchup", "--segments", "600", "--rounds", "2"});
  CHECK(number(catchUp, "segments") >= 600);
  CHECK(number(catchUp, "coldMs") > 0);
  CHECK(number(catchUp, "warmMs") > 0);
  CHECK(number(catchUp, "bytesOnTheWire") > 600 * 100);

  CHECK(number(figuresOf({"idle", "--clients", "100", "--seconds", "0.2", "--store", "memory"}), "bytesPerClient") > 0);

  const json::object load = figuresOf({"load", "--users", "20", "--think-seconds", "0.02", "--seconds", "0.5"});
  CHECK(number(load, "actions") > 0);
  CHECK(number(load, "errors") == 0);
  for (const char* action : {"open", "read", "append", "pass", "list"}) {
    CHECK(load.at("byAction").as_object().contains(action));
  }
}

TEST_CASE("bench append over PostgreSQL finds all of it after kill -9, and tells PostgreSQL's own limits", "[bench]") {
  const json::object figures = figuresOf({"append", "--store", "postgres", "--clients", "4", "--drafts", "4",
                                          "--window", "8", "--seconds", "0.3", "--kill9"});
  CHECK(number(figures, "acknowledgedChecked") > 0);
  CHECK(figures.at("durable").as_bool());
  CHECK(figures.at("database").at("fsync") == "on");
  CHECK(figures.at("database").at("synchronousCommit") == "on");
  CHECK(number(figures, "databaseCpuSeconds") <= number(figures, "serverCpuSeconds"));
  const json::object& limits = figures.at("limits").as_object();
  for (const char* name : {"oneOp", "batch100", "copy"}) {
    CHECK(number(limits, name) > 0);
  }
}

TEST_CASE("bench read reads a draft over HTTP without an error", "[bench]") {
  const json::object figures =
      figuresOf({"read", "--connections", "4", "--segments", "20", "--bytes", "50", "--seconds", "0.3"});
  CHECK(number(figures, "readsPerSecond") > 0);
  CHECK(number(figures, "failed") == 0);
  CHECK(number(figures, "bytesPerAnswer") > 20 * 50);
}

TEST_CASE("bench queries asks every query of a filled database, with its index and without", "[bench]") {
  const json::object figures =
      figuresOf({"queries", "--users", "50", "--drafts", "500", "--segments", "2000", "--times", "3"});
  CHECK(number(figures, "segments") == 2'000);
  CHECK(number(figures, "indexHitPercent") > 0);
  const json::object& queries = figures.at("queries").as_object();
  CHECK(queries.size() >= 30);
  for (const auto& [name, query] : queries) {
    INFO(std::string_view(name));
    CHECK(query.at("ms").to_number<double>() > 0);
    CHECK(query.at("withoutIndexMs").to_number<double>() > 0);
  }
}

TEST_CASE("PostgreSQL's own limits are measured by the rows of an append", "[bench]") {
  const auto cluster = TemporaryCluster::start();
  REQUIRE(cluster);
  const bench::Figures limits = bench::postgresLimits(**cluster, 100, 1);
  for (const char* name : {"oneOp", "oneStatement", "batch100", "copy"}) {
    CHECK(number(limits, name) > 0);
    CHECK(number(limits, (std::string(name) + "PerCpuSecond").c_str()) > 0);
  }
  // Every op has its key, its segment and its event, and the drafts' heads count them.
  CHECK((*cluster)->sql("SELECT sum(head) = (SELECT count(*) FROM ops) AND sum(head) = (SELECT count(*) FROM events) "
                        "AND sum(segment_count) + 300000 = (SELECT count(*) FROM segments) FROM drafts",
                        "limits") == "t");
}

TEST_CASE("bench says what it cannot do, and why, by its exit code", "[bench]") {
  const TemporaryFolder folder;
  CHECK(runBench({"append", "--clients", "2", "--drafts", "1"}, folder).exitCode == 2);
  CHECK(runBench({"append", "--kill9", "--store", "memory", "--seconds", "0.1"}, folder).exitCode == 2);
  CHECK(runBench({"append", "--window", "0"}, folder).exitCode == 2);
  CHECK(runBench({"idle", "--server", "ws://127.0.0.1:1", "--clients", "1"}, folder).exitCode == 3);
}

}  // namespace onering::testing
