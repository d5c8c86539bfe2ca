#include <utility>

#include "onering/bench/bench.h"

#include "log-check.h"
#include "postgres-limits.h"
#include "server-under-test.h"
#include "writers.h"

namespace onering::bench {

namespace {

constexpr double kWarmUpSeconds = 1;

void tellCheck(const LogCheck& check, Figures& figures) {
  figures["acknowledgedChecked"] = check.checked;
  figures["missing"] = check.missing;
  figures["repeated"] = check.repeated;
  figures["divergentDrafts"] = check.divergent;
  figures["durable"] = check.isClean();
}

void checkSettings(const AppendSettings& settings, const ServerUnderTest& server) {
  if (settings.drafts < settings.clients) {
    fail(ErrorCode::protocolError, "Every client needs a draft of its own: only the ring's holder appends.");
  }
  if (settings.kill9 && !server.survivesKill()) {
    fail(ErrorCode::protocolError, "Only a server of our own, over a store that outlives it, can be killed.");
  }
}

}  // namespace

Figures benchAppend(const AppendSettings& settings) {
  const SignalGuard guard;
  ServerUnderTest server(settings.server);
  checkSettings(settings, server);
  EventLoop loop;
  Figures figures;
  server.describe(figures);
  figures["clients"] = settings.clients;
  figures["drafts"] = settings.drafts;
  figures["bytes"] = settings.bytes;
  figures["window"] = settings.window;

  Writers writers(loop, {.url = server.url(),
                         .name = runName(),
                         .clients = settings.clients,
                         .drafts = settings.drafts,
                         .bytes = settings.bytes,
                         .window = settings.window});
  writers.start();
  runFor(loop, kWarmUpSeconds);
  const std::size_t before = writers.acknowledged().size();
  CpuMeter cpu(server);
  const auto start = Clock::now();
  writers.measure(true);
  runFor(loop, settings.seconds);
  writers.measure(false);
  const double seconds = secondsSince(start);
  cpu.stop();
  const auto count = static_cast<double>(writers.acknowledged().size() - before);
  figures["seconds"] = rounded(seconds);
  figures["opsPerSecond"] = perUnit(count, seconds);
  writers.latencies().tell(figures);
  cpu.tell(figures);
  if (server.isOurs()) {
    figures["opsPerServerCpuSecond"] = perUnit(count, cpu.all());
  }
  figures["rejected"] = writers.rejected();

  if (settings.kill9) {
    server.kill9();  // with ops of every client under way
    writers.stop();
    writers.vanish();
    server.restart();
  } else {
    writers.stop();
    runUntil(loop, "the last receipts", [&] { return writers.areDone(); });
  }
  figures["kill9"] = settings.kill9;
  tellCheck(checkLog(loop, server.url(), writers.owners(), writers.acknowledged()), figures);
  writers.vanish();
  if (server.cluster()) {
    constexpr double kSecondsEach = 3;
    const Figures limits = postgresLimits(*server.cluster(), settings.bytes, std::min(kSecondsEach, settings.seconds));
    figures["shareOfBatch100"] = rounded(count / seconds / limits.at("batch100").to_number<double>());
    figures["timesOneOp"] = rounded(count / seconds / limits.at("oneOp").to_number<double>());
    figures["limits"] = limits;
  }
  return figures;
}

}  // namespace onering::bench
