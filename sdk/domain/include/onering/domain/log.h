// What becomes of an op: a place in the draft's log, or a rejection (SPEC §2).
#pragma once

#include <variant>

#include "onering/domain/bytes.h"
#include "onering/domain/error.h"
#include "onering/domain/op.h"

namespace onering {

// The version of judge() and apply() in this build (SPEC H5).
inline constexpr std::uint16_t kRulesVersion = 1;

// A place in a draft's log and the chain up to there. `{}`: before the first op.
struct LogPosition {
  Seq seq = 0;
  Digest link{};

  friend bool operator==(const LogPosition&, const LogPosition&) = default;
};

// An accepted op in its place. Never changes once it is stored, but for a redacted segment's text (SPEC I4, O12).
struct LogEntry {
  Op op;
  Seq seq = 0;
  Time acceptedAt;                 // the authority's time; never decreases along a log (SPEC I11)
  std::uint16_t rulesVersion = 0;  // of the core that accepted it
  std::string actorDisplay;  // how the actor is shown; given by the authority and, as it can be erased, not hashed
  Digest link{};             // link(seq) of SPEC H2

  [[nodiscard]] LogPosition position() const { return {seq, link}; }
  friend bool operator==(const LogEntry&, const LogEntry&) = default;
};

struct Accepted {
  Seq seq = 0;
  Time acceptedAt;
  std::uint16_t rulesVersion = 0;
  Digest link{};

  friend bool operator==(const Accepted&, const Accepted&) = default;
};

// The first and only answer to an op; every retry gets it again (SPEC I6).
using Receipt = std::variant<Accepted, Rejection>;

[[nodiscard]] inline Accepted acceptedFor(const LogEntry& entry) {
  return {entry.seq, entry.acceptedAt, entry.rulesVersion, entry.link};
}

}  // namespace onering
