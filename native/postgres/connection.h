// One connection to PostgreSQL, asynchronous and pipelined, on an event loop.
//
//   run(request) --> statements of the request, one after another without waiting, then a sync point
//            <-- all their results, or the first error
//
// Requests may be given before earlier ones are answered: the server works through them in order while their results
// travel. A request that fails leaves the connection usable; one that was cut off does not, and says `lost`.
//
// Used on the loop's thread alone.
#pragma once

#include <chrono>
#include <deque>
#include <expected>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>

#include "rows.h"
#include "statements.h"

namespace onering::postgres {

namespace asio = boost::asio;

struct Call {
  const Statement* statement = nullptr;
  std::vector<Parameter> parameters;
};

struct Request {
  std::vector<Call> calls;
};

// Why there is no answer. `message` is PostgreSQL's primary message or libpq's own: for the operator's log. It holds
// neither a value of a row nor the password.
struct Failure {
  std::string sqlState;  // empty: not PostgreSQL's word
  std::string message;
  bool lost = false;  // the connection is gone, and whether the request was carried out is not known
};

// A result for each call.
using Reply = std::expected<std::vector<Result>, Failure>;

// What to connect with, by libpq's names.
using Keywords = std::vector<std::pair<std::string, std::string>>;

class Connection {
 public:
  using Opened = std::function<void(std::expected<std::unique_ptr<Connection>, Failure>)>;
  using Done = std::function<void(Reply)>;

  // Connects, prepares the store's statements and asks for the timeline, within `patience`.
  static void open(asio::io_context& io, const Keywords& keywords, std::chrono::milliseconds patience, Opened opened);

  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  // `done` is called once, later. After `patience` without an answer the connection is given up as lost.
  void run(const Request& request, std::chrono::milliseconds patience, Done done);

  // Whether it may serve another request: nothing in flight, no transaction open, not lost, and not the wrong session
  // for this (one that takes no writes, or does not know our statements as they are): another one may do better.
  [[nodiscard]] bool isClean() const;
  // Whether a failed request has left its transaction open: a ROLLBACK makes it clean.
  [[nodiscard]] bool hasFailed() const;
  [[nodiscard]] bool isLost() const { return lost_; }
  [[nodiscard]] std::chrono::steady_clock::time_point openedAt() const { return openedAt_; }

  // On which timeline the server wrote when it was opened: a promotion begins another, of a greater number. 0: not
  // known.
  [[nodiscard]] std::int64_t timeline() const { return timeline_; }

  // What the server said of itself when connecting: "server_version", "in_hot_standby".
  [[nodiscard]] std::string parameter(const char* name) const;

 private:
  class Opening;
  struct CloseConnection {
    void operator()(PGconn* connection) const { PQfinish(connection); }
  };
  using Handle = std::unique_ptr<PGconn, CloseConnection>;

  struct InFlight {
    std::size_t calls = 0;
    std::vector<Result> results;
    std::optional<Failure> failure;
    Done done;
    std::chrono::steady_clock::time_point deadline;
  };

  Connection(asio::io_context& io, Handle handle);

  void prepareAll(std::chrono::milliseconds patience, Done done);
  void expect(std::size_t calls, bool sent, std::chrono::milliseconds patience, Done done);
  [[nodiscard]] bool send(const Call& call);
  void flush();
  void watch();
  void readable();
  void takeResults();
  void takeResult(Result result);
  void finishFirst();
  void lose(std::string message);
  void guardDeadline();

  asio::io_context& io_;
  Handle handle_;
  asio::posix::stream_descriptor socket_;
  asio::steady_timer deadline_;
  std::deque<InFlight> inFlight_;
  bool reading_ = false;
  bool writing_ = false;
  bool guarding_ = false;
  bool lost_ = false;
  bool wrong_ = false;
  std::int64_t timeline_ = 0;
  std::chrono::steady_clock::time_point openedAt_;
  std::shared_ptr<Connection*> self_;  // handlers look here whether the connection is still there: null when not
};

}  // namespace onering::postgres
