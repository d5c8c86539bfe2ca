// The authority's owner: carries out what it says, asks its store, authenticates, and crashes.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <set>

#include "network.h"
#include "oracle.h"
#include "store-host.h"

namespace onering::simulation {

// A token as the simulation's identity provider makes it.
struct Token {
  UserId user;
  Time expiresAt;

  [[nodiscard]] std::string text() const { return std::to_string(toMs(expiresAt)) + ' ' + user; }
  [[nodiscard]] static Token parse(const std::string& text);
};

class Server {
 public:
  Server(Environment& environment, Network& network, Oracle& oracle);

  void start();
  [[nodiscard]] bool isRunning() const { return authority_ != nullptr; }
  [[nodiscard]] Time localNow() const { return environment_.clock.now() + skew_; }
  [[nodiscard]] bool isIdle() const { return authority_ && authority_->idle() && asked_.empty(); }
  [[nodiscard]] Store& store() { return store_; }

  void accepted(SessionId session);
  void received(SessionId session, const std::string& bytes);
  void lost(SessionId session);

 private:
  struct Session {
    UserId user;  // empty: not known yet
    Time lastHeard;
  };

  // A question at the store. `commitsThen`: batches durable when it had been performed.
  struct Question {
    Ticket ticket = 0;
    StoreQuestion question;
  };

  void crash();
  void tick();
  void carryOut(AuthorityActions actions);
  void carryOut(SendAction& action);
  void carryOut(CloseAction& action);
  void carryOut(AuthenticateAction& action);
  void carryOut(AskAction& action);
  void carryOut(ReceiptAction& action);
  void send(SessionId session, const Bytes& bytes);
  void performNext();
  void answer(Ticket ticket, StoreAnswer answer, std::uint64_t commitsThen);
  [[nodiscard]] std::expected<Principal, Rejection> judgeToken(const std::string& text);
  // Lets `what` happen unless the server has crashed by then.
  void later(Duration delay, std::function<void()> what);

  Environment& environment_;
  Network& network_;
  Oracle& oracle_;
  StoreHost store_;
  Duration skew_{};
  std::unique_ptr<Authority> authority_;
  std::uint64_t life_ = 0;  // counts the crashes; what was under way in an earlier life is void
  std::map<SessionId, Session> sessions_;
  std::deque<Question> asked_;
  bool performing_ = false;
  Time lastAnswerAt_;
};

}  // namespace onering::simulation
