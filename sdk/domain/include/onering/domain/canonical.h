// Canonical bytes and the chain (SPEC §7).
//
// The canonical form is the canonical Cap'n Proto encoding of `Op` in onering.capnp. The struct was laid
// out flat for this: 17 data words and three texts, no nested objects, so that it can be written and read
// here directly, without a message builder. A test holds these bytes against Cap'n Proto's own
// canonicalization for every operation.
#pragma once

#include <expected>
#include <string>
#include <string_view>

#include "onering/domain/draft.h"

namespace onering {

// What an accepted op is stamped with; all zero for an op that has not been accepted.
struct Stamp {
  Seq seq = 0;
  Time acceptedAt{};
  std::uint16_t rulesVersion = 0;

  friend bool operator==(const Stamp&, const Stamp&) = default;
};

[[nodiscard]] inline Stamp stampOf(const LogEntry& entry) {
  return {entry.seq, entry.acceptedAt, entry.rulesVersion};
}

[[nodiscard]] std::string canonicalBytes(const Op& op, const Stamp& stamp);

struct ParsedOp {
  Op op;  // an appendSegment comes back with its content erased: only the digest is in the bytes
  Stamp stamp;

  friend bool operator==(const ParsedOp&, const ParsedOp&) = default;
};

// The op that canonicalBytes() wrote. Anything else, one byte off, is a protocolError.
[[nodiscard]] std::expected<ParsedOp, Rejection> parseCanonical(std::string_view bytes);

// SPEC K3: two ops with the same id are the same op when this is equal.
[[nodiscard]] Digest opDigest(const Op& op);

// SPEC H2: link(n) = SHA-256("onering/1" || link(n-1) || canonical(op n)).
[[nodiscard]] Digest nextLink(const Digest& previous, std::string_view canonical);
[[nodiscard]] Digest nextLink(const Digest& previous, const LogEntry& entry);

}  // namespace onering
