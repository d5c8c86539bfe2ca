#include "integrity.h"

#include <array>

#include "onering/domain/id.h"

namespace onering {

namespace {

// A query for the ids of the drafts that break an invariant.
struct DraftCheck {
  const char* invariant;
  Sql broken;
};

#define BROKEN_DRAFTS "SELECT coalesce(draft_id, aside_of) FROM drafts d WHERE "

constexpr std::array kDraftChecks{
    DraftCheck{"I4 seq runs without gap",
               BROKEN_DRAFTS "seq - base_seq <> (SELECT count(op_id) FROM log l "
                             "WHERE l.place > (d.key << 32 | base_seq) AND l.place <= (d.key << 32 | seq))"},
    DraftCheck{"I4 nothing comes after the head",
               BROKEN_DRAFTS "EXISTS (SELECT 1 FROM log l "
                             "WHERE l.place > (d.key << 32 | seq) AND l.place < d.key + 1 << 32)"},
    DraftCheck{"I4 the head is the last entry",
               BROKEN_DRAFTS "link IS NOT iif(seq = base_seq, base_link, "
                             "(SELECT l.link FROM log l WHERE l.place = (d.key << 32 | seq)))"},
    DraftCheck{"I5 all segments are there",
               BROKEN_DRAFTS "segment_count <> (SELECT count(segment_id) FROM log l "
                             "WHERE l.place > d.key << 32 AND l.place <= (d.key << 32 | seq))"},
    DraftCheck{"I5 positions run without gap", BROKEN_DRAFTS
               "key IN (SELECT draft FROM (SELECT draft, position, lag(draft) OVER entries AS draft_before, "
               "lag(position) OVER entries + (lag(segment_id) OVER entries IS NOT NULL) AS follows "
               "FROM log WINDOW entries AS (ORDER BY place)) "
               "WHERE position <> iif(draft IS draft_before, follows, 0))"},
    DraftCheck{"I2 there is one ring pass for each epoch",
               BROKEN_DRAFTS "epoch <> (SELECT count(*) FROM ring_passes p "
                             "WHERE p.place > d.key << 32 AND p.place <= (d.key << 32 | epoch))"},
    DraftCheck{"I1 the holder is the owner or an editor",
               BROKEN_DRAFTS "NOT EXISTS (SELECT 1 FROM members m "
                             "WHERE m.draft = key AND m.user = d.holder AND m.left_at IS NULL AND m.role > 0)"},
};

// A query for the number of rows that belong to no draft.
struct OrphanCheck {
  const char* what;
  Sql count;
};

constexpr std::array kOrphanChecks{
    OrphanCheck{"log entries", "SELECT count(*) FROM log WHERE draft NOT IN (SELECT key FROM drafts)"},
    OrphanCheck{"ring passes", "SELECT count(*) FROM ring_passes WHERE place >> 32 NOT IN (SELECT key FROM drafts)"},
    OrphanCheck{"members", "SELECT count(*) FROM members WHERE draft NOT IN (SELECT key FROM drafts)"},
    OrphanCheck{"invites", "SELECT count(*) FROM invites WHERE draft NOT IN (SELECT key FROM drafts)"},
};

void addSqliteFindings(Connection& connection, std::vector<std::string>& findings) {
  Rows rows = connection.select("PRAGMA integrity_check");
  while (rows.next()) {
    if (auto line = rows.get<std::string>(); line != "ok") {
      findings.push_back(std::move(line));
    }
  }
}

void addFindings(Connection& connection, const DraftCheck& check, std::vector<std::string>& findings) {
  Rows rows = connection.select(check.broken);
  while (rows.next()) {
    findings.push_back(std::string(check.invariant) + ": broken in draft " + toText(rows.get<DraftId>()));
  }
}

void addFindings(Connection& connection, const OrphanCheck& check, std::vector<std::string>& findings) {
  if (const auto count = connection.first<std::int64_t>(check.count).value_or(0); count != 0) {
    findings.push_back(std::to_string(count) + " " + check.what + " of drafts that are not there");
  }
}

}  // namespace

std::vector<std::string> findDamage(Connection& connection) {
  std::vector<std::string> findings;
  addSqliteFindings(connection, findings);
  for (const DraftCheck& check : kDraftChecks) {
    addFindings(connection, check, findings);
  }
  for (const OrphanCheck& check : kOrphanChecks) {
    addFindings(connection, check, findings);
  }
  return findings;
}

}  // namespace onering
