// What every part of a run shares.
#pragma once

#include <exception>
#include <string>

#include "onering/simulation/coverage.h"

#include "plan.h"
#include "random.h"
#include "scheduler.h"
#include "trace.h"

namespace onering::simulation {

// Something that must never be so was so. Ends the run.
class Violation final : public std::exception {
 public:
  explicit Violation(std::string what) : what_(std::move(what)) {}
  [[nodiscard]] const char* what() const noexcept override { return what_.c_str(); }

 private:
  std::string what_;
};

inline void require(bool holds, const char* what) {
  if (!holds) {
    throw Violation(what);
  }
}

// For messages that take some making.
template <typename Describe>
  requires std::is_invocable_r_v<std::string, Describe>
void require(bool holds, Describe&& describe) {
  if (!holds) {
    throw Violation(std::forward<Describe>(describe)());
  }
}

struct Environment {
  Environment(std::uint64_t seed, const Options& options)
      : random(seed), clock(kStart), trace(options.trace, kStart), plan(reduced(drawPlan(random), options.reduction)) {}

  static constexpr Time kStart = timeFromMs(1'750'000'000'000);

  // Whether the fault happens here and now.
  [[nodiscard]] bool strikes(Fault fault) {
    if (healed || night || !random.chance(plan.rate(fault))) {
      return false;
    }
    coverage.saw(fault);
    trace(clock.now(), "! ", faultName(fault));
    return true;
  }

  // The fingerprint takes in everything that is sent.
  void mark(std::uint64_t number) {
    fingerprint = (fingerprint ^ number) * 0x100000001B3U;
    fingerprint ^= fingerprint >> 29U;
  }

  Random random;
  Scheduler clock;
  Trace trace;
  Plan plan;
  Coverage coverage;
  bool healed = false;
  bool night = false;  // nobody does anything, and nothing fails
  std::uint64_t fingerprint = 0xCBF29CE484222325U;
};

}  // namespace onering::simulation
