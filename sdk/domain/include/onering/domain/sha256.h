// SHA-256 (FIPS 180-4), the one hash of OneRing. Backed by libsodium in both builds.
#pragma once

#include <sodium/crypto_hash_sha256.h>

#include "onering/domain/bytes.h"

namespace onering {

// A hash in progress. Value type: copying it forks the computation.
class Sha256 {
 public:
  Sha256();

  Sha256& add(std::span<const std::uint8_t> bytes);
  Sha256& add(std::string_view text) { return add(asBytes(text)); }

  // Adds the length of `text` as four little-endian bytes, then `text`, so that no two different
  // lists of texts hash alike.
  Sha256& addFramed(std::string_view text);

  // Ends the computation; the object may not be used afterwards.
  [[nodiscard]] Digest finish();

 private:
  crypto_hash_sha256_state state_;
};

}  // namespace onering
