#include "sqlite-subject.h"

namespace onering::testing {
namespace {

using Journal = SqliteOptions::Journal;

// Without a file: what it holds goes with the connection, so it stays open.
class SqliteInMemory final : public SqliteSubject {
 public:
  SqliteInMemory() : SqliteSubject({.path = SqliteOptions::kInMemory}) {}
  void reopen() override {}
};

template <Journal kJournal>
std::unique_ptr<DeviceSubject> onMemoryDisk() {
  return std::make_unique<SqliteOnMemoryDisk>(kJournal);
}

const RegisterDevice kInMemory("SQLite in memory", [] { return std::make_unique<SqliteInMemory>(); });
const RegisterDevice kWalExclusive("SQLite on a disk in memory, walExclusive", onMemoryDisk<Journal::walExclusive>);
const RegisterDevice kTruncate("SQLite on a disk in memory, truncate", onMemoryDisk<Journal::truncate>);
const RegisterDevice kRemove("SQLite on a disk in memory, remove", onMemoryDisk<Journal::remove>);

}  // namespace
}  // namespace onering::testing
