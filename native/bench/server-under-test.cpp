#include "server-under-test.h"

#include <algorithm>
#include <fstream>
#include <iterator>
#include <utility>

#include <sys/resource.h>
#include <unistd.h>

#include "onering/process/usage.h"

#include "figures.h"

namespace onering::bench {

namespace {

constexpr std::chrono::seconds kStartMax{60};

// Each connection takes one here and one there; the server inherits it.
void allowManyFiles() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) == 0) {
    limit.rlim_cur = limit.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &limit);
  }
}

std::filesystem::path makeFolder() {
  std::string name = (std::filesystem::temp_directory_path() / "onering-bench-XXXXXX").string();
  if (!::mkdtemp(name.data())) {
    fail(ErrorCode::storageUnavailable, "There is no temporary folder to keep drafts in.");
  }
  return name;
}

}  // namespace

ServerUnderTest::ServerUnderTest(ServerSettings settings) : settings_(std::move(settings)), url_(settings_.url) {
  allowManyFiles();
  if (!isOurs()) {
    return;
  }
  folder_ = makeFolder();
  if (settings_.store == StoreKind::postgres) {
    auto started = TemporaryCluster::start();
    if (!started) {
      throw Failed{std::move(started.error())};
    }
    cluster_ = std::move(*started);
  }
  startServer();
}

ServerUnderTest::~ServerUnderTest() {
  server_.reset();
  second_.reset();
  std::error_code ignored;
  if (!folder_.empty()) {
    std::filesystem::remove_all(folder_, ignored);
  }
}

std::string ServerUnderTest::storeName() const {
  switch (settings_.store) {
    case StoreKind::memory:
      return "memory";
    case StoreKind::sqlite:
      return folder_ / "drafts.db";
    case StoreKind::postgres:
      return cluster_->url();
  }
  return {};
}

process::Child ServerUnderTest::startAt(std::string& listen, const char* log) {
  checkInterrupted();
  process::Child server({.program = settings_.program,
                         .arguments = {"serve", "--dev-auth", "--listen", listen, "--store", storeName(), "--log-level",
                                       "error", "--user-rate", "0", "--address-rate", "0"},
                         .user = {},
                         .folder = {},
                         .log = folder_ / log,
                         .input = {},
                         .environment = {},
                         .listen = true,
                         .diesWithUs = true});
  const auto line = server.readLine(kStartMax);
  const auto quote = line ? line->rfind('"') : std::string::npos;
  const auto before = quote == std::string::npos ? quote : line->rfind('"', quote - 1);
  if (before == std::string::npos) {
    std::ifstream said(folder_ / log);
    fail(ErrorCode::unavailable,
         "The server to measure does not start: " + std::string(std::istreambuf_iterator<char>(said), {}));
  }
  listen = line->substr(before + 1, quote - before - 1);
  return server;
}

void ServerUnderTest::startServer() {
  server_.emplace(startAt(listen_, "log"));
  url_ = "ws://" + listen_;
}

std::string ServerUnderTest::startSecond() {
  if (!cluster_) {
    fail(ErrorCode::storageUnavailable, "Two servers share a PostgreSQL: --store postgres.");
  }
  std::string listen = "127.0.0.1:0";
  second_.emplace(startAt(listen, "log-of-the-second"));
  return "ws://" + listen;
}

double ServerUnderTest::cpuSeconds() const {
  return (server_ ? process::cpuTimesOf(server_->pid()).own : 0) +
         (second_ ? process::cpuTimesOf(second_->pid()).own : 0);
}

double ServerUnderTest::databaseCpuSeconds() const {
  return cluster_ ? cluster_->cpuSeconds() : 0;
}

std::size_t ServerUnderTest::residentBytes() const {
  return server_ ? process::residentBytesOf(server_->pid()) : 0;
}

void ServerUnderTest::kill9() {
  server_->signal(SIGKILL);
  static_cast<void>(server_->wait());
}

void ServerUnderTest::restart() {
  server_->signal(SIGTERM);
  if (!server_->wait(std::chrono::seconds(30))) {
    fail(ErrorCode::unavailable, "The server to measure does not stop.");
  }
  startServer();
}

void ServerUnderTest::describe(Figures& figures) const {
  if (!isOurs()) {
    figures["server"] = url_;
    return;
  }
  if (cluster_) {
    figures["store"] = "postgres";
    figures["database"] = {{"version", cluster_->sql("SHOW server_version")},
                           {"fsync", cluster_->sql("SHOW fsync")},
                           {"synchronousCommit", cluster_->sql("SHOW synchronous_commit")},
                           {"cluster", "temporary, on a unix socket"}};
  } else {
    figures["store"] = settings_.store == StoreKind::memory ? "memory" : "sqlite";
  }
}

// --- costs --------------------------------------------------------------------------------------------------

CpuMeter::CpuMeter(const ServerUnderTest& server)
    : of_(server),
      server_(-server.cpuSeconds()),
      database_(-server.databaseCpuSeconds()),
      generator_(-process::cpuTimesOf(::getpid()).own) {}

void CpuMeter::stop() {
  server_ += of_.cpuSeconds();
  database_ += of_.databaseCpuSeconds();
  generator_ += process::cpuTimesOf(::getpid()).own;
}

void CpuMeter::tell(Figures& figures) const {
  if (of_.isOurs()) {
    figures["serverCpuSeconds"] = rounded(all());
    if (of_.cluster()) {
      figures["databaseCpuSeconds"] = rounded(database_);
    }
  }
  figures["generatorCpuSeconds"] = rounded(generator_);
}

// --- waiting ------------------------------------------------------------------------------------------------

void runFor(EventLoop& loop, double seconds) {
  constexpr double kGlance = 0.1;
  for (const auto start = Clock::now(); secondsSince(start) < seconds;) {
    loop.runFor(millisecondsOf(std::min(kGlance, seconds - secondsSince(start)) + 0.001));
    checkInterrupted();
  }
}

void runUntil(EventLoop& loop, const char* what, const std::function<bool()>& done, double secondsMax) {
  constexpr std::chrono::milliseconds kGlance{100};
  const auto start = Clock::now();
  while (!loop.runUntil(done, kGlance)) {
    checkInterrupted();
    if (secondsSince(start) > secondsMax) {
      fail(ErrorCode::unavailable, std::string("Timed out: ") + what + ".");
    }
  }
}

}  // namespace onering::bench
