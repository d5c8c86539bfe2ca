#include "store-host.h"

#include "onering/store/sqlite/sqlite-store.h"

namespace onering::simulation {

namespace {

StoreError simulated(StoreFault fault) {
  return {fault, "simulated"};
}

}  // namespace

StoreHost::StoreHost(Environment& environment, const StorePlan& plan, const StoreFaults& faults)
    : environment_(environment), plan_(plan), faults_(faults) {
  if (plan.onDisk) {
    disk_ = std::make_unique<MemoryDisk>(environment.random.next());
  } else {
    inner_ = std::make_unique<MemoryStore>();
  }
}

StoreHost::~StoreHost() = default;

// --- life and death -------------------------------------------------------------------------------------

bool StoreHost::boot() {
  if (!disk_) {
    return true;
  }
  if (!inner_ && !openDisk()) {
    return false;
  }
  if (const auto here = std::ranges::find_if(uncertain_, [&](const Batch& batch) { return holds(batch); });
      here != uncertain_.end()) {
    stored(*here);
  }
  uncertain_.clear();
  return true;
}

// The power may go again while the store recovers.
bool StoreHost::openDisk() {
  if (environment_.strikes(faults_.powerCut)) {
    disk_->powerOffAfter(environment_.random.below(20'000));
  }
  constexpr std::array kJournals{SqliteOptions::Journal::walExclusive, SqliteOptions::Journal::truncate,
                                 SqliteOptions::Journal::remove};
  auto opened = SqliteStore::open({.path = "store.db",
                                   .vfs = disk_->vfs(),
                                   .journal = kJournals.at(plan_.journal),
                                   .pageBytes = plan_.pageBytes,
                                   .checkpointPages = plan_.checkpointPages,
                                   .busyTimeout = {}});
  if (!opened || disk_->isOff()) {
    require(disk_->isOff(), [&] { return "a store on a sound disk could not be opened: " + opened.error().detail; });
    if (opened) {
      opened->reset();
    }
    disk_->crash(static_cast<Loss>(environment_.random.below(3)));
    return false;
  }
  disk_->powerOffAfter({});
  inner_ = *std::move(opened);
  return true;
}

void StoreHost::close() {
  if (disk_) {
    inner_.reset();
  }
}

void StoreHost::processDied() {
  if (!disk_) {
    return;
  }
  const bool powerFailed = disk_->isOff();
  disk_->powerOffAfter(0);  // a process that dies does not close its files in order
  inner_.reset();
  disk_->crash(powerFailed ? static_cast<Loss>(environment_.random.below(3)) : Loss::nothing);
}

// --- writing --------------------------------------------------------------------------------------------

std::optional<StoreHost::Lie> StoreHost::commitFault() {
  if (!isOpen()) {
    return Lie{simulated(StoreFault::unavailable)};
  }
  if (strikes(faults_.full)) {
    return Lie{simulated(StoreFault::full)};
  }
  if (strikes(faults_.unavailable)) {
    return Lie{simulated(StoreFault::unavailable)};
  }
  if (strikes(faults_.damaged)) {
    return Lie{simulated(StoreFault::damaged)};
  }
  if (strikes(faults_.conflict)) {
    return Lie{simulated(StoreFault::conflict)};
  }
  if (strikes(faults_.unknownLost)) {
    return Lie{simulated(StoreFault::unknown)};
  }
  if (strikes(faults_.unknownStored)) {
    return Lie{simulated(StoreFault::unknown), true};
  }
  return {};
}

template <typename AnyBatch>
StoreResult<void> StoreHost::commitOnDisk(const AnyBatch& batch) {
  if (!disk_) {
    return inner_->commit(batch);
  }
  if (environment_.strikes(faults_.powerCut)) {
    disk_->powerOffAfter(environment_.random.below(20'000));
  } else if (environment_.strikes(faults_.diskFull)) {
    disk_->setCapacity(disk_->used() + environment_.random.below(4'000));
  } else if (environment_.strikes(faults_.syncFails)) {
    disk_->failSyncs(1);
  }
  auto result = inner_->commit(batch);
  disk_->setCapacity({});
  disk_->failSyncs(0);
  return result;
}

StoreResult<void> StoreHost::commit(const Batch& batch) {
  const auto lie = commitFault();
  if (lie && !lie->stores) {
    return std::unexpected(lie->error);
  }
  const bool repeats = disk_ && receiptOf(batch);  // then it can only conflict
  auto result = commitOnDisk(batch);
  if (repeats) {
    require(!result, "K4 an op was stored twice");
    return result;
  }
  if (isOff()) {
    if (result) {
      stored(batch);
      uncertain_.clear();
    } else {
      uncertain_.push_back(batch);
    }
    return result;
  }
  if (result) {
    uncertain_.clear();
    stored(batch);
  } else if (result.error().fault == StoreFault::unknown) {
    if (holds(batch)) {
      stored(batch);
    } else {
      uncertain_.push_back(
          batch);  // what could not be synced may come back with the next start, until something follows
    }
  }
  return result && lie ? StoreResult<void>(std::unexpected(lie->error)) : result;
}

StoreResult<void> StoreHost::commit(const DeviceBatch& batch) {
  const auto lie = commitFault();
  if (lie && !lie->stores) {
    return std::unexpected(lie->error);
  }
  auto result = commitOnDisk(batch);
  return result && lie ? StoreResult<void>(std::unexpected(lie->error)) : result;
}

// All of a batch is there, or nothing: any op of it tells. Another batch may have judged the same op, at another time.
bool StoreHost::holds(const Batch& batch) {
  const auto receipt = receiptOf(batch);
  if (batch.drafts.empty()) {
    return receipt == Receipt(batch.rejected.front().why);
  }
  return receipt == Receipt(acceptedFor(batch.drafts.front().ops.front().entry));
}

std::optional<Receipt> StoreHost::receiptOf(const Batch& batch) {
  OpKey key;
  if (!batch.drafts.empty()) {
    const Op& op = batch.drafts.front().ops.front().entry.op;
    key = {op.draft, op.id};
  } else {
    key = batch.rejected.front().key;
  }
  const auto found = inner_->find({.drafts = {}, .ops = {key}, .segments = {}});
  require(found.has_value(), "a sound store failed to read");
  const auto& known = found->ops.front();
  return known ? std::optional(known->receipt) : std::nullopt;
}

// --- reading --------------------------------------------------------------------------------------------

std::optional<StoreError> StoreHost::readFault() {
  std::optional<StoreError> error;
  if (!isOpen() || strikes(faults_.readFails)) {
    error = simulated(StoreFault::unavailable);
  } else if (strikes(faults_.damaged)) {
    error = simulated(StoreFault::damaged);
  }
  readFailed_ = readFailed_ || error;
  return error;
}

StoreResult<Found> StoreHost::find(const Lookup& lookup) {
  return orFault([&] { return inner_->find(lookup); });
}

StoreResult<std::vector<LogEntry>> StoreHost::readLog(const DraftId& draft, Seq after, std::size_t bytesMax) {
  return orFault([&] { return inner_->readLog(draft, after, bytesMax); });
}

StoreResult<std::optional<Digest>> StoreHost::linkAt(const DraftId& draft, Seq seq) {
  return orFault([&] { return inner_->linkAt(draft, seq); });
}

StoreResult<std::vector<Segment>> StoreHost::readSegments(const DraftId& draft, std::uint32_t from, std::uint32_t end,
                                                          std::size_t bytesMax) {
  return orFault([&] { return inner_->readSegments(draft, from, end, bytesMax); });
}

StoreResult<std::vector<RingPass>> StoreHost::readPasses(const DraftId& draft, std::uint32_t from,
                                                         std::uint32_t countMax) {
  return orFault([&] { return inner_->readPasses(draft, from, countMax); });
}

StoreResult<std::vector<UserId>> StoreHost::readLeft(const DraftId& draft) {
  return orFault([&] { return inner_->readLeft(draft); });
}

StoreResult<std::vector<DraftHead>> StoreHost::listDrafts(const UserId& user, std::optional<DraftListKey> after,
                                                          std::uint32_t countMax) {
  return orFault([&] { return inner_->listDrafts(user, after, countMax); });
}

StoreResult<std::vector<MembershipChange>> StoreHost::listChanges(const UserId& user, const ChangeCursor& after,
                                                                  std::uint32_t countMax) {
  return orFault([&] { return inner_->listChanges(user, after, countMax); });
}

StoreResult<std::vector<DraftId>> StoreHost::allDrafts(std::optional<DraftId> after, std::uint32_t countMax) {
  return orFault([&] { return inner_->allDrafts(after, countMax); });
}

StoreResult<void> StoreHost::forgetRejected(Time before) {
  return inner_->forgetRejected(before);
}

StoreResult<std::vector<std::string>> StoreHost::integrity() {
  return inner_->integrity();
}

StoreResult<std::optional<DeviceRecord>> StoreHost::readRecord() {
  return orFault([&] { return inner_->readRecord(); });
}

StoreResult<std::vector<PendingOp>> StoreHost::readPending() {
  return orFault([&] { return inner_->readPending(); });
}

StoreResult<std::vector<KeptOp>> StoreHost::readKept() {
  return orFault([&] { return inner_->readKept(); });
}

StoreResult<std::vector<DraftPosition>> StoreHost::readSetAside() {
  return inner_->readSetAside();
}

StoreResult<std::optional<SetAsidePart>> StoreHost::readSetAsidePart(const DraftPosition& copy, std::uint32_t from,
                                                                     std::size_t bytesMax) {
  return inner_->readSetAsidePart(copy, from, bytesMax);
}

}  // namespace onering::simulation
