// SqliteStore and a power supply that fails: what was acknowledged is there, what was not is there whole or not at
// all, wherever in writing the power went and whatever the disk had kept to itself (SPEC I9, K4).
#include <random>

#include "onering/store/memory/memory-store.h"

#include "script.h"
#include "sqlite-subject.h"

namespace onering::testing {
namespace {

using Journal = SqliteOptions::Journal;

constexpr std::array kJournals{Journal::walExclusive, Journal::truncate, Journal::remove};
constexpr int kCrashes = 60;

// A store on a disk, next to the memory of what it has acknowledged.
class Machine {
 public:
  Machine(Journal journal, std::uint64_t seed)
      : disk_(seed), journal_(journal), random_(seed), script_(source_, "ann") {
    boot();
    write();
  }

  // Works until the power fails, in the middle of writing or between two batches, and checks what is there then.
  void runIntoPowerCut() {
    if (random_() % 3 == 0) {
      for (std::size_t i = random_() % 5; i > 0; --i) {
        REQUIRE(write());
      }
    } else {
      disk_.powerOffAfter(random_() % 40'000);
      while (write()) {
      }
    }
    store_.reset();
    disk_.crash(static_cast<Loss>(random_() % 3));
    boot();
    settleTheLastBatch();
    CHECK(difference(tell(*store_, script_.id()), tell(acknowledged_, script_.id())) == "");
    CHECK(got(store_->readPending()) == got(acknowledged_.readPending()));
    CHECK(got(store_->integrity()).empty());
  }

 private:
  // The power may fail while the store recovers, too.
  void boot() {
    if (random_() % 3 == 0) {
      disk_.powerOffAfter(random_() % 20'000);
    }
    auto opened = open();
    while (!opened) {
      REQUIRE(disk_.isOff());
      disk_.crash(static_cast<Loss>(random_() % 3));
      opened = open();
    }
    disk_.powerOffAfter({});
    store_ = *std::move(opened);
  }

  StoreResult<std::unique_ptr<SqliteStore>> open() {
    return SqliteStore::open(
        {.path = "store.db", .vfs = disk_.vfs(), .journal = journal_, .checkpointPages = 20, .busyTimeout = {}});
  }

  // A batch of some size. False when the power went.
  bool write() {
    for (std::size_t i = random_() % 4 + 1; i > 0; --i) {
      script_.append(std::string(random_() % (random_() % 8 == 0 ? 9'000 : 200) + 1, 'x'));
    }
    if (random_() % 8 == 0) {
      script_.redact("ann", script_.segments[random_() % script_.segments.size()].id);
    }
    batch_ = {};
    batch_.drafts = script_.batch();
    batch_.queued = {{++order_, source_.op(script_.id(), "ann", Lock{})}};
    if (random_() % 2 == 0 && order_ > 3) {
      batch_.settled = {batch_.queued[0].op.id};
    }
    if (!store_->commit(batch_)) {
      return false;
    }
    got(acknowledged_.commit(batch_));
    batch_ = {};
    return true;
  }

  // The batch that was not acknowledged is there whole, or the writer makes it again.
  void settleTheLastBatch() {
    if (batch_.empty()) {
      return;
    }
    const OpId last = batch_.drafts.drafts[0].ops.back().entry.op.id;
    const Found found = got(store_->find({.drafts = {}, .ops = {{script_.id(), last}}, .segments = {}}));
    if (!found.ops[0]) {
      got(store_->commit(batch_));
    }
    got(acknowledged_.commit(batch_));
    batch_ = {};
  }

  MemoryDisk disk_;
  Journal journal_;
  std::mt19937_64 random_;
  Source source_;
  Script script_;
  MemoryStore acknowledged_;
  std::unique_ptr<SqliteStore> store_;
  DeviceBatch batch_;  // not acknowledged
  std::uint64_t order_ = 0;
};

}  // namespace

TEST_CASE("I9 what was acknowledged survives a power cut, what was not is there whole or not at all", "[sqlite]") {
  for (const Journal journal : kJournals) {
    for (std::uint64_t seed = 1; seed <= 4; ++seed) {
      INFO("journal " << static_cast<int>(journal) << ", seed " << seed);
      Machine machine(journal, seed);
      for (int i = 0; i < kCrashes; ++i) {
        INFO("crash " << i);
        machine.runIntoPowerCut();
      }
    }
  }
}

TEST_CASE("A store whose making was cut short is made at the next try", "[sqlite]") {
  for (const Journal journal : kJournals) {
    // Closely where the first page begins, behind the journal's header: within its own header, too.
    for (std::uint64_t bytes = 0; bytes < 120'000; bytes += bytes < 700 ? 19 : 1'777) {
      for (const Loss loss : {Loss::nothing, Loss::everything, Loss::some}) {
        INFO("journal " << static_cast<int>(journal) << ", " << bytes << " bytes, loss " << static_cast<int>(loss));
        MemoryDisk disk(bytes);
        const SqliteOptions options{.path = "store.db", .vfs = disk.vfs(), .journal = journal};
        disk.powerOffAfter(bytes);
        (void)SqliteStore::open(options);
        disk.crash(loss);
        const auto store = got(SqliteStore::open(options));
        CHECK(got(store->integrity()).empty());
      }
    }
  }
}

}  // namespace onering::testing
