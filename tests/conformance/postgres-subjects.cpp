// The suite once more, over a PostgreSQL of its own: each subject is an empty database.
#include "onering/cluster/temporary-cluster.h"
#include "onering/postgres/postgres-database.h"
#include "onering/postgres/postgres-store.h"

#include "subjects.h"

namespace onering::testing {
namespace {

// One for all tests of the program; gone with it.
const TemporaryCluster& cluster() {
  static const auto kCluster = [] {
    auto started = TemporaryCluster::start();
    if (!started) {
      FAIL(started.error().message);
    }
    return *std::move(started);
  }();
  return *kCluster;
}

class PostgresSubject final : public StoreSubject {
 public:
  PostgresSubject() {
    static int count = 0;
    const std::string name = "subject_" + std::to_string(++count);
    cluster().sql("CREATE DATABASE " + name + " TEMPLATE " + migrated());
    options_.url = cluster().url(name);
    options_.poolSize = 2;
    reopen();
  }

  [[nodiscard]] Store& store() override { return *store_; }
  void reopen() override { store_ = got(PostgresStore::open(options_)); }

 private:
  // A database to copy, which is faster than migrating each.
  static const std::string& migrated() {
    static const std::string kName = [] {
      cluster().createDatabase("migrated");
      const auto prepared = prepareDatabase({.url = cluster().url("migrated")});
      if (!prepared) {
        FAIL(prepared.error().message);
      }
      return std::string("migrated");
    }();
    return kName;
  }

  PostgresOptions options_;
  std::unique_ptr<PostgresStore> store_;
};

const RegisterStore kPostgres("PostgreSQL", [] { return std::make_unique<PostgresSubject>(); });

}  // namespace
}  // namespace onering::testing
