// What an operator asks of the database and no server does: who owns what, where a ring went, what is old. Each
// question has an index of its own (SPEC §9) and takes a moment on a database of any size.
#pragma once

#include <expected>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "onering/domain/error.h"
#include "onering/postgres/options.h"

namespace onering {

struct FindQuestion {
  const char* name;   // "owner"
  const char* about;  // what is found by which value
};
[[nodiscard]] std::span<const FindQuestion> findQuestions();

// As PostgreSQL writes the values; nothing: NULL.
struct FoundRows {
  std::vector<std::string> columns;
  std::vector<std::vector<std::optional<std::string>>> rows;
};

// At most `countMax` rows, in the question's order. Errors: `protocolError` (no such question, or a value of another
// kind), `storageUnavailable`, and what opening a database refuses.
[[nodiscard]] std::expected<FoundRows, Rejection> find(const PostgresOptions& options, std::string_view question,
                                                       const std::string& value, std::uint32_t countMax);

}  // namespace onering
