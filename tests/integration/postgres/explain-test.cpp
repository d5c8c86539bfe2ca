// SPEC §9: every index is there for a query that exists, and the query uses it, on a database with something in it.
#include <algorithm>
#include <regex>
#include <set>
#include <sstream>

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include "database.h"
#include "filled-database.h"
#include "statements.h"

namespace onering::testing {

namespace {

constexpr bench::FillSettings kFilled{.users = 100, .drafts = 1'000, .segmentsPerDraft = 10};

const std::string& filledDatabase() {
  static const std::string name = [] {
    bench::fillDatabase(sharedCluster(), "filled", kFilled);
    return std::string("filled");
  }();
  return name;
}

std::set<std::string> linesOf(const std::string& text) {
  std::set<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.insert(line);
  return lines;
}

}  // namespace

TEST_CASE("SPEC 9 every query goes by an index, and by the one that is meant for it", "[postgres][explain]") {
  for (const bench::Asked& asked : bench::everyQuestion()) {
    const std::string name = asked.statement.name;
    std::string question = bench::planSettings();
    question.append("PREPARE ").append(name).append(" AS ").append(asked.statement.sql);
    question.append("; EXPLAIN (FORMAT JSON) EXECUTE ").append(name);
    question.append("(").append(bench::parametersFor(asked, 7, kFilled)).append(")");
    const std::string plan = sharedCluster().sql(question, filledDatabase());
    INFO(name << ": " << plan);
    CHECK_FALSE(plan.contains("\"Seq Scan\""));
    CHECK(plan.contains("\"" + asked.index + "\""));
    for (const std::string& index : asked.others) CHECK(plan.contains("\"" + index + "\""));
  }
}

TEST_CASE("SPEC 9 every statement that reads is among those that are explained", "[postgres][explain]") {
  std::set<std::string> explained;
  for (const bench::Asked& asked : bench::everyQuestion()) explained.insert(asked.statement.name);
  const std::set<std::string> noIndexes{"begin_read",      "ping",       "timeline", "tables_present",
                                        "describe_schema", "end_stalled"};
  for (const auto all : {postgres::allStatements(), postgres::findStatements()}) {
    for (const postgres::Statement* statement : all) {
      if (!std::string(statement->sql).starts_with("SELECT") || noIndexes.contains(statement->name)) continue;
      INFO(statement->name);
      // Writes that answer with a check begin with the row that they look at.
      CHECK((explained.contains(statement->name) || std::string(statement->name) == "check_drafts"));
    }
  }
}

TEST_CASE("S6 what is read of a draft of long texts is about what fits into the answer, not thousands of segments",
          "[postgres][explain]") {
  const std::string database = newDatabase();
  REQUIRE(runOneRing({"db", "migrate", "up", "--store", sharedCluster().url(database)}).exitCode == 0);
  sharedCluster().sql(
      "SET session_replication_role = replica; INSERT INTO segments (draft_id, position, segment_id, seq, epoch, "
      "author, "
      "author_display, authored_at, accepted_at, content, salt, digest) SELECT md5('draft')::uuid, n, "
      "gen_random_uuid(), n + 1, 1, 'ann', 'Ann', now(), now(), repeat('x', 10000), decode(repeat('00', 16), 'hex'), "
      "decode(repeat('00', 32), 'hex') FROM generate_series(0, 999) AS n",
      database);
  const auto read = [&](std::string_view parameters) {
    std::string question = bench::planSettings();
    question.append("PREPARE segments AS ").append(postgres::kReadSegments.sql);
    question.append("; EXPLAIN (ANALYZE, COSTS off, TIMING off) EXECUTE segments(md5('draft')::uuid, ");
    return sharedCluster().sql(question.append(parameters).append(", NULL)"), database);
  };
  const auto mostRows = [](const std::string& plan) {
    static const std::regex kRows("rows=([0-9]+) ");
    std::size_t most = 0;
    for (std::sregex_iterator found(plan.begin(), plan.end(), kRows), end; found != end; ++found) {
      most = std::max(most, static_cast<std::size_t>(std::stoul((*found)[1])));
    }
    return most;
  };
  for (const std::string_view parameters : {"0, 1000, 100000", "500, 2147483647, 1", "990, 2147483647, 1000000"}) {
    const std::string plan = read(parameters);
    INFO(plan);
    CHECK(mostRows(plan) <= 128);
  }
  CHECK(mostRows(read("0, 1000, 100000000")) == 1'000);
  CHECK(mostRows(read("2147483647, 2147483647, 1000")) <= 1);
}

TEST_CASE("I10 of a draft that is not theirs nothing is read for a stranger but what tells whose it is",
          "[postgres][explain]") {
  const auto rowsRead = [&](const postgres::Statement& statement, const std::string& parameters) {
    std::string question = bench::planSettings();
    question.append("PREPARE asked AS ").append(statement.sql);
    question.append("; EXPLAIN (ANALYZE, COSTS off, TIMING off) EXECUTE asked(").append(parameters).append(")");
    const std::string plan = sharedCluster().sql(question, filledDatabase());
    UNSCOPED_INFO(plan);
    static const std::regex kScan("(on|using) (segments|ring_passes|events)[a-z_ ]* \\((actual rows=[1-9])");
    return std::regex_search(plan, kScan);
  };
  const std::string draft = "md5('draft7')::uuid";
  const std::string nobody = "'00000000-0000-0000-0000-000000000000'";
  const auto asked =
      GENERATE_COPY(std::pair(&postgres::kReadSegments, draft + ", 0, 1000, 1000000"),
                    std::pair(&postgres::kReadPasses, draft + ", 0, 1000"),
                    std::pair(&postgres::kEventsByDraft, draft + ", 'epoch', " + nobody + ", " + nobody +
                                                             ", now(), 1000, ARRAY['SegmentAdded', 'DraftCreated']"));
  CHECK(rowsRead(*asked.first, asked.second + ", 'user7'"));
  CHECK(rowsRead(*asked.first, asked.second + ", NULL"));
  CHECK_FALSE(rowsRead(*asked.first, asked.second + ", 'stranger'"));
}

TEST_CASE("SPEC 9 no index is there without a query that goes by it", "[postgres][explain]") {
  std::set<std::string> used;
  for (const bench::Asked& asked : bench::everyQuestion()) {
    used.insert(asked.index);
    used.insert(asked.others.begin(), asked.others.end());
  }
  // Unique by themselves: what they keep out is their use.
  const std::set<std::string> constraints = linesOf(sharedCluster().sql(
      "SELECT conname FROM pg_constraint WHERE contype IN ('p', 'u') AND connamespace = 'public'::regnamespace",
      filledDatabase()));
  for (const std::string& index :
       linesOf(sharedCluster().sql("SELECT indexname FROM pg_indexes WHERE schemaname = 'public'", filledDatabase()))) {
    INFO(index);
    CHECK((used.contains(index) || constraints.contains(index)));
  }
}

TEST_CASE("db find answers an operator's questions by name, and says what it cannot find by", "[postgres][find]") {
  const std::string url = sharedCluster().url(filledDatabase());
  const auto find = [&](const std::string& by, const std::string& value) {
    return runOneRing({"db", "find", "--store", url, "--json", by, value});
  };
  const auto owned = find("owner", "user7");
  INFO(owned.err);
  CHECK(owned.exitCode == 0);
  CHECK(owned.out.contains("\"owner\":\"user7\""));
  CHECK_FALSE(owned.out.contains("\"owner\":\"user8\""));
  CHECK(find("passed-to", "user8").out.contains("\"to_user\":\"user8\""));
  CHECK(find("jobs", "2999-01-01T00:00:00Z").out.contains("expireKeys"));
  CHECK(find("owner", "nobody").out == "[]\n");

  const auto unknown = find("colour", "red");
  CHECK(unknown.exitCode == 2);
  CHECK(unknown.err.contains("protocolError"));
  CHECK(unknown.err.contains("passed-to"));
  const auto noTime = find("jobs", "yesterdayish");
  CHECK(noTime.exitCode == 2);
  CHECK(noTime.err.contains("protocolError"));
}

}  // namespace onering::testing
