#include "device.h"

#include <algorithm>
#include <set>
#include <utility>

#include "onering/domain/rules.h"
#include "onering/wire/codec.h"

#include "server.h"

namespace onering::simulation {

namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr Duration kTick = seconds(20);
constexpr Duration kSilenceMax = seconds(50);  // then the connection is taken for dead
constexpr Duration kBackoffMax = seconds(30);

constexpr std::uint32_t kAll = 1'000'000;
constexpr std::size_t kEverything = std::size_t{1} << 30U;

std::string brief(const DraftId& id) {
  return toText(id).substr(32);
}

// Names what differs, for people.
std::string difference(const std::optional<DraftState>& mine, const std::optional<DraftState>& theirs) {
  if (!mine || !theirs) {
    return mine ? "the authority has none" : "the device has none";
  }
  std::string text;
  const auto compare = [&](const char* what, const auto& one, const auto& other) {
    if (!(one == other)) {
      text += std::string(text.empty() ? "" : ", ") + what;
    }
  };
  compare("position", mine->position, theirs->position);
  compare("title", mine->title, theirs->title);
  compare("platform", mine->platform, theirs->platform);
  compare("hold limit", mine->holdLimit, theirs->holdLimit);
  compare("status", mine->status, theirs->status);
  compare("holder", mine->ring.holder, theirs->ring.holder);
  compare("epoch", mine->ring.epoch, theirs->ring.epoch);
  compare("held since", mine->ring.since, theirs->ring.since);
  compare("requests", mine->ring.requests, theirs->ring.requests);
  compare("segments", mine->segmentCount, theirs->segmentCount);
  compare("created at", mine->createdAt, theirs->createdAt);
  compare("updated at", mine->updatedAt, theirs->updatedAt);
  compare("deleted at", mine->deletedAt, theirs->deletedAt);
  compare("members", mine->members, theirs->members);
  return text;
}

}  // namespace

Device::Device(Environment& environment, Network& network, Oracle& oracle, ClientId id, const DevicePlan& plan)
    : environment_(environment),
      network_(network),
      oracle_(oracle),
      id_(id),
      user_(plan.user),
      skew_(plan.skew),
      store_(environment, environment.plan.deviceStore, kDeviceStoreFaults),
      entropy_(environment.random.next()),
      ledger_(environment, oracle) {}

void Device::later(Duration delay, std::function<void()> what) {
  environment_.clock.after(delay, [this, life = life_, what = std::move(what)] {
    if (life == life_) {
      what();
    }
  });
}

// --- life and death -------------------------------------------------------------------------------------

void Device::start() {
  later(environment_.random.between(Duration{}, seconds(5)), [this] { open(); });
}

void Device::open() {
  if (!store_.boot()) {
    later(environment_.random.between(Duration{200}, seconds(5)), [this] { open(); });
    return;
  }
  static_cast<void>(store_.readFailed());
  auto opened = Replica::open(store_, entropy_, user_, localNow(), environment_.plan.replica);
  if (!opened) {
    require(store_.readFailed(), "a sound store could not be opened");
    environment_.trace(environment_.clock.now(), "device ", id_, " cannot open its store");
    later(environment_.random.between(Duration{200}, seconds(5)), [this] { open(); });
    return;
  }
  ledger_.reopened(store_.sound(), !std::exchange(storeStays_, false));
  replica_.emplace(std::move(*opened));
  ledger_.compare(*replica_);
  environment_.trace(environment_.clock.now(), "device ", id_, " of ", user_, " opens");
  later(kTick, [this] { tick(); });
  connectSoon();
  guarded([&] { sayAgain(); });
  flush();
}

// Before such an op is performed, the replica is asked what it knows of its id.
void Device::sayAgain() {
  for (const Call& call : unanswered_) {
    if (replica_->outcomeOf(call.draft, call.op)) {
      environment_.coverage.saw(Situation::callHadBeenDone);
      continue;
    }
    Op op = replica_->prepare(call.draft, call.body, localNow(), call.op);
    environment_.trace(environment_.clock.now(), "device ", id_, " is told again ", op);
    if (const auto performed = replica_->perform(std::move(op), localNow()); !performed) {
      environment_.coverage.local.set(static_cast<std::size_t>(performed.error().code));
    }
    environment_.coverage.saw(Situation::callSaidAgain);
  }
}

// What the replica had not made durable is gone with it, and all that was planned.
void Device::stop(bool orderly) {
  ++life_;
  if (session_) {
    orderly ? network_.closeByClient(*session_) : network_.abandon(*session_);
  }
  session_.reset();
  connecting_ = false;
  flushing_ = false;
  wakeUpAt_.reset();
  replica_.reset();
  submitted_.clear();
}

// The process is gone, and comes back after `pause` with what the store holds. Other tabs may have lived on.
void Device::crash(Duration pause) {
  environment_.trace(environment_.clock.now(), "device ", id_, " crashes");
  stop(environment_.random.coin());
  if (environment_.random.coin()) {
    unanswered_.clear();
  }
  store_.processDied();
  later(pause, [this] { open(); });
}

void Device::passLeadership() {
  if (!replica_) {
    return;
  }
  environment_.trace(environment_.clock.now(), "another tab of device ", id_, " leads");
  environment_.coverage.saw(Situation::leadershipPassed);
  stop(environment_.random.coin());
  store_.close();
  later(environment_.random.between(Duration{}, seconds(2)), [this] { open(); });
}

// The store refused: what was not durable has not happened, and the replica begins again from what is
// (docs/decisions/steps.md). A page opens its store anew as well.
void Device::beginAgain() {
  stop(true);
  unanswered_.clear();  // told that it failed
  storeStays_ = environment_.random.coin();
  if (!storeStays_) {
    store_.close();
  }
  later({}, [this] { open(); });
}

// Only a store that could not be read may make the replica throw anything but a broken invariant. Its owner answers
// as to a commit that failed.
void Device::guarded(const std::function<void()>& work) {
  try {
    work();
  } catch (const std::runtime_error& error) {
    require(store_.readFailed(), [&] { return "a replica threw: " + std::string(error.what()); });
    beginAgain();
  }
}

void Device::clockSteps() {
  skew_ += environment_.random.coin() ? environment_.random.between(-seconds(30), seconds(30))
                                      : environment_.random.between(-hours(2), hours(2));
}

void Device::goOffline(Duration duration) {
  offlineUntil_ = environment_.clock.now() + duration;
  if (session_) {
    hangUp(environment_.random.coin());
  }
}

// --- steps ----------------------------------------------------------------------------------------------

void Device::flushSoon() {
  if (!std::exchange(flushing_, true)) {
    later(environment_.random.between(Duration{}, Duration{50}), [this] { flush(); });
  }
}

void Device::flush() {
  flushing_ = false;
  if (!replica_) {
    return;
  }
  const std::uint64_t life = life_;
  Step step;
  guarded([&] { step = replica_->take(); });
  if (life != life_ || step.empty()) {
    return;
  }
  if (environment_.strikes(Fault::deviceCrashBeforeCommit)) {
    crash(environment_.random.between(Duration{10}, seconds(30)));
    return;
  }
  if (!step.changes.empty() && !makeDurable(std::move(step.changes))) {
    return;
  }
  if (environment_.strikes(Fault::deviceCrashAfterCommit)) {
    crash(environment_.random.between(Duration{10}, seconds(30)));
    return;
  }
  unanswered_.clear();
  for (const ReplicaMessage& message : step.messages) {
    if (environment_.strikes(Fault::deviceCrashWhileSending)) {
      crash(environment_.random.between(Duration{10}, seconds(30)));
      return;
    }
    send(message);
  }
  for (const Notice& notice : step.notices) {
    tell(notice);
  }
  try {
    replica_->checkInvariants();
  } catch (const std::logic_error& broken) {
    throw Violation(broken.what());
  }
  ledger_.compare(*replica_);
  if (environment_.random.chance(1'000)) {
    guarded([&] { checkViews(); });
  }
  if (replica_) {
    planWakeUp();
  }
}

// False: the replica has gone over it.
bool Device::makeDurable(DeviceBatch changes) {
  const auto stored = store_.commit(changes);
  if (stored) {
    ledger_.committed(changes);
    note(changes);
  } else {
    const StoreFault fault = stored.error().fault;
    environment_.trace(environment_.clock.now(), "device ", id_, " could not commit: ", stored.error().detail);
    require(fault != StoreFault::conflict, [&] { return "a device's commit conflicts: " + stored.error().detail; });
    if (fault == StoreFault::unknown || store_.isOff()) {
      ledger_.uncertain(std::move(changes));
    }
  }
  if (store_.isOff()) {
    crash(environment_.random.between(Duration{10}, seconds(3)));
    return false;
  }
  if (!stored) {
    if (!unanswered_.empty()) {
      const bool full = stored.error().fault == StoreFault::full;
      environment_.coverage.saw(Situation::storeRefusedAnOp);
      environment_.coverage.local.set(
          static_cast<std::size_t>(full ? ErrorCode::storageFull : ErrorCode::storageUnavailable));
    }
    beginAgain();
    return false;
  }
  return true;
}

void Device::note(const DeviceBatch& batch) {
  Coverage& coverage = environment_.coverage;
  if (!batch.installed.empty()) {
    coverage.saw(Situation::snapshotInstalled);
  }
  if (!batch.dropped.empty()) {
    coverage.saw(Situation::draftDropped);
  }
}

void Device::send(const ReplicaMessage& message) {
  if (!session_) {
    return;
  }
  auto bytes = std::make_shared<const std::string>(encode(message));
  environment_.trace(environment_.clock.now(), "device ", id_, " > ", *session_, "  ", message);
  require(bytes->size() <= environment_.plan.authority.limits.messageBytes,
          [&] { return "S7 a replica's message is too large: " + std::to_string(bytes->size()) + " bytes"; });
  network_.sendToServer(*session_, std::move(bytes));
}

void Device::tell(const Notice& notice) {
  if (const auto* settled = std::get_if<OpSettled>(&notice)) {
    environment_.trace(environment_.clock.now(), "device ", id_, " settled ", settled->op);
    oracle_.receiptSeen({settled->draft, settled->op, settled->receipt});
  } else if (std::holds_alternative<DivergenceFound>(notice)) {
    throw Violation("H3 a replica diverged although nobody rewrote a log");
  } else if (const auto* refused = std::get_if<AuthorityRefused>(&notice)) {
    environment_.trace(environment_.clock.now(), "device ", id_, " was refused: ", refused->why.code);
    if (session_) {
      later(environment_.random.between(Duration{}, seconds(2)), [this, session = *session_] {
        if (session_ == session) {
          hangUp(true);
        }
      });
    }
  }
}

// --- the connection -------------------------------------------------------------------------------------

std::string Device::freshToken() {
  tokenExpiresAt_ = environment_.clock.now() + (environment_.healed ? hours(2) : environment_.plan.tokenLife);
  return Token{user_, tokenExpiresAt_}.text();
}

// Exponential backoff with full jitter (SPEC S8).
void Device::connectSoon() {
  if (session_ || std::exchange(connecting_, true)) {
    return;
  }
  const Duration bound = std::min(kBackoffMax, Duration{500} * (1 << std::min(attempts_, 10)));
  later(environment_.random.between(Duration{}, bound), [this] { connect(); });
}

void Device::connect() {
  connecting_ = false;
  if (session_) {
    return;
  }
  if (!environment_.healed && offlineUntil_ > environment_.clock.now()) {
    connecting_ = true;
    later(offlineUntil_ - environment_.clock.now(), [this] { connect(); });
    return;
  }
  ++attempts_;
  session_ = network_.open(id_);
  if (!session_) {
    connectSoon();
    return;
  }
  lastHeard_ = environment_.clock.now();
  guarded([&] { replica_->connected(freshToken()); });
  flush();
}

void Device::hangUp(bool orderly) {
  orderly ? network_.closeByClient(*session_) : network_.abandon(*session_);
  connectionLost(*session_);
}

void Device::connectionLost(SessionId session) {
  if (session_ != session) {
    return;
  }
  environment_.trace(environment_.clock.now(), "device ", id_, " lost connection ", session);
  session_.reset();
  if (!replica_) {
    return;
  }
  guarded([&] { replica_->disconnected(); });
  if (replica_) {
    connectSoon();
    flushSoon();
  }
}

void Device::received(SessionId session, const std::string& bytes) {
  if (session_ != session || !replica_) {
    return;
  }
  lastHeard_ = environment_.clock.now();
  auto message = decodeAuthorityMessage(bytes, environment_.plan.authority.limits.messageBytes);
  if (!message) {
    require(environment_.plan.outOfOrder, "a device cannot read what the authority sent");
    hangUp(true);
    return;
  }
  environment_.trace(environment_.clock.now(), "device ", id_, " < ", session, "  ", *message);
  if (std::holds_alternative<Welcome>(*message)) {
    attempts_ = 0;
  } else if (const auto* part = std::get_if<SnapshotPart>(&*message); part && !part->state) {
    environment_.coverage.saw(Situation::snapshotInParts);
  } else if (const auto* entries = std::get_if<Entries>(&*message); entries && entries->entries.size() > 1) {
    environment_.coverage.saw(Situation::logFetched);
  }
  guarded([&] { replica_->received(std::move(*message), localNow()); });
  if (!replica_) {
    return;
  }
  environment_.random.chance(7'000) ? flush() : flushSoon();
}

void Device::tick() {
  later(kTick, [this] { tick(); });
  if (environment_.strikes(Fault::deviceClockSteps)) {
    clockSteps();
  }
  if (session_ && environment_.clock.now() - lastHeard_ > kSilenceMax) {
    environment_.trace(environment_.clock.now(), "device ", id_, " gives up a silent connection");
    hangUp(false);
    return;
  }
  if (session_ && environment_.strikes(Fault::abandoned)) {
    hangUp(false);
    return;
  }
  if (session_ && tokenExpiresAt_ - environment_.clock.now() < minutes(1)) {
    if (environment_.strikes(Fault::tokenOfAnother)) {
      replica_->refresh(Token{"mallory", environment_.clock.now() + hours(1)}.text());
    } else if (environment_.healed || environment_.random.coin()) {
      replica_->refresh(freshToken());
    }
  }
  guarded([&] { replica_->tick(localNow()); });
  flush();
}

// The replica wants to push again at a time of its own clock.
void Device::planWakeUp() {
  const auto at = replica_->pushAgainAt();
  if (!at || wakeUpAt_ == at) {
    return;
  }
  wakeUpAt_ = at;
  later(std::max(*at - localNow(), Duration{}), [this, at] {
    if (wakeUpAt_ != at) {
      return;
    }
    wakeUpAt_.reset();
    if (replica_->pushAgainAt() == at) {
      guarded([&] { replica_->tick(localNow()); });
      flush();
    }
  });
}

// --- kept work ------------------------------------------------------------------------------------------

void Device::submit(Op op) {
  use([&](Replica& replica, Time) {
    if (replica.submit(op)) {
      submitted_.insert(op.id);
      oracle_.submitted(op);
      environment_.coverage.saw(Situation::opSubmitted);
    }
  });
}

void Device::dismiss(const OpId& kept) {
  use([&](Replica& replica, Time) {
    if (replica.dismiss(kept)) {
      ledger_.dismissing(kept);
      environment_.coverage.saw(Situation::keptDismissed);
    }
  });
}

void Device::resubmit(const OpId& kept) {
  use([&](Replica& replica, Time now) {
    const auto performed = replica.resubmit(kept, now);
    if (performed) {
      ledger_.makingAgain(kept);
      environment_.coverage.saw(Situation::keptResubmitted);
    } else {
      environment_.coverage.local.set(static_cast<std::size_t>(performed.error().code));
    }
  });
}

void Device::copyKept(const DraftId& draft) {
  use([&](Replica& replica, Time now) {
    const std::vector<KeptOp> before = replica.kept();
    if (!replica.copyKept(draft, "copy", now)) {
      return;
    }
    environment_.coverage.saw(Situation::keptCopied);
    for (const KeptOp& kept : before) {
      if (std::ranges::none_of(replica.kept(), [&](const KeptOp& each) { return each.op.id == kept.op.id; })) {
        ledger_.makingAgain(kept.op.id);
      }
    }
  });
}

// --- the view -------------------------------------------------------------------------------------------

void Device::checkViews() {
  std::set<DraftId> drafts;
  for (const auto& pending : replica_->pending()) {
    drafts.insert(pending.op->draft);
  }
  for (const DraftId& id : drafts) {
    checkView(id);
  }
}

// S4: the view is what is confirmed with every pending op on top that the rules allow there, as the reference model
// sees it.
void Device::checkView(const DraftId& id) {
  const DraftState* confirmed = replica_->confirmed(id);
  ReferenceDraft expected;
  for (Seq seq = 1; confirmed && seq <= confirmed->position.seq; ++seq) {
    expected.happen(oracle_.draft(id)->entry(seq));
  }
  for (const auto& [op, effect] : replica_->pending(id)) {
    const auto objection = expected.objection(*op, op->authoredAt, replica_->record().limits);
    if (effect == LocalEffect::waiting) {
      // Entries come without the text that a later one in the log has erased.
      const bool forAuthority = submitted_.contains(op->id) || oracle_.isAccepted(*op) || oracle_.isErased(*op) ||
                                std::holds_alternative<ReclaimRing>(op->body) ||
                                std::holds_alternative<AcceptInvite>(op->body);
      require(objection || forAuthority,
              [&] { return "S4 an op is not shown although the rules allow it: " + toText(op->id).substr(32); });
      continue;
    }
    // What an etag was of when it was judged, the log may have gone past. And what was submitted unjudged is after a
    // crash laid like any other op; whether its segment's id is new, and which segment of two is redacted, is for the
    // authority to say.
    const auto segment = segmentOf(*op);
    const bool forAuthority = objection == ErrorCode::staleVersion ||
                              ((objection == ErrorCode::idTaken || objection == ErrorCode::notAllowed) && segment &&
                               oracle_.isSubmitted(*segment));
    require(!objection || forAuthority, [&] {
      return "S4 an op is shown against the rules (" + std::string(errorName(*objection)) +
             "): " + toText(op->id).substr(32);
    });
    expected.happen({.op = *op,
                     .seq = expected.seq + 1,
                     .acceptedAt = std::max(op->authoredAt, expected.at),
                     .rulesVersion = 0,
                     .actorDisplay = {},
                     .link = {}});
  }
  const DraftState* view = replica_->draft(id);
  require((view != nullptr) == expected.exists(), "S4 a view is there that should not be, or the other way round");
  if (view) {
    const auto difference = expected.difference(*view);
    require(expected.hasMembersOf(*view), "S4 a view has other members than what is confirmed and pending gives");
    require(difference.empty(), [&] {
      return "S4 a view is not what is confirmed with what is pending on top, but in " + std::string(difference);
    });
  }
}

// --- the end --------------------------------------------------------------------------------------------

bool Device::hasConverged() {
  if (!replica_ || flushing_ || replica_->link() != onering::Link::live || replica_->pendingCount() > 0) {
    return false;
  }
  for (const auto& [id, draft] : oracle_.drafts()) {
    const DraftState* copy = replica_->confirmed(id);
    if (draft.state.isMember(user_) ? !copy || copy->position != LogPosition{draft.state.seq, draft.state.link}
                                    : copy != nullptr) {
      return false;
    }
  }
  return true;
}

std::string Device::standing() {
  std::string text = "device " + std::to_string(id_) + " of " + user_;
  if (!replica_) {
    return text + " is down";
  }
  constexpr std::array kLinks{"offline", "connecting", "catchingUp", "live", "denied"};
  text += std::string(" is ") + kLinks.at(static_cast<std::size_t>(replica_->link())) + ", pending " +
          std::to_string(replica_->pendingCount());
  for (const auto& [id, draft] : oracle_.drafts()) {
    const DraftState* copy = replica_->confirmed(id);
    const Seq has = copy ? copy->position.seq : 0;
    const Seq should = draft.state.isMember(user_) ? draft.state.seq : 0;
    if (has != should) {
      text += ", " + brief(id) + " at " + std::to_string(has) + " instead of " + std::to_string(should);
    }
  }
  return text;
}

void Device::finalCheck(Store& authority) {
  for (const auto& [id, draft] : oracle_.drafts()) {
    checkDraft(id, draft, authority);
  }
  require(store_.listDrafts(user_, {}, kAll).value() == authority.listDrafts(user_, {}, kAll).value(),
          "a device lists other drafts than the authority");
  require(store_.readSetAside().value().empty(), "a device has set a copy aside");
  require(store_.integrity().value().empty(), "a device's store reports damage");
  const auto record = store_.readRecord().value();
  require(record && record->user == user_, "a device has forgotten whose it is");
}

void Device::checkDraft(const DraftId& id, const Oracle::Draft& draft, Store& authority) {
  const Lookup lookup{.drafts = {id}, .ops = {}, .segments = {}};
  const auto mine = store_.find(lookup).value().drafts.at(0);
  if (!draft.state.isMember(user_)) {
    require(!mine,
            [&] { return "device " + std::to_string(id_) + " still has draft " + brief(id) + " and is no member"; });
    return;
  }
  const auto theirs = authority.find(lookup).value().drafts.at(0);
  require(mine == theirs, [&] {
    return "I7 device " + std::to_string(id_) + " has another state of draft " + brief(id) +
           " than the authority: " + difference(mine, theirs);
  });
  require(*replica_->confirmed(id) == *mine, "a replica has another state than its store");
  require(*replica_->draft(id) == *mine, "a replica shows something else although nothing is pending");
  require(store_.readPasses(id, 0, kAll).value() == authority.readPasses(id, 0, kAll).value(),
          "I7 a device has another ring history");
  auto segments = store_.readSegments(id, 0, kAll, kEverything).value();
  auto expected = authority.readSegments(id, 0, kAll, kEverything).value();
  require(segments.size() == expected.size(), "I5 a device has another number of segments");
  for (std::size_t i = 0; i < segments.size(); ++i) {
    // A segment that came with a snapshot has no salt and digest.
    if (segments[i].content.digest == Digest{}) {
      segments[i].content.salt = expected[i].content.salt;
      segments[i].content.digest = expected[i].content.digest;
    }
    require(segments[i] == expected[i], "I7 a device has another segment");
  }
  // The device's log may begin with a snapshot: somewhere it begins, and from there on it has everything.
  const auto log = authority.readLog(id, 0, kEverything).value();
  std::vector<LogEntry> entries;
  for (Seq after = 0; after < log.size() && entries.empty(); ++after) {
    entries = store_.readLog(id, after, kEverything).value();
  }
  require(entries.size() <= log.size() && std::equal(entries.rbegin(), entries.rend(), log.rbegin()),
          "I4 a device has another log");
}

}  // namespace onering::simulation
