// What benchmarks compute with.
#pragma once

#include <chrono>
#include <cstddef>
#include <vector>

#include "onering/bench/bench.h"

namespace onering::bench {

using Clock = std::chrono::steady_clock;

[[nodiscard]] double secondsSince(Clock::time_point start);
[[nodiscard]] std::chrono::milliseconds millisecondsOf(double seconds);

// Durations, for their percentiles.
class Durations {
 public:
  void add(Clock::duration duration);
  [[nodiscard]] std::size_t count() const { return values_.size(); }
  // The duration that `share` of all do not exceed, in milliseconds; 0 when there are none.
  [[nodiscard]] double ms(double share);

  // `prefix`P50Ms, P95Ms, P99Ms, MaxMs.
  void tell(Figures& figures, const std::string& prefix = {});

 private:
  std::vector<float> values_;
  bool sorted_ = true;
};

// To so many digits behind the point; figures are read by people, too.
[[nodiscard]] double rounded(double value, int digits = 2);
// Whole ones; 0 where there are no units.
[[nodiscard]] std::int64_t perUnit(double amount, double units);

// Stops waiting on SIGINT and SIGTERM: while one lives, checkInterrupted() throws Interrupted after such a signal.
class SignalGuard {
 public:
  SignalGuard();
  ~SignalGuard();
  SignalGuard(const SignalGuard&) = delete;
  SignalGuard& operator=(const SignalGuard&) = delete;
  SignalGuard(SignalGuard&&) = delete;
  SignalGuard& operator=(SignalGuard&&) = delete;
};
void checkInterrupted();

[[noreturn]] void fail(ErrorCode code, std::string_view message);

}  // namespace onering::bench
