#include "plan.h"

namespace onering::simulation {

namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

// How often a fault strikes where it may strike at all, when a schedule has it: rarely, often, or so often that
// hardly anything works.
struct FaultBudget {
  Fault fault;
  std::array<Rate, 3> rates;
};

constexpr std::array kFaultBudgets{
    FaultBudget{Fault::connectFails, {500, 2'000, 6'000}},
    FaultBudget{Fault::connectionCut, {50, 200, 1'000}},
    FaultBudget{Fault::cutUnnoticed, {1'000, 3'000, 6'000}},  // of cuts
    FaultBudget{Fault::halfOpen, {10, 50, 200}},
    FaultBudget{Fault::abandoned, {10, 100, 400}},
    FaultBudget{Fault::stalled, {20, 100, 500}},
    FaultBudget{Fault::deviceCrashBeforeCommit, {20, 100, 400}},
    FaultBudget{Fault::deviceCrashAfterCommit, {20, 100, 400}},
    FaultBudget{Fault::deviceCrashWhileSending, {20, 100, 400}},
    FaultBudget{Fault::deviceStoreFull, {20, 100, 500}},
    FaultBudget{Fault::deviceStoreUnavailable, {20, 100, 500}},
    FaultBudget{Fault::deviceCommitUnknownStored, {20, 100, 300}},
    FaultBudget{Fault::deviceCommitUnknownLost, {20, 100, 300}},
    FaultBudget{Fault::deviceReadFails, {10, 50, 200}},
    FaultBudget{Fault::devicePowerCut, {100, 300, 1'000}},  // with SQLite, as the next two
    FaultBudget{Fault::deviceDiskFull, {100, 300, 1'000}},
    FaultBudget{Fault::deviceSyncFails, {100, 300, 1'000}},
    FaultBudget{Fault::deviceClockSteps, {20, 100, 300}},
    FaultBudget{Fault::tokenRefused, {200, 1'000, 3'000}},
    FaultBudget{Fault::tokenOfAnother, {100, 500, 1'000}},
    FaultBudget{Fault::tokensUnavailable, {200, 1'000, 3'000}},
    FaultBudget{Fault::tooManyConnections, {200, 1'000, 3'000}},
    FaultBudget{Fault::oldVersion, {100, 500, 1'000}},
    FaultBudget{Fault::serverCrash, {50, 200, 500}},  // every two seconds
    FaultBudget{Fault::serverCrashBeforeCommit, {50, 200, 800}},
    FaultBudget{Fault::serverCrashAfterCommit, {50, 200, 800}},
    FaultBudget{Fault::serverCrashWhileSending, {20, 100, 300}},
    FaultBudget{Fault::serverStoreFull, {50, 300, 1'000}},
    FaultBudget{Fault::serverStoreUnavailable, {50, 300, 2'000}},
    FaultBudget{Fault::serverStoreDamaged, {20, 100, 300}},
    FaultBudget{Fault::serverCommitUnknownStored, {100, 500, 3'000}},
    FaultBudget{Fault::serverCommitUnknownLost, {100, 500, 3'000}},
    FaultBudget{Fault::serverConflict, {100, 500, 3'000}},
    FaultBudget{Fault::serverReadFails, {50, 300, 1'000}},
    FaultBudget{Fault::serverPowerCut, {100, 300, 1'000}},  // with SQLite, as the next two
    FaultBudget{Fault::serverDiskFull, {100, 300, 1'000}},
    FaultBudget{Fault::serverSyncFails, {100, 300, 1'000}},
    FaultBudget{Fault::serverClockSteps, {100, 500, 1'000}},
    FaultBudget{Fault::commitUnknownLate, {100, 500, 3'000}},  // with a shared database, as the next two
    FaultBudget{Fault::commitAfterCrash, {2'000, 5'000, 9'000}},
    FaultBudget{Fault::newsLate, {100, 500, 3'000}},
};

constexpr std::array kOutOfOrderBudgets{
    FaultBudget{Fault::messageDropped, {50, 300, 1'000}},
    FaultBudget{Fault::messageRepeated, {50, 300, 1'000}},
    FaultBudget{Fault::messageReordered, {50, 300, 1'000}},
    FaultBudget{Fault::messageTruncated, {10, 50, 200}},
};

const std::vector<UserId> kUsers{"ann", "ben", "cho", "dee", "eve"};

void drawDevices(Plan& plan, Random& random) {
  const auto count = random.between<std::size_t>(2, 5);
  const auto users = std::max<std::size_t>(2, count - random.below(count));
  const bool skewed = random.coin();
  for (std::size_t i = 0; i < count; ++i) {
    Duration skew{};
    if (skewed) {
      skew = random.coin() ? random.between(-seconds(90), seconds(90)) : random.between(-hours(50), hours(50));
    }
    plan.devices.push_back({kUsers[i % users], skew});
  }
  plan.intruder = random.chance(2'500);
  plan.intruderUser = random.coin() ? "mallory" : kUsers[random.below(users)];
}

void drawRates(Plan& plan, Random& random) {
  if (random.chance(300)) {
    return;  // nothing fails at all
  }
  // Some schedules have many kinds of faults, some few: a rare one shows best where nothing else interferes.
  const Rate enabled = random.oneOf<Rate>({1'000, 2'500, 5'000});
  const auto draw = [&](const auto& budgets) {
    for (const FaultBudget& budget : budgets) {
      if (random.chance(enabled)) {
        plan.rates[static_cast<std::size_t>(budget.fault)] = budget.rates[random.below(3)];
      }
    }
  };
  draw(kFaultBudgets);
  plan.outOfOrder = random.chance(1'500);
  if (plan.outOfOrder) {
    draw(kOutOfOrderBudgets);
  }
}

void drawServers(Plan& plan, Random& random) {
  plan.servers = random.oneOf<std::size_t>({1, 1, 2, 3});
  plan.sharedDatabase = plan.servers > 1 || random.chance(2'000);
  plan.newsDelayMax = random.oneOf<Duration>({Duration{20}, Duration{500}, seconds(4)});
}

StorePlan drawStore(Random& random) {
  StorePlan plan;
  plan.onDisk = random.chance(800);
  plan.journal = random.below(3);
  plan.pageBytes = random.oneOf<std::uint32_t>({512, 4'096});
  plan.checkpointPages = random.oneOf<std::uint32_t>({8, 4'000});
  return plan;
}

// Bounds so small that what takes ten thousand ops elsewhere takes ten here.
void drawBounds(Plan& plan, Random& random) {
  Limits limits;
  limits.segmentBytes = random.oneOf<std::uint32_t>({60, 300, 3'000});
  limits.messageBytes = random.oneOf<std::uint32_t>({2'500, 6'000, 1U << 20U});
  limits.opsPerPush = random.oneOf<std::uint32_t>({1, 3, 256});
  if (random.chance(2'000)) {
    limits.segmentsPerDraft = random.between<std::uint32_t>(3, 12);
  }
  if (random.chance(2'000)) {
    limits.collaborators = random.between<std::uint32_t>(1, 3);
  }
  plan.authority.limits = limits;
  plan.authority.opsPerBatch = random.oneOf<std::size_t>({1, 4, 4'096});
  plan.authority.batchesAtStore = random.between<std::size_t>(1, 3);
  plan.authority.cacheBytes = random.oneOf<std::size_t>({0, 2'000, 1U << 30U});

  plan.reading.limits = limits;
  plan.reading.snapshotAfter = random.oneOf<std::uint32_t>({2, 8, 256});
  plan.reading.answerBytes = random.oneOf<std::size_t>({500, 4'000, std::size_t{4} << 20U});
  plan.reading.changesPerAnswer = random.oneOf<std::uint32_t>({1, 2, 2'000});

  plan.replica.opsInFlightMax = random.oneOf<std::size_t>({1, 4, 256});
  plan.replica.fetchesInFlightMax = random.oneOf<std::size_t>({1, 2, 16});
}

}  // namespace

Plan drawPlan(Random& random) {
  Plan plan;
  drawDevices(plan, random);
  drawRates(plan, random);
  plan.deviceStore = drawStore(random);
  plan.serverStore = drawStore(random);
  drawServers(plan, random);
  drawBounds(plan, random);
  plan.actions = random.between<std::uint32_t>(15, 70);
  plan.draftsMax = random.between<std::uint32_t>(1, 4);
  plan.pauseMax = random.oneOf<Duration>({seconds(1), seconds(5), seconds(15)});
  if (random.chance(500)) {
    plan.nightBefore = random.between<std::uint32_t>(1, plan.actions);
  }
  plan.latencyMin = random.oneOf<Duration>({Duration{1}, Duration{20}});
  plan.latencyMax = plan.latencyMin + random.oneOf<Duration>({Duration{5}, Duration{200}, seconds(3)});
  plan.storeDelayMax = random.oneOf<Duration>({Duration{2}, Duration{50}, seconds(2)});
  if (plan.authority.opsPerBatch == 1) {
    plan.storeDelayMax = std::min(plan.storeDelayMax, Duration{50});  // or it could not keep up with what is pushed
  }
  if (random.chance(2'000)) {
    plan.sessionQueueMax = random.between<std::size_t>(2, 6);
  }
  plan.tokenLife = random.chance(2'500) ? random.between(seconds(15), seconds(60)) : hours(2);
  return plan;
}

Plan reduced(Plan plan, const Reduction& reduction) {
  for (const Fault fault : reduction.without) {
    plan.rates[static_cast<std::size_t>(fault)] = 0;
  }
  plan.devices.resize(std::min(plan.devices.size(), std::max<std::size_t>(1, reduction.devicesMax)));
  plan.actions = std::min(plan.actions, reduction.actionsMax);
  plan.servers = std::min(plan.servers, std::max<std::size_t>(1, reduction.serversMax));
  plan.intruder = plan.intruder && !reduction.withoutIntruder;
  return plan;
}

}  // namespace onering::simulation
