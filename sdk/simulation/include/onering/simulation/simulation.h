// A whole world in one thread and in virtual time: devices with their replicas, one authority, stores, clocks and
// a network, all of which fail as a seed says. The code under test is the real one: Replica, Authority, the codec
// and the stores.
//
//   seed -> Plan (who there is, how often what fails)
//        -> faults and work, some minutes of virtual time
//        -> healed: everything must converge within a bound
//        -> oracles
//
// A run depends on its seed alone: the same seed gives the same trace, always and everywhere.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "onering/domain/time.h"
#include "onering/simulation/coverage.h"

namespace onering::simulation {

// Leaves things out of what a seed plans; what is left is another schedule.
struct Reduction {
  std::vector<Fault> without{};
  std::size_t devicesMax = SIZE_MAX;
  std::uint32_t actionsMax = UINT32_MAX;
  std::size_t serversMax = SIZE_MAX;
  bool withoutIntruder = false;

  friend bool operator==(const Reduction&, const Reduction&) = default;
};

struct Options {
  bool trace = false;  // keep a line of text for everything that happens; slow
  Reduction reduction{};
};

struct Outcome {
  std::uint64_t seed = 0;
  std::optional<std::string> failure;  // what was broken, and when
  std::string trace;
  std::uint64_t fingerprint = 0;  // of everything that was sent and of where all drafts ended
  std::uint64_t events = 0;
  std::uint64_t opsAccepted = 0;
  Duration lasted{};  // virtual
  Coverage coverage;
};

[[nodiscard]] Outcome simulate(std::uint64_t seed, const Options& options = {});

}  // namespace onering::simulation
