#include "onering/play/replay.h"

#include <sstream>

#include <catch2/catch_test_macros.hpp>

#include "onering/domain/canonical.h"
#include "onering/domain/content-hash.h"
#include "onering/play/script.h"

namespace onering::testing {

namespace {

constexpr const char* kTwoTales =
    R"({"title":"One \"tale\"","turns":[{"author":"ann","at":"2024-05-01T12:00:00Z","segments":["Once","upon"]},)"
    R"({"author":"ben","at":"2024-05-02T12:00:00Z","segments":["a time"]}]})"
    "\n\n"
    R"({"title":"Another","turns":[{"author":"cat","at":"2024-05-03T12:00:00Z","segments":["Miau"]}]})"
    "\r\n";

struct Told {
  std::vector<play::ReplayLine> lines;
  std::vector<play::PlayedDraft> drafts;
};

std::expected<play::Replay, std::string> replay(const std::string& file, Told& told) {
  std::istringstream input(file);
  std::int64_t now = 0;
  return play::replay(
      input, [&] { return std::chrono::milliseconds{++now}; },
      [&](const play::WrittenDraft&, const play::PlayedDraft& draft, const play::ReplayLine& line) {
        told.drafts.push_back(draft);
        told.lines.push_back(line);
      });
}

}  // namespace

TEST_CASE("a replay tells of every draft how long its log is, its chain, and what it says") {
  Told told;
  const auto whole = replay(kTwoTales, told);
  REQUIRE(whole);
  REQUIRE(told.lines.size() == 2);
  ContentHash hash;
  hash.add("Once");
  hash.add("upon");
  hash.add("a time");
  CHECK(told.lines[0].title == "One \"tale\"");
  CHECK(told.lines[0].position.seq == 6);
  CHECK(told.lines[0].contentSha256 == hash.of("One \"tale\""));
  CHECK(told.lines[0].position == told.drafts[0].state.position);
  CHECK(told.lines[1].title == "Another");
  CHECK(told.lines[1].position.seq == 2);
  CHECK(play::toJson(whole->sums) == R"({"drafts":2,"ops":8,"segments":4,"bytes":18})");
}

TEST_CASE("the chain of a replayed draft is the one that its entries make") {
  Told told;
  REQUIRE(replay(kTwoTales, told));
  const auto line = std::string_view(kTwoTales).substr(0, std::string_view(kTwoTales).find('\n'));
  const auto draft = play::readDraft(line);
  REQUIRE(draft);
  Digest link{};
  Seq seq = 0;
  for (const Op& op : play::opsOf(*draft)) {
    link =
        nextLink(link, canonicalBytes(op, {.seq = ++seq, .acceptedAt = op.authoredAt, .rulesVersion = kRulesVersion}));
  }
  CHECK(told.lines[0].position == LogPosition{seq, link});
}

TEST_CASE("what is told of a draft is one line of JSON") {
  const play::ReplayLine line{
      .title = "Ein \"Märchen\"\n", .position = {.seq = 7, .link = {0xab}}, .contentSha256 = {0xcd}};
  const std::string zeros(62, '0');
  CHECK(play::toJson(line) == "{\"title\":\"Ein \\\"Märchen\\\"\\n\",\"seq\":7,\"link\":\"ab" + zeros +
                                  "\",\"contentSha256\":\"cd" + zeros + "\"}");
}

TEST_CASE("what the rules refuse is left out and told, and the rest goes on") {
  Told told;
  const auto whole =
      replay(R"({"title":"t","turns":[{"author":"ann","at":"2024-05-01T12:00:00Z","segments":["a","","b"]}]})", told);
  REQUIRE(whole);
  CHECK(whole->sums.ops == 3);
  CHECK(whole->sums.segments == 2);
  CHECK(whole->sums.refused == 1);
  REQUIRE(told.drafts[0].refused.size() == 1);
  CHECK(told.drafts[0].refused[0].operation == "appendSegment");
  CHECK(told.drafts[0].refused[0].number == 3);
  CHECK(told.drafts[0].refused[0].why.code == ErrorCode::contentEmpty);
  CHECK(told.drafts[0].texts == std::vector<std::string>{"a", "b"});
}

TEST_CASE("a draft that cannot be created leaves nothing") {
  Told told;
  const auto whole =
      replay(R"({"title":"\u0007","turns":[{"author":"ann","at":"2024-05-01T12:00:00Z","segments":["a"]}]})", told);
  REQUIRE(whole);
  CHECK(whole->sums.ops == 0);
  CHECK(whole->sums.refused == 2);
  CHECK(told.lines[0] == play::ReplayLine{"\a", {}, ContentHash().of("\a")});
}

TEST_CASE("a line that cannot be read ends the replay and is named") {
  Told told;
  const auto whole = replay(std::string(kTwoTales) + "{}\n", told);
  REQUIRE(!whole);
  CHECK(whole.error() == "line 4: has no \"title\"");
  CHECK(told.lines.size() == 2);
}

TEST_CASE("a replay says where its time went") {
  Told told;
  const auto whole = replay(kTwoTales, told);  // whose stopwatch shows one millisecond more whenever it is read
  REQUIRE(whole);
  CHECK(whole->times.fold == std::chrono::milliseconds{1});
  CHECK(whole->times.hash == std::chrono::milliseconds{2});
  CHECK(whole->times.library == std::chrono::milliseconds{1});
  CHECK(play::toJson(whole->sums, whole->times) ==
        R"({"opsPerSecond":8000,"opsPerSecondWithHashing":2667,"mbPerSecondHashing":0,"mbPerSecondLibrary":0})");
}

}  // namespace onering::testing
