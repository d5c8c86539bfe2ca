// Values to try the codec on: every kind of message, with all that can be in it, from a seed.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "onering/domain/message.h"

namespace onering::testing {

inline constexpr std::size_t kOpKinds = std::variant_size_v<OpBody>;
inline constexpr std::size_t kReplicaKinds = std::variant_size_v<ReplicaMessage>;
inline constexpr std::size_t kAuthorityKinds = std::variant_size_v<AuthorityMessage>;

// The same seed makes the same values on every machine.
class Maker {
 public:
  explicit Maker(std::uint64_t seed) : state_(seed) {}

  std::uint64_t number();
  std::size_t below(std::size_t end) { return static_cast<std::size_t>(number() % end); }
  bool coin() { return below(2) == 0; }
  // Zero, small, of every other magnitude, or the greatest there is.
  std::uint64_t magnitude();

  // Well-formed UTF-8 of up to `bytesMax` bytes; empty, or as long as a word or a few, more often than not.
  std::string text(std::size_t bytesMax = 40);
  Time time() { return timeFromMs(static_cast<std::int64_t>(magnitude())); }
  Digest digest();
  Salt salt();
  LogPosition position() { return coin() ? LogPosition{} : LogPosition{magnitude(), digest()}; }
  ChangeCursor cursor() { return {time(), id<DraftId>()}; }
  SnapshotProgress progress();

  template <typename IdType>
  IdType id() {
    return IdType::fromHalves(number(), number());
  }

  // `kind`: index of the alternative.
  OpBody body(std::size_t kind);
  Op op(std::size_t kind);
  Op op() { return op(below(kOpKinds)); }
  Segment segment();
  RingPass pass();
  DraftState state();
  ReplicaMessage replicaMessage(std::size_t kind);
  AuthorityMessage authorityMessage(std::size_t kind);

 private:
  Role role() { return static_cast<Role>(below(3)); }
  std::uint32_t count() { return static_cast<std::uint32_t>(below(5)); }
  Rejection anyRejection();
  OpReceipt receipt();
  Entries entries();
  SnapshotPart part();
  Changed changed();

  std::uint64_t state_;
};

// Plain values that need only a little of what their types have room for.
LogEntry entryOf(Op op, Seq seq);
Segment segmentOf(std::uint32_t position, std::string author, std::string text);
// A part with all that is left of a draft's segments: those given.
SnapshotPart partOf(std::vector<Segment> segments);

}  // namespace onering::testing
