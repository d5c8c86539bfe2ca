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

// What RFC 3339 can write, the years 0000 to 9999. A device's clock may say anything, but a time that others are to
// keep lies in between (rules.h): every store's own type of time holds that.
inline constexpr Time kFirstTime = std::chrono::sys_days{std::chrono::year{0} / 1 / 1};
inline constexpr Time kLastTime = std::chrono::sys_days{std::chrono::year{10'000} / 1 / 1} - Duration{1};

// RFC 3339 with milliseconds, "2026-01-31T12:00:00.000Z". A time outside of that is written as the nearest inside.
[[nodiscard]] std::string timeText(Time time);

}  // namespace onering
