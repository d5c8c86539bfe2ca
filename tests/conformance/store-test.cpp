// The part of the contract that the authority needs (onering/ports/store.h), for every store.
#include <algorithm>
#include <tuple>
#include <utility>

#include "script.h"
#include "subjects.h"

namespace onering::testing {
namespace {

constexpr std::size_t kAll = 1U << 30U;

// A draft of Ann's with Ben and Cat as editors and Vic as viewer, some text of everybody's and a queue.
Script storyOf(Source& source) {
  Script script(source, "ann", "Ann's \"draft\" – 'first'");
  script.act("ann", AddCollaborator{"ben", Role::editor});
  script.act("ann", AddCollaborator{"cat", Role::editor});
  script.act("ann", AddCollaborator{"vic", Role::viewer});
  script.append("Once upon a time");
  script.act("ben", RequestRing{});
  script.act("cat", RequestRing{});
  script.pass("ben");
  script.append("there were drei Bären 🐻,\nand a ring");
  script.act("ann", ReclaimRing{script.state.ring.epoch});
  script.append("that nobody owned for long.");
  return script;
}

// Commits `batch` and expects the store to refuse it whole: what it says of `scripts` stays as it is.
void refuses(Store& store, const Batch& batch, std::initializer_list<const Script*> scripts) {
  std::vector<Told> before;
  for (const Script* script : scripts) {
    before.push_back(tell(store, script->id()));
  }
  CHECK(faultOf(store.commit(batch)) == StoreFault::conflict);
  std::size_t i = 0;
  for (const Script* script : scripts) {
    CHECK(difference(tell(store, script->id()), before[i++]) == "");
  }
}

InviteId inviteOf(std::uint64_t number) {
  return InviteId::fromHalves(0x0000'0000'0000'7000ULL, 0x8000'0000'0000'0000ULL | number);
}

std::vector<DraftId> idsOf(const std::vector<DraftHead>& heads) {
  std::vector<DraftId> ids;
  std::ranges::transform(heads, std::back_inserter(ids), &DraftHead::id);
  return ids;
}

}  // namespace

TEST_CASE("I4, I5 what was committed reads back as it is: state, log, segments, ring history", "[store]") {
  forEachStore([](StoreSubject& subject) {
    Source source;
    Script script = storyOf(source);
    got(subject.store().commit(script.batch()));
    CHECK(difference(tell(subject.store(), script.id()), tell(script)) == "");

    script.act("ann", SetTitle{"Another title", etagOf(script.state.position)});
    script.act("ben", CancelRequest{});
    script.act("ann", SetRole{"cat", Role::viewer});
    script.act("ann", Lock{});
    script.act("ann", RemoveCollaborator{"ben"});
    script.act("ann", DeleteDraft{});
    got(subject.store().commit(script.batch()));
    CHECK(difference(tell(subject.store(), script.id()), tell(script)) == "");

    script.act("ann", RestoreDraft{});
    script.act("ann", Unlock{});
    script.act("ann", Complete{});
    got(subject.store().commit(script.batch()));
    CHECK(difference(tell(subject.store(), script.id()), tell(script)) == "");
  });
}

TEST_CASE("I9 what was committed is there after closing and opening again", "[store]") {
  forEachStore([](StoreSubject& subject) {
    Source source;
    Script script = storyOf(source);
    got(subject.store().commit(script.batch()));
    subject.reopen();
    CHECK(difference(tell(subject.store(), script.id()), tell(script)) == "");

    script.append("More after the pause.");
    got(subject.store().commit(script.batch()));
    subject.reopen();
    CHECK(difference(tell(subject.store(), script.id()), tell(script)) == "");
  });
}

TEST_CASE("A draft that is not there reads as nothing", "[store]") {
  forEachStore([](StoreSubject& subject) {
    Source source;
    const auto draft = source.id<DraftId>();
    CHECK(tell(subject.store(), draft) == Told{});
    CHECK(got(subject.store().linkAt(draft, 0)) == std::nullopt);
    CHECK(got(subject.store().linkAt(draft, 1)) == std::nullopt);
  });
}

TEST_CASE("An empty batch and an empty question are fine", "[store]") {
  forEachStore([](StoreSubject& subject) {
    got(subject.store().commit(Batch{}));
    const Found found = got(subject.store().find({}));
    CHECK(found.drafts.empty());
    CHECK(found.ops.empty());
    CHECK(found.segments.empty());
  });
}

TEST_CASE("H2 every entry's link can be asked for, and none that is not there", "[store]") {
  forEachStore([](StoreSubject& subject) {
    Source source;
    Script script = storyOf(source);
    got(subject.store().commit(script.batch()));
    CHECK(got(subject.store().linkAt(script.id(), 0)) == Digest{});
    Digest link{};
    for (const LogEntry& entry : got(subject.store().readLog(script.id(), 0, kAll))) {
      link = nextLink(link, entry);
      CHECK(got(subject.store().linkAt(script.id(), entry.seq)) == link);
    }
    CHECK(link == script.state.position.link);
    CHECK(got(subject.store().linkAt(script.id(), script.state.position.seq + 1)) == std::nullopt);
    CHECK(got(subject.store().linkAt(script.id(), Seq{1} << 40U)) == std::nullopt);
  });
}

TEST_CASE("The log pages by bytes, and gives one entry however long it is", "[store]") {
  forEachStore([](StoreSubject& subject) {
    Source source;
    Script script(source, "ann");
    for (std::size_t i = 0; i < 20; ++i) {
      script.append(std::string(10 * i + 1, 'x'));
    }
    got(subject.store().commit(script.batch()));
    const auto bytesOf = [](const LogEntry& entry) {
      const auto* append = std::get_if<AppendSegment>(&entry.op.body);
      return canonicalBytes(entry.op, stampOf(entry)).size() + (append ? append->content.text.size() : 0);
    };
    for (const std::size_t bytesMax : {std::size_t{0}, std::size_t{1}, std::size_t{600}, std::size_t{2'000}, kAll}) {
      std::vector<LogEntry> read;
      while (read.size() < script.log.size()) {
        const auto page = got(subject.store().readLog(script.id(), read.size(), bytesMax));
        REQUIRE_FALSE(page.empty());
        std::size_t bytes = 0;
        for (const LogEntry& entry : page) {
          bytes += bytesOf(entry);
        }
        CHECK((page.size() == 1 || bytes <= bytesMax));
        read.insert(read.end(), page.begin(), page.end());
        if (read.size() < script.log.size()) {
          CHECK(bytes + bytesOf(script.log[read.size()]) > bytesMax);  // the next one did not fit
        }
      }
      CHECK(read == script.log);
    }
    CHECK(got(subject.store().readLog(script.id(), script.log.size(), kAll)).empty());
    CHECK(got(subject.store().readLog(script.id(), Seq{1} << 40U, kAll)).empty());
  });
}

TEST_CASE("I5 segments are found by position, wherever ops that add none lie between them", "[store]") {
  forEachStore([](StoreSubject& subject) {
    Source source;
    Script script(source, "ann");
    script.act("ann", AddCollaborator{"ben", Role::editor});
    for (int i = 0; i < 120; ++i) {
      for (int other = 0; other < i % 7 * (i % 3); ++other) {
        script.act("ann", SetTitle{"Title " + std::to_string(i) + "." + std::to_string(other), ""});
      }
      script.append("segment " + std::to_string(i));
      if (i % 40 == 39) {
        got(subject.store().commit(script.batch()));
      }
    }
    script.act("ann", SetTitle{"The end", ""});
    got(subject.store().commit(script.batch()));
    for (std::uint32_t from = 0; from < 122; ++from) {
      for (const std::uint32_t count : {0U, 1U, 2U, 5U, 200U}) {
        const auto read = got(subject.store().readSegments(script.id(), from, from + count, kAll));
        const auto start = std::min<std::size_t>(from, script.segments.size());
        const auto end = std::min<std::size_t>(from + count, script.segments.size());
        const std::vector<Segment> expected(script.segments.begin() + static_cast<std::ptrdiff_t>(start),
                                            script.segments.begin() + static_cast<std::ptrdiff_t>(end));
        INFO("from " << from << ", " << count << " segments");
        REQUIRE(read == expected);
      }
    }
  });
}

TEST_CASE("Segments page by bytes of text, and one comes however long it is", "[store]") {
  forEachStore([](StoreSubject& subject) {
    Source source;
    Script script(source, "ann");
    for (std::size_t i = 1; i <= 5; ++i) {
      script.append(std::string(i * 100, 'x'));
    }
    got(subject.store().commit(script.batch()));
    const auto count = [&](std::uint32_t from, std::size_t bytesMax) {
      return got(subject.store().readSegments(script.id(), from, 100, bytesMax)).size();
    };
    CHECK(count(0, 0) == 1);
    CHECK(count(0, 299) == 1);
    CHECK(count(0, 300) == 2);
    CHECK(count(0, 600) == 3);
    CHECK(count(3, 800) == 1);
    CHECK(count(3, 900) == 2);
    CHECK(count(0, kAll) == 5);
  });
}

TEST_CASE("The ring's history pages by line", "[store]") {
  forEachStore([](StoreSubject& subject) {
    Source source;
    Script script(source, "ann");
    script.act("ann", AddCollaborator{"ben", Role::editor});
    for (int i = 0; i < 7; ++i) {
      script.pass(i % 2 == 0 ? "ben" : "ann");
    }
    got(subject.store().commit(script.batch()));
    std::vector<RingPass> read;
    while (read.size() < script.passes.size()) {
      const auto page = got(subject.store().readPasses(script.id(), static_cast<std::uint32_t>(read.size()), 3));
      REQUIRE_FALSE(page.empty());
      CHECK(page.size() <= 3);
      read.insert(read.end(), page.begin(), page.end());
    }
    CHECK(read == script.passes);
    CHECK(got(subject.store().readPasses(script.id(), 8, 3)).empty());
    CHECK(got(subject.store().readPasses(script.id(), 0, 0)).empty());
  });
}

TEST_CASE("K4 a batch writes many drafts or none: one that is not where it was expected", "[store]") {
  forEachStore([](StoreSubject& subject) {
    Source source;
    Script first = storyOf(source);
    Script second(source, "ben");
    second.append("one");
    got(subject.store().commit(Batch{.drafts = {first.write(), second.write()}, .rejected = {}}));

    first.append("of a batch that does not happen");
    second.append("two");
    Batch batch{.drafts = {first.write(), second.write()}, .rejected = {}};
    Batch behind = batch;
    behind.drafts[1].expected -= 1;
    behind.drafts[1].head.position.seq -= 1;
    refuses(subject.store(), behind, {&first, &second});
    Batch ahead = batch;
    ahead.drafts[1].expected += 1;
    ahead.drafts[1].head.position.seq += 1;
    refuses(subject.store(), ahead, {&first, &second});
    got(subject.store().commit(batch));
    CHECK(difference(tell(subject.store(), first.id()), tell(first)) == "");
    CHECK(difference(tell(subject.store(), second.id()), tell(second)) == "");
    refuses(subject.store(), batch, {&first, &second});
  });
}

TEST_CASE("K4 a draft is created once", "[store]") {
  forEachStore([](StoreSubject& subject) {
    Source source;
    Script script(source, "ann");
    const Batch creation = script.batch();
    got(subject.store().commit(creation));
    refuses(subject.store(), creation, {&script});

    Script unknown(source, "ben");
    (void)unknown.write();
    unknown.append("to a draft that the store has never seen");
    refuses(subject.store(), unknown.batch(), {&script, &unknown});
  });
}

TEST_CASE("K1, K4 an op id is taken once in a draft, and once in every draft", "[store]") {
  forEachStore([](StoreSubject& subject) {
    Source source;
    Script first(source, "ann");
    Script second(source, "ann");
    first.append("one");
    got(subject.store().commit(Batch{.drafts = {first.write(), second.write()}, .rejected = {}}));

    Op op = source.op(second.id(), "ann", SetTitle{"By the same op id", ""});
    op.id = first.log.back().op.id;
    second.accept(op);
    got(subject.store().commit(second.batch()));
    CHECK(difference(tell(subject.store(), second.id()), tell(second)) == "");

    Op again = source.op(first.id(), "ann", SetTitle{"By an op id that is taken", ""});
    again.id = first.log.back().op.id;
    first.accept(again);
    refuses(subject.store(), first.batch(), {&first, &second});
  });
}

TEST_CASE("K4 a segment id is taken once in a draft, and once in every draft", "[store]") {
  forEachStore([](StoreSubject& subject) {
    Source source;
    Script first(source, "ann");
    Script second(source, "ann");
    const SegmentId segment = first.append("one");
    got(subject.store().commit(Batch{.drafts = {first.write(), second.write()}, .rejected = {}}));

    second.act("ann", AppendSegment{segment, 1, source.content("of the same id")});
    got(subject.store().commit(second.batch()));
    CHECK(difference(tell(subject.store(), second.id()), tell(second)) == "");

    first.append("two");
    first.act("ann", AppendSegment{segment, 1, source.content("of an id that is taken")});
    refuses(subject.store(), first.batch(), {&first, &second});
  });
}

TEST_CASE("K2, K3 what has been judged is found, beside what has not, in the order of the questions", "[store]") {
  forEachStore([](StoreSubject& subject) {
    Source source;
    Script script = storyOf(source);
    const Op refused = source.op(script.id(), "ben", Complete{});
    const Op unknown = source.op(script.id(), "ben", Complete{});
    Batch batch = script.batch();
    batch.rejected.push_back(rejectedOp(refused, ErrorCode::notOwner, source.now));
    got(subject.store().commit(batch));

    const auto elsewhere = source.id<DraftId>();
    const LogEntry& entry = script.log[4];
    const Segment& segment = script.segments[1];
    const Found found = got(subject.store().find(
        {.drafts = {elsewhere, script.id(), elsewhere, script.id()},
         .ops = {{script.id(), unknown.id},
                 {script.id(), refused.id},
                 {elsewhere, entry.op.id},
                 {script.id(), entry.op.id}},
         .segments = {{script.id(), segment.id}, {elsewhere, segment.id}, {script.id(), source.id<SegmentId>()}}}));
    REQUIRE(found.drafts.size() == 4);
    CHECK(found.drafts[0] == std::nullopt);
    CHECK(found.drafts[1] == script.state);
    CHECK(found.drafts[2] == std::nullopt);
    CHECK(found.drafts[3] == script.state);
    REQUIRE(found.ops.size() == 4);
    CHECK(found.ops[0] == std::nullopt);
    CHECK(found.ops[1] == KnownOp{"ben", opDigest(refused), rejection(ErrorCode::notOwner)});
    CHECK(found.ops[2] == std::nullopt);
    CHECK(found.ops[3] == KnownOp{entry.op.actor, opDigest(entry.op), acceptedFor(entry)});
    REQUIRE(found.segments.size() == 3);
    CHECK(found.segments[0] == SegmentRef{segment.author, false});
    CHECK(found.segments[1] == std::nullopt);
    CHECK(found.segments[2] == std::nullopt);
  });
}

TEST_CASE("K5 a rejection is remembered, also for a draft that there is not, until it is old", "[store]") {
  forEachStore([](StoreSubject& subject) {
    Source source;
    const auto nowhere = source.id<DraftId>();
    const Op older = source.op(nowhere, "ann", Lock{});
    const Op newer = source.op(nowhere, "ann", Lock{});
    const Time time = source.now;
    got(subject.store().commit(Batch{.drafts = {},
                                     .rejected = {rejectedOp(older, ErrorCode::notFound, time),
                                                  rejectedOp(newer, ErrorCode::notFound, time + Duration{1})}}));
    const auto remembered = [&] {
      const Found found =
          got(subject.store().find({.drafts = {}, .ops = {{nowhere, older.id}, {nowhere, newer.id}}, .segments = {}}));
      return std::pair(found.ops[0].has_value(), found.ops[1].has_value());
    };
    CHECK(remembered() == std::pair(true, true));
    got(subject.store().forgetRejected(time));
    CHECK(remembered() == std::pair(true, true));
    got(subject.store().forgetRejected(time + Duration{1}));
    CHECK(remembered() == std::pair(false, true));
    subject.reopen();
    CHECK(remembered() == std::pair(false, true));
    got(subject.store().forgetRejected(time + Duration{2}));
    CHECK(remembered() == std::pair(false, false));
  });
}

TEST_CASE("I6 an op has one receipt: what was rejected is not accepted, nor the other way round, nor twice",
          "[store]") {
  forEachStore([](StoreSubject& subject) {
    Source source;
    Script script(source, "ann");
    got(subject.store().commit(script.batch()));
    const Op op = source.op(script.id(), "ann", Lock{});
    const Batch rejected{.drafts = {}, .rejected = {rejectedOp(op, ErrorCode::staleEpoch, source.now)}};
    got(subject.store().commit(rejected));
    refuses(subject.store(), rejected, {&script});

    script.accept(op);
    const Batch accepted = script.batch();
    refuses(subject.store(), accepted, {&script});

    got(subject.store().forgetRejected(source.now + Duration{1'000}));
    got(subject.store().commit(accepted));
    refuses(subject.store(), rejected, {&script});
    const Found found = got(subject.store().find({.drafts = {}, .ops = {{script.id(), op.id}}, .segments = {}}));
    CHECK(found.ops[0] == KnownOp{"ann", opDigest(op), acceptedFor(script.log.back())});
  });
}

TEST_CASE("K4 receipts of rejected ops are part of the batch", "[store]") {
  forEachStore([](StoreSubject& subject) {
    Source source;
    Script script(source, "ann");
    got(subject.store().commit(script.batch()));
    const Op op = source.op(script.id(), "ben", Lock{});
    script.append("goes nowhere");
    Batch batch = script.batch();
    batch.rejected.push_back(rejectedOp(op, ErrorCode::notFound, source.now));
    batch.rejected.push_back(rejectedOp(script.log[0].op, ErrorCode::notFound, source.now));  // has been accepted
    refuses(subject.store(), batch, {&script});
    const Found found = got(subject.store().find({.drafts = {}, .ops = {{script.id(), op.id}}, .segments = {}}));
    CHECK(found.ops[0] == std::nullopt);
  });
}

TEST_CASE("K5 a rejection is not kept when a draft that it was judged by has moved on", "[store]") {
  forEachStore([](StoreSubject& subject) {
    Source source;
    Script script(source, "ann");
    script.append("text");
    got(subject.store().commit(script.batch()));
    const RejectedOp op = rejectedOp(source.op(script.id(), "ben", RequestRing{}), ErrorCode::notFound, source.now);
    const auto judgedAt = [&](const DraftId& draft, Seq seq) {
      return faultOf(subject.store().commit(Batch{.drafts = {}, .rejected = {op}, .checks = {{draft, seq}}}));
    };
    for (const Seq other : {Seq{0}, Seq{1}, Seq{3}}) {
      CHECK(judgedAt(script.id(), other) == StoreFault::conflict);
      CHECK(got(subject.store().find({.drafts = {}, .ops = {op.key}, .segments = {}})).ops[0] == std::nullopt);
    }
    CHECK(judgedAt(script.id(), 2) == std::nullopt);
    CHECK(got(subject.store().find({.drafts = {}, .ops = {op.key}, .segments = {}})).ops[0].has_value());
  });
}

TEST_CASE("O12, H1 a redacted segment's text is gone, its place and its link stay", "[store]") {
  forEachStore([](StoreSubject& subject) {
    Source source;
    Script script(source, "ann");
    script.append("before");
    const SegmentId secret = script.append("the secret");
    script.append("after");
    got(subject.store().commit(script.batch()));

    script.redact("ann", secret);
    got(subject.store().commit(script.batch()));
    const auto check = [&] {
      CHECK(difference(tell(subject.store(), script.id()), tell(script)) == "");
      const Told told = tell(subject.store(), script.id());
      REQUIRE(told.segments.size() == 3);
      CHECK(told.segments[1].content.erased);
      CHECK(told.segments[1].content.text.empty());
      CHECK(told.segments[1].content.salt == Salt{});
      Digest link{};
      for (const LogEntry& entry : told.log) {
        link = nextLink(link, entry);
        CHECK(entry.link == link);
      }
      const Found found = got(subject.store().find({.drafts = {}, .ops = {}, .segments = {{script.id(), secret}}}));
      CHECK(found.segments[0] == SegmentRef{"ann", true});
    };
    check();
    subject.reopen();
    check();
  });
}

TEST_CASE("O12 a segment may be added and redacted in one batch", "[store]") {
  forEachStore([](StoreSubject& subject) {
    Source source;
    Script script(source, "ann");
    script.redact("ann", script.append("hardly written"));
    script.append("stays");
    got(subject.store().commit(script.batch()));
    CHECK(difference(tell(subject.store(), script.id()), tell(script)) == "");
  });
}

TEST_CASE("H1 an entry that arrives erased is kept erased", "[store]") {
  forEachStore([](StoreSubject& subject) {
    Source source;
    Script script(source, "ann");
    const Content content = source.content("erased before it came here");
    script.act("ann", AppendSegment{source.id<SegmentId>(), 1, erasedContent(content.digest)});
    got(subject.store().commit(script.batch()));
    CHECK(difference(tell(subject.store(), script.id()), tell(script)) == "");
    script.redact("ann", script.segments[0].id);
    got(subject.store().commit(script.batch()));
    CHECK(difference(tell(subject.store(), script.id()), tell(script)) == "");
  });
}

TEST_CASE("§6 a user's drafts are listed newest first, then by id, and page by key", "[store]") {
  forEachStore([](StoreSubject& subject) {
    Source source;
    std::vector<Script> scripts;
    for (int i = 0; i < 9; ++i) {
      source.now += Duration{i % 3 == 0 ? 10 : 0};  // three at a time share their time
      scripts.emplace_back(source, "ann", "Draft " + std::to_string(i));
      got(subject.store().commit(scripts.back().batch()));
    }
    scripts[2].append("moves to the front");
    got(subject.store().commit(scripts[2].batch()));
    Script other(source, "ben");
    got(subject.store().commit(other.batch()));

    std::vector<DraftHead> expected;
    for (const Script& script : scripts) {
      expected.push_back(script.state);
    }
    std::ranges::sort(expected, {}, [](const DraftHead& head) { return std::tuple(-toMs(head.updatedAt), head.id); });
    CHECK(got(subject.store().listDrafts("ann", {}, 100)) == expected);
    for (const std::uint32_t size : {1U, 2U, 4U}) {
      std::vector<DraftHead> read;
      std::optional<DraftListKey> after;
      while (true) {
        const auto page = got(subject.store().listDrafts("ann", after, size));
        if (page.empty()) {
          break;
        }
        CHECK(page.size() <= size);
        read.insert(read.end(), page.begin(), page.end());
        after = DraftListKey{page.back().updatedAt, page.back().id};
      }
      CHECK(read == expected);
    }
    CHECK(got(subject.store().listDrafts("zoe", {}, 100)).empty());
    CHECK(got(subject.store().listDrafts("ann", {}, 0)).empty());
  });
}

TEST_CASE("§6 a list has the drafts of which one is a member and which are not deleted", "[store]") {
  forEachStore([](StoreSubject& subject) {
    Source source;
    Script script(source, "ann");
    const auto commit = [&] { got(subject.store().commit(script.batch())); };
    const auto listed = [&](const char* user) {
      return idsOf(got(subject.store().listDrafts(user, {}, 10))) == std::vector{script.id()};
    };
    commit();
    CHECK(listed("ann"));
    CHECK_FALSE(listed("ben"));
    script.act("ann", AddCollaborator{"ben", Role::viewer});
    commit();
    CHECK(listed("ben"));
    script.act("ben", RemoveCollaborator{"ben"});
    commit();
    CHECK_FALSE(listed("ben"));
    script.act("ann", AddCollaborator{"ben", Role::editor});
    commit();
    CHECK(listed("ben"));
    script.act("ann", DeleteDraft{});
    commit();
    CHECK_FALSE(listed("ann"));
    CHECK_FALSE(listed("ben"));
    script.act("ann", RestoreDraft{});
    commit();
    CHECK(listed("ann"));
    CHECK(listed("ben"));
  });
}

TEST_CASE("S6 what changed for a user is told by (time, id) behind a cursor, deleted drafts included", "[store]") {
  forEachStore([](StoreSubject& subject) {
    Source source;
    std::vector<Script> scripts;
    for (int i = 0; i < 7; ++i) {
      source.now += Duration{i % 2 == 0 ? 10 : 0};
      scripts.emplace_back(source, "ann");
    }
    scripts[1].act("ann", DeleteDraft{});
    std::vector<MembershipChange> expected;
    for (Script& script : scripts) {
      got(subject.store().commit(script.batch()));
      expected.push_back({script.id(), script.state.updatedAt, false, script.state.position});
    }
    std::ranges::sort(expected, {}, [](const auto& change) { return std::pair(change.at, change.draft); });
    CHECK(got(subject.store().listChanges("ann", {}, 100)) == expected);
    for (const std::uint32_t size : {1U, 3U}) {
      std::vector<MembershipChange> read;
      ChangeCursor cursor;
      while (true) {
        const auto page = got(subject.store().listChanges("ann", cursor, size));
        if (page.empty()) {
          break;
        }
        read.insert(read.end(), page.begin(), page.end());
        cursor = {page.back().at, page.back().draft};
      }
      CHECK(read == expected);
    }
    CHECK(got(subject.store().listChanges("zoe", {}, 100)).empty());
  });
}

TEST_CASE("S6 what changed for a user of many drafts is told whole, whether little has changed or much", "[store]") {
  forEachStore([](StoreSubject& subject) {
    Source source;
    std::vector<Script> scripts;
    Batch batch;
    for (int i = 0; i < 1'200; ++i) {
      source.now += Duration{10};
      Script& script = scripts.emplace_back(source, i == 1'150 ? "bob" : "ann");
      if (i % 100 == 99) {
        script.act("ann", Lock{});
      } else if (i % 100 == 98) {
        script.act("ann", DeleteDraft{});
      } else if (i == 1'150) {
        script.act("bob", AddCollaborator{"ann", Role::editor});
        script.act("bob", RemoveCollaborator{"ann"});
      }
      batch.drafts.push_back(script.write());
      if (batch.drafts.size() == 200) {
        got(subject.store().commit(std::exchange(batch, {})));
      }
    }
    std::vector<MembershipChange> expected;
    for (const Script& script : scripts) {
      const bool left = script.state.owner == "bob";
      expected.push_back({script.id(), script.state.updatedAt, left, left ? LogPosition{} : script.state.position});
    }
    for (const std::size_t from : {0U, 150U, 250U, 1'100U, 1'197U, 1'199U}) {
      const ChangeCursor cursor{expected[from].at, expected[from].draft};
      const std::vector<MembershipChange> behind(expected.begin() + static_cast<std::ptrdiff_t>(from) + 1,
                                                 expected.end());
      INFO("behind " << from);
      CHECK(got(subject.store().listChanges("ann", cursor, 2'000)) == behind);
      const std::size_t first = std::min<std::size_t>(behind.size(), 10);
      CHECK(got(subject.store().listChanges("ann", cursor, 10)) ==
            std::vector(behind.begin(), behind.begin() + static_cast<std::ptrdiff_t>(first)));
    }
  });
}

TEST_CASE("S6 who left a draft is told when, until they are a member again", "[store]") {
  forEachStore([](StoreSubject& subject) {
    Source source;
    Script script(source, "ann");
    script.act("ann", AddCollaborator{"ben", Role::editor});
    got(subject.store().commit(script.batch()));
    script.act("ann", RemoveCollaborator{"ben"});
    const Time left = source.now;
    script.append("not Ben's to read");
    got(subject.store().commit(script.batch()));
    subject.reopen();
    CHECK(got(subject.store().listChanges("ben", {}, 10)) ==
          std::vector{MembershipChange{script.id(), left, true, {}}});
    CHECK(got(subject.store().listChanges("ben", {left, script.id()}, 10)).empty());
    CHECK(difference(tell(subject.store(), script.id()), tell(script)) == "");

    script.act("ann", AddCollaborator{"ben", Role::viewer});
    got(subject.store().commit(script.batch()));
    CHECK(got(subject.store().listChanges("ben", {}, 10)) ==
          std::vector{MembershipChange{script.id(), script.state.updatedAt, false, script.state.position}});
    CHECK(difference(tell(subject.store(), script.id()), tell(script)) == "");
  });
}

TEST_CASE("All drafts are told by id, deleted ones included", "[store]") {
  forEachStore([](StoreSubject& subject) {
    Source source;
    std::vector<DraftId> ids;
    for (int i = 0; i < 5; ++i) {
      Script script(source, i % 2 == 0 ? "ann" : "ben");
      if (i == 3) {
        script.act("ben", DeleteDraft{});
      }
      got(subject.store().commit(script.batch()));
      ids.push_back(script.id());
    }
    std::ranges::sort(ids);
    CHECK(got(subject.store().allDrafts({}, 100)) == ids);
    CHECK(got(subject.store().allDrafts(ids[1], 2)) == std::vector{ids[2], ids[3]});
    CHECK(got(subject.store().allDrafts(ids[4], 2)).empty());
  });
}

TEST_CASE("What is as large as it may be is kept whole", "[store]") {
  forEachStore([](StoreSubject& subject) {
    Source source;
    const Limits limits;
    const std::string longUser(128, 'u');
    std::string title;
    for (std::uint32_t i = 0; i < limits.titleCharacters; ++i) {
      title += "🐻";
    }
    Script script(source, longUser, title);
    script.append(std::string(limits.segmentBytes, '\x7F'));
    for (int i = 0; i < 1'000; ++i) {
      script.act(longUser, AddCollaborator{"member-" + std::to_string(i), Role::editor});
    }
    for (int i = 0; i < 200; ++i) {
      script.act("member-" + std::to_string(i), RequestRing{});
    }
    got(subject.store().commit(script.batch()));
    CHECK(difference(tell(subject.store(), script.id()), tell(script)) == "");
  });
}

TEST_CASE("Texts and names are data, whatever they look like", "[store]") {
  forEachStore([](StoreSubject& subject) {
    Source source;
    Script script(source, "a'; DROP TABLE log; --", "%_\\\"'`${}");
    script.append("?1 :name @p $x -- /* */ ';");
    script.append(" ");
    script.append("\t\r\n\xC2\x80\xEF\xBB\xBF");
    got(subject.store().commit(script.batch()));
    CHECK(difference(tell(subject.store(), script.id()), tell(script)) == "");
    CHECK(got(subject.store().listDrafts("a'; DROP TABLE log; --", {}, 10)).size() == 1);
  });
}

TEST_CASE("§11 invites are part of the state: new, accepted, revoked, and those that make room", "[store]") {
  forEachStore([](StoreSubject& subject) {
    Source source;
    Script script(source, "ann");
    const auto invite = [](std::uint64_t number, const UserId& user) {
      return CreateInvite{.invite = inviteOf(number),
                          .tokenHash = tokenHash({7}),
                          .role = Role::viewer,
                          .user = user,
                          .lifetime = std::chrono::hours{1}};
    };
    script.act("ann", invite(1, ""));
    script.act("ann", invite(2, "bär"));
    script.act("ann", invite(3, ""));
    got(subject.store().commit(script.batch()));
    CHECK(difference(tell(subject.store(), script.id()), tell(script)) == "");

    script.act("zoe", AcceptInvite{.invite = inviteOf(1), .tokenHash = tokenHash({7})});
    script.act("ann", RevokeInvite{.invite = inviteOf(3)});
    script.act("ann", invite(4, ""));
    script.act("ann", RevokeInvite{.invite = inviteOf(4)});  // made and revoked in one batch
    got(subject.store().commit(script.batch()));
    CHECK(difference(tell(subject.store(), script.id()), tell(script)) == "");
    CHECK(script.state.invites.size() == 2);

    for (std::uint64_t i = 0; i <= kInvitesPerDraft; ++i) {
      script.act("ann", invite(100 + i, ""));
    }
    got(subject.store().commit(script.batch()));
    CHECK(difference(tell(subject.store(), script.id()), tell(script)) == "");
    subject.reopen();
    CHECK(difference(tell(subject.store(), script.id()), tell(script)) == "");
  });
}

TEST_CASE("§11 the id of an invite that was revoked may be used again", "[store]") {
  forEachStore([](StoreSubject& subject) {
    Source source;
    Script script(source, "ann");
    const auto invite = [](std::uint8_t token, Role role, const UserId& user) {
      return CreateInvite{.invite = inviteOf(1),
                          .tokenHash = tokenHash({token}),
                          .role = role,
                          .user = user,
                          .lifetime = std::chrono::hours{token}};
    };
    script.act("ann", invite(1, Role::viewer, "zoe"));
    got(subject.store().commit(script.batch()));
    script.act("ann", RevokeInvite{.invite = inviteOf(1)});
    got(subject.store().commit(script.batch()));
    script.act("ann", invite(2, Role::editor, ""));
    got(subject.store().commit(script.batch()));
    CHECK(script.state.invites.size() == 1);
    CHECK(difference(tell(subject.store(), script.id()), tell(script)) == "");

    script.act("ann", RevokeInvite{.invite = inviteOf(1)});  // and made again in the same batch
    script.act("ann", invite(3, Role::viewer, "bob"));
    got(subject.store().commit(script.batch()));
    CHECK(difference(tell(subject.store(), script.id()), tell(script)) == "");

    script.act("bob", AcceptInvite{.invite = inviteOf(1), .tokenHash = tokenHash({3})});
    got(subject.store().commit(script.batch()));
    CHECK(difference(tell(subject.store(), script.id()), tell(script)) == "");
  });
}

TEST_CASE("A store in which all is well finds no damage", "[store]") {
  forEachStore([](StoreSubject& subject) {
    Source source;
    CHECK(got(subject.store().integrity()).empty());
    Script script = storyOf(source);
    Script other(source, "ben");
    other.redact("ben", other.append("gone"));
    got(subject.store().commit(Batch{.drafts = {script.write(), other.write()}, .rejected = {}}));
    CHECK(got(subject.store().integrity()).empty());
  });
}

}  // namespace onering::testing
