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

Server::Server(Environment& environment, Network& network, Oracle& oracle, Database& database, ServerId id)
    : environment_(environment), network_(network), oracle_(oracle), database_(database), id_(id) {
  if (environment.plan.servers > 1) {
    environment.coverage.saw(Situation::severalServers);
    skew_ = environment.random.between(-kSkewMax, kSkewMax);
  }
  if (database.isShared()) {
    database.watch([this] { hearSoon(); });
  }
}

bool Server::isIdle() const {
  const bool hasHeard = !database_.isShared() || (heard_ == database_.written().size() && !hearing_);
  return authority_ && authority_->idle() && authority_->newsWaiting() == 0 && asked_.empty() && underWay_ == 0 &&
         hasHeard;
}

void Server::start() {
  if (!database_.boot()) {
    environment_.clock.after(environment_.random.between(Duration{200}, seconds(5)), [this] { start(); });
    return;
  }
  authority_ = std::make_unique<Authority>(environment_.plan.authority);
  known_ = polled_ = oracle_.commits();
  isUncertain_ = false;
  heard_ = database_.written().size();
  lastAnswerAt_ = environment_.clock.now();
  environment_.trace(environment_.clock.now(), "server ", id_, " starts");
  later(kTick, [this] { tick(); });
}

void Server::crash() {
  environment_.trace(environment_.clock.now(), "server ", id_, " crashes");
  ++life_;
  authority_.reset();
  sessions_.clear();
  asked_.clear();
  performing_ = false;
  for (auto& [ticket, batch] : std::exchange(commitsOnTheirWay_, {})) {
    if (environment_.strikes(Fault::commitAfterCrash)) {
      database_.commitLater(std::move(batch));
    }
  }
  underWay_ = 0;
  hearing_ = false;
  database_.serverDied();
  network_.serverDied(id_);
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
    environment_.trace(environment_.clock.now(), "server ", id_, " gives up session ", session);
    network_.closeByServer(session);
    lost(session);
  }
  later(kTick, [this] { tick(); });
  tell(authority_->tick(localNow()));
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
    environment_.trace(environment_.clock.now(), "server ", id_, " cannot read what session ", session, " sent");
    tell(authority_->refused(session, message.error()));
    return;
  }
  environment_.trace(environment_.clock.now(), "server ", id_, " < ", session, "  ", *message);
  if (auto* hello = std::get_if<Hello>(&*message); hello && environment_.strikes(Fault::oldVersion)) {
    hello->version = kProtocolVersion + 1;
  }
  if (const auto* push = std::get_if<Push>(&*message)) {
    for (const Op& op : push->ops) {
      oracle_.pushed(op);
    }
  }
  tell(authority_->received(session, std::move(*message), localNow()));
}

void Server::lost(SessionId session) {
  if (sessions_.erase(session) > 0) {
    authority_->disconnected(session);
  }
}

// --- actions --------------------------------------------------------------------------------------------

void Server::tell(AuthorityActions actions) {
  if (authority_->newsWaiting() == 0) {
    known_ = std::max(known_, polled_);
  }
  told_ = known_;
  carryOut(std::move(actions));
}

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
    environment_.trace(environment_.clock.now(), "server ", id_, " >  ", action.message);
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
    environment_.trace(environment_.clock.now(), "server ", id_, " > ", session, "  ", action.message);
    oracle_.sending(found->second.user, action.message, told_);
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
  later({}, [this, session] { tell(authority_->overflowed(session)); });
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
    tell(authority_->authenticated(session, std::move(principal), localNow()));
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
  Question asked{action.ticket, std::move(action.question)};
  if (database_.isShared()) {
    askDatabase(std::move(asked));
    return;
  }
  asked_.push_back(std::move(asked));
  if (!performing_) {
    performing_ = true;
    later(environment_.random.between(Duration{}, environment_.plan.storeDelayMax), [this] { performNext(); });
  }
}

// Questions are performed in the order in which they were asked, and answered in it, some time later.
void Server::performNext() {
  const Question next = std::move(asked_.front());
  asked_.pop_front();
  auto result = performOne(next);
  if (!result) {
    crash();
    return;
  }
  const Duration delay = environment_.random.between(Duration{}, environment_.plan.storeDelayMax);
  lastAnswerAt_ = std::max(lastAnswerAt_, environment_.clock.now() + delay);
  auto held = std::make_shared<StoreAnswer>(*std::move(result));
  later(lastAnswerAt_ - environment_.clock.now(), [this, ticket = next.ticket, held, commitsThen = oracle_.commits()] {
    // Nobody else writes. What a commit did whose outcome is unknown, the authority knows when it has looked.
    if (const auto* done = std::get_if<StoreResult<void>>(&*held)) {
      isUncertain_ = !*done && done->error().fault == StoreFault::unknown;
    } else if (const auto* found = std::get_if<StoreResult<Found>>(&*held); found && *found) {
      isUncertain_ = false;
    }
    polled_ = isUncertain_ ? polled_ : commitsThen;
    answer(ticket, std::move(*held));
  });
  performing_ = !asked_.empty();
  if (performing_) {
    later(environment_.random.between(Duration{}, environment_.plan.storeDelayMax), [this] { performNext(); });
  }
}

// Nothing: the server crashes over it.
std::optional<StoreAnswer> Server::performOne(const Question& asked) {
  const auto* commit = std::get_if<CommitQuestion>(&asked.question);
  if (!commit) {
    return perform(database_.store(), asked.question, environment_.plan.reading);
  }
  if (environment_.strikes(Fault::serverCrashBeforeCommit)) {
    return std::nullopt;
  }
  auto result = database_.commit(*commit->batch);
  if (database_.store().isOff() || environment_.strikes(Fault::serverCrashAfterCommit)) {
    return std::nullopt;
  }
  return StoreAnswer(std::in_place_type<StoreResult<void>>, std::move(result));
}

void Server::answer(Ticket ticket, StoreAnswer answer) {
  tell(authority_->answered(ticket, std::move(answer), localNow()));
}

// --- a shared database ----------------------------------------------------------------------------------

void Server::askDatabase(Question asked) {
  ++underWay_;
  if (const auto* commit = std::get_if<CommitQuestion>(&asked.question)) {
    commitsOnTheirWay_[asked.ticket] = commit->batch;
  }
  later(environment_.random.between(Duration{}, environment_.plan.storeDelayMax),
        [this, asked = std::move(asked)] { performShared(asked); });
}

void Server::performShared(const Question& asked) {
  const std::uint64_t known = known_;
  if (const auto* fetch = std::get_if<CatchUpQuestion>(&asked.question)) {
    readInTwo(asked.ticket, *fetch, known);
    return;
  }
  commitsOnTheirWay_.erase(asked.ticket);
  if (const auto* commit = std::get_if<CommitQuestion>(&asked.question);
      commit && environment_.strikes(Fault::commitUnknownLate)) {
    database_.commitLater(commit->batch);
    answerShared(asked.ticket,
                 StoreAnswer(std::in_place_type<StoreResult<void>>,
                             std::unexpected(StoreError{StoreFault::unknown, "simulated"})),
                 known);
    return;
  }
  auto result = performOne(asked);
  if (!result) {
    crash();
    return;
  }
  note(*result);
  answerShared(asked.ticket, *std::move(result), known);
}

// Others may write between the two reads.
void Server::readInTwo(Ticket ticket, const CatchUpQuestion& question, std::uint64_t known) {
  using Messages = StoreResult<std::vector<AuthorityMessage>>;
  const ReadPolicy& policy = environment_.plan.reading;
  auto basis = readBasis(database_.store(), question.fetch);
  if (!basis) {
    answerShared(ticket, Messages(std::unexpected(basis.error())), known);
    return;
  }
  auto plan = std::make_shared<CatchUpPlan>(planCatchUp(question, *std::move(basis), policy));
  later(environment_.random.between(Duration{}, environment_.plan.storeDelayMax), [this, ticket, plan, known] {
    answerShared(ticket, readPlanned(database_.store(), std::move(*plan), environment_.plan.reading), known);
  });
}

// `known`: what the authority knew when it was read. What it has learned since is not in the answer.
void Server::answerShared(Ticket ticket, StoreAnswer result, std::uint64_t known) {
  const bool isRead = std::holds_alternative<StoreResult<std::vector<AuthorityMessage>>>(result);
  auto held = std::make_shared<StoreAnswer>(std::move(result));
  later(environment_.random.between(Duration{}, environment_.plan.storeDelayMax), [this, ticket, held, isRead, known] {
    --underWay_;
    if (!isRead) {
      answer(ticket, std::move(*held));
      return;
    }
    auto actions = authority_->answered(ticket, std::move(*held), localNow());
    told_ = std::min(known, known_);
    carryOut(std::move(actions));
  });
}

void Server::note(const StoreAnswer& answer) {
  if (const auto* news = std::get_if<StoreResult<std::vector<DraftNews>>>(&answer);
      news && *news && !(*news)->empty()) {
    environment_.coverage.saw(Situation::newsOfAnotherServer);
  } else if (const auto* done = std::get_if<StoreResult<void>>(&answer);
             done && !*done && done->error().fault == StoreFault::conflict && done->error().detail != "simulated") {
    environment_.coverage.saw(Situation::conflictOfServers);
  }
}

void Server::hearSoon() {
  if (!authority_ || std::exchange(hearing_, true)) {
    return;
  }
  Duration delay = environment_.random.between(Duration{5}, environment_.plan.newsDelayMax);
  if (environment_.strikes(Fault::newsLate)) {
    delay += environment_.random.between(seconds(1), seconds(20));
  }
  later(delay, [this] { hear(); });
}

// Some of it may have been told before.
void Server::hear() {
  hearing_ = false;
  if (!database_.store().isOpen()) {
    hearSoon();
    return;
  }
  const auto& written = database_.written();
  std::vector<DraftPosition> moved(
      written.begin() + static_cast<std::ptrdiff_t>(heard_ - std::min(heard_, environment_.random.below(3))),
      written.end());
  heard_ = written.size();
  polled_ = oracle_.commits();
  tell(authority_->movedElsewhere(moved));
}

}  // namespace onering::simulation
