// Many schedules in a row, and how a failing one is told.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "onering/simulation/simulation.h"

namespace onering::simulation {

struct Seeds {
  std::uint64_t first = 1;
  std::uint64_t last = 2'000;
};

// "A..B" or "A"; nothing for anything else.
[[nodiscard]] std::optional<Seeds> parseSeeds(std::string_view text);

struct Summary {
  CoverageTotals coverage;
  std::uint64_t opsAccepted = 0;
  std::uint64_t events = 0;
  Duration lasted{};              // virtual
  std::uint64_t fingerprint = 0;  // of all runs
  std::vector<Outcome> failures;  // the first few
};

[[nodiscard]] Summary simulateAll(const Seeds& seeds, std::size_t failuresMax);

// Seed, reason, the end of the trace, and the command that plays it again.
[[nodiscard]] std::string tellFailure(std::uint64_t seed);

}  // namespace onering::simulation
