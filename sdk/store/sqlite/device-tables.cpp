#include "device-tables.h"

#include "draft-tables.h"
#include "stored-op.h"

namespace onering {

namespace {

void writeRecord(Connection& connection, const DeviceRecord& record) {
  const Limits& limits = record.limits;
  connection.run("INSERT OR REPLACE INTO device VALUES (1, ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
                 record.device, record.user, record.display, limits.titleCharacters, limits.segmentBytes,
                 limits.collaborators, limits.segmentsPerDraft, limits.messageBytes, limits.opsPerPush,
                 record.cursor.since, record.cursor.after);
}

void queue(Connection& connection, const PendingOp& pending) {
  const std::string op = canonicalBytes(pending.op, {});
  const Erasable content = erasableOf(pending.op);
  connection.run("INSERT INTO outbox(place, op_id, op, text, salt) VALUES (?1, ?2, ?3, ?4, ?5)", pending.order,
                 pending.op.id, Blob{op}, content.text, content.salt);
}

void keep(Connection& connection, const KeptOp& kept) {
  const std::string op = canonicalBytes(kept.op, {});
  const Erasable content = erasableOf(kept.op);
  connection.run("INSERT INTO kept(op_id, op, text, salt, code, message, at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
                 kept.op.id, Blob{op}, content.text, content.salt, kept.why.code, kept.why.message, kept.at);
}

}  // namespace

bool writeBatch(Connection& connection, const DeviceBatch& batch) {
  bool erases = false;
  if (batch.record) {
    writeRecord(connection, *batch.record);
  }
  for (const DraftId& draft : batch.setAside) {
    setAside(connection, draft);
  }
  for (const DraftId& draft : batch.dropped) {
    erases = dropDraft(connection, draft) || erases;
  }
  for (const DraftImage& image : batch.installed) {
    erases = installImage(connection, image) || erases;
  }
  erases = writeBatch(connection, batch.drafts) || erases;
  for (const PendingOp& pending : batch.queued) {
    queue(connection, pending);
  }
  for (const OpId& op : batch.settled) {
    connection.run("DELETE FROM outbox WHERE op_id = ?1", op);
  }
  for (const KeptOp& kept : batch.kept) {
    keep(connection, kept);
  }
  for (const OpId& op : batch.dismissed) {
    connection.run("DELETE FROM kept WHERE op_id = ?1", op);
  }
  return erases;
}

std::optional<DeviceRecord> readRecord(Connection& connection) {
  Rows rows = connection.select(
      "SELECT device_id, user, display, title_characters, segment_bytes, collaborators, segments_per_draft, "
      "message_bytes, ops_per_push, cursor_since, cursor_after FROM device");
  if (!rows.next()) {
    return std::nullopt;
  }
  DeviceRecord record;
  Limits& limits = record.limits;
  rows.read(record.device, record.user, record.display, limits.titleCharacters, limits.segmentBytes,
            limits.collaborators, limits.segmentsPerDraft, limits.messageBytes, limits.opsPerPush, record.cursor.since,
            record.cursor.after);
  return record;
}

std::vector<PendingOp> readPending(Connection& connection) {
  std::vector<PendingOp> pending;
  Rows rows = connection.select("SELECT op, text, salt, place FROM outbox ORDER BY place");
  while (rows.next()) {
    StoredOp stored;
    PendingOp& next = pending.emplace_back();
    rows.read(stored.op, stored.text, stored.salt, next.order);
    next.op = parseStored(stored).op;
  }
  return pending;
}

std::vector<KeptOp> readKept(Connection& connection) {
  std::vector<KeptOp> ops;
  Rows rows = connection.select("SELECT op, text, salt, code, message, at FROM kept ORDER BY at, op_id");
  while (rows.next()) {
    StoredOp stored;
    KeptOp& kept = ops.emplace_back();
    rows.read(stored.op, stored.text, stored.salt, kept.why.code, kept.why.message, kept.at);
    kept.op = parseStored(stored).op;
  }
  return ops;
}

}  // namespace onering
