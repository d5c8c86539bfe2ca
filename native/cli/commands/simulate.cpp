#include <ctime>
#include <iostream>

#include <CLI/CLI.hpp>
#include <boost/json.hpp>
#include <unistd.h>

#include "onering/simulation/runs.h"

#include "commands.h"

namespace onering::cli {

namespace {

using namespace onering::simulation;

struct SimulateSettings {
  std::string seeds = "1..2000";
  std::optional<std::uint64_t> replay;
  bool trace = false;
};

constexpr std::size_t kFailuresMax = 3;

// What the processor has spent on this program: others work on the same machine.
double secondsSpent() {
  timespec time{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) / 1e9;
}

class SimulateCommand {
 public:
  SimulateCommand(Context& context, const SimulateSettings& settings) : context_(context), settings_(settings) {}

  void run() {
    if (settings_.replay) {
      playOne(*settings_.replay);
      return;
    }
    const auto seeds = parseSeeds(settings_.seeds);
    if (!seeds) {
      fail(context_, Exit::usage, rejection(ErrorCode::invalidText, "Seeds are told as A..B, A not above B."));
      return;
    }
    playMany(*seeds);
  }

 private:
  void playOne(std::uint64_t seed) {
    const Outcome outcome = simulate(seed, {.trace = settings_.trace, .reduction = {}});
    std::cout << outcome.trace << "seed " << seed << ": " << outcome.failure.value_or("ok") << ", " << outcome.events
              << " events, " << outcome.opsAccepted << " ops accepted, fingerprint " << std::hex << outcome.fingerprint
              << std::dec << '\n';
    if (outcome.failure) {
      context_.exit = Exit::failed;
    }
  }

  void playMany(const Seeds& seeds) {
    const bool atTerminal = isatty(STDERR_FILENO) != 0;
    const std::uint64_t count = seeds.last - seeds.first + 1;
    const double before = secondsSpent();
    const Summary summary = simulateAll(seeds, kFailuresMax, [&](std::uint64_t played) {
      if (atTerminal && played * 1'000 / count != (played - 1) * 1'000 / count) {
        showProgress(played, count);
      }
    });
    const double took = secondsSpent() - before;
    if (atTerminal) {
      std::cerr << "\r\033[K";
    }
    const auto perMinute =
        static_cast<std::uint64_t>(60.0 * static_cast<double>(summary.coverage.schedules()) / std::max(took, 1e-9));
    context_.json ? tellAsJson(summary, perMinute) : tell(summary, perMinute);
    for (const Outcome& failed : summary.failures) {
      std::cerr << tellFailure(failed.seed) << '\n';
      context_.exit = Exit::failed;
    }
  }

  static void showProgress(std::uint64_t played, std::uint64_t count) {
    constexpr std::uint64_t kWidth = 40;
    const auto filled = played * kWidth / count;
    std::cerr << "\r[" << std::string(filled, '#') << std::string(kWidth - filled, ' ') << "] " << played << " of "
              << count << std::flush;
  }

  static void tell(const Summary& summary, std::uint64_t perMinute) {
    std::cout << summary.coverage.table() << "\nnever:";
    for (const std::string_view name : summary.coverage.never()) {
      std::cout << ' ' << name;
    }
    std::cout << '\n'
              << summary.opsAccepted << " ops accepted, " << summary.events << " events, "
              << std::chrono::duration_cast<std::chrono::hours>(summary.lasted).count()
              << " hours of virtual time, fingerprint " << std::hex << summary.fingerprint << std::dec << '\n'
              << summary.coverage.schedules() << " schedules, " << summary.failures.size() << " failed, " << perMinute
              << " a minute on one core\n";
  }

  static void tellAsJson(const Summary& summary, std::uint64_t perMinute) {
    namespace json = boost::json;
    json::object shares;
    for (const auto& [group, name, schedules] : summary.coverage.rows()) {
      auto& of = shares[group];
      if (!of.is_object()) {
        of = json::object();
      }
      of.as_object()[name] = schedules;
    }
    json::array never;
    for (const std::string_view name : summary.coverage.never()) {
      never.emplace_back(name);
    }
    json::array failures;
    for (const Outcome& failed : summary.failures) {
      failures.push_back(json::object{{"seed", failed.seed}, {"why", *failed.failure}});
    }
    std::cout << json::serialize(json::object{{"schedules", summary.coverage.schedules()},
                                              {"perMinuteOnOneCore", perMinute},
                                              {"opsAccepted", summary.opsAccepted},
                                              {"events", summary.events},
                                              {"fingerprint", std::to_string(summary.fingerprint)},
                                              {"occurredIn", std::move(shares)},
                                              {"never", std::move(never)},
                                              {"failures", std::move(failures)}})
              << '\n';
  }

  Context& context_;
  const SimulateSettings& settings_;
};

}  // namespace

void addSimulate(CLI::App& app, Context& context) {
  auto settings = std::make_shared<SimulateSettings>();
  CLI::App* command = app.add_subcommand(
      "simulate", "Play schedules of faults over devices, servers, network and stores, in virtual time");
  command->add_option("--seeds", settings->seeds, "which, as A..B")->capture_default_str();
  command->add_option("--replay", settings->replay, "play this one alone");
  command->add_flag("--trace", settings->trace, "with --replay: a line for everything that happens");
  command->add_flag("--json", context.json, "what occurred in how many schedules, as JSON");
  command->footer(
      "A schedule depends on its seed alone, here and in the WebAssembly build. One that fails is shrunk and printed\n"
      "as a test. Speed is in processor time.");
  command->callback([settings, &context] { SimulateCommand(context, *settings).run(); });
}

}  // namespace onering::cli
