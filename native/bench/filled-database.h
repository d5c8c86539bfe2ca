// A database with something in it: drafts, members, logs, segments and all that hangs on them, made by PostgreSQL
// itself, far faster than ops could be accepted. And the questions that are asked of it.
#pragma once

#include <string>
#include <vector>

#include "onering/cluster/temporary-cluster.h"

#include "statements.h"

namespace onering::bench {

struct FillSettings {
  std::size_t users = 10'000;
  std::size_t drafts = 100'000;
  std::size_t segmentsPerDraft = 10;
};

// Creates the database with its schema and fills it. Draft n is md5('draft' || n), its owner 'user' || n % users; it
// has two more members and one who left.
void fillDatabase(const TemporaryCluster& cluster, const std::string& database, const FillSettings& settings);

// A statement with what it is asked for, {n} standing for the number of a draft, {u} for that of its owner and {s} for
// the length of its log, and the index that it is meant to go by.
struct Asked {
  const postgres::Statement& statement;
  std::string parameters;
  std::string index;
  std::vector<std::string> others{};  // that it uses, too
};
[[nodiscard]] std::vector<Asked> everyQuestion();

[[nodiscard]] std::string parametersFor(const Asked& asked, std::size_t draft, const FillSettings& settings);

// As the server's connections are set up.
[[nodiscard]] std::string planSettings();

}  // namespace onering::bench
