#include "onering/store/sqlite/sqlite-store.h"

#include <new>
#include <type_traits>

#include "connection.h"
#include "device-tables.h"
#include "draft-tables.h"
#include "integrity.h"
#include "schema.h"
#include "server-tables.h"

namespace onering {

namespace {

std::unexpected<StoreError> failed(StoreFault fault, std::string detail) {
  return std::unexpected(StoreError{fault, std::move(detail)});
}

// Where exceptions end: what `work` returns, or what went wrong in it.
template <typename Work>
StoreResult<std::invoke_result_t<Work>> guarded(Work work) {
  try {
    if constexpr (std::is_void_v<std::invoke_result_t<Work>>) {
      work();
      return {};
    } else {
      return work();
    }
  } catch (const SqliteFailure& failure) {
    return std::unexpected(failure.error());
  } catch (const Conflict& conflict) {
    return failed(StoreFault::conflict, conflict.detail);
  } catch (const OutcomeUnknown& unknown) {
    return failed(StoreFault::unknown, unknown.detail);
  } catch (const std::bad_alloc&) {
    return failed(StoreFault::unavailable, "out of memory");
  }
}

// What `work` reads is of one moment, also when another process writes meanwhile.
template <typename Work>
auto reading(Connection& connection, Work work) {
  return guarded([&] {
    const Transaction moment(connection, Transaction::Kind::read);
    return work(connection);
  });
}

// --- opening --------------------------------------------------------------------------------------------

bool isWal(SqliteOptions::Journal journal) {
  return journal == SqliteOptions::Journal::wal || journal == SqliteOptions::Journal::walExclusive;
}

void configure(Connection& connection, const SqliteOptions& options) {
  // A connection that turns out to be to someone else's file must not move that file's write-ahead log on closing.
  sqlite3_db_config(connection.handle(), SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
  sqlite3_db_config(connection.handle(), SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  sqlite3_db_config(connection.handle(), SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
  if (options.journal != SqliteOptions::Journal::wal) {
    // Before WAL is first used, so that it needs no shared memory: by a store that is to have the file for itself,
    // or that is to leave WAL, for which setJournal() ends it.
    connection.script("PRAGMA locking_mode = EXCLUSIVE");
  }
  connection.setPragma("page_size", options.pageBytes);
  connection.setPragma("cache_size", -static_cast<std::int64_t>(options.cacheBytes / 1024));
  connection.script("PRAGMA temp_store = MEMORY");
  connection.script("PRAGMA secure_delete = ON");  // O12: what is erased is gone from the file, too
}

Rows switchJournal(Connection& connection, SqliteOptions::Journal journal) {
  switch (journal) {
    case SqliteOptions::Journal::truncate:
      return connection.select("PRAGMA journal_mode = TRUNCATE");
    case SqliteOptions::Journal::remove:
      return connection.select("PRAGMA journal_mode = DELETE");
    case SqliteOptions::Journal::wal:
    case SqliteOptions::Journal::walExclusive:
      break;
  }
  return connection.select("PRAGMA journal_mode = WAL");
}

std::string_view expectedMode(const SqliteOptions& options) {
  if (options.path == SqliteOptions::kInMemory) {
    return "memory";
  }
  if (options.journal == SqliteOptions::Journal::truncate) {
    return "truncate";
  }
  return isWal(options.journal) ? "wal" : "delete";
}

// Switches the journal mode and makes sure of it: without shared memory, for one, SQLite silently keeps the old one.
void setJournal(Connection& connection, const SqliteOptions& options) {
  Rows rows = switchJournal(connection, options.journal);
  const std::string mode = rows.next() ? rows.get<std::string>() : "none";
  if (mode != expectedMode(options)) {
    throw SqliteFailure{SQLITE_CANTOPEN, "the journal mode stayed " + mode};
  }
  if (!isWal(options.journal)) {
    connection.script("PRAGMA locking_mode = NORMAL");
  }
}

// I9: EXTRA is FULL and, where a rollback journal is deleted, a sync of its folder.
void setDurable(Connection& connection, const SqliteOptions& options) {
  connection.script("PRAGMA synchronous = EXTRA");
  connection.setPragma("wal_autocheckpoint", options.checkpointPages);
  connection.setPragma("journal_size_limit", std::int64_t{options.checkpointPages} * options.pageBytes);
}

void emptyWal(Connection& connection) {
  sqlite3_wal_checkpoint_v2(connection.handle(), "main", SQLITE_CHECKPOINT_TRUNCATE, nullptr, nullptr);
}

// What `work` writes is one transaction, durable when it returns.
template <typename Work>
auto writing(Connection& connection, Work work) {
  return guarded([&] {
    Transaction transaction(connection, Transaction::Kind::write);
    auto result = work(connection);
    transaction.commit();
    return result;
  });
}

// A device has no use for events.
void appendEvents(Connection& /*connection*/, const DeviceBatch& /*batch*/) {}

template <typename AnyBatch>
StoreResult<void> commitBatch(Connection& connection, const AnyBatch& batch) {
  return guarded([&] {
    Transaction transaction(connection, Transaction::Kind::write);
    const bool erases = writeBatch(connection, batch);
    appendEvents(connection, batch);
    transaction.commit();
    if (erases) {
      emptyWal(connection);  // older pages there still show what is erased; where it fails, the next one does it
    }
  });
}

}  // namespace

StoreResult<std::unique_ptr<SqliteStore>> SqliteStore::open(const SqliteOptions& options) {
  return guarded([&] {
    auto connection = std::make_unique<Connection>(options);
    refuseForeignFile(*connection);
    configure(*connection, options);
    migrate(*connection, options.readOnly);
    if (!options.readOnly) {
      setJournal(*connection, options);
      setDurable(*connection, options);
      sqlite3_db_config(connection->handle(), SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 0, nullptr);
    }
    return std::unique_ptr<SqliteStore>(new SqliteStore(std::move(connection)));
  });
}

SqliteStore::SqliteStore(std::unique_ptr<Connection> connection) : connection_(std::move(connection)) {}
SqliteStore::~SqliteStore() = default;

// --- the contract ---------------------------------------------------------------------------------------

StoreResult<Found> SqliteStore::find(const Lookup& lookup) {
  return reading(*connection_, [&](Connection& connection) { return onering::find(connection, lookup); });
}

StoreResult<void> SqliteStore::commit(const Batch& batch) {
  return commitBatch(*connection_, batch);
}
StoreResult<void> SqliteStore::commit(const DeviceBatch& batch) {
  return commitBatch(*connection_, batch);
}

StoreResult<std::vector<LogEntry>> SqliteStore::readLog(const DraftId& draft, Seq after, std::size_t bytesMax) {
  return reading(*connection_,
                 [&](Connection& connection) { return onering::readLog(connection, draft, after, bytesMax); });
}

StoreResult<std::optional<Digest>> SqliteStore::linkAt(const DraftId& draft, Seq seq) {
  return reading(*connection_, [&](Connection& connection) { return onering::linkAt(connection, draft, seq); });
}

StoreResult<std::vector<Segment>> SqliteStore::readSegments(const DraftId& draft, std::uint32_t from, std::uint32_t end,
                                                            std::size_t bytesMax) {
  return reading(*connection_,
                 [&](Connection& connection) { return onering::readSegments(connection, draft, from, end, bytesMax); });
}

StoreResult<std::vector<RingPass>> SqliteStore::readPasses(const DraftId& draft, std::uint32_t from,
                                                           std::uint32_t countMax) {
  return reading(*connection_,
                 [&](Connection& connection) { return onering::readPasses(connection, draft, from, countMax); });
}

StoreResult<std::vector<UserId>> SqliteStore::readLeft(const DraftId& draft) {
  return reading(*connection_, [&](Connection& connection) { return onering::readLeft(connection, draft); });
}

StoreResult<std::vector<DraftHead>> SqliteStore::listDrafts(const UserId& user, std::optional<DraftListKey> after,
                                                            std::uint32_t countMax) {
  return reading(*connection_,
                 [&](Connection& connection) { return onering::listDrafts(connection, user, after, countMax); });
}

StoreResult<std::vector<MembershipChange>> SqliteStore::listChanges(const UserId& user, const ChangeCursor& after,
                                                                    std::uint32_t countMax) {
  return reading(*connection_,
                 [&](Connection& connection) { return onering::listChanges(connection, user, after, countMax); });
}

StoreResult<std::vector<DraftId>> SqliteStore::allDrafts(std::optional<DraftId> after, std::uint32_t countMax) {
  return reading(*connection_, [&](Connection& connection) { return onering::allDrafts(connection, after, countMax); });
}

StoreResult<void> SqliteStore::forgetRejected(Time before) {
  return guarded([&] { connection_->run("DELETE FROM rejections WHERE at < ?1", before); });
}

StoreResult<std::vector<std::string>> SqliteStore::integrity() {
  return reading(*connection_, [](Connection& connection) { return findDamage(connection); });
}

StoreResult<std::optional<DeviceRecord>> SqliteStore::readRecord() {
  return reading(*connection_, [](Connection& connection) { return onering::readRecord(connection); });
}

StoreResult<std::vector<PendingOp>> SqliteStore::readPending() {
  return reading(*connection_, [](Connection& connection) { return onering::readPending(connection); });
}

StoreResult<std::vector<KeptOp>> SqliteStore::readKept() {
  return reading(*connection_, [](Connection& connection) { return onering::readKept(connection); });
}

StoreResult<std::vector<DraftPosition>> SqliteStore::readSetAside() {
  return reading(*connection_, [](Connection& connection) { return onering::readSetAside(connection); });
}

StoreResult<std::optional<SetAsidePart>> SqliteStore::readSetAsidePart(const DraftPosition& copy, std::uint32_t from,
                                                                       std::size_t bytesMax) {
  return reading(*connection_,
                 [&](Connection& connection) { return onering::readSetAsidePart(connection, copy, from, bytesMax); });
}

StoreResult<std::vector<bool>> SqliteStore::appendEvents(const std::vector<Event>& events) {
  return writing(*connection_, [&](Connection& connection) { return onering::appendEvents(connection, events); });
}

StoreResult<EventPage> SqliteStore::readEvents(const EventQuery& query) {
  return reading(*connection_, [&](Connection& connection) { return onering::readEvents(connection, query); });
}

StoreResult<std::optional<RequestRecord>> SqliteStore::claim(const RequestRecord& record, Time validFrom) {
  return writing(*connection_, [&](Connection& connection) { return onering::claim(connection, record, validFrom); });
}

StoreResult<std::optional<RequestAnswer>> SqliteStore::complete(const RequestKey& key, const OpId& op,
                                                                const RequestAnswer& answer) {
  return writing(*connection_, [&](Connection& connection) { return onering::complete(connection, key, op, answer); });
}

StoreResult<std::uint64_t> SqliteStore::forgetRequests(Time before) {
  return writing(*connection_, [&](Connection& connection) { return onering::forgetRequests(connection, before); });
}

StoreResult<void> SqliteStore::checkpoint() {
  return guarded([&] {
    const int code =
        sqlite3_wal_checkpoint_v2(connection_->handle(), "main", SQLITE_CHECKPOINT_TRUNCATE, nullptr, nullptr);
    if (code != SQLITE_OK) {
      throw SqliteFailure{code, "the write-ahead log could not be emptied"};
    }
  });
}

}  // namespace onering
