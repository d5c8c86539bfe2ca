// How the domain's values are kept in columns, both directions: bindValue() and readColumn().
//
//   integers, enumerations, times   INTEGER, times in milliseconds
//   text                            TEXT
//   ids, digests, salts, Blob       BLOB
//   std::optional                   NULL or the value
//
// A column that holds anything else than what is read from it is damage: SqliteFailure{SQLITE_CORRUPT}.
#pragma once

#include <concepts>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include <sqlite3.h>

#include "onering/domain/draft.h"
#include "onering/domain/event.h"

namespace onering {

// Bytes that are not text; does not own them.
struct Blob {
  std::string_view bytes;
};

[[noreturn]] void throwDamaged(std::string_view what);
void checkBound(sqlite3_stmt* statement, int code);

// The last enumerator of each enumeration that is stored.
template <typename E>
inline constexpr E kLast = E{};
template <>
inline constexpr Role kLast<Role> = Role::owner;
template <>
inline constexpr DraftStatus kLast<DraftStatus> = DraftStatus::completed;
template <>
inline constexpr PassKind kLast<PassKind> = PassKind::removed;
template <>
inline constexpr EventType kLast<EventType> = EventType::inviteRevoked;
template <>
inline constexpr ErrorCode kLast<ErrorCode> = ErrorCode::internal;

// --- into parameters -----------------------------------------------------------------------------------

template <typename Value>
  requires std::integral<Value> || std::is_enum_v<Value>
void bindValue(sqlite3_stmt* statement, int parameter, Value value) {
  checkBound(statement, sqlite3_bind_int64(statement, parameter, static_cast<sqlite3_int64>(value)));
}

inline void bindValue(sqlite3_stmt* statement, int parameter, Time value) {
  bindValue(statement, parameter, toMs(value));
}

inline void bindValue(sqlite3_stmt* statement, int parameter, Duration value) {
  bindValue(statement, parameter, value.count());
}

inline void bindValue(sqlite3_stmt* statement, int parameter, std::string_view text) {
  const char* start = text.empty() ? "" : text.data();  // a null pointer would bind NULL
  checkBound(statement, sqlite3_bind_text64(statement, parameter, start, text.size(), SQLITE_STATIC, SQLITE_UTF8));
}

inline void bindValue(sqlite3_stmt* statement, int parameter, const std::string& text) {
  bindValue(statement, parameter, std::string_view(text));
}

inline void bindValue(sqlite3_stmt* statement, int parameter, Blob blob) {
  const char* start = blob.bytes.empty() ? "" : blob.bytes.data();
  checkBound(statement, sqlite3_bind_blob64(statement, parameter, start, blob.bytes.size(), SQLITE_STATIC));
}

template <std::size_t N>
void bindValue(sqlite3_stmt* statement, int parameter, const std::array<std::uint8_t, N>& bytes) {
  checkBound(statement, sqlite3_bind_blob64(statement, parameter, bytes.data(), bytes.size(), SQLITE_STATIC));
}

template <typename Tag>
void bindValue(sqlite3_stmt* statement, int parameter, const Id<Tag>& id) {
  bindValue(statement, parameter, id.bytes);
}

template <typename Value>
void bindValue(sqlite3_stmt* statement, int parameter, const std::optional<Value>& value) {
  if (value) {
    bindValue(statement, parameter, *value);
  } else {
    checkBound(statement, sqlite3_bind_null(statement, parameter));
  }
}

// --- out of columns ------------------------------------------------------------------------------------

[[nodiscard]] inline bool isNull(sqlite3_stmt* statement, int column) {
  return sqlite3_column_type(statement, column) == SQLITE_NULL;
}

inline void readColumn(sqlite3_stmt* statement, int column, std::int64_t& value) {
  if (sqlite3_column_type(statement, column) != SQLITE_INTEGER) {
    throwDamaged("a number");
  }
  value = sqlite3_column_int64(statement, column);
}

template <std::unsigned_integral Value>
void readColumn(sqlite3_stmt* statement, int column, Value& value) {
  std::int64_t number = 0;
  readColumn(statement, column, number);
  if (!std::in_range<Value>(number)) {
    throwDamaged("a number in its range");
  }
  value = static_cast<Value>(number);
}

template <typename Value>
  requires std::is_enum_v<Value>
void readColumn(sqlite3_stmt* statement, int column, Value& value) {
  std::uint8_t number = 0;
  readColumn(statement, column, number);
  if (number > static_cast<std::uint8_t>(kLast<Value>)) {
    throwDamaged("an enumerator");
  }
  value = static_cast<Value>(number);
}

inline void readColumn(sqlite3_stmt* statement, int column, Time& value) {
  std::int64_t ms = 0;
  readColumn(statement, column, ms);
  value = timeFromMs(ms);
}

inline void readColumn(sqlite3_stmt* statement, int column, Duration& value) {
  std::int64_t ms = 0;
  readColumn(statement, column, ms);
  value = Duration{ms};
}

inline void readColumn(sqlite3_stmt* statement, int column, std::string_view& text) {
  if (sqlite3_column_type(statement, column) != SQLITE_TEXT) {
    throwDamaged("text");
  }
  const auto* start = reinterpret_cast<const char*>(sqlite3_column_text(statement, column));
  text = {start, static_cast<std::size_t>(sqlite3_column_bytes(statement, column))};
}

inline void readColumn(sqlite3_stmt* statement, int column, std::string& text) {
  std::string_view view;
  readColumn(statement, column, view);
  text = view;
}

inline void readColumn(sqlite3_stmt* statement, int column, Blob& blob) {
  if (sqlite3_column_type(statement, column) != SQLITE_BLOB) {
    throwDamaged("bytes");
  }
  const auto* start = static_cast<const char*>(sqlite3_column_blob(statement, column));
  blob.bytes = {start, static_cast<std::size_t>(sqlite3_column_bytes(statement, column))};
}

template <std::size_t N>
void readColumn(sqlite3_stmt* statement, int column, std::array<std::uint8_t, N>& bytes) {
  Blob blob;
  readColumn(statement, column, blob);
  if (blob.bytes.size() != N) {
    throwDamaged("bytes of their length");
  }
  std::copy(blob.bytes.begin(), blob.bytes.end(), bytes.begin());
}

template <typename Tag>
void readColumn(sqlite3_stmt* statement, int column, Id<Tag>& id) {
  readColumn(statement, column, id.bytes);
}

template <typename Value>
void readColumn(sqlite3_stmt* statement, int column, std::optional<Value>& value) {
  if (isNull(statement, column)) {
    value.reset();
  } else {
    readColumn(statement, column, value.emplace());
  }
}

}  // namespace onering
