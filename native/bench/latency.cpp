#include <map>
#include <optional>

#include "server-under-test.h"
#include "writers.h"

namespace onering::bench {

namespace {

// One that appends and one that reads, both replicas, in one draft.
class Pair {
 public:
  Pair(EventLoop& loop, const std::string& url, const std::string& readerUrl, std::size_t bytes)
      : loop_(loop), text_(bytes, 'x') {
    const std::string run = runName();
    writer_ = openClient(loop, url, run + "-writer");
    reader_ = openClient(loop, readerUrl, run + "-reader", [this](const Notice& notice) { see(notice); });
    bool ready = false;
    draft_ = writer_->perform({}, CreateDraft{.title = "Load", .platform = {}, .holdLimit = {}}).value().draft;
    static_cast<void>(writer_->perform(draft_, AddCollaborator{.user = run + "-reader", .role = Role::viewer},
                                       {.durable = {}, .settled = [&](const Receipt&) { ready = true; }}));
    runUntil(loop, "joining", [&] { return ready && reader_->draft(draft_); });
  }

  void append() {
    began_[next_++] = Clock::now();
    AppendSegment body;
    body.content.text = text_;
    static_cast<void>(writer_->perform(draft_, std::move(body)));
  }

  // Appends every so often until the end; returns when all of it has been seen.
  void run(double everyMs, double seconds) {
    const auto start = Clock::now();
    const auto every = std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double, std::milli>(everyMs));
    auto due = start;
    std::function<void()> beat = [&] {
      for (; due <= Clock::now(); due += every) {
        append();
      }
      if (secondsSince(start) < seconds) {
        loop_.after(std::chrono::ceil<std::chrono::milliseconds>(due - Clock::now()), beat);
      }
    };
    beat();
    bench::runFor(loop_, seconds);
    runUntil(loop_, "reading", [&] { return began_.empty(); });
  }

  [[nodiscard]] Durations& latencies() { return latencies_; }

 private:
  void see(const Notice& notice) {
    const auto* changed = std::get_if<DraftChanged>(&notice);
    const DraftState* state = changed && reader_ ? reader_->draft(changed->draft) : nullptr;
    while (state && seen_ < state->segmentCount) {
      if (const auto at = began_.find(seen_++); at != began_.end()) {
        latencies_.add(Clock::now() - at->second);
        began_.erase(at);
      }
    }
  }

  EventLoop& loop_;
  std::string text_;
  DraftId draft_;
  std::map<std::uint32_t, Clock::time_point> began_;  // by position
  Durations latencies_;
  std::uint32_t next_ = 0;
  std::uint32_t seen_ = 0;
  std::unique_ptr<Client> writer_;
  std::unique_ptr<Client> reader_;
};

}  // namespace

Figures benchLatency(const LatencySettings& settings) {
  const SignalGuard guard;
  ServerUnderTest server(settings.server);
  EventLoop loop;
  Figures figures;
  server.describe(figures);
  figures["everyMs"] = settings.everyMs;
  figures["bytes"] = settings.bytes;
  figures["busyClients"] = settings.busyClients;
  figures["servers"] = settings.twoServers ? 2 : 1;

  std::optional<Writers> busy;
  if (settings.busyClients > 0) {
    busy.emplace(loop, Writers::Settings{.url = server.url(),
                                         .name = runName(),
                                         .clients = settings.busyClients,
                                         .drafts = settings.busyClients,
                                         .bytes = settings.bytes,
                                         .window = 1});
  }
  Pair pair(loop, server.url(), settings.twoServers ? server.startSecond() : server.url(), settings.bytes);
  if (busy) {
    busy->start();
  }
  CpuMeter cpu(server);
  pair.run(settings.everyMs, settings.seconds);
  cpu.stop();
  figures["propagated"] = pair.latencies().count();
  pair.latencies().tell(figures);
  cpu.tell(figures);
  if (busy) {
    figures["busyAppends"] = busy->acknowledged().size();
  }
  return figures;
}

}  // namespace onering::bench
