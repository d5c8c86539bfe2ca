#include <chrono>
#include <csignal>
#include <fstream>
#include <iostream>
#include <list>
#include <utility>

#include <CLI/CLI.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/json.hpp>
#include <unistd.h>

#include "onering/play/lines.h"
#include "onering/play/script.h"

#include "commands.h"
#include "import-player.h"

namespace onering::cli {

namespace {

using SteadyClock = std::chrono::steady_clock;

struct ImportSettings {
  std::string file;
  std::string server;
  std::uint64_t drafts = 0;
  std::size_t parallel = 64;
  std::uint32_t patience = 30;  // seconds
};

// A bar on a terminal, one line that is written again and again.
class ProgressBar {
 public:
  explicit ProgressBar(std::uint64_t all) : all_(std::max<std::uint64_t>(all, 1)), shown_(isatty(STDERR_FILENO) == 1) {}

  void show(const ImportSums& sums) const {
    if (!shown_) {
      return;
    }
    constexpr std::uint64_t kWidth = 40;
    const std::uint64_t filled = std::min(sums.drafts * kWidth / all_, kWidth);
    std::cerr << "\r[" << std::string(filled, '=') << std::string(kWidth - filled, ' ') << "] " << sums.drafts << '/'
              << all_ << " drafts, " << sums.ops() << " ops" << std::flush;
  }

  void clear() const {
    if (shown_) {
      std::cerr << "\r\033[K" << std::flush;
    }
  }

 private:
  std::uint64_t all_;
  bool shown_;
};

// Reads the file as drafts are wanted.
class DraftFile {
 public:
  explicit DraftFile(const std::string& path) : file_(path, std::ios::binary), lines_(file_) {}

  [[nodiscard]] bool readable() const { return file_.is_open(); }

  // The next draft, nothing at the end, or what is wrong with the file.
  std::expected<std::optional<play::WrittenDraft>, std::string> next() {
    for (;;) {
      ++number_;
      const auto line = lines_.next();
      if (!line) {
        return std::unexpected(atLine(line.error()));
      }
      if (!*line) {
        return std::nullopt;
      }
      if ((*line)->find_first_not_of(" \t\r") == std::string::npos) {
        continue;
      }
      auto draft = play::readDraft(**line);
      if (!draft) {
        return std::unexpected(atLine(draft.error()));
      }
      return std::move(*draft);
    }
  }

 private:
  [[nodiscard]] std::string atLine(const std::string& what) const {
    return "line " + std::to_string(number_) + ": " + what;
  }

  std::ifstream file_;
  play::LineReader lines_;
  std::uint64_t number_ = 0;
};

class Importer {
 public:
  Importer(Context& context, const ImportSettings& settings)
      : context_(context),
        settings_(settings),
        file_(settings.file),
        authors_(loop_, settings.server, [this](const Rejection& why) { giveUp(exitFor(why.code), why); }),
        signals_(loop_.context(), SIGINT, SIGTERM) {}

  void run() {
    const auto all = countDrafts();
    if (!all) {
      return;
    }
    signals_.async_wait([this](boost::system::error_code cancelled, int) {
      if (!cancelled) {
        giveUp(Exit::interrupted, rejection(ErrorCode::unavailable, "Interrupted. Run it again to go on."));
      }
    });
    const ProgressBar bar(*all);
    const auto started = SteadyClock::now();
    lastProgress_ = started;
    fill();
    constexpr std::chrono::milliseconds kBetweenLooks{100};
    while (!stopped_ && !plays_.empty()) {
      static_cast<void>(loop_.runUntil([this] { return stopped_ || plays_.empty(); }, kBetweenLooks));
      bar.show(sums_);
      watch();
    }
    bar.clear();
    tell(std::chrono::duration<double>(SteadyClock::now() - started).count());
  }

 private:
  // Reads the whole file once, so that whatever is wrong with it is known before anything happens.
  std::optional<std::uint64_t> countDrafts() {
    DraftFile file(settings_.file);
    if (!file.readable()) {
      fail(context_, Exit::usage, rejection(ErrorCode::notFound, settings_.file + " cannot be read."));
      return std::nullopt;
    }
    std::uint64_t count = 0;
    while (wants(count)) {
      const auto draft = file.next();
      if (!draft) {
        fail(context_, Exit::usage, rejection(ErrorCode::invalidText, settings_.file + ": " + draft.error()));
        return std::nullopt;
      }
      if (!*draft) {
        break;
      }
      ++count;
    }
    return count;
  }

  [[nodiscard]] bool wants(std::uint64_t begun) const { return settings_.drafts == 0 || begun < settings_.drafts; }

  // Begins drafts until as many are under way as may be.
  void fill() {
    while (!stopped_ && !atEnd_ && plays_.size() < settings_.parallel && wants(begun_)) {
      const auto draft = file_.next();
      if (!draft || !*draft) {
        atEnd_ = true;
        return;
      }
      ++begun_;
      const auto place = plays_.emplace(plays_.end());
      *place = std::make_unique<Play>(
          authors_, sums_, [this](const Rejection& why) { giveUp(exitFor(why.code), why); }, play::opsOf(**draft),
          [this, place] { loop_.post([this, place] { finished(place); }); });
      (*place)->start();
    }
  }

  void finished(std::list<std::unique_ptr<Play>>::iterator place) {
    plays_.erase(place);
    fill();
  }

  void watch() {
    const auto now = SteadyClock::now();
    if (std::exchange(opsSeen_, sums_.ops()) != sums_.ops()) {
      lastProgress_ = now;
    } else if (now - lastProgress_ > std::chrono::seconds(settings_.patience)) {
      giveUp(Exit::unavailable, authors_.trouble().value_or(
                                    rejection(ErrorCode::unavailable, "The server has not answered for too long.")));
    }
  }

  static Exit exitFor(ErrorCode code) {
    switch (code) {
      case ErrorCode::unauthenticated:
      case ErrorCode::tokenExpired:
      case ErrorCode::notAllowed:
        return Exit::denied;
      case ErrorCode::storageFull:
      case ErrorCode::storageUnavailable:
        return Exit::storage;
      default:
        return Exit::unavailable;
    }
  }

  void giveUp(Exit exit, const Rejection& why) {
    if (!std::exchange(stopped_, true)) {
      failure_ = {exit, why};
      loop_.stop();
    }
  }

  void tell(double seconds) {
    if (failure_) {
      fail(context_, failure_->first, failure_->second);
    } else if (!sums_.rejected.empty()) {
      context_.exit = Exit::failed;
    }
    const auto perSecond = static_cast<std::uint64_t>(seconds > 0 ? static_cast<double>(sums_.segments) / seconds : 0);
    if (context_.json) {
      tellAsJson(seconds, perSecond);
    } else {
      tellInWords(seconds, perSecond);
    }
  }

  void tellAsJson(double seconds, std::uint64_t perSecond) const {
    boost::json::object rejected;
    for (const auto& [code, count] : sums_.rejected) {
      rejected[errorName(code)] = count;
    }
    std::cout << boost::json::serialize(boost::json::object{{"drafts", sums_.drafts},
                                                            {"accepted", sums_.accepted},
                                                            {"alreadyThere", sums_.there},
                                                            {"rejected", std::move(rejected)},
                                                            {"segments", sums_.segments},
                                                            {"bytes", sums_.bytes},
                                                            {"ms", static_cast<std::uint64_t>(seconds * 1e3)},
                                                            {"segmentsPerSecond", perSecond}})
              << '\n';
  }

  void tellInWords(double seconds, std::uint64_t perSecond) const {
    std::cout << sums_.drafts << " drafts, " << sums_.accepted << " ops accepted, " << sums_.there << " already there, "
              << sums_.rejectedOps() << " rejected\n";
    for (const auto& [code, count] : sums_.rejected) {
      std::cout << "  " << errorName(code) << ": " << count << '\n';
    }
    std::cout << sums_.segments << " segments (" << sums_.bytes << " bytes) in " << seconds << " s: " << perSecond
              << " segments/s\n";
  }

  Context& context_;
  const ImportSettings& settings_;
  DraftFile file_;
  EventLoop loop_;
  ImportSums sums_;
  std::list<std::unique_ptr<Play>> plays_;
  Authors authors_;
  boost::asio::signal_set signals_;
  std::uint64_t begun_ = 0;
  bool atEnd_ = false;
  bool stopped_ = false;
  std::optional<std::pair<Exit, Rejection>> failure_;
  std::uint64_t opsSeen_ = 0;
  SteadyClock::time_point lastProgress_;
};

}  // namespace

void addImport(CLI::App& app, Context& context) {
  auto settings = std::make_shared<ImportSettings>();
  CLI::App* command =
      app.add_subcommand("import", "Play drafts from a file into a running server, each author as themself");
  command->add_option("file", settings->file, "a draft a line, JSON, compressed with gzip or not")->required();
  command->add_option("--server", settings->server, "ws://HOST:PORT/sync; it must believe names (serve --dev-auth)")
      ->required();
  command->add_option("--drafts", settings->drafts, "only the first so many; 0: all")->capture_default_str();
  command->add_option("--parallel", settings->parallel, "drafts at a time")
      ->check(CLI::Range(1, 10'000))
      ->capture_default_str();
  command->add_option("--patience", settings->patience, "seconds without a receipt before it gives up")
      ->check(CLI::Range(1, 86'400))
      ->capture_default_str();
  command->add_flag("--json", context.json, "the summary as JSON");
  command->footer("Running it again changes nothing: what is there already is recognized and counted.");
  command->callback([settings, &context] { Importer(context, *settings).run(); });
}

}  // namespace onering::cli
