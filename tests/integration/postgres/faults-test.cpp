// What goes wrong around a database, under load: processes that are killed, connections that are cut or fall silent, a
// disk without room. Whatever it was, every op that was acknowledged is there exactly once, and work goes on by itself.
#include <algorithm>
#include <filesystem>
#include <fstream>

#include <catch2/catch_test_macros.hpp>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "balancer.h"
#include "database.h"
#include "writer.h"

namespace onering::testing {

namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

std::string urlThrough(const TemporaryCluster& cluster, const std::string& hosts) {
  return "postgres://" + std::string(TemporaryCluster::kUser) + ":" + cluster.password() + "@" + hosts + "/" +
         TemporaryCluster::kDatabase;
}

std::vector<std::unique_ptr<Writer>> someWriters(EventLoop& loop, const std::string& url) {
  std::vector<std::unique_ptr<Writer>> writers;
  writers.reserve(4);
  for (int i = 0; i < 4; ++i) {
    writers.push_back(std::make_unique<Writer>(loop, url, "writer" + std::to_string(i), 8));
  }
  return writers;
}

// Mounts of ours are seen by us and by whom we start from now on, and go when all of us have gone. False: not allowed.
bool haveMountsOfOurOwn() {
  return ::unshare(CLONE_NEWNS) == 0 && ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0;
}

// A file system with so little room that a test can fill it, though not by what is accepted meanwhile, for whom the
// cluster runs as. Gone with the cluster.
std::filesystem::path mountSmallDisk(const TemporaryCluster& cluster) {
  const std::filesystem::path at = cluster.folder() / "small";
  std::filesystem::create_directory(at);
  struct stat data{};
  REQUIRE(::stat(cluster.data().c_str(), &data) == 0);
  const std::string options = "size=" + std::to_string(48 + 4 * rounds(2)) +
                              "m,mode=0700,uid=" + std::to_string(data.st_uid) + ",gid=" + std::to_string(data.st_gid);
  REQUIRE(::mount("onering-test", at.c_str(), "tmpfs", 0, options.c_str()) == 0);
  return at;
}

}  // namespace

TEST_CASE(
    "I9 servers are killed, backends are killed, the whole cluster is killed: what was acknowledged is there once",
    "[postgres][crash]") {
  EventLoop loop;
  const auto cluster = startCluster();
  auto server = serveOver(cluster->url());
  const std::string listen = "127.0.0.1:" + std::to_string(server->port());
  const auto writers = someWriters(loop, server->url());
  for (int round = 0; round < rounds(2); ++round) {
    allGoOn(writers);
    server->signal(SIGKILL);
    server = nullptr;
    loop.runFor(milliseconds(50));
    server = serveOver(cluster->url(), listen);

    allGoOn(writers);
    cluster->sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'onering'");

    allGoOn(writers);
    cluster->stop(TemporaryCluster::Stop::kill);
    loop.runFor(milliseconds(300));
    REQUIRE(cluster->resume());
  }
  allGoOn(writers);
  finish(writers, cluster->url());
  server->signal(SIGTERM);
  const auto ended = server->wait();
  REQUIRE(ended);
  CHECK(ended->exitCode == 0);
  CHECK(runOneRing({"db", "verify", "--all", "--store", cluster->url()}).exitCode == 0);
}

TEST_CASE("I9 the database's answers get lost on connections that stay open: nothing is lost or doubled",
          "[postgres][crash]") {
  EventLoop loop;
  const auto cluster = startCluster({.settings = {}, .tcp = true});
  Balancer wire({cluster->tcpPort()});
  const auto server = serveOver(urlThrough(*cluster, "127.0.0.1:" + std::to_string(wire.port())));
  const auto writers = someWriters(loop, server->url());
  for (int round = 0; round < std::max(1, rounds(2) / 10); ++round) {
    allGoOn(writers);
    wire.fallSilent();  // what was sent is committed, and nobody hears of it
    allGoOn(writers);
  }
  finish(writers, cluster->tcpUrl());
  CHECK(runOneRing({"db", "verify", "--all", "--store", cluster->url()}).exitCode == 0);
}

TEST_CASE("SPEC 15 a first host that never answers does not hide the second", "[postgres][standby]") {
  EventLoop loop;
  const auto cluster = startCluster({.settings = {}, .tcp = true});
  Balancer hole({cluster->tcpPort()});
  const std::string hosts =
      "127.0.0.1:" + std::to_string(hole.port()) + ",127.0.0.1:" + std::to_string(cluster->tcpPort());
  const auto server = serveOver(urlThrough(*cluster, hosts));
  const auto writers = someWriters(loop, server->url());
  allGoOn(writers);
  hole.fallSilentForGood();  // connections are taken, and nothing is said on them
  cluster->sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'onering'");
  allGoOn(writers);
  finish(writers, cluster->tcpUrl());
}

TEST_CASE("I9 the database's disk is full: work waits, nothing that was acknowledged is lost, and it goes on",
          "[postgres][crash]") {
  EventLoop loop;
  if (!haveMountsOfOurOwn()) {
    SKIP("a full disk: this user may not mount a small file system");
  }
  auto cluster = startCluster();
  const std::filesystem::path disk = mountSmallDisk(*cluster);
  cluster->sql("CREATE TABLESPACE small LOCATION '" + disk.string() + "'");
  cluster->sql("CREATE DATABASE narrow TABLESPACE small");
  const std::string url = cluster->url("narrow");
  const auto server = serveOver(url);
  const auto writers = someWriters(loop, server->url());
  for (int round = 0; round < rounds(2); ++round) {
    allGoOn(writers);
    const std::filesystem::path spare = disk / "spare";
    std::ofstream(spare) << std::string(1U << 20U, ' ');
    // Takes the last of the room: the statement fails, and what it had written with it, so it is tried with less.
    cluster->sql("CREATE TABLE ballast (filler text)", "narrow");
    cluster->sql("ALTER TABLE ballast ALTER filler SET STORAGE EXTERNAL", "narrow");
    for (int kilobytes = 32'768; kilobytes >= 8; kilobytes /= 2) {
      try {
        while (true) {
          cluster->sql("INSERT INTO ballast SELECT repeat('x', 8000) FROM generate_series(1, " +
                           std::to_string(kilobytes / 8) + ")",
                       "narrow");
        }
      } catch (const std::runtime_error& full) {
        const std::string said = full.what();
        CHECK((said.contains("No space left on device") || said.contains("could not write init file")));
      }
    }
    // Until nobody gets on any more.
    std::size_t before = 0;
    const auto accepted = [&] {
      std::size_t sum = 0;
      for (const auto& writer : writers) sum += writer->accepted();
      return sum;
    };
    for (int i = 0; i < 100 && accepted() != before; ++i) {
      before = accepted();
      loop.runFor(milliseconds(1'500));
    }
    CHECK(accepted() == before);
    for (const auto& writer : writers) CHECK(writer->person().client().status().link == Link::live);
    // A connection needs some room, too, where what PostgreSQL remembers of the tables has to be written anew.
    std::filesystem::remove(spare);
    cluster->sql("DROP TABLE ballast", "narrow");
    cluster->sql("CHECKPOINT", "narrow");  // gives the room back
  }
  allGoOn(writers);
  finish(writers, url);
  CHECK(runOneRing({"db", "verify", "--all", "--store", url}).exitCode == 0);
  cluster->stop(TemporaryCluster::Stop::immediate);
  CHECK(::umount(disk.c_str()) == 0);
}

}  // namespace onering::testing
