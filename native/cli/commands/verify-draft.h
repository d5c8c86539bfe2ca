// One draft's part of `onering verify`.
#pragma once

#include <map>
#include <string>

#include "onering/domain/canonical.h"
#include "onering/domain/rules.h"
#include "onering/ports/store.h"

#include "verify-store.h"

namespace onering::cli {

// Folds a log again, entry by entry, and then is asked whether what the store has besides is what came of it.
class DraftCheck {
 public:
  DraftCheck(const DraftId& draft, bool deep, std::vector<Difference>& differences)
      : draft_(draft), deep_(deep), differences_(differences) {}

  // False: the log cannot be followed any further.
  [[nodiscard]] bool fold(const LogEntry& entry);

  // In order, once all entries have been folded.
  void compareState(const DraftState& stored);
  void comparePass(const RingPass& stored);
  void compareSegment(const Segment& stored);
  void compareCounts(std::uint32_t passes, std::uint32_t segments);

  void addTo(Memberships& memberships) const;
  void addTo(VerifySums& sums) const;

 private:
  void differs(std::string what);
  void expect(bool holds, const char* otherwise);
  void checkEntry(const LogEntry& entry);
  void checkText(const Content& content, const std::string& where);
  void checkRules(const LogEntry& entry);
  void keep(const Change& change, const LogEntry& entry);

  DraftId draft_;
  bool deep_;
  std::vector<Difference>& differences_;
  DraftState state_;
  std::vector<RingPass> passes_;
  std::vector<Segment> segments_;  // without their texts
  std::map<SegmentId, std::size_t> positions_;
  std::map<UserId, Time> left_;
  std::uint64_t bytes_ = 0;
  std::uint64_t redacted_ = 0;
  std::size_t passesSeen_ = 0;
  std::size_t segmentsSeen_ = 0;
};

}  // namespace onering::cli
