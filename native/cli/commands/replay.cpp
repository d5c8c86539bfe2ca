#include "onering/play/replay.h"

#include <chrono>
#include <ctime>
#include <fstream>
#include <iostream>

#include <CLI/CLI.hpp>

#include "onering/play/script.h"

#include "commands.h"
#include "replay-store.h"

namespace onering::cli {

namespace {

struct ReplaySettings {
  std::string file;
  std::string store;
  unsigned rounds = 1;
};

// What the processor has spent on this program: others work on the same machine.
std::chrono::nanoseconds timeSpent() {
  timespec time{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
}

std::chrono::nanoseconds steadyTime() {
  return std::chrono::steady_clock::now().time_since_epoch();
}

class ReplayCommand {
 public:
  ReplayCommand(Context& context, const ReplaySettings& settings) : context_(context), settings_(settings) {}

  void run() {
    std::ifstream file(settings_.file, std::ios::binary);
    if (!file) {
      fail(context_, Exit::usage, rejection(ErrorCode::notFound, settings_.file + " cannot be read."));
      return;
    }
    if (!openItsStore()) {
      return;
    }
    for (unsigned round = 1; round < settings_.rounds; ++round) {
      std::ifstream again(settings_.file, std::ios::binary);
      static_cast<void>(play::replay(again, timeSpent, [](const auto&...) {}));
    }
    const auto replay = play::replay(file, timeSpent, [&](const auto& draft, const auto& played, const auto& line) {
      tell(draft, played, line);
      compareWithStore(draft, line);
    });
    if (!replay) {
      fail(context_, Exit::usage, rejection(ErrorCode::invalidText, settings_.file + ": " + replay.error()));
      return;
    }
    tellSums(*replay);
  }

 private:
  bool openItsStore() {
    if (settings_.store.empty()) {
      return true;
    }
    auto opened = openStore(settings_.store, StoreUse::readWrite);
    if (!opened) {
      fail(context_, Exit::storage, opened.error());
      return false;
    }
    store_ = std::move(*opened);
    return true;
  }

  void tell(const play::WrittenDraft& draft, const play::PlayedDraft& played, const play::ReplayLine& line) {
    for (const play::RefusedOp& each : played.refused) {
      fail(context_, Exit::failed,
           rejection(each.why.code, draft.title + ", op " + std::to_string(each.number) + ", " +
                                        std::string(each.operation) + ": " + each.why.message));
    }
    if (context_.json) {
      std::cout << play::toJson(line) << '\n';
    } else {
      std::cout << toHex(line.position.link) << ' ' << line.position.seq << ' ' << line.title << '\n';
    }
  }

  void compareWithStore(const play::WrittenDraft& draft, const play::ReplayLine& line) {
    if (!store_ || storeFailed_ || line.position.seq == 0) {
      return;
    }
    const auto started = steadyTime();
    const auto stored = playIntoStore(*store_, play::opsOf(draft));
    storeTime_ += steadyTime() - started;
    if (!stored) {
      fail(context_, Exit::storage, rejection(errorOf(stored.error().fault), stored.error().detail));
      storeFailed_ = true;
    } else if (*stored != line) {
      fail(context_, Exit::failed, rejection(ErrorCode::divergence, "The store has " + play::toJson(*stored)));
    }
  }

  void tellSums(const play::Replay& replay) {
    const play::ReplaySums& sums = replay.sums;
    if (context_.json) {
      std::cout << play::toJson(sums) << '\n';
    } else {
      std::cout << sums.drafts << " drafts, " << sums.ops << " ops, " << sums.segments << " segments, " << sums.bytes
                << " bytes of text\n";
    }
    std::cerr << play::toJson(sums, replay.times) << '\n';
    if (store_) {
      const double seconds = std::chrono::duration<double>(storeTime_).count();
      std::cerr << R"({"storeOpsPerSecond":)" << static_cast<std::uint64_t>(static_cast<double>(sums.ops) / seconds)
                << "}\n";
    }
  }

  Context& context_;
  const ReplaySettings& settings_;
  std::unique_ptr<Store> store_;
  bool storeFailed_ = false;
  std::chrono::nanoseconds storeTime_{};
};

}  // namespace

void addReplay(CLI::App& app, Context& context) {
  auto settings = std::make_shared<ReplaySettings>();
  CLI::App* command =
      app.add_subcommand("replay", "Play drafts from a file through the core alone and tell their chains");
  command->add_option("file", settings->file, "a draft a line, JSON, compressed with gzip or not")->required();
  command->add_option("--store", settings->store,
                      "play them into this store, too, and compare: `memory`, a path, or a postgres:// URL");
  command->add_option("--rounds", settings->rounds, "play them so often, and tell how fast the last time was")
      ->check(CLI::Range(1U, 1'000U));
  command->add_flag("--json", context.json, "a line of JSON for each draft, and one of sums");
  command->footer(
      "Ids, salts and times come from the file alone, so the same file always gives the same lines, in the\n"
      "WebAssembly build as well. How fast it went, in processor time, is told on stderr.");
  command->callback([settings, &context] { ReplayCommand(context, *settings).run(); });
}

}  // namespace onering::cli
