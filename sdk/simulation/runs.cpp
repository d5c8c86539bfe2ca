#include "onering/simulation/runs.h"

#include <algorithm>
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

Summary simulateAll(const Seeds& seeds, std::size_t failuresMax, const std::function<void(std::uint64_t)>& played) {
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
    if (played) {
      played(seed - seeds.first + 1);
    }
  }
  return summary;
}

Reduction shrink(std::uint64_t seed, const Fails& fails) {
  Reduction reduction;
  const auto tryWith = [&](Reduction smaller) {
    if (smaller == reduction || !fails(simulate(seed, {.reduction = smaller}))) {
      return false;
    }
    reduction = std::move(smaller);
    return true;
  };
  const auto halve = [&](auto Reduction::* bound, auto from) {
    for (auto step = from; step > 0; step /= 2) {
      Reduction smaller = reduction;
      while (std::min(smaller.*bound, from) > step) {
        smaller.*bound = std::min(smaller.*bound, from) - step;
        if (!tryWith(smaller)) {
          break;
        }
      }
    }
  };
  Reduction alone = reduction;
  alone.withoutIntruder = true;
  tryWith(alone);
  for (std::size_t i = 0; i < kFaultCount; ++i) {
    Reduction smaller = reduction;
    smaller.without.push_back(static_cast<Fault>(i));
    tryWith(std::move(smaller));
  }
  halve(&Reduction::actionsMax, std::uint32_t{64});
  halve(&Reduction::devicesMax, std::size_t{4});
  halve(&Reduction::serversMax, std::size_t{2});
  halve(&Reduction::actionsMax, std::uint32_t{32});
  return reduction;
}

std::string testOf(std::uint64_t seed, const Reduction& reduction) {
  const std::string number = std::to_string(seed);
  std::string text = "TEST_CASE(\"seed " + number + "\") {\n  Reduction reduction;\n";
  for (const Fault fault : reduction.without) {
    text += "  reduction.without.push_back(Fault::" + std::string(faultName(fault)) + ");\n";
  }
  const Reduction whole;
  const auto bound = [&](std::string_view name, auto value, auto otherwise) {
    if (value != otherwise) {
      text += "  reduction." + std::string(name) + " = " + std::to_string(value) + ";\n";
    }
  };
  bound("devicesMax", reduction.devicesMax, whole.devicesMax);
  bound("actionsMax", reduction.actionsMax, whole.actionsMax);
  bound("serversMax", reduction.serversMax, whole.serversMax);
  if (reduction.withoutIntruder) {
    text += "  reduction.withoutIntruder = true;\n";
  }
  return text + "  CHECK(simulate(" + number + ", {.reduction = reduction}).failure.value_or(\"\") == \"\");\n}\n";
}

std::string tellFailure(std::uint64_t seed) {
  const Reduction reduction = shrink(seed, [](const Outcome& outcome) { return outcome.failure.has_value(); });
  const Outcome whole = simulate(seed);
  const Outcome outcome = simulate(seed, {.trace = true, .reduction = reduction});
  const std::string number = std::to_string(seed);
  return "seed " + number + ": " + whole.failure.value_or("does not fail when it is played again") +
         "\nthe end of what is left of it when it has been shrunk:\n" + lastLines(outcome.trace, kLinesTold) + "  " +
         outcome.failure.value_or("") + "\n\n" + testOf(seed, reduction) +
         "\nplay the whole of it: onering simulate --replay " + number + " --trace\n";
}

}  // namespace onering::simulation
