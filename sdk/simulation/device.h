// A device: a replica, its store, its connection, its clock, and the habits that SPEC §8 asks of a replica's
// owner: durable before seen, heartbeats, reconnecting with backoff, tokens refreshed in place. And crashes.
//
// Of a device's tabs one leads, as in docs/decisions/several-tabs.md; which one makes no difference here. When it is
// gone, another opens the store, and what had no answer is said again to it.
#pragma once

#include <memory>
#include <set>

#include "ledger.h"
#include "network.h"
#include "oracle.h"
#include "store-host.h"

namespace onering::simulation {

class Device {
 public:
  Device(Environment& environment, Network& network, Oracle& oracle, ClientId id, const DevicePlan& plan);

  [[nodiscard]] const UserId& user() const { return user_; }
  [[nodiscard]] ClientId id() const { return id_; }
  [[nodiscard]] bool isAwake() const { return replica_.has_value(); }
  [[nodiscard]] Time localNow() const { return environment_.clock.now() + skew_; }

  void start();

  // Lets `use(replica, now)` work on the replica. A store that fails meanwhile ends in a crash, as it does for any
  // owner. What was done becomes durable and leaves with the next flush().
  template <typename Use>
  void use(Use&& work) {
    if (!replica_) {
      return;
    }
    guarded([&] { std::forward<Use>(work)(*replica_, localNow()); });
  }

  // Work that only the authority judges.
  void submit(Op op);
  void dismiss(const OpId& kept);
  void resubmit(const OpId& kept);
  void copyKept(const DraftId& draft);

  // What a tab had done and has no answer to before it is durable.
  struct Call {
    OpId op;
    DraftId draft;
    OpBody body;  // as it was called
  };
  void called(Call call) { unanswered_.push_back(std::move(call)); }

  // Makes durable, sends and tells what has come together.
  void flush();
  // flush() in a moment, so that what happens until then shares the commit.
  void flushSoon();

  void clockSteps();
  void goOffline(Duration duration);
  // To another tab, in order.
  void passLeadership();

  void received(SessionId session, const std::string& bytes);
  void connectionLost(SessionId session);
  [[nodiscard]] bool isConnectedBy(SessionId session) const { return session_ == session; }

  // By what its store must hold: also while the device is down.
  [[nodiscard]] std::size_t pendingCount() const { return ledger_.pendingCount(); }

  // Whether the device has what the authority has, and nothing is left to do. For healed worlds.
  [[nodiscard]] bool hasConverged();
  // What is missing, for people.
  [[nodiscard]] std::string standing();
  // Compares everything that is stored with the authority's store.
  void finalCheck(Store& authority);

 private:
  void guarded(const std::function<void()>& work);
  void stop(bool orderly);
  void crash(Duration pause);
  void beginAgain();
  void sayAgain();
  void open();
  void connectSoon();
  void connect();
  void hangUp(bool orderly);
  void tick();
  void planWakeUp();
  void tell(const Notice& notice);
  void send(const ReplicaMessage& message);
  [[nodiscard]] bool makeDurable(DeviceBatch changes);
  void note(const DeviceBatch& batch);
  [[nodiscard]] std::string freshToken();
  void checkViews();
  void checkView(const DraftId& id);
  void checkDraft(const DraftId& id, const Oracle::Draft& draft, Store& authority);
  void later(Duration delay, std::function<void()> what);

  Environment& environment_;
  Network& network_;
  Oracle& oracle_;
  ClientId id_;
  UserId user_;
  Duration skew_{};
  StoreHost store_;
  SeededEntropy entropy_;
  Ledger ledger_;
  std::optional<Replica> replica_;
  std::uint64_t life_ = 0;  // counts the crashes; what was planned in an earlier life is void
  std::optional<SessionId> session_;
  bool connecting_ = false;
  bool flushing_ = false;
  int attempts_ = 0;  // to connect, without a welcome
  Time offlineUntil_;
  Time lastHeard_;
  Time tokenExpiresAt_;
  std::set<OpId> submitted_;  // since the device was opened
  std::optional<Time> wakeUpAt_;
  std::vector<Call> unanswered_;
  bool storeStays_ = false;  // open, for the replica that begins again
};

}  // namespace onering::simulation
