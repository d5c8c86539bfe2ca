#include "settings.h"

#include <algorithm>
#include <memory>
#include <vector>

namespace onering::postgres {

namespace {

constexpr std::uint32_t kThreads = 1;
constexpr std::uint32_t kOverhead = 4;

bool has(const Keywords& keywords, std::string_view name) {
  return std::ranges::any_of(keywords, [&](const auto& keyword) { return keyword.first == name; });
}

void addDefault(Keywords& keywords, std::string name, std::string value) {
  if (!has(keywords, name)) {
    keywords.emplace_back(std::move(name), std::move(value));
  }
}

std::string milliseconds(std::chrono::milliseconds value) {
  return std::to_string(value.count());
}

// A server whose host is gone must not hold its drafts' locks for hours. Plans are made once, when tables may still be
// empty; that rows are found by key is known without counting them.
std::string serverOptions(const PostgresOptions& options) {
  return "-c statement_timeout=" + milliseconds(options.statementTimeout) +
         " -c lock_timeout=" + milliseconds(options.lockTimeout) +
         " -c idle_in_transaction_session_timeout=" + milliseconds(options.idleInTransactionTimeout) +
         " -c tcp_keepalives_idle=5 -c tcp_keepalives_interval=2 -c tcp_keepalives_count=3"
         " -c timezone=UTC -c jit=off -c plan_cache_mode=force_generic_plan"
         " -c enable_seqscan=off -c enable_hashjoin=off -c enable_mergejoin=off";
}

}  // namespace

std::expected<Keywords, Rejection> keywordsFor(const PostgresOptions& options) {
  struct Free {
    void operator()(PQconninfoOption* parsed) const { PQconninfoFree(parsed); }
  };
  const std::unique_ptr<PQconninfoOption, Free> parsed(PQconninfoParse(options.url.c_str(), nullptr));
  if (!parsed) {
    return std::unexpected(rejection(ErrorCode::protocolError,
                                     "The database's URL cannot be understood. It is "
                                     "postgres://USER:PASSWORD@HOST:PORT/DATABASE, special characters as %XX."));
  }
  Keywords keywords;
  for (const PQconninfoOption* option = parsed.get(); option->keyword; ++option) {
    if (option->val) {
      keywords.emplace_back(option->keyword, option->val);
    }
  }
  addDefault(keywords, "application_name", "onering");
  addDefault(keywords, "target_session_attrs", "read-write");
  // A peer that has gone without a word is noticed in seconds.
  addDefault(keywords, "keepalives_idle", "5");
  addDefault(keywords, "keepalives_interval", "2");
  addDefault(keywords, "keepalives_count", "3");
  addDefault(keywords, "tcp_user_timeout", "10000");
  addDefault(keywords, "connect_timeout", "10");  // of each host
  keywords.emplace_back("client_encoding", "UTF8");
  const auto given = std::ranges::find(keywords, "options", &Keywords::value_type::first);
  if (given == keywords.end()) {
    keywords.emplace_back("options", serverOptions(options));
  } else {
    given->second = serverOptions(options) + " " + given->second;
  }
  return keywords;
}

Keywords beginningAt(Keywords keywords, std::size_t first) {
  for (auto& [name, value] : keywords) {
    if (name != "host" && name != "hostaddr" && name != "port") {
      continue;
    }
    std::vector<std::string> items(1);
    for (const char c : value) {
      if (c == ',') {
        items.emplace_back();
      } else {
        items.back() += c;
      }
    }
    std::ranges::rotate(items, items.begin() + static_cast<std::ptrdiff_t>(first % items.size()));
    value.clear();
    for (const std::string& item : items) {
      value += (&item == items.data() ? "" : ",") + item;
    }
  }
  return keywords;
}

std::expected<PoolOptions, Rejection> poolOptionsFor(const PostgresOptions& options) {
  auto keywords = keywordsFor(options);
  if (!keywords) {
    return std::unexpected(std::move(keywords.error()));
  }
  PoolOptions pool;
  pool.keywords = *std::move(keywords);
  pool.size = options.poolSize > 0 ? options.poolSize : kThreads * 2 + kOverhead;
  pool.acquire = options.acquireTimeout;
  pool.connect = options.connectTimeout;
  pool.pingAfterIdle = options.pingAfterIdle;
  pool.recycleAfter = options.recycleAfter;
  return pool;
}

}  // namespace onering::postgres
