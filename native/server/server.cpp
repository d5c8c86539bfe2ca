#include "onering/server/server.h"

#include <algorithm>
#include <thread>
#include <utility>

#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

#include "onering/postgres/postgres-database.h"

#include "store-thread.h"
#include "transport.h"

namespace onering {

using namespace server;
using boost::asio::ip::tcp;
using boost::system::error_code;

namespace {

using Acceptor = asio::basic_socket_acceptor<tcp, Executor>;
using Socket = asio::basic_stream_socket<tcp, Executor>;

// Answers 503 to at most so many at a time; further ones are closed at once.
constexpr std::size_t kTurnedAwayAtOnceMax = 128;

std::string textOf(const tcp::endpoint& endpoint) {
  const auto address = endpoint.address();
  const std::string host = address.is_v6() ? "[" + address.to_string() + "]" : address.to_string();
  return host + ":" + std::to_string(endpoint.port());
}

std::expected<tcp::endpoint, Rejection> resolve(asio::io_context& io, const std::string& listen) {
  const auto hostPort = parseHostPort(listen);
  if (!hostPort) {
    return std::unexpected(
        rejection(ErrorCode::protocolError, "The address to listen at is ADDRESS:PORT or [IPV6]:PORT, not: " + listen));
  }
  error_code failed;
  tcp::resolver resolver(io);
  const auto found = resolver.resolve(hostPort->host, std::to_string(hostPort->port),
                                      tcp::resolver::passive | tcp::resolver::numeric_service, failed);
  if (failed || found.empty()) {
    return std::unexpected(rejection(ErrorCode::unavailable, "There is no address to listen at behind: " + listen));
  }
  return found.begin()->endpoint();
}

std::optional<Rejection> wrongOptions(const ServerOptions& options) {
  if ((options.store != nullptr) == options.database.has_value() || !options.authenticator) {
    return rejection(ErrorCode::internal, "A server needs a store or a database, and an authenticator.");
  }
  if (options.store && (!options.store->events() || !options.store->idempotency())) {
    return rejection(ErrorCode::storageUnavailable,
                     "This store keeps no events and requests: no server can run on it.");
  }
  for (const std::string& origin : options.allowedOrigins) {
    if (!isOrigin(origin)) {
      return rejection(ErrorCode::protocolError, "An origin is scheme://host[:port] and nothing more, not: " + origin);
    }
  }
  return std::nullopt;
}

ReadPolicy policyOf(const ServerOptions& options) {
  ReadPolicy policy;
  policy.limits = options.limits;
  policy.answerBytes = options.bounds.answerBytes;
  return policy;
}

SharedTransport transportFor(const ServerOptions& options, const tcp::endpoint& endpoint,
                             std::optional<StaticFiles> files) {
  auto transport = std::make_shared<Transport>();
  transport->files = std::move(files);
  transport->origins = {.allowed = options.allowedOrigins, .ownLoopbackPages = endpoint.address().is_loopback()};
  transport->bounds = options.bounds;
  transport->timeouts = options.timeouts;
  transport->messageBytes = options.limits.messageBytes;
  transport->log = Journal(options.log, options.records, options.logLevel);
  transport->loopbackNamesOnly = options.authenticator->loopbackOnly();
  return transport;
}

}  // namespace

// Everything happens on the thread that runs `io`, but for create() and stop().
struct Server::Impl {
  Impl(ServerOptions options, std::shared_ptr<asio::io_context> context, Acceptor listening,
       std::optional<StaticFiles> files)
      : io(std::move(context)),
        acceptor(std::move(listening)),
        endpoint(acceptor.local_endpoint()),
        transport(transportFor(options, endpoint, std::move(files))),
        service(serviceFor(options)),
        api(service, transport->bounds, service.metrics()),
        second(*io),
        tenth(*io),
        deadline(*io),
        retry(*io) {
    transport->service = &service;
    transport->api = &api;
    watchConnections();
    watchPool();
    transport->connectionGone = [this] { endIfEmpty(); };
  }

  SyncService serviceFor(ServerOptions& options) {
    const SyncService::Post post = [to = io](std::function<void()> work) { asio::post(*to, std::move(work)); };
    const ReadPolicy policy = policyOf(options);
    std::unique_ptr<AsyncStore> store;
    if (options.database) {
      auto opened = std::make_unique<PostgresDatabase>(*io, *options.database, policy);
      database = opened.get();
      store = std::move(opened);
      if (!options.databaseHealth) {
        options.databaseHealth = [asked = database](const std::function<void(DatabaseHealth)>& done) {
          asked->checkHealth([done](const PostgresDatabase::Health& health) {
            done({.connected = health.connected,
                  .tablesPresent = health.tablesPresent,
                  .latency = health.connected ? std::optional(health.latency) : std::nullopt});
          });
        };
      }
    } else {
      store = std::make_unique<StoreThread>(std::move(options.store), policy, post);
    }
    return {std::move(options), std::move(store), post};
  }

  // Connections are taken once news of what other servers over the same database write are coming in.
  void acceptWhenWatching() {
    constexpr std::chrono::milliseconds kPause{10};
    if (!database) {
      accept();
      return;
    }
    database->watchNews(
        kPause, [this] { accept(); },
        [this](const std::vector<DraftPosition>& moved) { service.movedElsewhere(moved); });
  }

  void watchConnections() {
    service.metrics().watch("onering_connections", "Open TCP connections.", {},
                            [from = std::weak_ptr(transport)]() -> std::optional<double> {
                              const auto found = from.lock();
                              return found ? std::optional(static_cast<double>(found->connections)) : std::nullopt;
                            });
  }

  void watchPool() {
    if (!database) {
      return;
    }
    databaseThere = std::make_shared<PostgresDatabase*>(database);
    const auto number = [from = std::weak_ptr(databaseThere)](auto read) -> Metrics::Read {
      return [from, read]() -> std::optional<double> {
        const auto found = from.lock();
        return found ? std::optional(static_cast<double>(read((*found)->poolStatus()))) : std::nullopt;
      };
    };
    using Status = const PostgresPoolStatus&;
    Metrics& metrics = service.metrics();
    const auto connections = [&](const char* state, auto read) {
      metrics.watch("onering_pool_connections", "Connections to the database.", {{"state", state}}, number(read));
    };
    connections("idle", [](Status pool) { return pool.idle; });
    connections("leased", [](Status pool) { return pool.leased; });
    connections("opening", [](Status pool) { return pool.opening; });
    metrics.watch("onering_pool_connections_max", "Connections to the database at most.", {},
                  number([](Status pool) { return pool.size; }));
    metrics.watch("onering_pool_waiting", "Requests that wait for a connection to the database.", {},
                  number([](Status pool) { return pool.waiting; }));
    metrics.watch("onering_pool_opened_total", "Connections to the database that were opened.", {},
                  number([](Status pool) { return pool.opened; }));
    metrics.watch("onering_pool_open_failures_total", "Connections to the database that could not be opened.", {},
                  number([](Status pool) { return pool.failedToOpen; }));
    metrics.watch("onering_pool_timeouts_total", "Requests that waited for a connection in vain.", {},
                  number([](Status pool) { return pool.timedOut; }));
    metrics.watch("onering_breaker_open", "1 while the database is left alone after failures.", {},
                  number([](Status pool) { return pool.breakerOpen ? 1 : 0; }));
  }

  // Connections that are left (the server was stopped the hard way) go with `io`, later than this.
  ~Impl() {
    transport->connectionGone = [] {};
  }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;
  Impl(Impl&&) = delete;
  Impl& operator=(Impl&&) = delete;

  void accept() {
    acceptor.async_accept([this](error_code failed, Socket socket) {
      if (!acceptor.is_open()) {
        return;
      }
      if (failed) {  // out of descriptors, most likely: not a reason to spin
        transport->log(LogLevel::warning, "cannot accept a connection: " + failed.message());
        retry.expires_after(std::chrono::milliseconds(100));
        retry.async_wait([this](error_code cancelled) {
          if (!cancelled) {
            accept();
          }
        });
        return;
      }
      welcome(std::move(socket));
      accept();
    });
  }

  void welcome(Socket socket) {
    error_code failed;
    const tcp::endpoint from = socket.remote_endpoint(failed);
    socket.set_option(tcp::no_delay(true), failed);
    if (failed) {
      return;
    }
    TcpStream stream(std::move(socket));
    if (auto place = Place::take(transport, from.address())) {
      serveHttp(transport, std::move(stream), std::move(*place));
      return;
    }
    transport->log(LogLevel::warning, "turned a connection away: too many");
    if (turnedAwayNow < kTurnedAwayAtOnceMax) {
      ++turnedAwayNow;  // reset every second
      turnAway(transport, std::move(stream));
    }
  }

  void tickEverySecond() {
    second.expires_after(std::chrono::seconds(1));
    second.async_wait([this](error_code cancelled) {
      if (cancelled) {
        return;
      }
      turnedAwayNow = 0;
      service.tick();
      api.tick();
      tickEverySecond();
    });
  }

  void refillEveryTenth() {
    tenth.expires_after(std::chrono::milliseconds(100));
    tenth.async_wait([this](error_code cancelled) {
      if (cancelled) {
        return;
      }
      service.refill();
      refillEveryTenth();
    });
  }

  void beginStopping() {
    if (std::exchange(transport->stopping, true)) {
      return;
    }
    transport->log(LogLevel::info, "stopping");
    error_code ignored;
    acceptor.close(ignored);
    retry.cancel();
    deadline.expires_after(transport->timeouts.shutdown);
    deadline.async_wait([this](error_code cancelled) {
      if (!cancelled) {
        transport->log(LogLevel::warning, "stopped before all connections were closed");
        io->stop();
      }
    });
    for (TcpStream* idle : transport->idleHttp) {
      idle->cancel();
    }
    service.drain([this] {
      drained = true;
      endIfEmpty();
    });
  }

  void endIfEmpty() {
    if (drained && transport->connections == 0) {
      second.cancel();
      tenth.cancel();
      deadline.cancel();
      io->stop();  // a database's connections would go on waiting
    }
  }

  std::shared_ptr<asio::io_context> io;
  Acceptor acceptor;
  tcp::endpoint endpoint;
  SharedTransport transport;
  PostgresDatabase* database = nullptr;  // the service's; null: it has a store
  SyncService service;
  Api api;
  std::shared_ptr<PostgresDatabase*> databaseThere;  // what watches it looks here
  asio::steady_timer second;
  asio::steady_timer tenth;
  asio::steady_timer deadline;
  asio::steady_timer retry;
  std::size_t turnedAwayNow = 0;
  bool drained = false;
  std::thread thread;
};

std::expected<std::unique_ptr<Server>, Rejection> Server::create(ServerOptions options) {
  if (auto wrong = wrongOptions(options)) {
    return std::unexpected(std::move(*wrong));
  }
  auto io = std::make_shared<asio::io_context>(1);
  const auto endpoint = resolve(*io, options.listen);
  if (!endpoint) {
    return std::unexpected(endpoint.error());
  }
  if (options.authenticator->loopbackOnly() && !endpoint->address().is_loopback()) {
    return std::unexpected(rejection(
        ErrorCode::notAllowed, "The development mode believes every name: it listens on a loopback address only."));
  }
  std::optional<StaticFiles> files;
  if (!options.webDirectory.empty()) {
    auto opened = StaticFiles::open(options.webDirectory);
    if (!opened) {
      return std::unexpected(std::move(opened.error()));
    }
    files = std::move(*opened);
  }
  if (options.database) {
    if (const auto prepared = prepareDatabase(*options.database); !prepared) {
      return std::unexpected(prepared.error());
    }
  }
  error_code failed;
  Acceptor acceptor(*io);
  acceptor.open(endpoint->protocol(), failed);
  if (!failed) {
    acceptor.set_option(Acceptor::reuse_address(true), failed);
  }
  if (!failed) {
    acceptor.bind(*endpoint, failed);
  }
  if (!failed) {
    acceptor.listen(asio::socket_base::max_listen_connections, failed);
  }
  if (failed) {
    return std::unexpected(
        rejection(ErrorCode::unavailable, "Cannot listen at " + textOf(*endpoint) + ": " + failed.message()));
  }
  return std::unique_ptr<Server>(
      new Server(std::make_unique<Impl>(std::move(options), std::move(io), std::move(acceptor), std::move(files))));
}

Server::Server(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Server::~Server() {
  stop();
  if (impl_->thread.joinable()) {
    impl_->thread.join();
  }
}

std::uint16_t Server::boundPort() const {
  return impl_->endpoint.port();
}
std::string Server::boundAddress() const {
  return textOf(impl_->endpoint);
}

void Server::run() {
  impl_->acceptWhenWatching();
  impl_->tickEverySecond();
  impl_->refillEveryTenth();
  impl_->io->run();
}

void Server::start() {
  impl_->thread = std::thread([this] { run(); });
}

void Server::stop() {
  asio::post(*impl_->io, [impl = impl_.get()] { impl->beginStopping(); });
}

}  // namespace onering
