// Time as the core knows it: a number that comes in from outside, never a clock (SPEC I11).
#pragma once

#include <chrono>
#include <string>

namespace onering {

using Duration = std::chrono::milliseconds;

// A point in time, UTC, to the millisecond.
using Time = std::chrono::sys_time<Duration>;

[[nodiscard]] constexpr Time timeFromMs(std::int64_t msSinceEpoch) {
  return Time{Duration{msSinceEpoch}};
}
[[nodiscard]] constexpr std::int64_t toMs(Time time) {
  return time.time_since_epoch().count();
}

// RFC 3339 with milliseconds, "2026-01-31T12:00:00.000Z". A time outside the years 0000 to 9999 is written as
// the nearest inside: a device's clock may say anything.
[[nodiscard]] std::string timeText(Time time);

}  // namespace onering
