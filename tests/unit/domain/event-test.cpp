#include "onering/domain/event.h"

#include <algorithm>
#include <set>

#include <catch2/catch_test_macros.hpp>

namespace onering::testing {
namespace {

OpId opId(std::uint8_t number) {
  return {uuidV7(timeFromMs(1'000), std::array<std::uint8_t, 10>{number})};
}

DraftId draftId(std::uint8_t number) {
  return {uuidV7(timeFromMs(500), std::array<std::uint8_t, 10>{number})};
}

// A draft of Ann's with Ben, to which ops happen one after the other.
class Story {
 public:
  Story() { act("ann", CreateDraft{.title = "A draft", .platform = "", .holdLimit = {}}); }

  // What the op is to statistics.
  std::optional<Event> act(std::string_view actor, OpBody body) {
    const Op op{.id = opId(++ops_),
                .draft = draftId(1),
                .actor = UserId(actor),
                .device = {},
                .authoredAt = timeFromMs(1),
                .body = std::move(body)};
    now_ += Duration{10};
    const LogEntry entry = accept(state_.position.seq == 0 ? nullptr : &state_, op, "shown", now_);
    const Change change = apply(state_, entry);
    return eventOf(entry, change);
  }

  [[nodiscard]] Epoch epoch() const { return state_.ring.epoch; }
  [[nodiscard]] Time now() const { return now_; }

 private:
  DraftState state_;
  std::uint8_t ops_ = 0;
  Time now_ = timeFromMs(1'000);
};

}  // namespace

TEST_CASE("An op's event has its id, its actor and the time of its acceptance") {
  Story story;
  CHECK(story.act("ann", AppendSegment{SegmentId{}, 1, sealContent("text", {})}) ==
        Event{.id = {opId(2).bytes},
              .draft = draftId(1),
              .type = EventType::segmentAdded,
              .user = "ann",
              .occurredAt = story.now()});
}

TEST_CASE("A ring that moves says from whom to whom, and whether its holder gave it") {
  Story story;
  story.act("ann", AddCollaborator{"ben", Role::editor});
  const auto passed = story.act("ann", PassRing{"ben", story.epoch()});
  REQUIRE(passed.has_value());
  CHECK(passed->type == EventType::ringPassed);
  CHECK(passed->from == "ann");
  CHECK(passed->to == "ben");
  CHECK(passed->epoch == 2);

  const auto reclaimed = story.act("ann", ReclaimRing{story.epoch()});
  REQUIRE(reclaimed.has_value());
  CHECK(reclaimed->type == EventType::ringReclaimed);
  CHECK(reclaimed->from == "ben");
  CHECK(reclaimed->epoch == 3);

  story.act("ann", PassRing{"ben", story.epoch()});
  const auto lost = story.act("ann", SetRole{"ben", Role::viewer});
  REQUIRE(lost.has_value());
  CHECK(lost->type == EventType::ringReclaimed);
  CHECK(lost->user == "ann");
  CHECK(lost->from == "ben");
  CHECK(lost->to == "ann");
}

TEST_CASE("What changes neither text nor ring nor status is no event, and completing is one") {
  Story story;
  CHECK(!story.act("ann", AddCollaborator{"ben", Role::editor}));
  CHECK(!story.act("ann", SetRole{"ben", Role::viewer}));
  CHECK(!story.act("ann", SetTitle{"Another", ""}));
  CHECK(!story.act("ann", Lock{}));
  CHECK(!story.act("ann", Unlock{}));
  CHECK(!story.act("ann", DeleteDraft{}));
  CHECK(!story.act("ann", RestoreDraft{}));
  CHECK(story.act("ann", Complete{})->type == EventType::draftCompleted);
}

TEST_CASE("A view's id is that of draft, user and hour, and is a UUIDv7") {
  const Time noon = timeFromMs(43'200'000);
  const Event view = viewEvent(draftId(1), "ann", noon);
  CHECK(isUuidV7(view.id));
  CHECK(viewEvent(draftId(1), "ann", noon + Duration{3'599'999}).id == view.id);
  const std::set<EventId> others{viewEvent(draftId(1), "ann", noon - Duration{1}).id,
                                 viewEvent(draftId(1), "ann", noon + Duration{3'600'000}).id,
                                 viewEvent(draftId(2), "ann", noon).id, viewEvent(draftId(1), "ben", noon).id};
  CHECK(others.size() == 4);
  CHECK(!others.contains(view.id));
}

TEST_CASE("Event types have the names of SPEC 10, both ways") {
  CHECK(eventName(EventType::segmentAdded) == "SegmentAdded");
  for (std::size_t i = 0; i < kEventTypeCount; ++i) {
    const auto type = static_cast<EventType>(i);
    CHECK(eventFromName(eventName(type)) == type);
  }
  CHECK(!eventFromName("segmentAdded"));
}

}  // namespace onering::testing
