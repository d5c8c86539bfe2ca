#include "onering/simulation/coverage.h"

#include <map>
#include <utility>

#include "onering/domain/op.h"

namespace onering::simulation {

namespace {

constexpr std::array<std::string_view, kFaultCount> kFaultNames{
    "connectFails",
    "connectionCut",
    "cutUnnoticed",
    "halfOpen",
    "abandoned",
    "stalled",
    "readerTooSlow",
    "messageDropped",
    "messageRepeated",
    "messageReordered",
    "messageTruncated",
    "deviceCrashBeforeCommit",
    "deviceCrashAfterCommit",
    "deviceCrashWhileSending",
    "deviceStoreFull",
    "deviceStoreUnavailable",
    "deviceCommitUnknownStored",
    "deviceCommitUnknownLost",
    "deviceReadFails",
    "devicePowerCut",
    "deviceDiskFull",
    "deviceSyncFails",
    "deviceClockSteps",
    "tokenExpired",
    "tokenRefused",
    "tokenOfAnother",
    "tokensUnavailable",
    "tooManyConnections",
    "oldVersion",
    "serverCrash",
    "serverCrashBeforeCommit",
    "serverCrashAfterCommit",
    "serverCrashWhileSending",
    "serverStoreFull",
    "serverStoreUnavailable",
    "serverStoreDamaged",
    "serverCommitUnknownStored",
    "serverCommitUnknownLost",
    "serverConflict",
    "serverReadFails",
    "serverPowerCut",
    "serverDiskFull",
    "serverSyncFails",
    "serverClockSteps",
    "commitUnknownLate",
    "commitAfterCrash",
    "newsLate",
};

constexpr std::array<std::string_view, kSituationCount> kSituationNames{
    "twoConnectionsOfOneDevice",
    "snapshotInParts",
    "snapshotInstalled",
    "logFetched",
    "draftDropped",
    "memberCameBack",
    "ringReclaimedFromHolderWithPendingWork",
    "workKept",
    "keptResubmitted",
    "keptCopied",
    "keptDismissed",
    "segmentRedacted",
    "redactedBeforeItWasRead",
    "opSubmitted",
    "waitedForAuthority",
    "receiptRepeated",
    "batchOfSeveralDevices",
    "batchOfSeveralDrafts",
    "restoredDraft",
    "twoDevicesOfOneUserWrote",
    "severalServers",
    "clientAtAnotherServer",
    "conflictOfServers",
    "newsOfAnotherServer",
    "leadershipPassed",
    "callSaidAgain",
    "callHadBeenDone",
    "storeRefusedAnOp",
    "nightPassed",
};

template <std::size_t Count>
void addTo(std::array<std::uint64_t, Count>& totals, const std::bitset<Count>& one) {
  for (std::size_t i = 0; i < Count; ++i) {
    totals[i] += one[i] ? 1 : 0;
  }
}

template <std::size_t... Index>
constexpr std::array<OpBody, sizeof...(Index)> bodies(std::index_sequence<Index...> /*indices*/) {
  return {std::variant_alternative_t<Index, OpBody>{}...};
}

std::string padded(std::string_view text, std::size_t width) {
  std::string result(text);
  result.resize(std::max(width, result.size()), ' ');
  return result;
}

// "12.3 %", with a word where a nought would be overlooked.
std::string share(std::uint64_t count, std::uint64_t of) {
  if (count == 0) {
    return "never";
  }
  const std::uint64_t tenths = of == 0 ? 0 : count * 1'000 / of;
  if (tenths == 0) {
    return "< 0.1 %";
  }
  return std::to_string(tenths / 10) + '.' + std::to_string(tenths % 10) + " %";
}

constexpr std::size_t kNameWidth = 42;

}  // namespace

std::string_view faultName(Fault fault) {
  return kFaultNames[static_cast<std::size_t>(fault)];
}

std::string_view situationName(Situation situation) {
  return kSituationNames[static_cast<std::size_t>(situation)];
}

void CoverageTotals::add(const Coverage& coverage) {
  ++schedules_;
  addTo(faults_, coverage.faults);
  addTo(situations_, coverage.situations);
  addTo(receipts_, coverage.receipts);
  addTo(local_, coverage.local);
  addTo(refusals_, coverage.refusals);
  addTo(accepted_, coverage.accepted);
}

std::vector<CoverageTotals::Row> CoverageTotals::rows() const {
  std::vector<Row> rows;
  for (std::size_t i = 0; i < kFaultCount; ++i) {
    rows.push_back({"fault", kFaultNames[i], faults_[i]});
  }
  for (std::size_t i = 0; i < kSituationCount; ++i) {
    rows.push_back({"situation", kSituationNames[i], situations_[i]});
  }
  const auto kinds = bodies(std::make_index_sequence<kOperationCount>{});
  for (std::size_t i = 0; i < kOperationCount; ++i) {
    rows.push_back({"operation accepted", opName(kinds[i]), accepted_[i]});
  }
  const auto codes = [&](std::string_view group, const auto& counts) {
    for (std::size_t i = 0; i < kErrorCodeCount; ++i) {
      rows.push_back({group, errorName(static_cast<ErrorCode>(i)), counts[i]});
    }
  };
  codes("code in a receipt", receipts_);
  codes("code from a replica at once", local_);
  codes("code in a refusal", refusals_);
  return rows;
}

std::vector<std::string_view> CoverageTotals::never() const {
  std::vector<std::string_view> names;
  std::map<std::string_view, std::uint64_t> codes;
  for (const auto& [group, name, schedules] : rows()) {
    if (group.starts_with("code")) {
      codes[name] += schedules;
    } else if (schedules == 0) {
      names.push_back(name);
    }
  }
  for (const auto& [name, schedules] : codes) {
    if (schedules == 0) {
      names.push_back(name);
    }
  }
  return names;
}

std::string CoverageTotals::table() const {
  std::string text = "share of " + std::to_string(schedules_) + " schedules in which it occurred\n";
  std::string_view group;
  for (const Row& row : rows()) {
    if (row.group.starts_with("code")) {
      break;  // all of a code in one line, below
    }
    if (std::exchange(group, row.group) != row.group) {
      text += '\n' + std::string(row.group) + '\n';
    }
    text += "  " + padded(row.name, kNameWidth) + share(row.schedules, schedules_) + '\n';
  }
  text += '\n' + padded("error code", kNameWidth + 2) + padded("receipt", 10) + padded("at once", 10) + "refusal\n";
  for (std::size_t i = 0; i < kErrorCodeCount; ++i) {
    text += "  " + padded(errorName(static_cast<ErrorCode>(i)), kNameWidth) +
            padded(share(receipts_[i], schedules_), 10) + padded(share(local_[i], schedules_), 10) +
            share(refusals_[i], schedules_) + '\n';
  }
  return text;
}

}  // namespace onering::simulation
