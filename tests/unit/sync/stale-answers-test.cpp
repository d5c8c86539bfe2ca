// Answers that arrive after what they answer has been given up, or has been overtaken.
#include <catch2/catch_test_macros.hpp>

#include "listener.h"

namespace onering::testing {

namespace {

const auto kDraft = numbered<DraftId>(1);

}  // namespace

TEST_CASE("S6 a snapshot's part that answers a fetch of before is not taken for the answer to the present one",
          "[sync]") {
  Tale tale(kDraft);
  for (int i = 0; i < 3; ++i) tale.append("ada", "text");
  Listener device;
  device.connect();
  device.hear(Changed{.from = {}, .drafts = {{kDraft, tale.head()}}, .removed = {}, .next = {}});
  device.hear(CatchUp{});
  device.hear(Changed{.from = {}, .drafts = {{kDraft, tale.head()}}, .removed = {}, .next = {}});
  REQUIRE(device.count<Fetch>() == 2);

  // Both are answered, and both answers make it ask on.
  device.hear(tale.part(0, 1));
  device.hear(tale.part(0, 1));
  device.hear(tale.part(1, 2));
  const auto fetches = device.count<Fetch>();
  device.hear(tale.part(1, 2));
  CHECK(device.count<Fetch>() == fetches);  // or there would be two conversations about it for ever
  CHECK(device.replica->confirmed(kDraft) == nullptr);
  device.hear(tale.part(2, 3));
  REQUIRE(device.replica->confirmed(kDraft));
  CHECK(device.replica->confirmed(kDraft)->position == tale.head());
  CHECK(device.replica->link() == Link::live);
}

TEST_CASE("S13 a change list that was asked for before the authority said catchUp does not end the new one", "[sync]") {
  Tale tale(kDraft);
  Listener device;
  device.connect();
  const ChangeCursor second{.since = timeFromMs(1'700'000'050'000), .after = {}};
  const ChangeCursor last{.since = timeFromMs(1'700'000'090'000), .after = {}};
  device.hear(Changed{.from = {}, .drafts = {{kDraft, tale.head()}}, .removed = {}, .next = second, .more = true});
  device.hear(CatchUp{});
  device.hear(Changed{.from = second, .drafts = {}, .removed = {}, .next = last});
  device.cut();
  CHECK(device.store.readRecord().value()->cursor == ChangeCursor{});  // the draft has not come
}

TEST_CASE("S13 a stale change list does not end the catching up, though nothing in it is news", "[sync]") {
  Listener device;
  device.connect();
  const ChangeCursor second{.since = timeFromMs(1'700'000'050'000), .after = {}};
  const ChangeCursor last{.since = timeFromMs(1'700'000'090'000), .after = {}};
  device.hear(Changed{.from = {}, .drafts = {}, .removed = {}, .next = second, .more = true});
  device.hear(CatchUp{});  // something before `second` was missed
  device.hear(Changed{.from = second, .drafts = {}, .removed = {}, .next = last});
  CHECK(device.replica->link() == Link::catchingUp);
  device.cut();
  CHECK(device.store.readRecord().value()->cursor == ChangeCursor{});
}

TEST_CASE("S6 the cursor moves on when everything that was listed is here, not before", "[sync]") {
  Tale tale(kDraft);
  const ChangeCursor last{.since = timeFromMs(1'700'000'090'000), .after = {}};
  const Changed list{.from = {}, .drafts = {{kDraft, tale.head()}}, .removed = {}, .next = last};
  Listener device;
  device.connect();
  device.hear(list);
  REQUIRE(device.count<Fetch>() == 1);
  CHECK(device.replica->link() == Link::catchingUp);
  device.cut();  // before the draft has come
  CHECK(device.store.readRecord().value()->cursor == ChangeCursor{});

  device.connect();
  device.hear(list);
  device.hear(tale.part(0, 0));
  CHECK(device.replica->link() == Link::live);
  device.cut();
  CHECK(device.store.readRecord().value()->cursor == last);
}

TEST_CASE("I8 an op accepted in a draft from which its author was removed leaves the outbox, whatever gets lost",
          "[sync]") {
  Tale tale(kDraft, "bob");
  tale.add("bob", AddCollaborator{.user = "ada", .role = Role::editor});
  Listener device;
  device.knows(tale);
  const Op op = device.perform(kDraft, RequestRing{});
  const Receipt receipt = acceptedFor(tale.add(op));
  device.cut();

  // Removed meanwhile, and told so: but for the op nothing is left of the draft.
  device.connect();
  device.hear(Changed{.from = device.asked(), .drafts = {}, .removed = {kDraft}, .next = {}});
  device.hear(Receipts{{{kDraft, op.id, receipt}}});
  REQUIRE(device.count<Fetch>() == 2);
  device.cut();
  device.connect();
  device.hear(Changed{.from = device.asked(), .drafts = {}, .removed = {}, .next = {}});
  REQUIRE(device.count<Fetch>() == 3);
  device.hear(Gone{kDraft});
  CHECK(device.replica->pendingCount() == 0);
  CHECK(device.replica->link() == Link::live);
}

// A segment's id twice is for the authority to find (idTaken); what was laid behind a redaction says nothing about it.
TEST_CASE("S4 a redaction that a snapshot has already is not shown for the sake of an op behind it", "[sync]") {
  Tale tale(kDraft);
  Listener device;
  device.knows(tale);
  const auto segment = numbered<SegmentId>(7);
  const Op append = device.perform(kDraft, AppendSegment{.segment = segment, .epoch = 0, .content = {.text = "once"}});
  const Op redact = device.perform(kDraft, RedactSegment{.segment = segment});
  device.perform(kDraft, AppendSegment{.segment = segment, .epoch = 0, .content = {.text = "twice"}});
  tale.add(append);
  tale.add(redact);
  SnapshotPart part = tale.part(0, 1);
  part.segments.front().content = erasedContent(part.segments.front().content.digest);
  device.hear(Entries{.draft = kDraft, .before = {}, .entries = {}, .head = tale.head()});
  device.hear(part);
  REQUIRE(device.replica->confirmed(kDraft)->position == tale.head());
  for (const auto& pending : device.replica->pending()) CHECK(pending.effect == LocalEffect::waiting);
}

}  // namespace onering::testing
