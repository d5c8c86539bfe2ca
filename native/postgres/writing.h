// Batches as requests: which statements with which rows, and what the outcome means.
#pragma once

#include "onering/ports/event-store.h"
#include "onering/ports/idempotency-store.h"

#include "connection.h"

namespace onering::postgres {

// One transaction: BEGIN, one statement a table that the batch touches, COMMIT. Rows are ordered by draft, so that
// two servers that write to the same drafts wait for one another instead of deadlocking.
[[nodiscard]] Request commitRequest(const Batch& batch);

[[nodiscard]] Request appendEventsRequest(const std::vector<Event>& events);
[[nodiscard]] Request claimRequest(const RequestRecord& record, Time validFrom);
[[nodiscard]] Request completeRequest(const RequestKey& key, const OpId& op, const RequestAnswer& answer);
[[nodiscard]] Request forgetRequestsRequest(Time before);
[[nodiscard]] Request forgetRejectedRequest(Time before);

using JobId = Id<struct JobTag>;

// Periodic work of all servers together, a row in the table of jobs each (migration 4).
struct Job {
  std::uint64_t number;        // at the end of its id
  std::chrono::seconds pause;  // before it is due again
};
inline constexpr Job kExpireKeys{.number = 1, .pause = std::chrono::minutes(50)};
inline constexpr Job kForgetRejections{.number = 2, .pause = std::chrono::hours(23)};

// One transaction in which the job is taken, done and put off; `conflict` where it is not due, or at work elsewhere.
[[nodiscard]] Request jobRequest(const Job& job, Request work);

// What a failed request means for its caller. `commits`: it ended with a COMMIT, so that losing the connection leaves
// open whether it was carried out.
[[nodiscard]] StoreError errorFrom(const Failure& failure, bool commits);

// Whether a lock was waited for in vain: somebody may hold it who has stopped in the middle of a transaction.
[[nodiscard]] bool waitedInVain(const Failure& failure);

// Ends transactions that have written and have stood still for so long, as their client sends nothing.
[[nodiscard]] Request endStalledRequest(std::chrono::milliseconds stillFor);

// Whether the same transaction may succeed at once when it is tried again: a deadlock or a failed serialization.
[[nodiscard]] bool worthRepeating(const Failure& failure);

}  // namespace onering::postgres
