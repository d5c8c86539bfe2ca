// What operators see (SPEC §15): readiness, the database's health, metrics, logs.
#include <algorithm>
#include <atomic>
#include <future>
#include <map>
#include <regex>
#include <set>
#include <sstream>

#include <catch2/catch_test_macros.hpp>

#include "api-client.h"
#include "test-server.h"

namespace onering::testing {

namespace {

// One line of Prometheus' text format: name, labels as they stand, value.
struct Sample {
  std::string name;
  std::string labels;
  double value = 0;
};

struct Exposition {
  std::map<std::string, std::string> types;
  std::map<std::string, std::string> helps;
  std::vector<Sample> samples;
  std::vector<std::string> findings;

  [[nodiscard]] double value(std::string_view name, std::string_view labels = "") const {
    for (const Sample& sample : samples) {
      if (sample.name == name && sample.labels == labels) {
        return sample.value;
      }
    }
    return -1;
  }
};

std::string familyOf(const std::string& name, const std::map<std::string, std::string>& types) {
  for (const std::string_view ending : {"_bucket", "_sum", "_count"}) {
    if (name.ends_with(ending)) {
      const std::string family = name.substr(0, name.size() - ending.size());
      const auto found = types.find(family);
      if (found != types.end() && found->second == "histogram") {
        return family;
      }
    }
  }
  return name;
}

// Reads the format as its definition says, and finds what does not follow it.
Exposition parse(const std::string& text) {
  static const std::regex kSample(
      R"re(([a-z_:][a-z0-9_:]*)(?:\{((?:[a-z_][a-z0-9_]*="(?:[^"\\]|\\.)*",?)*)\})? (\S+))re");
  Exposition all;
  std::set<std::string> seen;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    std::smatch match;
    if (line.starts_with("# HELP ") || line.starts_with("# TYPE ")) {
      const std::string rest = line.substr(7);
      const auto space = rest.find(' ');
      auto& kept = line[2] == 'H' ? all.helps : all.types;
      if (!kept.emplace(rest.substr(0, space), rest.substr(space + 1)).second) {
        all.findings.push_back("said twice: " + line);
      }
    } else if (std::regex_match(line, match, kSample)) {
      if (!seen.insert(match[1].str() + match[2].str()).second) {
        all.findings.push_back("a series twice: " + line);
      }
      all.samples.push_back({match[1], match[2], match[3] == "+Inf" ? 1e300 : std::stod(match[3])});
    } else {
      all.findings.push_back("not a line of the format: " + line);
    }
  }
  if (!text.ends_with('\n')) {
    all.findings.emplace_back("the last line has no end");
  }
  return all;
}

// What `promtool check metrics` finds fault with.
std::vector<std::string> lint(const Exposition& all) {
  std::vector<std::string> findings = all.findings;
  const auto find = [&](const std::string& what, const std::string& name) { findings.push_back(what + ": " + name); };
  for (const auto& [name, type] : all.types) {
    if (!all.helps.contains(name)) find("no help text", name);
    if ((type == "counter") != name.ends_with("_total")) find("counters, and only they, end in _total", name);
    if (type != "counter" && type != "gauge" && type != "histogram") find("unknown type", name);
    for (const std::string_view abbreviation :
         {"_ms", "_sec", "_kb", "_mb", "_bytes_total_", "_milliseconds", "_minutes"}) {
      if (name.find(abbreviation) != std::string::npos && !name.ends_with("_seconds")) find("not a base unit", name);
    }
    for (const std::string_view word : {"counter", "gauge", "histogram", "metric"}) {
      if (name.find(word) != std::string::npos) find("the type is not part of a name", name);
    }
    if (!std::regex_match(name, std::regex("onering_[a-z0-9_]+"))) find("name", name);
  }
  for (const Sample& sample : all.samples) {
    const std::string family = familyOf(sample.name, all.types);
    if (!all.types.contains(family)) find("no type", sample.name);
    if (family == sample.name && (sample.name.ends_with("_count") || sample.name.ends_with("_sum"))) {
      find("an ending of histograms", sample.name);
    }
  }
  return findings;
}

}  // namespace

TEST_CASE("a server that can take work is ready", "[http][operations]") {
  TestServer server;
  ApiClient nobody(server.port(), "");
  const auto ready = nobody.get("/readyz");
  CHECK(ready.status == 200);
  CHECK(ready.text == "{\"ready\":true,\"stopping\":false,\"database\":true}\n");
  CHECK(nobody.ask("HEAD", "/readyz").status == 200);
}

TEST_CASE("the database's health has the form that SPEC 15 gives it, and with now is the same every time",
          "[http][operations]") {
  TestServer server;
  ApiClient nobody(server.port(), "");
  const std::string asked = "/api/health/db?now=2026-01-31T12:00:00Z";
  CHECK(nobody.get(asked).text ==
        R"({"ok":true,"db":{"connected":true,"database":null,"user":null,"latency_ms":null,"tables_present":true},)"
        R"("computed_at":"2026-01-31T12:00:00.000Z"})"
        "\n");
  CHECK(nobody.get(asked).text == nobody.get(asked).text);
  CHECK(nobody.get("/api/health/db").at("/db/latency_ms").is_number());
  CHECK(nobody.get("/api/health/db?now=tomorrow").code() == "protocolError");
}

TEST_CASE("a database that is down, or says nothing, is told with 200 and without delay", "[http][operations]") {
  ServerOptions options;
  const auto answer = std::make_shared<std::atomic<bool>>(true);
  options.databaseHealth = [answer](const std::function<void(DatabaseHealth)>& done) {
    if (*answer) {
      done({.connected = false, .tablesPresent = false, .latency = {}});
    }
  };
  TestServer server(std::move(options));
  ApiClient nobody(server.port(), "");
  for (int i = 0; i < 2; ++i) {
    const auto began = std::chrono::steady_clock::now();
    const auto health = nobody.get("/api/health/db");
    CHECK(health.status == 200);
    CHECK(health.at("/ok") == false);
    CHECK(health.at("/db/connected") == false);
    CHECK(nobody.get("/readyz").status == 503);
    CHECK(std::chrono::steady_clock::now() - began < std::chrono::seconds(6));
    *answer = false;
  }
  CHECK(nobody.get("/healthz").status == 200);
}

TEST_CASE("metrics keep to Prometheus' conventions and count what happens", "[http][operations]") {
  TestServer server;
  ApiClient ann(server.port(), "ann");
  RawSocket session(server.port());
  session.join("ann");
  const std::string draft = ann.create();
  ann.append(draft, "one");
  ann.post(draft + "/unlock");
  REQUIRE(session.hear().has_value());

  const auto answer = ann.get("/metrics");
  CHECK(answer.header("Content-Type") == "text/plain; version=0.0.4; charset=utf-8");
  const Exposition all = parse(answer.text);
  for (const std::string& finding : lint(all)) {
    FAIL_CHECK(finding);
  }
  CHECK(all.value("onering_ops_accepted_total") == 2);
  CHECK(all.value("onering_ops_rejected_total", "code=\"notAllowed\"") == 1);
  CHECK(all.value("onering_ops_rejected_total", "code=\"internal\"") == 0);
  CHECK(all.value("onering_batch_ops_count") == 3);
  CHECK(all.value("onering_batch_ops_sum") == 3);
  CHECK(all.value("onering_commit_seconds_count") == 3);
  CHECK(all.value("onering_fanout_seconds_count") == 2);
  CHECK(all.value("onering_sessions", "state=\"connected\"") == 1);
  CHECK(all.value("onering_connections") == 2);
  CHECK(all.value("onering_ops_waiting") == 0);
  CHECK(all.value("onering_http_requests_total",
                  R"(route="/api/drafts/{draft}/segments",method="POST",status="201")") == 1);
  CHECK(all.value("onering_http_request_seconds_bucket", "le=\"+Inf\"") ==
        all.value("onering_http_request_seconds_count"));
}

TEST_CASE("H3 a device that has another past than the server is counted and logged", "[http][operations]") {
  TestServer server;
  ApiClient ann(server.port(), "ann");
  const std::string address = ann.create();
  const auto divergences = [&] { return parse(ann.get("/metrics").text).value("onering_divergences_total"); };
  CHECK(divergences() == 0);

  const auto draft = parseId<DraftId>(address.substr(std::string_view("/api/drafts/").size()));
  REQUIRE(draft);
  RawSocket session(server.port());
  session.join("ann");
  session.say(Fetch{.draft = *draft, .have = {1, Digest{7}}});
  const auto told = session.hear();
  REQUIRE(told);
  CHECK(std::holds_alternative<Diverged>(*told));
  CHECK(divergences() == 1);
  CHECK(server.log().contains("a device has another past"));
  CHECK(server.log().contains("draft=" + toText(*draft)));

  // To a stranger there is no such draft (I10), and nothing has diverged.
  RawSocket stranger(server.port());
  stranger.join("zoe");
  stranger.say(Fetch{.draft = *draft, .have = {1, Digest{7}}});
  const auto gone = stranger.hear();
  REQUIRE(gone);
  CHECK(std::holds_alternative<Gone>(*gone));
  CHECK(divergences() == 1);
}

TEST_CASE("other parts put their figures beside the server's", "[http][operations]") {
  ServerOptions options;
  options.metrics = std::make_shared<Metrics>();
  options.metrics->watch("onering_pool_connections", "Connections of the pool.", {{"state", "idle"}},
                         [] { return 7.0; });
  TestServer server(std::move(options));
  ApiClient nobody(server.port(), "");
  CHECK(nobody.get("/metrics").text.contains("onering_pool_connections{state=\"idle\"} 7\n"));
}

TEST_CASE("an op is followed from socket to commit in the log, and no token or text is in it", "[http][operations]") {
  TestServer server;
  ApiClient ann(server.port(), "ann-canary");
  RawSocket session(server.port());
  session.join("ann-canary");
  const auto created = ann.post("/api/drafts", R"({"title":"canary title"})", "X-Request-Id: trace-7\r\n");
  CHECK(created.header("X-Request-Id") == "trace-7");
  CHECK(ann.get("/api/drafts").header("X-Request-Id").value_or("").size() == 36);
  CHECK(ann.get("/api/drafts", "X-Request-Id: not/good\r\n").header("X-Request-Id") != "not/good");
  ann.append("/api/drafts/" + created.textOf("draft"), "canary text");

  const std::string op = created.textOf("op");
  const std::string log = server.log();
  std::smatch match;
  REQUIRE(std::regex_search(log, match, std::regex("accepted an op batch=([0-9]+) op=" + op)));
  CHECK(log.contains("submitted an op request=trace-7 op=" + op));
  CHECK(log.contains("committed a batch batch=" + match[1].str()));
  CHECK(log.contains("answered a request request=trace-7"));
  CHECK(!log.contains("canary title"));
  CHECK(!log.contains("canary text"));
  CHECK(!log.contains("Bearer"));
}

}  // namespace onering::testing
