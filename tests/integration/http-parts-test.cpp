// The parts behind JSON over HTTP that can be tested without a socket.
#include <algorithm>
#include <limits>

#include <catch2/catch_test_macros.hpp>

#include "onering/server/metrics.h"

#include "api/json-in.h"
#include "api/json-out.h"
#include "api/query.h"
#include "http.h"
#include "openapi.h"
#include "rate-limit.h"

namespace onering::testing {

namespace {

using namespace server;

template <typename T>
std::set<std::string> namesOf() {
  const auto names = fieldNames<T>();
  return {names.begin(), names.end()};
}

RateLimit::Clock::time_point at(int ms) {
  return RateLimit::Clock::time_point{std::chrono::milliseconds(ms)};
}

}  // namespace

TEST_CASE("docs/openapi.json has the fields that are written, and no other", "[http][parts]") {
  const OpenApi& document = OpenApi::ofOneRing();
  CHECK(document.propertiesOf("DraftHead") == namesOf<DraftHead>());
  CHECK(document.propertiesOf("Draft") == namesOf<DraftState>());
  CHECK(document.propertiesOf("Ring") == namesOf<Ring>());
  CHECK(document.propertiesOf("RingRequest") == namesOf<RingRequest>());
  CHECK(document.propertiesOf("RingPass") == namesOf<RingPass>());
  CHECK(document.propertiesOf("Member") == namesOf<Member>());
  CHECK(document.propertiesOf("Segment") == namesOf<Segment>());
  CHECK(document.propertiesOf("Event") == namesOf<Event>());
  CHECK(document.propertiesOf("Receipt") == namesOf<WriteReceipt>());
}

TEST_CASE("every code has a status of its kind", "[http][parts]") {
  for (std::size_t i = 0; i < kErrorCodeCount; ++i) {
    const auto code = static_cast<ErrorCode>(i);
    INFO(errorName(code));
    const unsigned status = statusOf(code);
    CHECK(status >= 400);
    CHECK((status < 500 || code == ErrorCode::internal || code == ErrorCode::unavailable ||
           code == ErrorCode::storageFull || code == ErrorCode::storageUnavailable));
    CHECK(errorResponse(rejection(code)).status == status);
  }
  CHECK(statusOf(ErrorCode::staleVersion) == 412);
  CHECK(statusOf(ErrorCode::idempotencyKeyReused) == 422);
}

TEST_CASE("times are read as RFC 3339 in UTC, to the millisecond", "[http][parts]") {
  CHECK(parseTime("1970-01-01T00:00:00Z") == timeFromMs(0));
  CHECK(parseTime("2014-10-08T11:27:01.007Z") == timeFromMs(1'412'767'621'007));
  CHECK(parseTime("2014-10-08T11:27:01.0079999Z") == timeFromMs(1'412'767'621'007));
  CHECK(parseTime("2000-02-29T00:00:00.5Z") == timeFromMs(951'782'400'500));
  for (const Time time : {timeFromMs(-1), timeFromMs(0), timeFromMs(253'402'300'799'999)}) {
    CHECK(parseTime(timeText(time)) == time);
  }
  CHECK(!parseTime("1900-02-29T00:00:00Z"));
  CHECK(!parseTime("2000-01-01T00:00:00.0000000001Z"));
  CHECK(!parseTime("2000-01-01T00:00:60Z"));
  CHECK(!parseTime("2000-01-01t00:00:00Z"));
}

TEST_CASE("what `next` says, `after` reads", "[http][parts]") {
  const std::array<std::uint8_t, 10> entropy{7};
  const DraftListKey draft{timeFromMs(-5), {uuidV7(timeFromMs(9), entropy)}};
  CHECK(parseDraftCursor(cursorText(draft)) == draft);
  const EventKey event{timeFromMs(5), {uuidV7(timeFromMs(9), entropy)}, draft.id};
  CHECK(parseEventCursor(cursorText(event)) == event);
  CHECK(!parseDraftCursor(cursorText(event)));
  CHECK(!parseEventCursor(cursorText(draft)));
  CHECK(!parseDraftCursor(""));
  CHECK(!parseDraftCursor("."));
  CHECK(!parseDraftCursor("99999999999999999999." + toText(draft.id)));
}

TEST_CASE("percent signs are undone, or refused", "[http][parts]") {
  CHECK(percentDecoded("b%C3%A4r%20%2f") == "bär /");
  CHECK(!percentDecoded("%"));
  CHECK(!percentDecoded("%4"));
  CHECK(!percentDecoded("%g1"));
}

TEST_CASE("JSON escapes what it has to", "[http][parts]") {
  const auto text = jsonObject([](auto&& field) {
    field("a", std::string("\"\\\n\x01 ä"));
    field("b", std::optional<std::string>());
    field("c", std::vector<std::string>{"x", "y"});
    field("d", 1.5);
    field("e", std::numeric_limits<std::uint64_t>::max());
  });
  CHECK(text ==
        "{\"a\":\"\\\"\\\\\\u000a\\u0001 ä\",\"b\":null,\"c\":[\"x\",\"y\"],\"d\":1.5,\"e\":18446744073709551615}\n");
}

TEST_CASE("a rate is kept per name, bursts after a pause, and nobody is remembered for ever", "[http][parts]") {
  RateLimit limit(10);
  for (int i = 0; i < 20; ++i) {
    CHECK(!limit.take("ann", at(0)));
  }
  CHECK(limit.take("ann", at(0)) == std::chrono::milliseconds(100));
  CHECK(!limit.take("ben", at(0)));
  CHECK(!limit.take("ann", at(100)));
  CHECK(limit.take("ann", at(150)) == std::chrono::milliseconds(50));
  limit.tidy(at(1'000));
  CHECK(limit.size() == 1);
  limit.tidy(at(3'000));
  CHECK(limit.size() == 0);

  RateLimit none(0);
  for (int i = 0; i < 1'000; ++i) {
    CHECK(!none.take("ann", at(0)));
  }
  CHECK(none.size() == 0);
}

TEST_CASE("the registry insists on Prometheus' conventions", "[metrics]") {
  Metrics metrics;
  CHECK_THROWS_AS(metrics.counter("onering_things", "x"), std::invalid_argument);
  CHECK_THROWS_AS(metrics.watch("things", "x", {}, [] { return 1.0; }), std::invalid_argument);
  CHECK_THROWS_AS(metrics.watch("onering_wait_ms", "x", {}, [] { return 1.0; }), std::invalid_argument);
  CHECK_THROWS_AS(metrics.watch("onering_Things", "x", {}, [] { return 1.0; }), std::invalid_argument);
  CHECK_THROWS_AS(metrics.watch("onering_things", "", {}, [] { return 1.0; }), std::invalid_argument);
  CHECK_THROWS_AS(metrics.histogram("onering_things_sum", "x", {1}), std::invalid_argument);
  CHECK_NOTHROW(metrics.watch("onering_users_mbox", "Only words are units.", {}, [] { return 1.0; }));
  metrics.counter("onering_things_total", "Things.");
  CHECK_THROWS_AS(metrics.counter("onering_things_total", "Other things."), std::invalid_argument);
}

TEST_CASE("metrics are written in Prometheus' text format", "[metrics]") {
  Metrics metrics;
  metrics.counter("onering_things_total", "Things,\nall of them.", {{"kind", "a\"b\\"}}).add(3);
  metrics.counter("onering_things_total", "Things,\nall of them.", {{"kind", "a\"b\\"}}).add();
  Histogram& sizes = metrics.histogram("onering_sizes", "Sizes.", powersOfTwo(4));
  for (const double size : {1.0, 2.0, 3.0, 9.0}) {
    sizes.observe(size);
  }
  metrics.watch("onering_gone", "What it watched is gone.", {}, [] { return std::nullopt; });
  CHECK(metrics.text() ==
        "# HELP onering_sizes Sizes.\n"
        "# TYPE onering_sizes histogram\n"
        "onering_sizes_bucket{le=\"1\"} 1\n"
        "onering_sizes_bucket{le=\"2\"} 2\n"
        "onering_sizes_bucket{le=\"4\"} 3\n"
        "onering_sizes_bucket{le=\"+Inf\"} 4\n"
        "onering_sizes_sum 15\n"
        "onering_sizes_count 4\n"
        "# HELP onering_things_total Things,\\nall of them.\n"
        "# TYPE onering_things_total counter\n"
        "onering_things_total{kind=\"a\\\"b\\\\\"} 4\n");
}

}  // namespace onering::testing
