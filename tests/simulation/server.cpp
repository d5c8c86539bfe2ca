#include "server.h"

#include "onering/wire/codec.h"

namespace onering::simulation {

namespace {

using std::chrono::seconds;

constexpr Duration kTick = seconds(2);
constexpr Duration kSilenceMax = seconds(75);  // then the session's connection is taken for dead
constexpr Duration kSkewMax = seconds(15);     // so that a step is at most 30 s

}  // namespace

Token Token::parse(const std::string& text) {
  const auto space = text.find(' ');
  require(space != std::string::npos, "a token arrived that nobody made");
  return {.user = text.substr(space + 1), .expiresAt = timeFromMs(std::stoll(text.substr(0, space)))};
}

Server::Server(Environment& environment, Network& network, Oracle& oracle)
    : environment_(environment),
      network_(network),
      oracle_(oracle),
      store_(environment, environment.plan.serverStore, kServerStoreFaults) {
  store_.stored = [this](const Batch& batch) { oracle_.committed(batch); };
}

void Server::start() {
  if (!store_.boot()) {
    environment_.clock.after(environment_.random.between(Duration{200}, seconds(5)), [this] { start(); });
    return;
  }
  authority_ = std::make_unique<Authority>(environment_.plan.authority);
  oracle_.acknowledged(oracle_.commits());
  lastAnswerAt_ = environment_.clock.now();
  environment_.trace(environment_.clock.now(), "server starts");
  later(kTick, [this] { tick(); });
}

void Server::crash() {
  environment_.trace(environment_.clock.now(), "server crashes");
  ++life_;
  authority_.reset();
  sessions_.clear();
  asked_.clear();
  performing_ = false;
  store_.processDied();
  network_.serverDied();
  environment_.clock.after(environment_.random.between(Duration{100}, seconds(20)), [this] { start(); });
}

void Server::later(Duration delay, std::function<void()> what) {
  environment_.clock.after(delay, [this, life = life_, what = std::move(what)] {
    if (life == life_) {
      what();
    }
  });
}

void Server::tick() {
  if (environment_.strikes(Fault::serverCrash)) {
    crash();
    return;
  }
  if (environment_.strikes(Fault::serverClockSteps)) {
    skew_ = environment_.random.between(-kSkewMax, kSkewMax);
  }
  std::vector<SessionId> silent;
  for (const auto& [id, session] : sessions_) {
    if (environment_.clock.now() - session.lastHeard > kSilenceMax) {
      silent.push_back(id);
    }
  }
  for (const SessionId session : silent) {
    environment_.trace(environment_.clock.now(), "server gives up session ", session);
    network_.closeByServer(session);
    lost(session);
  }
  later(kTick, [this] { tick(); });
  carryOut(authority_->tick(localNow()));
}

// --- sessions -------------------------------------------------------------------------------------------

void Server::accepted(SessionId session) {
  sessions_[session] = {.user = {}, .lastHeard = environment_.clock.now()};
  authority_->connected(session);
}

void Server::received(SessionId session, const std::string& bytes) {
  const auto found = sessions_.find(session);
  if (found == sessions_.end()) {
    return;
  }
  found->second.lastHeard = environment_.clock.now();
  auto message = decodeReplicaMessage(bytes, environment_.plan.authority.limits.messageBytes);
  if (!message) {
    environment_.trace(environment_.clock.now(), "server cannot read what session ", session, " sent");
    carryOut(authority_->refused(session, message.error()));
    return;
  }
  environment_.trace(environment_.clock.now(), "server < ", session, "  ", *message);
  if (auto* hello = std::get_if<Hello>(&*message); hello && environment_.strikes(Fault::oldVersion)) {
    hello->version = kProtocolVersion + 1;
  }
  if (const auto* push = std::get_if<Push>(&*message)) {
    for (const Op& op : push->ops) {
      oracle_.pushed(op);
    }
  }
  carryOut(authority_->received(session, std::move(*message), localNow()));
}

void Server::lost(SessionId session) {
  if (sessions_.erase(session) > 0) {
    authority_->disconnected(session);
  }
}

// --- actions --------------------------------------------------------------------------------------------

void Server::carryOut(AuthorityActions actions) {
  const std::uint64_t life = life_;
  for (AuthorityAction& action : actions) {
    if (environment_.strikes(Fault::serverCrashWhileSending)) {
      crash();
    }
    if (life != life_) {
      return;
    }
    std::visit([&](auto& typed) { carryOut(typed); }, action);
  }
}

void Server::carryOut(SendAction& action) {
  const auto bytes = std::make_shared<const std::string>(encode(action.message));
  require(bytes->size() <= environment_.plan.authority.limits.messageBytes, [&] {
    environment_.trace(environment_.clock.now(), "server >  ", action.message);
    return "S7 the authority's message is too large: " + std::to_string(bytes->size()) + " bytes";
  });
  for (const SessionId session : action.to) {
    const auto found = sessions_.find(session);
    if (found == sessions_.end()) {
      continue;
    }
    if (const auto* welcome = std::get_if<Welcome>(&action.message)) {
      require(welcome->user == found->second.user, "another user is welcomed");
    }
    environment_.trace(environment_.clock.now(), "server > ", session, "  ", action.message);
    oracle_.sending(found->second.user, action.message);
    send(session, bytes);
  }
}

void Server::send(SessionId session, const Bytes& bytes) {
  network_.sendToClient(session, bytes);
  if (environment_.healed || network_.waitingForClient(session) <= environment_.plan.sessionQueueMax) {
    return;
  }
  environment_.coverage.saw(Fault::readerTooSlow);
  environment_.trace(environment_.clock.now(), "! readerTooSlow ", session);
  network_.discardForClient(session);
  later({}, [this, session] { carryOut(authority_->overflowed(session)); });
}

void Server::carryOut(CloseAction& action) {
  if (sessions_.erase(action.session) > 0) {
    network_.closeByServer(action.session);
  }
}

void Server::carryOut(AuthenticateAction& action) {
  const Duration delay = environment_.random.between(Duration{}, environment_.plan.storeDelayMax);
  later(delay, [this, session = action.session, token = std::move(action.token)] {
    auto principal = judgeToken(token);
    if (const auto found = sessions_.find(session);
        found != sessions_.end() && principal && found->second.user.empty()) {
      found->second.user = principal->user;
    }
    carryOut(authority_->authenticated(session, std::move(principal), localNow()));
  });
}

std::expected<Principal, Rejection> Server::judgeToken(const std::string& text) {
  const Token token = Token::parse(text);
  if (environment_.strikes(Fault::tokenRefused)) {
    return std::unexpected(rejection(ErrorCode::unauthenticated));
  }
  if (environment_.strikes(Fault::tokensUnavailable)) {
    return std::unexpected(rejection(ErrorCode::unavailable));
  }
  if (environment_.strikes(Fault::tooManyConnections)) {
    return std::unexpected(rejection(ErrorCode::rateLimited));
  }
  if (token.expiresAt <= localNow()) {
    return std::unexpected(rejection(ErrorCode::tokenExpired));
  }
  return Principal{.user = token.user, .display = {}, .expiresAt = token.expiresAt};
}

void Server::carryOut(ReceiptAction& /*action*/) {
  require(false, "a receipt for an op that nobody submitted");
}

// --- the store ------------------------------------------------------------------------------------------

void Server::carryOut(AskAction& action) {
  asked_.push_back({action.ticket, std::move(action.question)});
  if (!performing_) {
    performing_ = true;
    later(environment_.random.between(Duration{}, environment_.plan.storeDelayMax), [this] { performNext(); });
  }
}

// Questions are performed in the order in which they were asked, and answered in it, some time later.
void Server::performNext() {
  Question next = std::move(asked_.front());
  asked_.pop_front();
  const bool commits = std::holds_alternative<CommitQuestion>(next.question);
  if (commits && environment_.strikes(Fault::serverCrashBeforeCommit)) {
    crash();
    return;
  }
  StoreAnswer result = perform(store_, next.question, environment_.plan.reading);
  if (store_.isOff() || (commits && environment_.strikes(Fault::serverCrashAfterCommit))) {
    crash();
    return;
  }
  const Duration delay = environment_.random.between(Duration{}, environment_.plan.storeDelayMax);
  lastAnswerAt_ = std::max(lastAnswerAt_, environment_.clock.now() + delay);
  auto held = std::make_shared<StoreAnswer>(std::move(result));
  later(lastAnswerAt_ - environment_.clock.now(), [this, ticket = next.ticket, held, commitsThen = oracle_.commits()] {
    answer(ticket, std::move(*held), commitsThen);
  });
  performing_ = !asked_.empty();
  if (performing_) {
    later(environment_.random.between(Duration{}, environment_.plan.storeDelayMax), [this] { performNext(); });
  }
}

void Server::answer(Ticket ticket, StoreAnswer answer, std::uint64_t commitsThen) {
  oracle_.acknowledged(commitsThen);
  carryOut(authority_->answered(ticket, std::move(answer), localNow()));
}

}  // namespace onering::simulation
