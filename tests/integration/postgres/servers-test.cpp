// Several servers over one database, and what happens when one of them, or the database, goes away.
#include <algorithm>
#include <map>
#include <random>

#include <catch2/catch_test_macros.hpp>

#include "../person.h"
#include "balancer.h"
#include "database.h"
#include "writer.h"

namespace onering::testing {

namespace {

using std::chrono::milliseconds;
using SteadyClock = std::chrono::steady_clock;

// How somebody stands, for a failure's message.
std::string standing(Person& person, const DraftId& draft) {
  const ClientStatus status = person.client().status();
  return person.name() + ": link " + std::to_string(static_cast<int>(status.link)) + ", " +
         std::to_string(status.pending) + " pending, seq " + std::to_string(person.confirmed(draft).seq) +
         (status.lastError ? ", " + status.lastError->message : std::string());
}

std::vector<std::unique_ptr<Writer>> threeWritersAt(const std::string& url, EventLoop& loop) {
  std::vector<std::unique_ptr<Writer>> writers;
  writers.reserve(3);
  for (int i = 0; i < 3; ++i) {
    writers.push_back(std::make_unique<Writer>(loop, url, "writer" + std::to_string(i), 8));
  }
  return writers;
}

}  // namespace

TEST_CASE("SPEC 15 what is committed through one server is seen by readers of another", "[postgres][servers]") {
  EventLoop loop;
  const std::string url = sharedCluster().url(newDatabase());
  const auto one = serveOver(url);
  const auto other = serveOver(url);
  Person ann(loop, one->url(), "ann");
  Person ben(loop, other->url(), "ben");
  const DraftId draft = ann.create();
  ann.act(draft, AddCollaborator{.user = "ben", .role = Role::editor});
  REQUIRE(ann.settles());
  REQUIRE(ben.sees([&] { return ben.confirmed(draft).seq == 2; }));

  std::vector<milliseconds> delays;
  for (int i = 0; i < 40; ++i) {
    const auto op = ann.append(draft, "line").op;
    REQUIRE(ann.sees([&] { return ann.accepted(op); }));
    const auto since = SteadyClock::now();
    REQUIRE(ben.sees([&] { return ben.count(draft) == static_cast<std::size_t>(i) + 1; }));
    delays.push_back(std::chrono::duration_cast<milliseconds>(SteadyClock::now() - since));
  }
  std::ranges::sort(delays);
  UNSCOPED_INFO("median " << delays[20].count() << " ms, longest " << delays.back().count() << " ms");

  // The ring goes over and comes back, each writing through their own server.
  ann.act(draft, PassRing{.to = "ben", .epoch = 0});
  REQUIRE(ben.sees([&] { return ben.client().draft(draft)->ring.holder == "ben"; }));
  ben.append(draft, "by ben");
  ben.act(draft, PassRing{.to = "ann", .epoch = 0});
  REQUIRE(ann.sees([&] { return ann.count(draft) == 41 && ann.client().draft(draft)->ring.epoch == 3; }));
  REQUIRE(ben.settles());
  CHECK(ann.confirmed(draft) == ben.confirmed(draft));
}

TEST_CASE("I10 who is removed through one server loses the copy at another", "[postgres][servers]") {
  EventLoop loop;
  const std::string url = sharedCluster().url(newDatabase());
  const auto one = serveOver(url);
  const auto other = serveOver(url);
  Person ann(loop, one->url(), "ann");
  Person ben(loop, other->url(), "ben");
  const DraftId draft = ann.create();
  ann.act(draft, AddCollaborator{.user = "ben", .role = Role::viewer});
  REQUIRE(ben.sees([&] { return ben.confirmed(draft).seq == 2; }));
  ann.act(draft, RemoveCollaborator{.user = "ben"});
  REQUIRE(ben.sees([&] { return ben.client().draft(draft) == nullptr; }));
}

TEST_CASE("I3, I6 two devices of one user write to one draft through two servers: every op once, none out of turn",
          "[postgres][servers]") {
  EventLoop loop;
  const std::string url = sharedCluster().url(newDatabase());
  const auto one = serveOver(url);
  const auto other = serveOver(url);
  Person desk(loop, one->url(), "ann");
  Person phone(loop, other->url(), "ann");
  const DraftId draft = desk.create();
  REQUIRE(phone.sees([&] { return phone.confirmed(draft).seq == 1; }));
  for (int i = 0; i < 60; ++i) {
    desk.append(draft, "desk " + std::to_string(i));
    phone.append(draft, "phone " + std::to_string(i));
    loop.runFor(milliseconds(2));
  }
  REQUIRE(desk.settles());
  REQUIRE(phone.settles());
  REQUIRE(desk.sees([&] { return desk.count(draft) == 120 && phone.count(draft) == 120; }));
  CHECK(desk.confirmed(draft) == phone.confirmed(draft));
  const auto log = logOf(*openStoreAt(url), draft);
  CHECK(log.size() == 121);
  auto counts = countsOf(log);
  for (const Person* device : {&desk, &phone}) {
    for (const auto& [op, receipt] : device->receipts()) {
      CHECK(std::holds_alternative<Accepted>(receipt));
      CHECK(counts[op] == 1);
    }
  }
}

TEST_CASE("SPEC 15 clients move between three servers of which one is killed again and again: all converge",
          "[postgres][servers]") {
  EventLoop loop;
  const std::string url = sharedCluster().url(newDatabase());
  std::vector<std::unique_ptr<ServeProcess>> servers;
  std::vector<std::uint16_t> ports;
  for (int i = 0; i < 3; ++i) {
    servers.push_back(serveOver(url));
    ports.push_back(servers.back()->port());
  }
  const Balancer balancer(ports);
  constexpr std::size_t kDrafts = 16;
  constexpr std::size_t kReadersEach = 3;
  std::vector<std::unique_ptr<Writer>> writers;
  std::vector<std::unique_ptr<Person>> readers;
  for (std::size_t i = 0; i < kDrafts; ++i) {
    const std::string writer = "writer" + std::to_string(i);
    writers.push_back(std::make_unique<Writer>(loop, balancer.url(), writer, 2));
    for (std::size_t k = 0; k < kReadersEach; ++k) {
      const std::string name = writer + "-reader" + std::to_string(k);
      writers.back()->person().act(writers.back()->draft(), AddCollaborator{.user = name, .role = Role::viewer});
      readers.push_back(std::make_unique<Person>(loop, balancer.url(), name));
    }
  }
  for (std::size_t round = 0; round < 6; ++round) {
    allGoOn(writers);
    auto& victim = servers[round % servers.size()];
    const std::string listen = "127.0.0.1:" + std::to_string(victim->port());
    victim->signal(SIGKILL);
    victim = nullptr;
    loop.runFor(milliseconds(200));
    victim = serveOver(url, listen);
  }
  for (const auto& writer : writers) {
    writer->stop();
  }
  const auto store = openStoreAt(url);
  for (std::size_t i = 0; i < kDrafts; ++i) {
    Writer& writer = *writers[i];
    const bool settled = writer.person().settles();
    INFO(standing(writer.person(), writer.draft()));
    REQUIRE(settled);
    writer.checkAgainst(*store);
    for (std::size_t k = 0; k < kReadersEach; ++k) {
      Person& reader = *readers[i * kReadersEach + k];
      const bool converged =
          reader.sees([&] { return reader.confirmed(writer.draft()) == writer.person().confirmed(writer.draft()); });
      INFO(standing(reader, writer.draft()));
      REQUIRE(converged);
    }
  }
  CHECK(balancer.connections() > 64);  // everyone came once, and some again
}

TEST_CASE("SPEC 14 while the database is away sessions stay, work waits on the devices, and drains by itself after",
          "[postgres][breaker]") {
  EventLoop loop;
  const auto cluster = startCluster();
  const auto server = serveOver(cluster->url());
  Person ann(loop, server->url(), "ann");
  Person ben(loop, server->url(), "ben");
  const DraftId draft = ann.create();
  ann.act(draft, AddCollaborator{.user = "ben", .role = Role::viewer});
  REQUIRE(ann.settles());
  REQUIRE(ben.sees([&] { return ben.confirmed(draft).seq == 2; }));

  cluster->stop(TemporaryCluster::Stop::immediate);
  for (int i = 0; i < 20; ++i) {
    ann.append(draft, "while the database is away");
    loop.runFor(milliseconds(50));
  }
  CHECK(ann.client().status().link == Link::live);
  CHECK(ben.client().status().link == Link::live);
  CHECK(ann.receipts().size() == 2);  // none of them judged

  // Someone who comes now gets in, and is told to wait.
  Person late(loop, server->url(), "ben");
  loop.runFor(milliseconds(500));
  CHECK(late.client().status().link != Link::denied);

  REQUIRE(cluster->resume());
  REQUIRE(ann.settles());
  REQUIRE(ben.sees([&] { return ben.count(draft) == 20; }));
  REQUIRE(late.sees([&] { return late.count(draft) == 20; }));
  CHECK(logOf(*openStoreAt(cluster->url()), draft).size() == 22);
}

TEST_CASE("SPEC 15 a standby is promoted under load: nothing acknowledged is lost, the servers follow",
          "[postgres][standby]") {
  EventLoop loop;
  const auto primary = startCluster({.settings = {}, .tcp = true});
  const auto standby = startCluster({.settings = {}, .tcp = true, .standbyOf = primary.get()});
  primary->sql("ALTER SYSTEM SET synchronous_standby_names = 'standby'");
  primary->sql("SELECT pg_reload_conf()");
  const std::string hosts =
      "127.0.0.1:" + std::to_string(primary->tcpPort()) + ",127.0.0.1:" + std::to_string(standby->tcpPort());
  const std::string url = "postgres://" + std::string(TemporaryCluster::kUser) + ":" + primary->password() + "@" +
                          hosts + "/" + TemporaryCluster::kDatabase + "?target_session_attrs=read-write";
  const auto server = serveOver(url);
  const auto writers = threeWritersAt(server->url(), loop);
  allGoOn(writers);
  primary->stop(TemporaryCluster::Stop::kill);
  const auto before = writers.front()->accepted();
  const auto since = SteadyClock::now();
  standby->promote();
  const auto promoted = SteadyClock::now();
  REQUIRE(writers.front()->person().sees([&] { return writers.front()->accepted() > before + 8; }));
  UNSCOPED_INFO(
      "promotion " << std::chrono::duration_cast<milliseconds>(promoted - since).count() << " ms, first op after it "
                   << std::chrono::duration_cast<milliseconds>(SteadyClock::now() - promoted).count() << " ms");
  loop.runFor(milliseconds(300));
  const auto store = openStoreAt(standby->tcpUrl());
  for (const auto& writer : writers) {
    writer->stop();
    REQUIRE(writer->person().settles());
    writer->checkAgainst(*store);
  }
}

TEST_CASE("I9 a primary that comes back after its standby was promoted is not written to", "[postgres][standby]") {
  EventLoop loop;
  const auto primary = startCluster({.settings = {}, .tcp = true});
  const auto standby = startCluster({.settings = {}, .tcp = true, .standbyOf = primary.get()});
  primary->sql("ALTER SYSTEM SET synchronous_standby_names = 'standby'");
  primary->sql("SELECT pg_reload_conf()");
  const std::string url = "postgres://" + std::string(TemporaryCluster::kUser) + ":" + primary->password() +
                          "@127.0.0.1:" + std::to_string(primary->tcpPort()) +
                          ",127.0.0.1:" + std::to_string(standby->tcpPort()) + "/" + TemporaryCluster::kDatabase;
  const auto server = serveOver(url);
  const auto writers = threeWritersAt(server->url(), loop);
  allGoOn(writers);
  primary->stop(TemporaryCluster::Stop::kill);
  standby->promote();
  allGoOn(writers);

  // As one does who knows of no promotion. For a while it is the only one that takes connections.
  REQUIRE(primary->resume());
  primary->sql("ALTER SYSTEM RESET synchronous_standby_names");
  primary->sql("SELECT pg_reload_conf()");
  const std::string written = primary->sql("SELECT count(*) FROM ops");
  for (int round = 0; round < 2; ++round) {
    standby->sql("ALTER DATABASE onering ALLOW_CONNECTIONS false", "postgres");
    standby->sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'onering'",
                 "postgres");
    loop.runFor(milliseconds(3'000));
    standby->sql("ALTER DATABASE onering ALLOW_CONNECTIONS true", "postgres");
    allGoOn(writers);
  }
  CHECK(primary->sql("SELECT count(*) FROM ops") == written);
  finish(writers, standby->tcpUrl());
}

}  // namespace onering::testing
