#include <algorithm>
#include <random>

#include "onering/domain/canonical.h"
#include "onering/system/system.h"
#include "onering/wire/codec.h"

#include "attackers.h"
#include "peer.h"
#include "server-under-test.h"
#include "writers.h"

namespace onering::bench {

namespace {

constexpr std::uint8_t kBinary = 2;
constexpr double kMiB = 1 << 20U;

template <typename IdType>
IdType newId() {
  SystemEntropy entropy;
  std::array<std::uint8_t, 10> random{};
  entropy.fill(random);
  return IdType{uuidV7(systemNow(), random)};
}

std::string frame(const ReplicaMessage& message) {
  return clientFrame(kBinary, encode(message));
}

Op appendBy(const UserId& actor, const DraftId& draft) {
  return {
      .id = newId<OpId>(),
      .draft = draft,
      .actor = actor,
      .device = {},
      .authoredAt = systemNow(),
      .body = AppendSegment{.segment = newId<SegmentId>(), .epoch = 1, .content = sealContent("not mine to say", {})}};
}

// --- those who mean ill -------------------------------------------------------------------------------------

std::vector<Attack> attacksOn(const std::string& url, const Writers& writers) {
  using namespace std::chrono_literals;
  const std::string upgrade = upgradeRequest(addressOf(url));
  const auto hello = [](const char* user) {
    return frame(Hello{.version = kProtocolVersion, .token = user, .device = newId<DeviceId>()});
  };
  std::string pings;
  for (std::uint64_t i = 0; i < 100; ++i) pings += frame(Ping{i});
  std::vector<std::string> forged;
  for (const auto& [draft, owner] : writers.owners()) {
    forged.push_back(frame(Push{.ops = {appendBy(owner, draft)}, .restart = true}));
    forged.push_back(frame(Push{.ops = {appendBy("mallory", draft)}, .restart = true}));
    forged.push_back(frame(Fetch{.draft = draft, .have = {}}));
  }
  const std::string noise(1'000, '\xa5');
  // A segment table of four billion, and a frame of a terabyte.
  const std::string bomb = std::string(4, '\xff') + std::string(60, '\xff');
  const std::string huge("\x82\xff\x00\x00\x00\xff\x00\x00\x00\x00\x00\x00\x00\x00", 14);
  return {
      {.name = "noise", .connections = 4, .opening = upgrade, .says = {clientFrame(kBinary, noise)}},
      {.name = "segmentTables", .connections = 4, .opening = upgrade, .says = {clientFrame(kBinary, bomb)}},
      {.name = "hugeFrames", .connections = 4, .opening = upgrade, .hello = hello("mallory-huge"), .says = {huge}},
      {.name = "headersByteByByte", .connections = 200, .opening = "GET /sync HT", .says = {"X"}, .every = 500ms},
      {.name = "silent", .connections = 200, .opening = upgrade},
      {.name = "flood", .connections = 8, .opening = upgrade, .hello = hello("mallory-flood"), .says = {pings}},
      {.name = "floodThatReadsNothing",
       .connections = 8,
       .opening = upgrade,
       .hello = hello("mallory-deaf"),
       .says = {pings},
       .reads = false},
      {.name = "forged",
       .connections = 4,
       .opening = upgrade,
       .hello = hello("mallory"),
       .says = std::move(forged),
       .every = 1ms},
  };
}

// --- what is asked of the server meanwhile ------------------------------------------------------------------

// Honest clients, one op at a time each. `most`: of the server's memory.
void measure(const HostileSettings& settings, const ServerUnderTest& server, EventLoop& loop, Writers& writers,
             std::size_t& most) {
  writers.start();
  runFor(loop, 1);
  writers.measure(true);
  for (const auto start = Clock::now(); secondsSince(start) < settings.seconds;) {
    runFor(loop, 0.1);
    most = std::max(most, server.residentBytes());
  }
  writers.measure(false);
  writers.stop();
  runUntil(loop, "the last answers", [&] { return writers.areDone(); });
}

// One who is no member asks by turns about a draft that is there and about one that is not (SPEC I10).
class Stranger {
 public:
  Stranger(EventLoop& loop, const std::string& url, const std::string& user)
      : loop_(loop),
        peer_(loop, url, user,
              {.onWelcome = {}, .onMessage = [this](AuthorityMessage&) { ++answers_; }, .onGone = {}}) {
    peer_.connect();
    runUntil(loop_, "joining", [this] { return peer_.isWelcome(); });
  }

  void ask(const DraftId& real, std::size_t times, Figures& figures) {
    Answers forbidden;
    Answers absent;
    std::mt19937 random{1};
    for (std::size_t i = 0; i < 2 * times; ++i) {
      const bool isReal = random() % 2 == 0;
      Answers& answers = isReal ? forbidden : absent;
      const DraftId draft = isReal ? real : newId<DraftId>();
      take(answers.fetch, answers.fetchBytes, Fetch{.draft = draft, .have = {}});
      take(answers.push, answers.pushBytes, Push{.ops = {appendBy(peer_.user(), draft)}, .restart = true});
    }
    forbidden.tell(figures, "forbidden");
    absent.tell(figures, "absent");
  }

 private:
  struct Answers {
    Durations fetch;
    Durations push;
    std::size_t fetchBytes = 0;  // of the longest answer
    std::size_t pushBytes = 0;

    void tell(Figures& figures, const std::string& which) {
      figures[which + "FetchBytes"] = fetchBytes;
      figures[which + "PushBytes"] = pushBytes;
      figures[which + "FetchP50Ms"] = fetch.ms(0.5);
      figures[which + "FetchP95Ms"] = fetch.ms(0.95);
      figures[which + "PushP50Ms"] = push.ms(0.5);
      figures[which + "PushP95Ms"] = push.ms(0.95);
    }
  };

  void take(Durations& durations, std::size_t& bytesMax, const ReplicaMessage& question) {
    const std::size_t answers = answers_;
    const std::size_t bytes = peer_.bytesReceived();
    const auto began = Clock::now();
    peer_.send(question);
    runUntil(loop_, "an answer", [&] { return answers_ > answers; });
    durations.add(Clock::now() - began);
    bytesMax = std::max(bytesMax, peer_.bytesReceived() - bytes);
  }

  EventLoop& loop_;
  std::size_t answers_ = 0;
  Peer peer_;
};

}  // namespace

Figures benchHostile(const HostileSettings& settings) {
  const SignalGuard guard;
  ServerUnderTest server(settings.server);
  EventLoop loop;
  Figures figures;
  server.describe(figures);
  figures["honestClients"] = settings.clients;
  const auto honest = [&] {
    return Writers(loop, {.url = server.url(),
                          .name = runName(),
                          .clients = settings.clients,
                          .drafts = settings.clients,
                          .bytes = 100,
                          .window = 1});
  };

  std::size_t calmBytes = 0;
  Writers calm = honest();
  measure(settings, server, loop, calm, calmBytes);
  calm.latencies().tell(figures, "calm");
  figures["calmAppends"] = calm.acknowledged().size();
  Stranger(loop, server.url(), runName()).ask(calm.owners().begin()->first, settings.questions, figures);

  std::size_t attackedBytes = 0;
  Writers attacked = honest();
  Attackers attackers(server.url(), attacksOn(server.url(), attacked));
  measure(settings, server, loop, attacked, attackedBytes);
  attackers.stop(figures);
  attacked.latencies().tell(figures, "attacked");
  figures["attackedAppends"] = attacked.acknowledged().size();
  figures["rejected"] = calm.rejected() + attacked.rejected();
  figures["p99Ratio"] = rounded(attacked.latencies().ms(0.99) / std::max(calm.latencies().ms(0.99), 0.001));
  if (server.isOurs()) {
    figures["calmServerMiB"] = rounded(static_cast<double>(calmBytes) / kMiB, 1);
    figures["attackedServerMiB"] = rounded(static_cast<double>(attackedBytes) / kMiB, 1);
  }
  return figures;
}

}  // namespace onering::bench
