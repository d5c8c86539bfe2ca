// A SQLite store under test, and where it lies.
#pragma once

#include "onering/simulation/memory-disk.h"
#include "onering/store/sqlite/sqlite-store.h"

#include "subjects.h"

namespace onering::testing {

using simulation::Loss;
using simulation::MemoryDisk;

class SqliteSubject : public DeviceSubject {
 public:
  explicit SqliteSubject(SqliteOptions options) : options_(std::move(options)) { open(); }

  SqliteStore& store() override { return *store_; }
  void reopen() override {
    store_.reset();
    open();
  }

 protected:
  SqliteSubject() = default;
  void open() { store_ = got(SqliteStore::open(options_)); }
  void close() { store_.reset(); }

  SqliteOptions options_;

 private:
  std::unique_ptr<SqliteStore> store_;
};

// On a disk in memory, which goes with it.
class SqliteOnMemoryDisk final : public SqliteSubject {
 public:
  explicit SqliteOnMemoryDisk(SqliteOptions::Journal journal) {
    options_ = {.path = "store.db", .vfs = disk_.vfs(), .journal = journal};
    open();
  }
  SqliteOnMemoryDisk(const SqliteOnMemoryDisk&) = delete;
  SqliteOnMemoryDisk& operator=(const SqliteOnMemoryDisk&) = delete;
  ~SqliteOnMemoryDisk() override { close(); }

 private:
  MemoryDisk disk_;
};

}  // namespace onering::testing
