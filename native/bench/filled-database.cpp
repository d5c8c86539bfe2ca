#include "filled-database.h"

#include "onering/postgres/migrations.h"

#include "figures.h"

namespace onering::bench {

namespace {

constexpr const char* kSchemaLock = "SET synchronous_commit = off; SET jit = off; ";

constexpr const char* kFill = R"sql(
  INSERT INTO users SELECT 'user' || n, 'User ' || n, now() FROM generate_series(0, USERS - 1) n;

  INSERT INTO drafts (draft_id, seq, link, epoch, segment_count, status, owner, holder, held_since, requests, title,
      platform, hold_limit_ms, created_at, updated_at, deleted_at, content_sha256, written_by)
    SELECT md5('draft' || n)::uuid, 1 + SEGMENTS, sha256(('link' || n)::bytea), 2, SEGMENTS,
      CASE WHEN n % 1000 = 0 THEN 'locked' WHEN n % 20 = 0 THEN 'completed' ELSE 'active' END,
      'user' || n % USERS, 'user' || (n + 1) % USERS, now(), '[]', 'Draft ' || n, '', 0,
      now() - n * interval '1 minute', now() - n * interval '1 minute',
      CASE WHEN n % 1000 = 1 THEN now() - n * interval '1 minute' END, sha256(('text' || n)::bytea),
      pg_current_xact_id()
    FROM generate_series(1, DRAFTS) n;

  INSERT INTO collaborators
    SELECT md5('draft' || n)::uuid, 'user' || (n + k) % USERS, CASE k WHEN 0 THEN 'owner' ELSE 'editor' END, now(),
      CASE WHEN k = 3 THEN now() END
    FROM generate_series(1, DRAFTS) n, generate_series(0, 3) k;

  INSERT INTO ring_passes
    SELECT md5('draft' || n)::uuid, 1, NULL, 'user' || n % USERS, now() - interval '1 day', 'created'
    FROM generate_series(1, DRAFTS) n;
  INSERT INTO ring_passes
    SELECT md5('draft' || n)::uuid, 2, 'user' || n % USERS, 'user' || (n + 1) % USERS, now(), 'passed'
    FROM generate_series(1, DRAFTS) n;

  INSERT INTO invites (draft_id, invite_id, token_sha256, role, created_by, created_at, expires_at)
    SELECT md5('draft' || n)::uuid, md5('invite' || n)::uuid, sha256(('token' || n)::bytea), 'editor',
      'user' || n % USERS, now(), now() + interval '72 hours'
    FROM generate_series(1, DRAFTS, 10) n;

  INSERT INTO ops (draft_id, op_id, actor, judged_at, seq, body, link, display, position)
    SELECT md5('draft' || n)::uuid, md5('op' || n || '.' || k)::uuid, 'user' || n % USERS, now(), k,
      decode(repeat('ab', 160), 'hex'), sha256('link'), 'User', CASE WHEN k > 1 THEN k - 2 END
    FROM generate_series(1, DRAFTS) n, generate_series(1, 1 + SEGMENTS) k;
  INSERT INTO ops (draft_id, op_id, actor, judged_at, digest, code, message)
    SELECT md5('draft' || n)::uuid, md5('rejected' || n)::uuid, 'user1', now() - n * interval '1 minute', sha256('x'),
      'notOwner', ''
    FROM generate_series(1, DRAFTS) n;

  INSERT INTO segments (draft_id, position, segment_id, seq, epoch, author, author_display, authored_at, accepted_at,
      content, salt, digest)
    SELECT md5('draft' || n)::uuid, k, md5('segment' || n || '.' || k)::uuid, k + 2, 1, 'user' || n % USERS, 'User',
      now(), now(), repeat('word ', 20), '\x00112233445566778899aabbccddeeff', sha256('x')
    FROM generate_series(1, DRAFTS) n, generate_series(0, SEGMENTS - 1) k;

  INSERT INTO events (draft_id, event_id, type, user_id, occurred_at)
    SELECT md5('draft' || n)::uuid, md5('op' || n || '.' || k)::uuid, CASE k WHEN 1 THEN 'DraftCreated' ELSE
      'SegmentAdded' END, 'user' || n % USERS, now() - n * interval '1 minute' + k * interval '1 second'
    FROM generate_series(1, DRAFTS) n, generate_series(1, 1 + SEGMENTS) k;

  INSERT INTO idempotency_keys (scope, key, request_sha256, op_id, created_at)
    SELECT 'user' || n % USERS, 'key' || n, sha256('x'), md5('key' || n)::uuid, now() - n * interval '1 minute'
    FROM generate_series(1, DRAFTS) n;

  INSERT INTO jobs (job_id, kind, status, run_at, finished_at)
    SELECT md5('job' || n)::uuid, 'expireKeys', CASE WHEN n % 100 = 0 THEN 'pending' ELSE 'done' END,
      now() - n * interval '1 minute', CASE WHEN n % 100 = 0 THEN NULL ELSE now() END
    FROM generate_series(1, DRAFTS / 10) n;
)sql";

std::string replaced(std::string text, const std::string& name, const std::string& value) {
  for (std::size_t at = 0; (at = text.find(name, at)) != std::string::npos; at += value.size()) {
    text.replace(at, name.size(), value);
  }
  return text;
}

void migrate(const TemporaryCluster& cluster, const std::string& database, int version) {
  if (const auto done = Migrations({.url = cluster.url(database)}).up(version); !done) {
    fail(done.error().code, done.error().message);
  }
}

}  // namespace

void fillDatabase(const TemporaryCluster& cluster, const std::string& database, const FillSettings& settings) {
  constexpr int kBeforeForeignKeys = 1;
  cluster.createDatabase(database);
  migrate(cluster, database, kBeforeForeignKeys);
  std::string sql = replaced(kFill, "USERS", std::to_string(settings.users));
  sql = replaced(std::move(sql), "DRAFTS", std::to_string(settings.drafts));
  sql = replaced(std::move(sql), "SEGMENTS", std::to_string(settings.segmentsPerDraft));
  cluster.sql(kSchemaLock + sql, database);
  migrate(cluster, database, 0);
  cluster.sql("VACUUM ANALYZE", database);
}

std::vector<Asked> everyQuestion() {
  using namespace postgres;
  const std::string draft = "md5('draft{n}')::uuid";
  const std::string drafts = "ARRAY[md5('draft{n}')::uuid]";
  const std::string nobody = "'00000000-0000-0000-0000-000000000000'";
  const std::string window =
      "now() - {n} * interval '1 minute', " + nobody + ", " + nobody + ", now() - ({n} - 5) * interval '1 minute', 100";
  return {
      {kFindDrafts, drafts, "drafts_pkey"},
      {kFindPositions, drafts, "drafts_pkey"},
      {kFindMembers, drafts, "collaborators_joined"},
      {kFindDraftInvites, drafts, "invites_pending"},
      {kFindOps, drafts + ", ARRAY[md5('op{n}.1')::uuid]", "ops_pkey"},
      {kFindSegments, drafts + ", ARRAY[md5('segment{n}.1')::uuid]", "segments_draft_id_segment_id_key"},
      {kReadLinks, draft + ", ARRAY[1, 2]::bigint[]", "ops_draft_id_seq_key"},
      {kReadLog, draft + ", 0, 1000, 100000", "ops_draft_id_seq_key", {"segments_pkey"}},
      {kReadSegments, draft + ", 0, 1000, 100000, 'user{u}'", "segments_pkey"},
      {kReadPasses, draft + ", 0, 1000, 'user{u}'", "ring_passes_pkey"},
      {kListDrafts, "'user{u}', NULL, NULL, 100, 524288", "collaborators_user", {"drafts_pkey"}},
      {kListChanges,
       "'user{u}', now() - interval '1 hour', " + nobody + ", 100",
       "collaborators_user",
       {"drafts_pkey"}},
      {kAllDrafts, draft + ", 100", "drafts_pkey"},
      {kWrittenSince, "pg_current_xact_id(), ARRAY['7']::xid8[]", "drafts_written_by"},
      {kLeftMembers, drafts, "collaborators_pkey"},
      {kEventsByType, "ARRAY['DraftCreated'], " + window, "events_type"},
      {kEventsByUser, "'user{u}', " + window + ", ARRAY['SegmentAdded'], NULL", "events_user"},
      {kEventsByDraft, draft + ", " + window + ", ARRAY['SegmentAdded'], 'user{u}'", "events_pkey"},
      {kForgetRejected, "now() - interval '90 days'", "ops_rejected"},
      {kFindRequest, "'user{u}', 'key{n}'", "idempotency_keys_pkey"},
      {kForgetRequests, "now() - interval '90 days'", "idempotency_keys_age"},
      {kFindByOwner, "'user{u}', 100", "drafts_owner"},
      {kFindByStatus, "'locked', 100", "drafts_status"},
      {kFindByEtag, "'{s}-' || left(encode(sha256('link{n}'), 'hex'), 16), 100", "drafts_etag"},
      {kFindByContent, "encode(sha256('text{n}'), 'hex'), 100", "drafts_content"},
      {kFindDeleted, "now() - interval '1 day', 100", "drafts_deleted"},
      {kFindHistory, draft + ", 100", "ring_passes_order"},
      {kFindPassedBy, "'user{u}', 100", "ring_passes_from"},
      {kFindPassedTo, "'user{u}', 100", "ring_passes_to"},
      {kFindInvites, draft + ", 100", "invites_pending"},
      {kFindKeys, "'user{u}', 100", "idempotency_keys_scope"},
      {kFindJobs, "now() - interval '1 day', 100", "jobs_pending"},
  };
}

std::string parametersFor(const Asked& asked, std::size_t draft, const FillSettings& settings) {
  std::string parameters = replaced(asked.parameters, "{n}", std::to_string(draft));
  parameters = replaced(std::move(parameters), "{s}", std::to_string(1 + settings.segmentsPerDraft));
  return replaced(std::move(parameters), "{u}", std::to_string(draft % settings.users));
}

std::string planSettings() {
  return "SET plan_cache_mode = force_generic_plan; SET jit = off; SET enable_seqscan = off; "
         "SET enable_hashjoin = off; SET enable_mergejoin = off; ";
}

}  // namespace onering::bench
