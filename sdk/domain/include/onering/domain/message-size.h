// How much room values take in a message, so that the sides can chunk their work under Limits.messageBytes
// before it is encoded (SPEC S7).
//
// Upper bounds, in bytes: a message that carries a list of these is never longer than
//
//   kMessageOverhead + the sum of wireSizeMax() of what is in it
//
// The bound of an op or a log entry is exact to the byte; that of a segment is generous, as it counts names
// that the segments of a message share, and numbers that are mostly short, in full for each.
#pragma once

#include <cstddef>

#include "onering/domain/message.h"

namespace onering {

// Everything else in a Push, Receipts, Changed, Entries or SnapshotPart.
inline constexpr std::size_t kMessageOverhead = 512;

[[nodiscard]] std::size_t wireSizeMax(const Op& op);
[[nodiscard]] std::size_t wireSizeMax(const LogEntry& entry);
[[nodiscard]] std::size_t wireSizeMax(const OpReceipt& receipt);
[[nodiscard]] std::size_t wireSizeMax(const DraftPosition& position);
[[nodiscard]] std::size_t wireSizeMax(const DraftId& id);
[[nodiscard]] std::size_t wireSizeMax(const DraftState& state);
[[nodiscard]] std::size_t wireSizeMax(const Person& person);
[[nodiscard]] std::size_t wireSizeMax(const RingPass& pass);
[[nodiscard]] std::size_t wireSizeMax(const Segment& segment);

}  // namespace onering
