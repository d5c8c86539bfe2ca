// What is too much (SPEC §13). The authority's values reach every replica on connecting, so that
// both sides judge alike.
#pragma once

#include <cstdint>

namespace onering {

struct Limits {
  std::uint32_t titleCharacters = 200;  // Unicode code points
  std::uint32_t segmentBytes = 16'384;  // UTF-8
  std::uint32_t collaborators = 1'000;  // members besides the owner
  std::uint32_t segmentsPerDraft = 1'000'000;
  std::uint32_t messageBytes = 1U << 20U;  // one message, both directions
  std::uint32_t opsPerPush = 256;

  friend bool operator==(const Limits&, const Limits&) = default;
};

}  // namespace onering
