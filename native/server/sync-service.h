// Drives the authority: carries out what it says for all sessions, and keeps each within its bounds.
//
//   WebSocket --- received() ---> SyncService --- received() ---> Authority
//   WebSocket <-- wake() -------- SyncService <-- actions -------
//                                  |      ^
//                             ask()|      |answered()
//                               AsyncStore, Authenticator
//
// Knows no socket and waits for nothing. Used on one thread, the server's; what other threads finish comes
// back to it through `post`.
#pragma once

#include <chrono>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "onering/server/server.h"
#include "onering/sync/authority.h"

#include "journal.h"
#include "outgoing.h"
#include "service-metrics.h"

namespace onering::server {

// Why a WebSocket is closed (RFC 6455 §7.4.1).
enum class CloseReason : std::uint16_t {
  normal = 1000,
  goingAway = 1001,
  protocolError = 1002,
  policyViolation = 1008,
  messageTooBig = 1009,
  tryAgainLater = 1013,
};

// A session's connection, as the service needs it.
class Channel {
 public:
  virtual ~Channel() = default;

  // There is something in outgoing(), or finish() was called: write it.
  virtual void wake() = 0;
  // Read on: mayRead() was false and is true now.
  virtual void readOn() = 0;
  // Close once outgoing() is empty.
  virtual void finish(CloseReason why) = 0;
};

class SyncService {
 public:
  // Runs the function on the service's thread, later. May be called from any thread.
  using Post = std::function<void(std::function<void()>)>;

  // The store answers on the service's thread.
  SyncService(ServerOptions options, std::unique_ptr<AsyncStore> store, Post post);

  // --- sessions: each holds its channel until closed() ---
  [[nodiscard]] SessionId opened(std::shared_ptr<Channel> channel);
  [[nodiscard]] Outgoing& outgoing(SessionId session);
  void received(SessionId session, std::string_view bytes);
  void refused(SessionId session, Rejection why);
  // A message has been written.
  void written(SessionId session);
  // Whether the session has less in work than it may have at once. When not, readOn() will say so.
  [[nodiscard]] bool mayRead(SessionId session);
  void closed(SessionId session);

  // Another server may have written to these drafts.
  void movedElsewhere(const std::vector<DraftPosition>& drafts);

  // --- for those who have no session: HTTP requests. Each calls back once, on this thread, now or later ---
  // Whom the token names; the token is a secret.
  void identify(std::string token, std::function<void(std::expected<Principal, Rejection>)> done);
  // Has the store answer. After Authority::submit() this is all that a reader needs.
  void ask(StoreQuestion question, std::function<void(StoreAnswer)> done);
  // Authority::lastKnown().
  [[nodiscard]] const DraftState* lastKnown(const DraftId& draft) const { return authority_.lastKnown(draft); }
  // Authority::submit(). `unavailable` when there is too much in work, or the server stops.
  void submit(const Principal& by, Op op, std::string expect, std::function<void(Receipt)> done);
  // How the database is; not connected when it does not say so in time.
  void askHealth(std::function<void(DatabaseHealth)> done);
  [[nodiscard]] bool draining() const { return draining_; }
  [[nodiscard]] const Journal& log() const { return log_; }
  [[nodiscard]] Metrics& metrics() const { return *registry_; }

  // Call about once a second.
  void tick();
  // Call about ten times a second: whoever has said as much as is allowed in that time is read again.
  void refill();

  // Takes nothing in any more; calls `done` when every receipt is queued and every channel told to finish.
  void drain(std::function<void()> done);

  [[nodiscard]] const AuthorityCounts& counts() const { return authority_.counts(); }

 private:
  // Of all sessions of a user together.
  struct UserTraffic {
    std::size_t connections = 0;
    std::size_t messages = 0;  // received in that tenth
    std::uint64_t tenth = 0;   // of a second, by number
  };

  struct Session {
    Session(std::shared_ptr<Channel> to, std::size_t bytesMax, std::chrono::steady_clock::time_point until)
        : channel(std::move(to)), outgoing(bytesMax), helloUntil(until) {}

    std::shared_ptr<Channel> channel;
    Outgoing outgoing;
    std::chrono::steady_clock::time_point helloUntil;
    std::optional<UserId> user;                           // once welcome
    UserTraffic* traffic = nullptr;                       // in users_; null: not welcome yet
    std::size_t bytesUnanswered = 0;                      // of pushes; 0 again when all their ops are answered
    std::size_t reads = 0;                                // questions at the store for this session
    bool paused = false;                                  // mayRead() was false
    bool touched = false;                                 // in touched_
    bool due = false;                                     // in due_
    CloseReason farewell = CloseReason::policyViolation;  // what CloseAction closes with
  };

  [[nodiscard]] bool hasRoom(SessionId id, const Session& session) const;
  [[nodiscard]] bool isPatient(const Session& session) const;
  [[nodiscard]] std::expected<Principal, Rejection> admitted(SessionId id,
                                                             std::expected<Principal, Rejection> principal);
  // `asking`: the session for which alone the store is asked.
  void carryOut(AuthorityActions actions, std::optional<SessionId> asking = {});
  void askStore(AskAction question);
  void send(const SendAction& action);
  void tellDivergence(SessionId session, const Diverged& diverged);
  void put(SessionId id, const AuthorityMessage& message, const SharedBytes& bytes);
  void authenticate(AuthenticateAction action);
  void answered(Ticket ticket, StoreAnswer answer);
  void logFault(const StoreAnswer& answer);
  void committed(Ticket ticket, const StoreAnswer& answer);
  void receipt(ReceiptAction action);
  void giveUpOnHealth(std::chrono::steady_clock::time_point now);
  void logReceipts(SessionId session, const Receipts& receipts) const;
  void watch(Metrics& metrics);
  void forgetOldRejections(std::chrono::steady_clock::time_point now);
  void forgetOldRequests(std::chrono::steady_clock::time_point now);
  [[nodiscard]] bool overloaded() const {
    return bytesUnanswered_ + bytesOrphaned_ + bytesSubmitted_ > bounds_.bytesUnansweredInAll;
  }
  void touch(SessionId id, Session& session);
  void settleTouched();
  void readOnWhereThereIsRoom();
  void wakeSome();
  void finishDraining();

  ServerBounds bounds_;
  ServerTimeouts timeouts_;
  Journal log_;
  std::shared_ptr<Metrics> registry_;
  ServiceMetrics metrics_;
  std::function<void(std::function<void(DatabaseHealth)>)> databaseHealth_;
  std::shared_ptr<Authenticator> authenticator_;
  Post post_;
  Authority authority_;
  std::unordered_map<SessionId, std::unique_ptr<Session>> sessions_;
  std::map<UserId, UserTraffic, std::less<>> users_;
  std::uint64_t tenth_ = 0;    // of a second, by number
  bool heldSomebody_ = false;  // in it, for having said too much
  std::unordered_map<Ticket, SessionId> reads_;
  struct BatchAtStore {
    std::size_t ops = 0;
    std::chrono::steady_clock::time_point askedAt;
  };
  std::unordered_map<Ticket, BatchAtStore> committing_;
  struct Submitted {
    std::size_t bytes = 0;
    OpId op;
    std::function<void(Receipt)> done;
  };
  std::unordered_map<RequestId, Submitted> submitted_;
  std::unordered_map<Ticket, std::function<void(StoreAnswer)>> questions_;  // of ask()
  struct HealthCheck {
    std::chrono::steady_clock::time_point askedAt;
    std::function<void(DatabaseHealth)> done;
  };
  std::unordered_map<std::uint64_t, HealthCheck> healthChecks_;
  std::uint64_t last_ = 0;          // number of the last op, question or health check that came without a session
  std::size_t bytesSubmitted_ = 0;  // of ops that came without a session
  bool fanningOut_ = false;         // what is sent now are new entries
  std::vector<SessionId> touched_;
  std::deque<SessionId> due_;        // have something to write, in the order of their turns
  bool waking_ = false;              // wakeSome() will go on
  std::size_t bytesUnanswered_ = 0;  // of all sessions
  std::size_t bytesOrphaned_ = 0;    // of sessions that have gone since the authority was idle
  bool full_ = false;                // both together were over the bound
  SessionId lastSession_ = 0;
  std::function<void()> drained_;
  bool draining_ = false;
  std::chrono::steady_clock::time_point faultLogged_;
  bool isFaulty_ = false;  // by the log
  std::optional<std::chrono::steady_clock::time_point> rejectionsForgotten_;
  std::optional<std::chrono::steady_clock::time_point> requestsForgotten_;
  // What was posted looks here whether the service is still there.
  std::shared_ptr<SyncService*> self_;
  std::unique_ptr<AsyncStore> store_;
};

}  // namespace onering::server
