// A client that keeps no rule: it speaks to the authority with a valid token and without a replica. It asks for
// other people's drafts, forges and replays ops, names positions that do not exist, and sends noise.
//
// Its questions about drafts come in pairs, one about a draft that exists and is none of its business, one about
// a draft that does not exist: the answers must not differ (SPEC I10).
#pragma once

#include <map>

#include "network.h"
#include "oracle.h"

namespace onering::simulation {

class Intruder {
 public:
  Intruder(Environment& environment, Network& network, const Oracle& oracle, ClientId id, UserId user);

  void start();
  void stop();
  void received(SessionId session, const std::string& bytes);
  void connectionLost(SessionId session);

 private:
  // Two questions, and what was answered, without the draft's id.
  struct Pair {
    DraftId real;
    std::vector<std::string> answers;
  };
  using PairNumber = std::uint64_t;

  void actSoon();
  void act();
  void send(const ReplicaMessage& message);
  void probe();
  void forge();
  void replay();
  void wander();
  void makeNoise();
  template <typename Key>
  void answered(std::map<Key, PairNumber>& asked, const Key& key, std::string answer);
  [[nodiscard]] Op anyOp(const DraftId& draft, const UserId& actor);
  template <typename IdType>
  [[nodiscard]] IdType newId();
  [[nodiscard]] const Oracle::Draft* anyDraft();

  Environment& environment_;
  Network& network_;
  const Oracle& oracle_;
  ClientId id_;
  UserId user_;
  SeededEntropy entropy_;
  DeviceId device_;
  std::optional<SessionId> session_;
  bool welcome_ = false;
  std::map<DraftId, PairNumber> fetched_;
  std::map<OpId, PairNumber> pushed_;
  std::map<PairNumber, Pair> pairs_;
  PairNumber lastPair_ = 0;
};

}  // namespace onering::simulation
