// A store that fails as the plan says, around one that does not.
#pragma once

#include <functional>
#include <utility>

#include "onering/ports/device-store.h"

#include "environment.h"

namespace onering::simulation {

// Which faults a side's store has. `notMine` where it has none of the kind.
struct StoreFaults {
  std::optional<Fault> full;
  std::optional<Fault> unavailable;
  std::optional<Fault> damaged;
  std::optional<Fault> unknownStored;
  std::optional<Fault> unknownLost;
  std::optional<Fault> conflict;
  std::optional<Fault> readFails;
};

inline constexpr StoreFaults kDeviceStoreFaults{.full = Fault::deviceStoreFull,
                                                .unavailable = Fault::deviceStoreUnavailable,
                                                .damaged = {},
                                                .unknownStored = Fault::deviceCommitUnknownStored,
                                                .unknownLost = Fault::deviceCommitUnknownLost,
                                                .conflict = {},
                                                .readFails = Fault::deviceReadFails};
inline constexpr StoreFaults kServerStoreFaults{.full = Fault::serverStoreFull,
                                                .unavailable = Fault::serverStoreUnavailable,
                                                .damaged = Fault::serverStoreDamaged,
                                                .unknownStored = Fault::serverCommitUnknownStored,
                                                .unknownLost = Fault::serverCommitUnknownLost,
                                                .conflict = Fault::serverConflict,
                                                .readFails = Fault::serverReadFails};

class FaultyStore final : public DeviceStore {
 public:
  FaultyStore(Environment& environment, DeviceStore& inner, const StoreFaults& faults)
      : environment_(environment), inner_(inner), faults_(faults) {}

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
  // What the caller is told instead; `stores` becomes false when the batch gets lost.
  [[nodiscard]] std::optional<StoreError> commitFault(bool& stores);

  Environment& environment_;
  DeviceStore& inner_;
  StoreFaults faults_;
  bool readFailed_ = false;
};

}  // namespace onering::simulation
