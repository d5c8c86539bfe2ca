// A draft's past, as far as this device has its log: entries, the state after any of them, the check of the chain.
//
// A device that was far behind got a snapshot in place of the log up to there (SPEC S6). Of what lies before it the
// device has the segments and the ring's history, but not the ops: whoever asks is told where the log begins here.
//
//   1 ........ first ........ head
//   snapshot   | entries        |     first == 1: all of it is here; first == head + 1: nothing of it
#pragma once

#include <map>

#include "onering/sync/replica.h"

#include "json-values.h"

namespace onering {

// Remembers states on the way, so that going back and forth does not begin from the first op each time.
class Past {
 public:
  Past(Replica& replica, DeviceStore& store) : replica_(&replica), store_(&store) {}

  // LogPage: entries from seq `from` (or where the log begins here) to below `to`, as many as fit.
  void writeLog(JsonWriter& json, const DraftId& draft, Seq from, Seq to);

  // PastDraft: the draft after op `seq`. 0: before the first.
  void writeDraft(JsonWriter& json, const DraftId& draft, Seq seq);

  // Computes links and digests anew of some entries from seq `from` on, and compares. The result says where to go on,
  // or which entry is not what its link says.
  void writeVerified(JsonWriter& json, const DraftId& draft, Seq from);

 private:
  struct Extent {
    Seq first;
    LogPosition head;
  };

  [[nodiscard]] Extent extentOf(const DraftId& draft);
  [[nodiscard]] DraftState stateAt(const DraftId& draft, Seq seq);
  [[nodiscard]] std::uint32_t segmentsAt(const DraftId& draft, Seq seq);

  Replica* replica_;
  DeviceStore* store_;
  DraftId marked_;
  std::map<Seq, DraftState> marks_;  // of marked_, some thousands of ops apart
};

}  // namespace onering
