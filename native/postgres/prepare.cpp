#include "onering/postgres/migrations.h"
#include "onering/postgres/postgres-database.h"

#include "blocking-session.h"
#include "settings.h"

namespace onering {

using namespace postgres;

namespace {

// SPEC I9: what is acknowledged survives the machine.
void requireDurability(BlockingSession& session) {
  for (const char* setting : {"fsync", "synchronous_commit", "full_page_writes"}) {
    if (session.ask(std::string("SHOW ") + setting) == "off") {
      throw rejection(ErrorCode::notAllowed, std::string("The database would lose work that was acknowledged: its ") +
                                                 setting + " is off. Turn it on.");
    }
  }
}

// SPEC §15: the pools of all processes fit into what the database allows.
void requireRoom(BlockingSession& session, const PostgresOptions& options) {
  const auto pool = poolOptionsFor(options);
  const auto allowed =
      std::stol(session.ask("SHOW max_connections")) - std::stol(session.ask("SHOW superuser_reserved_connections"));
  const auto wanted = static_cast<long>(pool->size) * static_cast<long>(options.processes);
  if (wanted > allowed) {
    throw rejection(ErrorCode::quotaExceeded, "The database allows " + std::to_string(allowed) + " connections, and " +
                                                  std::to_string(options.processes) + " processes with " +
                                                  std::to_string(pool->size) + " each need " + std::to_string(wanted) +
                                                  ". Lower --pool-size, or raise max_connections.");
  }
}

}  // namespace

std::expected<void, Rejection> prepareDatabase(const PostgresOptions& options) {
  if (const auto migrated = Migrations(options).up(); !migrated) {
    return std::unexpected(migrated.error());
  }
  try {
    BlockingSession session(options);
    requireDurability(session);
    requireRoom(session, options);
    if (session.ask("SHOW server_encoding") != "UTF8") {
      throw rejection(ErrorCode::notAllowed, "The database's encoding is not UTF8. Create it with ENCODING 'UTF8'.");
    }
    return {};
  } catch (const Rejection& why) {
    return std::unexpected(why);
  }
}

}  // namespace onering
