#include "onering/simulation/runs.h"

#include <charconv>

namespace onering::simulation {

namespace {

constexpr std::size_t kLinesTold = 80;

std::string lastLines(const std::string& text, std::size_t count) {
  std::size_t from = text.size();
  for (std::size_t i = 0; i <= count && from != std::string::npos && from > 0; ++i) {
    from = text.rfind('\n', from - 1);
  }
  return from == std::string::npos || from == 0 ? text : text.substr(from + 1);
}

std::optional<std::uint64_t> parseNumber(std::string_view text) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc{} && end == text.data() + text.size() ? std::optional(number) : std::nullopt;
}

}  // namespace

std::optional<Seeds> parseSeeds(std::string_view text) {
  const auto dots = text.find("..");
  const auto first = parseNumber(text.substr(0, dots));
  const auto last = dots == std::string_view::npos ? first : parseNumber(text.substr(dots + 2));
  if (!first || !last || *last < *first) {
    return std::nullopt;
  }
  return Seeds{*first, *last};
}

Summary simulateAll(const Seeds& seeds, std::size_t failuresMax) {
  Summary summary;
  for (std::uint64_t seed = seeds.first; seed <= seeds.last && summary.failures.size() < failuresMax; ++seed) {
    Outcome outcome = simulate(seed);
    summary.coverage.add(outcome.coverage);
    summary.opsAccepted += outcome.opsAccepted;
    summary.events += outcome.events;
    summary.lasted += outcome.lasted;
    summary.fingerprint = summary.fingerprint * 31 + outcome.fingerprint;
    if (outcome.failure) {
      summary.failures.push_back(std::move(outcome));
    }
  }
  return summary;
}

std::string tellFailure(std::uint64_t seed) {
  const Outcome outcome = simulate(seed, {.trace = true});
  const std::string number = std::to_string(seed);
  return "seed " + number + ": " + outcome.failure.value_or("does not fail when it is played again") +
         "\nthe end of its trace:\n" + lastLines(outcome.trace, kLinesTold) +
         "\nplay it again: onering-simulation --seed " + number + " --trace\n";
}

}  // namespace onering::simulation
