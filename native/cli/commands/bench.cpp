#include "onering/bench/bench.h"

#include <array>
#include <charconv>
#include <filesystem>
#include <functional>
#include <iostream>
#include <utility>

#include <CLI/CLI.hpp>
#include <boost/json.hpp>

#include "commands.h"

namespace onering::cli {

namespace {

namespace json = boost::json;
using namespace onering::bench;

constexpr const char* kAbout =
    R"(Without --server it starts a server of its own, a process apart, over a store that is thrown away;
over postgres, a temporary PostgreSQL cluster with fsync and synchronous_commit on. The server's CPU
time (over postgres all of PostgreSQL's processes included) is read apart from that of the load.
A server that is given must be in development mode; its costs cannot be read.)";

// Short: Boost.JSON writes 0.25 as 2.5E-1.
std::string textOf(double number) {
  std::array<char, 32> text{};
  return {text.data(), std::to_chars(text.data(), text.data() + text.size(), number).ptr};
}

void tellAsJson(const json::object& figures) {
  const char* before = "{";
  for (const auto& [name, value] : figures) {
    std::cout << std::exchange(before, ",") << json::serialize(json::string(name)) << ':';
    if (const json::object* inner = value.if_object()) {
      tellAsJson(*inner);
    } else {
      std::cout << (value.is_double() ? textOf(value.get_double()) : json::serialize(value));
    }
  }
  std::cout << '}';
}

void tellInWords(const json::object& figures, const std::string& indent = {}) {
  for (const auto& [name, value] : figures) {
    std::cout << indent << std::string_view(name) << ':';
    if (const json::object* inner = value.if_object()) {
      std::cout << '\n';
      tellInWords(*inner, indent + "  ");
    } else if (const json::string* text = value.if_string()) {
      std::cout << ' ' << std::string_view(*text) << '\n';
    } else if (const double* number = value.if_double()) {
      std::cout << ' ' << textOf(*number) << '\n';
    } else {
      std::cout << ' ' << json::serialize(value) << '\n';
    }
  }
}

Exit exitFor(ErrorCode code) {
  switch (code) {
    case ErrorCode::protocolError:
      return Exit::usage;
    case ErrorCode::unauthenticated:
    case ErrorCode::notAllowed:
    case ErrorCode::quotaExceeded:
      return Exit::denied;
    case ErrorCode::storageUnavailable:
    case ErrorCode::storageFull:
      return Exit::storage;
    default:
      return Exit::unavailable;
  }
}

void runBench(Context& context, const std::string& name, const std::function<Figures()>& bench) {
  try {
    Figures figures{{"bench", name}};
    for (auto& [key, value] : bench()) {
      figures[key] = std::move(value);
    }
    if (context.json) {
      tellAsJson(figures);
      std::cout << '\n';
    } else {
      tellInWords(figures);
    }
    const json::value* durable = figures.if_contains("durable");
    if (durable && !durable->as_bool()) {
      context.exit = Exit::failed;
    }
  } catch (const Failed& failed) {
    fail(context, exitFor(failed.why.code), failed.why);
  } catch (const Interrupted&) {
    context.exit = Exit::interrupted;
  }
}

// A command of `bench`, with what all of them take. `settings` outlives it.
template <typename Settings>
CLI::App* addCommand(CLI::App& parent, Context& context, const char* name, const char* about,
                     std::shared_ptr<Settings> settings, Figures (*bench)(const Settings&)) {
  CLI::App* command = parent.add_subcommand(name, about);
  auto* server = command->add_option("--server", settings->server.url, "ws://…: a server that is there");
  const std::map<std::string, StoreKind> stores{
      {"memory", StoreKind::memory}, {"sqlite", StoreKind::sqlite}, {"postgres", StoreKind::postgres}};
  command->add_option("--store", settings->server.store, "of a server of its own: memory, sqlite or postgres")
      ->transform(CLI::CheckedTransformer(stores))
      ->default_str("sqlite")
      ->excludes(server);
  command->add_flag("--json", context.json, "the figures as one line of JSON, errors as JSON");
  command->callback([&context, name, settings = std::move(settings), bench] {
    settings->server.program = std::filesystem::read_symlink("/proc/self/exe");
    runBench(context, name, [&] { return bench(*settings); });
  });
  return command;
}

template <typename Number>
void addNumber(CLI::App* command, const char* name, Number& number, const char* about, double least = 1) {
  command->add_option(name, number, about)->capture_default_str()->check(CLI::Range(least, 1e9));
}

void addAppend(CLI::App& parent, Context& context) {
  auto settings = std::make_shared<AppendSettings>();
  CLI::App* command = addCommand(parent, context, "append",
                                 "Replicas that append as fast as they are answered; then whether all of it is there",
                                 settings, benchAppend);
  addNumber(command, "--clients", settings->clients, "replicas");
  addNumber(command, "--drafts", settings->drafts, "drafts, shared out among them; at least one each");
  addNumber(command, "--bytes", settings->bytes, "of a segment's text");
  addNumber(command, "--window", settings->window, "ops of a replica without an answer");
  addNumber(command, "--seconds", settings->seconds, "of measuring, after one of warming up", 0.1);
  command->add_flag("--kill9", settings->kill9, "kill -9 for the server under load, then ask a new one for every op");
  command->footer(
      "Over postgres also PostgreSQL's own limits for the same rows, measured afterwards: one op a transaction\n"
      "through pgbench, 100 ops a transaction, and COPY. Ends with 1 if an acknowledged op is missing or there twice.");
}

void addLatency(CLI::App& parent, Context& context) {
  auto settings = std::make_shared<LatencySettings>();
  CLI::App* command = addCommand(parent, context, "latency", "From append() on one device to the view on another",
                                 settings, benchLatency);
  addNumber(command, "--every-ms", settings->everyMs, "one append every so often", 0.1);
  addNumber(command, "--bytes", settings->bytes, "of a segment's text");
  addNumber(command, "--busy-clients", settings->busyClients, "replicas that append meanwhile, one op at a time", 0);
  command->add_flag("--two-servers", settings->twoServers, "over one PostgreSQL; who reads is at the other one");
  addNumber(command, "--seconds", settings->seconds, "of measuring", 0.1);
}

void addFanOut(CLI::App& parent, Context& context) {
  auto settings = std::make_shared<FanOutSettings>();
  CLI::App* command =
      addCommand(parent, context, "fanout", "One who writes and many who read along", settings, benchFanOut);
  command->add_option("--readers", settings->readers, "who read along")
      ->capture_default_str()
      ->check(CLI::Range(1, 1000));
  addNumber(command, "--bytes", settings->bytes, "of a segment's text");
  addNumber(command, "--window", settings->window,
            "ops of the writer without an answer; with more than one, several may travel in one message");
  addNumber(command, "--rate", settings->perSecond, "appends a second; 0: as the window lets it", 0);
  addNumber(command, "--seconds", settings->seconds, "of measuring, after one of warming up", 0.1);
}

void addCatchUp(CLI::App& parent, Context& context) {
  auto settings = std::make_shared<CatchUpSettings>();
  CLI::App* command =
      addCommand(parent, context, "catchup", "A new device gets a long draft: from connecting to having all of it",
                 settings, benchCatchUp);
  addNumber(command, "--segments", settings->segments, "of the draft");
  addNumber(command, "--bytes", settings->bytes, "of a segment's text");
  addNumber(command, "--rounds", settings->rounds, "warm ones, after a cold one on a server just started");
}

void addReconnect(CLI::App& parent, Context& context) {
  auto settings = std::make_shared<ReconnectSettings>();
  CLI::App* command =
      addCommand(parent, context, "reconnect",
                 "A device of a user with many drafts comes back, few of which have changed", settings, benchReconnect);
  addNumber(command, "--drafts", settings->drafts, "of the user");
  addNumber(command, "--changed", settings->changed, "of them, while the device is away");
  addNumber(command, "--age", settings->ageSeconds, "of the drafts, in seconds; what is new is listed again", 0);
  addNumber(command, "--rounds", settings->rounds, "of going and coming back");
}

void addLongDraft(CLI::App& parent, Context& context) {
  auto settings = std::make_shared<LongDraftSettings>();
  CLI::App* command = addCommand(parent, context, "long", "What an append costs in a long draft and in an empty one",
                                 settings, benchLongDraft);
  command->add_option("--segments", settings->segments, "of the long draft, before it is measured")
      ->capture_default_str()
      ->check(CLI::Range(1, 900'000));
  addNumber(command, "--bytes", settings->bytes, "of a segment's text");
  addNumber(command, "--window", settings->window, "ops without an answer");
  addNumber(command, "--rounds", settings->rounds, "in each of which both have their turn");
  addNumber(command, "--seconds", settings->seconds, "of a turn", 0.1);
}

void addIdle(CLI::App& parent, Context& context) {
  auto settings = std::make_shared<IdleSettings>();
  CLI::App* command =
      addCommand(parent, context, "idle", "What a connection costs while nothing happens", settings, benchIdle);
  addNumber(command, "--clients", settings->clients, "connections, each of its own user");
  addNumber(command, "--seconds", settings->seconds, "of watching", 0.1);
}

void addLoad(CLI::App& parent, Context& context) {
  auto settings = std::make_shared<LoadSettings>();
  CLI::App* command = addCommand(parent, context, "load",
                                 "Users who open, read, append, pass and list, and think between", settings, benchLoad);
  addNumber(command, "--users", settings->users, "who are there");
  addNumber(command, "--users-per-draft", settings->usersPerDraft, "who share a draft and its ring");
  addNumber(command, "--think-seconds", settings->thinkSeconds, "between two actions of a user, on average", 0.001);
  addNumber(command, "--bytes", settings->bytes, "of a segment's text");
  addNumber(command, "--seconds", settings->seconds, "of measuring", 0.1);
}

void addRead(CLI::App& parent, Context& context) {
  auto settings = std::make_shared<ReadSettings>();
  CLI::App* command =
      addCommand(parent, context, "read", "Reading a draft's segments as JSON over HTTP", settings, benchRead);
  addNumber(command, "--connections", settings->connections, "that ask again as soon as they are answered");
  command->add_option("--segments", settings->segments, "of the draft")
      ->capture_default_str()
      ->check(CLI::Range(1, 1'000));
  addNumber(command, "--bytes", settings->bytes, "of a segment's text");
  addNumber(command, "--seconds", settings->seconds, "of measuring, after one of warming up", 0.1);
}

void addHostile(CLI::App& parent, Context& context) {
  auto settings = std::make_shared<HostileSettings>();
  CLI::App* command = addCommand(parent, context, "hostile",
                                 "What honest clients notice of noise, floods, forgeries and silence; and how what is\n"
                                 "forbidden differs from what is not there",
                                 settings, benchHostile);
  addNumber(command, "--clients", settings->clients, "honest ones, each one op at a time");
  addNumber(command, "--questions", settings->questions, "of a stranger about each kind of draft");
  addNumber(command, "--seconds", settings->seconds, "of measuring in peace, and again under attack", 0.1);
}

// It measures the database alone: there is no server to choose.
void addQueries(CLI::App& parent, Context& context) {
  auto settings = std::make_shared<QueriesSettings>();
  CLI::App* command = parent.add_subcommand(
      "queries", "Every query of the PostgreSQL store on a database with much in it, with its index and without");
  addNumber(command, "--users", settings->users, "in the database");
  addNumber(command, "--drafts", settings->drafts, "in the database");
  addNumber(command, "--segments", settings->segments, "in all drafts together");
  addNumber(command, "--times", settings->times, "each query is asked; its median is told");
  command->add_flag("!--with-only", settings->without, "not without the indexes");
  command->add_flag("--json", context.json, "the figures as one line of JSON, errors as JSON");
  command->callback([&context, settings] { runBench(context, "queries", [&] { return benchQueries(*settings); }); });
}

}  // namespace

void addBench(CLI::App& app, Context& context) {
  CLI::App* command = app.add_subcommand("bench", "Put load on a server and tell what came of it");
  command->require_subcommand(1);
  command->footer(kAbout);
  addAppend(*command, context);
  addLatency(*command, context);
  addFanOut(*command, context);
  addCatchUp(*command, context);
  addReconnect(*command, context);
  addLongDraft(*command, context);
  addIdle(*command, context);
  addLoad(*command, context);
  addRead(*command, context);
  addHostile(*command, context);
  addQueries(*command, context);
}

}  // namespace onering::cli
