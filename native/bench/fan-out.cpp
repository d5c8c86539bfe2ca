#include <algorithm>
#include <functional>
#include <optional>

#include "peer.h"
#include "server-under-test.h"
#include "writers.h"

namespace onering::bench {

namespace {

constexpr double kWarmUpSeconds = 1;

// What the readers have got, all together.
struct Deliveries {
  std::size_t entries = 0;
  std::size_t messages = 0;
  std::size_t behind = 0;  // times that a reader was told to catch up
};

// One who writes, and those who read along: lean peers, each a user and a member of the draft.
class Audience {
 public:
  Audience(EventLoop& loop, const std::string& url, const FanOutSettings& settings)
      : loop_(loop), settings_(settings), text_(settings.bytes, 'x') {
    const std::string run = runName();
    writer_ = openClient(loop, url, run + "-writer");
    draft_ = writer_->perform({}, CreateDraft{.title = "Load", .platform = {}, .holdLimit = {}}).value().draft;
    std::size_t joined = 0;
    for (std::size_t i = 0; i < settings.readers; ++i) {
      const std::string user = run + "-" + std::to_string(i);
      static_cast<void>(writer_->perform(draft_, AddCollaborator{.user = user, .role = Role::viewer},
                                         {.durable = {}, .settled = [&](const Receipt&) { ++joined; }}));
    }
    runUntil(loop, "adding readers", [&] { return joined == settings.readers; });
    for (std::size_t i = 0; i < settings.readers; ++i) {
      readers_.push_back(
          std::make_unique<Peer>(loop, url, run + "-" + std::to_string(i),
                                 Peer::Events{.onWelcome = {},
                                              .onMessage = [this](AuthorityMessage& message) { received(message); },
                                              .onGone = [this](const Rejection& why) { lost_ = why; }}));
      readers_.back()->connect();
    }
    runUntil(loop, "connecting readers",
             [&] { return std::ranges::all_of(readers_, [](const auto& reader) { return reader->isWelcome(); }); });
  }

  void start() {
    writing_ = true;
    began_.assign(1, Clock::now());
    if (settings_.perSecond > 0) {
      beat(Clock::now());
    } else {
      for (std::size_t i = 0; i < settings_.window; ++i) {
        append();
      }
    }
  }

  // Stops writing and waits until everything has arrived.
  void finish() {
    writing_ = false;
    runUntil(loop_, "the last deliveries",
             [&] { return acknowledged_ == appended_ && deliveries_.entries >= appended_ * settings_.readers; });
  }

  void measure(bool on) { measuring_ = on; }
  [[nodiscard]] const Deliveries& deliveries() const {
    if (lost_) {
      throw Failed{*lost_};
    }
    return deliveries_;
  }
  [[nodiscard]] std::size_t appended() const { return appended_; }
  [[nodiscard]] Durations& latencies() { return latencies_; }

 private:
  void append() {
    if (!writing_) {
      return;
    }
    ++appended_;
    began_.push_back(Clock::now());
    AppendSegment body;
    body.content.text = text_;
    static_cast<void>(writer_->perform(draft_, std::move(body), {.durable = {}, .settled = [this](const Receipt&) {
                                                                   ++acknowledged_;
                                                                   if (settings_.perSecond <= 0) {
                                                                     append();
                                                                   }
                                                                 }}));
  }

  void beat(Clock::time_point due) {
    const auto every =
        std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(1 / settings_.perSecond));
    for (; due <= Clock::now(); due += every) {
      append();
    }
    if (writing_) {
      loop_.after(std::chrono::ceil<std::chrono::milliseconds>(due - Clock::now()), [this, due] { beat(due); });
    }
  }

  void received(const AuthorityMessage& message) {
    if (std::holds_alternative<CatchUp>(message)) {
      ++deliveries_.behind;
    }
    const auto* entries = std::get_if<Entries>(&message);
    if (!entries || entries->entries.empty()) {
      return;
    }
    ++deliveries_.messages;
    for (const LogEntry& entry : entries->entries) {
      // The draft's log: its creation, a line for each reader, then the appends.
      const std::size_t number = entry.seq - std::min<Seq>(entry.seq, 1 + settings_.readers);
      if (number == 0 || number >= began_.size()) {
        continue;
      }
      ++deliveries_.entries;
      if (measuring_) {
        latencies_.add(Clock::now() - began_[number]);
      }
    }
  }

  EventLoop& loop_;
  FanOutSettings settings_;
  std::string text_;
  DraftId draft_;
  std::vector<Clock::time_point> began_;  // by number of the append, from 1
  std::size_t appended_ = 0;
  std::size_t acknowledged_ = 0;
  Deliveries deliveries_;
  Durations latencies_;
  bool writing_ = false;
  bool measuring_ = false;
  std::optional<Rejection> lost_;
  std::unique_ptr<Client> writer_;
  std::vector<std::unique_ptr<Peer>> readers_;
};

}  // namespace

Figures benchFanOut(const FanOutSettings& settings) {
  const SignalGuard guard;
  ServerUnderTest server(settings.server);
  EventLoop loop;
  Figures figures;
  server.describe(figures);
  figures["readers"] = settings.readers;
  figures["readersAre"] = "lean peers: real WebSocket and codec, no replica";
  figures["bytes"] = settings.bytes;
  figures["window"] = settings.window;

  Audience audience(loop, server.url(), settings);
  audience.start();
  runFor(loop, kWarmUpSeconds);
  const Deliveries before = audience.deliveries();
  const std::size_t appendedBefore = audience.appended();
  CpuMeter cpu(server);
  const auto start = Clock::now();
  audience.measure(true);
  runFor(loop, settings.seconds);
  audience.measure(false);
  const double seconds = secondsSince(start);
  cpu.stop();
  const auto entries = static_cast<double>(audience.deliveries().entries - before.entries);
  const auto messages = static_cast<double>(audience.deliveries().messages - before.messages);
  const auto appends = static_cast<double>(audience.appended() - appendedBefore);
  audience.finish();
  figures["seconds"] = rounded(seconds);
  figures["appendsPerSecond"] = perUnit(appends, seconds);
  figures["deliveriesPerSecond"] = perUnit(entries, seconds);
  figures["messagesPerSecond"] = perUnit(messages, seconds);
  audience.latencies().tell(figures);
  cpu.tell(figures);
  if (server.isOurs()) {
    figures["deliveriesPerServerCpuSecond"] = perUnit(entries, cpu.all());
    figures["messagesPerServerCpuSecond"] = perUnit(messages, cpu.all());
  }
  figures["readersToldToCatchUp"] = audience.deliveries().behind;
  return figures;
}

}  // namespace onering::bench
