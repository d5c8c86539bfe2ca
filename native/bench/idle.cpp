#include <algorithm>
#include <vector>

#include "figures.h"
#include "peer.h"
#include "server-under-test.h"
#include "writers.h"

namespace onering::bench {

namespace {

constexpr std::size_t kConnectingAtOnce = 256;

// Users who are connected, know that nothing has changed, and wait.
class Crowd {
 public:
  Crowd(EventLoop& loop, const std::string& url, std::size_t count) : loop_(loop), url_(url), count_(count) {}

  void connect() {
    connectMore();
    runUntil(loop_, "connecting", [&] { return lost_ > 0 || settled_ == count_; }, 300);
    if (lost_ > 0) {
      fail(ErrorCode::unavailable, "The server refused or lost connections; perhaps it may open too few files.");
    }
  }

  [[nodiscard]] std::size_t lost() const { return lost_; }

 private:
  void connectMore() {
    while (peers_.size() < count_ && peers_.size() - settled_ < kConnectingAtOnce) {
      const std::size_t i = peers_.size();
      peers_.push_back(
          std::make_unique<Peer>(loop_, url_, name_ + "-" + std::to_string(i),
                                 Peer::Events{.onWelcome = [this, i] { peers_[i]->send(WhatChanged{.from = {}}); },
                                              .onMessage =
                                                  [this](const AuthorityMessage& message) {
                                                    if (std::holds_alternative<Changed>(message)) {
                                                      ++settled_;
                                                      connectMore();
                                                    }
                                                  },
                                              .onGone = [this](const Rejection&) { ++lost_; }}));
      peers_.back()->connect();
    }
  }

  EventLoop& loop_;
  std::string url_;
  std::string name_ = runName();
  std::size_t count_;
  std::size_t settled_ = 0;
  std::size_t lost_ = 0;
  std::vector<std::unique_ptr<Peer>> peers_;
};

}  // namespace

Figures benchIdle(const IdleSettings& settings) {
  const SignalGuard guard;
  ServerUnderTest server(settings.server);
  EventLoop loop;
  Figures figures;
  server.describe(figures);
  figures["clients"] = settings.clients;
  figures["clientsAre"] = "lean peers: real WebSocket and codec, no replica; each a user who has asked what changed";

  const std::size_t before = server.residentBytes();
  Crowd crowd(loop, server.url(), settings.clients);
  const auto start = Clock::now();
  CpuMeter connecting(server);
  crowd.connect();
  connecting.stop();
  figures["connectedAfterSeconds"] = rounded(secondsSince(start));
  figures["connectionsPerServerCpuSecond"] = perUnit(static_cast<double>(settings.clients), connecting.all());
  CpuMeter idling(server);
  runFor(loop, settings.seconds);
  idling.stop();
  if (crowd.lost() > 0) {
    fail(ErrorCode::unavailable, "The server lost idle connections.");
  }
  if (server.isOurs()) {
    const std::size_t after = server.residentBytes();
    constexpr double kMiB = 1 << 20U;
    figures["bytesPerClient"] =
        perUnit(static_cast<double>(after - std::min(before, after)), static_cast<double>(settings.clients));
    figures["serverMiBBefore"] = rounded(static_cast<double>(before) / kMiB, 1);
    figures["serverMiB"] = rounded(static_cast<double>(after) / kMiB, 1);
    figures["idleCpuShare"] = rounded(idling.all() / settings.seconds, 4);
  }
  idling.tell(figures);
  return figures;
}

}  // namespace onering::bench
