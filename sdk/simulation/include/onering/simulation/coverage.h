// What has happened in schedules: faults, error codes, and situations worth being in. What never occurs is not
// tested, so this is counted and printed.
#pragma once

#include <array>
#include <bitset>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "onering/domain/error.h"
#include "onering/domain/op.h"

namespace onering::simulation {

enum class Fault : std::uint8_t {
  // network
  connectFails,
  connectionCut,  // undelivered messages are lost, both sides are told
  cutUnnoticed,   // … one side is not told
  halfOpen,       // one direction goes nowhere from now on
  abandoned,      // the device opens another connection while the authority still has the old one
  stalled,        // one direction stands still for a while
  readerTooSlow,  // the authority's queue to a session overflowed
  // network, out of order: what a correct transport never does
  messageDropped,
  messageRepeated,
  messageReordered,
  messageTruncated,
  // device
  deviceCrashBeforeCommit,
  deviceCrashAfterCommit,
  deviceCrashWhileSending,
  deviceStoreFull,
  deviceStoreUnavailable,
  deviceCommitUnknownStored,
  deviceCommitUnknownLost,
  deviceReadFails,
  devicePowerCut,
  deviceDiskFull,
  deviceSyncFails,
  deviceClockSteps,
  // who is allowed in
  tokenExpired,
  tokenRefused,
  tokenOfAnother,
  tokensUnavailable,
  tooManyConnections,
  oldVersion,
  // authority
  serverCrash,
  serverCrashBeforeCommit,
  serverCrashAfterCommit,
  serverCrashWhileSending,
  serverStoreFull,
  serverStoreUnavailable,
  serverStoreDamaged,
  serverCommitUnknownStored,
  serverCommitUnknownLost,
  serverConflict,
  serverReadFails,
  serverPowerCut,
  serverDiskFull,
  serverSyncFails,
  serverClockSteps,
  // a database that several servers share
  commitUnknownLate,  // the reply is lost, and the commit itself comes later
  commitAfterCrash,   // a server died with a commit on its way, which the database carries out all the same
  newsLate,
};
inline constexpr std::size_t kFaultCount = static_cast<std::size_t>(Fault::newsLate) + 1;

[[nodiscard]] std::string_view faultName(Fault fault);

// Situations that a test of sync must have been in.
enum class Situation : std::uint8_t {
  twoConnectionsOfOneDevice,
  snapshotInParts,
  snapshotInstalled,
  logFetched,
  draftDropped,
  memberCameBack,
  ringReclaimedFromHolderWithPendingWork,
  workKept,
  keptResubmitted,
  keptCopied,
  keptDismissed,
  segmentRedacted,
  redactedBeforeItWasRead,  // by a device that catches up
  opSubmitted,
  waitedForAuthority,
  receiptRepeated,
  batchOfSeveralDevices,
  batchOfSeveralDrafts,
  restoredDraft,
  twoDevicesOfOneUserWrote,
  severalServers,
  clientAtAnotherServer,
  conflictOfServers,
  newsOfAnotherServer,
  leadershipPassed,  // from one tab of a device to another
  callSaidAgain,     // to the new leader, and performed by it
  callHadBeenDone,   // … and known to it
  storeRefusedAnOp,  // which its maker was told at once
  nightPassed,
};
inline constexpr std::size_t kSituationCount = static_cast<std::size_t>(Situation::nightPassed) + 1;

[[nodiscard]] std::string_view situationName(Situation situation);

inline constexpr std::size_t kOperationCount = std::variant_size_v<OpBody>;

// Of one schedule.
struct Coverage {
  std::bitset<kFaultCount> faults;
  std::bitset<kSituationCount> situations;
  std::bitset<kErrorCodeCount> receipts;  // codes that receipts carried
  std::bitset<kErrorCodeCount> local;     // codes that a replica gave its user at once
  std::bitset<kErrorCodeCount> refusals;  // codes with which the authority ended a conversation
  std::bitset<kOperationCount> accepted;  // kinds of operations, by OpBody's index

  void saw(Fault fault) { faults.set(static_cast<std::size_t>(fault)); }
  void saw(Situation situation) { situations.set(static_cast<std::size_t>(situation)); }
};

// Of many schedules.
class CoverageTotals {
 public:
  void add(const Coverage& coverage);

  [[nodiscard]] std::uint64_t schedules() const { return schedules_; }
  [[nodiscard]] std::uint64_t of(Fault fault) const { return faults_[static_cast<std::size_t>(fault)]; }
  [[nodiscard]] std::uint64_t of(Situation situation) const { return situations_[static_cast<std::size_t>(situation)]; }
  [[nodiscard]] std::uint64_t ofReceipt(ErrorCode code) const { return receipts_[static_cast<std::size_t>(code)]; }

  // In how many schedules each thing occurred. A code of SPEC §12 has a row for each of the ways in which it is said.
  struct Row {
    std::string_view group;
    std::string_view name;
    std::uint64_t schedules = 0;
  };
  [[nodiscard]] std::vector<Row> rows() const;

  // What occurred in none of them; a code, in none of the ways.
  [[nodiscard]] std::vector<std::string_view> never() const;

  // The shares, as a table for people.
  [[nodiscard]] std::string table() const;

 private:
  std::uint64_t schedules_ = 0;
  std::array<std::uint64_t, kFaultCount> faults_{};
  std::array<std::uint64_t, kSituationCount> situations_{};
  std::array<std::uint64_t, kErrorCodeCount> receipts_{};
  std::array<std::uint64_t, kErrorCodeCount> local_{};
  std::array<std::uint64_t, kErrorCodeCount> refusals_{};
  std::array<std::uint64_t, kOperationCount> accepted_{};
};

}  // namespace onering::simulation
