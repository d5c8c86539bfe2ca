// What a server keeps beside the drafts: events, and what it answered to HTTP requests.
//
// Every function throws SqliteFailure. Writers run inside the caller's transaction.
#pragma once

#include "onering/ports/event-store.h"
#include "onering/ports/idempotency-store.h"

#include "connection.h"

namespace onering {

// K4: the events of what the batch accepts.
void appendEvents(Connection& connection, const Batch& batch);

[[nodiscard]] std::vector<bool> appendEvents(Connection& connection, const std::vector<Event>& events);
[[nodiscard]] EventPage readEvents(Connection& connection, const EventQuery& query);

[[nodiscard]] std::optional<RequestRecord> claim(Connection& connection, const RequestRecord& record, Time validFrom);
[[nodiscard]] std::optional<RequestAnswer> complete(Connection& connection, const RequestKey& key, const OpId& op,
                                                    const RequestAnswer& answer);
[[nodiscard]] std::uint64_t forgetRequests(Connection& connection, Time before);

}  // namespace onering
