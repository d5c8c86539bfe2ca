// A PostgreSQL cluster of our own in a temporary folder, as durable as a real one, and gone afterwards.
//
//   folder/            only for who started it and the user whom the server runs as
//     data/            the cluster
//     socket/          where it listens; with ClusterOptions::tcp also on a loopback port
//     log              what the server says
//
// It ends with the object, and should this process end in any other way (an exception, a signal, kill -9), a small
// guardian process that holds the other end of a pipe stops it and removes the folder.
//
// PostgreSQL does not run as root: started by root, it runs as the user `postgres`.
#pragma once

#include <chrono>
#include <cstdint>
#include <expected>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "onering/domain/error.h"
#include "onering/process/child.h"

namespace onering {

class TemporaryCluster;

struct ClusterOptions {
  // Lines of postgresql.conf, after what we write there: fsync, synchronous_commit and full_page_writes on, the rest
  // as PostgreSQL has it by default.
  std::vector<std::pair<std::string, std::string>> settings;
  // Listen on 127.0.0.1, too, for who has the password that tcpUrl() holds.
  bool tcp = false;
  // Not a new cluster but a hot standby of this one, which must be running and outlive the call.
  const TemporaryCluster* standbyOf = nullptr;
  // As which `application_name` a standby follows; what synchronous_standby_names asks for.
  std::string standbyName = "standby";
};

class TemporaryCluster {
 public:
  static constexpr const char* kUser = "onering";  // a superuser
  static constexpr const char* kDatabase = "onering";

  // PostgreSQL's programs on this machine; nothing: it is not installed.
  [[nodiscard]] static std::optional<std::filesystem::path> programs();

  // Ready for connections. unavailable: it is not installed, or would not start, with what it said.
  [[nodiscard]] static std::expected<std::unique_ptr<TemporaryCluster>, Rejection> start(ClusterOptions options = {});

  // Stops the server at once and removes the folder.
  ~TemporaryCluster();
  TemporaryCluster(const TemporaryCluster&) = delete;
  TemporaryCluster& operator=(const TemporaryCluster&) = delete;
  TemporaryCluster(TemporaryCluster&&) = delete;
  TemporaryCluster& operator=(TemporaryCluster&&) = delete;

  // As libpq understands it; through the socket.
  [[nodiscard]] std::string url(const std::string& database = kDatabase) const;
  // Through the loopback port. Only with ClusterOptions::tcp.
  [[nodiscard]] std::string tcpUrl(const std::string& database = kDatabase) const;
  [[nodiscard]] std::uint16_t tcpPort() const { return tcpPort_; }
  [[nodiscard]] const std::string& password() const { return password_; }

  [[nodiscard]] const std::filesystem::path& folder() const { return folder_; }
  [[nodiscard]] std::filesystem::path data() const { return folder_ / "data"; }
  [[nodiscard]] std::filesystem::path socket() const { return folder_ / "socket"; }
  // The server's log so far.
  [[nodiscard]] std::string log() const;

  // What these three run must work, or they throw std::runtime_error with what it said.
  void createDatabase(const std::string& name) const;
  // Rows of the last statement, columns with | between them.
  std::string sql(const std::string& statements, const std::string& database = kDatabase) const;
  // A program of PostgreSQL's ("pgbench", "pg_dump") as its user, with the connection in its environment.
  std::string program(const std::string& name, std::vector<std::string> arguments,
                      const std::string& database = kDatabase) const;

  // The first process of the server and all others; none while it is stopped.
  [[nodiscard]] pid_t postmaster() const;
  [[nodiscard]] std::vector<pid_t> processes() const;
  // CPU time of the whole server since it was last started, in seconds.
  [[nodiscard]] double cpuSeconds() const;

  enum class Stop : std::uint8_t {
    fast,       // ends connections, writes everything
    immediate,  // as after a crash: recovers when it is started again
    kill,       // kill -9 of every process
  };
  void stop(Stop how);
  // Starts a stopped server; the same rejections as start().
  [[nodiscard]] std::expected<void, Rejection> resume();

  // Makes a standby a primary; waits until it takes writes.
  void promote() const;

 private:
  TemporaryCluster(ClusterOptions options, std::filesystem::path programs);

  [[nodiscard]] std::expected<void, Rejection> create();
  [[nodiscard]] std::expected<void, Rejection> fill();
  [[nodiscard]] process::Command command(const std::string& name, std::vector<std::string> arguments) const;
  void configure() const;
  void guard();
  [[nodiscard]] bool isReady() const;
  // Also part of the socket's name, which is ours alone.
  [[nodiscard]] int port() const { return tcpPort_ ? tcpPort_ : 5432; }

  ClusterOptions options_;
  std::filesystem::path programs_;
  std::filesystem::path folder_;
  std::string user_;  // whom the programs run as; empty: us
  std::string password_;
  std::uint16_t tcpPort_ = 0;
  std::optional<process::Child> guardian_;
  std::optional<process::Child> server_;
};

}  // namespace onering
