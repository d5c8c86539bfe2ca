// SPEC §9: every index is there for a query that exists, and the query uses it, on a database with something in it.
#include <catch2/catch_test_macros.hpp>

#include "onering/postgres/migrations.h"

#include "database.h"
#include "statements.h"

namespace onering::testing {

namespace {

// Drafts with ids that tell their number; every user owns some and is a member of others.
void fill(const std::string& database, int users, int drafts, int segments) {
  const std::string u = std::to_string(users);
  const std::string d = std::to_string(drafts);
  const std::string s = std::to_string(segments);
  sharedCluster().sql(
      "INSERT INTO drafts (draft_id, seq, link, epoch, segment_count, status, owner, holder, held_since, requests, "
      "title, "
      "platform, hold_limit_ms, created_at, updated_at, written_by) "
      "SELECT md5('draft' || n)::uuid, 1 + " +
          s + ", sha256('link'), 1, " + s +
          ", CASE WHEN n % 20 = 0 THEN 'completed' ELSE 'active' END, 'user' || n % " + u + ", 'user' || n % " + u +
          ", now(), '[]', 'Draft ' || n, '', 0, now() - n * interval '1 minute', now() - n * interval '1 minute', "
          "pg_current_xact_id() FROM generate_series(1, " +
          d +
          ") n;"
          "INSERT INTO collaborators SELECT md5('draft' || n)::uuid, 'user' || (n + k) % " +
          u +
          ", CASE k WHEN 0 THEN 'owner' ELSE 'editor' END, now(), CASE WHEN k = 3 THEN now() END "
          "FROM generate_series(1, " +
          d +
          ") n, generate_series(0, 3) k;"
          "INSERT INTO ring_passes SELECT md5('draft' || n)::uuid, 1, NULL, 'user' || n % " +
          u + ", now(), 'created' FROM generate_series(1, " + d +
          ") n;"
          "INSERT INTO ops (draft_id, op_id, actor, judged_at, seq, body, link, display, position) "
          "SELECT md5('draft' || n)::uuid, md5('op' || n || '.' || k)::uuid, 'user' || n % " +
          u +
          ", now(), k, '\\x00', sha256('link'), 'User', CASE WHEN k > 1 THEN k - 2 END "
          "FROM generate_series(1, " +
          d + ") n, generate_series(1, 1 + " + s +
          ") k;"
          "INSERT INTO ops (draft_id, op_id, actor, judged_at, digest, code, message) "
          "SELECT md5('draft' || n)::uuid, md5('rejected' || n)::uuid, 'user1', now() - n * interval '1 minute', "
          "sha256('x'), "
          "'notOwner', '' FROM generate_series(1, " +
          d +
          ") n;"
          "INSERT INTO segments (draft_id, position, segment_id, seq, epoch, author, author_display, authored_at, "
          "accepted_at, "
          "content, salt, digest) SELECT md5('draft' || n)::uuid, k, md5('segment' || n || '.' || k)::uuid, k + 2, 1, "
          "'user' || n % " +
          u +
          ", 'User', now(), now(), 'text', '\\x00', sha256('x') "
          "FROM generate_series(1, " +
          d + ") n, generate_series(0, " + s +
          " - 1) k;"
          "INSERT INTO events SELECT md5('draft' || n)::uuid, md5('op' || n || '.' || k)::uuid, 'SegmentAdded', 'user' "
          "|| n % " +
          u + ", NULL, NULL, NULL, now() - k * interval '1 second' FROM generate_series(1, " + d +
          ") n, generate_series(2, 1 + " + s +
          ") k;"
          "INSERT INTO idempotency_keys SELECT 'user' || n % 10, 'key' || n, sha256('x'), md5('key' || n)::uuid, NULL, "
          "NULL, "
          "NULL, "
          "now() - n * interval '1 minute' FROM generate_series(1, " +
          d + ") n",
      database);
  sharedCluster().sql("ANALYZE", database);
}

struct Asked {
  const postgres::Statement& statement;
  std::string parameters;
  std::vector<std::string> indexes;
};

const std::string kDraft = "md5('draft7')::uuid";
const std::string kDrafts = "ARRAY[md5('draft7')::uuid, md5('draft8')::uuid]";
const std::string kWindow =
    "now() - interval '1 hour', '00000000-0000-0000-0000-000000000000', "
    "'00000000-0000-0000-0000-000000000000', now(), 10";

std::vector<Asked> everyRead() {
  using namespace postgres;
  return {
      {kFindDrafts, kDrafts, {"drafts_pkey"}},
      {kFindMembers, kDrafts, {"collaborators_joined"}},
      {kFindOps, kDrafts + ", ARRAY[md5('op7.1')::uuid, md5('op8.1')::uuid]", {"ops_pkey"}},
      {kFindSegments,
       kDrafts + ", ARRAY[md5('segment7.1')::uuid, md5('segment8.1')::uuid]",
       {"segments_draft_id_segment_id_key"}},
      {kReadLinks, kDraft + ", ARRAY[1, 2]::bigint[]", {"ops_draft_id_seq_key"}},
      {kReadLog, kDraft + ", 0, 1000, 100000", {"ops_draft_id_seq_key", "segments_pkey"}},
      {kReadSegments, kDraft + ", 0, 1000, 100000", {"segments_pkey"}},
      {kReadPasses, kDraft + ", 0, 1000", {"ring_passes_pkey"}},
      {kListDrafts, "'user7', NULL, NULL, 100", {"collaborators_user", "drafts_pkey"}},
      {kListChanges,
       "'user7', now() - interval '1 hour', '00000000-0000-0000-0000-000000000000', 100",
       {"collaborators_user", "drafts_pkey"}},
      {kAllDrafts, "'00000000-0000-0000-0000-000000000000', 100", {"drafts_pkey"}},
      {kWrittenSince, "pg_current_xact_id()", {"drafts_written_by"}},
      {kLeftMembers, kDrafts, {"collaborators_pkey"}},
      {kEventsByType, "ARRAY['SegmentAdded'], " + kWindow, {"events_type"}},
      {kEventsByUser, "'user7', " + kWindow + ", ARRAY['SegmentAdded'], NULL", {"events_user"}},
      {kEventsByDraft, kDraft + ", " + kWindow + ", ARRAY['SegmentAdded']", {"events_pkey"}},
      {kForgetRejected, "now() - interval '90 days'", {"ops_rejected"}},
      {kFindRequest, "'user7', 'key7'", {"idempotency_keys_pkey"}},
      {kForgetRequests, "now() - interval '1 day'", {"idempotency_keys_age"}},
  };
}

// As connections are set up (settings.cpp).
constexpr const char* kSettings =
    "SET plan_cache_mode = force_generic_plan; SET enable_seqscan = off; SET enable_hashjoin = off; "
    "SET enable_mergejoin = off; ";

}  // namespace

TEST_CASE("SPEC 9 every read goes by an index, and by the one that is meant for it", "[postgres][explain]") {
  const std::string database = newDatabase();
  REQUIRE(Migrations({.url = sharedCluster().url(database)}).up());
  fill(database, 100, 1'000, 10);
  for (const Asked& asked : everyRead()) {
    const std::string name = asked.statement.name;
    const std::string plan =
        sharedCluster().sql(std::string(kSettings) + "PREPARE " + name + " AS " + asked.statement.sql +
                                "; EXPLAIN (FORMAT JSON) EXECUTE " + name + "(" + asked.parameters + ")",
                            database);
    INFO(name << ": " << plan);
    CHECK_FALSE(plan.contains("\"Seq Scan\""));
    for (const std::string& index : asked.indexes) {
      CHECK(plan.contains("\"" + index + "\""));
    }
  }
}

}  // namespace onering::testing
