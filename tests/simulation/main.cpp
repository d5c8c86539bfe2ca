// The tests, and with --seed or --seeds a tool to look at schedules one by one or by the thousand.
#include <chrono>
#include <iostream>
#include <span>
#include <string_view>

#include <catch2/catch_session.hpp>

#include "onering/simulation/runs.h"

namespace {

using onering::simulation::Outcome;
using onering::simulation::Seeds;
using onering::simulation::Summary;

constexpr std::string_view kUsage =
    "  --seed N [--trace]   plays one schedule, and tells all of it\n"
    "  --seeds A..B         plays many, and tells how often what occurred\n";

int playOne(std::uint64_t seed, bool trace) {
  const Outcome outcome = onering::simulation::simulate(seed, {.trace = trace});
  std::cout << outcome.trace << "seed " << seed << ": " << outcome.failure.value_or("ok") << ", " << outcome.events
            << " events, " << outcome.opsAccepted << " ops accepted, fingerprint " << std::hex << outcome.fingerprint
            << '\n';
  return outcome.failure ? 1 : 0;
}

int playMany(const Seeds& seeds) {
  constexpr std::size_t kFailuresMax = 20;
  const auto start = std::chrono::steady_clock::now();
  const Summary summary = onering::simulation::simulateAll(seeds, kFailuresMax);
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
  for (const Outcome& failed : summary.failures) {
    std::cout << "seed " << failed.seed << ": " << *failed.failure << '\n';
  }
  const auto schedules = summary.coverage.schedules();
  std::cout << summary.coverage.table() << '\n'
            << summary.opsAccepted << " ops accepted, " << summary.events << " events, fingerprint " << std::hex
            << summary.fingerprint << std::dec << '\n'
            << schedules << " schedules, " << summary.failures.size() << " failed\n";
  std::cerr << static_cast<std::uint64_t>(60.0 * static_cast<double>(schedules) / took.count())
            << " schedules a minute\n";
  return summary.failures.empty() ? 0 : 1;
}

}  // namespace

int main(int argc, char* argv[]) {
  const std::span arguments(argv, static_cast<std::size_t>(argc));
  for (std::size_t i = 1; i + 1 < arguments.size(); ++i) {
    const std::string_view name = arguments[i];
    if (name != "--seed" && name != "--seeds") {
      continue;
    }
    const auto seeds = onering::simulation::parseSeeds(arguments[i + 1]);
    if (!seeds) {
      std::cerr << "not a seed: " << arguments[i + 1] << '\n' << kUsage;
      return 2;
    }
    const bool trace = std::string_view(arguments.back()) == "--trace";
    return name == "--seed" ? playOne(seeds->first, trace) : playMany(*seeds);
  }
  return Catch::Session().run(argc, argv);
}
