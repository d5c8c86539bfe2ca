#include "server-tables.h"

#include <algorithm>

namespace onering {

namespace {

// --- events ---------------------------------------------------------------------------------------------

// Whether it is new.
bool append(Connection& connection, const Event& event) {
  connection.run(
      "INSERT INTO events(occurred_at, event_id, draft_id, type, user, from_user, to_user, epoch) "
      "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) ON CONFLICT DO NOTHING",
      event.occurredAt, event.id, event.draft, event.type, event.user, event.from, event.to, event.epoch);
  return connection.changes() > 0;
}

Event eventFrom(const Rows& rows) {
  Event event;
  rows.read(event.occurredAt, event.id, event.draft, event.type, event.user, event.from, event.to, event.epoch);
  return event;
}

bool asksFor(const EventQuery& query, const Event& event) {
  return (query.types.empty() || std::ranges::find(query.types, event.type) != query.types.end()) &&
         (!query.draft || event.draft == *query.draft) && (!query.user || event.user == *query.user);
}

// The events of the window from where the query is to go on.
Rows windowOf(Connection& connection, const EventQuery& query) {
  const EventKey first{query.from, {}, {}};
  if (query.after && *query.after >= first) {
    const EventKey& after = *query.after;
    return connection.select(
        "SELECT occurred_at, event_id, draft_id, type, user, from_user, to_user, epoch FROM events "
        "WHERE (occurred_at, event_id, draft_id) > (?1, ?2, ?3) AND occurred_at < ?4 "
        "ORDER BY occurred_at, event_id, draft_id",
        after.occurredAt, after.id, after.draft, query.until);
  }
  return connection.select(
      "SELECT occurred_at, event_id, draft_id, type, user, from_user, to_user, epoch FROM events "
      "WHERE occurred_at >= ?1 AND occurred_at < ?2 ORDER BY occurred_at, event_id, draft_id",
      query.from, query.until);
}

// --- requests -------------------------------------------------------------------------------------------

std::optional<RequestRecord> find(Connection& connection, const RequestKey& key) {
  Rows rows = connection.select(
      "SELECT request, op_id, salt, created_at, status, body FROM idempotency_keys WHERE scope = ?1 AND key = ?2",
      key.scope, key.key);
  if (!rows.next()) {
    return std::nullopt;
  }
  RequestRecord record{.key = key, .op = {}, .createdAt = {}, .answer = {}};
  std::optional<Salt> salt;
  std::optional<std::uint16_t> status;
  std::optional<std::string> body;
  rows.read(record.request, record.op, salt, record.createdAt, status, body);
  record.salt = salt.value_or(Salt{});
  if (status) {
    record.answer = RequestAnswer{*status, std::move(body).value_or("")};
  }
  return record;
}

}  // namespace

void appendEvents(Connection& connection, const Batch& batch) {
  for (const DraftWrite& draft : batch.drafts) {
    for (const AcceptedOp& op : draft.ops) {
      if (const auto event = eventOf(op.entry, op.change)) {
        append(connection, *event);
      }
    }
  }
}

std::vector<bool> appendEvents(Connection& connection, const std::vector<Event>& events) {
  std::vector<bool> isNew;
  isNew.reserve(events.size());
  for (const Event& event : events) {
    isNew.push_back(append(connection, event));
  }
  return isNew;
}

// Looks at the window's rows in order: an index for every filter would cost each accepted op more than it saves here.
EventPage readEvents(Connection& connection, const EventQuery& query) {
  constexpr std::uint32_t kLookedAtMax = 10'000;
  EventPage page;
  Rows rows = windowOf(connection, query);
  std::optional<EventKey> last;
  for (std::uint32_t lookedAt = 0; rows.next(); ++lookedAt) {
    if (lookedAt == kLookedAtMax) {
      page.next = last;
      break;
    }
    Event event = eventFrom(rows);
    if (!asksFor(query, event)) {
      last = keyOf(event);
      continue;
    }
    if (page.events.size() == query.countMax) {
      page.next = last;
      break;
    }
    last = keyOf(event);
    page.events.push_back(std::move(event));
  }
  return page;
}

std::optional<RequestRecord> claim(Connection& connection, const RequestRecord& record, Time validFrom) {
  connection.run(
      "INSERT INTO idempotency_keys(scope, key, request, op_id, salt, created_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6) "
      "ON CONFLICT DO UPDATE SET request = excluded.request, op_id = excluded.op_id, salt = excluded.salt, "
      "created_at = excluded.created_at, status = NULL, body = NULL WHERE created_at < ?7",
      record.key.scope, record.key.key, record.request, record.op, record.salt, record.createdAt, validFrom);
  return connection.changes() > 0 ? std::nullopt : find(connection, record.key);
}

std::optional<RequestAnswer> complete(Connection& connection, const RequestKey& key, const OpId& op,
                                      const RequestAnswer& answer) {
  connection.run(
      "UPDATE idempotency_keys SET status = ?4, body = ?5, salt = NULL "
      "WHERE scope = ?1 AND key = ?2 AND op_id = ?3 AND status IS NULL",
      key.scope, key.key, op, answer.status, answer.body);
  const auto record = find(connection, key);
  return record && record->op == op ? record->answer : std::nullopt;
}

std::uint64_t forgetRequests(Connection& connection, Time before) {
  connection.run("DELETE FROM idempotency_keys WHERE created_at < ?1", before);
  return static_cast<std::uint64_t>(connection.changes());
}

}  // namespace onering
