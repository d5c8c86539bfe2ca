// JSON over HTTP for programs without a replica (SPEC §15), under /api/. docs/openapi.json describes it.
//
//   answer()  ->  rate of the address  ->  who is it  ->  rate of the user  ->  route
//                                                                                 |-- read:  a question to the store
//                                                                                 '-- write: K6, then an op (write.h)
//
// Waits for nothing; used on the server's thread.
#pragma once

#include <functional>
#include <memory>
#include <set>
#include <string>

#include "onering/ports/entropy.h"

#include "../http.h"
#include "../rate-limit.h"
#include "../sync-service.h"
#include "draft-pages.h"
#include "query.h"

namespace onering::server {

// What a route's pattern took from the path.
struct PathValues {
  std::optional<DraftId> draft;
  std::optional<SegmentId> segment;
  std::optional<InviteId> invite;
  std::optional<UserId> user;
};

struct Route;

// One request until it is answered.
struct Exchange {
  HttpRequest request;  // what it points to lives until `done` was called
  std::string id;       // of the request, for logs
  const Route* route = nullptr;
  PathValues path;
  Query query;
  Principal by;
  Time now;  // the parameter `now`, or the time when it came
  std::function<void(HttpResponse)> done;
};
using SharedExchange = std::shared_ptr<Exchange>;

class Api {
 public:
  using Done = std::function<void(HttpResponse)>;

  Api(SyncService& service, const ServerBounds& bounds, Metrics& metrics);

  [[nodiscard]] static bool isFor(std::string_view target) { return target.starts_with("/api/"); }

  // Calls `done` exactly once, now or later. What `request` points to must live until then.
  void answer(const HttpRequest& request, Done done);

  // Call about once a second.
  void tick();

  // For the routes.
  [[nodiscard]] SyncService& service() { return service_; }
  [[nodiscard]] DraftPages& pages() { return pages_; }
  [[nodiscard]] Entropy& entropy() { return *entropy_; }
  // Requests with an Idempotency-Key that are being worked on here.
  [[nodiscard]] std::set<RequestKey>& running() { return running_; }

 private:
  void identified(const SharedExchange& exchange, std::expected<Principal, Rejection> principal);
  void told(const Exchange& exchange, unsigned status, std::chrono::duration<double> took);

  SyncService& service_;
  Metrics& metrics_;
  Histogram& seconds_;
  DraftPages pages_;
  std::unique_ptr<Entropy> entropy_;
  RateLimit perAddress_;
  RateLimit perUser_;
  std::set<RequestKey> running_;
};

}  // namespace onering::server
