// SHA-256 (FIPS 180-4), the one hash of OneRing. Why it is OneRing's own: docs/decisions/sha256.md.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "onering/domain/bytes.h"

namespace onering {

// A hash in progress. Value type: copying it forks the computation.
class Sha256 {
 public:
  Sha256& add(std::span<const std::uint8_t> bytes);
  Sha256& add(std::string_view text) { return add(asBytes(text)); }

  // Adds the length of `text` as four little-endian bytes, then `text`, so that no two different
  // lists of texts hash alike.
  Sha256& addFramed(std::string_view text);

  // Ends the computation; the object may not be used afterwards.
  [[nodiscard]] Digest finish();

 private:
  static constexpr std::size_t kBlockSize = 64;

  // FIPS 180-4 §5.3.3.
  std::array<std::uint32_t, 8> state_{0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                      0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
  std::uint64_t size_ = 0;                       // of all that was added, in bytes
  std::array<std::uint8_t, kBlockSize> rest_{};  // its last size_ % kBlockSize bytes
};

}  // namespace onering
