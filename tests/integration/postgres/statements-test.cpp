// The lint of SPEC §9: schema and statements can be spread over nodes by draft as they stand; and §14: no value is ever
// part of a statement.
#include "statements.h"

#include <algorithm>
#include <regex>
#include <set>
#include <string>
#include <vector>

#include <catch2/catch_test_macros.hpp>

#include "database.h"

namespace onering::testing {

namespace {

const std::set<std::string> kOfDrafts{"drafts", "ops", "segments", "collaborators", "ring_passes", "invites", "events"};

// The server asks these about many drafts at once, by design: by user, by age, by what changed.
const std::set<std::string> kAcrossDrafts{"forget_rejected", "list_drafts",    "list_changes",  "all_drafts",
                                          "written_since",   "events_by_type", "events_by_user"};

std::vector<const postgres::Statement*> everyStatement() {
  std::vector<const postgres::Statement*> all(postgres::allStatements().begin(), postgres::allStatements().end());
  all.insert(all.end(), postgres::findStatements().begin(), postgres::findStatements().end());
  return all;
}

bool names(const std::string& sql, const std::string& word) {
  return std::regex_search(sql, std::regex("\\b" + word + "\\b"));
}

}  // namespace

TEST_CASE("SPEC 9 statements on a draft's data go by draft_id, without what ties nodes together", "[postgres][lint]") {
  for (const postgres::Statement* statement : everyStatement()) {
    const std::string sql = statement->sql;
    INFO(statement->name << ": " << sql);
    for (const char* word : {"nextval", "LISTEN", "NOTIFY", "pg_notify", "pg_advisory", "LOCK TABLE"}) {
      CHECK_FALSE(sql.contains(word));
    }
    // Jobs are of no draft, and taken that way (SPEC §15).
    CHECK((!sql.contains("FOR UPDATE") || std::string(statement->name) == "take_job"));
    const bool isOfDrafts = std::ranges::any_of(kOfDrafts, [&](const std::string& table) {
      return std::regex_search(sql, std::regex("(FROM|JOIN|INTO|UPDATE) " + table + "\\b"));
    });
    if (isOfDrafts && !kAcrossDrafts.contains(statement->name)) {
      CHECK(names(sql, "draft_id"));
    }
  }
}

TEST_CASE("SPEC 14 statements hold no values: numbers and words of users come as parameters", "[postgres][lint]") {
  for (const postgres::Statement* statement : everyStatement()) {
    const std::string sql = statement->sql;
    INFO(statement->name);
    CHECK_FALSE(sql.contains(';'));
    CHECK_FALSE(sql.contains("--"));
    if (std::string(statement->name).starts_with("insert") || std::string(statement->name).starts_with("create")) {
      CHECK(sql.contains("$1"));
    }
  }
}

TEST_CASE("SPEC 9 draft_id leads every primary, unique and foreign key of what belongs to a draft",
          "[postgres][lint]") {
  const std::string database = newDatabase();
  REQUIRE(runOneRing({"db", "migrate", "up", "--store", sharedCluster().url(database)}).exitCode == 0);
  const std::string keys = sharedCluster().sql(
      "SELECT t.relname, c.conname, a.attname FROM pg_constraint c JOIN pg_class t ON t.oid = c.conrelid "
      "JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = c.conkey[1] "
      "WHERE c.contype IN ('p', 'u', 'f') AND t.relnamespace = 'public'::regnamespace",
      database);
  std::istringstream lines(keys);
  std::size_t count = 0;
  for (std::string line; std::getline(lines, line);) {
    if (kOfDrafts.contains(line.substr(0, line.find('|')))) {
      INFO(line);
      CHECK(line.ends_with("|draft_id"));
      ++count;
    }
  }
  CHECK(count == 13);
  // Unique without being a constraint would tie nodes together just as well.
  const std::string unique = sharedCluster().sql(
      "SELECT t.relname || '|' || a.attname FROM pg_index i JOIN pg_class t ON t.oid = i.indrelid "
      "JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = i.indkey[0] "
      "WHERE i.indisunique AND t.relnamespace = 'public'::regnamespace",
      database);
  std::istringstream indexes(unique);
  for (std::string line; std::getline(indexes, line);) {
    INFO(line);
    CHECK((!kOfDrafts.contains(line.substr(0, line.find('|'))) || line.ends_with("|draft_id")));
  }
  // Every table with a draft's data is known to this lint, and no key leads out of a draft.
  std::istringstream tables(
      sharedCluster().sql("SELECT DISTINCT table_name FROM information_schema.columns WHERE column_name = 'draft_id' "
                          "AND table_schema = 'public'",
                          database));
  for (std::string table; std::getline(tables, table);) {
    INFO(table);
    CHECK(kOfDrafts.contains(table));
  }
  CHECK(sharedCluster().sql(
            "SELECT count(*) FROM pg_constraint WHERE contype = 'f' AND confrelid <> 'drafts'::regclass", database) ==
        "0");
  CHECK(sharedCluster().sql("SELECT count(*) FROM pg_class WHERE relkind = 'S'", database) == "0");
  CHECK(sharedCluster().sql("SELECT count(*) FROM pg_trigger WHERE NOT tgisinternal", database) == "0");
}

}  // namespace onering::testing
