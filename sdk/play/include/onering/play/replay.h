// Ops through the core alone: judged, accepted and folded in memory, each at the time its author gave it.
#pragma once

#include <chrono>
#include <functional>
#include <istream>
#include <string>
#include <vector>

#include "onering/domain/rules.h"
#include "onering/play/written-draft.h"

namespace onering::play {

struct RefusedOp {
  std::string_view operation;  // its name
  std::size_t number = 0;      // among the draft's ops, from 1
  Rejection why;
};

// A draft after its ops.
struct PlayedDraft {
  DraftState state;
  std::vector<std::string> texts;  // of its segments, by position
  std::vector<RefusedOp> refused;
};

[[nodiscard]] PlayedDraft play(std::vector<Op> ops, const Limits& limits = {});

// What a replay says of a draft. Both builds say it in the same bytes.
struct ReplayLine {
  std::string title;
  LogPosition position;
  Digest contentSha256{};
  friend bool operator==(const ReplayLine&, const ReplayLine&) = default;
};

// {"title":"…","seq":7,"link":"<hex>","contentSha256":"<hex>"}
[[nodiscard]] std::string toJson(const ReplayLine& line);

struct ReplaySums {
  std::uint64_t drafts = 0;
  std::uint64_t ops = 0;  // accepted
  std::uint64_t refused = 0;
  std::uint64_t segments = 0;
  std::uint64_t bytes = 0;  // of the segments' texts
};

// {"drafts":2,"ops":31,"segments":20,"bytes":4711}
[[nodiscard]] std::string toJson(const ReplaySums& sums);

// Where the time went.
struct ReplayTimes {
  std::chrono::nanoseconds fold{};     // validate, judge, accept (which hashes the chain), apply
  std::chrono::nanoseconds hash{};     // of all texts, twice: sealing them, and contentSha256
  std::chrono::nanoseconds library{};  // the same bytes in the same pieces, straight to the hash library
};

// {"opsPerSecond":…,"opsPerSecondWithHashing":…,"mbPerSecondHashing":…,"mbPerSecondLibrary":…}
[[nodiscard]] std::string toJson(const ReplaySums& sums, const ReplayTimes& times);

// Time since any fixed moment: the processor's where others work on the same machine.
using Stopwatch = std::function<std::chrono::nanoseconds()>;

struct Replay {
  ReplaySums sums;
  ReplayTimes times;
};

// Is given each draft as it was written and what came of it.
using ReplayListener = std::function<void(const WrittenDraft&, const PlayedDraft&, const ReplayLine&)>;

// Replays the drafts of `input`, a file of lines as written-draft.h describes, compressed with gzip or not.
// Stops at a line that cannot be read, and says which and why.
[[nodiscard]] std::expected<Replay, std::string> replay(std::istream& input, const Stopwatch& stopwatch,
                                                        const ReplayListener& listener);

}  // namespace onering::play
