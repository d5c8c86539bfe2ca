// What an authority that lies, or that has lost its past, can do to a device: nothing is folded in that does not
// follow, what does not fit is told as divergence (SPEC H3), and the user's work stays (SPEC I8).
#include <catch2/catch_test_macros.hpp>

#include "listener.h"

namespace onering::testing {

namespace {

const auto kDraft = numbered<DraftId>(1);
const auto kOther = numbered<DraftId>(2);

// Ada's device, which has a log of five, and work that is pending.
struct Victim {
  Tale tale{kDraft};
  Listener device;
  Op pending;

  Victim() {
    tale.add("ada", AddCollaborator{.user = "bob", .role = Role::editor});
    for (int i = 0; i < 3; ++i) tale.append("ada", "text");
    device.knows(tale);
    pending = device.perform(kDraft, AppendSegment{.segment = {}, .epoch = 0, .content = {.text = "my work"}});
  }

  // Another past with the same beginning.
  [[nodiscard]] Tale fork(int appended = 4) const {
    Tale other(kDraft);
    other.add("ada", AddCollaborator{.user = "bob", .role = Role::viewer});
    for (int i = 0; i < appended; ++i) other.append("ada", "another text");
    return other;
  }

  void checkDiverged() {
    CHECK(device.told<DivergenceFound>() == 1);
    CHECK(device.store.readSetAside()->size() == 1);
    checkKept();
  }
  void checkUnmoved() {
    CHECK(device.told<DivergenceFound>() == 0);
    CHECK(device.replica->confirmed(kDraft)->position == tale.head());
    checkKept();
  }
  void checkKept() const {
    REQUIRE(device.replica->pendingCount() == 1);
    CHECK(*device.replica->pending().front().op == pending);
  }
};

}  // namespace

TEST_CASE("H3 an entry behind a gap is not folded in but asked for", "[sync][hostile]") {
  Victim victim;
  for (int i = 0; i < 3; ++i) victim.tale.append("ada", "text");
  const auto fetches = victim.device.count<Fetch>();
  victim.device.hear(victim.tale.entries(7, 8));
  CHECK(victim.device.replica->confirmed(kDraft)->position.seq == 5);
  CHECK(victim.device.count<Fetch>() == fetches + 1);
  victim.checkKept();
}

TEST_CASE("H3 an entry that goes on after another past is divergence", "[sync][hostile]") {
  Victim victim;
  victim.device.hear(victim.fork().entries(6, 6));
  victim.checkDiverged();
}

TEST_CASE("H3 a past that was rewritten is divergence, wherever it is told", "[sync][hostile]") {
  Victim victim;
  SECTION("as the last entry once more") {
    victim.device.hear(victim.fork().entries(5, 5));
  }
  SECTION("as a head of the same length") {
    victim.device.hear(Entries{.draft = kDraft, .before = {}, .entries = {}, .head = victim.fork(3).head()});
  }
  SECTION("as a head that lies behind") {
    victim.device.hear(Entries{.draft = kDraft, .before = {}, .entries = {}, .head = victim.fork(2).head()});
  }
  SECTION("in so many words") {
    victim.device.hear(Diverged{.draft = kDraft, .head = victim.fork().head()});
  }
  victim.checkDiverged();
}

TEST_CASE("H3 entries that no log can have are divergence", "[sync][hostile]") {
  Victim victim;
  LogEntry entry = victim.tale.append("ada", "text");
  SECTION("created once more") {
    entry.op.body = CreateDraft{.title = "again", .platform = {}, .holdLimit = {}};
  }
  SECTION("another draft's") {
    entry.op.draft = kOther;
  }
  SECTION("I11 accepted before the one before it") {
    entry.acceptedAt = Time{};
  }
  victim.device.hear(Entries{
      .draft = kDraft, .before = victim.tale.at(5), .entries = {entry}, .head = {.seq = 6, .link = entry.link}});
  victim.checkDiverged();
}

TEST_CASE("H3 an entry that leaves a draft without its invariants is divergence, whoever accepted it",
          "[sync][hostile]") {
  Victim victim;
  SECTION("I1 the ring goes to someone who is not there") {
    victim.tale.add("ada", PassRing{.to = "mallory", .epoch = 1});
  }
  SECTION("I1 the holder may not write any more") {
    victim.tale.add("ada", SetRole{.user = "ada", .role = Role::viewer});
  }
  SECTION("who asks for the ring could not hold it") {
    victim.tale.add("mallory", RequestRing{});
  }
  victim.device.hear(victim.tale.entries(6, 6));
  victim.checkDiverged();
}

TEST_CASE("H3 a receipt with a link that does not follow is divergence, and the op goes out again", "[sync][hostile]") {
  Victim victim;
  const auto pushes = victim.device.count<Push>();
  victim.device.hear(Receipts{{{kDraft, victim.pending.id, Accepted{6, victim.device.now, kRulesVersion, {1}}}}});
  victim.checkDiverged();
  CHECK(victim.device.count<Push>() == pushes + 1);
}

TEST_CASE("H3 a receipt that puts an op where the log has another is divergence, and the op goes out again",
          "[sync][hostile]") {
  Victim victim;
  const auto pushes = victim.device.count<Push>();
  const Receipt receipt = acceptedFor(victim.tale.log().at(3));
  victim.device.hear(Receipts{{{kDraft, victim.pending.id, receipt}}});
  victim.checkDiverged();
  CHECK(victim.device.count<Push>() == pushes + 1);
}

TEST_CASE("a receipt for an op that was never sent changes nothing", "[sync][hostile]") {
  Victim victim;
  const auto unknown = numbered<OpId>(9);
  victim.device.hear(Receipts{{{kDraft, unknown, Accepted{6, victim.device.now, kRulesVersion, {1}}},
                               {kDraft, unknown, rejection(ErrorCode::notFound)},
                               {kOther, victim.pending.id, rejection(ErrorCode::notFound)},
                               {kDraft, victim.tale.log().at(2).op.id, rejection(ErrorCode::staleEpoch)}}});
  CHECK(victim.device.replica->kept().empty());
  victim.checkUnmoved();
}

TEST_CASE("H3 a head that is in the copy's log is no divergence, however old", "[sync][hostile]") {
  Victim victim;
  for (Seq seq = 1; seq <= 5; ++seq) {
    victim.device.hear(Entries{.draft = kDraft, .before = {}, .entries = {}, .head = victim.tale.at(seq)});
  }
  victim.checkUnmoved();
}

TEST_CASE("a snapshot that is old, of a part or not asked for changes nothing", "[sync][hostile]") {
  Victim victim;
  Tale older(kDraft);
  SECTION("not asked for") {
    victim.device.hear(victim.fork().part(0, 4));
  }
  SECTION("old") {
    victim.device.hear(CatchUp{});
    victim.device.hear(Changed{
        .from = victim.device.asked(), .drafts = {{kDraft, {.seq = 9, .link = {}}}}, .removed = {}, .next = {}});
    victim.device.hear(older.part(0, 0));
  }
  SECTION("with segments missing") {
    victim.tale.append("ada", "text");
    victim.device.hear(CatchUp{});
    victim.device.hear(
        Changed{.from = victim.device.asked(), .drafts = {{kDraft, victim.tale.head()}}, .removed = {}, .next = {}});
    SnapshotPart part = victim.tale.part(0, 4);
    ++part.state->segmentCount;
    victim.device.hear(part);
    CHECK(victim.device.replica->confirmed(kDraft)->position.seq == 5);
    victim.checkKept();
    return;
  }
  SECTION("I1 with a holder who is not there") {
    victim.tale.append("ada", "text");
    victim.device.hear(CatchUp{});
    victim.device.hear(
        Changed{.from = victim.device.asked(), .drafts = {{kDraft, victim.tale.head()}}, .removed = {}, .next = {}});
    SnapshotPart part = victim.tale.part(0, 4);
    part.state->ring.holder = "mallory";
    victim.device.hear(part);
    CHECK(victim.device.replica->confirmed(kDraft)->position.seq == 5);
    victim.checkKept();
    return;
  }
  victim.checkUnmoved();
}

TEST_CASE("I8 who is told that a draft is gone keeps their work", "[sync][hostile]") {
  Victim victim;
  SECTION("at once") {
    victim.device.hear(Gone{kDraft});
  }
  SECTION("in a list") {
    victim.device.hear(CatchUp{});
    victim.device.hear(Changed{.from = victim.device.asked(), .drafts = {}, .removed = {kDraft, kOther}, .next = {}});
  }
  CHECK(victim.device.replica->confirmed(kDraft) == nullptr);
  victim.checkKept();
}

TEST_CASE("I8 a welcome in someone else's name is refused, and the work stays", "[sync][hostile]") {
  Victim victim;
  victim.device.hear(Welcome{.version = kProtocolVersion, .user = "mallory", .display = {}, .limits = {}, .now = {}});
  CHECK(victim.device.replica->link() == Link::denied);
  CHECK(victim.device.replica->record().user == "ada");
  victim.checkKept();
}

TEST_CASE("S7 limits that leave no room for what is pending turn it into kept work", "[sync][hostile]") {
  Victim victim;
  victim.device.hear(
      Welcome{.version = kProtocolVersion, .user = "ada", .display = {}, .limits = {.messageBytes = 1}, .now = {}});
  REQUIRE(victim.device.replica->kept().size() == 1);
  CHECK(victim.device.replica->kept().front().op == victim.pending);
}

}  // namespace onering::testing
