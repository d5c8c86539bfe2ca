#include "operations.h"

#include <cmath>

#include "onering/system/system.h"

#include "api/json-out.h"
#include "api/query.h"

namespace onering::server {

namespace {

constexpr std::string_view kReady = "/readyz";
constexpr std::string_view kHealth = "/api/health/db";
constexpr std::string_view kMetrics = "/metrics";

void answerReady(SyncService& service, std::function<void(HttpResponse)> done) {
  service.askHealth([&service, done = std::move(done)](DatabaseHealth health) {
    const bool ready = health.connected && health.tablesPresent && !service.draining();
    done(jsonResponse(ready ? 200 : 503, jsonObject([&](auto&& field) {
                        field("ready", ready);
                        field("stopping", service.draining());
                        field("database", health.connected && health.tablesPresent);
                      })));
  });
}

// In whole microseconds: as many digits as mean something.
double roundedMs(std::chrono::duration<double, std::milli> time) {
  return std::round(time.count() * 1'000) / 1'000;
}

HttpResponse healthResponse(const DatabaseHealth& health, std::optional<Time> now) {
  const auto latency = now ? std::nullopt : health.latency;
  return jsonResponse(200, jsonObject([&](auto&& field) {
                        field("ok", health.connected && health.tablesPresent);
                        field("db",
                              DatabaseSays{.connected = health.connected,
                                           .latencyMs = latency ? std::optional(roundedMs(*latency)) : std::nullopt,
                                           .tablesPresent = health.tablesPresent});
                        field("computed_at", now.value_or(systemNow()));
                      }));
}

void answerHealth(SyncService& service, const HttpRequest& request, std::function<void(HttpResponse)> done) {
  const auto query = Query::parse(request.target, {"now"});
  const auto now = query ? query->read<std::optional<Time>>("now", std::nullopt, parseTime)
                         : std::expected<std::optional<Time>, Rejection>(std::unexpected(query.error()));
  if (!now) {
    done(errorResponse(now.error()));
    return;
  }
  service.askHealth([now = *now, done = std::move(done)](DatabaseHealth health) { done(healthResponse(health, now)); });
}

HttpResponse metricsResponse(const SyncService& service) {
  return {.status = 200,
          .headers = {{"Content-Type", std::string(Metrics::kContentType)},
                      {"Cache-Control", "no-store"},
                      {"X-Content-Type-Options", "nosniff"}},
          .body = service.metrics().text(),
          .file = {}};
}

}  // namespace

bool isForOperators(const HttpRequest& request) {
  const std::string_view path = pathOf(request.target);
  const bool reads = request.method == "GET" || request.method == "HEAD";
  return reads && (path == kReady || path == kHealth || path == kMetrics);
}

void answerOperations(SyncService& service, const HttpRequest& request, std::function<void(HttpResponse)> done) {
  const std::string_view path = pathOf(request.target);
  if (path == kReady) {
    answerReady(service, std::move(done));
  } else if (path == kHealth) {
    answerHealth(service, request, std::move(done));
  } else {
    done(metricsResponse(service));
  }
}

}  // namespace onering::server
