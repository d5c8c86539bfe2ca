// What a device keeps beside the drafts: its record, the outbox, the kept ops.
//
// Every function throws SqliteFailure. Writers run inside the caller's transaction.
#pragma once

#include "connection.h"

namespace onering {

// True: it erased something that older pages of the file may still show.
[[nodiscard]] bool writeBatch(Connection& connection, const DeviceBatch& batch);

[[nodiscard]] std::optional<DeviceRecord> readRecord(Connection& connection);
[[nodiscard]] std::vector<PendingOp> readPending(Connection& connection);
[[nodiscard]] std::vector<KeptOp> readKept(Connection& connection);

}  // namespace onering
