// The core's values as JSON. The shapes are those of bindings/typescript/src/types.ts and, where that has none,
// of bindings/typescript/src/worker/module.ts.
#pragma once

#include <set>

#include "onering/domain/draft.h"
#include "onering/domain/limits.h"
#include "onering/ports/device-store.h"

#include "json.h"

namespace onering {

// What went wrong, as users are told. `detail` is for the console: no secret, no user's text; may be empty.
struct Failure {
  Rejection why;
  std::string detail;
};

[[nodiscard]] std::string_view statusName(DraftStatus status);

[[nodiscard]] Failure failureOf(const StoreError& error);
void writeFailure(JsonWriter& json, const Rejection& why);
void writeFailure(JsonWriter& json, const Failure& failure);

void writeRing(JsonWriter& json, const Ring& ring);
void writeMembers(JsonWriter& json, const std::vector<Member>& members);
// Without their hashes, which no page needs.
void writeInvites(JsonWriter& json, const std::vector<Invite>& invites);
void writePass(JsonWriter& json, const RingPass& pass);
void writeLimits(JsonWriter& json, const Limits& limits);
void writeReceipt(JsonWriter& json, const Accepted& accepted);  // members only, no braces

// A segment whose id is in `redacting` is shown as redacted already: its redaction is pending.
void writeSegment(JsonWriter& json, const Segment& segment, const std::set<SegmentId>& redacting);

// Members only, no braces: kind, ids and what the op carries.
void writeOp(JsonWriter& json, const Op& op);

}  // namespace onering
