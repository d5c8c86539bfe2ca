#include "postgres-limits.h"

#include <algorithm>
#include <cmath>
#include <fstream>
#include <vector>

#include "figures.h"

namespace onering::bench {

namespace {

constexpr const char* kDatabase = "limits";
constexpr int kDraftsPerConnection = 4;
constexpr int kCopyRows = 300'000;

// The columns and indexes that an append touches (SPEC §9), without the foreign keys, so that it is a limit.
// Ids grow with time, as UUIDv7 do. Each connection appends
// to drafts of its own: what is looked for is the limit, not how locks are waited for.
constexpr const char* kSchema = R"sql(
  CREATE SEQUENCE ids;
  CREATE FUNCTION next_id() RETURNS uuid LANGUAGE sql AS
    $$ SELECT ('00000000-0000-7000-8000-' || lpad(to_hex(nextval('ids')), 12, '0'))::uuid $$;
  CREATE FUNCTION draft_of(connection int, n int) RETURNS uuid LANGUAGE sql IMMUTABLE AS
    $$ SELECT ('00000000-0000-7000-9000-' || lpad(to_hex(connection * 4 + n), 12, '0'))::uuid $$;
  CREATE TABLE drafts(
    draft_id uuid PRIMARY KEY, status smallint NOT NULL, holder text NOT NULL, epoch bigint NOT NULL,
    head bigint NOT NULL, link bytea NOT NULL, segment_count int NOT NULL, updated_at timestamptz NOT NULL
  ) WITH (fillfactor = 50);
  CREATE TABLE ops(
    draft_id uuid NOT NULL, op_id uuid NOT NULL, seq bigint NOT NULL, actor text NOT NULL,
    body bytea NOT NULL, link bytea NOT NULL, accepted_at timestamptz NOT NULL, PRIMARY KEY (draft_id, op_id));
  CREATE TABLE segments(
    draft_id uuid NOT NULL, position int NOT NULL, segment_id uuid NOT NULL, author text NOT NULL,
    display text NOT NULL, epoch bigint NOT NULL, content text NOT NULL, salt bytea NOT NULL, seq bigint NOT NULL,
    accepted_at timestamptz NOT NULL, PRIMARY KEY (draft_id, position), UNIQUE (draft_id, segment_id));
  CREATE TABLE events(
    draft_id uuid NOT NULL, id uuid NOT NULL, type smallint NOT NULL, user_id text NOT NULL,
    occurred_at timestamptz NOT NULL, PRIMARY KEY (draft_id, id));
  CREATE INDEX ON events(type, occurred_at);
  CREATE INDEX ON events(user_id, occurred_at);
  INSERT INTO drafts SELECT draft_of(c, n), 0, 'writer', 1, 0, '\x00', 0, now()
    FROM generate_series(0, 63) c, generate_series(0, 3) n;
)sql";

constexpr const char* kOneOp = R"sql(
  \set n random(0, 3)
  BEGIN;
  SELECT draft_id AS draft, next_id() AS id, head + 1 AS seq, segment_count AS position, holder, epoch, status
    FROM drafts WHERE draft_id = draft_of(:client_id, :n) FOR UPDATE \gset
  INSERT INTO ops VALUES (:draft, :id, :seq, 'writer', decode(repeat('ab', 160), 'hex'),
    decode(repeat('cd', 32), 'hex'), now()) ON CONFLICT DO NOTHING;
  INSERT INTO segments VALUES (:draft, :position, :id, 'writer', '@u_123456', 1, repeat('x', TEXT_BYTES),
    decode(repeat('ef', 16), 'hex'), :seq, now());
  UPDATE drafts SET head = :seq, segment_count = segment_count + 1, link = decode(repeat('cd', 32), 'hex'),
    updated_at = now() WHERE draft_id = :draft;
  INSERT INTO events VALUES (:draft, :id, 1, 'writer', now());
  COMMIT;
)sql";

// OPS ops, shared out over the connection's drafts, as one statement. The ring is checked where the head advances:
// drafts whose check fails give no rows to insert.
constexpr const char* kOneStatement = R"sql(
  \set n random(0, 3)
  WITH head AS (
    UPDATE drafts SET head = head + OPS / DRAFTS, segment_count = segment_count + OPS / DRAFTS,
      link = decode(repeat('cd', 32), 'hex'), updated_at = now()
    WHERE draft_id = ANY (CASE WHEN DRAFTS = 1 THEN ARRAY[draft_of(:client_id, :n)]
        ELSE ARRAY[draft_of(:client_id, 0), draft_of(:client_id, 1), draft_of(:client_id, 2), draft_of(:client_id, 3)]
      END) AND holder = 'writer' AND epoch = 1 AND status = 0
    RETURNING draft_id, head - OPS / DRAFTS AS head, segment_count - OPS / DRAFTS AS segment_count
  ), op AS MATERIALIZED (
    SELECT draft_id, next_id() AS id, head + i AS seq, segment_count + i - 1 AS position
    FROM head, generate_series(1, OPS / DRAFTS) i
  ), key AS (
    INSERT INTO ops SELECT draft_id, id, seq, 'writer', decode(repeat('ab', 160), 'hex'),
      decode(repeat('cd', 32), 'hex'), now() FROM op
  ), segment AS (
    INSERT INTO segments SELECT draft_id, position, id, 'writer', '@u_123456', 1, repeat('x', TEXT_BYTES),
      decode(repeat('ef', 16), 'hex'), seq, now() FROM op
  )
  INSERT INTO events SELECT draft_id, id, 1, 'writer', now() FROM op;
)sql";

std::string with(std::string text, const std::string& name, std::size_t value) {
  for (std::size_t at = 0; (at = text.find(name, at)) != std::string::npos;) {
    text.replace(at, name.size(), std::to_string(value));
  }
  return text;
}

struct Rate {
  double perSecond = 0;
  std::int64_t perCpuSecond = 0;
};

Rate best(const Rate& one, const Rate& other) {
  return one.perSecond >= other.perSecond ? one : other;
}

class Limits {
 public:
  Limits(const TemporaryCluster& cluster, std::size_t bytes, double seconds)
      : cluster_(cluster), bytes_(bytes), seconds_(seconds) {
    cluster.createDatabase(kDatabase);
    cluster.sql(kSchema, kDatabase);
  }

  // The best of these numbers of connections; each transaction of `script` is `ops` ops.
  [[nodiscard]] Rate run(const std::string& script, std::size_t ops, const std::vector<int>& connections) const {
    const auto file = cluster_.folder() / "script.sql";
    std::ofstream(file) << with(script, "TEXT_BYTES", bytes_);
    Rate found;
    for (const int count : connections) {
      found = best(found, once(file, ops, count));
    }
    return found;
  }

  [[nodiscard]] Rate copy() const {
    const std::string file = cluster_.folder() / "rows";
    cluster_.sql(with("COPY (SELECT draft_of(i % 64, 0), 1000000000 + i, next_id(), 'writer', '@u_123456', 1, "
                      "repeat('x', TEXT_BYTES), decode(repeat('ef', 16), 'hex'), i, now() "
                      "FROM generate_series(1, " +
                          std::to_string(kCopyRows) + ") i) TO '" + file + "'",
                      "TEXT_BYTES", bytes_),
                 kDatabase);
    const double cpu = cluster_.cpuSeconds();
    const auto start = Clock::now();
    cluster_.sql("COPY segments FROM '" + file + "'", kDatabase);
    return {kCopyRows / secondsSince(start), perUnit(kCopyRows, cluster_.cpuSeconds() - cpu)};
  }

 private:
  [[nodiscard]] Rate once(const std::string& file, std::size_t ops, int connections) const {
    checkInterrupted();
    const auto seconds = static_cast<int>(std::max(1.0, seconds_));
    const double cpu = cluster_.cpuSeconds();
    const std::string said =
        cluster_.program("pgbench",
                         {"--no-vacuum", "--client", std::to_string(connections), "--jobs", "1", "--time",
                          std::to_string(seconds), "--protocol", "prepared", "--file", file},
                         kDatabase);
    const double used = cluster_.cpuSeconds() - cpu;
    const auto tps = said.find("tps = ");
    if (tps == std::string::npos) {  // on a busy machine the time was over before all connections were there
      return {};
    }
    const double perSecond = std::stod(said.substr(tps + 6)) * static_cast<double>(ops);
    return {perSecond, perUnit(perSecond * seconds, used)};
  }

  const TemporaryCluster& cluster_;
  std::size_t bytes_;
  double seconds_;
};

}  // namespace

Figures postgresLimits(const TemporaryCluster& cluster, std::size_t bytes, double secondsEach) {
  constexpr std::size_t kOps = 100;
  const Limits limits(cluster, bytes, secondsEach);
  const auto statement = [](std::size_t ops, std::size_t drafts) {
    return with(with(kOneStatement, "OPS", ops), "DRAFTS", drafts);
  };
  Figures figures;
  const auto tell = [&](const std::string& name, const Rate& rate) {
    figures[name] = std::llround(rate.perSecond);
    figures[name + "PerCpuSecond"] = rate.perCpuSecond;
  };
  tell("oneOp", limits.run(kOneOp, 1, {1, 16, 64}));
  tell("oneStatement", limits.run(statement(1, 1), 1, {16, 64}));
  tell("batch100", limits.run(statement(kOps, kDraftsPerConnection), kOps, {4, 16}));
  tell("copy", limits.copy());
  return figures;
}

}  // namespace onering::bench
