#include <set>

#include "onering/simulation/simulation.h"

#include "device.h"
#include "intruder.h"
#include "server.h"
#include "workload.h"

namespace onering::simulation {

namespace {

using std::chrono::minutes;
using std::chrono::seconds;

// Of virtual time. Work that takes longer than the first has got stuck. A healed world must be quiet within the
// second: a dead connection is noticed within 75 s, retries are at most 30 s apart, and a few of them may follow
// one another. What is pending may in the worst case go one by one, each a round trip through network and store.
constexpr Duration kWorkMax = minutes(180);
constexpr Duration kHealingMax = minutes(5);
constexpr int kStoreDelaysOfAnOp = 6;

class World {
 public:
  World(std::uint64_t seed, const Options& options)
      : environment_(seed, options),
        network_(environment_),
        oracle_(environment_),
        database_(environment_, oracle_),
        workload_(environment_, devices_) {
    for (ServerId id = 0; id < environment_.plan.servers; ++id) {
      servers_.push_back(std::make_unique<Server>(environment_, network_, oracle_, database_, id));
    }
    for (const DevicePlan& plan : environment_.plan.devices) {
      devices_.push_back(std::make_unique<Device>(environment_, network_, oracle_, devices_.size(), plan));
    }
    if (environment_.plan.intruder) {
      intruder_.emplace(environment_, network_, oracle_, devices_.size(), environment_.plan.intruderUser);
    }
    network_.join(
        {.serverListens = [this](ServerId server) { return servers_[server]->isRunning(); },
         .serverAccepted = [this](ServerId server, SessionId session) { servers_[server]->accepted(session); },
         .serverReceived = [this](ServerId server, SessionId session,
                                  const std::string& bytes) { servers_[server]->received(session, bytes); },
         .serverLost = [this](ServerId server, SessionId session) { servers_[server]->lost(session); },
         .clientReceived =
             [this](ClientId client, SessionId session, const std::string& bytes) {
               client < devices_.size() ? devices_[client]->received(session, bytes)
                                        : intruder_->received(session, bytes);
             },
         .clientLost =
             [this](ClientId client, SessionId session) {
               client < devices_.size() ? devices_[client]->connectionLost(session)
                                        : intruder_->connectionLost(session);
             }});
  }

  void run() {
    for (const auto& server : servers_) {
      server->start();
    }
    for (const auto& device : devices_) {
      device->start();
    }
    if (intruder_) {
      intruder_->start();
    }
    workload_.start();
    const Time latest = environment_.clock.now() + kWorkMax;
    while (!workload_.isDone()) {
      require(environment_.clock.runOne(latest), "the work does not come to an end");
    }
    heal();
    converge();
    workload_.everyHolderWrites();
    converge();
    finish();
  }

  void report(Outcome& outcome) {
    outcome.trace = environment_.trace.take();
    outcome.fingerprint = environment_.fingerprint;
    outcome.events = environment_.clock.happened();
    outcome.opsAccepted = oracle_.opsAccepted();
    outcome.lasted = environment_.clock.now() - Environment::kStart;
    outcome.coverage = environment_.coverage;
  }

 private:
  // From here on nothing fails any more. What is broken already stays so until someone notices.
  void heal() {
    environment_.healed = true;
    environment_.trace(environment_.clock.now(), "healed");
    if (intruder_) {
      intruder_->stop();
    }
    if (environment_.plan.outOfOrder) {
      network_.cutAll();  // a message that got lost inside a connection is missed by nobody
    }
  }

  [[nodiscard]] bool isQuiet() const {
    return areIdle() && !database_.isRecovering() &&
           std::ranges::all_of(devices_, [](const auto& device) { return device->hasConverged(); });
  }

  [[nodiscard]] bool areIdle() const {
    return std::ranges::all_of(servers_, [](const auto& server) { return server->isIdle(); });
  }

  void converge() {
    std::size_t pending = 0;
    for (const auto& device : devices_) {
      pending += device->pendingCount();
    }
    const Duration roundTrip = 2 * environment_.plan.latencyMax + kStoreDelaysOfAnOp * environment_.plan.storeDelayMax;
    const Time latest = environment_.clock.now() + kHealingMax + pending * roundTrip;
    do {
      const Time next = environment_.clock.now() + seconds(1);
      while (environment_.clock.runOne(next)) {
      }
      if (isQuiet()) {
        environment_.trace(environment_.clock.now(), "converged");
        return;
      }
    } while (environment_.clock.now() < latest);
    std::string text = "a healed world does not converge:";
    for (const auto& device : devices_) {
      text += "\n  " + device->standing();
    }
    throw Violation(areIdle() ? text : text + "\n  an authority is not idle");
  }

  void finish() {
    std::set<UserId> users{environment_.plan.intruderUser};
    for (const auto& device : devices_) {
      users.insert(device->user());
    }
    oracle_.finalCheck(database_.store(), users);
    for (const auto& device : devices_) {
      device->finalCheck(database_.store());
    }
  }

  Environment environment_;
  Network network_;
  Oracle oracle_;
  Database database_;
  std::vector<std::unique_ptr<Server>> servers_;
  std::vector<std::unique_ptr<Device>> devices_;
  std::optional<Intruder> intruder_;
  Workload workload_;
};

}  // namespace

Outcome simulate(std::uint64_t seed, const Options& options) {
  Outcome outcome{.seed = seed, .failure = {}, .trace = {}, .coverage = {}};
  World world(seed, options);
  try {
    world.run();
  } catch (const std::exception& failure) {
    outcome.failure = failure.what();
  }
  world.report(outcome);
  return outcome;
}

}  // namespace onering::simulation
