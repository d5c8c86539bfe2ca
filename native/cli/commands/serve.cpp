#include <algorithm>
#include <array>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <optional>
#include <thread>

#include <CLI/CLI.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <pthread.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include "onering/server/server.h"
#include "onering/system/system.h"

#include "commands.h"

namespace onering::cli {

namespace {

struct ServeSettings {
  std::string listen = "127.0.0.1:8080";
  std::string store = kDefaultStore;
  PostgresOptions database;
  std::string web;
  bool devAuth = false;
  std::string jwtKeyFile;
  std::string jwtIssuer;
  std::string jwtAudience;
  std::vector<std::string> allowOrigin;
  std::string logLevel = "info";
  std::string logFormat = "text";
  std::size_t userRate = ServerBounds{}.requestsPerSecondPerUser;
  std::size_t messageRate = ServerBounds{}.messagesPerSecondPerUser;
  std::size_t addressRate = ServerBounds{}.requestsPerSecondPerAddress;
};

std::expected<std::shared_ptr<Authenticator>, Rejection> authenticatorFor(const ServeSettings& settings) {
  if (settings.devAuth) {
    return std::make_shared<DevAuthenticator>();
  }
  std::ifstream file(settings.jwtKeyFile, std::ios::binary);
  std::string key{std::istreambuf_iterator<char>(file), {}};
  if (!file.good() && !file.eof()) {
    return std::unexpected(rejection(ErrorCode::storageUnavailable, "cannot read the key file"));
  }
  while (key.ends_with('\n') || key.ends_with('\r')) {
    key.pop_back();
  }
  auto jwt =
      JwtAuthenticator::create({.key = std::move(key), .issuer = settings.jwtIssuer, .audience = settings.jwtAudience});
  if (!jwt) {
    return std::unexpected(std::move(jwt.error()));
  }
  return std::shared_ptr<Authenticator>(std::move(*jwt));
}

constexpr std::array<std::string_view, 5> kLogLevels{"debug", "info", "warning", "error", "off"};

spdlog::level::level_enum spdlogLevel(LogLevel level) {
  constexpr auto kLevels =
      std::to_array({spdlog::level::debug, spdlog::level::info, spdlog::level::warn, spdlog::level::err});
  return kLevels[static_cast<std::size_t>(level)];
}

Log logTo(std::shared_ptr<spdlog::logger> logger) {
  return [logger = std::move(logger)](LogLevel level, std::string_view text) {
    logger->log(spdlogLevel(level), spdlog::string_view_t(text.data(), text.size()));
  };
}

// One JSON object a line: time, level, text, and what the line is about.
RecordLog recordsTo(std::shared_ptr<spdlog::logger> logger) {
  return [logger = std::move(logger)](const LogRecord& record) {
    boost::json::object line{{"time", timeText(systemNow())},
                             {"level", kLogLevels[static_cast<std::size_t>(record.level)]},
                             {"text", record.text}};
    for (const auto& [name, value] : record.fields) {
      line[name] = value;
    }
    logger->log(spdlogLevel(record.level), boost::json::serialize(line));
  };
}

std::shared_ptr<spdlog::logger> makeLogger(const ServeSettings& settings) {
  auto logger = std::make_shared<spdlog::logger>("onering", std::make_shared<spdlog::sinks::stderr_sink_mt>());
  logger->set_pattern(settings.logFormat == "json" ? "%v" : "%Y-%m-%dT%H:%M:%S.%eZ %l %v",
                      spdlog::pattern_time_type::utc);
  logger->set_level(spdlog::level::from_str(settings.logLevel));
  return logger;
}

// The server's own least level; `off` is spdlog's to keep.
LogLevel leastLevel(const std::string& level) {
  const auto found = std::ranges::find(kLogLevels, level);
  const auto last = static_cast<std::ptrdiff_t>(LogLevel::error);
  return static_cast<LogLevel>(std::min(found - kLogLevels.begin(), last));
}

// SIGINT and SIGTERM wait until someone asks for them; every thread that is started from here on leaves them alone.
sigset_t holdSignals() {
  std::signal(SIGPIPE, SIG_IGN);  // who reads the log may leave
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  return signals;
}

// The first signal stops the server with all due care, the second at once.
void stopOnSignals(Server& server, const sigset_t& signals) {
  std::thread([&server, signals] {
    int which = 0;
    sigwait(&signals, &which);
    server.stop();
    sigwait(&signals, &which);
    ::_exit(static_cast<int>(Exit::interrupted));
  }).detach();
}

Exit exitFor(ErrorCode code) {
  switch (code) {
    case ErrorCode::unavailable:
      return Exit::unavailable;
    case ErrorCode::storageUnavailable:
    case ErrorCode::upgradeRequired:
    case ErrorCode::divergence:
    case ErrorCode::quotaExceeded:
      return Exit::storage;
    default:
      return Exit::usage;
  }
}

void serve(Context& context, const ServeSettings& settings) {
  const sigset_t signals = holdSignals();
  auto authenticator = authenticatorFor(settings);
  if (!authenticator) {
    fail(context, Exit::usage, authenticator.error());
    return;
  }
  ServerOptions options;
  if (isDatabase(settings.store)) {
    options.database = settings.database;
    options.database->url = settings.store;
  } else if (auto store = openStore(settings.store, StoreUse::readWrite)) {
    options.store = std::move(*store);
  } else {
    fail(context, Exit::storage, store.error());
    return;
  }
  const auto logger = makeLogger(settings);
  options.listen = settings.listen;
  options.authenticator = std::move(*authenticator);
  options.webDirectory = settings.web;
  options.allowedOrigins = settings.allowOrigin;
  options.logLevel = leastLevel(settings.logLevel);
  options.bounds.requestsPerSecondPerUser = settings.userRate;
  options.bounds.requestsPerSecondPerAddress = settings.addressRate;
  options.bounds.messagesPerSecondPerUser = settings.messageRate;
  const RecordLog records = recordsTo(logger);
  if (settings.logFormat == "json") {
    options.records = records;
  }
  options.log = logTo(logger);
  auto server = Server::create(std::move(options));
  if (!server) {
    fail(context, exitFor(server.error().code), server.error());
    return;
  }
  const auto tell = [&](const std::string& text) {
    if (settings.logFormat == "json") {
      records({.level = LogLevel::info, .text = text, .fields = {}});
    } else {
      logger->info(text);
    }
  };
  if (settings.store == kDefaultStore) {
    const std::string where = std::filesystem::absolute(settings.store).string();
    tell("keeping drafts in " + where);
  }
  if (settings.devAuth) {
    std::cerr << "onering: development mode: every name is believed; for this machine only\n";
  }
  stopOnSignals(**server, signals);
  std::cout << R"({"ready":true,"listen":")" << (*server)->boundAddress() << "\"}\n" << std::flush;
  (*server)->run();
  tell("stopped");
}

}  // namespace

void addServe(CLI::App& app, Context& context) {
  auto settings = std::make_shared<ServeSettings>();
  CLI::App* command = app.add_subcommand("serve", "Keep drafts and sync them with replicas, until stopped");
  command->add_option("--listen", settings->listen, "ADDRESS:PORT or [IPV6]:PORT; port 0: one that is free")
      ->capture_default_str();
  command->add_option("--store", settings->store, "`memory`, the path of a SQLite file, or a postgres:// URL")
      ->capture_default_str();
  command->add_option("--pool-size", settings->database.poolSize,
                      "connections to the database at most; 0: threads * 2 + overhead, which is 6");
  command
      ->add_option("--processes", settings->database.processes,
                   "servers that share the database: together they must fit into its max_connections")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  command->add_option("--web", settings->web, "also serve the files of this folder")->check(CLI::ExistingDirectory);
  auto* auth = command->add_option_group("authentication", "who may sign in (one of them)");
  auth->add_flag("--dev-auth", settings->devAuth, "development: tokens are names, believed; loopback addresses only");
  auth->add_option("--jwt-key-file", settings->jwtKeyFile, "tokens are JWTs signed (HS256) with the key in this file")
      ->check(CLI::ExistingFile);
  auth->require_option(1);
  command->add_option("--jwt-issuer", settings->jwtIssuer, "what `iss` must be");
  command->add_option("--jwt-audience", settings->jwtAudience, "what `aud` must hold");
  command->add_option("--allow-origin", settings->allowOrigin,
                      "pages of this origin may connect, e.g. https://app.example.org");
  command->add_option("--log-level", settings->logLevel, "of the log on stderr")
      ->check(CLI::IsMember({"debug", "info", "warning", "error", "off"}))
      ->capture_default_str();
  command->add_option("--log-format", settings->logFormat, "of the log: lines for people, or JSON for programs")
      ->check(CLI::IsMember({"text", "json"}))
      ->capture_default_str();
  command->add_option("--user-rate", settings->userRate, "HTTP requests a second of one user; 0: any number")
      ->capture_default_str();
  command->add_option("--message-rate", settings->messageRate, "sync messages a second of one user; 0: any number")
      ->capture_default_str();
  command->add_option("--address-rate", settings->addressRate, "HTTP requests a second of one address; 0: any number")
      ->capture_default_str();
  command->add_flag("--json", context.json, "errors as JSON");
  command->callback([settings, &context] { serve(context, *settings); });
}

}  // namespace onering::cli
