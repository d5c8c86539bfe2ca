// What one subscriber of a draft is told, and has been told: changes, never copies. A draft of 20,000 segments
// costs its subscriber the segments that are new.
#pragma once

#include <set>
#include <vector>

#include "onering/sync/replica.h"

#include "json.h"

namespace onering {

// What a step did to one draft, as far as its feeds need to know.
struct DraftNews {
  bool replaced = false;              // the copy came, went or was exchanged as a whole
  std::vector<const Segment*> added;  // confirmed, in order
  std::vector<SegmentId> redacted;    // confirmed
};

// Adds what `step` did to `news`, for drafts that are keys of it already. `step` must outlive `news`.
void gatherNews(const Step& step, std::map<DraftId, DraftNews>& news);

class DraftFeed {
 public:
  // `tail`: how many confirmed segments one change brings at most.
  DraftFeed(DraftId draft, std::uint32_t tail) : draft_(draft), tail_(tail) {}

  [[nodiscard]] const DraftId& draft() const { return draft_; }

  // Writes the members of a change (types.ts, DraftChange) since the last one; all of the draft the first time.
  // `pending` says what to do to the pending segments told before: `drop` that many from the front, then add. Told are
  // at most 1,000, the newest.
  // Members and invites of the draft, and the pending list, are left out where they are as told before.
  // `news`: what was committed since the last call. Throws StoreError where the store cannot be read.
  void write(JsonWriter& json, Replica& replica, Store& store, const DraftNews& news);

  // The next change tells all of the draft.
  void startOver() { told_ = false; }

 private:
  void writeGone(JsonWriter& json);
  void writeConfirmed(JsonWriter& json, Store& store, const DraftNews& news, std::uint32_t count);
  void writeRedacted(JsonWriter& json, const DraftNews& news, const std::set<SegmentId>& redacting) const;
  void writePending(JsonWriter& json, Replica& replica, std::uint32_t confirmed, const std::set<SegmentId>& redacting);
  [[nodiscard]] bool anythingShownAgain(const DraftNews& news, const std::set<SegmentId>& redacting) const;

  DraftId draft_;
  std::uint32_t tail_;
  bool told_ = false;        // what follows has been told
  std::uint32_t count_ = 0;  // confirmed segments
  std::vector<Member> members_;
  std::vector<Invite> invites_;
  Replica::PendingRange pending_;
  std::set<SegmentId> redacting_;  // segments whose redaction is pending
};

// The draft's snapshot (types.ts, DraftSnapshot) with braces; without its members and invites, where they are not
// wanted. Null when this device has no such draft.
void writeSnapshot(JsonWriter& json, Replica& replica, const DraftId& draft, bool withMembers);

// A line of the list (types.ts, DraftSummary). `listed`: as the store lists it; `pendingCount` ops are laid on top.
void writeSummary(JsonWriter& json, Replica& replica, const DraftHead& listed, std::size_t pendingCount);

}  // namespace onering
