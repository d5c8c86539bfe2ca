// Whatever happens in whatever order: every store says what the store in memory says.
//
// A run is a sequence of batches and other steps drawn from a seed, applied to both stores; after each step every
// read is compared. A failure names seed and step.
#include <algorithm>
#include <random>
#include <set>

#include "onering/store/memory/memory-store.h"

#include "script.h"
#include "subjects.h"

namespace onering::testing {
namespace {

constexpr int kSteps = 60;
constexpr std::array<std::string_view, 5> kUsers{"ann", "ben", "cat", "dan", "zoe"};

class Dice {
 public:
  explicit Dice(std::uint64_t seed) : random_(seed) {}

  // 0 … sides - 1
  std::size_t roll(std::size_t sides) { return static_cast<std::size_t>(random_() % sides); }
  bool oneIn(std::size_t sides) { return roll(sides) == 0; }

  template <typename List>
  auto& pick(List& list) {
    return list[roll(std::size(list))];
  }

 private:
  std::mt19937_64 random_;  // its numbers are fixed by the standard; those of the distributions are not
};

// What happens in a run, and what both stores are asked.
class Story {
 public:
  explicit Story(std::uint64_t seed) : dice_(seed) {}

  // A batch for the authority's part: drafts created, ops accepted, ops rejected, now and then one in conflict.
  Batch batch() {
    Batch batch;
    if (scripts_.size() < 6 && (scripts_.empty() || dice_.oneIn(4))) {
      scripts_.emplace_back(source_, dice_.pick(kUsers), "Draft " + std::to_string(scripts_.size()));
    }
    for (Script& script : scripts_) {
      if (dice_.oneIn(2)) {
        act(script);
      }
      if (dice_.oneIn(2)) {
        batch.drafts.push_back(script.write());
      }
    }
    std::erase_if(batch.drafts, [](const DraftWrite& write) { return write.ops.empty(); });
    written_ = batch.drafts;
    if (dice_.oneIn(8)) {
      spoil(batch);
    }
    return batch;
  }

  void addRejections(Batch& batch) {
    for (std::size_t i = dice_.roll(3); i > 0; --i) {
      const Op op = source_.op(someDraft(), dice_.pick(kUsers), Lock{});
      batch.rejected.push_back(rejectedOp(op, ErrorCode::notOwner, source_.now));
      ops_.push_back(op);
    }
    if (dice_.oneIn(10) && !ops_.empty()) {
      batch.rejected.push_back(rejectedOp(dice_.pick(ops_), ErrorCode::staleEpoch, source_.now));  // seen before
    }
  }

  DeviceBatch deviceBatch() {
    DeviceBatch batch;
    if (dice_.oneIn(5)) {
      batch.record = DeviceRecord{source_.device, "ann", "Ann", Limits{}, {source_.now, someDraft()}};
    }
    if (dice_.oneIn(6)) {
      batch.setAside = {someDraft()};
    }
    if (dice_.oneIn(8)) {
      batch.dropped = {someDraft()};
    }
    for (Script& script : scripts_) {
      if (outOfStep_.erase(script.id()) > 0 || dice_.oneIn(20)) {
        (void)script.write();  // the snapshot has it
        batch.installed.push_back(script.image());
      }
    }
    batch.drafts = this->batch();
    for (std::size_t i = dice_.roll(3); i > 0; --i) {
      batch.queued.push_back({++lastOrder_, newOp()});
    }
    if (dice_.oneIn(3) && !ops_.empty()) {
      batch.settled = {dice_.pick(ops_).id};
    }
    if (dice_.oneIn(3) && !ops_.empty()) {
      batch.kept = {{dice_.pick(ops_), rejection(ErrorCode::staleEpoch), source_.now}};
    }
    if (dice_.oneIn(3) && !ops_.empty()) {
      batch.dismissed = {dice_.pick(ops_).id};
    }
    return batch;
  }

  // Both stores have refused the last batch.
  void refused() {
    for (DraftWrite& write : written_) {
      const auto script = std::ranges::find(scripts_, write.head.id, &Script::id);
      script->takeBack(std::move(write));
      outOfStep_.insert(script->id());
    }
    written_.clear();
  }

  Time someTime() { return source_.now - Duration{static_cast<std::int64_t>(dice_.roll(100))}; }

  // --- asking both ---

  void compare(Store& seen, Store& expected) {
    for (const Script& script : scripts_) {
      compareDraft(seen, expected, script);
    }
    for (const std::string_view user : kUsers) {
      compareLists(seen, expected, UserId(user));
    }
    CHECK(got(seen.allDrafts({}, 100)) == got(expected.allDrafts({}, 100)));
    const Lookup lookup = someLookup();
    const Found found = got(seen.find(lookup));
    const Found reference = got(expected.find(lookup));
    CHECK(found.drafts == reference.drafts);
    CHECK(found.ops == reference.ops);
    CHECK(found.segments == reference.segments);
    CHECK(got(seen.integrity()).empty());
  }

  void compareDevice(DeviceStore& seen, DeviceStore& expected) {
    CHECK(got(seen.readRecord()) == got(expected.readRecord()));
    CHECK(got(seen.readPending()) == got(expected.readPending()));
    CHECK(got(seen.readKept()) == got(expected.readKept()));
    const auto copies = got(expected.readSetAside());
    CHECK(got(seen.readSetAside()) == copies);
    for (const DraftPosition& copy : copies) {
      CHECK(got(seen.readSetAsidePart(copy, 1, 500)) == got(expected.readSetAsidePart(copy, 1, 500)));
    }
  }

 private:
  Op newOp() {
    OpBody body = SetTitle{"Titled " + std::to_string(dice_.roll(100)), ""};
    if (dice_.oneIn(2)) {
      body = AppendSegment{source_.id<SegmentId>(), 1, source_.content(someText())};
    }
    ops_.push_back(source_.op(someDraft(), "ann", std::move(body)));
    return ops_.back();
  }

  std::string someText() { return std::string(1 + dice_.roll(dice_.oneIn(10) ? 9'000 : 80), 'x'); }

  DraftId someDraft() { return scripts_.empty() || dice_.oneIn(10) ? nowhere_ : dice_.pick(scripts_).id(); }

  OpBody someInvitation(const Script& script) {
    const auto& invites = script.state.invites;
    if (!invites.empty() && dice_.oneIn(2)) {
      const Invite& invite = dice_.pick(invites);
      return dice_.oneIn(3) ? OpBody(RevokeInvite{invite.id}) : OpBody(AcceptInvite{invite.id, invite.tokenHash, {}});
    }
    return CreateInvite{.invite = source_.id<InviteId>(),
                        .tokenHash = tokenHash({7}),
                        .role = dice_.oneIn(3) ? Role::viewer : Role::editor,
                        .user = dice_.oneIn(3) ? UserId(dice_.pick(kUsers)) : UserId(),
                        .lifetime = std::chrono::hours(1)};
  }

  OpBody someBody(const Script& script) {
    const auto user = [&] { return UserId(dice_.pick(kUsers)); };
    const auto role = [&] { return dice_.oneIn(3) ? Role::viewer : Role::editor; };
    const Epoch epoch = script.state.ring.epoch;
    switch (dice_.roll(18)) {
      case 0:
        return PassRing{user(), epoch};
      case 1:
        return RequestRing{};
      case 2:
        return CancelRequest{};
      case 3:
        return ReclaimRing{epoch};
      case 4:
        return SetTitle{"Title " + std::to_string(dice_.roll(100)), ""};
      case 5:
        return Lock{};
      case 6:
        return Unlock{};
      case 7:
        return dice_.oneIn(6) ? OpBody(Complete{}) : OpBody(Unlock{});
      case 8:
      case 9:
        return AddCollaborator{user(), role()};
      case 10:
        return someInvitation(script);
      case 14:
        return SetRole{user(), role()};
      case 11:
        return RemoveCollaborator{user()};
      case 12:
        return dice_.oneIn(4) ? OpBody(DeleteDraft{}) : OpBody(RestoreDraft{});
      case 13:
        if (!script.segments.empty()) {
          return RedactSegment{dice_.pick(script.segments).id};
        }
        [[fallthrough]];
      default:
        return AppendSegment{source_.id<SegmentId>(), epoch, source_.content(someText())};
    }
  }

  // A few ops, as many as the rules allow of those that came up.
  void act(Script& script) {
    for (std::size_t i = 1 + dice_.roll(6); i > 0; --i) {
      source_.now += Duration{static_cast<std::int64_t>(dice_.roll(3))};
      OpBody body = someBody(script);
      const bool holds = std::holds_alternative<AppendSegment>(body) || std::holds_alternative<PassRing>(body);
      const Op op = source_.op(script.id(), holds ? script.state.ring.holder : dice_.pick(kUsers), std::move(body));
      std::optional<SegmentRef> segment;
      if (const auto id = segmentOf(op)) {
        const auto found = std::ranges::find(script.segments, *id, &Segment::id);
        segment = found == script.segments.end() ? std::nullopt
                                                 : std::optional(SegmentRef{found->author, found->content.erased});
      }
      if (judge({op, &script.state, segment, source_.now, limits_}, Judge::authority)) {
        ops_.push_back(script.accept(op).op);
      }
    }
  }

  // Makes the batch one that a store must refuse, or may not be able to tell apart.
  void spoil(Batch& batch) {
    if (batch.drafts.empty()) {
      return;
    }
    DraftWrite& write = dice_.pick(batch.drafts);
    if (dice_.oneIn(2)) {
      write.expected += 1;
      write.head.position.seq += 1;
    } else if (!ops_.empty()) {
      write.ops.back().entry.op.id = dice_.pick(ops_).id;
    }
  }

  Lookup someLookup() {
    Lookup lookup{.drafts = {nowhere_}, .ops = {}, .segments = {}};
    for (Script& script : scripts_) {
      lookup.drafts.push_back(script.id());
      if (!script.segments.empty()) {
        lookup.segments.push_back({script.id(), dice_.pick(script.segments).id});
        lookup.segments.push_back({someDraft(), dice_.pick(script.segments).id});
      }
    }
    for (std::size_t i = 0; i < 20 && !ops_.empty(); ++i) {
      const Op& op = dice_.pick(ops_);
      lookup.ops.push_back({dice_.oneIn(5) ? someDraft() : op.draft, op.id});
    }
    return lookup;
  }

  void compareDraft(Store& seen, Store& expected, const Script& script) {
    const DraftId& id = script.id();
    CHECK(difference(tell(seen, id), tell(expected, id)) == "");
    const Seq after = dice_.roll(script.log.size() + 2);
    const std::size_t bytes = dice_.roll(2'000);
    CHECK(got(seen.readLog(id, after, bytes)) == got(expected.readLog(id, after, bytes)));
    CHECK(got(seen.linkAt(id, after)) == got(expected.linkAt(id, after)));
    const auto from = static_cast<std::uint32_t>(dice_.roll(script.segments.size() + 2));
    const auto end = static_cast<std::uint32_t>(dice_.roll(script.segments.size() + 2));
    CHECK(got(seen.readSegments(id, from, end, bytes)) == got(expected.readSegments(id, from, end, bytes)));
    CHECK(got(seen.readPasses(id, from, 2)) == got(expected.readPasses(id, from, 2)));
  }

  void compareLists(Store& seen, Store& expected, const UserId& user) {
    const auto drafts = got(expected.listDrafts(user, {}, 100));
    CHECK(got(seen.listDrafts(user, {}, 100)) == drafts);
    if (!drafts.empty()) {
      const DraftHead& head = dice_.pick(drafts);
      const DraftListKey key{head.updatedAt, head.id};
      CHECK(got(seen.listDrafts(user, key, 2)) == got(expected.listDrafts(user, key, 2)));
    }
    const auto changes = got(expected.listChanges(user, {}, 100));
    CHECK(got(seen.listChanges(user, {}, 100)) == changes);
    if (!changes.empty()) {
      const MembershipChange& change = dice_.pick(changes);
      const ChangeCursor cursor{change.at, change.draft};
      CHECK(got(seen.listChanges(user, cursor, 2)) == got(expected.listChanges(user, cursor, 2)));
    }
  }

  Dice dice_;
  Source source_;
  Limits limits_;
  DraftId nowhere_ = source_.id<DraftId>();
  std::vector<Script> scripts_;
  std::vector<DraftWrite> written_;  // by the last batch
  std::set<DraftId> outOfStep_;      // where a device would fetch a snapshot
  std::vector<Op> ops_;              // all that were ever made, whatever became of them
  std::uint64_t lastOrder_ = 0;
};

constexpr std::array<std::uint64_t, 4> kSeeds{11, 12, 13, 14};

}  // namespace

TEST_CASE("Every store does what the store in memory does", "[store][random]") {
  for (const std::uint64_t seed : kSeeds) {
    DYNAMIC_SECTION("seed " << seed) {
      forEachStore([&](StoreSubject& subject) {
        MemoryStore reference;
        Story story(seed);
        for (int step = 0; step < kSteps; ++step) {
          INFO("step " << step);
          Batch batch = story.batch();
          story.addRejections(batch);
          const auto outcome = faultOf(reference.commit(batch));
          REQUIRE(faultOf(subject.store().commit(batch)) == outcome);
          if (outcome) {
            story.refused();
          }
          if (step % 10 == 5) {
            const Time before = story.someTime();
            got(subject.store().forgetRejected(before));
            got(reference.forgetRejected(before));
          }
          if (step % 20 == 19) {
            subject.reopen();
          }
          story.compare(subject.store(), reference);
        }
      });
    }
  }
}

TEST_CASE("Every device's store does what the store in memory does", "[device][random]") {
  for (const std::uint64_t seed : kSeeds) {
    DYNAMIC_SECTION("seed " << seed) {
      forEachDevice([&](DeviceSubject& subject) {
        MemoryStore reference;
        Story story(seed);
        for (int step = 0; step < kSteps; ++step) {
          INFO("step " << step);
          const DeviceBatch batch = story.deviceBatch();
          const auto outcome = faultOf(reference.commit(batch));
          REQUIRE(faultOf(subject.store().commit(batch)) == outcome);
          if (outcome) {
            story.refused();
          }
          if (step % 20 == 19) {
            subject.reopen();
          }
          story.compare(subject.store(), reference);
          story.compareDevice(subject.store(), reference);
        }
      });
    }
  }
}

}  // namespace onering::testing
