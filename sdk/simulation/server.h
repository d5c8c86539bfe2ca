// An authority's owner: carries out what it says, asks its store, authenticates, and crashes.
//
// A store of its own it asks one question after the other, as a thread would. A shared database it asks as a pool of
// connections does: questions do not wait for one another, their answers come in any order, a catch-up reads twice,
// and what other servers write is heard of some time later.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <set>

#include "database.h"
#include "network.h"

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
  Server(Environment& environment, Network& network, Oracle& oracle, Database& database, ServerId id);

  void start();
  [[nodiscard]] bool isRunning() const { return authority_ != nullptr; }
  [[nodiscard]] Time localNow() const { return environment_.clock.now() + skew_; }
  [[nodiscard]] bool isIdle() const;

  void accepted(SessionId session);
  void received(SessionId session, const std::string& bytes);
  void lost(SessionId session);

 private:
  struct Session {
    UserId user;  // empty: not known yet
    Time lastHeard;
  };

  struct Question {
    Ticket ticket = 0;
    StoreQuestion question;
  };

  void crash();
  void tick();
  // carryOut(), and what is said is checked against all that the authority knows by now.
  void tell(AuthorityActions actions);
  void carryOut(AuthorityActions actions);
  void carryOut(SendAction& action);
  void carryOut(CloseAction& action);
  void carryOut(AuthenticateAction& action);
  void carryOut(AskAction& action);
  void carryOut(ReceiptAction& action);
  void send(SessionId session, const Bytes& bytes);
  void performNext();
  [[nodiscard]] std::optional<StoreAnswer> performOne(const Question& asked);
  void answer(Ticket ticket, StoreAnswer answer);
  void askDatabase(Question asked);
  void performShared(const Question& asked);
  void readInTwo(Ticket ticket, const CatchUpQuestion& question, std::uint64_t known);
  void answerShared(Ticket ticket, StoreAnswer result, std::uint64_t known);
  void note(const StoreAnswer& answer);
  void hearSoon();
  void hear();
  [[nodiscard]] std::expected<Principal, Rejection> judgeToken(const std::string& text);
  // Lets `what` happen unless the server has crashed by then.
  void later(Duration delay, std::function<void()> what);

  Environment& environment_;
  Network& network_;
  Oracle& oracle_;
  Database& database_;
  ServerId id_;
  Duration skew_{};
  std::unique_ptr<Authority> authority_;
  std::uint64_t life_ = 0;  // counts the crashes; what was under way in an earlier life is void
  std::map<SessionId, Session> sessions_;
  std::deque<Question> asked_;
  bool performing_ = false;
  Time lastAnswerAt_;
  std::map<Ticket, std::shared_ptr<const Batch>> commitsOnTheirWay_;  // to a shared database
  std::size_t underWay_ = 0;                                          // questions at a shared database
  bool hearing_ = false;
  std::size_t heard_ = 0;     // of what has been written to a shared database
  bool isUncertain_ = false;  // of what it has committed itself
  std::uint64_t polled_ = 0;  // batches that were durable when it was last asked for news
  std::uint64_t known_ = 0;   // batches of which the authority knows all
  std::uint64_t told_ = 0;    // … knew, when what is being said was read
};

}  // namespace onering::simulation
