#include "database.h"

#include <cstdlib>

#include <catch2/catch_test_macros.hpp>

namespace onering::testing {

std::unique_ptr<TemporaryCluster> startCluster(ClusterOptions options) {
  auto cluster = TemporaryCluster::start(std::move(options));
  INFO((cluster ? std::string() : cluster.error().message));
  REQUIRE(cluster);
  return std::move(*cluster);
}

TemporaryCluster& sharedCluster() {
  static const std::unique_ptr<TemporaryCluster> kCluster = startCluster();
  return *kCluster;
}

std::string newDatabase() {
  static int count = 0;
  const std::string name = "test_" + std::to_string(++count);
  sharedCluster().createDatabase(name);
  return name;
}

int rounds(int usual) {
  const char* given = std::getenv("ONERING_ROUNDS");  // NOLINT(concurrency-mt-unsafe): nobody sets it meanwhile
  return given ? std::atoi(given) : usual;
}

std::unique_ptr<ServeProcess> serveOver(const std::string& url, const std::string& listen) {
  return std::make_unique<ServeProcess>(
      std::vector<std::string>{"--dev-auth", "--store", url, "--listen", listen, "--log-level", "debug"});
}

std::unique_ptr<PostgresStore> openStoreAt(const std::string& url) {
  auto opened = PostgresStore::open({.url = url, .poolSize = 2});
  INFO((opened ? std::string() : opened.error().detail));
  REQUIRE(opened);
  return std::move(*opened);
}

std::vector<LogEntry> logOf(Store& store, const DraftId& draft) {
  std::vector<LogEntry> log;
  while (true) {
    auto more = store.readLog(draft, log.size(), std::size_t{1} << 20U);
    INFO((more ? std::string() : more.error().detail));
    REQUIRE(more);
    if (more->empty()) {
      return log;
    }
    std::ranges::move(*more, std::back_inserter(log));
  }
}

}  // namespace onering::testing
