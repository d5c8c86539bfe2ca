#include <algorithm>

#include "server-under-test.h"
#include "writers.h"

namespace onering::bench {

namespace {

struct Cost {
  double appendsPerSecond = 0;
  double cpuMicroseconds = 0;  // an append, the database's included
};

Cost costOf(Writers& writer, EventLoop& loop, const ServerUnderTest& server, double seconds) {
  const std::size_t before = writer.acknowledged().size();
  CpuMeter cpu(server);
  const auto start = Clock::now();
  writer.start();
  runFor(loop, seconds);
  writer.stop();
  runUntil(loop, "the last receipts", [&] { return writer.areDone(); });
  cpu.stop();
  const auto appends = static_cast<double>(writer.acknowledged().size() - before);
  return {appends / secondsSince(start), cpu.all() * 1e6 / appends};
}

double median(std::vector<double> values) {
  std::ranges::sort(values);
  return values[values.size() / 2];
}

}  // namespace

Figures benchLongDraft(const LongDraftSettings& settings) {
  const SignalGuard guard;
  ServerUnderTest server(settings.server);
  EventLoop loop;
  Figures figures;
  server.describe(figures);
  figures["bytes"] = settings.bytes;
  figures["window"] = settings.window;
  figures["rounds"] = settings.rounds;

  constexpr std::size_t kPages = 1'000;  // segments that fill some pages of each index
  const auto oneWriter = [&] {
    return Writers::Settings{.url = server.url(),
                             .name = runName(),
                             .clients = 1,
                             .drafts = 1,
                             .bytes = settings.bytes,
                             .window = settings.window};
  };
  const auto write = [&](Writers& writer, std::size_t segments) {
    writer.start();
    runUntil(loop, "writing a draft", [&] { return writer.acknowledged().size() >= segments; }, 3'600);
    writer.stop();
    runUntil(loop, "the last receipts", [&] { return writer.areDone(); });
  };
  Writers filled(loop, oneWriter());
  write(filled, settings.segments);
  figures["segments"] = filled.acknowledged().size();

  // In turns, so that whatever else the machine does meets both. A third draft is younger than both: databases take a
  // short cut to the last page of an index, which is the youngest draft's and would be the empty one's alone.
  std::vector<double> longRates, emptyRates, longCosts, emptyCosts, ratios;
  for (std::size_t i = 0; i < settings.rounds; ++i) {
    const Cost inLong = costOf(filled, loop, server, settings.seconds);
    Writers empty(loop, oneWriter());
    Writers younger(loop, oneWriter());
    write(younger, kPages);
    const Cost inEmpty = costOf(empty, loop, server, settings.seconds);
    longRates.push_back(inLong.appendsPerSecond);
    emptyRates.push_back(inEmpty.appendsPerSecond);
    longCosts.push_back(inLong.cpuMicroseconds);
    emptyCosts.push_back(inEmpty.cpuMicroseconds);
    ratios.push_back(inLong.cpuMicroseconds / inEmpty.cpuMicroseconds);
  }
  figures["longPerSecond"] = rounded(median(longRates), 0);
  figures["emptyPerSecond"] = rounded(median(emptyRates), 0);
  if (server.isOurs()) {
    figures["longServerCpuUs"] = rounded(median(longCosts));
    figures["emptyServerCpuUs"] = rounded(median(emptyCosts));
    figures["cpuRatio"] = rounded(median(ratios));
  }
  return figures;
}

}  // namespace onering::bench
