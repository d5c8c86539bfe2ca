// Replays of tales.jsonl come to what tales.golden says, in both builds and for ever: if a line differs, canonical
// bytes, chain or rules have changed, and logs that are stored somewhere no longer verify (SPEC I7, H5).
#include <fstream>
#include <iterator>
#include <sstream>

#include <catch2/catch_test_macros.hpp>

#include "onering/play/replay.h"

namespace onering::testing {

namespace {

constexpr const char* kFolder = ONERING_ROOT "/tests/golden/";

std::string contentsOf(const std::string& name) {
  std::ifstream file(kFolder + name, std::ios::binary);
  REQUIRE(file);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::string replayed(const std::string& name) {
  std::ifstream file(kFolder + name, std::ios::binary);
  std::ostringstream lines;
  const auto replay = play::replay(
      file, [] { return std::chrono::nanoseconds{}; },
      [&](const play::WrittenDraft&, const play::PlayedDraft& played, const play::ReplayLine& line) {
        for (const play::RefusedOp& each : played.refused) {
          lines << each.number << ' ' << each.operation << ' ' << errorName(each.why.code) << '\n';
        }
        lines << play::toJson(line) << '\n';
      });
  REQUIRE(replay);
  lines << play::toJson(replay->sums) << '\n';
  return lines.str();
}

}  // namespace

TEST_CASE("I7 H5: what was written down once comes out again") {
  CHECK(replayed("tales.jsonl") == contentsOf("tales.golden"));
}

}  // namespace onering::testing
