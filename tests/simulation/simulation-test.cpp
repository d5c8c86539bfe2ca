#include <cstdlib>
#include <iostream>

#include <catch2/catch_test_macros.hpp>

#include "onering/simulation/runs.h"

namespace onering::simulation {

namespace {

constexpr Seeds kOrdinarySeeds{1, 2'000};

// ONERING_SIMULATION_SEEDS=A..B plays others.
Seeds seedsToPlay() {
  const char* wanted = std::getenv("ONERING_SIMULATION_SEEDS");  // NOLINT(concurrency-mt-unsafe): one thread
  return wanted ? parseSeeds(wanted).value_or(kOrdinarySeeds) : kOrdinarySeeds;
}

TEST_CASE("whatever fails, I1 to I11 hold and all replicas converge to the authority's chain") {
  const Seeds seeds = seedsToPlay();
  const Summary summary = simulateAll(seeds, 3);
  for (const Outcome& failed : summary.failures) {
    UNSCOPED_INFO(tellFailure(failed.seed));
  }
  REQUIRE(summary.failures.empty());
  std::cout << summary.coverage.table() << '\n'
            << summary.opsAccepted << " ops accepted, " << summary.events << " events, "
            << std::chrono::duration_cast<std::chrono::hours>(summary.lasted).count() << " hours of virtual time\n";

  if (summary.coverage.schedules() >= 2'000) {  // what never occurs is not tested
    for (std::size_t i = 0; i < kFaultCount; ++i) {
      const auto fault = static_cast<Fault>(i);
      INFO(faultName(fault));
      CHECK(summary.coverage.of(fault) > 0);
    }
    for (std::size_t i = 0; i < kSituationCount; ++i) {
      const auto situation = static_cast<Situation>(i);
      INFO(situationName(situation));
      CHECK(summary.coverage.of(situation) > 0);
    }
    // Nobody rewrites a log, and nothing breaks.
    CHECK(summary.coverage.never() == std::vector<std::string_view>{"divergence", "internal"});
  }
}

// One number for both builds and every machine (SPEC I7). It changes with the simulator and with what the core says.
TEST_CASE("seeds are played the same way in every build") {
  constexpr std::uint64_t kFingerprint = 0xCC1A7238EDA739B1;
  CHECK(simulateAll({1, 200}, 1).fingerprint == kFingerprint);
}

// A device rejects an op in two commits, of neither of which it knows whether it was stored: only their times tell them
// apart.
TEST_CASE("I8 two uncertain commits of one verdict are told apart") {
  for (const std::uint64_t seed : {11'022'864U, 13'034'599U}) {
    CHECK(simulate(seed).failure.value_or("") == "");
  }
}

TEST_CASE("K4 a segment is not missed that was accepted between two reads") {
  CHECK(simulate(13'252'735U).failure.value_or("") == "");
}

TEST_CASE("a healed world waits for its database, though nobody asks it anything") {
  CHECK(simulate(11'265'012U).failure.value_or("") == "");
}

TEST_CASE("a schedule is shrunk to what still fails, and told as a test") {
  const Fails reclaimed = [](const Outcome& outcome) {
    return outcome.coverage.situations[static_cast<std::size_t>(Situation::ringReclaimedFromHolderWithPendingWork)];
  };
  std::uint64_t seed = 1;
  while (!reclaimed(simulate(seed))) {
    ++seed;
  }
  const Reduction reduction = shrink(seed, reclaimed);
  CHECK(reclaimed(simulate(seed, {.reduction = reduction})));
  CHECK(reduction.without.size() > kFaultCount / 2);
  CHECK(reduction.actionsMax < 70);
  const std::string test = testOf(seed, reduction);
  CHECK(test.contains("  reduction.without.push_back(Fault::"));
  CHECK(test.contains("simulate(" + std::to_string(seed) + ", {.reduction = reduction})"));
}

TEST_CASE("a seed is played the same way every time") {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    const Outcome once = simulate(seed, {.trace = true});
    const Outcome again = simulate(seed, {.trace = true});
    INFO("seed " << seed);
    CHECK(once.trace == again.trace);
    CHECK(once.fingerprint == again.fingerprint);
    CHECK(simulate(seed).fingerprint == once.fingerprint);  // being watched changes nothing
  }
}

}  // namespace

}  // namespace onering::simulation
