#include "onering/play/written-draft.h"

#include <catch2/catch_test_macros.hpp>

namespace onering::testing {

namespace {

constexpr const char* kNoTime = "turn 1: \"at\" is no time like 2024-05-01T12:00:00Z";

std::string wrongWith(const std::string& line) {
  const auto draft = play::readDraft(line);
  return draft ? "nothing" : draft.error();
}

std::string lineAt(const std::string& time) {
  return R"({"title":"t","turns":[{"author":"a","at":")" + time + R"(","segments":[]}]})";
}

Time timeOf(const std::string& time) {
  const auto draft = play::readDraft(lineAt(time));
  REQUIRE(draft);
  return draft->turns.front().at;
}

}  // namespace

TEST_CASE("a line gives title and turns") {
  const auto draft = play::readDraft(
      R"( {"turns": [{"author": "ann", "at": "2014-10-08T11:27:01Z", "segments": ["Ein \"M\u00e4rchen\"\n", "\ud83d\udc69"]},)"
      R"({"segments": [], "at": "2014-10-08T11:27:02.5Z", "author": "ben"}], "title": "A tale"} )");
  REQUIRE(draft);
  CHECK(*draft == play::WrittenDraft{.title = "A tale",
                                     .turns = {{"ann", timeFromMs(1'412'767'621'000), {"Ein \"Märchen\"\n", "👩"}},
                                               {"ben", timeFromMs(1'412'767'622'500), {}}}});
}

TEST_CASE("a line that is no draft says what is wrong with it") {
  CHECK(wrongWith("").starts_with("no JSON: "));
  CHECK(wrongWith("{").starts_with("no JSON: "));
  CHECK(wrongWith("{} {}").starts_with("no JSON: "));
  CHECK(wrongWith("{'title': 1}").starts_with("no JSON: "));
  CHECK(wrongWith("{\"title\":\"\xff\",\"turns\":[]}").starts_with("no JSON: "));
  CHECK(wrongWith(R"({"title":"\ud800","turns":[]})").starts_with("no JSON: "));
  CHECK(wrongWith("[]") == "is no object");
  CHECK(wrongWith(R"({"turns":[]})") == "has no \"title\"");
  CHECK(wrongWith(R"({"title":"t"})") == "has no \"turns\"");
  CHECK(wrongWith(R"({"title":1,"turns":[]})") == "\"title\" is no string");
  CHECK(wrongWith(R"({"title":"t","turns":{}})") == "\"turns\" is no list");
  CHECK(wrongWith(R"({"title":"t","turns":[]})") == "a draft without turns has no author");
  CHECK(wrongWith(R"({"title":"t","turns":[],"more":0})") == "has an unknown field \"more\"");
  CHECK(wrongWith(R"({"title":"t","turns":[7]})") == "turn 1: is no object");
  CHECK(wrongWith(R"({"title":"t","turns":[{"author":"a","at":"2024-05-01T12:00:00Z","segments":[]},{}]})") ==
        "turn 2: has no \"author\"");
  CHECK(wrongWith(R"({"title":"t","turns":[{"author":"a","at":"2024-05-01T12:00:00Z","segments":["",null]}]})") ==
        "turn 1: a segment is no string");
  CHECK(wrongWith(R"({"title":"t","turns":[{"author":"a","at":5,"segments":[]}]})") == "turn 1: \"at\" is no string");
}

// Seconds as `date -u -d TIME +%s` prints them.
TEST_CASE("times are RFC 3339 in UTC") {
  CHECK(timeOf("1970-01-01T00:00:00Z") == timeFromMs(0));
  CHECK(timeOf("2000-02-29T23:59:59Z") == timeFromMs(951'868'799'000));
  CHECK(timeOf("2016-12-31T23:59:60Z") == timeFromMs(1'483'228'800'000));
  CHECK(timeOf("2024-05-01T12:00:00.1Z") == timeFromMs(1'714'564'800'100));
  CHECK(timeOf("2024-05-01T12:00:00.0129Z") == timeFromMs(1'714'564'800'012));
  CHECK(timeOf("0000-01-01T00:00:00Z") == timeFromMs(-62'167'219'200'000));
  for (const char* time :
       {"", "2024-05-01", "2024-05-01T12:00:00", "2024-05-01T12:00:00+00:00", "2024-05-01t12:00:00Z",
        "2024-05-01 12:00:00Z", "2023-02-29T12:00:00Z", "2024-13-01T12:00:00Z", "2024-00-01T12:00:00Z",
        "2024-05-01T24:00:00Z", "2024-05-01T12:60:00Z", "2024-05-01T12:00:61Z", "2024-05-01T12:00:00.Z",
        "2024-05-01T12:00:00ZZ", "24-05-01T12:00:00Z", "-024-05-01T12:00:00Z", "2024-5-01T12:00:00Z"}) {
    INFO(time);
    CHECK(wrongWith(lineAt(time)) == kNoTime);
  }
}

}  // namespace onering::testing
