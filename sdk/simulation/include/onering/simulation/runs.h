// Many schedules in a row, and how a failing one is told.
#pragma once

#include <cstdint>
#include <functional>
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

// `played` is called after each schedule with how many have been played.
[[nodiscard]] Summary simulateAll(const Seeds& seeds, std::size_t failuresMax,
                                  const std::function<void(std::uint64_t)>& played = {});

// What can be left out of the seed's schedule so that `fails` still says yes of the outcome, as it does of the whole
// one: kinds of faults, devices, servers, actions, as many as go one after the other.
using Fails = std::function<bool(const Outcome&)>;
[[nodiscard]] Reduction shrink(std::uint64_t seed, const Fails& fails);

// A test to paste into tests/simulation that plays what is left.
[[nodiscard]] std::string testOf(std::uint64_t seed, const Reduction& reduction);

// Seed, reason, the end of the shrunk schedule's trace, it as a test, and the command that plays the whole one again.
[[nodiscard]] std::string tellFailure(std::uint64_t seed);

}  // namespace onering::simulation
