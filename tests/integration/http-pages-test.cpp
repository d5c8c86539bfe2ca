// What is read over HTTP again and again is told from memory, and nobody notices but by how fast it comes.
#include <atomic>
#include <regex>
#include <thread>

#include <boost/json/array.hpp>
#include <catch2/catch_test_macros.hpp>

#include "onering/cluster/temporary-cluster.h"

#include "api-client.h"
#include "raw-socket.h"
#include "test-server.h"

namespace onering::testing {

namespace {

// How many reads of drafts were told from "memory" or the "store".
std::int64_t readsFrom(ApiClient& client, const std::string& source) {
  const std::string metrics = client.get("/metrics").text;
  std::smatch found;
  const std::regex line("onering_draft_reads_total\\{from=\"" + source + "\"\\} ([0-9]+)");
  return std::regex_search(metrics, found, line) ? std::stoll(found[1]) : -1;
}

std::size_t segmentsIn(const ApiAnswer& answer) {
  REQUIRE(answer.status == 200);
  return answer.body.at("segments").as_array().size();
}

// The same without asserting anything: for threads.
std::size_t segmentsIn(std::string_view body) {
  constexpr std::string_view kPosition = "\"position\":";
  std::size_t count = 0;
  for (auto at = body.find(kPosition); at != std::string_view::npos; at = body.find(kPosition, at + 1)) ++count;
  return count;
}

std::unique_ptr<TemporaryCluster> startCluster() {
  auto cluster = TemporaryCluster::start();
  INFO((cluster ? std::string() : cluster.error().message));
  REQUIRE(cluster);
  return std::move(*cluster);
}

ServerOptions over(const TemporaryCluster& cluster) {
  ServerOptions options;
  options.database = PostgresOptions{.url = cluster.url(), .processes = 2};
  return options;
}

}  // namespace

TEST_CASE("a draft that nobody writes to is read from the store once, and told to its members only", "[http][pages]") {
  TestServer server;
  ApiClient ann(server.port(), "ann");
  ApiClient ben(server.port(), "ben");
  const std::string draft = ann.create();
  ann.append(draft, "Once");
  const std::string address = draft + "/segments";
  const std::string first = ann.get(address).text;
  const std::int64_t before = readsFrom(ann, "store");
  for (int i = 0; i < 10; ++i) CHECK(ann.get(address).text == first);
  CHECK(readsFrom(ann, "store") == before);
  CHECK(readsFrom(ann, "memory") == 10);
  CHECK(ann.get(address, "If-None-Match: *\r\n").status == 304);

  const std::string nothing = ben.get("/api/drafts/01890000-0000-7000-8000-000000000000/segments").text;
  CHECK(ben.get(address).status == 404);
  CHECK(ben.get(address).text == nothing);
  ann.post(draft + "/collaborators", R"({"user":"ben","role":"viewer"})");
  CHECK(ben.get(address).text == first);
  ann.ask("DELETE", draft + "/collaborators/ben");
  CHECK(ben.get(address).text == nothing);
  ann.ask("DELETE", draft);
  CHECK(ann.get(address).code() == "draftDeleted");
}

TEST_CASE("whoever reads while others write sees all that was acknowledged before they asked", "[http][pages]") {
  ServerOptions options;
  options.bounds.requestsPerSecondPerUser = 0;
  TestServer server(std::move(options));
  const std::uint16_t port = server.port();
  ApiClient ann(port, "ann");
  const std::string draft = ann.create();
  std::atomic<std::size_t> acknowledged{0};
  std::atomic<std::size_t> behind{0};
  std::atomic<std::size_t> reads{0};
  std::atomic<bool> over{false};
  std::vector<std::thread> readers;
  readers.reserve(4);
  for (int i = 0; i < 4; ++i) {
    readers.emplace_back([&, target = draft + "/segments?limit=1000"] {
      RawSocket reader(port);
      while (!over) {
        const std::size_t known = acknowledged;
        const auto answer = reader.get(target, "Authorization: Bearer ann\r\n");
        if (answer.status != 200 || segmentsIn(answer.body) < known) ++behind;
        ++reads;
      }
    });
  }
  for (std::size_t i = 0; i < 200; ++i) {
    if (ann.post(draft + "/segments", R"({"epoch":1,"text":"line"})").status == 201) ++acknowledged;
  }
  over = true;
  for (std::thread& reader : readers) reader.join();
  CHECK(acknowledged == 200);
  CHECK(behind == 0);
  CHECK(reads > 50);
}

TEST_CASE("pages that have no place are read anew", "[http][pages]") {
  ServerOptions options;
  options.bounds.pageBytes = 4'000;
  TestServer server(std::move(options));
  ApiClient ann(server.port(), "ann");
  std::vector<std::string> drafts;
  for (int i = 0; i < 8; ++i) {
    drafts.push_back(ann.create());
    ann.append(drafts.back(), std::to_string(i));
  }
  const std::int64_t before = readsFrom(ann, "store");
  for (int round = 0; round < 2; ++round) {
    for (std::size_t i = 0; i < drafts.size(); ++i) {
      const auto page = ann.get(drafts[i] + "/segments");
      REQUIRE(segmentsIn(page) == 1);
      CHECK(page.at("/segments/0/text").as_string() == std::to_string(i));
    }
  }
  CHECK(readsFrom(ann, "store") == before + 16);
  CHECK(segmentsIn(ann.get(drafts.back() + "/segments")) == 1);
  CHECK(readsFrom(ann, "store") == before + 16);
}

TEST_CASE("what another server has written, erased or whom it has removed is so in the next answer of this one",
          "[http][pages][postgres]") {
  const auto cluster = startCluster();
  TestServer here(over(*cluster));
  TestServer there(over(*cluster));
  ApiClient ann(here.port(), "ann");
  ApiClient annThere(there.port(), "ann");
  ApiClient benThere(there.port(), "ben");
  const std::string draft = ann.create();
  const std::string address = draft + "/segments?limit=1000";
  ann.post(draft + "/collaborators", R"({"user":"ben","role":"viewer"})");
  CHECK(segmentsIn(benThere.get(address)) == 0);
  for (std::size_t i = 0; i < 40; ++i) {
    REQUIRE(ann.post(draft + "/segments", R"({"epoch":1,"text":"line"})").status == 201);
    CHECK(segmentsIn(benThere.get(address)) == i + 1);
    CHECK(annThere.get(draft).number("segmentCount") == static_cast<std::int64_t>(i) + 1);
  }
  for (int i = 0; i < 5; ++i) benThere.get(address);
  CHECK(readsFrom(annThere, "memory") >= 5);

  const auto page = ann.get(address);
  const std::string segment(std::string_view(page.at("/segments/7/id").as_string()));
  REQUIRE(ann.post(draft + "/segments/" + segment + "/redact").status == 200);
  CHECK(benThere.get(address).at("/segments/7/text").is_null());
  REQUIRE(ann.ask("DELETE", draft + "/collaborators/ben").status == 200);
  CHECK(benThere.get(address).status == 404);
  CHECK(benThere.get(draft).status == 404);
  CHECK(segmentsIn(annThere.get(address)) == 40);
}

TEST_CASE("with the database away members still read what was read before, and nobody else does",
          "[http][pages][postgres]") {
  const auto cluster = startCluster();
  TestServer server(over(*cluster));
  ApiClient ann(server.port(), "ann");
  const std::string draft = ann.create();
  ann.append(draft, "Once");
  const auto before = ann.get(draft + "/segments");
  CHECK(segmentsIn(before) == 1);
  cluster->stop(TemporaryCluster::Stop::kill);
  const auto remembered = ann.get(draft + "/segments");
  CHECK(remembered.status == 200);
  CHECK(remembered.text == before.text);
  CHECK(remembered.header("ETag") == before.header("ETag"));
  CHECK(ann.get(draft + "/ring").status == 200);
  CHECK(ann.get(draft + "/segments?limit=7").status == 503);
  CHECK(ApiClient(server.port(), "ben").get(draft + "/segments").status == 503);
}

}  // namespace onering::testing
