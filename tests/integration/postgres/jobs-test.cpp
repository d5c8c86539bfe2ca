// SPEC §15: periodic work is in a table, and whichever server comes first does it for all.
#include <thread>

#include <catch2/catch_test_macros.hpp>

#include "database.h"

namespace onering::testing {

namespace {

constexpr const char* kOld =
    "INSERT INTO idempotency_keys (scope, key, request_sha256, op_id, created_at) VALUES "
    "('ann', 'old', sha256('x'), gen_random_uuid(), now() - interval '25 hours'), "
    "('ann', 'new', sha256('x'), gen_random_uuid(), now() - interval '23 hours') ON CONFLICT DO NOTHING; "
    "INSERT INTO ops (draft_id, op_id, actor, judged_at, digest, code, message) VALUES "
    "(gen_random_uuid(), gen_random_uuid(), 'ann', now() - interval '91 days', sha256('x'), 'notOwner', 'old'), "
    "(gen_random_uuid(), gen_random_uuid(), 'ann', now() - interval '89 days', sha256('x'), 'notOwner', 'new')";

// "old keys, old rejections"
std::string left(const std::string& database) {
  return sharedCluster().sql(
      "SELECT (SELECT string_agg(key, ' ' ORDER BY key) FROM idempotency_keys), "
      "(SELECT string_agg(DISTINCT message, ' ') FROM ops)",
      database);
}

// Long enough for a server that has just started to have looked for work.
std::string leftSoon(const std::string& database, const std::string& expected) {
  for (int i = 0; i < 30 && left(database) != expected; ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
  return left(database);
}

}  // namespace

TEST_CASE("SPEC 15 of several servers one forgets keys and rejections, and the others leave it until it is due again",
          "[postgres][jobs]") {
  const std::string database = newDatabase();
  const std::string url = sharedCluster().url(database);
  REQUIRE(runOneRing({"db", "migrate", "up", "--store", url}).exitCode == 0);
  sharedCluster().sql(kOld, database);
  const auto one = serveOver(url);
  CHECK(leftSoon(database, "new|new") == "new|new");
  CHECK(sharedCluster().sql("SELECT kind, attempts, run_at > now() + interval '45 minutes', finished_at IS NOT NULL "
                            "FROM jobs ORDER BY kind",
                            database) == "expireKeys|1|t|t\nforgetRejections|1|t|t");

  sharedCluster().sql(kOld, database);
  const auto other = serveOver(url);
  std::this_thread::sleep_for(std::chrono::seconds(3));
  CHECK(left(database) == "new old|new old");

  // Due again: whoever comes next does it.
  sharedCluster().sql("UPDATE jobs SET run_at = 'epoch'", database);
  const auto due = serveOver(url);
  CHECK(leftSoon(database, "new|new") == "new|new");
  CHECK(sharedCluster().sql("SELECT string_agg(attempts::text, ' ') FROM jobs", database) == "2 2");
}

}  // namespace onering::testing
