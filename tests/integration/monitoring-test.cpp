// docs/monitoring: what Prometheus and Grafana load asks for figures that the server tells.
#include <fstream>
#include <iterator>
#include <regex>
#include <set>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <catch2/catch_test_macros.hpp>

#include "onering/cluster/temporary-cluster.h"

#include "api-client.h"
#include "test-server.h"

namespace onering::testing {

namespace {

namespace json = boost::json;

std::string textOf(const std::string& name) {
  std::ifstream file(ONERING_ROOT "/docs/monitoring/" + name);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::set<std::string> wordsIn(const std::string& text) {
  static const std::regex kName("onering_[a-z_]+");
  return {std::sregex_token_iterator(text.begin(), text.end(), kName), {}};
}

// Every series that a server over PostgreSQL tells once somebody has read a draft.
const std::set<std::string>& served() {
  static const std::set<std::string> names = [] {
    const auto cluster = TemporaryCluster::start();
    INFO((cluster ? std::string() : cluster.error().message));
    REQUIRE(cluster);
    ServerOptions options;
    options.database = PostgresOptions{.url = (*cluster)->url()};
    TestServer server(std::move(options));
    ApiClient ann(server.port(), "ann");
    CHECK(ann.get(ann.create()).status == 200);
    return wordsIn(ann.get("/metrics").text);
  }();
  return names;
}

}  // namespace

TEST_CASE("SPEC 15 alert rules ask for figures that there are", "[http][operations][postgres]") {
  const std::string rules = textOf("alerts.yml");
  const std::set<std::string> asked = wordsIn(rules);
  CHECK(asked.size() >= 8);
  for (const std::string& name : asked) {
    INFO(name);
    CHECK(served().contains(name));
  }
}

TEST_CASE("SPEC 15 the dashboard shows every figure that there is, and no other", "[http][operations][postgres]") {
  const json::value dashboard = json::parse(textOf("grafana-dashboard.json"));
  std::set<std::int64_t> ids;
  std::set<std::string> asked;
  for (const json::value& panel : dashboard.at("panels").as_array()) {
    CHECK(ids.insert(panel.at("id").as_int64()).second);
    for (const json::value& target : panel.at("targets").as_array()) {
      asked.merge(wordsIn(std::string(std::string_view(target.at("expr").as_string()))));
    }
  }
  const auto isShown = [&](const std::string& name) {
    static const std::regex kPart("_(bucket|sum|count)$");
    return asked.contains(name) || asked.contains(std::regex_replace(name, kPart, "") + "_bucket");
  };
  for (const std::string& name : asked) {
    INFO(name);
    CHECK(served().contains(name));
  }
  const std::set<std::string> elsewhere{"onering_batches_total", "onering_pool_opened_total"};  // the batches' sizes
  for (const std::string& name : served()) {
    INFO(name);
    CHECK((isShown(name) || isShown(name + "_bucket") || elsewhere.contains(name)));
  }
}

}  // namespace onering::testing
