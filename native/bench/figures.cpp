#include "figures.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <csignal>

namespace onering::bench {

namespace {

std::atomic<bool> interrupted = false;
static_assert(std::atomic<bool>::is_always_lock_free);  // set in a signal handler

}  // namespace

double secondsSince(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

std::chrono::milliseconds millisecondsOf(double seconds) {
  return std::chrono::milliseconds(static_cast<std::int64_t>(seconds * 1'000));
}

void Durations::add(Clock::duration duration) {
  values_.push_back(std::chrono::duration<float, std::milli>(duration).count());
  sorted_ = false;
}

double Durations::ms(double share) {
  if (values_.empty()) {
    return 0;
  }
  if (!sorted_) {
    std::ranges::sort(values_);
    sorted_ = true;
  }
  const auto rank = static_cast<std::size_t>(std::ceil(share * static_cast<double>(values_.size())));
  return rounded(values_[std::clamp<std::size_t>(rank, 1, values_.size()) - 1], 3);
}

void Durations::tell(Figures& figures, const std::string& prefix) {
  const auto name = [&](std::string text) {
    if (!prefix.empty()) {
      text.front() = static_cast<char>(text.front() - 'a' + 'A');
    }
    return prefix + text;
  };
  figures[name("p50Ms")] = ms(0.5);
  figures[name("p95Ms")] = ms(0.95);
  figures[name("p99Ms")] = ms(0.99);
  figures[name("maxMs")] = ms(1);
}

double rounded(double value, int digits) {
  const double scale = std::pow(10, digits);
  return std::round(value * scale) / scale;
}

std::int64_t perUnit(double amount, double units) {
  return units > 0 ? std::llround(amount / units) : 0;
}

SignalGuard::SignalGuard() {
  for (const int number : {SIGINT, SIGTERM}) {
    std::signal(number, [](int) { interrupted = true; });
  }
}

SignalGuard::~SignalGuard() {
  for (const int number : {SIGINT, SIGTERM}) {
    std::signal(number, SIG_DFL);
  }
}

void checkInterrupted() {
  if (interrupted.exchange(false)) {
    throw Interrupted{};
  }
}

void fail(ErrorCode code, std::string_view message) {
  throw Failed{rejection(code, message)};
}

}  // namespace onering::bench
