#pragma once

#include <cstdint>
#include <span>

namespace onering {

// A source of unpredictable bytes. Natively: the operating system's. In a browser: crypto.getRandomValues.
// In tests: seeded, so that a run can be repeated.
class Entropy {
 public:
  virtual ~Entropy() = default;

  // Fills all of `bytes`. Does not fail: a platform without entropy cannot run OneRing.
  virtual void fill(std::span<std::uint8_t> bytes) = 0;
};

}  // namespace onering
