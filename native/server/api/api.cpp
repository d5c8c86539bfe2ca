#include "api.h"

#include <chrono>

#include "onering/system/system.h"

#include "route.h"

namespace onering::server {

namespace {

using SteadyClock = std::chrono::steady_clock;

// The token of `Bearer TOKEN`, or nothing.
std::optional<std::string_view> bearerOf(std::string_view authorization) {
  constexpr std::string_view kScheme = "bearer ";
  const bool isBearer = authorization.size() > kScheme.size() &&
                        std::ranges::equal(authorization.substr(0, kScheme.size()), kScheme, {},
                                           [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return isBearer ? std::optional(authorization.substr(kScheme.size())) : std::nullopt;
}

// The client's own name for the request where it is one that a log can take, else a new one.
std::string requestIdOf(std::string_view given, Entropy& entropy) {
  constexpr std::size_t kLengthMax = 64;
  const bool good = !given.empty() && given.size() <= kLengthMax && std::ranges::all_of(given, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' ||
           c == '.';
  });
  if (good) {
    return std::string(given);
  }
  std::array<std::uint8_t, 10> random{};
  entropy.fill(random);
  return uuidText(uuidV7(systemNow(), random));
}

HttpResponse tooOften(std::chrono::milliseconds wait) {
  HttpResponse response = errorResponse(429, rejection(ErrorCode::rateLimited));
  const auto seconds = std::chrono::ceil<std::chrono::seconds>(wait).count();
  response.headers.emplace_back("Retry-After", std::to_string(seconds));
  return response;
}

}  // namespace

Api::Api(SyncService& service, const ServerBounds& bounds, Metrics& metrics)
    : service_(service),
      metrics_(metrics),
      seconds_(metrics.histogram("onering_http_request_seconds", "Time from a request to the HTTP API to its answer.",
                                 latencies())),
      pages_(service, bounds.pageBytes),
      entropy_(std::make_unique<SystemEntropy>()),
      perAddress_(static_cast<double>(bounds.requestsPerSecondPerAddress)),
      perUser_(static_cast<double>(bounds.requestsPerSecondPerUser)) {}

void Api::answer(const HttpRequest& request, Done done) {
  auto exchange = std::make_shared<Exchange>();
  exchange->request = request;
  exchange->id = requestIdOf(request.requestId, *entropy_);
  exchange->now = systemNow();
  exchange->done = [this, exchange = exchange.get(), started = SteadyClock::now(),
                    done = std::move(done)](HttpResponse response) {
    told(*exchange, response.status, SteadyClock::now() - started);
    response.headers.emplace_back("X-Request-Id", exchange->id);
    done(std::move(response));
  };

  if (const auto wait = perAddress_.take(request.from, SteadyClock::now())) {
    exchange->done(tooOften(*wait));
    return;
  }
  const auto token = bearerOf(request.authorization);
  if (!token) {
    exchange->done(
        errorResponse(rejection(ErrorCode::unauthenticated, "Say who you are: Authorization: Bearer TOKEN.")));
    return;
  }
  service_.identify(std::string(*token), [this, exchange](std::expected<Principal, Rejection> principal) {
    identified(exchange, std::move(principal));
  });
}

// For operators.
void Api::told(const Exchange& exchange, unsigned status, std::chrono::duration<double> took) {
  seconds_.observe(took.count());
  metrics_
      .counter("onering_http_requests_total", "Requests to the HTTP API that were answered.",
               {{"route", std::string(exchange.route ? exchange.route->pattern : "none")},
                {"method", std::string(exchange.route ? exchange.route->method : "none")},
                {"status", std::to_string(status)}})
      .add();
  if (service_.log().wants(LogLevel::debug)) {
    service_.log()(LogLevel::debug, "answered a request",
                   {{"request", exchange.id},
                    {"method", std::string(exchange.request.method)},
                    {"path", std::string(pathOf(exchange.request.target))},
                    {"user", exchange.by.user},
                    {"status", std::to_string(status)},
                    {"ms", std::to_string(std::chrono::duration_cast<std::chrono::milliseconds>(took).count())}});
  }
}

void Api::identified(const SharedExchange& exchange, std::expected<Principal, Rejection> principal) {
  if (!principal) {
    exchange->done(errorResponse(principal.error()));
    return;
  }
  exchange->by = std::move(*principal);
  if (const auto wait = perUser_.take(exchange->by.user, SteadyClock::now())) {
    exchange->done(tooOften(*wait));
    return;
  }
  std::string allow;
  auto routed = routeOf(exchange->request.method, pathOf(exchange->request.target), allow);
  if (!routed) {
    const bool otherMethod = routed.error().code == ErrorCode::protocolError;
    HttpResponse response = otherMethod ? errorResponse(405, routed.error()) : errorResponse(routed.error());
    if (otherMethod) {
      response.headers.emplace_back("Allow", allow);
    }
    exchange->done(std::move(response));
    return;
  }
  exchange->route = routed->route;
  exchange->path = std::move(routed->path);
  if (const auto* write = std::get_if<WriteHandler>(&exchange->route->handler)) {
    performWrite(*this, exchange, *write);
  } else {
    std::get<ReadHandler>(exchange->route->handler)(*this, exchange);
  }
}

void Api::tick() {
  const auto now = SteadyClock::now();
  perAddress_.tidy(now);
  perUser_.tidy(now);
  pages_.tick();
}

}  // namespace onering::server
