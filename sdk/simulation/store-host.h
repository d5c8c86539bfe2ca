// Where a side's data lies: in memory, or in SQLite on a disk that fails, too.
//
// What may fail is the store's contract (an error instead of an answer, an outcome that is not known) and, with
// SQLite, the disk below it: it is full, a sync fails, the power goes in the middle of a write and takes with it what
// had not been synced.
#pragma once

#include <functional>
#include <memory>
#include <utility>

#include "onering/ports/device-store.h"
#include "onering/simulation/memory-disk.h"
#include "onering/store/memory/memory-store.h"

#include "environment.h"

namespace onering::simulation {

// The names under which a side's store has its faults.
struct StoreFaults {
  Fault full;
  Fault unavailable;
  std::optional<Fault> damaged;
  Fault unknownStored;
  Fault unknownLost;
  std::optional<Fault> conflict;
  Fault readFails;
  Fault powerCut;
  Fault diskFull;
  Fault syncFails;
};

inline constexpr StoreFaults kDeviceStoreFaults{.full = Fault::deviceStoreFull,
                                                .unavailable = Fault::deviceStoreUnavailable,
                                                .damaged = {},
                                                .unknownStored = Fault::deviceCommitUnknownStored,
                                                .unknownLost = Fault::deviceCommitUnknownLost,
                                                .conflict = {},
                                                .readFails = Fault::deviceReadFails,
                                                .powerCut = Fault::devicePowerCut,
                                                .diskFull = Fault::deviceDiskFull,
                                                .syncFails = Fault::deviceSyncFails};
inline constexpr StoreFaults kServerStoreFaults{.full = Fault::serverStoreFull,
                                                .unavailable = Fault::serverStoreUnavailable,
                                                .damaged = Fault::serverStoreDamaged,
                                                .unknownStored = Fault::serverCommitUnknownStored,
                                                .unknownLost = Fault::serverCommitUnknownLost,
                                                .conflict = Fault::serverConflict,
                                                .readFails = Fault::serverReadFails,
                                                .powerCut = Fault::serverPowerCut,
                                                .diskFull = Fault::serverDiskFull,
                                                .syncFails = Fault::serverSyncFails};

class StoreHost final : public DeviceStore {
 public:
  StoreHost(Environment& environment, const StorePlan& plan, const StoreFaults& faults);
  ~StoreHost() override;

  // Opens the store, after a crash as well. False: not now.
  [[nodiscard]] bool boot();

  // The process that had it open is gone; what it had written is not.
  void processDied();

  // Closed in order; boot() opens it again.
  void close();

  // The power is gone: processDied(), and what was not synced may be lost.
  [[nodiscard]] bool isOff() const { return disk_ && disk_->isOff(); }

  // Until it is booted again everything that is asked is unavailable.
  [[nodiscard]] bool isOpen() const { return inner_ != nullptr; }

  // The store without its faults, for those who check it.
  [[nodiscard]] DeviceStore& sound() { return *inner_; }

  // Called for every batch that has become durable, whatever the caller was told.
  std::function<void(const Batch&)> stored;

  // Whether a read has failed since the last question. What the replica reads on its own it answers by throwing.
  [[nodiscard]] bool readFailed() { return std::exchange(readFailed_, false); }

  [[nodiscard]] StoreResult<Found> find(const Lookup& lookup) override;
  [[nodiscard]] StoreResult<void> commit(const Batch& batch) override;
  [[nodiscard]] StoreResult<void> commit(const DeviceBatch& batch) override;
  [[nodiscard]] StoreResult<std::vector<LogEntry>> readLog(const DraftId& draft, Seq after,
                                                           std::size_t bytesMax) override;
  [[nodiscard]] StoreResult<std::optional<Digest>> linkAt(const DraftId& draft, Seq seq) override;
  [[nodiscard]] StoreResult<std::vector<Segment>> readSegments(const DraftId& draft, std::uint32_t from,
                                                               std::uint32_t end, std::size_t bytesMax) override;
  [[nodiscard]] StoreResult<std::vector<RingPass>> readPasses(const DraftId& draft, std::uint32_t from,
                                                              std::uint32_t countMax) override;
  [[nodiscard]] StoreResult<std::vector<UserId>> readLeft(const DraftId& draft) override;
  [[nodiscard]] StoreResult<std::vector<DraftHead>> listDrafts(const UserId& user, std::optional<DraftListKey> after,
                                                               std::uint32_t countMax) override;
  [[nodiscard]] StoreResult<std::vector<MembershipChange>> listChanges(const UserId& user, const ChangeCursor& after,
                                                                       std::uint32_t countMax) override;
  [[nodiscard]] StoreResult<std::vector<DraftId>> allDrafts(std::optional<DraftId> after,
                                                            std::uint32_t countMax) override;
  [[nodiscard]] StoreResult<void> forgetRejected(Time before) override;
  [[nodiscard]] StoreResult<std::vector<std::string>> integrity() override;

  [[nodiscard]] StoreResult<std::optional<DeviceRecord>> readRecord() override;
  [[nodiscard]] StoreResult<std::vector<PendingOp>> readPending() override;
  [[nodiscard]] StoreResult<std::vector<KeptOp>> readKept() override;
  [[nodiscard]] StoreResult<std::vector<DraftPosition>> readSetAside() override;
  [[nodiscard]] StoreResult<std::optional<SetAsidePart>> readSetAsidePart(const DraftPosition& copy, std::uint32_t from,
                                                                          std::size_t bytesMax) override;

 private:
  [[nodiscard]] bool strikes(const std::optional<Fault>& fault) { return fault && environment_.strikes(*fault); }
  [[nodiscard]] std::optional<StoreError> readFault();
  template <typename Read>
  [[nodiscard]] auto orFault(Read read) -> decltype(read()) {
    if (auto error = readFault()) {
      return std::unexpected(std::move(*error));
    }
    return read();
  }

  // An error that the store answers with although it could have done what was asked, and whether it did.
  struct Lie {
    StoreError error;
    bool stores = false;
  };
  [[nodiscard]] std::optional<Lie> commitFault();
  template <typename AnyBatch>
  [[nodiscard]] StoreResult<void> commitOnDisk(const AnyBatch& batch);
  [[nodiscard]] bool holds(const Batch& batch);
  // What the store has on the batch's first op.
  [[nodiscard]] std::optional<Receipt> receiptOf(const Batch& batch);
  [[nodiscard]] bool openDisk();

  Environment& environment_;
  StorePlan plan_;
  StoreFaults faults_;
  std::unique_ptr<MemoryDisk> disk_;    // null: in memory
  std::unique_ptr<DeviceStore> inner_;  // null: not open
  std::vector<Batch> uncertain_;        // were being written when the disk failed, since the last that was stored
  bool readFailed_ = false;
};

}  // namespace onering::simulation
