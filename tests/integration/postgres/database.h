// A PostgreSQL of the tests' own, and servers over it.
#pragma once

#include <memory>
#include <string>

#include "onering/cluster/temporary-cluster.h"
#include "onering/postgres/postgres-store.h"

#include "../serve-process.h"

namespace onering::testing {

// One for all tests that leave it as they found it; gone with the program.
[[nodiscard]] TemporaryCluster& sharedCluster();

[[nodiscard]] std::unique_ptr<TemporaryCluster> startCluster(ClusterOptions options = {});

// An empty database of the shared cluster.
[[nodiscard]] std::string newDatabase();

// `onering serve` over the database.
[[nodiscard]] std::unique_ptr<ServeProcess> serveOver(const std::string& url,
                                                      const std::string& listen = "127.0.0.1:0");

[[nodiscard]] std::unique_ptr<PostgresStore> openStoreAt(const std::string& url);

// How often a test lets things go wrong: `usual`, or as many times as ONERING_ROUNDS says in a long run.
[[nodiscard]] int rounds(int usual);

// The whole log.
[[nodiscard]] std::vector<LogEntry> logOf(Store& store, const DraftId& draft);

}  // namespace onering::testing
