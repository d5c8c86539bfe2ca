// OneRing as a library: the authority over a store, behind WebSocket and HTTP on one port.
//
//   GET /sync      WebSocket, subprotocol "onering.1": the protocol of onering.capnp
//   /api/...       JSON over HTTP for programs without a replica: docs/openapi.json
//   GET /healthz   is the process there
//   GET /readyz    can it take work
//   GET /api/health/db   what the store says
//   GET /metrics   for Prometheus
//   GET /...       files of `webDirectory`
//
// Two threads: one for all connections and the authority, one for the store, which may wait for disks. With a
// database the first is all there is. The tests build docs/embedding.md, a whole program around this header.
#pragma once

#include <chrono>
#include <cstdint>
#include <expected>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "onering/domain/error.h"
#include "onering/domain/limits.h"
#include "onering/ports/store.h"
#include "onering/postgres/options.h"
#include "onering/server/auth.h"
#include "onering/server/metrics.h"

namespace onering {

enum class LogLevel : std::uint8_t { debug, info, warning, error };

// Told what operators want to know; never holds a token or a user's text. Called from both threads.
using Log = std::function<void(LogLevel, std::string_view)>;

// What a line is about, by name: session, request, op, draft, batch, user.
using LogFields = std::vector<std::pair<std::string_view, std::string>>;
struct LogRecord {
  LogLevel level = LogLevel::info;
  std::string_view text;
  const LogFields& fields;
};
// Told the same as Log, in parts: for logs that machines read.
using RecordLog = std::function<void(const LogRecord&)>;

// How a server's database is.
struct DatabaseHealth {
  bool connected = false;
  bool tablesPresent = false;
  std::optional<std::chrono::duration<double, std::milli>> latency{};
};

// What one client, or all of them, may cost. Sizes in bytes.
struct ServerBounds {
  std::size_t connections = 20'000;       // open at a time
  std::size_t connectionsPerUser = 64;    // SPEC §13
  std::size_t connectionsPerAddress = 0;  // 0: as many as there are; behind a proxy all come from one address
  std::size_t headerBytes = 16'384;       // of an HTTP request
  std::size_t bodyBytes = 131'072;        // of an HTTP request
  // Requests to /api/; twice as many may come at once after a pause. 0: as many as there are.
  std::size_t requestsPerSecondPerUser = 1'000;
  std::size_t requestsPerSecondPerAddress = 0;  // behind a proxy all come from one address
  // Messages of all sessions of a user, a tenth of them in each tenth of a second; what comes beyond them is read
  // later. 0: as many as there are.
  std::size_t messagesPerSecondPerUser = 10'000;
  // Of messages queued for one session: above `outgoingBytesBusy` nothing is read from it until it has read, above
  // `outgoingBytes` they are dropped and it is told to catch up (SPEC S13). Between the two there must be room for
  // `readsPerSession` answers.
  std::size_t outgoingBytesBusy = 1U << 20U;
  std::size_t outgoingBytes = 8U << 20U;
  std::size_t answerBytes = 1U << 20U;  // of text in one answer to a replica that catches up
  std::size_t readsPerSession = 4;      // such answers in work at a time
  std::size_t pageBytes = 32U << 20U;   // of what was read over HTTP and may be told again
  // Of pushes that wait for their receipts; above, nothing is read until some have been given.
  std::size_t opsUnanswered = 1'024;        // of one session
  std::size_t bytesUnanswered = 4U << 20U;  // of one session
  std::size_t bytesUnansweredInAll = 256U << 20U;
};

struct ServerTimeouts {
  std::chrono::milliseconds handshake{10'000};  // from the connection to the whole HTTP request
  std::chrono::milliseconds keepAlive{30'000};  // between two HTTP requests
  std::chrono::milliseconds hello{10'000};      // from the WebSocket to a user who is known
  std::chrono::milliseconds idle{60'000};       // without a byte, although pinged after half of it
  std::chrono::milliseconds farewell{2'000};    // from our close frame to the end of the connection
  std::chrono::milliseconds shutdown{10'000};   // for batches and farewells after stop()
};

struct ServerOptions {
  std::string listen = "127.0.0.1:8080";  // ADDRESS:PORT, [IPV6]:PORT; port 0: one that is free
  // One of the two. A store is used by a thread of its own; a database from the server's loop, and any number of
  // servers may share it.
  std::unique_ptr<Store> store;
  std::optional<PostgresOptions> database;
  std::shared_ptr<Authenticator> authenticator;
  std::filesystem::path webDirectory;  // empty: serves no files
  // Pages of other origins that may connect: "https://app.example.org". When the server listens on a loopback
  // address, its own pages may, whatever this says.
  std::vector<std::string> allowedOrigins;
  Limits limits;
  ServerBounds bounds;
  ServerTimeouts timeouts;
  Log log;                              // empty: silent
  RecordLog records;                    // when set, told instead of `log`
  LogLevel logLevel = LogLevel::debug;  // less is not told
  std::shared_ptr<Metrics> metrics;     // to share them with other parts; empty: the server's own
  // Asks how the database is; calls what it is given once, at once or later, from any thread. Empty: the store is
  // asked a question that costs nothing.
  std::function<void(std::function<void(DatabaseHealth)>)> databaseHealth;
};

// One thread may call run(); stop() may be called from any.
class Server {
 public:
  // Takes the address, and makes a database ready. `unavailable`: it is taken or not this machine's; `notAllowed`: the
  // authenticator may not be reachable from there; `protocolError`: the address cannot be understood. Of a database:
  // see prepareDatabase().
  [[nodiscard]] static std::expected<std::unique_ptr<Server>, Rejection> create(ServerOptions options);

  // stop(), and waits.
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;
  Server(Server&&) = delete;
  Server& operator=(Server&&) = delete;

  [[nodiscard]] std::uint16_t boundPort() const;
  [[nodiscard]] std::string boundAddress() const;  // "127.0.0.1:8080", "[::1]:8080"

  // Serves in the calling thread until stop().
  void run();

  // Serves in a thread of its own.
  void start();

  // Accepts nothing more, finishes the batches in work, sends their receipts, says farewell (1001) to all
  // sessions, at the latest after timeouts.shutdown. Returns at once.
  void stop();

 private:
  struct Impl;
  explicit Server(std::unique_ptr<Impl> impl);

  std::unique_ptr<Impl> impl_;
};

}  // namespace onering
