// Enumerations as the words that their columns hold.
#pragma once

#include <array>
#include <string_view>

#include "onering/domain/draft.h"

#include "rows.h"

namespace onering::postgres {

inline constexpr std::array<std::string_view, 3> kRoles{"viewer", "editor", "owner"};
inline constexpr std::array<std::string_view, 3> kStatuses{"active", "locked", "completed"};
inline constexpr std::array<std::string_view, 4> kPassKinds{"created", "passed", "reclaimed", "removed"};

[[nodiscard]] inline std::string_view nameOf(Role role) {
  return kRoles.at(static_cast<std::size_t>(role));
}
[[nodiscard]] inline std::string_view nameOf(DraftStatus status) {
  return kStatuses.at(static_cast<std::size_t>(status));
}
[[nodiscard]] inline std::string_view nameOf(PassKind kind) {
  return kPassKinds.at(static_cast<std::size_t>(kind));
}

// The value that `name` stands for; throws Damage where it stands for none.
template <typename Enum, std::size_t kSize>
[[nodiscard]] Enum valueOf(std::string_view name, const std::array<std::string_view, kSize>& names) {
  for (std::size_t i = 0; i < kSize; ++i) {
    if (names[i] == name) {
      return static_cast<Enum>(i);
    }
  }
  throw Damage("a word that is none of its column's");
}

}  // namespace onering::postgres
