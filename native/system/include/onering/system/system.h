// What the core is given from outside (SPEC I11), as this machine has it.
#pragma once

#include "onering/domain/time.h"
#include "onering/ports/entropy.h"

namespace onering {

// The machine's wall clock.
[[nodiscard]] Time systemNow();

// The operating system's random bytes. Thread-safe.
class SystemEntropy final : public Entropy {
 public:
  void fill(std::span<std::uint8_t> bytes) override;
};

}  // namespace onering
