#include "onering/system/system.h"

#include <algorithm>
#include <array>
#include <cstddef>

#include <sodium/randombytes.h>

namespace onering {

namespace {

// A system call for each id would be a tenth of what an append costs a client.
class Stock {
 public:
  void take(std::span<std::uint8_t> bytes) {
    if (bytes.size() > bytes_.size() - used_) {
      randombytes_buf(bytes_.data(), bytes_.size());
      used_ = 0;
    }
    const auto taken = std::span(bytes_).subspan(used_, bytes.size());
    std::ranges::copy(taken, bytes.begin());
    std::ranges::fill(taken, 0);  // whoever sees this memory later learns no secret
    used_ += bytes.size();
  }

  static constexpr std::size_t kSize = 1024;

 private:
  std::array<std::uint8_t, kSize> bytes_{};
  std::size_t used_ = kSize;
};

}  // namespace

Time systemNow() {
  return std::chrono::floor<Duration>(std::chrono::system_clock::now());
}

void SystemEntropy::fill(std::span<std::uint8_t> bytes) {
  thread_local Stock stock;
  if (bytes.size() > Stock::kSize) {
    randombytes_buf(bytes.data(), bytes.size());
  } else {
    stock.take(bytes);
  }
}

}  // namespace onering
