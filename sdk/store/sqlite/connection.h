// SQLite in C++: a connection with its prepared statements, rows as values, failures as exceptions.
//
// Internal to the store. Nothing here knows what is stored; columns.h adds how the domain's values are kept.
#pragma once

#include <string>
#include <string_view>
#include <unordered_map>

#include <sqlite3.h>

#include "onering/ports/store.h"
#include "onering/store/sqlite/sqlite-store.h"

#include "columns.h"

namespace onering {

// SQL as it stands in the source. That it cannot be made from anything else is what keeps values out of it
// (SPEC §14).
class Sql {
 public:
  template <std::size_t N>
  consteval Sql(const char (&text)[N]) : text_(text, N - 1) {}  // NOLINT(google-explicit-constructor)

  [[nodiscard]] std::string_view text() const { return text_; }

 private:
  std::string_view text_;
};

// What SQLite said when it failed.
struct SqliteFailure {
  int code = SQLITE_ERROR;  // extended
  std::string detail;

  [[nodiscard]] StoreError error() const;
};

// What is in the store does not allow the batch (StoreFault::conflict).
struct Conflict {
  std::string detail;
};

// The rows of one run of a statement. Lets the statement go when it goes out of scope.
class Rows {
 public:
  Rows(sqlite3* connection, sqlite3_stmt* statement) : connection_(connection), statement_(statement) {}
  ~Rows();
  Rows(const Rows&) = delete;
  Rows& operator=(const Rows&) = delete;

  // Goes to the next row; false when there is none.
  bool next();

  // The row's columns from the first on. Views stay valid until next().
  template <typename... Values>
  void read(Values&... values) const {
    int column = 0;
    (readColumn(statement_, column++, values), ...);
  }

  template <typename Value>
  [[nodiscard]] Value get() const {
    Value value{};
    read(value);
    return value;
  }

 private:
  sqlite3* connection_;
  sqlite3_stmt* statement_;
};

class Connection {
 public:
  // Opens the database without reading it. Throws SqliteFailure, as every method does.
  explicit Connection(const SqliteOptions& options);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  // Starts a statement with `values` for ?1, ?2, …; what they refer to must live as long as the rows.
  template <typename... Values>
  [[nodiscard]] Rows select(Sql sql, const Values&... values) {
    sqlite3_stmt* statement = prepared(sql);
    int parameter = 0;
    (bindValue(statement, ++parameter, values), ...);
    return {connection_, statement};
  }

  // Runs a statement that gives no rows.
  template <typename... Values>
  void run(Sql sql, const Values&... values) {
    (void)select(sql, values...).next();
  }

  // The first column of the first row, where there is one.
  template <typename Value, typename... Values>
  [[nodiscard]] std::optional<Value> first(Sql sql, const Values&... values) {
    Rows rows = select(sql, values...);
    return rows.next() ? std::optional(rows.get<Value>()) : std::nullopt;
  }

  // Runs several statements once, without keeping them.
  void script(Sql sql);

  // `PRAGMA name = value`, which takes no parameters.
  void setPragma(Sql name, std::int64_t value);

  // Rows that the last statement inserted, changed or deleted.
  [[nodiscard]] std::int64_t changes() const { return sqlite3_changes64(connection_); }

  // The row number that the last INSERT gave.
  [[nodiscard]] std::int64_t lastInserted() const { return sqlite3_last_insert_rowid(connection_); }

  [[nodiscard]] bool inTransaction() const { return sqlite3_get_autocommit(connection_) == 0; }
  [[nodiscard]] sqlite3* handle() const { return connection_; }

 private:
  [[nodiscard]] sqlite3_stmt* prepared(Sql sql);

  sqlite3* connection_ = nullptr;
  std::unordered_map<const char*, sqlite3_stmt*> statements_;  // by the literal's address
};

// A transaction that is undone unless it is committed.
class Transaction {
 public:
  enum class Kind : std::uint8_t { read, write };

  Transaction(Connection& connection, Kind kind);
  ~Transaction();
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;

  // Durable when it returns. A failure of the medium leaves open whether it happened: StoreFault::unknown.
  void commit();

 private:
  Connection& connection_;
};

// Thrown by a commit whose outcome is not known.
struct OutcomeUnknown {
  std::string detail;
};

}  // namespace onering
