// Servers that stand still (SIGSTOP: a machine that is suspended, a process that is swapped out) while others go on.
#include <algorithm>
#include <map>

#include <catch2/catch_test_macros.hpp>

#include "../person.h"
#include "balancer.h"
#include "database.h"
#include "writer.h"

namespace onering::testing {

namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using SteadyClock = std::chrono::steady_clock;

// Sessions that have written in a transaction and wait for more to come from their client.
constexpr const char* kHalfWay =
    "SELECT count(*) FROM pg_stat_activity WHERE backend_xid IS NOT NULL AND wait_event_type = 'Client'";

// Goes on with what was stopped, however the test ends.
class Frozen {
 public:
  explicit Frozen(const ServeProcess& server) : server_(server) { server_.signal(SIGSTOP); }
  ~Frozen() { server_.signal(SIGCONT); }
  Frozen(const Frozen&) = delete;
  Frozen& operator=(const Frozen&) = delete;

 private:
  const ServeProcess& server_;
};

// Every op that a device was told of is in the log once, and there is nothing else in it.
void checkLog(const std::vector<LogEntry>& log, const std::vector<const Person*>& devices) {
  std::map<OpId, std::size_t> times;
  for (const LogEntry& entry : log) ++times[entry.op.id];
  std::size_t accepted = 0;
  for (const Person* device : devices) {
    for (const auto& [op, receipt] : device->receipts()) {
      CHECK(std::holds_alternative<Accepted>(receipt));
      CHECK(times[op] == 1);
      ++accepted;
    }
  }
  CHECK(log.size() == accepted);
}

}  // namespace

TEST_CASE("SPEC 15 a server that is frozen in the middle of a transaction holds the others up for seconds only",
          "[postgres][frozen]") {
  EventLoop loop;
  const auto cluster = startCluster({.settings = {}, .tcp = true});
  Balancer wire({cluster->tcpPort()});
  wire.slowDown();
  const std::string through = "postgres://" + std::string(TemporaryCluster::kUser) + ":" + cluster->password() +
                              "@127.0.0.1:" + std::to_string(wire.port()) + "/" + TemporaryCluster::kDatabase;
  const auto slow = serveOver(through);
  const auto other = serveOver(cluster->url());
  Person desk(loop, slow->url(), "ann");
  Person phone(loop, other->url(), "ann");
  const DraftId draft = desk.create();
  REQUIRE(phone.sees([&] { return phone.confirmed(draft).seq == 1; }));

  // More than fits on the way to the database, so that a batch is sent in part when its server stops.
  for (int i = 0; i < 100; ++i) desk.append(draft, std::string(15'000, 'x'));
  bool isHalfWay = false;
  std::unique_ptr<Frozen> frozen;
  for (int i = 0; i < 100 && !isHalfWay; ++i) {
    loop.runFor(milliseconds(50));
    if (cluster->sql(kHalfWay) == "0") continue;
    frozen = std::make_unique<Frozen>(*slow);
    loop.runFor(seconds(2));  // what was on the way arrives
    isHalfWay = cluster->sql(kHalfWay) != "0";
    if (!isHalfWay) frozen = nullptr;
  }
  REQUIRE(isHalfWay);

  const auto since = SteadyClock::now();
  const OpId op = phone.append(draft, "by phone").op;
  const bool goesOn = phone.sees([&] { return phone.accepted(op); }, seconds(40));
  const auto waited = std::chrono::duration_cast<milliseconds>(SteadyClock::now() - since);
  UNSCOPED_INFO("the other server waited for " << waited.count() << " ms");
  REQUIRE(goesOn);
  CHECK(waited < seconds(20));

  frozen = nullptr;
  REQUIRE(desk.sees([&] { return desk.client().status().pending == 0; }, seconds(60)));
  REQUIRE(desk.settles());
  REQUIRE(phone.sees([&] { return phone.count(draft) == 101 && phone.confirmed(draft) == desk.confirmed(draft); }));
  checkLog(logOf(*openStoreAt(cluster->url()), draft), {&desk, &phone});
  CHECK(runOneRing({"db", "verify", "--all", "--store", cluster->url()}).exitCode == 0);
}

TEST_CASE(
    "SPEC 15 one of two servers is frozen again and again under load: the other goes on, nothing is lost or doubled",
    "[postgres][frozen]") {
  EventLoop loop;
  const std::string url = sharedCluster().url(newDatabase());
  const auto one = serveOver(url);
  const auto other = serveOver(url);
  Person desk(loop, one->url(), "ann");
  Person phone(loop, other->url(), "ann");
  const DraftId draft = desk.create();
  REQUIRE(phone.sees([&] { return phone.confirmed(draft).seq == 1; }));
  for (int round = 0; round < 8; ++round) {
    for (int i = 0; i < 40; ++i) {
      desk.append(draft, std::string(2'000, 'd'));
      phone.append(draft, std::string(2'000, 'p'));
    }
    loop.runFor(milliseconds(1 + 7 * round));  // at another moment each time
    {
      const Frozen frozen(*one);
      REQUIRE(phone.sees([&] { return phone.client().status().pending == 0; }, seconds(40)));
      loop.runFor(milliseconds(200));
    }
    REQUIRE(desk.sees([&] { return desk.client().status().pending == 0; }, seconds(40)));
  }
  REQUIRE(desk.settles());
  REQUIRE(phone.settles());
  REQUIRE(desk.sees([&] { return desk.count(draft) == 640 && phone.count(draft) == 640; }));
  CHECK(desk.confirmed(draft) == phone.confirmed(draft));
  checkLog(logOf(*openStoreAt(url), draft), {&desk, &phone});
}

}  // namespace onering::testing
