#include <algorithm>
#include <iostream>

#include <CLI/CLI.hpp>
#include <boost/json.hpp>

#include "onering/postgres/find.h"
#include "onering/postgres/migrations.h"
#include "onering/postgres/postgres-store.h"

#include "commands.h"
#include "verify-store.h"

namespace onering::cli {

namespace {

namespace json = boost::json;

struct DbSettings {
  PostgresOptions database{.url = {}, .poolSize = 2};
  int version = -1;
  bool distribute = false;
  bool all = false;
  std::uint32_t sample = 100;
};

Exit exitOf(const Rejection& why) {
  switch (why.code) {
    case ErrorCode::protocolError:
    case ErrorCode::notAllowed:
      return Exit::usage;
    case ErrorCode::divergence:
      return Exit::failed;
    default:
      return Exit::storage;
  }
}

void tellSteps(const Context& context, const std::expected<int, Rejection>& steps) {
  if (context.json) {
    std::cout << json::serialize(json::object{{"steps", *steps}}) << '\n';
  } else {
    std::cout << *steps << (*steps == 1 ? " migration" : " migrations") << '\n';
  }
}

void up(Context& context, const DbSettings& settings) {
  Migrations migrations(settings.database);
  const auto steps = settings.distribute ? migrations.distribute() : migrations.up(std::max(0, settings.version));
  if (!steps) {
    fail(context, exitOf(steps.error()), steps.error());
    return;
  }
  tellSteps(context, steps);
}

void down(Context& context, const DbSettings& settings) {
  const auto steps = Migrations(settings.database).down(settings.version);
  if (!steps) {
    fail(context, exitOf(steps.error()), steps.error());
    return;
  }
  tellSteps(context, steps);
}

void status(Context& context, const DbSettings& settings) {
  const auto all = Migrations(settings.database).status();
  if (!all) {
    fail(context, exitOf(all.error()), all.error());
    return;
  }
  json::array list;
  for (const MigrationStatus& one : *all) {
    list.push_back({{"version", one.version}, {"name", one.name}, {"applied", one.applied}, {"altered", one.altered}});
    if (!context.json) {
      std::cout << one.version << ' ' << one.name << ": "
                << (one.altered   ? "applied with another text"
                    : one.applied ? "applied"
                                  : "not applied")
                << '\n';
    }
  }
  if (context.json) {
    std::cout << json::serialize(list) << '\n';
  }
}

struct Checked {
  std::vector<std::string> findings;
  VerifySums sums;
};

void tell(const Context& context, const Checked& checked) {
  if (context.json) {
    std::cout << json::serialize(
                     json::object{{"ok", checked.findings.empty()},
                                  {"drafts", checked.sums.drafts},
                                  {"ops", checked.sums.ops},
                                  {"findings", json::array(checked.findings.begin(), checked.findings.end())}})
              << '\n';
    return;
  }
  for (const std::string& finding : checked.findings) {
    std::cout << finding << '\n';
  }
  std::cout << checked.sums.drafts << " drafts, " << checked.sums.ops << " ops: "
            << (checked.findings.empty() ? "no difference" : std::to_string(checked.findings.size()) + " differences")
            << '\n';
}

// The migrations and the schema that they made first: drafts in other tables would tell nothing.
void verify(Context& context, const DbSettings& settings) {
  Checked checked;
  const auto migrations = Migrations(settings.database).status();
  if (!migrations) {
    fail(context, exitOf(migrations.error()), migrations.error());
    return;
  }
  for (const MigrationStatus& one : *migrations) {
    if (one.altered || !one.applied) {
      checked.findings.push_back("migration " + std::to_string(one.version) +
                                 (one.applied ? " was run with another text" : " was not run"));
    }
  }
  const auto store = checked.findings.empty() ? PostgresStore::open(settings.database)
                                              : StoreResult<std::unique_ptr<PostgresStore>>(nullptr);
  if (!store) {
    fail(context, Exit::storage, rejection(errorOf(store.error().fault), store.error().detail));
    return;
  }
  if (*store) {
    Verifier verifier(**store, false, settings.all ? 0 : settings.sample);
    if (const auto done = verifier.run(); !done) {
      fail(context, Exit::storage, rejection(errorOf(done.error().fault), done.error().detail));
      return;
    }
    checked.sums = verifier.sums();
    for (const Difference& each : verifier.differences()) {
      checked.findings.push_back((each.draft ? "draft " + toText(*each.draft) + ": " : std::string()) + each.what);
    }
  }
  tell(context, checked);
  context.exit = checked.findings.empty() ? Exit::ok : Exit::failed;
}

struct FindSettings {
  PostgresOptions database;
  std::string question;
  std::string value;
  std::uint32_t limit = 100;
};

void find(Context& context, const FindSettings& settings) {
  const auto found = onering::find(settings.database, settings.question, settings.value, settings.limit);
  if (!found) {
    fail(context, exitOf(found.error()), found.error());
    return;
  }
  if (!context.json) {
    for (const auto& row : found->rows) {
      for (std::size_t i = 0; i < row.size(); ++i) std::cout << (i == 0 ? "" : "\t") << row[i].value_or("");
      std::cout << '\n';
    }
    return;
  }
  json::array rows;
  for (const auto& row : found->rows) {
    json::object line;
    for (std::size_t i = 0; i < row.size(); ++i) {
      line[found->columns[i]] = row[i] ? json::value(*row[i]) : json::value(nullptr);
    }
    rows.push_back(std::move(line));
  }
  std::cout << json::serialize(rows) << '\n';
}

void addFind(CLI::App& db, Context& context) {
  auto settings = std::make_shared<FindSettings>();
  CLI::App* command = db.add_subcommand("find", "Find drafts, passes of rings and what is kept beside them");
  command->add_option("--store", settings->database.url, "the database: a postgres:// URL")->required();
  command->add_option("by", settings->question, "one of the names below")->required();
  command->add_option("value", settings->value, "what to look for; a time as 2026-11-26T12:00:00Z")->required();
  command->add_option("--limit", settings->limit, "rows at most")->capture_default_str()->check(CLI::Range(1, 100'000));
  command->add_flag("--json", context.json, "the rows as JSON, with the columns' names");
  std::string names;
  for (const FindQuestion& question : findQuestions()) {
    std::string name = question.name;
    name.resize(12, ' ');
    names += name + question.about + '\n';
  }
  command->footer(names);
  command->callback([settings, &context] { find(context, *settings); });
}

CLI::App* addCommand(CLI::App& group, Context& context, const std::shared_ptr<DbSettings>& settings, const char* name,
                     const char* help, void (*run)(Context&, const DbSettings&)) {
  CLI::App* command = group.add_subcommand(name, help);
  command->add_option("--store", settings->database.url, "the database: a postgres:// URL")->required();
  command->add_flag("--json", context.json, "the result as JSON");
  command->callback([settings, &context, run] { run(context, *settings); });
  return command;
}

CLI::Option* addDistribute(CLI::App& command, const std::shared_ptr<DbSettings>& settings) {
  return command.add_flag("--distribute", settings->distribute,
                          "and spread the tables over the nodes of a Citus cluster, by draft");
}

// `migrate --distribute` is short for `migrate up --distribute`.
void addMigrateItself(CLI::App& migrate, Context& context, const std::shared_ptr<DbSettings>& settings) {
  migrate.require_subcommand(0, 1);
  addDistribute(migrate, settings);
  migrate.add_option("--store", settings->database.url, "the database: a postgres:// URL");
  migrate.add_flag("--json", context.json, "the result as JSON");
  migrate.callback([&migrate, settings, &context] {
    if (!migrate.get_subcommands().empty()) {
      return;
    }
    if (!settings->distribute) {
      throw CLI::RequiredError("up, down, status or --distribute");
    }
    if (settings->database.url.empty()) {
      throw CLI::RequiredError("--store");
    }
    up(context, *settings);
  });
}

}  // namespace

void addDb(CLI::App& app, Context& context) {
  auto settings = std::make_shared<DbSettings>();
  CLI::App* db = app.add_subcommand("db", "Look after a PostgreSQL database");
  db->require_subcommand(1);
  CLI::App* migrate = db->add_subcommand("migrate", "Change the schema, one migration a transaction");
  addMigrateItself(*migrate, context, settings);
  CLI::App* upward = addCommand(*migrate, context, settings, "up", "Run the migrations that are missing", up);
  auto* to = upward->add_option("--to", settings->version, "up to this one")->check(CLI::PositiveNumber);
  addDistribute(*upward, settings)->excludes(to);
  CLI::App* downward =
      addCommand(*migrate, context, settings, "down", "Undo migrations; what their tables hold is lost", down);
  downward->add_option("--to", settings->version, "down to this one; 0: all of them")
      ->required()
      ->check(CLI::NonNegativeNumber);
  addCommand(*migrate, context, settings, "status", "Which migrations were run", status);
  CLI::App* check = addCommand(*db, context, settings, "verify",
                               "Compare tables, types, constraints, indexes, migrations and chains", verify);
  auto* all = check->add_flag("--all", settings->all, "every draft, and the lists of all users");
  check->add_option("--sample", settings->sample, "so many drafts, spread over all")
      ->capture_default_str()
      ->check(CLI::PositiveNumber)
      ->excludes(all);
  check->footer("Ends with 1 if there is any difference.");
  addFind(*db, context);
}

}  // namespace onering::cli
