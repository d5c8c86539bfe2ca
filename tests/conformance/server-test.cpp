// What a server keeps beside the drafts (onering/ports/event-store.h, idempotency-store.h), for every store.
#include <algorithm>

#include "onering/ports/event-store.h"
#include "onering/ports/idempotency-store.h"

#include "script.h"
#include "subjects.h"

namespace onering::testing {
namespace {

EventStore& eventsOf(StoreSubject& subject) {
  EventStore* events = subject.store().events();
  REQUIRE(events != nullptr);
  return *events;
}

IdempotencyStore& requestsOf(StoreSubject& subject) {
  IdempotencyStore* requests = subject.store().idempotency();
  REQUIRE(requests != nullptr);
  return *requests;
}

// Everything that the query asks for, page by page.
std::vector<Event> readAll(EventStore& store, EventQuery query) {
  std::vector<Event> events;
  while (true) {
    EventPage page = got(store.readEvents(query));
    CHECK(page.events.size() <= query.countMax);
    std::ranges::move(page.events, std::back_inserter(events));
    if (!page.next) {
      return events;
    }
    if (query.after) {
      CHECK(*page.next > *query.after);
    }
    query.after = page.next;
  }
}

std::vector<Event> sorted(std::vector<Event> events) {
  std::ranges::sort(events, {}, keyOf);
  return events;
}

// A draft with one op of every kind that is an event, and some that are none.
Script eventful(Source& source) {
  Script script(source, "ann");
  script.act("ann", AddCollaborator{"ben", Role::editor});
  script.append("Once");
  script.pass("ben");
  script.append("upon");
  script.act("ann", ReclaimRing{script.state.ring.epoch});
  script.pass("ben");
  script.act("ann", RemoveCollaborator{"ben"});
  script.act("ann", SetTitle{"Another title", ""});
  script.act("ann", Complete{});
  return script;
}

std::vector<EventType> typesOf(const std::vector<Event>& events) {
  std::vector<EventType> types;
  std::ranges::transform(events, std::back_inserter(types), &Event::type);
  return types;
}

// What a script's ops are to statistics.
std::vector<Event> eventsOf(const Script& script) {
  std::vector<Event> events;
  DraftState state;
  for (const LogEntry& entry : script.log) {
    const Change change = apply(state, entry);
    if (const auto event = eventOf(entry, change)) {
      events.push_back(*event);
    }
  }
  return events;
}

Event eventAt(Source& source, std::int64_t ms, EventType type = EventType::segmentAdded) {
  return {.id = source.id<EventId>(),
          .draft = source.id<DraftId>(),
          .type = type,
          .user = "ann",
          .occurredAt = timeFromMs(ms),
          .from = {},
          .to = {}};
}

RequestRecord requestAt(Source& source, std::int64_t ms, std::string key = "key-1", std::string scope = "ann POST /x") {
  return {.key = {std::move(scope), std::move(key)},
          .request = Digest{1, 2, 3},
          .op = source.id<OpId>(),
          .salt = Salt{4, 5, 6},
          .createdAt = timeFromMs(ms),
          .answer = {}};
}

constexpr Time kLongAgo = timeFromMs(0);

}  // namespace

TEST_CASE("K4 accepted ops are events as soon as they are committed, in order", "[store][events]") {
  forEachStore([](StoreSubject& subject) {
    Source source;
    Script script = eventful(source);
    got(subject.store().commit(script.batch()));

    const auto events = readAll(eventsOf(subject), {});
    CHECK(events == eventsOf(script));
    using enum EventType;
    CHECK(typesOf(events) == std::vector{draftCreated, segmentAdded, ringPassed, segmentAdded, ringReclaimed,
                                         ringPassed, ringReclaimed, draftCompleted});
    subject.reopen();
    CHECK(readAll(eventsOf(subject), {}) == events);
  });
}

TEST_CASE("K4 a batch that is refused leaves no events", "[store][events]") {
  forEachStore([](StoreSubject& subject) {
    Source source;
    Script script(source, "ann");
    Script other(source, "ben");
    got(subject.store().commit(other.batch()));
    const auto before = readAll(eventsOf(subject), {});

    Batch batch = script.batch();
    batch.drafts.push_back({.expected = 7, .ops = {}, .head = other.state});
    batch.drafts.back().head.position.seq = 7;
    CHECK(faultOf(subject.store().commit(batch)) == StoreFault::conflict);
    CHECK(readAll(eventsOf(subject), {}) == before);
  });
}

TEST_CASE("An event that is appended again changes nothing, and is said to", "[store][events]") {
  forEachStore([](StoreSubject& subject) {
    Source source;
    EventStore& store = eventsOf(subject);
    const Event one = eventAt(source, 1'000);
    const Event two = eventAt(source, 2'000);
    CHECK(got(store.appendEvents({one})) == std::vector{true});

    Event later = one;  // the key decides, whatever else it says
    later.occurredAt += Duration{5};
    later.user = "ben";
    Event elsewhere = one;
    elsewhere.draft = source.id<DraftId>();
    CHECK(got(store.appendEvents({later, two, two, one, elsewhere})) == std::vector{false, true, false, false, true});
    CHECK(got(store.appendEvents({})).empty());
    CHECK(readAll(store, {}) == sorted({one, elsewhere, two}));
  });
}

TEST_CASE("Views of one hour are one event, of the next another", "[store][events]") {
  forEachStore([](StoreSubject& subject) {
    Source source;
    EventStore& store = eventsOf(subject);
    const auto draft = source.id<DraftId>();
    const Time noon = timeFromMs(1'800'000'000'000 - 1'800'000'000'000 % 3'600'000);
    const std::vector views{viewEvent(draft, "ann", noon), viewEvent(draft, "ann", noon + std::chrono::minutes{59}),
                            viewEvent(draft, "ben", noon), viewEvent(draft, "ann", noon + std::chrono::hours{1})};
    CHECK(got(store.appendEvents(views)) == std::vector{true, false, true, true});
    CHECK(readAll(store, {}) == sorted({views[0], views[2], views[3]}));
  });
}

TEST_CASE("SPEC 10 events are read by window, types, draft, user, in order and page by page", "[store][events]") {
  forEachStore([](StoreSubject& subject) {
    Source source;
    Script first = eventful(source);
    Script second = eventful(source);
    Batch batch = second.batch();
    batch.drafts.push_back(first.write());
    got(subject.store().commit(batch));
    EventStore& store = eventsOf(subject);
    std::vector<Event> extra;
    for (int i = 0; i < 5; ++i) {  // of one moment
      extra.push_back(eventAt(source, 1'700'000'000'004, EventType::inviteCreated));
    }
    got(store.appendEvents({extra.rbegin(), extra.rend()}));

    std::vector<Event> all = eventsOf(first);
    std::ranges::copy(eventsOf(second), std::back_inserter(all));
    std::ranges::copy(extra, std::back_inserter(all));
    all = sorted(std::move(all));
    const auto expected = [&](auto wanted) {
      std::vector<Event> some;
      std::ranges::copy_if(all, std::back_inserter(some), wanted);
      return some;
    };

    for (const std::uint32_t countMax : {1U, 2U, 3U, 1'000U}) {
      INFO("pages of " << countMax);
      CHECK(readAll(store, {.countMax = countMax}) == all);
      for (const Event& from : all) {
        const EventQuery window{.from = from.occurredAt, .until = from.occurredAt + Duration{9}, .countMax = countMax};
        CHECK(readAll(store, window) == expected([&](const Event& event) {
                return event.occurredAt >= window.from && event.occurredAt < window.until;
              }));
      }
      const EventQuery rings{.types = {EventType::ringReclaimed, EventType::ringPassed}, .countMax = countMax};
      CHECK(readAll(store, rings) == expected([](const Event& event) {
              return event.type == EventType::ringPassed || event.type == EventType::ringReclaimed;
            }));
      CHECK(readAll(store, {.draft = first.id(), .countMax = countMax}) ==
            expected([&](const Event& event) { return event.draft == first.id(); }));
      const EventQuery bensSegments{.from = timeFromMs(1'700'000'000'000),
                                    .types = {EventType::segmentAdded},
                                    .draft = second.id(),
                                    .user = "ben",
                                    .countMax = countMax};
      CHECK(readAll(store, bensSegments) == expected([&](const Event& event) {
              return event.type == EventType::segmentAdded && event.user == "ben" && event.draft == second.id();
            }));
    }
    CHECK(readAll(store, {.from = timeFromMs(5), .until = timeFromMs(5)}).empty());
    CHECK(readAll(store, {.after = keyOf(all.back())}).empty());
    CHECK(readAll(store, {.from = all[3].occurredAt, .after = EventKey{}}) ==
          expected([&](const Event& event) { return event.occurredAt >= all[3].occurredAt; }));
  });
}

TEST_CASE("A long window with few of the type that is asked for is read to its end", "[store][events]") {
  forEachStore([](StoreSubject& subject) {
    Source source;
    EventStore& store = eventsOf(subject);
    std::vector<Event> events;
    for (int i = 0; i < 12'000; ++i) {
      events.push_back(eventAt(source, 1'000 + i));
    }
    events.back().type = EventType::draftCompleted;
    got(store.appendEvents(events));
    CHECK(readAll(store, {.types = {EventType::draftCompleted}}) == std::vector{events.back()});
    CHECK(readAll(store, {}) == events);
  });
}

TEST_CASE("K6 a request is claimed once; whoever comes later is told who was first", "[store][requests]") {
  forEachStore([](StoreSubject& subject) {
    Source source;
    IdempotencyStore& store = requestsOf(subject);
    const RequestRecord first = requestAt(source, 1'000);
    RequestRecord again = requestAt(source, 2'000);
    again.request = Digest{9};
    CHECK(got(store.claim(first, kLongAgo)) == std::nullopt);
    CHECK(got(store.claim(again, kLongAgo)) == first);
    CHECK(got(store.claim(first, kLongAgo)) == first);
    CHECK(got(store.claim(requestAt(source, 2'000, "key-2"), kLongAgo)) == std::nullopt);
    CHECK(got(store.claim(requestAt(source, 2'000, "key-1", "ben POST /x"), kLongAgo)) == std::nullopt);
    subject.reopen();
    CHECK(got(requestsOf(subject).claim(again, kLongAgo)) == first);
  });
}

TEST_CASE("K6 the first answer is kept and given again, and the salt is gone with it", "[store][requests]") {
  forEachStore([](StoreSubject& subject) {
    Source source;
    IdempotencyStore& store = requestsOf(subject);
    const RequestRecord record = requestAt(source, 1'000);
    const RequestAnswer answer{201, R"({"title":"Bären"})"};
    CHECK(got(store.complete(record.key, record.op, answer)) == std::nullopt);
    got(store.claim(record, kLongAgo));
    CHECK(got(store.complete(record.key, source.id<OpId>(), answer)) == std::nullopt);  // another's request
    CHECK(got(store.complete(record.key, record.op, answer)) == answer);
    CHECK(got(store.complete(record.key, record.op, {500, "late"})) == answer);
    subject.reopen();

    RequestRecord answered = record;
    answered.answer = answer;
    answered.salt = {};
    CHECK(got(requestsOf(subject).claim(requestAt(source, 3'000), kLongAgo)) == answered);
  });
}

TEST_CASE("K6 an answer without a body is an answer", "[store][requests]") {
  forEachStore([](StoreSubject& subject) {
    Source source;
    IdempotencyStore& store = requestsOf(subject);
    const RequestRecord record = requestAt(source, 1'000);
    got(store.claim(record, kLongAgo));
    CHECK(got(store.complete(record.key, record.op, {204, ""})) == RequestAnswer{204, ""});
    CHECK(got(store.claim(record, kLongAgo)).value().answer == RequestAnswer{204, ""});
  });
}

TEST_CASE("K6 a key that is over may be used for something new, before and after it was forgotten",
          "[store][requests]") {
  forEachStore([](StoreSubject& subject) {
    Source source;
    IdempotencyStore& store = requestsOf(subject);
    const RequestRecord old = requestAt(source, 1'000);
    got(store.claim(old, kLongAgo));
    got(store.complete(old.key, old.op, {200, "old"}));
    const RequestRecord fresh = requestAt(source, 90'000);
    CHECK(got(store.claim(fresh, timeFromMs(1'000))).has_value());  // to the millisecond
    CHECK(got(store.claim(fresh, timeFromMs(1'001))) == std::nullopt);
    CHECK(got(store.claim(requestAt(source, 90'001), timeFromMs(1'001))) == fresh);
    CHECK(got(store.complete(old.key, old.op, {200, "late"})) == std::nullopt);

    got(store.claim(requestAt(source, 2'000, "key-2"), kLongAgo));
    got(store.claim(requestAt(source, 3'000, "key-3"), kLongAgo));
    CHECK(got(store.forgetRequests(timeFromMs(3'000))) == 1);
    CHECK(got(store.forgetRequests(timeFromMs(3'000))) == 0);
    CHECK(got(store.claim(requestAt(source, 9'000, "key-2"), kLongAgo)) == std::nullopt);
    CHECK(got(store.claim(requestAt(source, 9'000, "key-3"), kLongAgo)).has_value());
    CHECK(got(store.forgetRequests(timeFromMs(1'000'000))) == 3);
  });
}

}  // namespace onering::testing
