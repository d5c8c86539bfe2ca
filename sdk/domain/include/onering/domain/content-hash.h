// The hash of what a draft says: title and contents in order (SPEC H4). A cache key, not a proof.
#pragma once

#include "onering/domain/sha256.h"

namespace onering {

// Feed the segments' texts in order of position, then ask with the title. The title comes last so that
// appending to a draft, or renaming it, can go on from a kept state instead of from the first segment.
// A redacted segment counts as an empty text.
class ContentHash {
 public:
  void add(std::string_view segmentText) { hash_.addFramed(segmentText); }

  // SHA-256 over the framed texts and the framed title. Does not change the state.
  [[nodiscard]] Digest of(std::string_view title) const {
    Sha256 whole = hash_;
    whole.addFramed(title);
    return whole.finish();
  }

 private:
  Sha256 hash_;
};

}  // namespace onering
