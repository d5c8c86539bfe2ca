#include "connection.h"

#include <algorithm>
#include <utility>

#include <boost/asio/post.hpp>

namespace onering::postgres {

namespace {

using SteadyClock = std::chrono::steady_clock;
using boost::system::error_code;
using Descriptor = asio::posix::stream_descriptor;

// libpq ends its messages with a line feed, and gives one for each host it tried.
std::string oneLine(const char* message) {
  std::string line = message ? message : "";
  while (line.ends_with('\n')) {
    line.pop_back();
  }
  std::ranges::replace(line, '\n', ' ');
  return line;
}

Failure failureOf(const PGresult* result) {
  const char* state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
  const char* message = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
  return {.sqlState = state ? state : "", .message = oneLine(message)};
}

// read_only_sql_transaction; invalid_sql_statement_name: what was prepared is gone; feature_not_supported: a plan that
// another server's migration has made stale, or writes on a standby.
bool isOfTheSession(std::string_view sqlState) {
  return sqlState == "25006" || sqlState == "26000" || sqlState == "0A000";
}

// The socket belongs to libpq: the descriptor only waits on it.
struct LetGo {
  void operator()(Descriptor* descriptor) const {
    descriptor->release();
    delete descriptor;
  }
};

}  // namespace

// --- opening --------------------------------------------------------------------------------------------

// Lives until it has called `opened`: what it waits for holds it.
class Connection::Opening : public std::enable_shared_from_this<Connection::Opening> {
 public:
  Opening(asio::io_context& io, std::chrono::milliseconds patience, Opened opened)
      : io_(io), timer_(io), until_(SteadyClock::now() + patience), opened_(std::move(opened)) {}

  void start(const Keywords& keywords) {
    std::vector<const char*> names;
    std::vector<const char*> values;
    for (const auto& [name, value] : keywords) {
      names.push_back(name.c_str());
      values.push_back(value.c_str());
    }
    names.push_back(nullptr);
    values.push_back(nullptr);
    handle_.reset(PQconnectStartParams(names.data(), values.data(), 0));
    if (!handle_ || PQstatus(handle_.get()) == CONNECTION_BAD) {
      asio::post(io_, [self = shared_from_this()] { self->fail(); });
      return;
    }
    timer_.expires_at(until_);
    timer_.async_wait([self = shared_from_this()](error_code cancelled) {
      if (!cancelled && self->opened_) {
        self->answer(std::unexpected(Failure{.sqlState = {}, .message = "no connection in time", .lost = true}));
      }
    });
    waitFor(Descriptor::wait_write);
  }

 private:
  // libpq may go on to another host, and so to another socket, with every step.
  void waitFor(Descriptor::wait_type what) {
    socket_.reset();  // first: a socket can be waited on by one descriptor only
    socket_.reset(new Descriptor(io_, PQsocket(handle_.get())));
    socket_->async_wait(what, [self = shared_from_this()](error_code failed) {
      if (!failed && self->opened_) {
        self->poll();
      }
    });
  }

  void poll() {
    switch (PQconnectPoll(handle_.get())) {
      case PGRES_POLLING_READING:
        waitFor(Descriptor::wait_read);
        break;
      case PGRES_POLLING_WRITING:
        waitFor(Descriptor::wait_write);
        break;
      case PGRES_POLLING_OK:
        connected();
        break;
      default:
        fail();
    }
  }

  void connected() {
    socket_.reset();
    if (PQsetnonblocking(handle_.get(), 1) != 0 || PQenterPipelineMode(handle_.get()) != 1) {
      fail();
      return;
    }
    connection_.reset(new Connection(io_, std::move(handle_)));
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(until_ - SteadyClock::now());
    const auto patience = std::max(left, std::chrono::milliseconds(1));
    connection_->prepareAll(patience, [self = shared_from_this()](Reply reply) {
      if (!reply) {
        self->answer(std::unexpected(std::move(reply.error())));
      }
    });
    connection_->run({.calls = {{.statement = &kTimeline, .parameters = {}}}}, patience,
                     [self = shared_from_this()](Reply reply) {
                       if (reply) {
                         self->connection_->timeline_ = rowOf(reply->at(0), 0).number(0);
                       } else if (reply.error().lost) {
                         self->answer(std::unexpected(std::move(reply.error())));
                         return;
                       }  // else a database that does not say so
                       self->answer(std::move(self->connection_));
                     });
  }

  void fail() {
    if (opened_) {
      answer(std::unexpected(Failure{.sqlState = {},
                                     .message = oneLine(handle_ ? PQerrorMessage(handle_.get()) : "out of memory"),
                                     .lost = true}));
    }
  }

  void answer(std::expected<std::unique_ptr<Connection>, Failure> result) {
    const Opened opened = std::exchange(opened_, nullptr);
    if (!opened) {
      return;
    }
    socket_.reset();
    timer_.cancel();
    opened(std::move(result));
  }

  asio::io_context& io_;
  asio::steady_timer timer_;
  SteadyClock::time_point until_;
  Opened opened_;
  Handle handle_;
  std::unique_ptr<Descriptor, LetGo> socket_;
  std::unique_ptr<Connection> connection_;
};

void Connection::open(asio::io_context& io, const Keywords& keywords, std::chrono::milliseconds patience,
                      Opened opened) {
  std::make_shared<Opening>(io, patience, std::move(opened))->start(keywords);
}

Connection::Connection(asio::io_context& io, Handle handle)
    : io_(io),
      handle_(std::move(handle)),
      socket_(io, PQsocket(handle_.get())),
      deadline_(io),
      openedAt_(SteadyClock::now()),
      self_(std::make_shared<Connection*>(this)) {}

Connection::~Connection() {
  *self_ = nullptr;
  if (socket_.is_open()) {
    socket_.release();
  }
}

std::string Connection::parameter(const char* name) const {
  const char* value = PQparameterStatus(handle_.get(), name);
  return value ? value : "";
}

bool Connection::isClean() const {
  return !lost_ && !wrong_ && inFlight_.empty() && PQtransactionStatus(handle_.get()) == PQTRANS_IDLE;
}

bool Connection::hasFailed() const {
  return !lost_ && !wrong_ && inFlight_.empty() && PQtransactionStatus(handle_.get()) == PQTRANS_INERROR;
}

// --- sending --------------------------------------------------------------------------------------------

void Connection::prepareAll(std::chrono::milliseconds patience, Done done) {
  bool sent = true;
  for (const Statement* statement : allStatements()) {
    sent = sent && PQsendPrepare(handle_.get(), statement->name, statement->sql, 0, nullptr) == 1;
  }
  expect(allStatements().size(), sent, patience, std::move(done));
}

void Connection::run(const Request& request, std::chrono::milliseconds patience, Done done) {
  bool sent = !lost_;
  for (const Call& call : request.calls) {
    sent = sent && send(call);
  }
  expect(request.calls.size(), sent, patience, std::move(done));
}

bool Connection::send(const Call& call) {
  std::vector<const char*> values;
  std::vector<int> lengths;
  for (const Parameter& parameter : call.parameters) {
    values.push_back(parameter ? parameter->data() : nullptr);
    lengths.push_back(parameter ? static_cast<int>(parameter->size()) : 0);
  }
  const std::vector<int> binary(values.size(), 1);
  return PQsendQueryPrepared(handle_.get(), call.statement->name, static_cast<int>(values.size()), values.data(),
                             lengths.data(), binary.data(), 1) == 1;
}

void Connection::expect(std::size_t calls, bool sent, std::chrono::milliseconds patience, Done done) {
  InFlight& request = inFlight_.emplace_back();
  request.calls = calls;
  request.done = std::move(done);
  request.deadline = SteadyClock::now() + patience;
  if (!sent || PQpipelineSync(handle_.get()) != 1) {
    const std::string why = oneLine(PQerrorMessage(handle_.get()));
    asio::post(io_, [self = self_, why] {
      if (*self) {
        (*self)->lose(why);
      }
    });
    return;
  }
  flush();
  guardDeadline();
}

void Connection::flush() {
  if (lost_) {
    return;
  }
  const int left = PQflush(handle_.get());
  if (left < 0) {
    const std::string why = oneLine(PQerrorMessage(handle_.get()));
    asio::post(io_, [self = self_, why] {
      if (*self) {
        (*self)->lose(why);
      }
    });
    return;
  }
  if (left > 0 && !std::exchange(writing_, true)) {
    socket_.async_wait(Descriptor::wait_write, [self = self_](error_code failed) {
      if (*self && !failed) {
        (*self)->writing_ = false;
        (*self)->flush();
      }
    });
  }
  watch();
}

// --- receiving ------------------------------------------------------------------------------------------

void Connection::watch() {
  if (inFlight_.empty() || lost_ || std::exchange(reading_, true)) {
    return;
  }
  socket_.async_wait(Descriptor::wait_read, [self = self_](error_code failed) {
    if (*self && !failed) {
      (*self)->reading_ = false;
      (*self)->readable();
    }
  });
}

void Connection::readable() {
  const auto self = self_;
  if (PQconsumeInput(handle_.get()) != 1) {
    lose(oneLine(PQerrorMessage(handle_.get())));
    return;
  }
  takeResults();
  if (!*self || lost_) {
    return;  // whoever was answered let this connection go
  }
  flush();
  watch();
}

void Connection::takeResults() {
  const auto self = self_;
  while (*self && !inFlight_.empty() && PQisBusy(handle_.get()) == 0) {
    Result result(PQgetResult(handle_.get()));
    if (!result) {
      if (PQstatus(handle_.get()) == CONNECTION_BAD) {
        lose(oneLine(PQerrorMessage(handle_.get())));
        return;
      }
      continue;  // the end of one call's results
    }
    takeResult(std::move(result));
  }
}

void Connection::takeResult(Result result) {
  InFlight& request = inFlight_.front();
  switch (PQresultStatus(result.get())) {
    case PGRES_PIPELINE_SYNC:
      finishFirst();
      break;
    case PGRES_TUPLES_OK:
    case PGRES_COMMAND_OK:
      request.results.push_back(std::move(result));
      break;
    case PGRES_PIPELINE_ABORTED:
      break;
    default:
      if (!request.failure) {
        request.failure = failureOf(result.get());
        wrong_ = wrong_ || isOfTheSession(request.failure->sqlState);
      }
      if (PQstatus(handle_.get()) == CONNECTION_BAD) {
        lose(request.failure->message);
      }
  }
}

void Connection::finishFirst() {
  InFlight request = std::move(inFlight_.front());
  inFlight_.pop_front();
  if (request.failure) {
    request.done(std::unexpected(std::move(*request.failure)));
  } else if (request.results.size() != request.calls) {
    request.done(std::unexpected(Failure{.sqlState = {}, .message = "an answer is missing", .lost = true}));
  } else {
    request.done(std::move(request.results));
  }
}

// --- losing ---------------------------------------------------------------------------------------------

// NOLINTNEXTLINE(performance-unnecessary-value-param): it may be part of what is lost
void Connection::lose(std::string message) {
  if (std::exchange(lost_, true)) {
    return;
  }
  deadline_.cancel();
  if (socket_.is_open()) {
    socket_.release();
  }
  std::deque<InFlight> cutOff = std::exchange(inFlight_, {});
  for (InFlight& request : cutOff) {
    Failure failure = request.failure.value_or(Failure{.sqlState = {}, .message = message});
    failure.lost = true;
    request.done(std::unexpected(std::move(failure)));
  }
}

// Answers come in order, so the first request is the one that waits longest.
void Connection::guardDeadline() {
  if (guarding_ || inFlight_.empty()) {
    return;
  }
  guarding_ = true;
  deadline_.expires_at(inFlight_.front().deadline);
  deadline_.async_wait([self = self_](error_code cancelled) {
    if (!*self || cancelled) {
      return;
    }
    Connection& here = **self;
    here.guarding_ = false;
    if (!here.inFlight_.empty() && here.inFlight_.front().deadline <= SteadyClock::now()) {
      here.lose("the database did not answer in time");
    } else {
      here.guardDeadline();
    }
  });
}

}  // namespace onering::postgres
