#include "integrity.h"

#include "draft-tables.h"

namespace onering {

namespace {

void addSqliteFindings(Connection& connection, std::vector<std::string>& findings) {
  Rows rows = connection.select("PRAGMA integrity_check");
  while (rows.next()) {
    if (auto line = rows.get<std::string>(); line != "ok") {
      findings.push_back(std::move(line));
    }
  }
}

// Adds one finding for each row of a query for draft ids that break an invariant.
void addDrafts(Rows rows, const char* invariant, std::vector<std::string>& findings) {
  while (rows.next()) {
    findings.push_back(std::string(invariant) + " broken in draft " + toText(rows.get<DraftId>()));
  }
}

void addOrphans(Connection& connection, Sql count, const char* what, std::vector<std::string>& findings) {
  if (const auto orphans = connection.first<std::int64_t>(count).value_or(0); orphans != 0) {
    findings.push_back(std::to_string(orphans) + " " + what + " of drafts that are not there");
  }
}

}  // namespace

std::vector<std::string> findDamage(Connection& connection) {
  std::vector<std::string> findings;
  addSqliteFindings(connection, findings);
  addDrafts(connection.select("SELECT coalesce(draft_id, aside_of) FROM drafts d WHERE seq - base_seq <> "
                              "(SELECT count(*) FROM log l WHERE l.id > (d.key << 32 | base_seq) "
                              "AND l.id <= (d.key << 32 | seq) AND l.op_id IS NOT NULL)"),
            "I4 seq runs without gap", findings);
  addDrafts(connection.select("SELECT coalesce(draft_id, aside_of) FROM drafts d WHERE link <> base_link "
                              "AND link IS NOT (SELECT l.link FROM log l WHERE l.id = (d.key << 32 | seq))"),
            "I4 the head is the last entry", findings);
  addDrafts(connection.select(
                "SELECT coalesce(draft_id, aside_of) FROM drafts d WHERE segment_count <> "
                "(SELECT count(segment_id) FROM log l WHERE l.id > d.key << 32 AND l.id <= (d.key << 32 | seq)) "
                "OR key IN (SELECT draft FROM (SELECT draft, position, "
                "count(segment_id) OVER (PARTITION BY draft ORDER BY id) - (segment_id IS NOT NULL) AS before "
                "FROM log) WHERE position <> before)"),
            "I5 positions run without gap", findings);
  addDrafts(connection.select("SELECT coalesce(draft_id, aside_of) FROM drafts d WHERE epoch <> "
                              "(SELECT count(*) FROM ring_passes p WHERE p.id > d.key << 32 "
                              "AND p.id <= (d.key << 32 | epoch))"),
            "I2 one ring pass for each epoch", findings);
  addOrphans(connection, "SELECT count(*) FROM log WHERE draft NOT IN (SELECT key FROM drafts)", "entries", findings);
  addOrphans(connection, "SELECT count(*) FROM ring_passes WHERE id >> 32 NOT IN (SELECT key FROM drafts)",
             "ring passes", findings);
  addOrphans(connection, "SELECT count(*) FROM members WHERE draft NOT IN (SELECT key FROM drafts)", "members",
             findings);
  return findings;
}

}  // namespace onering
