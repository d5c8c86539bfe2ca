// What a statement answered: rows of binary columns, read by the order of the statement's select list.
#pragma once

#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include <libpq-fe.h>

#include "parameters.h"

namespace onering::postgres {

// What is stored is not what this program stores.
struct Damage : std::runtime_error {
  using std::runtime_error::runtime_error;
};

struct ClearResult {
  void operator()(PGresult* result) const { PQclear(result); }
};
using Result = std::unique_ptr<PGresult, ClearResult>;

class Row {
 public:
  Row(const PGresult* result, int row) : result_(result), row_(row) {}

  [[nodiscard]] bool isNull(int column) const { return PQgetisnull(result_, row_, column) != 0; }

  // The text or bytes of the column; they live as long as the result.
  [[nodiscard]] std::string_view bytes(int column) const {
    return {PQgetvalue(result_, row_, column), static_cast<std::size_t>(PQgetlength(result_, row_, column))};
  }
  [[nodiscard]] std::string text(int column) const { return std::string(bytes(column)); }
  [[nodiscard]] bool truth(int column) const { return bytes(column) == std::string_view("\1", 1); }

  // Of int2, int4, int8 and xid8.
  [[nodiscard]] std::int64_t number(int column) const {
    const std::string_view value = bytes(column);
    std::uint64_t bits = !value.empty() && value.front() < 0 ? ~std::uint64_t{0} : 0;
    for (const char byte : value) {
      bits = bits << 8U | static_cast<std::uint8_t>(byte);
    }
    return static_cast<std::int64_t>(bits);
  }
  template <typename Number>
  [[nodiscard]] Number numberAs(int column) const {
    return static_cast<Number>(number(column));
  }

  [[nodiscard]] Time time(int column) const { return timeFromMs(number(column) / 1'000 + kEpochMs); }

  template <typename Fixed>
  [[nodiscard]] Fixed fixed(int column) const {
    Fixed value{};
    const std::string_view stored = bytes(column);
    if (stored.size() != value.size()) {
      throw Damage("a column of another length");
    }
    std::copy(stored.begin(), stored.end(), reinterpret_cast<char*>(value.data()));
    return value;
  }
  [[nodiscard]] Digest digest(int column) const { return fixed<Digest>(column); }

  template <typename IdType>
  [[nodiscard]] IdType id(int column) const {
    return IdType{fixed<decltype(IdType::bytes)>(column)};
  }

 private:
  const PGresult* result_;
  int row_;
};

[[nodiscard]] inline int countOf(const Result& result) {
  return PQntuples(result.get());
}
[[nodiscard]] inline Row rowOf(const Result& result, int row) {
  return {result.get(), row};
}

}  // namespace onering::postgres
