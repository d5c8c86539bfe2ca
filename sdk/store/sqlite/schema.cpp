#include "schema.h"

#include <array>

namespace onering {

namespace {

// "1Rng": marks our files, at byte 68 of the header.
constexpr std::uint32_t kApplicationId = 0x31526E67;

// What belongs to a draft is numbered `draft << 32 | number`, `draft` being the copy's key in `drafts`.
//
// `log` has one row for an accepted op, and everything of it: the segment that an append adds is the op, its text
// beside it, and its position. A snapshot brings segments without the log that they came by: those rows have no
// op_id, and an `op` that says of the op what a segment knows.
//
// What a commit costs is above all the pages that it changes, as each is written twice, to the write-ahead log and
// to the file, and a page holds ten rows. Hence
//   - rows are kept in the order in which they came, those of a batch together, whatever drafts they are of; were
//     they kept by draft, a batch for many drafts would write up to three times as many bytes;
//   - the unique indexes begin with the id and not with the draft: UUIDv7 grow with time, so that new entries of
//     all drafts fall on an index's last page;
//   - only `place` goes by draft, with fifteen bytes an entry;
//   - positions have no index: position p came by op p + 1 or by one of the next few, as many as there are ops
//     that add no segment, and is found by halving these.
constexpr Sql kVersion1 = R"(
  PRAGMA application_id = 827485799;
  PRAGMA user_version = 1;

  CREATE TABLE drafts(
    key INTEGER PRIMARY KEY,
    draft_id BLOB UNIQUE,              -- NULL: the copy was set aside
    aside_of BLOB,                     -- the draft of a copy that was set aside
    updated_at INTEGER NOT NULL,
    deleted_at INTEGER,
    seq INTEGER NOT NULL,
    link BLOB NOT NULL,
    base_seq INTEGER NOT NULL,         -- where this copy's log begins: the snapshot's position, or 0
    base_link BLOB NOT NULL,
    segment_count INTEGER NOT NULL,
    status INTEGER NOT NULL,
    epoch INTEGER NOT NULL,
    since INTEGER NOT NULL,
    holder TEXT NOT NULL,
    owner TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    hold_limit INTEGER NOT NULL,
    title TEXT NOT NULL,
    platform TEXT NOT NULL,
    requests BLOB NOT NULL,
    CHECK (key > 0 AND key < 2147483647)
  ) STRICT;
  CREATE INDEX drafts_aside ON drafts(aside_of) WHERE aside_of IS NOT NULL;

  CREATE TABLE members(
    draft INTEGER NOT NULL,
    user TEXT NOT NULL,
    role INTEGER NOT NULL,
    joined_at INTEGER NOT NULL,
    left_at INTEGER,                   -- no longer a member since
    PRIMARY KEY (draft, user)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX members_user ON members(user, left_at);

  CREATE TABLE log(
    row INTEGER PRIMARY KEY,
    place INTEGER NOT NULL UNIQUE,     -- draft << 32 | seq
    op BLOB NOT NULL,                  -- its canonical bytes
    op_id BLOB,                        -- NULL: a segment that a snapshot brought, no entry of the log
    link BLOB,
    display TEXT NOT NULL,             -- of the actor
    position INTEGER NOT NULL,         -- segments before it; of one that it adds, the position
    segment_id BLOB,                   -- NULL: it adds none
    text TEXT,                         -- NULL: there is none, or it was erased
    salt BLOB,
    draft INTEGER GENERATED ALWAYS AS (place >> 32) VIRTUAL
  ) STRICT;
  CREATE UNIQUE INDEX log_op ON log(op_id, draft) WHERE op_id IS NOT NULL;
  CREATE UNIQUE INDEX log_segment ON log(segment_id, draft) WHERE segment_id IS NOT NULL;

  CREATE TABLE ring_passes(
    place INTEGER PRIMARY KEY,         -- draft << 32 | epoch
    from_user TEXT,
    to_user TEXT NOT NULL,
    at INTEGER NOT NULL,
    kind INTEGER NOT NULL
  ) STRICT;

  CREATE TABLE rejections(
    draft_id BLOB NOT NULL,            -- there need not be such a draft
    op_id BLOB NOT NULL,
    actor TEXT NOT NULL,
    digest BLOB NOT NULL,
    code INTEGER NOT NULL,
    message TEXT NOT NULL,
    at INTEGER NOT NULL,
    PRIMARY KEY (op_id, draft_id)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX rejections_at ON rejections(at);

  CREATE TABLE device(
    row INTEGER PRIMARY KEY CHECK (row = 1),
    device_id BLOB NOT NULL,
    user TEXT NOT NULL,
    display TEXT NOT NULL,
    title_characters INTEGER NOT NULL,
    segment_bytes INTEGER NOT NULL,
    collaborators INTEGER NOT NULL,
    segments_per_draft INTEGER NOT NULL,
    message_bytes INTEGER NOT NULL,
    ops_per_push INTEGER NOT NULL,
    cursor_since INTEGER NOT NULL,
    cursor_after BLOB NOT NULL
  ) STRICT;

  CREATE TABLE outbox(
    place INTEGER PRIMARY KEY,
    op_id BLOB NOT NULL UNIQUE,
    op BLOB NOT NULL,
    text TEXT,
    salt BLOB
  ) STRICT;

  CREATE TABLE kept(
    op_id BLOB PRIMARY KEY NOT NULL,
    op BLOB NOT NULL,
    text TEXT,
    salt BLOB,
    code INTEGER NOT NULL,
    message TEXT NOT NULL,
    at INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
)";

// What a server keeps beside the drafts. Events come in the order of their time, but for a view now and then, so that
// both trees grow at their end; their second key holds (draft, id) unique, with the id first for the same reason.
constexpr Sql kVersion2 = R"(
  PRAGMA user_version = 2;

  CREATE TABLE events(
    occurred_at INTEGER NOT NULL,
    event_id BLOB NOT NULL,
    draft_id BLOB NOT NULL,
    type INTEGER NOT NULL,
    user TEXT NOT NULL,
    from_user TEXT,
    to_user TEXT,
    epoch INTEGER NOT NULL,            -- 0: the ring did not move
    PRIMARY KEY (occurred_at, event_id, draft_id)
  ) STRICT, WITHOUT ROWID;
  CREATE UNIQUE INDEX events_key ON events(event_id, draft_id);

  CREATE TABLE idempotency_keys(
    scope TEXT NOT NULL,
    key TEXT NOT NULL,
    request BLOB NOT NULL,
    op_id BLOB NOT NULL,
    salt BLOB,                         -- NULL once there is an answer
    created_at INTEGER NOT NULL,
    status INTEGER,                    -- NULL: not answered yet
    body TEXT,
    PRIMARY KEY (scope, key)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX idempotency_keys_created ON idempotency_keys(created_at);
)";

constexpr Sql kVersion3 = R"(
  PRAGMA user_version = 3;

  CREATE TABLE invites(
    draft INTEGER NOT NULL,
    invite_id BLOB NOT NULL,
    token_hash BLOB NOT NULL,
    role INTEGER NOT NULL,
    created_by TEXT NOT NULL,
    user TEXT NOT NULL,                -- '': for whoever has the token
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    accepted_by TEXT NOT NULL,         -- '': by nobody yet
    accepted_at INTEGER NOT NULL,
    PRIMARY KEY (draft, invite_id)
  ) STRICT, WITHOUT ROWID;
)";

// Number i brings a store from version i to i + 1, `user_version` included. Append only: stores of every version
// are out there.
constexpr std::array kMigrations{kVersion1, kVersion2, kVersion3};

constexpr std::array<char, 16> kMagic{'S', 'Q', 'L', 'i', 't', 'e', ' ', 'f', 'o', 'r', 'm', 'a', 't', ' ', '3', '\0'};

[[noreturn]] void refuse(const char* why) {
  throw SqliteFailure{SQLITE_NOTADB, why};
}

std::uint32_t bigEndian(const std::uint8_t* bytes) {
  return std::uint32_t{bytes[0]} << 24U | std::uint32_t{bytes[1]} << 16U | std::uint32_t{bytes[2]} << 8U | bytes[3];
}

std::int64_t number(Connection& connection, Sql pragma) {
  return connection.first<std::int64_t>(pragma).value_or(0);
}

}  // namespace

void refuseForeignFile(Connection& connection) {
  sqlite3_file* file = nullptr;
  sqlite3_file_control(connection.handle(), "main", SQLITE_FCNTL_FILE_POINTER, static_cast<void*>(&file));
  sqlite3_int64 size = 0;
  if (!file || !file->pMethods || file->pMethods->xFileSize(file, &size) != SQLITE_OK || size == 0) {
    return;
  }
  std::array<std::uint8_t, 100> header{};
  const int code = file->pMethods->xRead(file, header.data(), static_cast<int>(header.size()), 0);
  if (code == SQLITE_IOERR_SHORT_READ) {
    return;  // not even a header: what is left of a store whose making was cut short
  }
  if (code != SQLITE_OK) {
    throw SqliteFailure{code, "the file cannot be read"};
  }
  // Without SQLite's magic it is for SQLite to say: a journal beside the file may bring the first page back.
  if (std::equal(kMagic.begin(), kMagic.end(), header.begin()) && bigEndian(&header[68]) != kApplicationId) {
    refuse("the file is a database, but not a OneRing store");
  }
}

void migrate(Connection& connection, bool readOnly) {
  const auto isUpToDate = [&] {
    const std::int64_t id = number(connection, "PRAGMA application_id");
    if (id != kApplicationId && (id != 0 || number(connection, "SELECT count(*) FROM sqlite_schema") != 0)) {
      refuse("the file is a database, but not a OneRing store");
    }
    const std::int64_t version = number(connection, "PRAGMA user_version");
    if (version < 0) {
      refuse("the file has no version of a OneRing store");
    }
    if (version > std::ssize(kMigrations)) {
      refuse("the store was written by a newer OneRing");
    }
    return version == std::ssize(kMigrations);
  };
  if (isUpToDate()) {
    return;
  }
  if (readOnly) {
    refuse("the store is of another version and was opened for reading only");
  }
  Transaction transaction(connection, Transaction::Kind::write);
  isUpToDate();  // asked again under the lock: another process may have been faster
  for (auto version = number(connection, "PRAGMA user_version"); version < std::ssize(kMigrations); ++version) {
    connection.script(kMigrations[static_cast<std::size_t>(version)]);
  }
  transaction.commit();
}

}  // namespace onering
