#include "context.h"

#include <filesystem>
#include <iostream>

#include <boost/json/serialize.hpp>
#include <boost/json/string.hpp>
#include <fcntl.h>
#include <sys/file.h>

#include "onering/postgres/postgres-database.h"
#include "onering/postgres/postgres-store.h"
#include "onering/store/memory/memory-store.h"
#include "onering/store/sqlite/sqlite-store.h"

namespace onering::cli {

void fail(Context& context, Exit exit, const Rejection& what) {
  const std::string code(errorName(what.code));
  if (context.json) {
    std::cerr << R"({"error":{"code":")" << code << R"(","message":)"
              << boost::json::serialize(boost::json::string(what.message)) << "}}\n";
  } else {
    std::cerr << "onering: " << code << ": " << what.message << '\n';
  }
  context.exit = exit;
}

namespace {

std::expected<std::unique_ptr<Store>, Rejection> openDatabase(const std::string& url, StoreUse use) {
  const PostgresOptions options{.url = url, .poolSize = 2};
  if (use == StoreUse::readWrite) {
    if (const auto prepared = prepareDatabase(options); !prepared) {
      return std::unexpected(prepared.error());
    }
  }
  auto opened = PostgresStore::open(options);
  if (!opened) {
    return std::unexpected(
        rejection(ErrorCode::storageUnavailable, "cannot use the database: " + opened.error().detail));
  }
  return std::move(*opened);
}

// Who writes a file has it to themselves: what another process wrote would not be told to anybody here. Held until the
// process ends, as closing a descriptor of the file would drop SQLite's own locks on it.
bool claim(const std::string& path) {
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  return file >= 0 && ::flock(file, LOCK_EX | LOCK_NB) == 0;
}

}  // namespace

bool isDatabase(const std::string& where) {
  return where.starts_with("postgres://") || where.starts_with("postgresql://");
}

std::expected<std::unique_ptr<Store>, Rejection> openStore(const std::string& where, StoreUse use) {
  if (where == "memory") {
    return std::make_unique<MemoryStore>();
  }
  if (isDatabase(where)) {
    return openDatabase(where, use);
  }
  if (where.contains("://")) {
    return std::unexpected(
        rejection(ErrorCode::storageUnavailable,
                  "a store is `memory`, the path of a SQLite file or a postgres:// URL, not " + where));
  }
  const bool readOnly = use == StoreUse::readOnly;
  if (readOnly && !std::filesystem::exists(where)) {
    return std::unexpected(rejection(ErrorCode::storageUnavailable, "there is no file " + where));
  }
  SqliteOptions options;
  options.path = where;
  options.readOnly = readOnly;
  auto opened = SqliteStore::open(options);
  if (!opened) {
    return std::unexpected(
        rejection(errorOf(opened.error().fault), "cannot open " + where + ": " + opened.error().detail));
  }
  if (!readOnly && !claim(where)) {
    return std::unexpected(rejection(ErrorCode::storageUnavailable,
                                     "another server has " + where + " open: end it, or give this one another file"));
  }
  return std::move(*opened);
}

}  // namespace onering::cli
