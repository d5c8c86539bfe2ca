#include "draft-tables.h"

#include <algorithm>
#include <cassert>

#include "onering/domain/canonical.h"

#include "stored-op.h"

namespace onering {

namespace {

// The columns of a draft's head, in the order of readHead() and withHead().
#define HEAD_COLUMNS                                                                                    \
  "updated_at, deleted_at, seq, link, segment_count, status, epoch, since, holder, owner, created_at, " \
  "hold_limit, title, platform, requests"

constexpr std::int64_t kPlacesPerDraft = std::int64_t{1} << 32;
constexpr CopyKey kKeyMax = (CopyKey{1} << 31) - 1;  // no draft's, but the end of the last one's places

// The place of what has this number in a draft: behind all earlier ones of the draft, before the next draft's. Both
// numbers come from columns, whose checks hold only while SQLite alone writes the file.
std::int64_t placeOf(CopyKey key, std::uint64_t number) {
  if (key <= 0 || key > kKeyMax || number >= static_cast<std::uint64_t>(kPlacesPerDraft)) {
    throwDamaged("a place");
  }
  return key * kPlacesPerDraft + static_cast<std::int64_t>(number);
}

// --- the queue for the ring, as bytes: time (8), length of the user id (2), user id ---------------------

void appendNumber(std::string& bytes, std::uint64_t number, int size) {
  for (int i = 0; i < size; ++i) {
    bytes.push_back(static_cast<char>(number >> (8 * i)));
  }
}

std::uint64_t takeNumber(std::string_view& bytes, std::size_t size) {
  if (bytes.size() < size) {
    throwDamaged("a queue for the ring");
  }
  std::uint64_t number = 0;
  for (std::size_t i = 0; i < size; ++i) {
    number |= std::uint64_t{static_cast<std::uint8_t>(bytes[i])} << (8 * i);
  }
  bytes.remove_prefix(size);
  return number;
}

std::string encodeRequests(const std::vector<RingRequest>& requests) {
  std::string bytes;
  for (const RingRequest& request : requests) {
    appendNumber(bytes, static_cast<std::uint64_t>(toMs(request.at)), 8);
    appendNumber(bytes, request.user.size(), 2);
    bytes += request.user;
  }
  return bytes;
}

std::vector<RingRequest> decodeRequests(std::string_view bytes) {
  std::vector<RingRequest> requests;
  while (!bytes.empty()) {
    const Time at = timeFromMs(static_cast<std::int64_t>(takeNumber(bytes, 8)));
    const auto size = static_cast<std::size_t>(takeNumber(bytes, 2));
    if (bytes.size() < size) {
      throwDamaged("a queue for the ring");
    }
    requests.push_back({UserId(bytes.substr(0, size)), at});
    bytes.remove_prefix(size);
  }
  return requests;
}

// --- heads ----------------------------------------------------------------------------------------------

// Calls `use` with the values of HEAD_COLUMNS.
template <typename Use>
void withHead(const DraftHead& head, Use use) {
  const std::string requests = encodeRequests(head.ring.requests);
  use(head.updatedAt, head.deletedAt, head.position.seq, head.position.link, head.segmentCount, head.status,
      head.ring.epoch, head.ring.since, head.ring.holder, head.owner, head.createdAt, head.holdLimit, head.title,
      head.platform, Blob{requests});
}

// Reads `leading` columns, then HEAD_COLUMNS.
template <typename... Leading>
void readHead(const Rows& rows, DraftHead& head, Leading&... leading) {
  Blob requests;
  rows.read(leading..., head.updatedAt, head.deletedAt, head.position.seq, head.position.link, head.segmentCount,
            head.status, head.ring.epoch, head.ring.since, head.ring.holder, head.owner, head.createdAt, head.holdLimit,
            head.title, head.platform, requests);
  head.ring.requests = decodeRequests(requests.bytes);
}

CopyKey insertHead(Connection& connection, const DraftHead& head, const LogPosition& base) {
  withHead(head, [&](const auto&... values) {
    connection.run("INSERT INTO drafts(draft_id, base_seq, base_link, " HEAD_COLUMNS
                   ") VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18)",
                   head.id, base.seq, base.link, values...);
  });
  return connection.lastInserted();
}

// Two statements, as RETURNING would cost four times as much: SQLite makes a temporary table for it.
CopyKey updateHead(Connection& connection, const DraftHead& head, Seq expected) {
  const auto key =
      connection.first<CopyKey>("SELECT key FROM drafts WHERE draft_id = ?1 AND seq = ?2", head.id, expected);
  if (!key) {
    throw Conflict{"draft is not where the batch expected it"};
  }
  withHead(head, [&](const auto&... values) {
    connection.run("UPDATE drafts SET (" HEAD_COLUMNS
                   ") = (?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16) WHERE key = ?1",
                   *key, values...);
  });
  return *key;
}

// --- what an accepted op adds ---------------------------------------------------------------------------

// `position`: the draft's segments before the entry.
void insertEntry(Connection& connection, CopyKey key, const AcceptedOp& accepted, std::uint32_t position) {
  const LogEntry& entry = accepted.entry;
  const std::string op = canonicalBytes(entry.op, stampOf(entry));
  const auto& added = accepted.change.added;
  assert(!added || added->position == position);
  const Erasable content = erasableOf(entry.op);
  connection.run(
      "INSERT INTO log(place, op, op_id, link, display, position, segment_id, text, salt) "
      "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
      placeOf(key, entry.seq), Blob{op}, entry.op.id, entry.link, entry.actorDisplay, position,
      added ? std::optional(added->id) : std::nullopt, content.text, content.salt);
}

// A segment that came with a snapshot. The op is what a segment tells of the one that appended it.
void insertSegment(Connection& connection, CopyKey key, const DraftId& draft, const Segment& segment) {
  const Op op{.id = {},
              .draft = draft,
              .actor = segment.author,
              .device = {},
              .authoredAt = segment.authoredAt,
              .body = AppendSegment{segment.id, segment.epoch, segment.content}};
  const std::string bytes = canonicalBytes(op, {segment.seq, segment.acceptedAt, 0});
  const Erasable content = erasableOf(op);
  connection.run(
      "INSERT INTO log(place, op, display, position, segment_id, text, salt) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
      placeOf(key, segment.seq), Blob{bytes}, segment.authorDisplay, segment.position, segment.id, content.text,
      content.salt);
}

void insertPass(Connection& connection, CopyKey key, const RingPass& pass) {
  connection.run("INSERT INTO ring_passes(place, from_user, to_user, at, kind) VALUES (?1, ?2, ?3, ?4, ?5)",
                 placeOf(key, pass.epoch), pass.from, pass.to, pass.at, pass.kind);
}

void putMember(Connection& connection, CopyKey key, const Member& member) {
  connection.run(
      "INSERT INTO members(draft, user, role, joined_at) VALUES (?1, ?2, ?3, ?4) "
      "ON CONFLICT DO UPDATE SET role = excluded.role, joined_at = excluded.joined_at, left_at = NULL",
      key, member.user, member.role, member.joinedAt);
}

void putInvite(Connection& connection, CopyKey key, const Invite& invite) {
  connection.run(
      "INSERT OR REPLACE INTO invites(draft, invite_id, token_hash, role, created_by, user, created_at, expires_at, "
      "accepted_by, accepted_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
      key, invite.id, invite.tokenHash, invite.role, invite.createdBy, invite.user, invite.createdAt, invite.expiresAt,
      invite.acceptedBy, invite.acceptedAt);
}

// O12: in every copy of the draft, those set aside included.
void redact(Connection& connection, CopyKey key, const DraftId& draft, const SegmentId& segment) {
  connection.run("UPDATE log SET text = NULL, salt = NULL WHERE segment_id = ?1 AND draft = ?2", segment, key);
  connection.run(
      "UPDATE log SET text = NULL, salt = NULL "
      "WHERE segment_id = ?1 AND draft IN (SELECT key FROM drafts WHERE aside_of = ?2)",
      segment, draft);
}

// I6: an op that was rejected is not accepted later. The transaction holds the one write lock there is, so
// nothing can come between this look and the insertion.
void refuseRejected(Connection& connection, const Op& op) {
  if (connection.first<std::int64_t>("SELECT 1 FROM rejections WHERE op_id = ?1 AND draft_id = ?2", op.id, op.draft)) {
    throw Conflict{"op was rejected"};
  }
}

void writeOp(Connection& connection, CopyKey key, const AcceptedOp& accepted, std::uint32_t position) {
  const LogEntry& entry = accepted.entry;
  const Change& change = accepted.change;
  refuseRejected(connection, entry.op);
  insertEntry(connection, key, accepted, position);
  if (change.redacted) {
    redact(connection, key, entry.op.draft, *change.redacted);
  }
  if (change.passed) {
    insertPass(connection, key, *change.passed);
  }
  if (change.joined) {
    putMember(connection, key, *change.joined);
  }
  if (change.left) {
    connection.run("UPDATE members SET left_at = ?3 WHERE draft = ?1 AND user = ?2", key, *change.left,
                   entry.acceptedAt);
  }
  for (const InviteId& invite : change.uninvited) {
    connection.run("DELETE FROM invites WHERE draft = ?1 AND invite_id = ?2", key, invite);
  }
  for (const Invite& invite : change.invited) {
    putInvite(connection, key, invite);
  }
}

std::uint32_t countAdded(const std::vector<AcceptedOp>& ops) {
  return static_cast<std::uint32_t>(std::ranges::count_if(ops, [](const AcceptedOp& op) { return !!op.change.added; }));
}

void writeDraft(Connection& connection, const DraftWrite& write) {
  assert(write.head.position.seq == write.expected + write.ops.size());
  const CopyKey key =
      write.expected == 0 ? insertHead(connection, write.head, {}) : updateHead(connection, write.head, write.expected);
  std::uint32_t position = write.head.segmentCount - countAdded(write.ops);
  for (const AcceptedOp& op : write.ops) {
    writeOp(connection, key, op, position);
    position += op.change.added ? 1 : 0;
  }
}

void writeRejection(Connection& connection, const RejectedOp& op) {
  connection.run(
      "INSERT INTO rejections(draft_id, op_id, actor, digest, code, message, at) SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7 "
      "WHERE NOT EXISTS (SELECT 1 FROM log WHERE op_id = ?2 AND draft = (SELECT key FROM drafts WHERE draft_id = ?1))",
      op.key.draft, op.key.op, op.actor, op.digest, op.why.code, op.why.message, op.at);
  if (connection.changes() == 0) {
    throw Conflict{"op was accepted"};
  }
}

// --- rows as values -------------------------------------------------------------------------------------

std::optional<CopyKey> keyOf(Connection& connection, const DraftId& draft) {
  return connection.first<CopyKey>("SELECT key FROM drafts WHERE draft_id = ?1", draft);
}

LogEntry entryFrom(const Rows& rows) {
  StoredOp stored;
  LogEntry entry;
  rows.read(stored.op, stored.text, stored.salt, entry.actorDisplay, entry.link);
  ParsedOp parsed = parseStored(stored);
  entry.op = std::move(parsed.op);
  entry.seq = parsed.stamp.seq;
  entry.acceptedAt = parsed.stamp.acceptedAt;
  entry.rulesVersion = parsed.stamp.rulesVersion;
  return entry;
}

Segment segmentFrom(const Rows& rows) {
  StoredOp stored;
  Segment segment;
  rows.read(stored.op, stored.text, stored.salt, segment.authorDisplay, segment.position);
  ParsedOp parsed = parseStored(stored);
  auto* append = std::get_if<AppendSegment>(&parsed.op.body);
  if (!append) {
    throwDamaged("an op that adds a segment");
  }
  segment.id = append->segment;
  segment.author = std::move(parsed.op.actor);
  segment.epoch = append->epoch;
  segment.seq = parsed.stamp.seq;
  segment.authoredAt = parsed.op.authoredAt;
  segment.acceptedAt = parsed.stamp.acceptedAt;
  segment.content = std::move(append->content);
  return segment;
}

// Which copy, and the ends of its segments and its log.
struct Extent {
  CopyKey key = 0;
  std::uint32_t segments = 0;
  Seq seq = 0;
};

std::optional<Extent> extentOf(Connection& connection, const DraftId& draft) {
  Extent extent;
  Rows rows = connection.select("SELECT key, segment_count, seq FROM drafts WHERE draft_id = ?1", draft);
  if (!rows.next()) {
    return std::nullopt;
  }
  rows.read(extent.key, extent.segments, extent.seq);
  return extent;
}

// The place of the segment at `position`. It is behind as many rows as there are segments before it, and in front of
// as many as there are after it; between these ends lie only as many rows as there are ops that add no segment.
std::int64_t placeOfSegment(Connection& connection, const Extent& extent, std::uint32_t position) {
  std::int64_t low = placeOf(extent.key, std::uint64_t{position} + 1);
  std::int64_t high = placeOf(extent.key, extent.seq - (extent.segments - 1 - position));
  while (low < high) {
    const std::int64_t middle = low + (high - low + 1) / 2;
    Rows rows = connection.select(
        "SELECT place, position FROM log WHERE place >= ?1 AND place <= ?2 ORDER BY place LIMIT 1", middle, high);
    std::int64_t place = 0;
    std::uint32_t before = 0;
    const bool found = rows.next();
    if (found) {
      rows.read(place, before);
    }
    if (found && before <= position) {
      low = place;
    } else {
      high = middle - 1;
    }
  }
  return low;
}

std::vector<Segment> segmentsOf(Connection& connection, const Extent& extent, std::uint32_t from, std::uint32_t end,
                                std::size_t bytesMax) {
  std::vector<Segment> segments;
  end = std::min(end, extent.segments);
  if (from >= end) {
    return segments;
  }
  // Growing costs as much as reading: a segment is a few hundred bytes. Not more than may be read of short ones.
  constexpr std::size_t kReservedMax = 8'192;
  segments.reserve(std::min<std::size_t>(end - from, kReservedMax));
  Rows rows = connection.select(
      "SELECT op, text, salt, display, position FROM log WHERE place >= ?1 AND place < ?2 AND +segment_id IS NOT NULL "
      "ORDER BY place",
      placeOfSegment(connection, extent, from), placeOf(extent.key + 1, 0));
  std::size_t bytes = 0;
  for (std::uint32_t position = from; position < end; ++position) {
    if (!rows.next()) {
      throwDamaged("every segment");
    }
    Segment segment = segmentFrom(rows);
    if (segment.position != position) {
      throwDamaged("the next segment");
    }
    bytes += segment.content.text.size();
    if (bytes > bytesMax && !segments.empty()) {
      break;
    }
    segments.push_back(std::move(segment));
  }
  return segments;
}

std::vector<Member> membersOf(Connection& connection, CopyKey key) {
  std::vector<Member> members;
  Rows rows = connection.select(
      "SELECT user, role, joined_at FROM members WHERE draft = ?1 AND left_at IS NULL ORDER BY user", key);
  while (rows.next()) {
    Member& member = members.emplace_back();
    rows.read(member.user, member.role, member.joinedAt);
  }
  return members;
}

std::vector<Invite> invitesOf(Connection& connection, CopyKey key) {
  std::vector<Invite> invites;
  Rows rows = connection.select(
      "SELECT invite_id, token_hash, role, created_by, user, created_at, expires_at, accepted_by, accepted_at "
      "FROM invites WHERE draft = ?1 ORDER BY invite_id",
      key);
  while (rows.next()) {
    Invite& invite = invites.emplace_back();
    rows.read(invite.id, invite.tokenHash, invite.role, invite.createdBy, invite.user, invite.createdAt,
              invite.expiresAt, invite.acceptedBy, invite.acceptedAt);
  }
  return invites;
}

std::optional<DraftState> findDraft(Connection& connection, const DraftId& draft) {
  CopyKey key = 0;
  DraftState state;
  state.id = draft;
  {
    Rows rows = connection.select("SELECT key, " HEAD_COLUMNS " FROM drafts WHERE draft_id = ?1", draft);
    if (!rows.next()) {
      return std::nullopt;
    }
    readHead(rows, state, key);
  }
  state.members = membersOf(connection, key);
  state.invites = invitesOf(connection, key);
  return state;
}

std::optional<KnownOp> findAccepted(Connection& connection, const OpKey& key) {
  Rows rows = connection.select(
      "SELECT l.op, l.link FROM drafts d CROSS JOIN log l ON l.op_id = ?2 AND l.draft = d.key WHERE d.draft_id = ?1",
      key.draft, key.op);
  if (!rows.next()) {
    return std::nullopt;
  }
  StoredOp stored;
  Digest link;
  rows.read(stored.op, link);
  ParsedOp parsed = parseStored(stored);
  const Digest digest = opDigest(parsed.op);
  return KnownOp{std::move(parsed.op.actor), digest,
                 Accepted{parsed.stamp.seq, parsed.stamp.acceptedAt, parsed.stamp.rulesVersion, link}};
}

std::optional<KnownOp> findRejected(Connection& connection, const OpKey& key) {
  Rows rows = connection.select(
      "SELECT actor, digest, code, message FROM rejections WHERE op_id = ?2 AND draft_id = ?1", key.draft, key.op);
  if (!rows.next()) {
    return std::nullopt;
  }
  KnownOp known;
  Rejection why;
  rows.read(known.actor, known.digest, why.code, why.message);
  known.receipt = std::move(why);
  return known;
}

std::optional<SegmentRef> findSegment(Connection& connection, const SegmentKey& key) {
  Rows rows = connection.select(
      "SELECT l.op, l.text IS NULL FROM drafts d CROSS JOIN log l ON l.segment_id = ?2 AND l.draft = d.key "
      "WHERE d.draft_id = ?1",
      key.draft, key.segment);
  if (!rows.next()) {
    return std::nullopt;
  }
  StoredOp stored;
  std::int64_t erased = 0;
  rows.read(stored.op, erased);
  return SegmentRef{parseStored(stored).op.actor, erased != 0};
}

}  // namespace

// --- writing --------------------------------------------------------------------------------------------

bool writeBatch(Connection& connection, const Batch& batch) {
  for (const SeqCheck& looked : batch.checks) {
    const auto seq = connection.first<Seq>("SELECT seq FROM drafts WHERE draft_id = ?1", looked.draft);
    if (seq && *seq != looked.seq) {
      throw Conflict{"draft has moved on"};
    }
  }
  for (const DraftWrite& draft : batch.drafts) {
    writeDraft(connection, draft);
  }
  for (const RejectedOp& op : batch.rejected) {
    writeRejection(connection, op);
  }
  const auto redacts = [](const AcceptedOp& op) { return op.change.redacted.has_value(); };
  return std::ranges::any_of(batch.drafts,
                             [&](const DraftWrite& draft) { return std::ranges::any_of(draft.ops, redacts); });
}

void setAside(Connection& connection, const DraftId& draft) {
  connection.run("UPDATE drafts SET draft_id = NULL, aside_of = ?1 WHERE draft_id = ?1", draft);
}

bool dropDraft(Connection& connection, const DraftId& draft) {
  const auto key = connection.first<CopyKey>("DELETE FROM drafts WHERE draft_id = ?1 RETURNING key", draft);
  if (!key) {
    return false;
  }
  connection.run("DELETE FROM log WHERE place >= ?1 AND place < ?2", placeOf(*key, 0), placeOf(*key + 1, 0));
  connection.run("DELETE FROM ring_passes WHERE place >= ?1 AND place < ?2", placeOf(*key, 0), placeOf(*key + 1, 0));
  connection.run("DELETE FROM members WHERE draft = ?1", *key);
  connection.run("DELETE FROM invites WHERE draft = ?1", *key);
  return true;
}

bool installImage(Connection& connection, const DraftImage& image) {
  const DraftId& draft = image.state.id;
  bool erases = dropDraft(connection, draft);
  const CopyKey key = insertHead(connection, image.state, image.state.position);
  for (const Member& member : image.state.members) {
    putMember(connection, key, member);
  }
  for (const Invite& invite : image.state.invites) {
    putInvite(connection, key, invite);
  }
  for (const RingPass& pass : image.passes) {
    insertPass(connection, key, pass);
  }
  for (const Segment& segment : image.segments) {
    insertSegment(connection, key, draft, segment);
    if (segment.content.erased) {
      redact(connection, key, draft, segment.id);  // a redaction that arrived inside the snapshot
      erases = true;
    }
  }
  return erases;
}

// --- reading --------------------------------------------------------------------------------------------

Found find(Connection& connection, const Lookup& lookup) {
  Found found;
  for (const DraftId& draft : lookup.drafts) {
    found.drafts.push_back(findDraft(connection, draft));
  }
  for (const OpKey& key : lookup.ops) {
    auto known = findAccepted(connection, key);
    found.ops.push_back(known ? std::move(known) : findRejected(connection, key));
  }
  for (const SegmentKey& key : lookup.segments) {
    found.segments.push_back(findSegment(connection, key));
  }
  return found;
}

std::vector<LogEntry> readLog(Connection& connection, const DraftId& draft, Seq after, std::size_t bytesMax) {
  std::vector<LogEntry> entries;
  const auto key = connection.first<CopyKey>(
      "SELECT key FROM drafts WHERE draft_id = ?1 AND base_seq <= ?2 AND seq > ?2", draft, after);
  if (!key) {
    return entries;
  }
  Rows rows =
      connection.select("SELECT op, text, salt, display, link FROM log WHERE place > ?1 AND place < ?2 ORDER BY place",
                        placeOf(*key, after), placeOf(*key + 1, 0));
  for (std::size_t bytes = 0; rows.next();) {
    LogEntry entry = entryFrom(rows);
    bytes += rows.get<Blob>().bytes.size();
    if (const Content* content = contentOf(entry.op)) {
      bytes += content->text.size();
    }
    if (bytes > bytesMax && !entries.empty()) {
      break;
    }
    entries.push_back(std::move(entry));
  }
  return entries;
}

std::optional<Digest> linkAt(Connection& connection, const DraftId& draft, Seq seq) {
  Rows rows = connection.select(
      "SELECT d.base_seq, d.base_link, l.link FROM drafts d LEFT JOIN log l ON l.place = (d.key << 32 | ?2) "
      "WHERE d.draft_id = ?1 AND d.seq >= ?2",
      draft, seq);
  if (!rows.next()) {
    return std::nullopt;
  }
  if (seq == 0) {
    return Digest{};
  }
  LogPosition base;
  std::optional<Digest> link;
  rows.read(base.seq, base.link, link);
  return seq == base.seq ? std::optional(base.link) : link;
}

std::vector<Segment> readSegments(Connection& connection, const DraftId& draft, std::uint32_t from, std::uint32_t end,
                                  std::size_t bytesMax) {
  const auto extent = extentOf(connection, draft);
  return extent ? segmentsOf(connection, *extent, from, end, bytesMax) : std::vector<Segment>{};
}

std::vector<RingPass> readPasses(Connection& connection, const DraftId& draft, std::uint32_t from,
                                 std::uint32_t countMax) {
  std::vector<RingPass> passes;
  const auto key = keyOf(connection, draft);
  if (!key) {
    return passes;
  }
  Rows rows = connection.select(
      "SELECT place & 4294967295, from_user, to_user, at, kind FROM ring_passes WHERE place > ?1 AND place < ?2 "
      "ORDER BY place LIMIT ?3",
      placeOf(*key, from), placeOf(*key + 1, 0), countMax);
  while (rows.next()) {
    RingPass& pass = passes.emplace_back();
    rows.read(pass.epoch, pass.from, pass.to, pass.at, pass.kind);
  }
  return passes;
}

std::vector<UserId> readLeft(Connection& connection, const DraftId& draft) {
  std::vector<UserId> left;
  Rows rows = connection.select(
      "SELECT user FROM members WHERE draft = (SELECT key FROM drafts WHERE draft_id = ?1) AND left_at IS NOT NULL "
      "ORDER BY user",
      draft);
  while (rows.next()) {
    rows.read(left.emplace_back());
  }
  return left;
}

std::vector<DraftHead> listDrafts(Connection& connection, const UserId& user, const std::optional<DraftListKey>& after,
                                  std::uint32_t countMax) {
  std::vector<DraftHead> heads;
  const auto time = after ? std::optional(after->updatedAt) : std::nullopt;
  const auto id = after ? std::optional(after->id) : std::nullopt;
  Rows rows =
      connection.select("SELECT draft_id, " HEAD_COLUMNS
                        " FROM members m CROSS JOIN drafts d ON d.key = m.draft "
                        "WHERE m.user = ?1 AND m.left_at IS NULL AND draft_id IS NOT NULL AND deleted_at IS NULL "
                        "AND (?2 IS NULL OR updated_at < ?2 OR (updated_at = ?2 AND draft_id > ?3)) "
                        "ORDER BY updated_at DESC, draft_id LIMIT ?4",
                        user, time, id, countMax);
  while (rows.next()) {
    DraftHead& head = heads.emplace_back();
    readHead(rows, head, head.id);
  }
  return heads;
}

std::vector<MembershipChange> listChanges(Connection& connection, const UserId& user, const ChangeCursor& after,
                                          std::uint32_t countMax) {
  std::vector<MembershipChange> changes;
  Rows rows = connection.select(
      "SELECT d.draft_id, coalesce(m.left_at, d.updated_at) AS at, m.left_at IS NOT NULL, d.seq, d.link "
      "FROM members m CROSS JOIN drafts d ON d.key = m.draft "
      "WHERE m.user = ?1 AND d.draft_id IS NOT NULL AND (at > ?2 OR (at = ?2 AND d.draft_id > ?3)) "
      "ORDER BY at, d.draft_id LIMIT ?4",
      user, after.since, after.after, countMax);
  while (rows.next()) {
    std::int64_t left = 0;
    LogPosition position;
    MembershipChange& change = changes.emplace_back();
    rows.read(change.draft, change.at, left, position.seq, position.link);
    change.left = left != 0;
    change.position = change.left ? LogPosition{} : position;
  }
  return changes;
}

std::vector<DraftId> allDrafts(Connection& connection, const std::optional<DraftId>& after, std::uint32_t countMax) {
  std::vector<DraftId> ids;
  const Blob from{after ? std::string_view(reinterpret_cast<const char*>(after->bytes.data()), after->bytes.size())
                        : std::string_view()};
  Rows rows =
      connection.select("SELECT draft_id FROM drafts WHERE draft_id > ?1 ORDER BY draft_id LIMIT ?2", from, countMax);
  while (rows.next()) {
    rows.read(ids.emplace_back());
  }
  return ids;
}

std::vector<DraftPosition> readSetAside(Connection& connection) {
  std::vector<DraftPosition> positions;
  Rows rows = connection.select(
      "SELECT aside_of, seq, link FROM drafts WHERE aside_of IS NOT NULL ORDER BY aside_of, seq, link");
  while (rows.next()) {
    DraftPosition& copy = positions.emplace_back();
    rows.read(copy.draft, copy.position.seq, copy.position.link);
  }
  return positions;
}

std::optional<SetAsidePart> readSetAsidePart(Connection& connection, const DraftPosition& copy, std::uint32_t from,
                                             std::size_t bytesMax) {
  CopyKey key = 0;
  SetAsidePart part;
  part.head.id = copy.draft;
  {
    Rows rows = connection.select("SELECT key, " HEAD_COLUMNS
                                  " FROM drafts WHERE aside_of = ?1 AND seq = ?2 AND link = ?3 LIMIT 1",
                                  copy.draft, copy.position.seq, copy.position.link);
    if (!rows.next()) {
      return std::nullopt;
    }
    readHead(rows, part.head, key);
  }
  const Extent extent{key, part.head.segmentCount, part.head.position.seq};
  part.segments = segmentsOf(connection, extent, from, extent.segments, bytesMax);
  return part;
}

}  // namespace onering
