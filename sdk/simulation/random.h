// The one source of chance in a run. The same seed gives the same draws on every machine, which the standard
// library's distributions do not promise.
#pragma once

#include <concepts>
#include <cstdint>
#include <span>
#include <vector>

#include "onering/domain/time.h"
#include "onering/ports/entropy.h"

namespace onering::simulation {

// Parts in ten thousand.
using Rate = std::uint32_t;

class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}

  // SplitMix64 (Steele, Lea, Flood 2014).
  [[nodiscard]] std::uint64_t next() {
    std::uint64_t z = state_ += 0x9E3779B97F4A7C15U;
    z = (z ^ z >> 30U) * 0xBF58476D1CE4E5B9U;
    z = (z ^ z >> 27U) * 0x94D049BB133111EBU;
    return z ^ z >> 31U;
  }

  // 0 .. bound - 1. Slightly uneven for huge bounds, which no draw here has.
  [[nodiscard]] std::size_t below(std::size_t bound) { return static_cast<std::size_t>(next() % bound); }

  // first .. last, both included.
  template <std::integral Number>
  [[nodiscard]] Number between(Number first, Number last) {
    return static_cast<Number>(first + static_cast<Number>(next() % (static_cast<std::uint64_t>(last - first) + 1)));
  }

  [[nodiscard]] Duration between(Duration first, Duration last) {
    return Duration{between<std::int64_t>(first.count(), last.count())};
  }

  [[nodiscard]] bool chance(Rate rate) { return rate > 0 && below(10'000) < rate; }
  [[nodiscard]] bool coin() { return (next() & 1U) != 0; }

  template <typename T>
  [[nodiscard]] const T& pick(const std::vector<T>& from) {
    return from[below(from.size())];
  }

  template <typename T>
  [[nodiscard]] T oneOf(std::initializer_list<T> from) {
    return from.begin()[below(from.size())];
  }

 private:
  std::uint64_t state_;
};

// Ids and salts of one device.
class SeededEntropy final : public Entropy {
 public:
  explicit SeededEntropy(std::uint64_t seed) : random_(seed) {}

  void fill(std::span<std::uint8_t> bytes) override {
    for (std::uint8_t& byte : bytes) {
      byte = static_cast<std::uint8_t>(random_.next() >> 56U);
    }
  }

 private:
  Random random_;
};

}  // namespace onering::simulation
