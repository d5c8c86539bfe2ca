// The checker of histories, on histories that are wrong; and on what real servers that are killed made of one.
#include "history.h"

#include <chrono>
#include <set>

#include <catch2/catch_test_macros.hpp>

#include "balancer.h"
#include "writer.h"

namespace onering::testing {

namespace {

OpId opOf(std::uint64_t number) {
  return OpId::fromHalves(0x7000, 0x8000'0000'0000'0000ULL | number);
}

// Ann (client 0) creates a draft, adds Ben (1), appends twice, passes; Ben appends. Op n was done at 10n and
// acknowledged at 10n + 5.
struct Tale {
  DraftState state;
  std::vector<LogEntry> log;
  History history;

  Tale() {
    add("ann", CreateDraft{.title = "Tale", .platform = {}, .holdLimit = {}});
    add("ann", AddCollaborator{.user = "ben", .role = Role::editor});
    append("ann", 1);
    append("ann", 1);
    add("ann", PassRing{.to = "ben", .epoch = 1});
    append("ben", 2);
  }

  void add(const UserId& actor, OpBody body) {
    const std::uint64_t number = log.size() + 1;
    Op op{.id = opOf(number), .draft = {}, .actor = actor, .device = {}, .authoredAt = {}, .body = std::move(body)};
    log.push_back(accept(log.empty() ? nullptr : &state, std::move(op), actor, timeFromMs(1)));
    apply(state, log.back());
    const int client = actor == "ann" ? 0 : 1;
    const auto at = static_cast<std::int64_t>(10 * number);
    history.did(client, opOf(number), at);
    history.told(client, opOf(number), acceptedFor(log.back()), at + 5);
  }
  void append(const UserId& actor, Epoch epoch) {
    add(actor,
        AppendSegment{
            .segment = SegmentId::fromHalves(0x7000, log.size()), .epoch = epoch, .content = sealContent("x", {})});
  }

  [[nodiscard]] std::string faults() const {
    std::string all;
    for (const std::string& fault : history.faultsAgainst(log)) {
      all += fault.substr(0, fault.find(':')) + ';';
    }
    return all;
  }
};

}  // namespace

TEST_CASE("a history in which all is well has no fault", "[history]") {
  Tale tale;
  tale.history.saw(1, tale.log[2].position(), 36);
  tale.history.saw(1, tale.log[5].position(), 66);
  CHECK(tale.faults().empty());
}

TEST_CASE("an op that was acknowledged and is lost", "[history]") {
  Tale tale;
  tale.log.pop_back();
  CHECK(tale.faults() == "acknowledged and lost;");
}

TEST_CASE("an op that is there twice, and one that nobody did", "[history]") {
  Tale tale;
  tale.log.push_back(tale.log[3]);
  CHECK_THROWS(tale.faults());  // it does not even fold
  Tale other;
  other.add("ben", RequestRing{});
  other.history = Tale().history;
  CHECK(other.faults() == "nobody did;");
}

TEST_CASE("an op that was rejected and is in the log", "[history]") {
  Tale tale;
  tale.history.told(0, opOf(4), rejection(ErrorCode::staleEpoch), 50);
  CHECK(tale.faults() == "rejected and in the log;");
}

TEST_CASE("an op that is not where its receipt says", "[history]") {
  Tale tale;
  Accepted elsewhere = acceptedFor(tale.log[3]);
  elsewhere.link[0] ^= 1U;
  tale.history.told(0, opOf(4), elsewhere, 50);
  CHECK(tale.faults() == "acknowledged elsewhere;");
}

TEST_CASE("ops of one client in another order", "[history]") {
  Tale tale;
  History history;
  for (const std::uint64_t number : {1, 2, 4, 3, 5}) {
    history.did(0, opOf(number), 1);
  }
  history.did(1, opOf(6), 1);
  tale.history = history;
  CHECK(tale.faults() == "overtook what its client did before;");
}

TEST_CASE("an op that was done later and stands before", "[history]") {
  Tale tale;
  History history;
  for (const std::uint64_t number : {1, 2, 3}) {
    history.did(0, opOf(number), 1);
  }
  history.did(0, opOf(5), 1);
  history.told(0, opOf(5), acceptedFor(tale.log[4]), 10);
  history.did(2, opOf(4), 20);
  history.did(1, opOf(6), 20);
  tale.history = history;
  CHECK(tale.faults() ==
        "stands before what was acknowledged earlier;written after the ring was known to be elsewhere;");
}

TEST_CASE("a view that goes back, one of another log, and one without what was acknowledged", "[history]") {
  Tale back;
  back.history.saw(1, back.log[4].position(), 56);
  back.history.saw(1, back.log[3].position(), 57);
  CHECK(back.faults() == "went back;");
  Tale other;
  other.history.saw(1, {3, {}}, 5);
  CHECK(other.faults() == "saw what is not in the log;");
  Tale own;
  own.history.saw(0, own.log[2].position(), 46);
  CHECK(own.faults() == "did not see its own;");
  Tale held;  // the ops behind the third are acknowledged, and shown as such
  held.history.saw(0, held.log[2].position(), 46, 1);
  CHECK(held.faults().empty());
}

namespace {

// Somebody who writes when they hold the ring, passes it on, asks for it when they do not, and notes all of it.
class Scribe {
 public:
  Scribe(EventLoop& loop, const std::string& url, int number, std::size_t of)
      : number_(number), of_(of), person_(loop, url, nameOf(number)) {}

  [[nodiscard]] static std::string nameOf(int number) { return "scribe" + std::to_string(number); }
  [[nodiscard]] Person& person() { return person_; }

  static std::int64_t now() {
    return std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::steady_clock::now().time_since_epoch())
        .count();
  }

  void act(const DraftId& draft, OpBody body, History& history) {
    const std::int64_t at = now();
    const auto performed = person_.client().perform(draft, std::move(body), {.durable = {}, .settled = {}});
    if (performed) history.did(number_, performed->op, at);
  }

  void step(const DraftId& draft, History& history) {
    note(draft, history);
    const DraftState* view = person_.client().draft(draft);
    if (!view || person_.client().status().pending > 4) return;
    ++steps_;
    if (view->ring.holder != person_.name()) {
      if (steps_ % 40 == 0) act(draft, ReclaimRing{}, history);
      return;
    }
    AppendSegment body;
    body.content.text = person_.name() + " " + std::to_string(steps_);
    act(draft, std::move(body), history);
    if (steps_ % 7 == 0)
      act(draft,
          PassRing{.to = nameOf(static_cast<int>((static_cast<std::size_t>(number_) + 1 + steps_ % (of_ - 1)) % of_)),
                   .epoch = 0},
          history);
  }

  // What was told and seen since the last time.
  void note(const DraftId& draft, History& history) {
    const std::int64_t at = now();
    for (const auto& [op, receipt] : person_.receipts()) {
      if (noted_.insert(op).second) history.told(number_, op, receipt, at);
    }
    const LogPosition position = person_.confirmed(draft);
    if (position != seen_) history.saw(number_, seen_ = position, now(), person_.client().status().pending);
  }

 private:
  int number_;
  std::size_t of_;
  Person person_;
  std::size_t steps_ = 0;
  std::set<OpId> noted_;
  LogPosition seen_;
};

}  // namespace

TEST_CASE("I1 - I9 the history of a draft whose writers move between servers that are killed, over a database that is",
          "[postgres][history]") {
  EventLoop loop;
  const auto cluster = startCluster();
  std::vector<std::unique_ptr<ServeProcess>> servers;
  std::vector<std::uint16_t> ports;
  for (int i = 0; i < 3; ++i) {
    servers.push_back(serveOver(cluster->url()));
    ports.push_back(servers.back()->port());
  }
  const Balancer balancer(ports);
  constexpr std::size_t kScribes = 4;
  std::vector<std::unique_ptr<Scribe>> scribes;
  scribes.reserve(kScribes);
  History history;
  for (std::size_t i = 0; i < kScribes; ++i) {
    scribes.push_back(std::make_unique<Scribe>(loop, balancer.url(), static_cast<int>(i), kScribes));
  }
  const std::int64_t began = Scribe::now();
  const Performed created =
      scribes[0]->person().act({}, CreateDraft{.title = "History", .platform = {}, .holdLimit = {}});
  history.did(0, created.op, began);
  const DraftId draft = created.draft;
  for (std::size_t i = 1; i < kScribes; ++i) {
    scribes[0]->act(draft, AddCollaborator{.user = Scribe::nameOf(static_cast<int>(i)), .role = Role::editor}, history);
  }
  for (int round = 0; round < rounds(8); ++round) {
    const auto until = std::chrono::steady_clock::now() + std::chrono::milliseconds(1'200);
    while (std::chrono::steady_clock::now() < until) {
      for (const auto& scribe : scribes) scribe->step(draft, history);
      loop.runFor(std::chrono::milliseconds(2));
    }
    if (round % 8 == 3) {
      cluster->stop(TemporaryCluster::Stop::kill);
      REQUIRE(cluster->resume());
      continue;
    }
    auto& victim = servers[static_cast<std::size_t>(round) % servers.size()];
    const std::string listen = "127.0.0.1:" + std::to_string(victim->port());
    victim->signal(SIGKILL);
    victim = nullptr;
    victim = serveOver(cluster->url(), listen);
  }
  for (const auto& scribe : scribes) {
    REQUIRE(scribe->person().settles());
    scribe->note(draft, history);
  }
  const auto store = openStoreAt(cluster->url());
  const auto log = logOf(*store, draft);
  std::string faults;
  for (const std::string& fault : history.faultsAgainst(log)) faults += fault + '\n';
  INFO(history.size() << " things noted, " << log.size() << " ops in the log\n" << faults);
  CHECK(faults.empty());
  CHECK(log.size() > 200);
}

}  // namespace onering::testing
