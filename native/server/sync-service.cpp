#include "sync-service.h"

#include <algorithm>
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

}  // namespace

SyncService::SyncService(ServerOptions options, std::unique_ptr<AsyncStore> store, Post post)
    : bounds_(options.bounds),
      timeouts_(options.timeouts),
      log_(std::move(options.log), std::move(options.records), options.logLevel),
      registry_(options.metrics ? options.metrics : std::make_shared<Metrics>()),
      metrics_(*registry_),
      databaseHealth_(std::move(options.databaseHealth)),
      authenticator_(std::move(options.authenticator)),
      post_(std::move(post)),
      authority_(AuthorityOptions{.limits = options.limits}),
      self_(std::make_shared<SyncService*>(this)),
      store_(std::move(store)) {
  watch(*registry_);
}

// What others keep count of, for as long as this service is there.
void SyncService::watch(Metrics& metrics) {
  const auto number = [self = std::weak_ptr(self_)](auto read) -> Metrics::Read {
    return [self, read]() -> std::optional<double> {
      const auto service = self.lock();
      return service ? std::optional(static_cast<double>(read(**service))) : std::nullopt;
    };
  };
  using Service = const SyncService&;
  metrics.watch("onering_ops_accepted_total", "Ops that were accepted and are durable.", {},
                number([](Service service) { return service.counts().accepted; }));
  metrics.watch("onering_ops_repeated_total", "Ops that came again and got their first receipt.", {},
                number([](Service service) { return service.counts().repeated; }));
  metrics.watch("onering_batches_total", "Batches of ops that were decided and committed.", {},
                number([](Service service) { return service.counts().batches; }));
  metrics.watch("onering_batch_conflicts_total", "Batches that had to be decided again.", {},
                number([](Service service) { return service.counts().conflicts; }));
  metrics.watch("onering_batch_faults_total", "Batches that the store could not take.", {},
                number([](Service service) { return service.counts().faults; }));
  metrics.watch("onering_ops_waiting", "Ops that wait for the next batch.", {},
                number([](Service service) { return service.authority_.opsWaiting(); }));
  metrics.watch("onering_ops_in_work", "Ops of the batch at the store.", {},
                number([](Service service) { return service.authority_.opsInWork(); }));
  metrics.watch("onering_unanswered_bytes", "Bytes of ops that wait for their receipts.", {},
                number([](Service service) { return service.bytesUnanswered_ + service.bytesSubmitted_; }));
  metrics.watch("onering_outgoing_bytes", "Bytes that wait to be written to sessions.", {}, number([](Service service) {
                  std::size_t bytes = 0;
                  for (const auto& [id, session] : service.sessions_) {
                    bytes += session->outgoing.bytes();
                  }
                  return bytes;
                }));
  metrics.watch("onering_store_questions", "Reads that wait for the store.", {},
                number([](Service service) { return service.reads_.size() + service.questions_.size(); }));
  metrics.watch("onering_sessions", "WebSocket sessions.", {{"state", "connected"}},
                number([](Service service) { return service.sessions_.size(); }));
  metrics.watch("onering_users_connected", "Users with at least one session.", {}, number([](Service service) {
                  return std::ranges::count_if(service.users_,
                                               [](const auto& user) { return user.second.connections > 0; });
                }));
  metrics.watch("onering_drafts_cached", "Drafts whose state is held in memory.", {},
                number([](Service service) { return service.authority_.draftsCached(); }));
}

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
  if (UserTraffic* traffic = sessions_.at(id)->traffic) {
    if (std::exchange(traffic->tenth, tenth_) != tenth_) {
      traffic->messages = 0;
    }
    ++traffic->messages;
  }
  auto message = decodeReplicaMessage(bytes, authority_.options().limits.messageBytes);
  if (!message) {
    refused(id, std::move(message.error()));
    return;
  }
  // What is asked because of a push is asked for all whose ops wait.
  const auto* push = std::get_if<Push>(&*message);
  const auto asking = push ? std::nullopt : std::optional(id);
  if (push) {
    if (log_.wants(LogLevel::debug)) {
      for (const Op& op : push->ops) {
        log_(LogLevel::debug, "received an op",
             {{"session", std::to_string(id)}, {"op", toText(op.id)}, {"draft", toText(op.draft)}});
      }
    }
    Session& session = *sessions_.at(id);
    session.bytesUnanswered += bytes.size();
    bytesUnanswered_ += bytes.size();
    touch(id, session);
  }
  carryOut(authority_.received(id, std::move(*message), systemNow()), asking);
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
  heldSomebody_ = heldSomebody_ || !isPatient(session);
  return !session.paused;
}

// A second's allowance is given out in tenths: who uses all of it at once would be alone with the server for as long as
// that takes.
bool SyncService::isPatient(const Session& session) const {
  constexpr std::size_t kTenths = 10;
  const std::size_t messagesMax = bounds_.messagesPerSecondPerUser;
  const UserTraffic* traffic = session.traffic;
  return messagesMax == 0 || !traffic || traffic->tenth != tenth_ || traffic->messages * kTenths < messagesMax;
}

void SyncService::refill() {
  ++tenth_;
  if (std::exchange(heldSomebody_, false)) {
    readOnWhereThereIsRoom();
  }
}

bool SyncService::hasRoom(SessionId id, const Session& session) const {
  return !draining_ && isPatient(session) && !overloaded() && session.reads < bounds_.readsPerSession &&
         session.outgoing.bytes() < bounds_.outgoingBytesBusy && session.bytesUnanswered < bounds_.bytesUnanswered &&
         authority_.unanswered(id) < bounds_.opsUnanswered;
}

void SyncService::closed(SessionId id) {
  const auto found = sessions_.find(id);
  Session& session = *found->second;
  if (session.user) {
    --session.traffic->connections;  // tick() forgets who has none
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
  std::erase_if(users_, [](const auto& user) { return user.second.connections == 0; });
  readOnWhereThereIsRoom();
  carryOut(authority_.tick(systemNow()));
  forgetOldRejections(now);
  forgetOldRequests(now);
  giveUpOnHealth(now);
}

// SPEC K6.
void SyncService::forgetOldRequests(SteadyClock::time_point now) {
  constexpr std::chrono::hours kKept{24};
  constexpr std::chrono::hours kPause{1};
  if (!requestsForgotten_ || now - *requestsForgotten_ >= kPause) {
    requestsForgotten_ = now;
    // What could not be forgotten now is forgotten the next time.
    ask(ForgetRequestsQuestion{systemNow() - kKept}, [](const StoreAnswer&) {});
  }
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
  // Questions first: the store works while the rest is written.
  for (AuthorityAction& action : actions) {
    if (auto* question = std::get_if<AskAction>(&action)) {
      if (asking) {
        reads_.emplace(question->ticket, *asking);
        ++sessions_.at(*asking)->reads;
      }
      askStore(std::move(*question));
    }
  }
  for (AuthorityAction& action : actions) {
    if (const auto* toSend = std::get_if<SendAction>(&action)) {
      send(*toSend);
    } else if (const auto* close = std::get_if<CloseAction>(&action)) {
      if (const auto session = sessions_.find(close->session); session != sessions_.end()) {
        session->second->channel->finish(session->second->farewell);
      }
    } else if (auto* toAuthenticate = std::get_if<AuthenticateAction>(&action)) {
      authenticate(std::move(*toAuthenticate));
    } else if (auto* given = std::get_if<ReceiptAction>(&action)) {
      receipt(std::move(*given));
    }
  }
  settleTouched();
}

void SyncService::askStore(AskAction question) {
  if (const auto* commit = std::get_if<CommitQuestion>(&question.question)) {
    std::size_t ops = commit->batch->rejected.size();
    for (const DraftWrite& write : commit->batch->drafts) {
      ops += write.ops.size();
    }
    committing_[question.ticket] = {ops, SteadyClock::now()};
    if (log_.wants(LogLevel::debug)) {
      const std::string batch = std::to_string(question.ticket);
      for (const DraftWrite& write : commit->batch->drafts) {
        for (const AcceptedOp& op : write.ops) {
          log_(LogLevel::debug, "accepted an op",
               {{"batch", batch},
                {"op", toText(op.entry.op.id)},
                {"draft", toText(write.head.id)},
                {"seq", std::to_string(op.entry.seq)}});
        }
      }
    }
  }
  store_->ask(std::move(question.question),
              [self = std::weak_ptr(self_), ticket = question.ticket](StoreAnswer answer) {
                if (const auto service = self.lock()) {
                  (*service)->answered(ticket, std::move(answer));
                }
              });
}

// A batch was committed, or could not be.
void SyncService::committed(Ticket ticket, const StoreAnswer& answer) {
  const auto found = committing_.find(ticket);
  if (found == committing_.end()) {
    return;
  }
  const std::chrono::duration<double> took = SteadyClock::now() - found->second.askedAt;
  const bool good = errorIn(answer) == nullptr;
  metrics_.commitSeconds.observe(took.count());
  if (good) {
    metrics_.batchOps.observe(static_cast<double>(found->second.ops));
  }
  if (log_.wants(LogLevel::debug)) {
    log_(LogLevel::debug, good ? "committed a batch" : "could not commit a batch",
         {{"batch", std::to_string(ticket)},
          {"ops", std::to_string(found->second.ops)},
          {"ms", std::to_string(std::chrono::duration_cast<std::chrono::milliseconds>(took).count())}});
  }
  committing_.erase(found);
}

void SyncService::logReceipts(SessionId session, const Receipts& receipts) const {
  for (const OpReceipt& each : receipts.receipts) {
    const auto* why = std::get_if<Rejection>(&each.receipt);
    log_(LogLevel::debug, why ? "rejected an op" : "acknowledged an op",
         {{"session", std::to_string(session)},
          {"op", toText(each.op)},
          {"code", std::string(why ? errorName(why->code) : "accepted")}});
  }
}

// --- without a session --------------------------------------------------------------------------------------

void SyncService::identify(std::string token, std::function<void(std::expected<Principal, Rejection>)> done) {
  authenticator_->authenticate(std::move(token), [to = post_, self = std::weak_ptr(self_), done = std::move(done)](
                                                     std::expected<Principal, Rejection> principal) {
    if (principal && principal->expiresAt && *principal->expiresAt <= systemNow()) {
      principal = std::unexpected(rejection(ErrorCode::tokenExpired));
    }
    to([self, done, principal = std::move(principal)] {
      if (self.lock()) {
        done(principal);
      }
    });
  });
}

void SyncService::ask(StoreQuestion question, std::function<void(StoreAnswer)> done) {
  constexpr Ticket kNotTheAuthoritys = Ticket{1} << 63U;
  const Ticket ticket = kNotTheAuthoritys | ++last_;
  questions_.emplace(ticket, std::move(done));
  askStore({ticket, std::move(question)});
}

void SyncService::submit(const Principal& by, Op op, std::string expect, std::function<void(Receipt)> done) {
  if (draining_ || overloaded()) {
    done(rejection(ErrorCode::unavailable));
    return;
  }
  const RequestId id = ++last_;
  const auto* append = std::get_if<AppendSegment>(&op.body);
  const std::size_t bytes = sizeof(Op) + (append ? append->content.text.size() : 0);
  bytesSubmitted_ += bytes;
  submitted_.emplace(id, Submitted{bytes, op.id, std::move(done)});
  carryOut(authority_.submit(id, by, std::move(op), std::move(expect), systemNow()));
}

void SyncService::receipt(ReceiptAction action) {
  metrics_.count(action.receipt);
  if (auto found = submitted_.extract(action.request)) {
    bytesSubmitted_ -= found.mapped().bytes;
    found.mapped().done(std::move(action.receipt));
  }
}

void SyncService::askHealth(std::function<void(DatabaseHealth)> done) {
  const std::uint64_t id = ++last_;
  const auto askedAt = SteadyClock::now();
  healthChecks_.emplace(id, HealthCheck{askedAt, std::move(done)});
  const auto answer = [to = post_, self = std::weak_ptr(self_), id](DatabaseHealth health) {
    to([self, id, health] {
      if (const auto service = self.lock()) {
        if (auto check = (*service)->healthChecks_.extract(id)) {
          check.mapped().done(health);
        }
      }
    });
  };
  if (databaseHealth_) {
    databaseHealth_(answer);
    return;
  }
  ask(Lookup{}, [answer, askedAt](const StoreAnswer& given) {
    const bool good = errorIn(given) == nullptr;
    answer({.connected = good, .tablesPresent = good, .latency = SteadyClock::now() - askedAt});
  });
}

void SyncService::giveUpOnHealth(SteadyClock::time_point now) {
  constexpr std::chrono::seconds kPatience{1};
  std::vector<std::uint64_t> late;
  for (const auto& [id, check] : healthChecks_) {
    if (now - check.askedAt >= kPatience) {
      late.push_back(id);
    }
  }
  for (const std::uint64_t id : late) {
    if (auto check = healthChecks_.extract(id)) {
      check.mapped().done({});
    }
  }
}

// --- messages -----------------------------------------------------------------------------------------------

void SyncService::send(const SendAction& action) {
  if (const auto* receipts = std::get_if<Receipts>(&action.message)) {
    for (const OpReceipt& each : receipts->receipts) {
      metrics_.count(each.receipt);
    }
    if (log_.wants(LogLevel::debug)) {
      logReceipts(action.to.empty() ? 0 : action.to.front(), *receipts);
    }
  }
  if (const auto* diverged = std::get_if<Diverged>(&action.message)) {
    tellDivergence(action.to.empty() ? 0 : action.to.front(), *diverged);
  }
  const auto bytes = std::make_shared<const std::string>(encode(action.message));
  if (bytes->size() > authority_.options().limits.messageBytes) {
    log_(LogLevel::error, "a message of " + std::to_string(bytes->size()) + " bytes is longer than replicas accept");
  }
  for (const SessionId id : action.to) {
    put(id, action.message, bytes);
  }
  const auto* entries = std::get_if<Entries>(&action.message);
  if (fanningOut_ && entries && !entries->entries.empty()) {
    const std::chrono::duration<double> lag = systemNow() - entries->entries.back().acceptedAt;
    metrics_.fanOutSeconds.observe(std::max(lag.count(), 0.0));
  }
}

// SPEC H3: loudly. Nobody but a restored backup or damage brings it about.
void SyncService::tellDivergence(SessionId session, const Diverged& diverged) {
  metrics_.divergences.add();
  log_(LogLevel::error, "a device has another past of a draft than this server: it will fetch the draft anew",
       {{"session", std::to_string(session)},
        {"draft", toText(diverged.draft)},
        {"seq", std::to_string(diverged.head.seq)}});
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
    log_(LogLevel::debug, "refused a session: " + std::string(errorName(refusal->why.code)),
         {{"session", std::to_string(id)}});
    session.outgoing.putUrgent(bytes);
  } else if (std::holds_alternative<CatchUp>(message)) {
    session.outgoing.putUrgent(bytes);
  } else if (session.outgoing.put(bytes) == Outgoing::Put::overflowed) {
    metrics_.overflows.add();
    log_(LogLevel::info, "a session reads too slowly and has to catch up", {{"session", std::to_string(id)}});
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
  UserTraffic& traffic = users_[principal->user];
  if (traffic.connections >= bounds_.connectionsPerUser) {
    return std::unexpected(
        rejection(ErrorCode::quotaExceeded, "This user has too many connections. Close one and try again."));
  }
  ++traffic.connections;
  found->second->user = principal->user;
  found->second->traffic = &traffic;
  return principal;
}

void SyncService::answered(Ticket ticket, StoreAnswer answer) {
  logFault(answer);
  committed(ticket, answer);
  if (auto question = questions_.extract(ticket)) {
    question.mapped()(std::move(answer));
    return;
  }
  bool wasRead = false;
  if (const auto read = reads_.find(ticket); read != reads_.end()) {
    if (const auto session = sessions_.find(read->second); session != sessions_.end()) {
      --session->second->reads;
      touch(session->first, *session->second);
    }
    reads_.erase(read);
    wasRead = true;
  }
  fanningOut_ = !wasRead;
  carryOut(authority_.answered(ticket, std::move(answer), systemNow()));
  fanningOut_ = false;
  if (draining_ && drained_ && authority_.idle()) {
    finishDraining();
  }
}

// The first one of a second: a store that is gone fails every question. One whose disk is full answers what reads.
void SyncService::logFault(const StoreAnswer& answer) {
  const StoreError* error = errorIn(answer);
  if (!error) {
    const bool isWrite = std::holds_alternative<StoreResult<void>>(answer);
    if (isWrite && std::exchange(isFaulty_, false)) {
      log_(LogLevel::info, "the store takes writes again");
    }
    return;
  }
  if (error->fault == StoreFault::conflict) {
    return;
  }
  metrics_.storeFaults.add();
  const auto now = SteadyClock::now();
  if (now - faultLogged_ >= std::chrono::seconds(1)) {
    faultLogged_ = now;
    isFaulty_ = true;
    log_(LogLevel::error, "the store failed: " + error->detail);
  }
}

// --- flow ---------------------------------------------------------------------------------------------------

void SyncService::touch(SessionId id, Session& session) {
  if (!std::exchange(session.touched, true)) {
    touched_.push_back(id);
  }
}

// After all actions of one event: one turn to write for however many messages, and on with those that had to wait.
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
    if (!session.outgoing.empty() && !std::exchange(session.due, true)) {
      due_.push_back(id);
    }
    if (session.paused && hasRoom(id, session)) {
      session.paused = false;
      session.channel->readOn();
    }
  }
  if (!waking_) {
    wakeSome();
  }
  if (std::exchange(full_, overloaded()) && !full_) {
    readOnWhereThereIsRoom();
  }
}

void SyncService::readOnWhereThereIsRoom() {
  for (auto& [id, session] : sessions_) {
    if (session->paused && hasRoom(id, *session)) {
      session->paused = false;
      session->channel->readOn();
    }
  }
}

// So many at a time, then the rest of the world: what is accepted while a thousand readers are being told of one op
// goes to those whose turn comes later together with it, in one write. With few readers nothing waits for this.
void SyncService::wakeSome() {
  constexpr std::size_t kWokenAtOnce = 32;
  waking_ = true;
  for (std::size_t i = 0; i < kWokenAtOnce && !due_.empty(); ++i) {
    const auto found = sessions_.find(due_.front());
    due_.pop_front();
    if (found != sessions_.end()) {
      found->second->due = false;
      found->second->channel->wake();
    }
  }
  waking_ = !due_.empty();
  if (waking_) {
    post_([self = std::weak_ptr(self_)] {
      if (const auto service = self.lock()) {
        (*service)->wakeSome();
      }
    });
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
