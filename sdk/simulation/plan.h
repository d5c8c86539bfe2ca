// What a seed makes of a run: who there is, how often what fails, how small the bounds are.
#pragma once

#include <array>
#include <string>
#include <vector>

#include "onering/simulation/simulation.h"
#include "onering/sync/authority.h"
#include "onering/sync/replica.h"

#include "random.h"

namespace onering::simulation {

struct DevicePlan {
  UserId user;
  Duration skew{};  // its clock minus true time
};

struct StorePlan {
  bool onDisk = false;  // SQLite; else in memory
  std::size_t journal = 0;
  std::uint32_t pageBytes = 4'096;
  std::uint32_t checkpointPages = 4'000;
};

struct Plan {
  std::vector<DevicePlan> devices;
  StorePlan deviceStore;
  StorePlan serverStore;
  // One server with its store inside, or one to three over a database that they share.
  std::size_t servers = 1;
  bool sharedDatabase = false;
  Duration newsDelayMax{};

  bool intruder = false;
  UserId intruderUser;  // whose token the intruder has

  // Per draw, of each fault. Out-of-order faults are all zero unless `outOfOrder`.
  std::array<Rate, kFaultCount> rates{};
  bool outOfOrder = false;

  // Work.
  std::uint32_t actions = 0;
  std::uint32_t draftsMax = 1;
  Duration pauseMax{};  // between two actions
  // The action before which all sleep for longer than an invite may live; 0: none.
  std::uint32_t nightBefore = 0;

  // Network and store, in one direction each.
  Duration latencyMin{};
  Duration latencyMax{};
  Duration storeDelayMax{};
  std::size_t sessionQueueMax = 1'000;  // messages

  Duration tokenLife{};
  AuthorityOptions authority;
  ReadPolicy reading;
  ReplicaOptions replica;

  [[nodiscard]] Rate rate(Fault fault) const { return rates[static_cast<std::size_t>(fault)]; }
};

[[nodiscard]] Plan drawPlan(Random& random);

[[nodiscard]] Plan reduced(Plan plan, const Reduction& reduction);

}  // namespace onering::simulation
