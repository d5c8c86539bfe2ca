// Data for the tests: drafts that grow by ops, folded as an authority folds them, and the batches that take a store
// along. Ids and times count up, so that every run makes the same.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "onering/domain/canonical.h"
#include "onering/ports/device-store.h"

namespace onering::testing {

// Where ids and times come from.
class Source {
 public:
  template <typename IdType>
  IdType id() {
    std::array<std::uint8_t, 10> entropy{};
    ++ids_;
    for (std::size_t i = 0; i < 8; ++i) {
      entropy[9 - i] = static_cast<std::uint8_t>(ids_ >> (8 * i));
    }
    return IdType{uuidV7(now, entropy)};
  }

  Content content(std::string text);
  Op op(const DraftId& draft, std::string_view actor, OpBody body);

  Time now = timeFromMs(1'700'000'000'000);
  DeviceId device = id<DeviceId>();

 private:
  std::uint64_t ids_ = 0;
};

// One draft. `state`, `log`, `passes` and `segments` are what a store should hold once it has been given all writes.
class Script {
 public:
  // A draft of `owner`, created at the source's time.
  Script(Source& source, std::string_view owner, std::string title = "A draft");

  // Accepts what `actor` does, a millisecond later. The caller makes sure that the rules allow it.
  const LogEntry& act(std::string_view actor, OpBody body);
  const LogEntry& accept(const Op& op);

  // For the holder.
  SegmentId append(std::string text);
  void pass(std::string_view to);
  void redact(std::string_view actor, const SegmentId& segment);

  // Everything since the last write.
  [[nodiscard]] DraftWrite write();
  [[nodiscard]] Batch batch() { return Batch{.drafts = {write()}, .rejected = {}}; }

  // The store refused the write: its ops come with the next one.
  void takeBack(DraftWrite write);

  // As a snapshot.
  [[nodiscard]] DraftImage image() const { return {state, passes, segments}; }

  [[nodiscard]] DraftId id() const { return state.id; }

  DraftState state;
  std::vector<LogEntry> log;
  std::vector<RingPass> passes;
  std::vector<Segment> segments;

 private:
  void fold(LogEntry entry);
  void erase(const SegmentId& segment);

  Source& source_;
  Seq written_ = 0;
  std::vector<AcceptedOp> unwritten_;
};

[[nodiscard]] RejectedOp rejectedOp(const Op& op, ErrorCode code, Time at);

// Everything that a store says of a draft, read in one go.
struct Told {
  std::optional<DraftState> state;
  std::vector<LogEntry> log;
  std::vector<Segment> segments;
  std::vector<RingPass> passes;
  friend bool operator==(const Told&, const Told&) = default;
};

// What differs between the two, in words; empty where nothing does.
[[nodiscard]] std::string difference(const Told& seen, const Told& expected);

[[nodiscard]] Told tell(Store& store, const DraftId& draft);
[[nodiscard]] Told tell(const Script& script);

}  // namespace onering::testing
