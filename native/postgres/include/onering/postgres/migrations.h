// The database's schema, in numbered steps that go both ways (SPEC §9).
//
// Each step runs in a transaction of its own together with its line in schema_migrations, under a lock, so that of
// several servers that start at once one migrates and the others find it done. The steps and their checksums are part
// of the program: a database on which another text of the same step was run is refused, and so is a newer one.
#pragma once

#include <expected>
#include <string>
#include <vector>

#include "onering/domain/error.h"
#include "onering/postgres/options.h"

namespace onering {

struct MigrationStatus {
  int version = 0;
  std::string name;
  bool applied = false;
  bool altered = false;  // applied, but not with the text that this program holds
};

// Blocking. Errors: `storageUnavailable` (cannot connect, or a statement failed), `upgradeRequired` (the database is
// of a newer program), `divergence` (a step was run with another text), `protocolError` (the URL).
class Migrations {
 public:
  explicit Migrations(PostgresOptions options) : options_(std::move(options)) {}

  // All steps, and those of a newer program.
  [[nodiscard]] std::expected<std::vector<MigrationStatus>, Rejection> status();

  // Up to `version`; 0: the newest. Returns how many steps were taken.
  [[nodiscard]] std::expected<int, Rejection> up(int version = 0);

  // Undoes steps until `version` is the last one. What they had created is gone with all that it holds.
  [[nodiscard]] std::expected<int, Rejection> down(int version);

  // All steps, and the tables spread over the nodes of a Citus cluster by draft_id; returns how many steps were
  // missing. Tables have to be distributed before foreign keys point at them: takes the keys off, distributes, puts
  // them on. What is distributed already stays as it is, so that a run that was cut off is finished by another.
  // `notAllowed` where Citus is not installed, with nothing changed.
  [[nodiscard]] std::expected<int, Rejection> distribute();

 private:
  PostgresOptions options_;
};

}  // namespace onering
