#include "onering/postgres/migrations.h"

#include <algorithm>
#include <array>
#include <functional>

#include "onering/domain/sha256.h"

#include "blocking-session.h"
#include "migration-files.h"

namespace onering {

namespace {

using namespace postgres;

// "OneRing" as a number: whoever migrates holds this lock until its transaction ends, or its session.
constexpr const char* kLock = "SELECT pg_advisory_xact_lock(22321811812085351)";
constexpr const char* kSessionLock = "SELECT pg_advisory_lock(22321811812085351)";

constexpr const char* kTable =
    "CREATE TABLE IF NOT EXISTS schema_migrations (version integer PRIMARY KEY, name text NOT NULL, "
    "checksum bytea NOT NULL CHECK (octet_length(checksum) = 32), applied_at timestamptz NOT NULL DEFAULT now())";

constexpr int kBeforeForeignKeys = 1;

Digest checksumOf(const MigrationFile& file) {
  return Sha256().add(std::string_view(file.up)).add(std::string_view(file.down)).finish();
}

bool tableExists(BlockingSession& session) {
  const Result found = session.run("SELECT to_regclass('schema_migrations') IS NOT NULL");
  return *PQgetvalue(found.get(), 0, 0) == 't';
}

std::vector<MigrationStatus> readStatus(BlockingSession& session) {
  std::vector<MigrationStatus> all;
  for (const MigrationFile& file : kMigrationFiles) {
    all.push_back({.version = file.version, .name = file.name});
  }
  if (!tableExists(session)) {
    return all;
  }
  const Result rows =
      session.run("SELECT version, name, encode(checksum, 'hex') FROM schema_migrations ORDER BY version");
  for (int i = 0; i < PQntuples(rows.get()); ++i) {
    const auto version = static_cast<std::size_t>(std::stoi(PQgetvalue(rows.get(), i, 0)));
    if (version > all.size()) {
      all.push_back({.version = static_cast<int>(version), .name = PQgetvalue(rows.get(), i, 1), .applied = true});
      continue;
    }
    MigrationStatus& status = all[version - 1];
    status.applied = true;
    status.altered = toHex(checksumOf(kMigrationFiles[version - 1])) != PQgetvalue(rows.get(), i, 2);
  }
  return all;
}

// How many of our steps are applied; throws where the database is not one that this program can go on from.
int appliedCount(const std::vector<MigrationStatus>& all) {
  if (all.size() > kMigrationFiles.size()) {
    throw rejection(ErrorCode::upgradeRequired,
                    "The database was migrated by a newer OneRing. Run that version, or a newer one.");
  }
  int count = 0;
  for (const MigrationStatus& status : all) {
    if (status.altered) {
      throw rejection(ErrorCode::divergence, "Migration " + std::to_string(status.version) +
                                                 " was run with another text than this program's. Restore the database "
                                                 "or use the program that ran it.");
    }
    count += status.applied ? 1 : 0;
  }
  return count;
}

// One step in a transaction of its own. False: nothing is left to do.
bool step(BlockingSession& session, const std::function<const MigrationFile*(int applied)>& choose, bool isUp) {
  session.run("BEGIN");
  session.run(kLock);
  session.run(kTable);
  const MigrationFile* file = choose(appliedCount(readStatus(session)));
  if (!file) {
    session.run("ROLLBACK");
    return false;
  }
  session.run(isUp ? file->up : file->down);
  const std::string version = std::to_string(file->version);
  if (isUp) {
    session.run("INSERT INTO schema_migrations (version, name, checksum) VALUES ($1::integer, $2, decode($3, 'hex'))",
                {version, file->name, toHex(checksumOf(*file))});
  } else {
    session.run("DELETE FROM schema_migrations WHERE version = $1::integer", {version});
    if (file->version == 1) {
      session.run("DROP TABLE schema_migrations");
    }
  }
  session.run("COMMIT");
  return true;
}

template <typename Body>
auto guarded(Body body) -> std::expected<decltype(body()), Rejection> {
  try {
    if constexpr (std::is_void_v<decltype(body())>) {
      body();
      return {};
    } else {
      return body();
    }
  } catch (const Rejection& why) {
    return std::unexpected(why);
  }
}

int upTo(BlockingSession& session, int version) {
  int steps = 0;
  const auto next = [&](int applied) {
    return applied < version ? &kMigrationFiles[static_cast<std::size_t>(applied)] : nullptr;
  };
  while (step(session, next, true)) {
    ++steps;
  }
  return steps;
}

int downTo(BlockingSession& session, int version) {
  int steps = 0;
  const auto next = [&](int applied) {
    return applied > version ? &kMigrationFiles[static_cast<std::size_t>(applied - 1)] : nullptr;
  };
  while (step(session, next, false)) {
    ++steps;
  }
  return steps;
}

struct Distribution {
  const char* table;
  const char* sql;
};

// Jobs, keys and erasures belong to no draft and stay where they are: on the node that servers talk to.
constexpr std::array kDistribution{
    Distribution{"users", "SELECT create_reference_table('users')"},
    Distribution{"drafts", "SELECT create_distributed_table('drafts', 'draft_id')"},
    Distribution{"collaborators",
                 "SELECT create_distributed_table('collaborators', 'draft_id', colocate_with => 'drafts')"},
    Distribution{"ops", "SELECT create_distributed_table('ops', 'draft_id', colocate_with => 'drafts')"},
    Distribution{"segments", "SELECT create_distributed_table('segments', 'draft_id', colocate_with => 'drafts')"},
    Distribution{"ring_passes",
                 "SELECT create_distributed_table('ring_passes', 'draft_id', colocate_with => 'drafts')"},
    Distribution{"invites", "SELECT create_distributed_table('invites', 'draft_id', colocate_with => 'drafts')"},
    Distribution{"events", "SELECT create_distributed_table('events', 'draft_id', colocate_with => 'drafts')"}};

void requireCitus(BlockingSession& session) {
  const Result citus = session.run("SELECT 1 FROM pg_extension WHERE extname = 'citus'");
  if (PQntuples(citus.get()) == 0) {
    throw rejection(ErrorCode::notAllowed,
                    "The Citus extension is not installed in this database. CREATE EXTENSION citus first.");
  }
}

// Citus keeps a line for every table that it has spread or copied.
bool isDistributed(BlockingSession& session, const char* table) {
  const Result found =
      session.run("SELECT 1 FROM pg_dist_partition WHERE logicalrelid = to_regclass($1::text)", {table});
  return PQntuples(found.get()) > 0;
}

bool isAllDistributed(BlockingSession& session) {
  return std::ranges::all_of(kDistribution, [&](const Distribution& one) { return isDistributed(session, one.table); });
}

}  // namespace

std::expected<std::vector<MigrationStatus>, Rejection> Migrations::status() {
  return guarded([this] {
    BlockingSession session(options_);
    return readStatus(session);
  });
}

std::expected<int, Rejection> Migrations::up(int version) {
  return guarded([&] {
    BlockingSession session(options_);
    const auto newest = static_cast<int>(kMigrationFiles.size());
    return upTo(session, version > 0 ? std::min(version, newest) : newest);
  });
}

std::expected<int, Rejection> Migrations::down(int version) {
  return guarded([&] {
    BlockingSession session(options_);
    return downTo(session, version);
  });
}

std::expected<int, Rejection> Migrations::distribute() {
  return guarded([this] {
    BlockingSession session(options_);
    requireCitus(session);
    // Copying rows to their nodes may take longer than any statement of a server's.
    session.run("SET statement_timeout = 0");
    session.run("SET lock_timeout = 0");
    session.run(kSessionLock);
    int steps = upTo(session, kBeforeForeignKeys);
    if (!isAllDistributed(session)) {
      steps -= downTo(session, kBeforeForeignKeys);
      for (const Distribution& one : kDistribution) {
        if (!isDistributed(session, one.table)) {
          session.run(one.sql);
        }
      }
    }
    return steps + upTo(session, static_cast<int>(kMigrationFiles.size()));
  });
}

}  // namespace onering
