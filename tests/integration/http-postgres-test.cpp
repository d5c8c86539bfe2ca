// JSON over HTTP on PostgreSQL: the same answers, by several servers on one database, and with the database away.
#include <thread>

#include <catch2/catch_test_macros.hpp>

#include "onering/cluster/temporary-cluster.h"
#include "onering/server/server.h"

#include "api-client.h"

namespace onering::testing {

namespace {

std::unique_ptr<TemporaryCluster> startCluster() {
  auto cluster = TemporaryCluster::start();
  INFO((cluster ? std::string() : cluster.error().message));
  REQUIRE(cluster);
  return std::move(*cluster);
}

std::unique_ptr<Server> serverOn(const TemporaryCluster& cluster) {
  ServerOptions options;
  options.listen = "127.0.0.1:0";
  options.database = PostgresOptions{.url = cluster.url(), .processes = 2};
  options.authenticator = std::make_shared<DevAuthenticator>();
  auto server = Server::create(std::move(options));
  INFO((server ? std::string() : server.error().message));
  REQUIRE(server);
  (*server)->start();
  return std::move(*server);
}

// What is said of a draft, over all addresses that read.
std::string everythingOf(ApiClient& client, const std::string& draft) {
  std::string all;
  for (const char* what : {"", "/segments?limit=2", "/segments?after=0", "/ring?now=2999-01-01T00:00:00Z",
                           "/ring/history", "/collaborators", "/events?now=2999-01-01T00:00:00Z",
                           "/events?now=2999-01-01T00:00:00Z&type=RingPassed&limit=1"}) {
    const auto answer = client.get(draft + what);
    INFO(what);
    CHECK(answer.status == 200);
    all += answer.text;
  }
  return all + client.get("/api/drafts").text + client.get("/api/me/events?now=2999-01-01T00:00:00Z").text;
}

}  // namespace

TEST_CASE("several servers on one database answer HTTP alike, and a key has one effect among them",
          "[http][postgres]") {
  const auto cluster = startCluster();
  const auto here = serverOn(*cluster);
  const auto there = serverOn(*cluster);
  ApiClient ann(here->boundPort(), "ann");
  ApiClient annThere(there->boundPort(), "ann");
  ApiClient ben(there->boundPort(), "ben");

  const std::string draft = ann.post("/api/drafts", R"({"title":"Bären"})", keyHeader("k")).header("Location").value();
  CHECK(annThere.post("/api/drafts", R"({"title":"Bären"})", keyHeader("k")).header("Location") == draft);
  CHECK(annThere.post("/api/drafts", R"({"title":"Other"})", keyHeader("k")).status == 422);
  CHECK(ben.get(draft).status == 404);
  CHECK(ann.append(draft, "Once").status == 201);
  CHECK(annThere.append(draft, "upon a time").status == 201);
  CHECK(ann.post(draft + "/collaborators", R"({"user":"ben","role":"editor"})").status == 201);
  CHECK(annThere.post(draft + "/ring/pass", R"({"to":"ben","epoch":1})").status == 200);
  CHECK(ann.append(draft, "no").code() == "notRingHolder");
  CHECK(ben.append(draft, "there was a ring").status == 201);
  CHECK(ben.post(draft + "/views").status == 201);
  CHECK(ben.post(draft + "/views").status == 200);
  CHECK(everythingOf(ann, draft) == everythingOf(annThere, draft));
  CHECK(ann.get(draft).number("segmentCount") == 3);

  const std::string etag = ann.get(draft).header("ETag").value();
  CHECK(annThere.ask("PATCH", draft, R"({"title":"New"})", "If-Match: " + etag + "\r\n").status == 200);
  CHECK(ann.ask("PATCH", draft, R"({"title":"Newer"})", "If-Match: " + etag + "\r\n").status == 412);
  CHECK(ann.get("/metrics").text.contains("onering_breaker_open 0\n"));
}

TEST_CASE("SPEC 6 on PostgreSQL a page of drafts is bounded in bytes, whatever queues for their rings",
          "[http][postgres]") {
  const auto cluster = startCluster();
  const auto server = serverOn(*cluster);
  ApiClient ann(server->boundPort(), "ann");
  for (int i = 0; i < 30; ++i) static_cast<void>(ann.create());
  cluster->sql(
      "UPDATE drafts SET requests = (SELECT jsonb_agg(jsonb_build_object('user', repeat('u', 120) || n, 'atMs', 1)) "
      "FROM generate_series(1, 1000) AS n)");
  std::size_t count = 0;
  std::size_t pages = 0;
  for (std::string after; pages < 100;) {
    const auto page = ann.get("/api/drafts?limit=1000" + after);
    REQUIRE(page.status == 200);
    CHECK(page.text.size() < std::size_t{1'400'000});
    count += page.at("/drafts").as_array().size();
    ++pages;
    if (page.at("/next").is_null()) break;
    after = "&after=" + page.textOf("next");
  }
  CHECK(count == 30);
  CHECK(pages > 3);
  CHECK(ann.get("/api/drafts?limit=2").at("/drafts").as_array().size() == 2);
}

TEST_CASE("with the database away health says so, writes are refused, and it comes back by itself",
          "[http][postgres]") {
  const auto cluster = startCluster();
  const auto server = serverOn(*cluster);
  ApiClient ann(server->boundPort(), "ann");
  const std::string draft = ann.create();
  CHECK(ann.get("/api/health/db").at("/ok") == true);
  CHECK(ann.get("/readyz").status == 200);

  cluster->stop(TemporaryCluster::Stop::kill);
  const auto began = std::chrono::steady_clock::now();
  const auto health = ann.get("/api/health/db");
  CHECK(health.status == 200);
  CHECK(health.at("/ok") == false);
  CHECK(health.at("/db/latency_ms").is_null());
  CHECK(ann.get("/readyz").status == 503);
  const std::string body = R"({"epoch":1,"text":"Once"})";
  const auto refused = ann.post(draft + "/segments", body, keyHeader("k"));
  CHECK(refused.status == 503);
  CHECK(refused.header("Retry-After").has_value());
  // What the server has in memory it still tells, to members, as it was before what was refused.
  const auto remembered = ann.get(draft);
  CHECK(remembered.status == 200);
  CHECK(remembered.number("segmentCount") == 0);
  CHECK(ann.get(draft + "/ring").status == 200);
  CHECK(ann.get(draft + "/segments").status == 503);
  CHECK(ApiClient(server->boundPort(), "ben").get(draft).status == 503);
  CHECK(std::chrono::steady_clock::now() - began < std::chrono::seconds(10));

  REQUIRE(cluster->resume());
  ApiAnswer done;
  for (int i = 0; i < 100 && done.status != 201; ++i) {
    done = ann.post(draft + "/segments", body, keyHeader("k"));
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
  }
  CHECK(done.status == 201);
  CHECK(ann.post(draft + "/segments", body, keyHeader("k")).text == done.text);
  CHECK(ann.get(draft).number("segmentCount") == 1);
}

}  // namespace onering::testing
