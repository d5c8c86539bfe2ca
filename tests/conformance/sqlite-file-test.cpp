// What SqliteStore does with files: those that are not its own, that are damaged, that do not fit on the disk.
#include <algorithm>
#include <random>

#include <catch2/generators/catch_generators.hpp>
#include <sqlite3.h>

#include "script.h"
#include "sqlite-subject.h"

namespace onering::testing {
namespace {

using Journal = SqliteOptions::Journal;

constexpr std::size_t kAll = 1U << 30U;
constexpr std::array kJournals{Journal::walExclusive, Journal::truncate, Journal::remove};

SqliteOptions optionsFor(const MemoryDisk& disk, Journal journal = Journal::walExclusive) {
  return {.path = "store.db", .vfs = disk.vfs(), .journal = journal, .busyTimeout = Duration{0}};
}

// What SQLite makes of `statements` on the disk, beside any store. `leave`: whether to leave the write-ahead log.
void runSql(const MemoryDisk& disk, const char* statements, bool leave = false) {
  sqlite3* connection = nullptr;
  REQUIRE(sqlite3_open_v2("store.db", &connection, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, disk.vfs().c_str()) ==
          SQLITE_OK);
  sqlite3_db_config(connection, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, leave ? 1 : 0, nullptr);
  const int code = sqlite3_exec(connection, statements, nullptr, nullptr, nullptr);
  INFO(sqlite3_errmsg(connection));
  CHECK(code == SQLITE_OK);
  sqlite3_close(connection);
}

// The store's files. One that is empty says as much as one that is not there.
std::array<std::string, 3> filesOf(const MemoryDisk& disk) {
  return {disk.read("store.db").value_or(""), disk.read("store.db-wal").value_or(""),
          disk.read("store.db-journal").value_or("")};
}

// Opens what lies there and expects it to be refused as `fault`, saying `why`, without a byte changed.
void refusesFile(const MemoryDisk& disk, StoreFault fault, std::string_view why) {
  for (const Journal journal : kJournals) {
    const auto before = filesOf(disk);
    const auto opened = SqliteStore::open(optionsFor(disk, journal));
    REQUIRE_FALSE(opened.has_value());
    CHECK(opened.error().fault == fault);
    INFO(opened.error().detail);
    CHECK(opened.error().detail.contains(why));
    CHECK((filesOf(disk) == before));
  }
}

// A store with something in it, closed. Gives what it holds.
Script fill(const MemoryDisk& disk, Source& source, Journal journal = Journal::walExclusive) {
  const auto store = got(SqliteStore::open(optionsFor(disk, journal)));
  Script script(source, "ann");
  for (int i = 0; i < 50; ++i) {
    script.append("segment " + std::to_string(i) + std::string(200, '.'));
  }
  got(store->commit(script.batch()));
  return script;
}

}  // namespace

TEST_CASE("A file that is no database is refused and stays as it is", "[sqlite]") {
  std::mt19937_64 random(1);
  for (const std::size_t size : {1U, 15U, 16U, 99U, 100U, 512U, 4'096U, 50'000U}) {
    MemoryDisk disk;
    std::string garbage(size, ' ');
    std::ranges::generate(garbage, [&] { return static_cast<char>(random()); });
    disk.write("store.db", garbage);
    INFO(size << " bytes");
    refusesFile(disk, StoreFault::damaged, "");
  }
  MemoryDisk disk;
  disk.write("store.db", "Dear diary,\n" + std::string(5'000, 'x'));
  refusesFile(disk, StoreFault::damaged, "not a database");
}

TEST_CASE("Another program's database is refused and stays as it is, its write-ahead log included", "[sqlite]") {
  constexpr const char* kForeign = "CREATE TABLE cakes(name); INSERT INTO cakes VALUES ('sponge')";
  SECTION("in a file") {
    MemoryDisk disk;
    runSql(disk, kForeign);
    refusesFile(disk, StoreFault::damaged, "not a OneRing store");
  }
  SECTION("with a mark of its own") {
    MemoryDisk disk;
    runSql(disk, "PRAGMA application_id = 7; CREATE TABLE cakes(name)");
    refusesFile(disk, StoreFault::damaged, "not a OneRing store");
  }
  SECTION("in a write-ahead log") {
    MemoryDisk disk;
    runSql(disk, "PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; CREATE TABLE cakes(name)", true);
    REQUIRE(disk.read("store.db-wal").has_value());
    refusesFile(disk, StoreFault::damaged, "not a OneRing store");
  }
  SECTION("in the middle of a transaction that its journal would undo") {
    MemoryDisk disk;
    runSql(disk, kForeign);
    sqlite3* connection = nullptr;
    sqlite3_open_v2("store.db", &connection, SQLITE_OPEN_READWRITE, disk.vfs().c_str());
    sqlite3_exec(connection, "PRAGMA cache_size = 1; BEGIN; INSERT INTO cakes VALUES (zeroblob(50000))", nullptr,
                 nullptr, nullptr);
    const auto halfway = filesOf(disk);
    sqlite3_close(connection);
    REQUIRE(halfway[2].size() > 512);
    disk.write("store.db", halfway[0]);
    disk.write("store.db-journal", halfway[2]);
    refusesFile(disk, StoreFault::damaged, "not a OneRing store");
  }
}

TEST_CASE("A store that a newer OneRing wrote is refused and stays as it is", "[sqlite]") {
  MemoryDisk disk;
  Source source;
  SECTION("in the file") {
    fill(disk, source, Journal::remove);
    runSql(disk, "PRAGMA user_version = 1000");
    refusesFile(disk, StoreFault::damaged, "newer OneRing");
  }
  SECTION("in the write-ahead log") {
    fill(disk, source);
    runSql(disk, "PRAGMA locking_mode = EXCLUSIVE; PRAGMA user_version = 1000", true);
    REQUIRE(disk.read("store.db-wal").has_value());
    const auto before = filesOf(disk);
    const auto opened = SqliteStore::open(optionsFor(disk));
    REQUIRE_FALSE(opened.has_value());
    CHECK(opened.error().detail.contains("newer OneRing"));
    CHECK((filesOf(disk) == before));
  }
}

TEST_CASE("A store of a version that there never was is damage", "[sqlite]") {
  MemoryDisk disk;
  Source source;
  fill(disk, source, Journal::remove);
  runSql(disk, "PRAGMA user_version = -33875909");
  refusesFile(disk, StoreFault::damaged, "no version of a OneRing store");
}

TEST_CASE("A store of an older version is refused by whoever may only read it", "[sqlite]") {
  MemoryDisk disk;
  Source source;
  fill(disk, source, Journal::remove);
  runSql(disk, "PRAGMA user_version = 2");
  SqliteOptions options = optionsFor(disk, Journal::remove);
  options.readOnly = true;
  const auto before = filesOf(disk);
  const auto opened = SqliteStore::open(options);
  REQUIRE_FALSE(opened.has_value());
  CHECK(opened.error().detail.contains("opened for reading only"));
  CHECK((filesOf(disk) == before));
}

TEST_CASE("A file that lost its end is damage, never a new store", "[sqlite]") {
  MemoryDisk disk;
  Source source;
  const Script script = fill(disk, source);
  const std::string whole = disk.read("store.db").value();
  for (const std::size_t size : {std::size_t{1}, std::size_t{50}, std::size_t{99}, std::size_t{100}, std::size_t{511},
                                 std::size_t{4'096}, std::size_t{4'097}, whole.size() / 2, whole.size() - 4'096}) {
    INFO(size << " of " << whole.size() << " bytes");
    disk.write("store.db", whole.substr(0, size));
    refusesFile(disk, StoreFault::damaged, "");
  }
  disk.write("store.db", whole);
  CHECK(difference(tell(*got(SqliteStore::open(optionsFor(disk))), script.id()), tell(script)) == "");
}

TEST_CASE("Damage in a file is told, not followed", "[sqlite]") {
  MemoryDisk disk;
  Source source;
  const Script script = fill(disk, source);
  const std::string whole = disk.read("store.db").value();
  std::mt19937_64 random(2);
  int told = 0;
  for (int i = 0; i < 300; ++i) {
    std::string damaged = whole;
    const std::size_t at = random() % damaged.size();
    for (std::size_t j = at; j < std::min(at + 8, damaged.size()); ++j) {
      damaged[j] = static_cast<char>(random());
    }
    disk.write("store.db", damaged);
    const auto store = SqliteStore::open(optionsFor(disk));
    if (!store) {
      CHECK(store.error().fault == StoreFault::damaged);
      ++told;
      continue;
    }
    const auto log = store.value()->readLog(script.id(), 0, kAll);
    (void)store.value()->readSegments(script.id(), 3, 20, kAll);
    (void)store.value()->find({.drafts = {script.id()}, .ops = {{script.id(), script.log[3].op.id}}, .segments = {}});
    const auto findings = store.value()->integrity();
    told += !log || !findings || !findings->empty() ? 1 : 0;
  }
  CHECK(told > 30);  // most of what is written over is text, or empty
}

TEST_CASE("A head whose numbers no draft can have is damage to whoever reads on from it", "[sqlite]") {
  constexpr std::array kBreaks{"UPDATE drafts SET seq = segment_count - 2", "UPDATE drafts SET seq = 1 << 33",
                               "UPDATE drafts SET segment_count = 4294967295",
                               "PRAGMA ignore_check_constraints = ON; UPDATE drafts SET key = 1 << 40",
                               "PRAGMA ignore_check_constraints = ON; UPDATE drafts SET key = -1"};
  for (const char* statement : kBreaks) {
    MemoryDisk disk;
    Source source;
    const Script script = fill(disk, source, Journal::remove);
    runSql(disk, statement);
    const auto store = got(SqliteStore::open(optionsFor(disk)));
    INFO(statement);
    CHECK(faultOf(store->readSegments(script.id(), 3, 20, kAll)) == StoreFault::damaged);
    (void)store->readLog(script.id(), 0, kAll);
    (void)store->readPasses(script.id(), 0, 10);
    CHECK_FALSE(got(store->integrity()).empty());
  }
}

TEST_CASE("I1, I2, I4, I5 what breaks an invariant of a draft is found by counting", "[sqlite]") {
  constexpr std::array kBreaks{
      std::pair("DELETE FROM log WHERE row = 7", "I4 seq runs without gap"),
      std::pair("INSERT INTO log(place, op, display, position) SELECT max(place) + 1, op, display, 50 FROM log",
                "I4 nothing comes after the head"),
      std::pair("UPDATE drafts SET link = randomblob(32)", "I4 the head is the last entry"),
      std::pair("UPDATE drafts SET segment_count = segment_count + 1", "I5 all segments are there"),
      std::pair("UPDATE log SET position = position + 1 WHERE row = 9", "I5 positions run without gap"),
      std::pair("DELETE FROM ring_passes", "I2 there is one ring pass for each epoch"),
      std::pair("UPDATE members SET role = 0", "I1 the holder is the owner or an editor"),
      std::pair("UPDATE drafts SET key = key + 1", "51 log entries of drafts that are not there")};
  for (const auto& [statement, finding] : kBreaks) {
    MemoryDisk disk;
    Source source;
    fill(disk, source, Journal::remove);
    runSql(disk, statement);
    const auto findings = got(got(SqliteStore::open(optionsFor(disk)))->integrity());
    INFO(statement);
    CHECK(std::ranges::any_of(findings, [&](const std::string& found) { return found.contains(finding); }));
  }
}

TEST_CASE("A store without a file, on a disk without room or behind another's lock is unavailable", "[sqlite]") {
  MemoryDisk disk;
  SECTION("read only, and not there") {
    SqliteOptions options = optionsFor(disk);
    options.readOnly = true;
    CHECK(faultOf(SqliteStore::open(options)) == StoreFault::unavailable);
    CHECK(disk.paths().empty());
  }
  SECTION("without room for a new store") {
    disk.setCapacity(10'000);
    CHECK(faultOf(SqliteStore::open(optionsFor(disk))) == StoreFault::full);
    disk.setCapacity({});
    CHECK(SqliteStore::open(optionsFor(disk)).has_value());
  }
  SECTION("opened by another connection") {
    const auto first = got(SqliteStore::open(optionsFor(disk)));
    CHECK(faultOf(SqliteStore::open(optionsFor(disk))) == StoreFault::unavailable);
  }
  SECTION("in a VFS that is not there") {
    SqliteOptions options = optionsFor(disk);
    options.vfs = "no such VFS";
    CHECK(faultOf(SqliteStore::open(options)) == StoreFault::unavailable);
  }
}

TEST_CASE("The journal mode asked for is the one in use, or opening fails", "[sqlite]") {
  MemoryDisk disk;
  const auto opened = SqliteStore::open(optionsFor(disk, Journal::wal));  // needs shared memory, which there is not
  REQUIRE_FALSE(opened.has_value());
  CHECK(opened.error().fault == StoreFault::unavailable);
}

TEST_CASE("A store goes on in another journal mode", "[sqlite]") {
  MemoryDisk disk;
  Source source;
  Script script = fill(disk, source, Journal::remove);
  for (const Journal journal : {Journal::walExclusive, Journal::truncate, Journal::walExclusive, Journal::remove}) {
    const auto store = got(SqliteStore::open(optionsFor(disk, journal)));
    script.append("one more");
    got(store->commit(script.batch()));
    CHECK(difference(tell(*store, script.id()), tell(script)) == "");
  }
}

TEST_CASE("A store that is open for reading only reads, and refuses commits", "[sqlite]") {
  for (const Journal journal : {Journal::walExclusive, Journal::remove}) {
    MemoryDisk disk;
    Source source;
    Script script = fill(disk, source, journal);
    const auto before = filesOf(disk);
    SqliteOptions options = optionsFor(disk, journal);
    options.readOnly = true;
    {
      const auto store = got(SqliteStore::open(options));
      CHECK(difference(tell(*store, script.id()), tell(script)) == "");
      const Told told = tell(script);
      script.append("not to be");
      CHECK(faultOf(store->commit(script.batch())) == StoreFault::unavailable);
      CHECK(difference(tell(*store, script.id()), told) == "");
    }
    CHECK(filesOf(disk)[0] == before[0]);
  }
}

TEST_CASE("Pages of any size that SQLite has will do", "[sqlite]") {
  for (const std::uint32_t bytes : {512U, 1'024U, 8'192U, 65'536U}) {
    MemoryDisk disk;
    Source source;
    SqliteOptions options = optionsFor(disk);
    options.pageBytes = bytes;
    Script script(source, "ann");
    script.append(std::string(16'384, 'x'));
    got(got(SqliteStore::open(options))->commit(script.batch()));
    CHECK(difference(tell(*got(SqliteStore::open(options)), script.id()), tell(script)) == "");
    CHECK(disk.read("store.db")->size() % bytes == 0);
  }
}

TEST_CASE("I8 on a full disk a commit fails as a whole, and goes through once there is room", "[sqlite]") {
  for (const Journal journal : kJournals) {
    for (const std::uint64_t room : {0U, 3'000U, 9'000U, 20'000U, 60'000U}) {
      MemoryDisk disk;
      Source source;
      const auto store = got(SqliteStore::open(optionsFor(disk, journal)));
      Script script(source, "ann");
      got(store->commit(script.batch()));
      disk.setCapacity(disk.used() + room);
      std::optional<StoreFault> fault;
      while (!fault) {
        const Told before = tell(script);
        for (int i = 0; i < 10; ++i) {
          script.append(std::string(500, 'x'));
        }
        const Batch batch = script.batch();
        fault = faultOf(store->commit(batch));
        if (fault) {
          CHECK(fault == StoreFault::full);
          CHECK(difference(tell(*store, script.id()), before) == "");
          CHECK(faultOf(store->commit(batch)) == StoreFault::full);
          disk.setCapacity({});
          got(store->commit(batch));
        }
        CHECK(difference(tell(*store, script.id()), tell(script)) == "");
      }
      CHECK(got(store->integrity()).empty());
    }
  }
}

TEST_CASE("I9 a commit that could not be synced is not acknowledged", "[sqlite]") {
  for (const Journal journal : kJournals) {
    MemoryDisk disk;
    Source source;
    auto store = got(SqliteStore::open(optionsFor(disk, journal)));
    Script script(source, "ann");
    got(store->commit(script.batch()));
    const Told before = tell(script);
    script.append("in doubt");
    const Batch batch = script.batch();
    disk.failSyncs(1);
    const auto fault = faultOf(store->commit(batch));
    CHECK((fault == StoreFault::unknown || fault == StoreFault::unavailable));
    if (fault == StoreFault::unavailable) {
      CHECK(difference(tell(*store, script.id()), before) == "");
    }
    store.reset();
    disk.crash(Loss::everything);
    store = got(SqliteStore::open(optionsFor(disk, journal)));
    CHECK(difference(tell(*store, script.id()), before) == "");
    got(store->commit(batch));
    CHECK(difference(tell(*store, script.id()), tell(script)) == "");
  }
}

TEST_CASE("O12 what was erased is gone from the files", "[sqlite]") {
  const auto secret = [](int i) { return "<secret " + std::to_string(i) + ">"; };
  for (const Journal journal : kJournals) {
    MemoryDisk disk;
    Source source;
    std::mt19937_64 random(3);
    const auto store = got(SqliteStore::open(optionsFor(disk, journal)));
    std::vector<Script> scripts;
    for (int i = 0; i < 8; ++i) {
      scripts.emplace_back(source, "ann");
    }
    std::vector<std::pair<std::size_t, SegmentId>> segments;
    for (int i = 0; i < 600; ++i) {  // of many lengths, drafts taking turns, so that pages split and fill again
      const std::size_t draft = random() % scripts.size();
      const std::string filler(random() % (i % 50 == 0 ? 9'000 : 150), '.');
      segments.emplace_back(draft, scripts[draft].append(filler + secret(i) + filler));
      if (i % 3 == 0) {
        got(store->commit(scripts[draft].batch()));
      }
    }
    for (Script& script : scripts) {
      got(store->commit(script.batch()));
    }
    for (int i = 0; i < 600; i += 2) {
      REQUIRE(disk.shows(secret(i)));
    }
    for (int i = 0; i < 600; i += 2) {
      const auto& [draft, segment] = segments[static_cast<std::size_t>(i)];
      scripts[draft].redact("ann", segment);
      if (i % 40 == 0 || i > 590) {
        for (Script& script : scripts) {
          got(store->commit(script.batch()));
        }
      }
    }
    int shown = 0;
    for (int i = 0; i < 600; i += 2) {
      shown += disk.shows(secret(i)) ? 1 : 0;
    }
    CHECK(shown == 0);
    for (int i = 1; i < 600; i += 2) {
      CHECK(disk.shows(secret(i)));
    }
    CHECK(got(store->integrity()).empty());
  }
}

TEST_CASE("O12 with a segment's text goes its salt, without which its digest tells nothing of what was guessed",
          "[sqlite]") {
  constexpr Salt kSalt{'<', 'a', ' ', 's', 'a', 'l', 't', ' ', 'o', 'f', ' ', '1', '6', ' ', 'b', '>'};
  const std::string_view bytes(reinterpret_cast<const char*>(kSalt.data()), kSalt.size());
  const bool isAside = GENERATE(false, true);
  for (const Journal journal : kJournals) {
    MemoryDisk disk;
    Source source;
    const auto store = got(SqliteStore::open(optionsFor(disk, journal)));
    Script script(source, "ann");
    const auto secret = source.id<SegmentId>();
    script.act("ann", AppendSegment{secret, 1, sealContent("yes", kSalt)});
    DeviceBatch copy;
    copy.drafts = script.batch();
    got(store->commit(copy));
    REQUIRE(disk.shows(bytes));
    script.redact("ann", secret);
    DeviceBatch redaction;
    if (isAside) {
      redaction.setAside.push_back(script.id());
      redaction.installed.push_back(script.image());
    } else {
      redaction.drafts = script.batch();
    }
    got(store->commit(redaction));
    CHECK_FALSE(disk.shows(bytes));
  }
}

TEST_CASE("O12 what a snapshot replaces or erases is gone from the files", "[sqlite]") {
  const bool isAside = GENERATE(false, true);  // the copy that has the segment: in the snapshot's place, or set aside
  for (const Journal journal : kJournals) {
    MemoryDisk disk;
    Source source;
    const auto store = got(SqliteStore::open(optionsFor(disk, journal)));
    Script script(source, "ann");
    const DraftImage before = script.image();
    const SegmentId secret = script.append("<secret>");
    DeviceBatch copy;
    copy.drafts = script.batch();
    got(store->commit(copy));
    REQUIRE(disk.shows("<secret>"));
    if (isAside) {
      DeviceBatch aside;
      aside.setAside.push_back(script.id());
      got(store->commit(aside));
      script.redact("ann", secret);
    }
    DeviceBatch snapshot;
    snapshot.installed.push_back(isAside ? script.image() : before);
    got(store->commit(snapshot));
    CHECK_FALSE(disk.shows("<secret>"));
  }
}

TEST_CASE("An append costs what it costs in an empty draft, however long the draft is", "[sqlite]") {
  constexpr std::uint32_t kLong = 30'000;
  MemoryDisk disk;
  Source source;
  const auto store = got(SqliteStore::open(optionsFor(disk)));
  Script script(source, "ann");
  const auto appendCost = [&] {
    std::uint64_t most = 0;
    for (int i = 0; i < 20; ++i) {
      script.append(std::string(100, 'x'));
      const Batch batch = script.batch();
      got(store->checkpoint());
      const std::uint64_t before = disk.bytesWritten();
      got(store->commit(batch));
      most = std::max(most, disk.bytesWritten() - before);
    }
    return most;
  };
  const std::uint64_t empty = appendCost();
  while (script.state.segmentCount < kLong) {
    for (int i = 0; i < 1'000; ++i) {
      script.append(std::string(100, 'x'));
    }
    got(store->commit(script.batch()));
  }
  CHECK(appendCost() <= empty + std::uint64_t{4} * 4'096);  // the trees are a level deeper
}

}  // namespace onering::testing
