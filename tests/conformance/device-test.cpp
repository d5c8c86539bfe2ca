// What a device keeps beside the drafts (onering/ports/device-store.h), for every store that can.
#include <algorithm>

#include "script.h"
#include "subjects.h"

namespace onering::testing {
namespace {

constexpr std::size_t kAll = 1U << 30U;

DeviceBatch batchOf(Script& script) {
  DeviceBatch batch;
  batch.drafts = script.batch();
  return batch;
}

Op pendingAppend(Source& source, const Script& script, std::string text) {
  return source.op(script.id(), script.state.ring.holder,
                   AppendSegment{source.id<SegmentId>(), script.state.ring.epoch, source.content(std::move(text))});
}

// What a device knows of a draft that came as a snapshot at `base` and went on from there.
Told since(const Script& script, Seq base) {
  Told told = tell(script);
  told.log.erase(told.log.begin(), told.log.begin() + static_cast<std::ptrdiff_t>(base));
  return told;
}

Told toldAfter(DeviceStore& store, const Script& script, Seq base) {
  Told told = tell(store, script.id());
  told.log = got(store.readLog(script.id(), base, kAll));
  return told;
}

}  // namespace

TEST_CASE("A device's record is what was written last", "[device]") {
  forEachDevice([](DeviceSubject& subject) {
    Source source;
    CHECK(got(subject.store().readRecord()) == std::nullopt);
    DeviceBatch batch;
    batch.record = DeviceRecord{source.device, "ann", "Ann", Limits{}, {}};
    got(subject.store().commit(batch));
    CHECK(got(subject.store().readRecord()) == batch.record);
    batch.record->display = "Ann the Second";
    batch.record->limits = {.titleCharacters = 1,
                            .segmentBytes = 2,
                            .collaborators = 3,
                            .segmentsPerDraft = 4,
                            .messageBytes = 5,
                            .opsPerPush = 6};
    batch.record->cursor = {source.now, source.id<DraftId>()};
    got(subject.store().commit(batch));
    subject.reopen();
    CHECK(got(subject.store().readRecord()) == batch.record);
  });
}

TEST_CASE("I8 the outbox keeps ops whole and in order, until they are settled", "[device]") {
  forEachDevice([](DeviceSubject& subject) {
    Source source;
    Script script(source, "ann");
    const Op create = source.op(source.id<DraftId>(), "ann", CreateDraft{"New", "web", Duration{5}});
    const Op append = pendingAppend(source, script, "waiting");
    const Op pass = source.op(script.id(), "ann", PassRing{"ben", 1});
    DeviceBatch batch;
    batch.queued = {{30, pass}, {10, create}, {20, append}};
    got(subject.store().commit(batch));
    CHECK(got(subject.store().readPending()) == std::vector<PendingOp>{{10, create}, {20, append}, {30, pass}});
    subject.reopen();
    CHECK(got(subject.store().readPending()) == std::vector<PendingOp>{{10, create}, {20, append}, {30, pass}});

    DeviceBatch settle;
    settle.settled = {append.id, source.id<OpId>()};
    got(subject.store().commit(settle));
    CHECK(got(subject.store().readPending()) == std::vector<PendingOp>{{10, create}, {30, pass}});
  });
}

TEST_CASE("I8 an op is pending once, and its place is its own", "[device]") {
  forEachDevice([](DeviceSubject& subject) {
    Source source;
    Script script(source, "ann");
    const Op first = pendingAppend(source, script, "one");
    const Op second = pendingAppend(source, script, "two");
    DeviceBatch batch;
    batch.queued = {{1, first}};
    got(subject.store().commit(batch));
    batch.queued = {{2, second}, {3, first}};
    CHECK(faultOf(subject.store().commit(batch)) == StoreFault::conflict);
    batch.queued = {{2, second}, {1, pendingAppend(source, script, "three")}};
    CHECK(faultOf(subject.store().commit(batch)) == StoreFault::conflict);
    CHECK(got(subject.store().readPending()) == std::vector<PendingOp>{{1, first}});
  });
}

TEST_CASE("S5 kept ops are listed by (time, id) with content and reason, until they are dismissed", "[device]") {
  forEachDevice([](DeviceSubject& subject) {
    Source source;
    Script script(source, "ann");
    std::vector<KeptOp> kept;
    for (int i = 0; i < 4; ++i) {
      kept.push_back({pendingAppend(source, script, "kept " + std::to_string(i)),
                      rejection(ErrorCode::staleEpoch, "Reason " + std::to_string(i)), source.now + Duration{i / 2}});
    }
    DeviceBatch batch;
    batch.kept = {kept[3], kept[1], kept[0], kept[2]};
    got(subject.store().commit(batch));
    CHECK(got(subject.store().readKept()) == kept);
    batch.kept = {kept[1]};
    CHECK(faultOf(subject.store().commit(batch)) == StoreFault::conflict);
    DeviceBatch dismiss;
    dismiss.dismissed = {kept[1].op.id, source.id<OpId>()};
    got(subject.store().commit(dismiss));
    subject.reopen();
    CHECK(got(subject.store().readKept()) == std::vector{kept[0], kept[2], kept[3]});
  });
}

TEST_CASE("I8 a rejected op goes from the outbox to the kept ops in one batch", "[device]") {
  forEachDevice([](DeviceSubject& subject) {
    Source source;
    Script script(source, "ann");
    const Op op = pendingAppend(source, script, "refused");
    DeviceBatch batch = batchOf(script);
    batch.queued = {{1, op}};
    got(subject.store().commit(batch));
    DeviceBatch move;
    move.settled = {op.id};
    move.kept = {{op, rejection(ErrorCode::draftLocked), source.now}};
    got(subject.store().commit(move));
    CHECK(got(subject.store().readPending()).empty());
    CHECK(got(subject.store().readKept()) == move.kept);
  });
}

TEST_CASE("K4 a device's batch happens whole or not at all", "[device]") {
  forEachDevice([](DeviceSubject& subject) {
    Source source;
    Script script(source, "ann");
    Script dropped(source, "ann");
    const Op pending = pendingAppend(source, script, "pending");
    DeviceBatch before = batchOf(script);
    before.drafts.drafts.push_back(dropped.write());
    before.record = DeviceRecord{source.device, "ann", "Ann", Limits{}, {}};
    before.queued = {{1, pending}};
    got(subject.store().commit(before));

    const Told kept = tell(script);
    Script image(source, "cat");
    image.append("snapshot");
    script.append("confirmed");
    DeviceBatch batch;
    batch.record = DeviceRecord{source.device, "ann", "Somebody else", Limits{}, {}};
    batch.setAside = {script.id()};
    batch.dropped = {dropped.id()};
    batch.installed = {image.image()};
    batch.queued = {{2, pendingAppend(source, script, "next")}};
    batch.settled = {pending.id};
    batch.kept = {{pending, rejection(ErrorCode::internal), source.now}};
    batch.drafts = script.batch();  // but the draft has just been set aside
    CHECK(faultOf(subject.store().commit(batch)) == StoreFault::conflict);

    const auto check = [&] {
      CHECK(got(subject.store().readRecord()) == before.record);
      CHECK(got(subject.store().readPending()) == before.queued);
      CHECK(got(subject.store().readKept()).empty());
      CHECK(got(subject.store().readSetAside()).empty());
      CHECK(difference(tell(subject.store(), script.id()), kept) == "");
      CHECK(difference(tell(subject.store(), dropped.id()), tell(dropped)) == "");
      CHECK(tell(subject.store(), image.id()) == Told{});
    };
    check();
    subject.reopen();
    check();
  });
}

TEST_CASE("A dropped draft is gone; pending and kept ops of it stay", "[device]") {
  forEachDevice([](DeviceSubject& subject) {
    Source source;
    Script script(source, "ann");
    script.append("gone");
    Script other(source, "ann");
    DeviceBatch batch = batchOf(script);
    batch.drafts.drafts.push_back(other.write());
    batch.queued = {{1, pendingAppend(source, script, "pending")}};
    batch.kept = {{pendingAppend(source, script, "kept"), rejection(ErrorCode::notFound), source.now}};
    got(subject.store().commit(batch));

    DeviceBatch drop;
    drop.dropped = {script.id(), source.id<DraftId>()};
    got(subject.store().commit(drop));
    CHECK(tell(subject.store(), script.id()) == Told{});
    CHECK(got(subject.store().linkAt(script.id(), 0)) == std::nullopt);
    CHECK(difference(tell(subject.store(), other.id()), tell(other)) == "");
    CHECK(got(subject.store().allDrafts({}, 10)) == std::vector{other.id()});
    CHECK(got(subject.store().listChanges("ann", {}, 10)).size() == 1);
    CHECK(got(subject.store().readPending()) == batch.queued);
    CHECK(got(subject.store().readKept()) == batch.kept);
    CHECK(got(subject.store().integrity()).empty());
  });
}

TEST_CASE("S6 a snapshot reads as the draft it is of, without the log before it", "[device]") {
  forEachDevice([](DeviceSubject& subject) {
    Source source;
    Script script(source, "ann", "From afar");
    script.act("ann", AddCollaborator{"ben", Role::editor});
    script.append("one");
    script.redact("ann", script.append("erased long ago"));
    script.pass("ben");
    script.act("ann", RequestRing{});
    script.append("three");
    script.act("ann", SetTitle{"From far away", ""});
    const Seq base = script.state.position.seq;
    const Digest link = script.state.position.link;
    DeviceBatch batch;
    batch.installed = {script.image()};
    got(subject.store().commit(batch));

    const auto check = [&] {
      CHECK(difference(toldAfter(subject.store(), script, base), since(script, base)) == "");
      CHECK(got(subject.store().readLog(script.id(), 0, kAll)).empty());
      CHECK(got(subject.store().readLog(script.id(), base - 1, kAll)).empty());
      CHECK(got(subject.store().linkAt(script.id(), base)) == link);
      CHECK(got(subject.store().linkAt(script.id(), base - 1)) == std::nullopt);
      CHECK(got(subject.store().linkAt(script.id(), 0)) == Digest{});
      CHECK(got(subject.store().listDrafts("ben", {}, 10)) == std::vector<DraftHead>{script.state});
      const Found found = got(subject.store().find(
          {.drafts = {},
           .ops = {{script.id(), script.log[2].op.id}},
           .segments = {{script.id(), script.segments[0].id}, {script.id(), script.segments[1].id}}}));
      CHECK(found.ops[0] == std::nullopt);
      CHECK(found.segments[0] == SegmentRef{"ann", false});
      CHECK(found.segments[1] == SegmentRef{"ann", true});
    };
    check();
    subject.reopen();
    check();

    (void)script.write();
    script.act("ben", SetTitle{"Ben may not, but stores do not judge", ""});
    script.append("four");
    script.redact("ann", script.segments[0].id);
    script.pass("ann");
    got(subject.store().commit(batchOf(script)));
    CHECK(difference(toldAfter(subject.store(), script, base), since(script, base)) == "");
    for (std::uint32_t from = 0; from < 4; ++from) {
      const auto read = got(subject.store().readSegments(script.id(), from, from + 1, kAll));
      CHECK(read == std::vector{script.segments[from]});
    }
    CHECK(got(subject.store().linkAt(script.id(), base)) == link);
    CHECK(got(subject.store().linkAt(script.id(), base + 1)) == script.log[static_cast<std::size_t>(base)].link);
    CHECK(got(subject.store().readLog(script.id(), 0, kAll)).empty());
    CHECK(got(subject.store().integrity()).empty());
  });
}

TEST_CASE("S6 a snapshot replaces what there was of the draft", "[device]") {
  forEachDevice([](DeviceSubject& subject) {
    Source source;
    Script script(source, "ann");
    script.act("ann", AddCollaborator{"ben", Role::editor});
    script.append("old");
    got(subject.store().commit(batchOf(script)));
    script.act("ann", RemoveCollaborator{"ben"});
    script.append("new");
    DeviceBatch batch;
    batch.installed = {script.image()};
    got(subject.store().commit(batch));
    const Seq base = script.state.position.seq;
    CHECK(difference(toldAfter(subject.store(), script, base), since(script, base)) == "");
    CHECK(got(subject.store().listChanges("ben", {}, 10)).empty());

    (void)script.write();
    script.append("newer");
    got(subject.store().commit(batchOf(script)));
    CHECK(difference(toldAfter(subject.store(), script, base), since(script, base)) == "");
    CHECK(got(subject.store().integrity()).empty());
  });
}

TEST_CASE("H3 a copy that is set aside is out of sight, and can be exported", "[device]") {
  forEachDevice([](DeviceSubject& subject) {
    Source source;
    Script script(source, "ann", "Diverged");
    for (int i = 0; i < 5; ++i) {
      script.append("segment " + std::to_string(i));
    }
    got(subject.store().commit(batchOf(script)));
    const DraftPosition copy{script.id(), script.state.position};
    DeviceBatch aside;
    aside.setAside = {script.id(), source.id<DraftId>()};
    got(subject.store().commit(aside));

    const auto check = [&] {
      CHECK(got(subject.store().readSetAside()) == std::vector{copy});
      const auto part = got(subject.store().readSetAsidePart(copy, 2, kAll));
      REQUIRE(part.has_value());
      CHECK(part->head == script.state);
      CHECK(part->segments == std::vector(script.segments.begin() + 2, script.segments.end()));
      CHECK(got(subject.store().readSetAsidePart(copy, 0, 1))->segments.size() == 1);
      CHECK(got(subject.store().readSetAsidePart(copy, 5, kAll))->segments.empty());
      CHECK(got(subject.store().readSetAsidePart({script.id(), {}}, 0, kAll)) == std::nullopt);
    };
    check();
    CHECK(tell(subject.store(), script.id()) == Told{});
    CHECK(got(subject.store().linkAt(script.id(), 1)) == std::nullopt);
    CHECK(got(subject.store().listDrafts("ann", {}, 10)).empty());
    CHECK(got(subject.store().listChanges("ann", {}, 10)).empty());
    CHECK(got(subject.store().allDrafts({}, 10)).empty());

    DeviceBatch fetched;  // the draft itself is fetched anew
    fetched.installed = {script.image()};
    got(subject.store().commit(fetched));
    subject.reopen();
    check();
    const Seq base = script.state.position.seq;
    CHECK(difference(toldAfter(subject.store(), script, base), since(script, base)) == "");
    CHECK(got(subject.store().integrity()).empty());
  });
}

TEST_CASE("H3 a draft may be set aside and installed in one batch, and more than once", "[device]") {
  forEachDevice([](DeviceSubject& subject) {
    Source source;
    Script script(source, "ann");
    got(subject.store().commit(batchOf(script)));
    std::vector<DraftPosition> copies;
    for (int i = 0; i < 3; ++i) {
      copies.push_back({script.id(), script.state.position});
      script.append("round " + std::to_string(i));
      DeviceBatch batch;
      batch.setAside = {script.id()};
      batch.installed = {script.image()};
      got(subject.store().commit(batch));
    }
    CHECK(got(subject.store().readSetAside()) == copies);
    for (std::size_t i = 0; i < copies.size(); ++i) {
      CHECK(got(subject.store().readSetAsidePart(copies[i], 0, kAll))->segments.size() == i);
    }
  });
}

TEST_CASE("O12 a redaction erases in copies set aside too, but not a device's own pending and kept work", "[device]") {
  forEachDevice([](DeviceSubject& subject) {
    Source source;
    Script script(source, "ann");
    const SegmentId byOp = script.append("redacted by an op");
    const SegmentId bySnapshot = script.append("redacted in a snapshot");
    script.append("stays");
    const DraftPosition copy{script.id(), script.state.position};
    DeviceBatch batch = batchOf(script);
    batch.queued = {{1, script.log[1].op}};
    batch.kept = {{script.log[1].op, rejection(ErrorCode::internal), source.now}};
    got(subject.store().commit(batch));

    script.redact("ann", bySnapshot);
    (void)script.write();
    DeviceBatch fetched;
    fetched.setAside = {script.id()};
    fetched.installed = {script.image()};
    got(subject.store().commit(fetched));
    script.redact("ann", byOp);
    got(subject.store().commit(batchOf(script)));

    subject.reopen();
    CHECK(got(subject.store().readSetAsidePart(copy, 0, kAll))->segments == script.segments);
    CHECK(got(subject.store().readPending()) == batch.queued);
    CHECK(got(subject.store().readKept()) == batch.kept);
  });
}

}  // namespace onering::testing
