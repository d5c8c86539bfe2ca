#include <algorithm>

#include "server-under-test.h"
#include "writers.h"

namespace onering::bench {

namespace {

// Two devices of one user who has many drafts. One changes some of them while the other is away.
class Devices {
 public:
  Devices(EventLoop& loop, const std::string& url, std::size_t drafts)
      : loop_(loop), user_(runName()), writer_(openClient(loop, url, user_)) {
    for (std::size_t i = 0; i < drafts; ++i) {
      const auto made = writer_->perform({}, CreateDraft{.title = "Load", .platform = {}, .holdLimit = {}}, counted());
      drafts_.push_back(made.value().draft);
    }
    settle("creating drafts");
    reader_ = openClient(loop, url, user_);
    std::size_t here = 0;  // of the drafts, in their order
    runUntil(loop, "catching up", [&] {
      while (here < drafts_.size() && reader_->draft(drafts_[here])) {
        ++here;
      }
      return here == drafts_.size();
    });
  }

  void changeWhileAway(std::size_t count) {
    runFor(loop_, 0.05);  // it notes how far it has come
    reader_->disconnect();
    runUntil(loop_, "disconnecting", [&] { return reader_->status().link == Link::offline; });
    title_ = "Change " + std::to_string(++changes_);
    changed_.clear();
    for (std::size_t i = 0; i < count; ++i) {
      changed_.push_back(drafts_[i * drafts_.size() / count]);
      static_cast<void>(writer_->perform(changed_.back(), SetTitle{.title = title_, .expect = {}}, counted()).value());
    }
    settle("changing drafts");
  }

  // Returns when the device shows every change.
  void comeBack() {
    reader_->connect();
    runUntil(loop_, "reconnecting", [&] {
      return std::ranges::all_of(changed_, [&](const DraftId& id) { return reader_->draft(id)->title == title_; });
    });
  }

  [[nodiscard]] std::uint64_t bytes() const { return reader_->traffic().bytesReceived + reader_->traffic().bytesSent; }

 private:
  OpCallbacks counted() {
    ++unanswered_;
    return {.durable = {}, .settled = [this](const Receipt&) { --unanswered_; }};
  }
  void settle(const char* what) {
    runUntil(loop_, what, [&] { return unanswered_ == 0; });
  }

  EventLoop& loop_;
  std::string user_;
  std::vector<DraftId> drafts_;
  std::vector<DraftId> changed_;
  std::string title_;
  std::size_t changes_ = 0;
  std::size_t unanswered_ = 0;
  std::unique_ptr<Client> writer_;
  std::unique_ptr<Client> reader_;
};

}  // namespace

Figures benchReconnect(const ReconnectSettings& settings) {
  const SignalGuard guard;
  ServerUnderTest server(settings.server);
  EventLoop loop;
  Figures figures;
  server.describe(figures);
  figures["drafts"] = settings.drafts;
  figures["changed"] = settings.changed;
  figures["rounds"] = settings.rounds;

  Devices devices(loop, server.url(), settings.drafts);
  runFor(loop, settings.ageSeconds);
  devices.changeWhileAway(settings.changed);
  devices.comeBack();
  Durations times;
  double cpuSeconds = 0;
  std::uint64_t bytes = 0;
  for (std::size_t i = 0; i < settings.rounds; ++i) {
    devices.changeWhileAway(settings.changed);
    const std::uint64_t before = devices.bytes();
    CpuMeter cpu(server);
    const auto start = Clock::now();
    devices.comeBack();
    times.add(Clock::now() - start);
    cpu.stop();
    cpuSeconds += cpu.all();
    bytes += devices.bytes() - before;
  }
  const auto rounds = static_cast<double>(settings.rounds);
  times.tell(figures);
  if (server.isOurs()) {
    figures["serverCpuMs"] = rounded(cpuSeconds * 1000 / rounds);
  }
  figures["bytesOnTheWire"] = perUnit(static_cast<double>(bytes), rounds);
  return figures;
}

}  // namespace onering::bench
