#include <algorithm>
#include <ranges>
#include <sstream>

#include "figures.h"
#include "filled-database.h"

namespace onering::bench {

namespace {

constexpr const char* kDatabase = "filled";

double median(std::vector<double> values) {
  if (values.empty()) fail(ErrorCode::internal, "PostgreSQL told no execution time.");
  std::ranges::sort(values);
  return values[values.size() / 2];
}

class Questions {
 public:
  Questions(const TemporaryCluster& cluster, FillSettings filled) : cluster_(cluster), filled_(filled) {}

  // Milliseconds in which the server carries it out, the median of `times`, each time for another draft.
  [[nodiscard]] double with(const Asked& asked, std::size_t times) const {
    // Once over what will be asked, so that what is measured is warm.
    return run(planSettings() + prepared(asked), asked, 2 * times, times);
  }

  // The same without the index, in a transaction that is taken back, with whatever plan PostgreSQL then finds best.
  [[nodiscard]] double without(const Asked& asked, std::size_t times) const {
    const std::string drop =
        "DO $$ DECLARE t text; BEGIN SELECT conrelid::regclass INTO t FROM pg_constraint WHERE conname = '" +
        asked.index + "'; IF t IS NULL THEN DROP INDEX " + asked.index +
        "; ELSE EXECUTE format('ALTER TABLE %I DROP CONSTRAINT %I CASCADE', t, '" + asked.index +
        "'); END IF; END $$; ";
    return run("SET jit = off; SET client_min_messages = error; BEGIN; " + drop + prepared(asked), asked, times, times);
  }

 private:
  [[nodiscard]] static std::string prepared(const Asked& asked) {
    return "PREPARE asked AS " + std::string(asked.statement.sql) + "; ";
  }

  [[nodiscard]] double run(std::string sql, const Asked& asked, std::size_t times, std::size_t counted) const {
    checkInterrupted();
    constexpr std::size_t kApart = 7'919;  // a prime: other drafts each time, all over the table
    for (std::size_t i = 0; i < times; ++i) {
      const std::size_t draft = 1 + i % counted * kApart % filled_.drafts;
      sql += "EXPLAIN (ANALYZE, TIMING off, SUMMARY on, COSTS off) EXECUTE asked(" +
             parametersFor(asked, draft, filled_) + "); ";
    }
    const std::string marker = "Execution Time: ";
    std::istringstream said(cluster_.sql(sql, kDatabase));
    std::vector<double> found;
    for (std::string line; std::getline(said, line);) {
      if (const auto at = line.find(marker); at != std::string::npos) {
        found.push_back(std::stod(line.substr(at + marker.size())));
      }
    }
    found.erase(found.begin(), found.end() - static_cast<std::ptrdiff_t>(std::min(found.size(), counted)));
    return median(std::move(found));
  }

  const TemporaryCluster& cluster_;
  FillSettings filled_;
};

double hitRate(const TemporaryCluster& cluster, const std::string& what) {
  const std::string sql = "SELECT round(100.0 * sum(" + what + "_blks_hit) / nullif(sum(" + what + "_blks_hit) + sum(" +
                          what + "_blks_read), 0), 2) FROM pg_statio_user_tables";
  return std::stod("0" + cluster.sql(sql, kDatabase));
}

}  // namespace

Figures benchQueries(const QueriesSettings& settings) {
  const SignalGuard guard;
  const FillSettings filled{.users = settings.users,
                            .drafts = settings.drafts,
                            .segmentsPerDraft = std::max<std::size_t>(1, settings.segments / settings.drafts)};
  // Room for all of it, as an operator would give to a database of this size.
  auto cluster = TemporaryCluster::start({.settings = {{"shared_buffers", "2GB"}, {"max_wal_size", "8GB"}}});
  if (!cluster) fail(cluster.error().code, cluster.error().message);
  Figures figures;
  const auto start = Clock::now();
  fillDatabase(**cluster, kDatabase, filled);
  figures["users"] = filled.users;
  figures["drafts"] = filled.drafts;
  figures["segments"] = filled.drafts * filled.segmentsPerDraft;
  figures["fillSeconds"] = rounded(secondsSince(start), 1);

  const Questions questions(**cluster, filled);
  Figures queries;
  double slowest = 0;
  for (const Asked& asked : everyQuestion()) {
    const double with = questions.with(asked, settings.times);
    const double without = settings.without ? questions.without(asked, 3) : 0;
    Figures one{{"index", asked.index}, {"ms", rounded(with, 3)}};
    if (settings.without) {
      one["withoutIndexMs"] = rounded(without, 3);
      one["ratio"] = rounded(without / std::max(with, 0.001), 0);
    }
    queries[asked.statement.name] = std::move(one);
    slowest = std::max(slowest, with);
  }
  figures["slowestMs"] = rounded(slowest, 3);
  // Of the questions alone: everything is read once before, and no index is missing.
  (*cluster)->sql("SELECT pg_stat_reset()", kDatabase);
  for (const Asked& asked : everyQuestion()) static_cast<void>(questions.with(asked, settings.times));
  (*cluster)->sql("SELECT pg_stat_force_next_flush(), pg_sleep(0.1)", kDatabase);
  figures["tableHitPercent"] = hitRate(**cluster, "heap");
  figures["indexHitPercent"] = hitRate(**cluster, "idx");
  figures["queries"] = std::move(queries);
  return figures;
}

}  // namespace onering::bench
