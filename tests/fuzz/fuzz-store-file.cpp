// A store's file with bytes changed: it is opened, read and written to as far as it goes. Damage is told, never
// followed. The input is a list of changes: three bytes of place, one of how many, then these.
#include <algorithm>
#include <array>

#include "onering/domain/rules.h"
#include "onering/simulation/memory-disk.h"
#include "onering/store/sqlite/sqlite-store.h"

#include "fuzz.h"

namespace onering::fuzz {

namespace {

const DraftId kDraft{uuidV7(timeFromMs(1'700'000'000'000), std::array<std::uint8_t, 10>{1})};

std::unique_ptr<SqliteStore> open(const simulation::MemoryDisk& disk) {
  auto opened = SqliteStore::open({.path = "store.db",
                                   .vfs = disk.vfs(),
                                   .journal = SqliteOptions::Journal::truncate,
                                   .pageBytes = 512,
                                   .busyTimeout = {}});
  return opened ? *std::move(opened) : nullptr;
}

Batch batchOf(std::optional<DraftState> before, const std::vector<OpBody>& bodies, std::uint8_t from) {
  const Time now = timeFromMs(1'700'000'000'000);
  Batch batch;
  DraftWrite write{.expected = before ? before->position.seq : 0, .ops = {}, .head = {}};
  for (const OpBody& body : bodies) {
    Op op{.id = OpId{uuidV7(now, std::array<std::uint8_t, 10>{++from})},
          .draft = kDraft,
          .actor = "ann",
          .device = {},
          .authoredAt = now,
          .body = body};
    const LogEntry entry = accept(before ? &*before : nullptr, op, "@ann", now);
    if (!before) before.emplace();
    Change change = apply(*before, entry);
    write.ops.push_back({entry, std::move(change)});
  }
  write.head = *before;
  batch.drafts.push_back(std::move(write));
  return batch;
}

std::string soundFile() {
  simulation::MemoryDisk disk;
  auto store = open(disk);
  std::vector<OpBody> bodies{CreateDraft{.title = "Notes", .platform = {}, .holdLimit = {}},
                             AddCollaborator{.user = "ben", .role = Role::editor}};
  for (std::uint8_t i = 0; i < 12; ++i) {
    bodies.push_back(
        AppendSegment{.segment = SegmentId{uuidV7(timeFromMs(1'700'000'000'000), std::array<std::uint8_t, 10>{i, 7})},
                      .epoch = 1,
                      .content = sealContent("some text", {})});
  }
  require(store && store->commit(batchOf({}, bodies, 0)), "a sound store cannot be made");
  store.reset();
  return *disk.read("store.db");
}

std::string damaged(std::string bytes, std::string_view changes) {
  while (changes.size() >= 5) {
    const auto at = [&](std::size_t i) { return static_cast<std::size_t>(static_cast<unsigned char>(changes[i])); };
    const std::size_t place = (at(0) | at(1) << 8U | at(2) << 16U) % bytes.size();
    const std::size_t count = std::min({at(3) % 16 + 1, changes.size() - 4, bytes.size() - place});
    bytes.replace(place, count, changes.substr(4, count));
    changes.remove_prefix(4 + count);
  }
  return bytes;
}

void use(SqliteStore& store) {
  constexpr std::size_t kEverything = std::size_t{1} << 20U;
  static_cast<void>(store.integrity());
  static_cast<void>(store.readLog(kDraft, 0, kEverything));
  static_cast<void>(store.readSegments(kDraft, 0, 100, kEverything));
  static_cast<void>(store.readPasses(kDraft, 0, 100));
  static_cast<void>(store.readLeft(kDraft));
  static_cast<void>(store.listDrafts("ann", {}, 100));
  static_cast<void>(store.listChanges("ben", {}, 100));
  static_cast<void>(store.linkAt(kDraft, 3));
  static_cast<void>(store.readPending());
  const auto found = store.find({.drafts = {kDraft}, .ops = {}, .segments = {}});
  if (found && found->drafts.at(0)) {
    try {
      static_cast<void>(store.commit(batchOf(found->drafts.at(0), {SetTitle{.title = "b", .expect = {}}}, 100)));
    } catch (const std::invalid_argument&) {  // a position that no log comes to
    }
  }
}

}  // namespace

}  // namespace onering::fuzz

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace onering;
  static const std::string sound = fuzz::soundFile();
  simulation::MemoryDisk disk;
  disk.write("store.db", fuzz::damaged(sound, fuzz::viewOf(data, size)));
  if (const auto store = fuzz::open(disk)) fuzz::use(*store);
  return 0;
}
