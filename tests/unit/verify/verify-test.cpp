// `onering verify` against a store that keeps everything well and then tells it wrongly: whatever is wrong is seen.
#include <algorithm>

#include <catch2/catch_test_macros.hpp>

#include "onering/domain/canonical.h"
#include "onering/store/memory/memory-store.h"

#include "../domain/rule-table.h"
#include "verify-store.h"

namespace onering::testing {

namespace {

template <typename Value>
using Lie = std::function<void(Value&)>;

// Hands on what the store behind it answers, with one thing changed.
class LyingStore final : public Store {
 public:
  explicit LyingStore(Store& behind) : behind_(behind) {}

  Lie<DraftState> state;
  Lie<KnownOp> receipt;
  Lie<LogEntry> entry;
  Lie<std::vector<LogEntry>> log;
  Lie<Segment> segment;
  Lie<std::vector<Segment>> segments;
  Lie<std::vector<RingPass>> passes;
  Lie<std::vector<DraftHead>> drafts;
  Lie<std::vector<MembershipChange>> changes;
  Lie<std::vector<std::string>> findings;
  std::size_t bytesMax = std::size_t{1} << 30U;  // of any read, however much is asked for

  StoreResult<Found> find(const Lookup& lookup) override {
    auto found = behind_.find(lookup);
    for (auto& each : found->drafts) {
      tell(state, each);
    }
    for (auto& each : found->ops) {
      tell(receipt, each);
    }
    return found;
  }
  StoreResult<void> commit(const Batch& batch) override { return behind_.commit(batch); }
  StoreResult<std::vector<LogEntry>> readLog(const DraftId& draft, Seq after, std::size_t bytes) override {
    auto entries = behind_.readLog(draft, after, std::min(bytes, bytesMax));
    for (LogEntry& each : *entries) {
      tellOne(entry, each);
    }
    tellOne(log, *entries);
    return entries;
  }
  StoreResult<std::optional<Digest>> linkAt(const DraftId& draft, Seq seq) override {
    return behind_.linkAt(draft, seq);
  }
  StoreResult<std::vector<Segment>> readSegments(const DraftId& draft, std::uint32_t from, std::uint32_t end,
                                                 std::size_t bytes) override {
    auto read = behind_.readSegments(draft, from, end, std::min(bytes, bytesMax));
    for (Segment& each : *read) {
      tellOne(segment, each);
    }
    tellOne(segments, *read);
    return read;
  }
  StoreResult<std::vector<RingPass>> readPasses(const DraftId& draft, std::uint32_t from,
                                                std::uint32_t count) override {
    auto read = behind_.readPasses(draft, from, count);
    tellOne(passes, *read);
    return read;
  }
  StoreResult<std::vector<UserId>> readLeft(const DraftId& draft) override { return behind_.readLeft(draft); }
  StoreResult<std::vector<DraftHead>> listDrafts(const UserId& user, std::optional<DraftListKey> after,
                                                 std::uint32_t count) override {
    auto heads = behind_.listDrafts(user, after, count);
    tellOne(drafts, *heads);
    return heads;
  }
  StoreResult<std::vector<MembershipChange>> listChanges(const UserId& user, const ChangeCursor& after,
                                                         std::uint32_t count) override {
    auto read = behind_.listChanges(user, after, count);
    tellOne(changes, *read);
    return read;
  }
  StoreResult<std::vector<DraftId>> allDrafts(std::optional<DraftId> after, std::uint32_t count) override {
    return behind_.allDrafts(after, count);
  }
  StoreResult<void> forgetRejected(Time before) override { return behind_.forgetRejected(before); }
  StoreResult<std::vector<std::string>> integrity() override {
    auto found = behind_.integrity();
    tellOne(findings, *found);
    return found;
  }

 private:
  template <typename Value>
  static void tellOne(const Lie<Value>& lie, Value& value) {
    if (lie) {
      lie(value);
    }
  }
  template <typename Value>
  static void tell(const Lie<Value>& lie, std::optional<Value>& value) {
    if (value) {
      tellOne(lie, *value);
    }
  }

  Store& behind_;
};

// The board's draft as a store has it, committed op by op.
void store(const Board& board, Store& store) {
  DraftState state;
  for (const LogEntry& entry : board.log()) {
    DraftWrite write{.expected = state.position.seq, .ops = {}, .head = {}};
    const Change change = apply(state, entry);
    write.ops.push_back({.entry = entry, .change = change});
    write.head = static_cast<const DraftHead&>(state);
    REQUIRE(store.commit(Batch{.drafts = {write}, .rejected = {}}));
  }
}

AppendSegment appendOf(Board& board, std::string text) {
  return {.segment = board.freshSegment(), .epoch = board.epoch(), .content = sealContent(std::move(text), Salt{7})};
}

// Three segments, one of them redacted, a pass and a reclaim, a member who left and one who was made a viewer.
Board eventfulBoard() {
  Board board = Board::withMembers();
  board.play(kAnn, appendOf(board, "Once"));
  board.play(kAnn, PassRing{UserId(kBen), 1});
  board.play(kCat, RequestRing{});
  board.play(kBen, appendOf(board, "upon"));
  board.play(kBen, appendOf(board, "a time"));
  board.play(kAnn, ReclaimRing{2});
  board.play(kBen, RedactSegment{board.segments()[1].id});
  board.play(kVic, RemoveCollaborator{UserId(kVic)});
  board.play(kAnn, SetRole{UserId(kBen), Role::viewer});
  board.wait(Duration{5});
  board.play(kAnn, SetTitle{"A better tale", ""});
  return board;
}

// What verify says of the store, told with these lies.
std::vector<std::string> seen(const std::function<void(LyingStore&)>& lying, bool deep = false) {
  MemoryStore memory;
  store(eventfulBoard(), memory);
  LyingStore told(memory);
  lying(told);
  cli::Verifier verifier(told, deep);
  REQUIRE(verifier.run());
  std::vector<std::string> differences;
  for (const cli::Difference& each : verifier.differences()) {
    differences.push_back(each.what);
  }
  return differences;
}

bool anyHolds(const std::vector<std::string>& differences, const std::string& words) {
  return std::ranges::any_of(differences, [&](const std::string& each) { return each.contains(words); });
}

}  // namespace

TEST_CASE("verify finds nothing wrong with a store that is well, and counts it") {
  MemoryStore memory;
  store(eventfulBoard(), memory);
  for (const bool deep : {false, true}) {
    LyingStore told(memory);
    told.bytesMax = deep ? 1 : told.bytesMax;  // page by page
    cli::Verifier verifier(told, deep);
    REQUIRE(verifier.run());
    CHECK(verifier.differences().empty());
    CHECK(verifier.sums().drafts == 1);
    CHECK(verifier.sums().ops == 14);
    CHECK(verifier.sums().segments == 3);
    CHECK(verifier.sums().redacted == 1);
    CHECK(verifier.sums().passes == 3);
    CHECK(verifier.sums().users == 4);
    CHECK(verifier.sums().bytes == 10);
  }
}

TEST_CASE("verify sees what is wrong with a log") {
  const auto seenInEntry = [](Seq seq, const std::function<void(LogEntry&)>& lie) {
    return seen([&](LyingStore& store) {
      store.entry = [&, seq](LogEntry& entry) {
        if (entry.seq == seq) {
          lie(entry);
        }
      };
    });
  };
  CHECK(anyHolds(seenInEntry(5, [](LogEntry& entry) { std::get<AppendSegment>(entry.op.body).content.text = "Twice"; }),
                 "(H1)"));
  CHECK(anyHolds(seenInEntry(5, [](LogEntry& entry) { std::get<AppendSegment>(entry.op.body).epoch = 2; }), "(H2)"));
  CHECK(anyHolds(seenInEntry(5, [](LogEntry& entry) { entry.link[0] ^= 1; }), "(H2)"));
  CHECK(anyHolds(seenInEntry(5, [](LogEntry& entry) { entry.op.actor = "zoe"; }), "(H2)"));
  CHECK(anyHolds(seenInEntry(5, [](LogEntry& entry) { entry.acceptedAt -= Duration{1}; }), "(I11)"));
  CHECK(anyHolds(seenInEntry(5, [](LogEntry& entry) { ++entry.rulesVersion; }), "(H5)"));
  CHECK(anyHolds(seenInEntry(5, [](LogEntry& entry) { entry.op.draft = idOf<DraftId>(99); }), "another draft"));
  CHECK(anyHolds(seenInEntry(5, [](LogEntry& entry) { entry.seq = 6; }), "(I4)"));
  CHECK(anyHolds(
      seen([](LyingStore& store) { store.log = [](std::vector<LogEntry>& log) { log.erase(log.begin() + 3); }; }),
      "(I4)"));
  CHECK(anyHolds(
      seen([](LyingStore& store) { store.log = [](std::vector<LogEntry>& log) { log.resize(log.size() / 2); }; }),
      "(I4)"));
}

TEST_CASE("verify sees a head that is not the log's") {
  const std::pair<Lie<DraftState>, const char*> lies[] = {
      {[](DraftState& state) { state.title = "Another"; }, "title"},
      {[](DraftState& state) { state.platform = "ios"; }, "platform"},
      {[](DraftState& state) { ++state.holdLimit; }, "hold limit"},
      {[](DraftState& state) { state.status = DraftStatus::locked; }, "status"},
      {[](DraftState& state) { state.ring.holder = kCat; }, "ring"},
      {[](DraftState& state) { state.ring.requests.clear(); }, "ring"},
      {[](DraftState& state) { ++state.ring.since; }, "ring"},
      {[](DraftState& state) { --state.segmentCount; }, "segments"},
      {[](DraftState& state) { ++state.createdAt; }, "creation"},
      {[](DraftState& state) { ++state.updatedAt; }, "last change"},
      {[](DraftState& state) { state.deletedAt = state.updatedAt; }, "deletion"},
      {[](DraftState& state) { state.position.link[31] ^= 1; }, "link"},
      {[](DraftState& state) { state.members.pop_back(); }, "members"},
      {[](DraftState& state) { state.owner = kCat; }, "owner"},
      {[](DraftState& state) { state.id = idOf<DraftId>(99); }, "id"},
  };
  for (const auto& [lie, words] : lies) {
    INFO(words);
    CHECK(anyHolds(seen([&](LyingStore& store) { store.state = lie; }), words));
  }
}

TEST_CASE("verify sees segments that are not the log's") {
  const std::pair<Lie<Segment>, const char*> lies[] = {
      {[](Segment& segment) { ++segment.position; }, "(I5)"},
      {[](Segment& segment) { segment.author = "zoe"; }, "(I5)"},
      {[](Segment& segment) { segment.authorDisplay = "Zoe"; }, "(I5)"},
      {[](Segment& segment) { segment.id = idOf<SegmentId>(99); }, "(I5)"},
      {[](Segment& segment) { ++segment.epoch; }, "(I5)"},
      {[](Segment& segment) { ++segment.seq; }, "(I5)"},
      {[](Segment& segment) { ++segment.acceptedAt; }, "(I5)"},
      {[](Segment& segment) { segment.content.text += '!'; }, "(H1)"},
      {[](Segment& segment) { segment.content = sealContent("Something else", {}); }, "another text"},
      {[](Segment& segment) { segment.content = erasedContent(segment.content.digest); }, "lost its text"},
  };
  for (const auto& [lie, words] : lies) {
    INFO(words);
    CHECK(anyHolds(seen([&](LyingStore& store) {
                     store.segment = [&](Segment& segment) {
                       if (segment.position == 0) {
                         lie(segment);
                       }
                     };
                   }),
                   words));
  }
  CHECK(anyHolds(seen([](LyingStore& store) {
                   store.segment = [](Segment& segment) {
                     if (segment.content.erased) {
                       segment.content.erased = false;
                       segment.content.text = "upon";
                     }
                   };
                 }),
                 "its text is still there (O12)"));
  CHECK(anyHolds(seen([](LyingStore& store) {
                   store.segments = [](std::vector<Segment>& segments) { segments.resize(segments.size() / 2); };
                 }),
                 "(I5)"));
}

TEST_CASE("verify sees a ring history that is not the log's") {
  using Passes = std::vector<RingPass>;
  CHECK(
      anyHolds(seen([](LyingStore& store) { store.passes = [](Passes& passes) { passes[1].to = kCat; }; }), "line 1"));
  CHECK(anyHolds(seen([](LyingStore& store) { store.passes = [](Passes& passes) { ++passes[2].at; }; }), "line 2"));
  CHECK(anyHolds(seen([](LyingStore& store) { store.passes = [](Passes& passes) { passes.clear(); }; }), "(I2)"));
}

TEST_CASE("verify sees users' lists that are not what the logs make them") {
  CHECK(anyHolds(seen([](LyingStore& store) { store.drafts = [](std::vector<DraftHead>& heads) { heads.clear(); }; }),
                 "list of drafts of user ann"));
  CHECK(anyHolds(seen([](LyingStore& store) {
                   store.changes = [](std::vector<MembershipChange>& changes) {
                     std::erase_if(changes, [](const MembershipChange& each) { return each.left; });
                   };
                 }),
                 "list of changes of user vic"));
  CHECK(anyHolds(seen([](LyingStore& store) {
                   store.changes = [](std::vector<MembershipChange>& changes) {
                     for (MembershipChange& each : changes) {
                       ++each.at;
                     }
                   };
                 }),
                 "list of changes of user cat"));
}

TEST_CASE("verify passes on what the store finds wrong with itself") {
  CHECK(seen([](LyingStore& store) {
          store.findings = [](std::vector<std::string>& findings) { findings.emplace_back("a page is torn"); };
        }) == std::vector<std::string>{"a page is torn"});
}

TEST_CASE("a deep verify sees a receipt that is not the log's") {
  const auto lie = [](LyingStore& store) {
    store.receipt = [](KnownOp& known) { known.receipt = rejection(ErrorCode::notOwner); };
  };
  CHECK(seen(lie).empty());
  CHECK(anyHolds(seen(lie, true), "(I6)"));
}

TEST_CASE("a deep verify sees an op that should never have been accepted, though its chain is well made") {
  Board board = eventfulBoard();
  MemoryStore memory;
  store(board, memory);
  DraftState state = *board.draft();
  const LogEntry forged = accept(&state, board.opOf(kZoe, Lock{}), "", board.now());
  DraftWrite write{.expected = state.position.seq, .ops = {}, .head = {}};
  const Change change = apply(state, forged);
  write.ops.push_back({.entry = forged, .change = change});
  write.head = static_cast<const DraftHead&>(state);
  REQUIRE(memory.commit(Batch{.drafts = {write}, .rejected = {}}));

  cli::Verifier shallow(memory, false);
  REQUIRE(shallow.run());
  CHECK(shallow.differences().empty());
  cli::Verifier deep(memory, true);
  REQUIRE(deep.run());
  REQUIRE(deep.differences().size() == 1);
  CHECK(deep.differences().front().what == "entry 15 (lock) is not allowed: notFound");
}

}  // namespace onering::testing
