#include "connection.h"

namespace onering {

namespace {

[[noreturn]] void fail(sqlite3* connection, int code) {
  throw SqliteFailure{code, std::string(connection ? sqlite3_errmsg(connection) : sqlite3_errstr(code))};
}

void check(sqlite3* connection, int code) {
  if (code != SQLITE_OK) {
    fail(connection, code);
  }
}

bool isUnique(int code) {
  return code == SQLITE_CONSTRAINT_UNIQUE || code == SQLITE_CONSTRAINT_PRIMARYKEY || code == SQLITE_CONSTRAINT_ROWID;
}

StoreFault faultOf(int code) {
  if (code == SQLITE_IOERR_CORRUPTFS || code == SQLITE_IOERR_DATA) {
    return StoreFault::damaged;
  }
  switch (code & 0xFF) {
    case SQLITE_CONSTRAINT:
      return isUnique(code) ? StoreFault::conflict : StoreFault::unavailable;
    case SQLITE_FULL:
      return StoreFault::full;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
    case SQLITE_FORMAT:
      return StoreFault::damaged;
    default:
      return StoreFault::unavailable;
  }
}

}  // namespace

StoreError SqliteFailure::error() const {
  return {faultOf(code), "SQLite: " + detail};
}

void throwDamaged(std::string_view what) {
  throw SqliteFailure{SQLITE_CORRUPT, "a column does not hold " + std::string(what)};
}

void checkBound(sqlite3_stmt* statement, int code) {
  check(sqlite3_db_handle(statement), code);
}

Rows::~Rows() {
  sqlite3_reset(statement_);
  sqlite3_clear_bindings(statement_);
}

bool Rows::next() {
  const int code = sqlite3_step(statement_);
  if (code != SQLITE_ROW && code != SQLITE_DONE) {
    fail(connection_, code);
  }
  return code == SQLITE_ROW;
}

Connection::Connection(const SqliteOptions& options) {
  int flags = SQLITE_OPEN_EXRESCODE | SQLITE_OPEN_NOMUTEX;
  flags |= options.readOnly ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
  const char* vfs = options.vfs.empty() ? nullptr : options.vfs.c_str();
  const int code = sqlite3_open_v2(options.path.c_str(), &connection_, flags, vfs);
  if (code != SQLITE_OK) {
    sqlite3_close(connection_);
    fail(nullptr, code);
  }
  sqlite3_busy_timeout(connection_, static_cast<int>(options.busyTimeout.count()));
}

Connection::~Connection() {
  for (const auto& [text, statement] : statements_) {
    sqlite3_finalize(statement);
  }
  sqlite3_close(connection_);
}

sqlite3_stmt* Connection::prepared(Sql sql) {
  sqlite3_stmt*& statement = statements_[sql.text().data()];
  if (!statement) {
    check(connection_, sqlite3_prepare_v3(connection_, sql.text().data(), static_cast<int>(sql.text().size()),
                                          SQLITE_PREPARE_PERSISTENT, &statement, nullptr));
  }
  return statement;
}

void Connection::script(Sql sql) {
  check(connection_, sqlite3_exec(connection_, std::string(sql.text()).c_str(), nullptr, nullptr, nullptr));
}

void Connection::setPragma(Sql name, std::int64_t value) {
  const std::string text = "PRAGMA " + std::string(name.text()) + " = " + std::to_string(value);
  check(connection_, sqlite3_exec(connection_, text.c_str(), nullptr, nullptr, nullptr));
}

Transaction::Transaction(Connection& connection, Kind kind) : connection_(connection) {
  if (connection_.inTransaction()) {  // the last one could not even be rolled back
    connection_.run("ROLLBACK");
  }
  if (kind == Kind::write) {
    connection_.run("BEGIN IMMEDIATE");
  } else {
    connection_.run("BEGIN");
  }
}

Transaction::~Transaction() {
  // SQLite may have rolled back by itself (a full disk, for one).
  if (!connection_.inTransaction()) {
    return;
  }
  try {
    connection_.run("ROLLBACK");
  } catch (const SqliteFailure&) {  // NOLINT(bugprone-empty-catch): the failure that led here is the one to tell of
  }
}

void Transaction::commit() {
  try {
    connection_.run("COMMIT");
  } catch (const SqliteFailure& failure) {
    if ((failure.code & 0xFF) == SQLITE_IOERR) {
      throw OutcomeUnknown{failure.detail};
    }
    throw;
  }
}

}  // namespace onering
