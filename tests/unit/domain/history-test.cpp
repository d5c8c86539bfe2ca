// Whatever people try, in whatever order: the invariants of SPEC §3 hold, and the log alone gives it all back.
#include <random>

#include <catch2/catch_test_macros.hpp>

#include "onering/domain/canonical.h"

#include "rule-table.h"

namespace onering::testing {

namespace {

// Numbers that are the same for the same seed on every platform, which std::uniform_int_distribution's are not.
class Dice {
 public:
  explicit Dice(std::uint64_t seed) : engine_(seed) {}

  [[nodiscard]] std::size_t below(std::size_t end) { return static_cast<std::size_t>(engine_() % end); }
  [[nodiscard]] bool oneIn(std::size_t count) { return below(count) == 0; }
  template <typename List>
  [[nodiscard]] const auto& from(const List& list) {
    return list[below(std::size(list))];
  }

 private:
  std::mt19937_64 engine_;
};

constexpr std::string_view kPeople[] = {kAnn, kBen, kCat, kVic, kZoe};
constexpr Limits kTight{.segmentBytes = 100, .collaborators = 3, .segmentsPerDraft = 40};

// People mostly act under the present epoch, and sometimes under one they remember.
Epoch someEpoch(Dice& dice, const Board& board) {
  return dice.oneIn(8) ? board.epoch() - 1 : board.epoch();
}

SegmentId someSegment(Dice& dice, Board& board) {
  return board.segments().empty() || dice.oneIn(8) ? board.freshSegment() : dice.from(board.segments()).id;
}

OpBody someAppend(Dice& dice, Board& board) {
  const SegmentId segment = dice.oneIn(20) ? someSegment(dice, board) : board.freshSegment();
  return AppendSegment{segment, someEpoch(dice, board), sealContent(std::string(dice.below(101), 'a'), {})};
}

OpBody someBody(Dice& dice, Board& board) {
  const auto someone = [&] { return UserId(dice.from(kPeople)); };
  const auto role = [&] { return dice.oneIn(3) ? Role::viewer : Role::editor; };
  switch (dice.below(40)) {
    case 0:
      return CreateDraft{.title = "Again", .platform = {}, .holdLimit = {}};
    case 1:
      return SetTitle{"Title " + std::to_string(dice.below(9)), dice.oneIn(2) ? etagOf(board.draft()->position) : ""};
    case 2:
      return Lock{};
    case 3:
      return Unlock{};
    case 4:
      return dice.oneIn(30) ? OpBody{Complete{}} : OpBody{Unlock{}};
    case 5:
      return DeleteDraft{};
    case 6:
    case 7:
      return RestoreDraft{};
    case 8:
    case 9:
      return RedactSegment{someSegment(dice, board)};
    case 10:
    case 11:
    case 12:
      return AddCollaborator{someone(), role()};
    case 13:
    case 14:
      return SetRole{someone(), role()};
    case 15:
    case 16:
      return RemoveCollaborator{someone()};
    case 17:
    case 18:
    case 19:
      return RequestRing{};
    case 20:
      return CancelRequest{};
    case 21:
    case 22:
    case 23:
      return ReclaimRing{someEpoch(dice, board)};
    case 24:
    case 25:
    case 26:
    case 27:
    case 28:
    case 29:
      return PassRing{someone(), someEpoch(dice, board)};
    default:
      return someAppend(dice, board);
  }
}

// Nothing goes on in a deleted draft until someone thinks of restoring it.
OpBody nextBody(Dice& dice, Board& board) {
  return board.draft()->deletedAt && dice.oneIn(2) ? RestoreDraft{} : someBody(dice, board);
}

// Most of what happens is done by whoever holds the ring or owns the draft.
std::string_view someActor(Dice& dice, const Board& board) {
  if (dice.oneIn(3)) {
    return board.draft()->ring.holder;
  }
  return dice.oneIn(3) ? kAnn : dice.from(kPeople);
}

void checkRingHistory(const Board& board) {
  const auto& passes = board.passes();
  REQUIRE(passes.size() == board.epoch());  // I2
  for (std::size_t i = 0; i < passes.size(); ++i) {
    const RingPass& pass = passes[i];
    REQUIRE(pass.epoch == i + 1);                                                     // I2
    REQUIRE((pass.kind == PassKind::created) == (i == 0));                            // O1
    REQUIRE(pass.from == (i == 0 ? std::nullopt : std::optional(passes[i - 1].to)));  // I1
    REQUIRE(pass.from != pass.to);
    REQUIRE((i == 0 || passes[i - 1].at <= pass.at));  // I11
  }
  REQUIRE(passes.back().to == board.draft()->ring.holder);
  REQUIRE(passes.back().at == board.draft()->ring.since);
}

void checkSegments(const Board& board) {
  const auto& segments = board.segments();
  REQUIRE(segments.size() == board.draft()->segmentCount);
  for (std::size_t i = 0; i < segments.size(); ++i) {
    REQUIRE(segments[i].position == i);  // I5
    const RingPass& turn = board.passes().at(static_cast<std::size_t>(segments[i].epoch - 1));
    REQUIRE(turn.to == segments[i].author);  // I3
    REQUIRE(turn.at <= segments[i].acceptedAt);
  }
}

void checkLog(const Board& board) {
  Digest link{};
  Time last = board.log().front().acceptedAt;
  for (std::size_t i = 0; i < board.log().size(); ++i) {
    const LogEntry& entry = board.log()[i];
    REQUIRE(entry.seq == i + 1);        // I4
    REQUIRE(entry.acceptedAt >= last);  // I11
    link = nextLink(link, entry);
    REQUIRE(entry.link == link);  // H2
    last = entry.acceptedAt;
  }
}

// I7: another copy that has only the log, and has that only as bytes without texts.
void checkReplay(const Board& board) {
  DraftState state;
  std::size_t segments = 0;
  for (const LogEntry& entry : board.log()) {
    const auto parsed = parseCanonical(canonicalBytes(entry.op, stampOf(entry)));
    REQUIRE(parsed);
    REQUIRE(parsed->stamp == stampOf(entry));
    LogEntry again{parsed->op, entry.seq, entry.acceptedAt, entry.rulesVersion, "", {}};
    again.link = nextLink(state.position.link, again);
    const Change change = apply(state, again);
    segments += change.added ? 1U : 0U;
  }
  REQUIRE(state == *board.draft());
  REQUIRE(segments == board.segments().size());
}

struct Tally {
  std::size_t accepted = 0;
  std::size_t refused = 0;
};

void tryOne(Dice& dice, Board& board, Tally& tally) {
  board.wait(Duration{static_cast<std::int64_t>(dice.below(40'000)) - 5'000});
  const DraftState before = *board.draft();
  const std::string_view actor = someActor(dice, board);
  const Op op = board.opOf(actor, nextBody(dice, board));
  const auto local = board.ask(op, Judge::replica);
  const auto outcome = board.play(op);
  INFO(op.actor << ' ' << opName(op.body) << ": " << outcome.told);
  if (local && *local == Verdict::allowed) {
    REQUIRE(outcome.accepted);  // S2
  }
  if (!local) {
    REQUIRE(outcome.told == errorName(local.error().code));
  }
  if (outcome.accepted) {
    ++tally.accepted;
    checkInvariants(*board.draft());
    checkRingHistory(board);
    checkSegments(board);
  } else {
    ++tally.refused;
    REQUIRE(*board.draft() == before);
  }
}

}  // namespace

TEST_CASE("I1 I2 I3 I4 I5 I7 I11 hold whatever people try") {
  Tally tally;
  for (std::uint64_t seed = 1; seed <= 120; ++seed) {
    Dice dice(seed);
    Board board = Board::withMembers(kTight);
    INFO("seed " << seed);
    for (int i = 0; i < 250; ++i) {
      tryOne(dice, board, tally);
    }
    checkLog(board);
    checkReplay(board);
  }
  // Both halves of the rules were at work.
  CHECK(tally.accepted > 5'000);
  CHECK(tally.refused > 5'000);
}

TEST_CASE("I11: an entry is never accepted before the one that it follows, though the clock goes back") {
  Board board = Board::withMembers();
  const Time before = board.draft()->updatedAt;
  board.wait(Duration{-1'000});
  board.play(kAnn, Lock{});
  CHECK(board.log().back().acceptedAt == before);
  board.wait(Duration{5'000});
  board.play(kAnn, Unlock{});
  CHECK(board.log().back().acceptedAt == before + Duration{4'000});
}

TEST_CASE("O2: a segment carries who wrote it when, under which epoch, and how they were shown then") {
  Board board = Board::withMembers();
  board.play(kAnn, PassRing{UserId(kBen), 1});
  board.wait(Duration{10});
  Op op = board.opOf(kBen, AppendSegment{idOf<SegmentId>(7), 2, sealContent("Once", Salt{1})});
  op.authoredAt = timeFromMs(42);
  DraftState state = *board.draft();
  const LogEntry entry = accept(&state, op, "Ben", board.now());
  CHECK(apply(state, entry).added == Segment{.id = idOf<SegmentId>(7),
                                             .position = 0,
                                             .author = UserId(kBen),
                                             .authorDisplay = "Ben",
                                             .epoch = 2,
                                             .seq = 6,
                                             .authoredAt = timeFromMs(42),
                                             .acceptedAt = board.now(),
                                             .content = sealContent("Once", Salt{1})});
}

TEST_CASE("O1: a draft begins as its creator's") {
  Board board;
  board.play(kZoe, CreateDraft{"A tale", "ios", Duration{5'000}});
  const DraftState* draft = board.draft();
  REQUIRE(draft);
  CHECK(draft->id == idOf<DraftId>(1));
  CHECK(draft->title == "A tale");
  CHECK(draft->platform == "ios");
  CHECK(draft->holdLimit == Duration{5'000});
  CHECK(draft->status == DraftStatus::active);
  CHECK(draft->owner == kZoe);
  CHECK(draft->ring == Ring{.holder = UserId(kZoe), .epoch = 1, .since = board.now(), .requests = {}});
  CHECK(draft->members == std::vector{Member{UserId(kZoe), Role::owner, board.now()}});
  CHECK(draft->createdAt == board.now());
  CHECK(draft->updatedAt == board.now());
  CHECK(draft->position == board.log().back().position());
}

TEST_CASE("O9: a member who gets another role keeps the day they joined") {
  Board board = Board::withMembers();
  const Member* vic = board.draft()->member(kVic);
  const Time joined = vic->joinedAt;
  board.wait(Duration{1'000});
  board.play(kAnn, SetRole{UserId(kVic), Role::editor});
  CHECK(*board.draft()->member(kVic) == Member{UserId(kVic), Role::editor, joined});
}

TEST_CASE("checkInvariants names what is broken") {
  const Board board = Board::withMembers();
  const auto broken = [&](auto&& damage) {
    DraftState state = *board.draft();
    damage(state);
    try {
      checkInvariants(state);
    } catch (const std::logic_error& error) {
      return std::string(error.what());
    }
    return std::string("nothing");
  };
  CHECK(broken([](DraftState&) {}) == "nothing");
  CHECK(broken([](DraftState& state) { state.ring.holder = kVic; }).starts_with("I1 "));
  CHECK(broken([](DraftState& state) { state.ring.holder = kZoe; }).starts_with("I1 "));
  CHECK(broken([](DraftState& state) { state.ring.epoch = 0; }).starts_with("I2 "));
  CHECK(broken([](DraftState& state) { std::swap(state.members[0], state.members[1]); }) != "nothing");
  CHECK(broken([](DraftState& state) { state.members.push_back(state.members.back()); }) != "nothing");
  CHECK(broken([](DraftState& state) { state.members[1].role = Role::owner; }) != "nothing");
  CHECK(broken([](DraftState& state) { state.owner = kBen; }) != "nothing");
  CHECK(broken([](DraftState& state) { state.ring.requests = {{UserId(kAnn), {}}}; }) != "nothing");
  CHECK(broken([](DraftState& state) { state.ring.requests = {{UserId(kVic), {}}}; }) != "nothing");
  CHECK(broken([](DraftState& state) { state.ring.requests = {{UserId(kBen), {}}, {UserId(kBen), {}}}; }) != "nothing");
  CHECK(broken([](DraftState& state) { state.segmentCount = 9; }) != "nothing");
}

}  // namespace onering::testing
