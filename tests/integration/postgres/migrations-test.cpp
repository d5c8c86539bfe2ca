#include "onering/postgres/migrations.h"

#include <algorithm>
#include <thread>

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include "onering/postgres/postgres-database.h"

#include "database.h"

namespace onering::testing {

namespace {

std::string urlOf(const std::string& database) {
  return sharedCluster().url(database);
}

std::string dump(const std::string& database) {
  std::string text = sharedCluster().program("pg_dump", {"--schema-only"}, database);
  // Some versions write a random word at both ends.
  std::erase_if(text, [](char c) { return c == '\r'; });
  std::string kept;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    if (!line.starts_with("\\restrict") && !line.starts_with("\\unrestrict")) {
      kept += line + '\n';
    }
  }
  return kept;
}

// What Citus has of functions and tables that distributing takes, keeping account of what is asked of it: Citus itself
// is not needed for what is to be seen here, which is that it is asked for the right things in the right order.
void pretendCitus(const std::string& database) {
  sharedCluster().sql(R"sql(
    SET allow_system_table_mods = on;
    INSERT INTO pg_extension (oid, extname, extowner, extnamespace, extrelocatable, extversion)
      SELECT 99999, 'citus', 10, 'public'::regnamespace, false, 'none';
    CREATE TABLE pg_dist_partition (logicalrelid regclass PRIMARY KEY);
    CREATE TABLE fails (at text);
    INSERT INTO fails VALUES (NULL);
    CREATE TABLE calls (n serial, what text, by text, beside text, keys bigint);
    CREATE FUNCTION spread(what regclass, by text, beside text) RETURNS void LANGUAGE plpgsql AS $$
    BEGIN
      IF EXISTS (SELECT FROM fails WHERE at = what::text) THEN RAISE 'no room for %', what; END IF;
      IF EXISTS (SELECT FROM pg_dist_partition WHERE logicalrelid = what) THEN RAISE '% is distributed', what; END IF;
      INSERT INTO pg_dist_partition VALUES (what);
      INSERT INTO calls (what, by, beside, keys)
        SELECT what::text, by, beside, count(*) FROM pg_constraint WHERE contype = 'f';
    END $$;
    CREATE FUNCTION create_reference_table(table_name regclass) RETURNS void LANGUAGE sql AS
      $$ SELECT spread(table_name, NULL, NULL) $$;
    CREATE FUNCTION create_distributed_table(table_name regclass, distribution_column text,
        distribution_type text DEFAULT 'hash', colocate_with text DEFAULT 'default') RETURNS void LANGUAGE sql AS
      $$ SELECT spread(table_name, distribution_column, colocate_with) $$;
  )sql",
                      database);
}

int versionOf(Migrations& migrations) {
  const auto status = migrations.status();
  REQUIRE(status);
  return static_cast<int>(std::ranges::count_if(*status, &MigrationStatus::applied));
}

}  // namespace

TEST_CASE("SPEC 9 up, down and up again leaves the same schema", "[postgres][migrations]") {
  const std::string database = newDatabase();
  Migrations migrations({.url = urlOf(database)});
  CHECK(versionOf(migrations) == 0);
  const std::string empty = dump(database);
  const auto steps = migrations.up();
  REQUIRE(steps);
  CHECK(*steps > 0);
  const std::string full = dump(database);
  CHECK(full.contains("CREATE TABLE public.segments"));

  CHECK(migrations.up() == 0);
  for (int version = *steps - 1; version >= 0; --version) {
    CHECK(migrations.down(version) == 1);
  }
  CHECK(dump(database) == empty);
  CHECK(migrations.up() == *steps);
  CHECK(dump(database) == full);
}

TEST_CASE("SPEC 9 of several servers that start at once one migrates", "[postgres][migrations]") {
  const std::string database = newDatabase();
  std::atomic<int> steps = 0;
  std::atomic<int> failed = 0;
  {
    std::vector<std::jthread> servers;
    servers.reserve(4);
    for (int i = 0; i < 4; ++i) {
      servers.emplace_back([&] {
        const auto done = Migrations({.url = urlOf(database)}).up();
        steps += done.value_or(0);
        failed += done ? 0 : 1;
      });
    }
  }
  CHECK(failed == 0);
  Migrations migrations({.url = urlOf(database)});
  CHECK(steps == versionOf(migrations));
}

TEST_CASE("a database of a newer program, or of an altered migration, is refused and left alone",
          "[postgres][migrations]") {
  const std::string database = newDatabase();
  Migrations migrations({.url = urlOf(database)});
  REQUIRE(migrations.up());

  sharedCluster().sql("UPDATE schema_migrations SET checksum = sha256('other') WHERE version = 1", database);
  const auto altered = migrations.up();
  REQUIRE_FALSE(altered);
  CHECK(altered.error().code == ErrorCode::divergence);
  CHECK(migrations.status()->front().altered);
  CHECK(runOneRing({"db", "verify", "--store", urlOf(database)}).exitCode == 1);

  sharedCluster().sql("INSERT INTO schema_migrations (version, name, checksum) VALUES (99, 'later', sha256('x'))",
                      database);
  const std::string before = dump(database);
  const auto newer = migrations.up();
  REQUIRE_FALSE(newer);
  CHECK(newer.error().code == ErrorCode::upgradeRequired);
  const Ended serve = runOneRing({"serve", "--dev-auth", "--listen", "127.0.0.1:0", "--store", urlOf(database)});
  CHECK(serve.exitCode == 4);
  CHECK(serve.err.contains("upgradeRequired"));
  CHECK(dump(database) == before);
}

TEST_CASE("db verify names what is missing and what is there too much", "[postgres][migrations]") {
  const std::string database = newDatabase();
  REQUIRE(Migrations({.url = urlOf(database)}).up());
  CHECK(runOneRing({"db", "verify", "--all", "--store", urlOf(database)}).exitCode == 0);

  sharedCluster().sql("DROP INDEX events_type; ALTER TABLE drafts ADD COLUMN more text", database);
  const Ended verified = runOneRing({"db", "verify", "--store", urlOf(database), "--json"});
  CHECK(verified.exitCode == 1);
  CHECK(verified.out.contains("missing in the schema: events CREATE INDEX events_type"));
  CHECK(verified.out.contains("not expected in the schema: drafts.more text"));
}

TEST_CASE("db migrate says what it did, as text and as JSON", "[postgres][migrations]") {
  const std::string url = urlOf(newDatabase());
  CHECK(runOneRing({"db", "migrate", "status", "--store", url}).out.contains("1 drafts: not applied"));
  CHECK(runOneRing({"db", "migrate", "up", "--to", "1", "--store", url}).out == "1 migration\n");
  CHECK(runOneRing({"db", "migrate", "up", "--store", url, "--json"}).out == "{\"steps\":4}\n");
  CHECK(runOneRing({"db", "migrate", "down", "--to", "0", "--store", url}).out == "5 migrations\n");
  CHECK(runOneRing({"db", "migrate", "up", "--store", "postgres://127.0.0.1:1/none"}).exitCode == 4);
  CHECK(runOneRing({"db", "migrate", "up", "--store", "postgres://%zz"}).exitCode == 2);
}

TEST_CASE("SPEC 9 db migrate --distribute without Citus says so and changes nothing", "[postgres][migrations][citus]") {
  const std::string database = newDatabase();
  const std::string url = urlOf(database);
  const std::string empty = dump(database);
  for (const std::vector<std::string>& command :
       {std::vector<std::string>{"db", "migrate", "--distribute"}, {"db", "migrate", "up", "--distribute"}}) {
    std::vector<std::string> arguments = command;
    arguments.insert(arguments.end(), {"--store", url});
    const Ended refused = runOneRing(arguments);
    CHECK(refused.exitCode == 2);
    CHECK(refused.err.contains("notAllowed"));
    CHECK(refused.err.contains("CREATE EXTENSION citus"));
  }
  CHECK(dump(database) == empty);
  CHECK(runOneRing({"db", "migrate", "--store", url}).exitCode == 2);
  CHECK(runOneRing({"db", "migrate", "--distribute"}).exitCode == 2);
  CHECK(runOneRing({"db", "migrate", "up", "--to", "1", "--distribute", "--store", url}).exitCode == 2);
}

TEST_CASE("SPEC 9 db migrate --distribute: users everywhere, the rest by draft_id, before foreign keys point at them",
          "[postgres][migrations][citus]") {
  const std::string database = newDatabase();
  const std::string url = urlOf(database);
  const bool isFilledBefore = GENERATE(false, true);
  if (isFilledBefore) {
    REQUIRE(Migrations({.url = url}).up());
  }
  pretendCitus(database);

  // Cut off on the way, at a table that there is no room for.
  sharedCluster().sql("UPDATE fails SET at = 'segments'", database);
  const Ended cutOff = runOneRing({"db", "migrate", "--distribute", "--store", url});
  CHECK(cutOff.exitCode == 4);
  CHECK(cutOff.err.contains("no room for segments"));
  sharedCluster().sql("UPDATE fails SET at = NULL", database);

  const Ended done = runOneRing({"db", "migrate", "--distribute", "--store", url});
  INFO(done.err);
  CHECK(done.exitCode == 0);
  const std::string calls = sharedCluster().sql("SELECT what, by, beside, keys FROM calls ORDER BY n", database);
  CHECK(calls ==
        "users|||0\n"
        "drafts|draft_id|default|0\n"
        "collaborators|draft_id|drafts|0\n"
        "ops|draft_id|drafts|0\n"
        "segments|draft_id|drafts|0\n"
        "ring_passes|draft_id|drafts|0\n"
        "invites|draft_id|drafts|0\n"
        "events|draft_id|drafts|0");

  // Everything of a draft is spread, nothing else is, and the keys are on again.
  CHECK(sharedCluster().sql("SELECT count(DISTINCT table_name) FROM information_schema.columns WHERE column_name = "
                            "'draft_id' AND table_schema = 'public' AND table_name NOT IN "
                            "(SELECT logicalrelid::text FROM pg_dist_partition)",
                            database) == "0");
  CHECK(sharedCluster().sql("SELECT count(*) FROM pg_constraint WHERE contype = 'f'", database) == "4");
  CHECK(runOneRing({"db", "verify", "--all", "--store", url}).exitCode == 0);

  // Once is enough.
  CHECK(runOneRing({"db", "migrate", "--distribute", "--store", url}).out == "0 migrations\n");
  CHECK(sharedCluster().sql("SELECT count(*) FROM calls", database) == "8");
}

TEST_CASE("I9 a database that would lose what was acknowledged is refused", "[postgres]") {
  auto cluster = startCluster({.settings = {{"synchronous_commit", "off"}}});
  const auto prepared = prepareDatabase({.url = cluster->url()});
  REQUIRE_FALSE(prepared);
  CHECK(prepared.error().code == ErrorCode::notAllowed);
  CHECK(prepared.error().message.contains("synchronous_commit"));
}

TEST_CASE("SPEC 15 pools that do not fit into the database are refused at start", "[postgres]") {
  const std::string url = urlOf(newDatabase());
  CHECK(prepareDatabase({.url = url, .poolSize = 10, .processes = 9}));
  const auto tooMany = prepareDatabase({.url = url, .poolSize = 10, .processes = 10});
  REQUIRE_FALSE(tooMany);
  CHECK(tooMany.error().code == ErrorCode::quotaExceeded);
  CHECK(tooMany.error().message.contains("max_connections"));
}

}  // namespace onering::testing
