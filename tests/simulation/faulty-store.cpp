#include "faulty-store.h"

namespace onering::simulation {

namespace {

StoreError simulated(StoreFault fault) {
  return {fault, "simulated"};
}

}  // namespace

std::optional<StoreError> FaultyStore::readFault() {
  std::optional<StoreError> error;
  if (strikes(faults_.readFails)) {
    error = simulated(StoreFault::unavailable);
  } else if (strikes(faults_.damaged)) {
    error = simulated(StoreFault::damaged);
  }
  readFailed_ = readFailed_ || error;
  return error;
}

std::optional<StoreError> FaultyStore::commitFault(bool& stores) {
  stores = false;
  if (strikes(faults_.full)) {
    return simulated(StoreFault::full);
  }
  if (strikes(faults_.unavailable)) {
    return simulated(StoreFault::unavailable);
  }
  if (strikes(faults_.damaged)) {
    return simulated(StoreFault::damaged);
  }
  if (strikes(faults_.conflict)) {
    return simulated(StoreFault::conflict);
  }
  if (strikes(faults_.unknownLost)) {
    return simulated(StoreFault::unknown);
  }
  stores = true;
  if (strikes(faults_.unknownStored)) {
    return simulated(StoreFault::unknown);
  }
  return {};
}

StoreResult<void> FaultyStore::commit(const Batch& batch) {
  bool stores = true;
  const auto error = commitFault(stores);
  if (stores) {
    auto result = inner_.commit(batch);
    if (!result) {
      return result;
    }
    if (stored) {
      stored(batch);
    }
  }
  return error ? StoreResult<void>(std::unexpected(*error)) : StoreResult<void>();
}

StoreResult<void> FaultyStore::commit(const DeviceBatch& batch) {
  bool stores = true;
  const auto error = commitFault(stores);
  if (stores) {
    auto result = inner_.commit(batch);
    if (!result) {
      return result;
    }
  }
  return error ? StoreResult<void>(std::unexpected(*error)) : StoreResult<void>();
}

StoreResult<Found> FaultyStore::find(const Lookup& lookup) {
  return orFault([&] { return inner_.find(lookup); });
}

StoreResult<std::vector<LogEntry>> FaultyStore::readLog(const DraftId& draft, Seq after, std::size_t bytesMax) {
  return orFault([&] { return inner_.readLog(draft, after, bytesMax); });
}

StoreResult<std::optional<Digest>> FaultyStore::linkAt(const DraftId& draft, Seq seq) {
  return orFault([&] { return inner_.linkAt(draft, seq); });
}

StoreResult<std::vector<Segment>> FaultyStore::readSegments(const DraftId& draft, std::uint32_t from, std::uint32_t end,
                                                            std::size_t bytesMax) {
  return orFault([&] { return inner_.readSegments(draft, from, end, bytesMax); });
}

StoreResult<std::vector<RingPass>> FaultyStore::readPasses(const DraftId& draft, std::uint32_t from,
                                                           std::uint32_t countMax) {
  return orFault([&] { return inner_.readPasses(draft, from, countMax); });
}

StoreResult<std::vector<DraftHead>> FaultyStore::listDrafts(const UserId& user, std::optional<DraftListKey> after,
                                                            std::uint32_t countMax) {
  return orFault([&] { return inner_.listDrafts(user, after, countMax); });
}

StoreResult<std::vector<MembershipChange>> FaultyStore::listChanges(const UserId& user, const ChangeCursor& after,
                                                                    std::uint32_t countMax) {
  return orFault([&] { return inner_.listChanges(user, after, countMax); });
}

StoreResult<std::vector<DraftId>> FaultyStore::allDrafts(std::optional<DraftId> after, std::uint32_t countMax) {
  return orFault([&] { return inner_.allDrafts(after, countMax); });
}

StoreResult<void> FaultyStore::forgetRejected(Time before) {
  return inner_.forgetRejected(before);
}

StoreResult<std::vector<std::string>> FaultyStore::integrity() {
  return inner_.integrity();
}

StoreResult<std::optional<DeviceRecord>> FaultyStore::readRecord() {
  return orFault([&] { return inner_.readRecord(); });
}

StoreResult<std::vector<PendingOp>> FaultyStore::readPending() {
  return orFault([&] { return inner_.readPending(); });
}

StoreResult<std::vector<KeptOp>> FaultyStore::readKept() {
  return orFault([&] { return inner_.readKept(); });
}

StoreResult<std::vector<DraftPosition>> FaultyStore::readSetAside() {
  return inner_.readSetAside();
}

StoreResult<std::optional<SetAsidePart>> FaultyStore::readSetAsidePart(const DraftPosition& copy, std::uint32_t from,
                                                                       std::size_t bytesMax) {
  return inner_.readSetAsidePart(copy, from, bytesMax);
}

}  // namespace onering::simulation
