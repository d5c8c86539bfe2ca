// SQLite in files of the machine's own file system.
#include <filesystem>
#include <random>

#include "sqlite-subject.h"

namespace onering::testing {
namespace {

using Journal = SqliteOptions::Journal;

class SqliteInFolder final : public SqliteSubject {
 public:
  explicit SqliteInFolder(Journal journal)
      : folder_(std::filesystem::temp_directory_path() / ("onering-" + std::to_string(std::random_device()()))) {
    std::filesystem::create_directory(folder_);
    options_ = {.path = (folder_ / "store.db").string(), .journal = journal};
    open();
  }
  SqliteInFolder(const SqliteInFolder&) = delete;
  SqliteInFolder& operator=(const SqliteInFolder&) = delete;
  ~SqliteInFolder() override {
    close();
    std::filesystem::remove_all(folder_);
  }

 private:
  std::filesystem::path folder_;
};

template <Journal kJournal>
std::unique_ptr<DeviceSubject> inFolder() {
  return std::make_unique<SqliteInFolder>(kJournal);
}

const RegisterDevice kWal("SQLite in a file, wal", inFolder<Journal::wal>);
const RegisterDevice kWalExclusive("SQLite in a file, walExclusive", inFolder<Journal::walExclusive>);
const RegisterDevice kRemove("SQLite in a file, remove", inFolder<Journal::remove>);

}  // namespace
}  // namespace onering::testing
