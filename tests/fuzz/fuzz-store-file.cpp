// A store's file with bytes changed: it is opened, read and written to as far as it goes, and a replica begins from it.
// Damage is told, never followed. The input is a list of changes: three bytes of place, one of how many, then these.
#include <algorithm>
#include <array>

#include "onering/domain/rules.h"
#include "onering/simulation/memory-disk.h"
#include "onering/store/sqlite/sqlite-store.h"
#include "onering/sync/replica.h"

#include "fuzz.h"

namespace onering::fuzz {

namespace {

const Time kNow = timeFromMs(1'700'000'000'000);
const DraftId kDraft{uuidV7(kNow, std::array<std::uint8_t, 10>{1})};
constexpr std::size_t kEverything = std::size_t{1} << 20U;

Op opOf(std::uint8_t number, OpBody body) {
  return {.id = OpId{uuidV7(kNow, std::array<std::uint8_t, 10>{number})},
          .draft = kDraft,
          .actor = "ann",
          .device = {},
          .authoredAt = kNow,
          .body = std::move(body)};
}

AppendSegment segmentOf(std::uint8_t number) {
  return {.segment = SegmentId{uuidV7(kNow, std::array<std::uint8_t, 10>{number, 7})},
          .epoch = 1,
          .content = sealContent("some text", {})};
}

std::unique_ptr<SqliteStore> open(const simulation::MemoryDisk& disk) {
  auto opened = SqliteStore::open({.path = "store.db",
                                   .vfs = disk.vfs(),
                                   .journal = SqliteOptions::Journal::truncate,
                                   .pageBytes = 512,
                                   .busyTimeout = {}});
  return opened ? *std::move(opened) : nullptr;
}

Batch batchOf(std::optional<DraftState> before, const std::vector<OpBody>& bodies, std::uint8_t from) {
  Batch batch;
  DraftWrite write{.expected = before ? before->position.seq : 0, .ops = {}, .head = {}};
  for (const OpBody& body : bodies) {
    const Op op = opOf(++from, body);
    const LogEntry entry = accept(before ? &*before : nullptr, op, "@ann", kNow);
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
  for (std::uint8_t i = 0; i < 12; ++i) bodies.push_back(segmentOf(i));
  DeviceBatch first;  // a copy that is set aside, and what a device has beside its drafts
  first.record = DeviceRecord{.device = {}, .user = "ann", .display = "@ann", .limits = {}, .cursor = {}};
  first.drafts = batchOf({}, {bodies[0], bodies[1], segmentOf(50)}, 60);
  DeviceBatch second;
  second.setAside.push_back(kDraft);
  second.drafts = batchOf({}, bodies, 0);
  second.queued.push_back({.order = 1, .op = opOf(80, segmentOf(80))});
  second.queued.push_back({.order = 2, .op = opOf(81, RequestRing{})});
  second.kept.push_back({.op = opOf(82, segmentOf(82)), .why = rejection(ErrorCode::staleEpoch), .at = kNow});
  const Event viewed{.id = EventId{kDraft.bytes},
                     .draft = kDraft,
                     .type = EventType::draftViewed,
                     .user = "ann",
                     .occurredAt = kNow,
                     .from = {},
                     .to = {},
                     .epoch = 0};
  require(store && store->commit(first) && store->commit(second) && store->appendEvents({viewed}),
          "a sound store cannot be made");
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
  static_cast<void>(store.integrity());
  static_cast<void>(store.readLog(kDraft, 0, kEverything));
  static_cast<void>(store.readSegments(kDraft, 0, 100, kEverything));
  static_cast<void>(store.readPasses(kDraft, 0, 100));
  static_cast<void>(store.readLeft(kDraft));
  static_cast<void>(store.listDrafts("ann", {}, 100));
  static_cast<void>(store.listChanges("ben", {}, 100));
  static_cast<void>(store.linkAt(kDraft, 3));
  static_cast<void>(store.readPending());
  static_cast<void>(store.readKept());
  static_cast<void>(store.readRecord());
  static_cast<void>(store.readEvents({.draft = kDraft}));
  if (const auto aside = store.readSetAside()) {
    for (const DraftPosition& copy : *aside) static_cast<void>(store.readSetAsidePart(copy, 0, kEverything));
  }
  const auto found = store.find({.drafts = {kDraft}, .ops = {}, .segments = {}});
  if (found && found->drafts.at(0)) {
    try {
      static_cast<void>(store.commit(batchOf(found->drafts.at(0), {SetTitle{.title = "b", .expect = {}}}, 100)));
    } catch (const std::invalid_argument&) {  // a position that no log comes to
    }
  }
}

class Zeros final : public Entropy {
 public:
  void fill(std::span<std::uint8_t> bytes) override { std::ranges::fill(bytes, std::uint8_t{0}); }
};

void begin(SqliteStore& store) {
  Zeros entropy;
  auto replica = Replica::open(store, entropy, "ann", kNow);
  if (!replica) return;
  replica->connected("token");
  try {
    static_cast<void>(replica->perform(replica->prepare(kDraft, segmentOf(90), kNow), kNow));
    static_cast<void>(store.commit(replica->take().changes));
  } catch (const std::runtime_error&) {  // how a replica tells its owner that the store cannot be read
  }
}

}  // namespace

}  // namespace onering::fuzz

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace onering;
  static const std::string sound = fuzz::soundFile();
  simulation::MemoryDisk disk;
  disk.write("store.db", fuzz::damaged(sound, fuzz::viewOf(data, size)));
  const auto store = fuzz::open(disk);
  if (!store) return 0;
  fuzz::use(*store);
  fuzz::begin(*store);
  return 0;
}
