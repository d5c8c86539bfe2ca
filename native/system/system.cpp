#include "onering/system/system.h"

#include <sodium/randombytes.h>

namespace onering {

Time systemNow() {
  return std::chrono::floor<Duration>(std::chrono::system_clock::now());
}

void SystemEntropy::fill(std::span<std::uint8_t> bytes) {
  randombytes_buf(bytes.data(), bytes.size());
}

}  // namespace onering
