// What operators ask of a server (SPEC §15): no token, and no secret, name or trace in any answer.
//
//   GET /readyz              200 when it can take work, else 503 and why
//   GET /api/health/db?now=  always 200; what the store says. With `now` the answer depends on nothing else but that
//   GET /metrics             Prometheus' text format
#pragma once

#include <functional>

#include "http.h"
#include "sync-service.h"

namespace onering::server {

[[nodiscard]] bool isForOperators(const HttpRequest& request);

// Answers such a request: calls `done` once, now or later.
void answerOperations(SyncService& service, const HttpRequest& request, std::function<void(HttpResponse)> done);

}  // namespace onering::server
