// News of other servers (docs/decisions/several-servers.md): each change once, however long transactions take and
// however many changes there are, and none is missed.
#include <algorithm>
#include <map>

#include <boost/asio/io_context.hpp>
#include <catch2/catch_test_macros.hpp>

#include "onering/postgres/postgres-database.h"

#include "blocking-session.h"
#include "database.h"

namespace onering::testing {

namespace {

using postgres::BlockingSession;
using std::chrono::milliseconds;

// `from` to `to` of numbered drafts, as so many transactions would leave them.
std::string writing(int from, int to) {
  return "INSERT INTO drafts (draft_id, seq, link, epoch, segment_count, status, owner, holder, held_since, requests, "
         "title, platform, hold_limit_ms, created_at, updated_at, written_by) SELECT md5(n::text)::uuid, 1, "
         "sha256('x'), "
         "1, 0, 'active', 'ann', 'ann', now(), '[]', 'Title', '', 0, now(), now(), pg_current_xact_id() "
         "FROM generate_series(" +
         std::to_string(from) + ", " + std::to_string(to) +
         ") AS n ON CONFLICT (draft_id) DO UPDATE SET seq = drafts.seq + 1, written_by = excluded.written_by; ";
}

class Listener {
 public:
  explicit Listener(const std::string& url) : database_(io_, {.url = url, .poolSize = 2}, ReadPolicy{}) {
    bool isWatching = false;
    database_.watchNews(
        milliseconds(5), [&] { isWatching = true; },
        [this](const std::vector<DraftPosition>& moved) {
          most_ = std::max(most_, moved.size());
          for (const auto& [draft, position] : moved) {
            ++times_;
            heard_[draft] = std::max(heard_[draft], position.seq);
          }
        });
    while (!isWatching) io_.run_one();
  }

  // How many drafts it has heard of, at that seq or behind it.
  [[nodiscard]] std::size_t heard(Seq seq = 1) const {
    return static_cast<std::size_t>(std::ranges::count_if(heard_, [&](const auto& one) { return one.second >= seq; }));
  }
  [[nodiscard]] std::size_t times() const { return times_; }
  [[nodiscard]] std::size_t most() const { return most_; }

  void listenFor(milliseconds time) { io_.run_for(time); }
  bool hears(std::size_t count, Seq seq = 1) {
    for (int i = 0; i < 500 && heard(seq) < count; ++i) listenFor(milliseconds(10));
    return heard(seq) == count;
  }

 private:
  boost::asio::io_context io_;
  PostgresDatabase database_;
  std::map<DraftId, Seq> heard_;
  std::size_t times_ = 0;
  std::size_t most_ = 0;
};

std::string databaseWithSchema() {
  const std::string database = newDatabase();
  REQUIRE(runOneRing({"db", "migrate", "up", "--store", sharedCluster().url(database)}).exitCode == 0);
  return database;
}

}  // namespace

TEST_CASE("SPEC 15 what was told is not read again while a transaction stays open for long", "[postgres][news]") {
  const std::string database = databaseWithSchema();
  Listener listener(sharedCluster().url(database));
  BlockingSession open(
      {.url = sharedCluster().url(database) + "&options=-c%20idle_in_transaction_session_timeout%3D0"});
  open.run("BEGIN; " + writing(1'000, 1'002));
  for (int i = 0; i < 50; ++i) sharedCluster().sql(writing(i * 4, i * 4 + 3), database);
  CHECK(listener.hears(200));
  listener.listenFor(milliseconds(500));
  CHECK(listener.times() <= 400);  // not with each of a hundred polls

  open.run("COMMIT");  // older than all that was told
  CHECK(listener.hears(203));
}

TEST_CASE("SPEC 15 many changes come in several answers, and none is missed", "[postgres][news]") {
  const std::string database = databaseWithSchema();
  Listener listener(sharedCluster().url(database));
  BlockingSession early({.url = sharedCluster().url(database)});
  BlockingSession late({.url = sharedCluster().url(database)});
  early.run("BEGIN; " + writing(9'000, 9'000));
  for (int i = 0; i < 6; ++i) sharedCluster().sql(writing(i * 600, i * 600 + 599), database);
  late.run("BEGIN; " + writing(9'001, 9'001));
  for (int i = 6; i < 12; ++i) sharedCluster().sql(writing(i * 600, i * 600 + 599), database);
  listener.listenFor(milliseconds(1));
  early.run("COMMIT");
  listener.listenFor(milliseconds(20));
  late.run("COMMIT");
  CHECK(listener.hears(7'202));
  CHECK(listener.most() <= 1'024 + 600);

  // All of them in one transaction, and some of them again meanwhile.
  BlockingSession whole({.url = sharedCluster().url(database)});
  whole.run("BEGIN; " + writing(3'000, 7'199));
  sharedCluster().sql(writing(0, 2'999), database);
  listener.listenFor(milliseconds(20));
  whole.run("COMMIT");
  CHECK(listener.hears(7'200, 2));
}

TEST_CASE("SPEC 15 what transactions write whose numbers had been counted as over before a crash is news",
          "[postgres][news][crash]") {
  const auto cluster = startCluster({.settings = {{"wal_writer_delay", "10s"}}});
  const std::string url = cluster->url();
  REQUIRE(runOneRing({"db", "migrate", "up", "--store", url}).exitCode == 0);
  Listener listener(url);
  cluster->sql(writing(1, 1) + "CHECKPOINT");
  REQUIRE(listener.hears(1));
  // Transactions that leave nothing behind, not even in the log of a server that is killed.
  for (int i = 0; i < 20; ++i) cluster->sql("BEGIN; SELECT pg_current_xact_id(); ROLLBACK");
  listener.listenFor(milliseconds(100));
  cluster->stop(TemporaryCluster::Stop::kill);
  REQUIRE(cluster->resume());
  cluster->sql(writing(2, 2));
  CHECK(listener.hears(2));
}

}  // namespace onering::testing
