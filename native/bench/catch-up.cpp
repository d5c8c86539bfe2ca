#include "server-under-test.h"
#include "writers.h"

namespace onering::bench {

namespace {

struct CaughtUp {
  Clock::duration time{};
  std::size_t bytes = 0;  // received
};

// A device without anything connects and has the whole draft.
CaughtUp catchUp(EventLoop& loop, const std::string& url, const std::string& user, const DraftId& draft,
                 std::size_t segments) {
  const auto start = Clock::now();
  CaughtUp caught;
  const auto client = openClient(loop, url, user);
  runUntil(loop, "catching up", [&] {
    const DraftState* state = client->draft(draft);
    return client->status().link == Link::live && state && state->segmentCount >= segments;
  });
  caught.time = Clock::now() - start;
  caught.bytes = client->traffic().bytesReceived;
  return caught;
}

}  // namespace

Figures benchCatchUp(const CatchUpSettings& settings) {
  const SignalGuard guard;
  ServerUnderTest server(settings.server);
  EventLoop loop;
  Figures figures;
  server.describe(figures);
  figures["segments"] = settings.segments;
  figures["bytes"] = settings.bytes;
  figures["client"] = "a replica with its store in memory";

  std::string user;
  DraftId draft;
  {
    Writers writer(
        loop,
        {.url = server.url(), .name = runName(), .clients = 1, .drafts = 1, .bytes = settings.bytes, .window = 256});
    draft = writer.owners().begin()->first;
    user = writer.owners().begin()->second;
    writer.start();
    runUntil(loop, "writing the draft", [&] { return writer.acknowledged().size() >= settings.segments; }, 600);
    writer.stop();
    runUntil(loop, "the last receipts", [&] { return writer.areDone(); });
    figures["segments"] = writer.acknowledged().size();
  }
  const auto segments = static_cast<std::size_t>(figures.at("segments").to_number<std::size_t>());
  if (server.survivesKill()) {
    server.restart();
    CpuMeter cpu(server);
    const CaughtUp cold = catchUp(loop, server.url(), user, draft, segments);
    cpu.stop();
    Durations duration;
    duration.add(cold.time);
    figures["coldMs"] = duration.ms(1);
  }
  Durations warm;
  std::size_t bytes = 0;
  CpuMeter cpu(server);
  for (std::size_t i = 0; i < settings.rounds; ++i) {
    const CaughtUp caught = catchUp(loop, server.url(), user, draft, segments);
    warm.add(caught.time);
    bytes = caught.bytes;
  }
  cpu.stop();
  figures["warmMs"] = warm.ms(0.5);
  figures["warmMaxMs"] = warm.ms(1);
  figures["rounds"] = settings.rounds;
  figures["bytesOnTheWire"] = bytes;
  cpu.tell(figures);
  return figures;
}

}  // namespace onering::bench
