#include "sync-service.h"

#include <limits>
#include <utility>

#include "onering/system/system.h"
#include "onering/wire/codec.h"

namespace onering::server {

namespace {

using SteadyClock = std::chrono::steady_clock;

CloseReason closeReasonOf(ErrorCode code) {
  switch (code) {
    case ErrorCode::protocolError:
    case ErrorCode::upgradeRequired:
      return CloseReason::protocolError;
    case ErrorCode::messageTooLarge:
      return CloseReason::messageTooBig;
    case ErrorCode::unavailable:
    case ErrorCode::internal:
    case ErrorCode::storageFull:
    case ErrorCode::storageUnavailable:
      return CloseReason::tryAgainLater;
    default:
      return CloseReason::policyViolation;
  }
}

const StoreError* errorIn(const StoreAnswer& answer) {
  return std::visit([](const auto& result) { return result ? nullptr : &result.error(); }, answer);
}

bool isRead(const StoreQuestion& question) {
  return std::holds_alternative<CatchUpQuestion>(question) || std::holds_alternative<ChangesQuestion>(question);
}

}  // namespace

SyncService::SyncService(ServerOptions options, std::unique_ptr<AsyncStore> store, Post post)
    : bounds_(options.bounds),
      timeouts_(options.timeouts),
      log_(std::move(options.log)),
      authenticator_(std::move(options.authenticator)),
      post_(std::move(post)),
      authority_(AuthorityOptions{.limits = options.limits}),
      self_(std::make_shared<SyncService*>(this)),
      store_(std::move(store)) {}

// --- sessions -----------------------------------------------------------------------------------------------

SessionId SyncService::opened(std::shared_ptr<Channel> channel) {
  const SessionId id = ++lastSession_;
  sessions_.emplace(
      id, std::make_unique<Session>(std::move(channel), bounds_.outgoingBytes, SteadyClock::now() + timeouts_.hello));
  authority_.connected(id);
  return id;
}

Outgoing& SyncService::outgoing(SessionId session) {
  return sessions_.at(session)->outgoing;
}

void SyncService::received(SessionId id, std::string_view bytes) {
  if (draining_) {
    return;
  }
  auto message = decodeReplicaMessage(bytes, authority_.options().limits.messageBytes);
  if (!message) {
    refused(id, std::move(message.error()));
    return;
  }
  if (std::holds_alternative<Push>(*message)) {
    Session& session = *sessions_.at(id);
    session.bytesUnanswered += bytes.size();
    bytesUnanswered_ += bytes.size();
    touch(id, session);
  }
  carryOut(authority_.received(id, std::move(*message), systemNow()), id);
}

void SyncService::refused(SessionId id, Rejection why) {
  carryOut(authority_.refused(id, std::move(why)));
}

void SyncService::written(SessionId id) {
  Session& session = *sessions_.at(id);
  session.outgoing.written();
  if (session.paused) {
    touch(id, session);
    settleTouched();
  }
}

bool SyncService::mayRead(SessionId id) {
  Session& session = *sessions_.at(id);
  session.paused = !hasRoom(id, session);
  return !session.paused;
}

bool SyncService::hasRoom(SessionId id, const Session& session) const {
  return !draining_ && !overloaded() && session.reads < bounds_.readsPerSession &&
         session.outgoing.bytes() < bounds_.outgoingBytesBusy && session.bytesUnanswered < bounds_.bytesUnanswered &&
         authority_.unanswered(id) < bounds_.opsUnanswered;
}

void SyncService::closed(SessionId id) {
  const auto found = sessions_.find(id);
  Session& session = *found->second;
  if (session.user) {
    const auto count = connectionsOf_.find(*session.user);
    if (--count->second == 0) {
      connectionsOf_.erase(count);
    }
  }
  // The authority still judges what it pushed.
  bytesUnanswered_ -= session.bytesUnanswered;
  if (!authority_.idle()) {
    bytesOrphaned_ += session.bytesUnanswered;
  }
  authority_.disconnected(id);
  sessions_.erase(found);
}

void SyncService::movedElsewhere(const std::vector<DraftPosition>& drafts) {
  carryOut(authority_.movedElsewhere(drafts));
}

void SyncService::tick() {
  const auto now = SteadyClock::now();
  std::vector<SessionId> silent;
  for (auto& [id, session] : sessions_) {
    if (!session->user && session->helloUntil <= now) {
      session->helloUntil = SteadyClock::time_point::max();
      silent.push_back(id);
    }
  }
  for (const SessionId id : silent) {
    refused(id,
            rejection(ErrorCode::unauthenticated, "No valid token came in time. Say hello right after connecting."));
  }
  carryOut(authority_.tick(systemNow()));
  forgetOldRejections(now);
}

// SPEC K5.
void SyncService::forgetOldRejections(SteadyClock::time_point now) {
  constexpr std::chrono::days kKept{90};
  constexpr std::chrono::hours kPause{24};
  if (!rejectionsForgotten_ || now - *rejectionsForgotten_ >= kPause) {
    rejectionsForgotten_ = now;
    store_->forgetRejected(systemNow() - kKept);
  }
}

// --- what the authority says --------------------------------------------------------------------------------

void SyncService::carryOut(AuthorityActions actions, std::optional<SessionId> asking) {
  for (AuthorityAction& action : actions) {
    if (const auto* toSend = std::get_if<SendAction>(&action)) {
      send(*toSend);
    } else if (const auto* close = std::get_if<CloseAction>(&action)) {
      if (const auto session = sessions_.find(close->session); session != sessions_.end()) {
        session->second->channel->finish(session->second->farewell);
      }
    } else if (auto* toAuthenticate = std::get_if<AuthenticateAction>(&action)) {
      authenticate(std::move(*toAuthenticate));
    } else if (auto* question = std::get_if<AskAction>(&action)) {
      if (asking && isRead(question->question)) {
        reads_.emplace(question->ticket, *asking);
        ++sessions_.at(*asking)->reads;
      }
      store_->ask(std::move(question->question),
                  [self = std::weak_ptr(self_), ticket = question->ticket](StoreAnswer answer) {
                    if (const auto service = self.lock()) {
                      (*service)->answered(ticket, std::move(answer));
                    }
                  });
    }
  }
  settleTouched();
}

void SyncService::send(const SendAction& action) {
  const auto bytes = std::make_shared<const std::string>(encode(action.message));
  if (bytes->size() > authority_.options().limits.messageBytes) {
    log_(LogLevel::error, "a message of " + std::to_string(bytes->size()) + " bytes is longer than replicas accept");
  }
  for (const SessionId id : action.to) {
    put(id, action.message, bytes);
  }
}

void SyncService::put(SessionId id, const AuthorityMessage& message, const SharedBytes& bytes) {
  const auto found = sessions_.find(id);
  if (found == sessions_.end()) {
    return;
  }
  Session& session = *found->second;
  touch(id, session);
  if (const auto* refusal = std::get_if<Refused>(&message)) {
    session.farewell = closeReasonOf(refusal->why.code);
    log_(LogLevel::debug, "refused a session: " + std::string(errorName(refusal->why.code)));
    session.outgoing.putUrgent(bytes);
  } else if (std::holds_alternative<CatchUp>(message)) {
    session.outgoing.putUrgent(bytes);
  } else if (session.outgoing.put(bytes) == Outgoing::Put::overflowed) {
    log_(LogLevel::info, "a session reads too slowly and has to catch up");
    carryOut(authority_.overflowed(id));
  }
}

void SyncService::authenticate(AuthenticateAction action) {
  authenticator_->authenticate(std::move(action.token), [to = post_, self = std::weak_ptr(self_), id = action.session](
                                                            std::expected<Principal, Rejection> principal) {
    to([self, id, principal = std::move(principal)] {
      if (const auto found = self.lock()) {
        SyncService& service = **found;
        service.carryOut(service.authority_.authenticated(id, service.admitted(id, principal), systemNow()));
      }
    });
  });
}

std::expected<Principal, Rejection> SyncService::admitted(SessionId id, std::expected<Principal, Rejection> principal) {
  const auto found = sessions_.find(id);
  if (!principal || found == sessions_.end() || found->second->user) {  // the last: a fresh token in place
    return principal;
  }
  std::size_t& connections = connectionsOf_[principal->user];
  if (connections >= bounds_.connectionsPerUser) {
    return std::unexpected(
        rejection(ErrorCode::quotaExceeded, "This user has too many connections. Close one and try again."));
  }
  ++connections;
  found->second->user = principal->user;
  return principal;
}

void SyncService::answered(Ticket ticket, StoreAnswer answer) {
  logFault(answer);
  if (const auto read = reads_.find(ticket); read != reads_.end()) {
    if (const auto session = sessions_.find(read->second); session != sessions_.end()) {
      --session->second->reads;
      touch(session->first, *session->second);
    }
    reads_.erase(read);
  }
  carryOut(authority_.answered(ticket, std::move(answer), systemNow()));
  if (draining_ && drained_ && authority_.idle()) {
    finishDraining();
  }
}

// The first one of a second: a store that is gone fails every question.
void SyncService::logFault(const StoreAnswer& answer) {
  const StoreError* error = errorIn(answer);
  if (!error || error->fault == StoreFault::conflict) {
    return;
  }
  const auto now = SteadyClock::now();
  if (now - faultLogged_ >= std::chrono::seconds(1)) {
    faultLogged_ = now;
    log_(LogLevel::error, "the store failed: " + error->detail);
  }
}

// --- flow ---------------------------------------------------------------------------------------------------

void SyncService::touch(SessionId id, Session& session) {
  if (!std::exchange(session.touched, true)) {
    touched_.push_back(id);
  }
}

// After all actions of one event: one wake for however many messages, and on with those that had to wait.
void SyncService::settleTouched() {
  if (authority_.idle()) {
    bytesOrphaned_ = 0;
  }
  for (const SessionId id : std::exchange(touched_, {})) {
    const auto found = sessions_.find(id);
    if (found == sessions_.end()) {
      continue;
    }
    Session& session = *found->second;
    session.touched = false;
    if (session.bytesUnanswered > 0 && authority_.unanswered(id) == 0) {
      bytesUnanswered_ -= std::exchange(session.bytesUnanswered, 0);
    }
    if (!session.outgoing.empty()) {
      session.channel->wake();
    }
    if (session.paused && hasRoom(id, session)) {
      session.paused = false;
      session.channel->readOn();
    }
  }
  if (std::exchange(full_, overloaded()) && !full_) {
    for (auto& [id, session] : sessions_) {
      if (session->paused && hasRoom(id, *session)) {
        session->paused = false;
        session->channel->readOn();
      }
    }
  }
}

void SyncService::drain(std::function<void()> done) {
  draining_ = true;
  drained_ = std::move(done);
  if (authority_.idle()) {
    finishDraining();
  }
}

void SyncService::finishDraining() {
  for (auto& [id, session] : sessions_) {
    session->channel->finish(CloseReason::goingAway);
  }
  std::exchange(drained_, nullptr)();
}

}  // namespace onering::server
