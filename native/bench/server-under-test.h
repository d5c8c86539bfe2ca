// The server that a benchmark puts load on, and what that costs it.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "onering/bench/bench.h"
#include "onering/client/event-loop.h"
#include "onering/cluster/temporary-cluster.h"
#include "onering/process/child.h"

namespace onering::bench {

class ServerUnderTest {
 public:
  // Starts one of our own, with the cluster or file that its store needs, unless the settings name another. Throws
  // Failed.
  explicit ServerUnderTest(ServerSettings settings);
  // Ends what was started and removes what it kept.
  ~ServerUnderTest();
  ServerUnderTest(const ServerUnderTest&) = delete;
  ServerUnderTest& operator=(const ServerUnderTest&) = delete;
  ServerUnderTest(ServerUnderTest&&) = delete;
  ServerUnderTest& operator=(ServerUnderTest&&) = delete;

  [[nodiscard]] const std::string& url() const { return url_; }
  // Whether it is ours: only then its costs can be read, and only then it can be killed.
  [[nodiscard]] bool isOurs() const { return settings_.url.empty(); }
  [[nodiscard]] bool survivesKill() const { return isOurs() && settings_.store != StoreKind::memory; }
  // Null: its store is not PostgreSQL.
  [[nodiscard]] const TemporaryCluster* cluster() const { return cluster_.get(); }

  // Since it was started. The database's own processes are not part of it. 0 for a server that is not ours.
  [[nodiscard]] double cpuSeconds() const;
  [[nodiscard]] double databaseCpuSeconds() const;
  [[nodiscard]] std::size_t residentBytes() const;

  // Another server over the same database, and its address. Throws Failed unless ours is over PostgreSQL.
  [[nodiscard]] std::string startSecond();

  void kill9();
  // Starts it again after kill9(), or stops it in order and starts it again, at the same address, over the same store.
  void restart();

  // What was measured, and how durable it is.
  void describe(Figures& figures) const;

 private:
  // At settings' store; writes where it listens.
  [[nodiscard]] process::Child startAt(std::string& listen, const char* log);
  void startServer();
  // As `onering serve --store` has it.
  [[nodiscard]] std::string storeName() const;

  ServerSettings settings_;
  std::string url_;
  std::string listen_ = "127.0.0.1:0";
  std::unique_ptr<TemporaryCluster> cluster_;
  std::filesystem::path folder_;  // of the SQLite file and the server's log; empty: no server of ours
  std::optional<process::Child> server_;
  std::optional<process::Child> second_;
};

// CPU time from its construction on.
class CpuMeter {
 public:
  explicit CpuMeter(const ServerUnderTest& server);

  // Reads once more and stops.
  void stop();

  [[nodiscard]] double server() const { return server_; }  // without the database
  [[nodiscard]] double all() const { return server_ + database_; }
  // serverCpuSeconds (all of it), of which databaseCpuSeconds; generatorCpuSeconds. Nothing about the first two where
  // they cannot be read.
  void tell(Figures& figures) const;

 private:
  const ServerUnderTest& of_;
  double server_;
  double database_;
  double generator_;
};

// Runs the loop for `seconds`, or until `done`. Throws Failed when `done` does not come in that time, and Interrupted.
void runFor(EventLoop& loop, double seconds);
void runUntil(EventLoop& loop, const char* what, const std::function<bool()>& done, double secondsMax = 60);

}  // namespace onering::bench
