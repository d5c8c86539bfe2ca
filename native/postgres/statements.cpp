#include "statements.h"

#include <array>

namespace onering::postgres {

// The columns of a draft's head, in the order of headFrom() (reading.cpp).
#define HEAD(table)                                                                                                 \
  table "draft_id, " table "seq, " table "link, " table "epoch, " table "segment_count, " table "status, " table    \
        "owner, " table "holder, " table "held_since, " table "requests, " table "title, " table "platform, " table \
        "hold_limit_ms, " table "created_at, " table "updated_at, " table "deleted_at"

// The same as parameters, one array a column, in the order of HeadColumns (writing.cpp).
#define HEAD_ARRAYS                                                                                          \
  "$1::uuid[], $2::bigint[], $3::bytea[], $4::bigint[], $5::integer[], $6::text[], $7::text[], $8::text[], " \
  "$9::timestamptz[], $10::text[], $11::text[], $12::text[], $13::bigint[], $14::timestamptz[], "            \
  "$15::timestamptz[], $16::timestamptz[]"

const Statement kBegin{"begin", "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE"};
const Statement kBeginRead{"begin_read", "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"};
const Statement kCommit{"commit", "COMMIT"};
const Statement kRollback{"rollback", "ROLLBACK"};

// --- writing --------------------------------------------------------------------------------------------

const Statement kPutUsers{"put_users",
                          "INSERT INTO users AS known (user_id, display, created_at) "
                          "SELECT user_id, display, at FROM unnest($1::text[], $2::text[], $3::timestamptz[]) "
                          "AS u(user_id, display, at) "
                          "ON CONFLICT (user_id) DO UPDATE SET display = excluded.display "
                          "WHERE known.display <> excluded.display AND known.deleted_at IS NULL"};

const Statement kCreateDrafts{"create_drafts",
                              "INSERT INTO drafts (" HEAD("") ", written_by) "
                              "SELECT draft_id, seq, link, epoch, segment_count, status, owner, holder, held_since, "
                              "requests::jsonb, title, platform, hold_limit_ms, created_at, updated_at, deleted_at, "
                              "pg_current_xact_id() FROM unnest(" HEAD_ARRAYS ") AS u(" HEAD("") ")"};

// Every draft has to be where its batch expects it. One that is not makes the division fail, and with it the whole
// transaction, without another round trip in which it would hold its locks.
const Statement kAdvanceDrafts{
    "advance_drafts",
    "WITH moved AS (UPDATE drafts SET seq = u.seq, link = u.link, epoch = u.epoch, segment_count = u.segment_count, "
    "status = u.status, owner = u.owner, holder = u.holder, held_since = u.held_since, requests = u.requests::jsonb, "
    "title = u.title, platform = u.platform, hold_limit_ms = u.hold_limit_ms, created_at = u.created_at, "
    "updated_at = u.updated_at, deleted_at = u.deleted_at, content_sha256 = NULL, written_by = pg_current_xact_id() "
    "FROM unnest(" HEAD_ARRAYS ", $17::bigint[]) AS u(" HEAD("") ", expected) "
    "WHERE drafts.draft_id = u.draft_id AND drafts.seq = u.expected RETURNING 1) "
    "SELECT 1 / (count(*) = cardinality($1::uuid[]))::integer FROM moved"};

// The same for drafts that were only looked at.
const Statement kCheckDrafts{"check_drafts",
                             "SELECT 1 / (count(*) = 0)::integer FROM drafts "
                             "JOIN unnest($1::uuid[], $2::bigint[]) AS u(draft_id, seq) USING (draft_id) "
                             "WHERE drafts.seq <> u.seq"};

const Statement kInsertAccepted{
    "insert_accepted",
    "INSERT INTO ops (draft_id, op_id, actor, judged_at, seq, body, link, display, position) "
    "SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::timestamptz[], "
    "$5::bigint[], $6::bytea[], $7::bytea[], $8::text[], $9::integer[])"};

const Statement kInsertRejected{"insert_rejected",
                                "INSERT INTO ops (draft_id, op_id, actor, judged_at, digest, code, message) "
                                "SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::timestamptz[], "
                                "$5::bytea[], $6::text[], $7::text[])"};

const Statement kInsertSegments{
    "insert_segments",
    "INSERT INTO segments (draft_id, position, segment_id, seq, epoch, author, author_display, authored_at, "
    "accepted_at, content, salt, digest, deleted_at) "
    "SELECT * FROM unnest($1::uuid[], $2::integer[], $3::uuid[], $4::bigint[], $5::bigint[], $6::text[], $7::text[], "
    "$8::timestamptz[], $9::timestamptz[], $10::text[], $11::bytea[], $12::bytea[], $13::timestamptz[])"};

const Statement kRedactSegments{"redact_segments",
                                "UPDATE segments SET content = NULL, salt = NULL, deleted_at = u.at "
                                "FROM unnest($1::uuid[], $2::uuid[], $3::timestamptz[]) AS u(draft_id, segment_id, at) "
                                "WHERE segments.draft_id = u.draft_id AND segments.segment_id = u.segment_id "
                                "AND segments.deleted_at IS NULL"};

// SPEC H4 for drafts that nobody appends to any more: texts in order, then the title, each behind its length. Behind
// the rows of the same transaction, so that what is hashed is what the batch leaves.
#define LENGTH(text)                                                                \
  "set_byte(set_byte(set_byte(set_byte('\\x00000000'::bytea, 0, octet_length(" text \
  ") & 255), 1, "                                                                   \
  "octet_length(" text ") >> 8 & 255), 2, octet_length(" text ") >> 16 & 255), 3, octet_length(" text ") >> 24 & 255)"

const Statement kHashContents{
    "hash_contents",
    "UPDATE drafts SET content_sha256 = sha256(coalesce(whole.texts, ''::bytea) || " LENGTH("drafts.title") " || "
    "convert_to(drafts.title, 'UTF8')) FROM (SELECT d.draft_id, string_agg(" LENGTH("coalesce(s.content, '')") " || "
    "convert_to(coalesce(s.content, ''), 'UTF8'), '' ORDER BY s.position) FILTER (WHERE s.draft_id IS NOT NULL) "
    "AS texts FROM drafts d LEFT JOIN segments s ON s.draft_id = d.draft_id WHERE d.draft_id = ANY($1::uuid[]) "
    "GROUP BY d.draft_id) AS whole WHERE drafts.draft_id = whole.draft_id"};

const Statement kInsertPasses{"insert_passes",
                              "INSERT INTO ring_passes (draft_id, epoch, from_user, to_user, passed_at, kind) "
                              "SELECT * FROM unnest($1::uuid[], $2::bigint[], $3::text[], $4::text[], "
                              "$5::timestamptz[], $6::text[])"};

const Statement kPutCollaborators{
    "put_collaborators",
    "INSERT INTO collaborators (draft_id, user_id, role, joined_at, deleted_at) "
    "SELECT * FROM unnest($1::uuid[], $2::text[], $3::text[], $4::timestamptz[], $5::timestamptz[]) "
    "ON CONFLICT (draft_id, user_id) DO UPDATE SET role = excluded.role, joined_at = excluded.joined_at, "
    "deleted_at = excluded.deleted_at"};

const Statement kLeaveCollaborators{
    "leave_collaborators",
    "UPDATE collaborators SET deleted_at = u.at "
    "FROM unnest($1::uuid[], $2::text[], $3::timestamptz[]) AS u(draft_id, user_id, at) "
    "WHERE collaborators.draft_id = u.draft_id AND collaborators.user_id = u.user_id"};

const Statement kPutInvites{
    "put_invites",
    "INSERT INTO invites (draft_id, invite_id, token_sha256, role, created_by, for_user, created_at, expires_at, "
    "accepted_by, accepted_at) "
    "SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::bytea[], $4::text[], $5::text[], $6::text[], $7::timestamptz[], "
    "$8::timestamptz[], $9::text[], $10::timestamptz[]) "
    "ON CONFLICT (draft_id, invite_id) DO UPDATE SET token_sha256 = excluded.token_sha256, role = excluded.role, "
    "created_by = excluded.created_by, for_user = excluded.for_user, created_at = excluded.created_at, "
    "expires_at = excluded.expires_at, accepted_by = excluded.accepted_by, accepted_at = excluded.accepted_at, "
    "deleted_at = NULL"};

const Statement kRevokeInvites{
    "revoke_invites",
    "UPDATE invites SET deleted_at = u.at FROM unnest($1::uuid[], $2::uuid[], $3::timestamptz[]) "
    "AS u(draft_id, invite_id, at) WHERE invites.draft_id = u.draft_id AND invites.invite_id = u.invite_id"};

#define EVENT "draft_id, event_id, type, user_id, from_user, to_user, epoch, occurred_at"
#define EVENT_ARRAYS \
  "$1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::text[], $6::text[], $7::bigint[], $8::timestamptz[]"

const Statement kInsertEvents{"insert_events", "INSERT INTO events (" EVENT ") SELECT * FROM unnest(" EVENT_ARRAYS ")"};

const Statement kAppendEvents{"append_events",
                              "INSERT INTO events (" EVENT ") SELECT * FROM unnest(" EVENT_ARRAYS
                              ") ON CONFLICT (draft_id, event_id) DO NOTHING RETURNING draft_id, event_id"};

const Statement kForgetRejected{"forget_rejected", "DELETE FROM ops WHERE seq IS NULL AND judged_at < $1::timestamptz"};

// A key that is over is used for something new.
const Statement kClaimRequest{
    "claim_request",
    "INSERT INTO idempotency_keys AS kept (scope, key, request_sha256, op_id, salt, created_at) "
    "VALUES ($1::text, $2::text, $3::bytea, $4::uuid, $5::bytea, $6::timestamptz) "
    "ON CONFLICT (scope, key) DO UPDATE SET request_sha256 = excluded.request_sha256, op_id = excluded.op_id, "
    "salt = excluded.salt, created_at = excluded.created_at, status = NULL, body = NULL "
    "WHERE kept.created_at < $7::timestamptz RETURNING 1"};

const Statement kCompleteRequest{"complete_request",
                                 "UPDATE idempotency_keys SET status = $4::smallint, body = $5::text, salt = NULL "
                                 "WHERE scope = $1::text AND key = $2::text AND op_id = $3::uuid AND status IS NULL"};

const Statement kForgetRequests{"forget_requests",
                                "WITH gone AS (DELETE FROM idempotency_keys WHERE created_at < $1::timestamptz "
                                "RETURNING 1) SELECT count(*) FROM gone"};

// Of several servers that find a job due, one does it. To the others, and where it is not due, the division fails, and
// with it the transaction that would have done it.
const Statement kTakeJob{
    "take_job",
    "WITH due AS (SELECT job_id FROM jobs WHERE job_id = $1::uuid AND status = 'pending' AND run_at <= now() "
    "FOR UPDATE SKIP LOCKED), taken AS (UPDATE jobs SET run_at = now() + make_interval(secs => $2::bigint), "
    "attempts = attempts + 1, finished_at = now() FROM due WHERE jobs.job_id = due.job_id RETURNING 1) "
    "SELECT 1 / count(*) FROM taken"};

// --- reading --------------------------------------------------------------------------------------------

const Statement kFindDrafts{"find_drafts", "SELECT " HEAD("") " FROM drafts WHERE draft_id = ANY($1::uuid[])"};

const Statement kFindPositions{"find_positions",
                               "SELECT u.n, d.seq, d.link FROM unnest($1::uuid[]) WITH ORDINALITY AS u(draft_id, n) "
                               "JOIN drafts d ON d.draft_id = u.draft_id"};

const Statement kFindMembers{"find_members",
                             "SELECT draft_id, user_id, role, joined_at FROM collaborators "
                             "WHERE draft_id = ANY($1::uuid[]) AND deleted_at IS NULL ORDER BY draft_id, user_id"};

const Statement kFindDraftInvites{
    "find_draft_invites",
    "SELECT draft_id, invite_id, token_sha256, role, created_by, for_user, created_at, expires_at, accepted_by, "
    "accepted_at FROM invites WHERE draft_id = ANY($1::uuid[]) AND deleted_at IS NULL ORDER BY draft_id, invite_id"};

const Statement kFindOps{"find_ops",
                         "SELECT u.n, o.actor, o.seq, o.judged_at, o.body, o.link, o.digest, o.code, o.message "
                         "FROM unnest($1::uuid[], $2::uuid[]) WITH ORDINALITY AS u(draft_id, op_id, n) "
                         "JOIN ops o ON o.draft_id = u.draft_id AND o.op_id = u.op_id"};

const Statement kFindSegments{"find_segments",
                              "SELECT u.n, s.author, s.content IS NULL "
                              "FROM unnest($1::uuid[], $2::uuid[]) WITH ORDINALITY AS u(draft_id, segment_id, n) "
                              "JOIN segments s ON s.draft_id = u.draft_id AND s.segment_id = u.segment_id"};

const Statement kReadLinks{"read_links",
                           "SELECT seq, link FROM ops WHERE draft_id = $1::uuid AND seq = ANY($2::bigint[])"};

// Rows are added up until there are bytes enough; the limits keep the adding up from going on to the draft's end.
const Statement kReadLog{
    "read_log",
    "SELECT seq, body, link, display, content, salt FROM ("
    "SELECT o.seq, o.body, o.link, o.display, s.content, s.salt, "
    "sum(octet_length(o.body) + coalesce(octet_length(s.content), 0)) OVER (ORDER BY o.seq ROWS UNBOUNDED PRECEDING) "
    "AS bytes FROM ops o LEFT JOIN segments s ON s.draft_id = o.draft_id AND s.position = o.position "
    "WHERE o.draft_id = $1::uuid AND o.seq > $2::bigint AND o.seq <= $3::bigint ORDER BY o.seq LIMIT 4096) AS entry "
    "WHERE bytes <= $4::bigint OR seq = $2::bigint + 1 ORDER BY seq"};

// Who asks, where that is a member's right: to anyone else the draft is an empty one, and as little of it is read (SPEC
// I10). NULL: the server itself.
#define FOR_MEMBER(draft, user)                                                                                       \
  "(" user "::text IS NULL OR EXISTS (SELECT FROM collaborators WHERE draft_id = " draft "::uuid AND user_id = " user \
  "::text AND deleted_at IS NULL))"

// How far to read is found out in steps of 128 segments, by their lengths alone: until there are bytes enough, or the
// draft ends. A step more than needed is read, and cut off when it has come; whatever texts are like, that bounds what
// the query reads, which a limit for short ones would not. A limit that is not known when it is planned has the rows
// read in the index's order, too, in place of sorting them.
const Statement kReadSegments{
    "read_segments",
    "WITH RECURSIVE upto(position, bytes, found) AS (SELECT $2::integer::bigint, 0::bigint, 1::bigint "
    "WHERE " FOR_MEMBER("$1", "$5") " UNION ALL "
    "SELECT upto.position + 128, upto.bytes + step.bytes, step.found FROM upto CROSS JOIN LATERAL ("
    "SELECT coalesce(sum(octet_length(s.content)), 0) AS bytes, count(*) AS found FROM segments s "
    "WHERE s.draft_id = $1::uuid AND s.position >= upto.position "
    "AND s.position < least(upto.position + 128, $3::integer)) AS step "
    "WHERE upto.position < least($2::integer::bigint + 16384, $3::integer) AND upto.found > 0 "
    "AND upto.bytes <= $4::bigint) "
    "SELECT position, segment_id, seq, epoch, author, author_display, authored_at, accepted_at, content, salt, digest "
    "FROM segments WHERE draft_id = $1::uuid AND position >= $2::integer AND position < $3::integer "
    "AND " FOR_MEMBER("$1", "$5") " "
    "ORDER BY position LIMIT (SELECT max(upto.position) - $2::integer FROM upto)"};

const Statement kReadPasses{
    "read_passes",
    "SELECT epoch, from_user, to_user, passed_at, kind FROM ring_passes "
    "WHERE draft_id = $1::uuid AND epoch > $2::bigint AND " FOR_MEMBER("$1", "$4") " ORDER BY epoch LIMIT $3::bigint"};

// As many as have `$5` bytes between them, and one more; the last column says how many there are up to `$4`.
const Statement kListDrafts{
    "list_drafts",
    "SELECT " HEAD("") ", listed FROM (SELECT *, count(*) OVER () AS listed, "
    "sum(octet_length(title) + octet_length(requests::text)) OVER (ORDER BY updated_at DESC, draft_id "
    "ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS bytes_before FROM ("
    "SELECT " HEAD("d.") " FROM collaborators m JOIN drafts d ON d.draft_id = m.draft_id "
    "WHERE m.user_id = $1::text AND m.deleted_at IS NULL AND d.deleted_at IS NULL "
    "AND ($2::timestamptz IS NULL OR d.updated_at < $2 OR (d.updated_at = $2 AND d.draft_id > $3::uuid)) "
    "ORDER BY d.updated_at DESC, d.draft_id LIMIT $4::bigint) AS newest) AS page "
    "WHERE coalesce(bytes_before, 0) <= $5::bigint ORDER BY updated_at DESC, draft_id"};

// By membership, which costs what the user has; of one who has many, by what has changed in all drafts, if that is
// less: a draft has changed when a member leaves it, too.
#define CHANGED                                                                                                     \
  "SELECT d.draft_id, coalesce(m.deleted_at, d.updated_at) AS at, m.deleted_at IS NOT NULL AS gone, d.seq, d.link " \
  "FROM "
#define RECENT(which, time)                                                                                  \
  "(SELECT draft_id, updated_at, seq, link FROM drafts WHERE (SELECT yes FROM many) AND " which " AND " time \
  " >= $2::timestamptz ORDER BY " time " LIMIT 1001)"
#define RECENT_AS(status) RECENT("status = '" status "' AND deleted_at IS NULL", "updated_at")
const Statement kListChanges{
    "list_changes",
    "WITH many AS (SELECT count(*) > 500 AS yes FROM "
    "(SELECT FROM collaborators WHERE user_id = $1::text LIMIT 501) AS m), "
    "recent AS MATERIALIZED (" RECENT_AS("active") " UNION ALL " RECENT_AS("locked") " UNION ALL " RECENT_AS(
        "completed") " UNION ALL " RECENT("deleted_at IS NOT NULL", "deleted_at") "), "
    "few AS (SELECT yes AND (SELECT count(*) FROM recent) <= 1000 AS yes FROM many) "
    "SELECT draft_id, at, gone, seq, link FROM (" CHANGED
    "recent d JOIN collaborators m ON m.draft_id = d.draft_id AND m.user_id = $1 WHERE (SELECT yes FROM few) "
    "UNION ALL " CHANGED
    "drafts d JOIN collaborators m ON m.draft_id = d.draft_id AND m.user_id = $1 WHERE NOT (SELECT yes FROM few)"
    ") AS changed WHERE at >= $2 AND (at > $2 OR draft_id > $3::uuid) ORDER BY at, draft_id LIMIT $4::bigint"};
#undef RECENT_AS
#undef RECENT
#undef CHANGED

const Statement kAllDrafts{"all_drafts",
                           "SELECT draft_id FROM drafts WHERE draft_id > $1::uuid ORDER BY draft_id LIMIT $2::bigint"};

// Behind (after, id, draft), in order; the first parameter is what the index goes by.
#define EVENTS_BEHIND                                                                                \
  "occurred_at >= $2::timestamptz AND (occurred_at, event_id, draft_id) > ($2, $3::uuid, $4::uuid) " \
  "AND occurred_at < $5::timestamptz "
#define EVENTS_IN_ORDER "ORDER BY occurred_at, event_id, draft_id LIMIT $6::bigint"

const Statement kEventsByType{
    "events_by_type",
    "SELECT " EVENT " FROM unnest($1::text[]) AS wanted(name) CROSS JOIN LATERAL (SELECT " EVENT
    " FROM events WHERE type = name AND " EVENTS_BEHIND EVENTS_IN_ORDER ") AS event " EVENTS_IN_ORDER};

const Statement kEventsByUser{"events_by_user",
                              "SELECT " EVENT " FROM events WHERE user_id = $1::text AND " EVENTS_BEHIND
                              "AND type = ANY($7::text[]) AND ($8::uuid IS NULL OR draft_id = $8) " EVENTS_IN_ORDER};

const Statement kEventsByDraft{"events_by_draft",
                               "SELECT " EVENT " FROM events WHERE draft_id = $1::uuid AND " EVENTS_BEHIND
                               "AND type = ANY($7::text[]) AND " FOR_MEMBER("$1", "$8") " " EVENTS_IN_ORDER};

const Statement kFindRequest{"find_request",
                             "SELECT request_sha256, op_id, salt, created_at, status, body FROM idempotency_keys "
                             "WHERE scope = $1::text AND key = $2::text"};

// What transactions from `$1` on have written, and those of `$2`; and which are over by now. Of all that one
// transaction has written either everything is told or nothing: where there is more, one goes on behind the last. Each
// half goes by the index, in its order, no further than what is told.
#define WRITTEN "SELECT written_by, draft_id, seq, link FROM drafts WHERE written_by "
#define WRITTEN_FIRST "ORDER BY written_by FETCH FIRST 1024 ROWS WITH TIES"
static_assert(kWrittenSinceRows == 1024);

const Statement kWrittenSince{
    "written_since",
    "SELECT pg_current_snapshot()::text, d.written_by, d.draft_id, d.seq, d.link FROM (VALUES (1)) AS one LEFT JOIN ("
    "(" WRITTEN "= ANY($2::xid8[]) " WRITTEN_FIRST ") UNION ALL (" WRITTEN ">= $1::xid8 " WRITTEN_FIRST
    ") " WRITTEN_FIRST ") AS d ON true ORDER BY d.written_by"};

const Statement kLeftMembers{"left_members",
                             "SELECT draft_id, user_id FROM collaborators "
                             "WHERE draft_id = ANY($1::uuid[]) AND deleted_at IS NOT NULL "
                             "ORDER BY draft_id, user_id"};

const Statement kPing{"ping", "SELECT 1"};

// How often a standby has been promoted before this one writes; 0: it does not.
const Statement kTimeline{"timeline",
                          "SELECT CASE WHEN pg_is_in_recovery() THEN 0 ELSE "
                          "('x' || left(pg_walfile_name(pg_current_wal_lsn()), 8))::bit(32)::bigint END"};

// A process that stands still in the middle of sending a transaction keeps its locks for as long as it stands: to the
// database it is neither idle nor at work. Whoever waited for such a lock in vain ends it; what it has written so far
// is taken back, and when it goes on it finds out. Only sessions of the same user, so no privilege is needed.
const Statement kEndStalled{
    "end_stalled",
    "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = current_database() "
    "AND usename = current_user AND pid <> pg_backend_pid() AND backend_xid IS NOT NULL "
    "AND wait_event_type = 'Client' AND state_change < clock_timestamp() - make_interval(secs => $1::bigint / 1000.0)"};

const Statement kTablesPresent{
    "tables_present",
    "SELECT count(*) = 12 FROM pg_catalog.pg_class WHERE relkind IN ('r', 'p') "
    "AND pg_catalog.pg_table_is_visible(oid) AND relname IN ('users', 'drafts', 'segments', "
    "'collaborators', 'ring_passes', 'invites', 'ops', 'idempotency_keys', 'events', 'jobs', "
    "'erasures', 'schema_migrations')"};

// --- what operators ask ---------------------------------------------------------------------------------

#define DRAFT_LINE "draft_id, title, owner, holder, status, segment_count, etag, created_at, updated_at"
#define PASS_LINE "draft_id, epoch, from_user, to_user, passed_at, kind"

const Statement kFindByOwner{"find_by_owner", "SELECT " DRAFT_LINE
                                              " FROM drafts WHERE owner = $1::text AND deleted_at IS NULL "
                                              "ORDER BY created_at, draft_id LIMIT $2::bigint"};
const Statement kFindByStatus{"find_by_status", "SELECT " DRAFT_LINE
                                                " FROM drafts WHERE status = $1::text AND deleted_at IS NULL "
                                                "ORDER BY updated_at DESC, draft_id LIMIT $2::bigint"};
const Statement kFindByEtag{
    "find_by_etag", "SELECT " DRAFT_LINE " FROM drafts WHERE etag = $1::text ORDER BY draft_id LIMIT $2::bigint"};
const Statement kFindByContent{"find_by_content", "SELECT " DRAFT_LINE
                                                  " FROM drafts WHERE content_sha256 = decode($1::text, 'hex') "
                                                  "ORDER BY draft_id LIMIT $2::bigint"};
const Statement kFindDeleted{"find_deleted", "SELECT " DRAFT_LINE
                                             ", deleted_at FROM drafts WHERE deleted_at < $1::timestamptz "
                                             "ORDER BY deleted_at, draft_id LIMIT $2::bigint"};
const Statement kFindHistory{"find_history", "SELECT " PASS_LINE
                                             " FROM ring_passes WHERE draft_id = $1::uuid "
                                             "ORDER BY passed_at, epoch LIMIT $2::bigint"};
const Statement kFindPassedBy{"find_passed_by", "SELECT " PASS_LINE
                                                " FROM ring_passes WHERE from_user = $1::text "
                                                "ORDER BY passed_at, draft_id, epoch LIMIT $2::bigint"};
const Statement kFindPassedTo{"find_passed_to", "SELECT " PASS_LINE
                                                " FROM ring_passes WHERE to_user = $1::text "
                                                "ORDER BY passed_at, draft_id, epoch LIMIT $2::bigint"};
const Statement kFindInvites{
    "find_invites",
    "SELECT invite_id, role, created_by, for_user, created_at, expires_at, accepted_by, accepted_at FROM invites "
    "WHERE draft_id = $1::uuid AND deleted_at IS NULL ORDER BY created_at, invite_id LIMIT $2::bigint"};
const Statement kFindKeys{"find_keys",
                          "SELECT key, op_id, status, created_at FROM idempotency_keys WHERE scope = $1::text "
                          "ORDER BY created_at DESC, key LIMIT $2::bigint"};
const Statement kFindJobs{"find_jobs",
                          "SELECT job_id, kind, run_at, attempts FROM jobs WHERE status = 'pending' "
                          "AND run_at <= $1::timestamptz ORDER BY run_at, job_id LIMIT $2::bigint"};

std::span<const Statement* const> findStatements() {
  static constexpr std::array kAll{&kFindByOwner, &kFindByStatus, &kFindByEtag,   &kFindByContent,
                                   &kFindDeleted, &kFindHistory,  &kFindPassedBy, &kFindPassedTo,
                                   &kFindInvites, &kFindKeys,     &kFindJobs};
  return kAll;
}

// One line for every column, constraint and index of our tables, as PostgreSQL writes them down.
const Statement kDescribeSchema{
    "describe_schema",
    "WITH ours AS (SELECT oid, relname FROM pg_catalog.pg_class WHERE relkind IN ('r', 'p') "
    "AND pg_catalog.pg_table_is_visible(oid) AND relname IN ('users', 'drafts', 'segments', 'collaborators', "
    "'ring_passes', 'invites', 'ops', 'idempotency_keys', 'events', 'jobs', 'erasures', 'schema_migrations')) "
    "SELECT relname || '.' || attname || ' ' || format_type(atttypid, atttypmod) || "
    "CASE WHEN attnotnull THEN ' not null' ELSE '' END "
    "FROM ours JOIN pg_catalog.pg_attribute ON attrelid = ours.oid AND attnum > 0 AND NOT attisdropped "
    "UNION ALL SELECT relname || ' ' || conname || ' ' || pg_get_constraintdef(c.oid) || "
    "CASE WHEN convalidated THEN '' ELSE ' (not valid)' END "
    "FROM ours JOIN pg_catalog.pg_constraint c ON conrelid = ours.oid WHERE contype <> 't' "
    "UNION ALL SELECT relname || ' ' || "
    "regexp_replace(pg_get_indexdef(indexrelid), ' ON (ONLY )?([^ ]+[.])?([^ ]+) USING', ' ON \\3 USING') || "
    "CASE WHEN indisvalid THEN '' ELSE ' (not valid)' END "
    "FROM ours JOIN pg_catalog.pg_index ON indrelid = ours.oid "
    "ORDER BY 1"};

std::span<const Statement* const> allStatements() {
  static constexpr std::array kAll{
      &kBegin,          &kBeginRead,    &kCommit,         &kRollback,         &kPutUsers,           &kCreateDrafts,
      &kAdvanceDrafts,  &kCheckDrafts,  &kInsertAccepted, &kInsertRejected,   &kInsertSegments,     &kRedactSegments,
      &kHashContents,   &kInsertPasses, &kFindPositions,  &kPutCollaborators, &kLeaveCollaborators, &kPutInvites,
      &kRevokeInvites,  &kInsertEvents, &kAppendEvents,   &kForgetRejected,   &kClaimRequest,       &kCompleteRequest,
      &kForgetRequests, &kTakeJob,      &kFindDrafts,     &kFindMembers,      &kFindDraftInvites,   &kFindOps,
      &kFindSegments,   &kReadLinks,    &kReadLog,        &kReadSegments,     &kReadPasses,         &kListDrafts,
      &kListChanges,    &kAllDrafts,    &kEventsByType,   &kEventsByUser,     &kEventsByDraft,      &kFindRequest,
      &kWrittenSince,   &kLeftMembers,  &kPing,           &kTimeline,         &kEndStalled,         &kTablesPresent,
      &kDescribeSchema};
  return kAll;
}

}  // namespace onering::postgres
