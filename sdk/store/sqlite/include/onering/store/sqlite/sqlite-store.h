// One SQLite store for both builds: a file natively, the origin-private file system in a browser.
//
//   server, command line          browser
//   SqliteStore                   SqliteStore        the same code: no OS calls, no threads, no clock
//   SQLite                        SQLite
//   its unix VFS                  OneRing's VFS      chosen by SqliteOptions::vfs
//   a file                        OPFS handles
//
// A commit is one transaction and is durable when it returns, in every journal mode (SPEC I9). What it costs
// follows what it changes: one row for an accepted op, one for the draft's head, none for the draft's length.
// Callers that have many ops to write put them into one batch: a batch costs one sync.
//
// A file that is not ours, that is damaged or that a newer OneRing wrote is refused and stays as it is, byte for
// byte; it is never repaired by making a new one.
#pragma once

#include <memory>

#include "onering/ports/device-store.h"
#include "onering/ports/event-store.h"
#include "onering/ports/idempotency-store.h"

namespace onering {

struct SqliteOptions {
  // How SQLite makes a commit atomic.
  enum class Journal : std::uint8_t {
    wal,           // write-ahead log; other processes may read meanwhile
    walExclusive,  // the same for this connection alone, on a VFS without shared memory; one sync a commit
    truncate,      // rollback journal, emptied at commit
    remove,        // rollback journal, deleted at commit
  };

  std::string path{};  // kInMemory: lives as long as the store
  std::string vfs{};   // a registered VFS; empty: SQLite's default
  Journal journal = Journal::wal;
  std::uint32_t pageBytes = 4096;         // a power of two, 512-65536; of a file that exists, its own counts
  std::uint32_t cacheBytes = 16U << 20U;  // pages kept in memory, at most
  std::uint32_t checkpointPages = 4000;   // size of the write-ahead log that moves it into the file
  Duration busyTimeout{1000};             // how long to wait for another process's lock
  bool readOnly = false;                  // commits are refused; the file must exist and be of this version

  static constexpr const char* kInMemory = ":memory:";
};

class Connection;

class SqliteStore final : public DeviceStore, public EventStore, public IdempotencyStore {
 public:
  // Opens the store, creates the file or brings its schema up to date. The journal mode asked for is the one in
  // use, or opening fails.
  [[nodiscard]] static StoreResult<std::unique_ptr<SqliteStore>> open(const SqliteOptions& options);

  ~SqliteStore() override;
  SqliteStore(const SqliteStore&) = delete;
  SqliteStore& operator=(const SqliteStore&) = delete;

  [[nodiscard]] EventStore* events() override { return this; }
  [[nodiscard]] IdempotencyStore* idempotency() override { return this; }

  [[nodiscard]] StoreResult<Found> find(const Lookup& lookup) override;
  [[nodiscard]] StoreResult<void> commit(const Batch& batch) override;
  [[nodiscard]] StoreResult<void> commit(const DeviceBatch& batch) override;

  [[nodiscard]] StoreResult<std::vector<LogEntry>> readLog(const DraftId& draft, Seq after,
                                                           std::size_t bytesMax) override;
  [[nodiscard]] StoreResult<std::optional<Digest>> linkAt(const DraftId& draft, Seq seq) override;
  [[nodiscard]] StoreResult<std::vector<Segment>> readSegments(const DraftId& draft, std::uint32_t from,
                                                               std::uint32_t end, std::size_t bytesMax) override;
  [[nodiscard]] StoreResult<std::vector<RingPass>> readPasses(const DraftId& draft, std::uint32_t from,
                                                              std::uint32_t countMax) override;
  [[nodiscard]] StoreResult<std::vector<UserId>> readLeft(const DraftId& draft) override;
  [[nodiscard]] StoreResult<std::vector<DraftHead>> listDrafts(const UserId& user, std::optional<DraftListKey> after,
                                                               std::uint32_t countMax) override;
  [[nodiscard]] StoreResult<std::vector<MembershipChange>> listChanges(const UserId& user, const ChangeCursor& after,
                                                                       std::uint32_t countMax) override;
  [[nodiscard]] StoreResult<std::vector<DraftId>> allDrafts(std::optional<DraftId> after,
                                                            std::uint32_t countMax) override;
  [[nodiscard]] StoreResult<void> forgetRejected(Time before) override;
  [[nodiscard]] StoreResult<std::vector<std::string>> integrity() override;

  [[nodiscard]] StoreResult<std::optional<DeviceRecord>> readRecord() override;
  [[nodiscard]] StoreResult<std::vector<PendingOp>> readPending() override;
  [[nodiscard]] StoreResult<std::vector<KeptOp>> readKept() override;
  [[nodiscard]] StoreResult<std::vector<DraftPosition>> readSetAside() override;
  [[nodiscard]] StoreResult<std::optional<SetAsidePart>> readSetAsidePart(const DraftPosition& copy, std::uint32_t from,
                                                                          std::size_t bytesMax) override;

  [[nodiscard]] StoreResult<std::vector<bool>> appendEvents(const std::vector<Event>& events) override;
  [[nodiscard]] StoreResult<EventPage> readEvents(const EventQuery& query) override;

  [[nodiscard]] StoreResult<std::optional<RequestRecord>> claim(const RequestRecord& record, Time validFrom) override;
  [[nodiscard]] StoreResult<std::optional<RequestAnswer>> complete(const RequestKey& key, const OpId& op,
                                                                   const RequestAnswer& answer) override;
  [[nodiscard]] StoreResult<std::uint64_t> forgetRequests(Time before) override;

  // Moves the write-ahead log into the file and empties it. Done by itself every `checkpointPages`, after a
  // redaction and when the store is closed. Nothing to do in other journal modes.
  [[nodiscard]] StoreResult<void> checkpoint();

 private:
  explicit SqliteStore(std::unique_ptr<Connection> connection);

  std::unique_ptr<Connection> connection_;
};

}  // namespace onering
