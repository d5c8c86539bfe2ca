#include "onering/cluster/temporary-cluster.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <fstream>
#include <iterator>
#include <random>
#include <stdexcept>
#include <thread>

#include <netinet/in.h>
#include <pwd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "onering/process/usage.h"

namespace onering {

namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

constexpr std::chrono::seconds kStartMax{60};  // with a recovery, on a busy machine
constexpr std::chrono::seconds kStopMax{20};

// Waits at its stdin for us to end. By then the cluster may have been stopped or started anew: its pid file tells;
// that the process it names works in the cluster's folder tells that the file is not an old one.
constexpr const char* kGuardian = R"sh(
  trap '' INT TERM HUP QUIT
  read -r nothing
  pid=$(head -n 1 "$1/data/postmaster.pid" 2>/dev/null)
  if [ -n "$pid" ] && [ "$(readlink "/proc/$pid/cwd")" = "$1/data" ]; then
    kill -QUIT "$pid"
    for i in $(seq 100);
do [-d "/proc/$pid"] && sleep 0.05; done
  fi
  rm -rf "$1"
)sh";

Rejection unavailable(const std::string& what) {
  return rejection(ErrorCode::unavailable, what);
}

std::string contentOf(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::string lastOf(const std::string& log) {
  constexpr std::size_t kEnough = 2'000;
  return log.size() <= kEnough ? log : log.substr(log.size() - kEnough);
}

int versionOf(const fs::path& folder) {
  const std::string name = folder.filename();
  int version = 0;
  std::from_chars(name.data(), name.data() + name.size(), version);
  return version;
}

std::string randomWord() {
  std::random_device entropy;
  std::string word;
  while (word.size() < 32) {
    word += "0123456789abcdef"[entropy() % 16];
  }
  return word;
}

// One that nobody listens at now.
std::uint16_t freePort() {
  const int file = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (file < 0) {
    throw std::runtime_error("no socket");
  }
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  auto* plain = reinterpret_cast<sockaddr*>(&address);
  const bool bound = ::bind(file, plain, size) == 0 && ::getsockname(file, plain, &size) == 0;
  ::close(file);
  if (!bound) {
    throw std::runtime_error("no free port");
  }
  return ntohs(address.sin_port);
}

void give(const fs::path& path, const std::string& user) {
  if (user.empty()) {
    return;
  }
  const passwd* found = ::getpwnam(user.c_str());  // NOLINT(concurrency-mt-unsafe): read at once
  if (!found || ::chown(path.c_str(), found->pw_uid, found->pw_gid) != 0) {
    throw std::runtime_error("there is no user " + user + " to run PostgreSQL as");
  }
}

// In single quotes, as postgresql.conf and libpq's connection strings have them.
std::string inQuotes(const std::string& text) {
  std::string out = "'";
  for (const char c : text) {
    if (c == '\'' || c == '\\') {
      out += '\\';
    }
    out += c;
  }
  return out + "'";
}

}  // namespace

// --- starting -----------------------------------------------------------------------------------------------

std::optional<fs::path> TemporaryCluster::programs() {
  std::optional<fs::path> newest;
  std::error_code none;
  for (const auto& version : fs::directory_iterator("/usr/lib/postgresql", none)) {
    if (fs::exists(version.path() / "bin/postgres") && fs::exists(version.path() / "bin/initdb") &&
        (!newest || versionOf(version.path()) > versionOf(newest->parent_path()))) {
      newest = version.path() / "bin";
    }
  }
  for (const char* folder : {"/usr/bin", "/usr/local/bin", "/opt/homebrew/bin"}) {
    if (!newest && fs::exists(fs::path(folder) / "postgres") && fs::exists(fs::path(folder) / "initdb")) {
      newest = folder;
    }
  }
  return newest;
}

TemporaryCluster::TemporaryCluster(ClusterOptions options, fs::path programs)
    : options_(std::move(options)), programs_(std::move(programs)) {}

std::expected<std::unique_ptr<TemporaryCluster>, Rejection> TemporaryCluster::start(ClusterOptions options) {
  auto installed = programs();
  if (!installed) {
    return std::unexpected(unavailable("PostgreSQL is not installed (Debian: postgresql-15)"));
  }
  try {
    std::unique_ptr<TemporaryCluster> cluster(new TemporaryCluster(std::move(options), std::move(*installed)));
    auto running = cluster->create();
    if (running) {
      running = cluster->resume();
    }
    if (!running) {
      return std::unexpected(std::move(running.error()));
    }
    if (!cluster->options_.standbyOf) {
      cluster->createDatabase(kDatabase);
    }
    return cluster;
  } catch (const std::runtime_error& fault) {
    return std::unexpected(unavailable(fault.what()));
  }
}

std::expected<void, Rejection> TemporaryCluster::create() {
  std::string name = (fs::temp_directory_path() / "onering-cluster-XXXXXX").string();
  if (!::mkdtemp(name.data())) {
    return std::unexpected(unavailable("no temporary folder for PostgreSQL"));
  }
  folder_ = name;
  guard();
  user_ = ::geteuid() == 0 ? "postgres" : "";
  fs::create_directory(socket());
  give(folder_, user_);
  give(socket(), user_);
  if (options_.standbyOf) {
    password_ = options_.standbyOf->password_;
  } else {
    password_ = randomWord();
    std::ofstream(folder_ / "password") << password_ << '\n';
    give(folder_ / "password", user_);
  }
  if (auto filled = fill(); !filled) {
    return filled;
  }
  fs::remove(folder_ / "password");
  configure();
  return {};
}

// With what initdb or the other cluster gives it.
std::expected<void, Rejection> TemporaryCluster::fill() {
  process::Command filling;
  if (const TemporaryCluster* primary = options_.standbyOf) {
    const std::string from = "host=" + inQuotes(primary->socket()) + " port=" + std::to_string(primary->port()) +
                             " user=" + kUser + " application_name=" + inQuotes(options_.standbyName);
    filling = command("pg_basebackup", {"--pgdata", data(), "--dbname", from, "--checkpoint", "fast", "--no-sync",
                                        "--write-recovery-conf"});
  } else {
    filling = command(
        "initdb", {"--pgdata", data(), "--username", kUser, "--pwfile", folder_ / "password", "--auth-local", "trust",
                   "--auth-host", "scram-sha-256", "--encoding", "UTF8", "--locale", "C", "--no-sync"});
  }
  filling.log = folder_ / "log";
  process::Child child(filling);
  if (const auto ended = child.wait(); !ended || ended->exitCode != 0) {
    return std::unexpected(unavailable("PostgreSQL cannot be set up: " + lastOf(log())));
  }
  return {};
}

void TemporaryCluster::configure() const {
  std::ofstream file(data() / "postgresql.conf", std::ios::app);
  file << "listen_addresses = " << (options_.tcp ? "'127.0.0.1'" : "''") << '\n'
       << "unix_socket_directories = " << inQuotes(socket()) << '\n'
       << "fsync = on\nsynchronous_commit = on\nfull_page_writes = on\n";
  for (const auto& [name, value] : options_.settings) {
    file << name << " = " << inQuotes(value) << '\n';
  }
}

void TemporaryCluster::guard() {
  guardian_.emplace(process::Command{.program = "/bin/sh",
                                     .arguments = {"-c", kGuardian, "guardian", folder_},
                                     .user = {},
                                     .folder = "/",
                                     .log = "/dev/null",
                                     .input = {},
                                     .environment = {},
                                     .holdOn = true});
}

std::expected<void, Rejection> TemporaryCluster::resume() {
  fs::remove(data() / "postmaster.pid");  // of a server that was killed; a process may have its number by now
  if (options_.tcp && tcpPort_ == 0) {
    tcpPort_ = freePort();
  }
  auto serving = command("postgres", {"-D", data(), "-p", std::to_string(port())});
  serving.log = folder_ / "log";
  server_.emplace(serving);
  const auto until = Clock::now() + kStartMax;
  while (!isReady()) {
    if (!server_->isRunning() || Clock::now() > until) {
      server_.reset();
      return std::unexpected(unavailable("PostgreSQL does not start: " + lastOf(log())));
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  return {};
}

// The eighth line of the pid file says how far it is.
bool TemporaryCluster::isReady() const {
  std::ifstream file(data() / "postmaster.pid");
  std::string line;
  for (int i = 0; i < 8; ++i) {
    if (!std::getline(file, line)) {
      return false;
    }
  }
  return line.starts_with("ready");
}

// --- ending -------------------------------------------------------------------------------------------------

TemporaryCluster::~TemporaryCluster() {
  stop(Stop::immediate);
  guardian_.reset();  // its work is ours now; it waits for this process to end, and that is not what happened
  std::error_code ignored;
  if (!folder_.empty()) {
    fs::remove_all(folder_, ignored);
  }
}

void TemporaryCluster::stop(Stop how) {
  if (!server_) {
    return;
  }
  const auto all = processes();
  if (how == Stop::kill) {
    for (const pid_t each : all) {  // the first one first, so that it starts no others
      ::kill(each, SIGKILL);
    }
  } else {
    server_->signal(how == Stop::fast ? SIGINT : SIGQUIT);
  }
  static_cast<void>(server_->wait(kStopMax));
  server_.reset();
  // Those that it started outlast it by a moment, and hold what a new server needs.
  const auto until = Clock::now() + kStopMax;
  while (std::ranges::any_of(all, [](pid_t each) { return ::kill(each, 0) == 0; }) && Clock::now() < until) {
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
}

// --- using --------------------------------------------------------------------------------------------------

std::string TemporaryCluster::url(const std::string& database) const {
  return "postgres:///" + database + "?host=" + socket().string() + "&port=" + std::to_string(port()) +
         "&user=" + kUser;
}

std::string TemporaryCluster::tcpUrl(const std::string& database) const {
  return std::string("postgres://") + kUser + ":" + password_ + "@127.0.0.1:" + std::to_string(tcpPort_) + "/" +
         database;
}

std::string TemporaryCluster::log() const {
  return contentOf(folder_ / "log");
}

process::Command TemporaryCluster::command(const std::string& name, std::vector<std::string> arguments) const {
  return {.program = programs_ / name,
          .arguments = std::move(arguments),
          .user = user_,
          .folder = folder_,
          .log = {},
          .input = {},
          .environment = {}};
}

std::string TemporaryCluster::program(const std::string& name, std::vector<std::string> arguments,
                                      const std::string& database) const {
  auto running = command(name, std::move(arguments));
  running.environment = {"PGHOST=" + socket().string(), "PGPORT=" + std::to_string(port()),
                         std::string("PGUSER=") + kUser, "PGDATABASE=" + database};
  running.log = folder_ / "programs-log";
  const auto ended = process::run(running);
  if (ended.exitCode != 0) {
    throw std::runtime_error(name + " failed: " + ended.out + lastOf(contentOf(running.log)));
  }
  return ended.out;
}

std::string TemporaryCluster::sql(const std::string& statements, const std::string& database) const {
  std::string rows = program(
      "psql", {"--no-psqlrc", "--quiet", "--no-align", "--tuples-only", "-v", "ON_ERROR_STOP=1", "-c", statements},
      database);
  if (rows.ends_with('\n')) {
    rows.pop_back();
  }
  return rows;
}

void TemporaryCluster::createDatabase(const std::string& name) const {
  static_cast<void>(program("createdb", {name}, "postgres"));
}

pid_t TemporaryCluster::postmaster() const {
  return server_ ? server_->pid() : -1;
}

std::vector<pid_t> TemporaryCluster::processes() const {
  if (!server_) {
    return {};
  }
  std::vector<pid_t> all = process::childrenOf(server_->pid());
  all.insert(all.begin(), server_->pid());
  return all;
}

double TemporaryCluster::cpuSeconds() const {
  return server_ ? process::cpuSecondsOfTree(server_->pid()) : 0;
}

void TemporaryCluster::promote() const {
  static_cast<void>(sql("SELECT pg_promote()", "postgres"));
}

}  // namespace onering
