#include "intruder.h"

#include "onering/wire/codec.h"

#include "server.h"

namespace onering::simulation {

namespace {

using std::chrono::hours;
using std::chrono::seconds;

}  // namespace

Intruder::Intruder(Environment& environment, Network& network, const Oracle& oracle, ClientId id, UserId user)
    : environment_(environment),
      network_(network),
      oracle_(oracle),
      id_(id),
      user_(std::move(user)),
      entropy_(environment.random.next()),
      device_(newId<DeviceId>()) {}

void Intruder::start() {
  actSoon();
}

void Intruder::stop() {
  if (session_) {
    network_.closeByClient(*session_);
    session_.reset();
  }
}

void Intruder::actSoon() {
  environment_.clock.after(environment_.random.between(Duration{100}, seconds(6)), [this] {
    if (environment_.healed) {
      return;
    }
    if (!environment_.night) {
      act();
    }
    actSoon();
  });
}

void Intruder::act() {
  if (!session_) {
    welcome_ = false;
    session_ = network_.open(id_);
    if (session_) {
      send(Hello{.version = kProtocolVersion,
                 .token = Token{user_, environment_.clock.now() + hours(2)}.text(),
                 .device = device_});
    }
    return;
  }
  if (!welcome_ && environment_.random.chance(9'000)) {
    return;
  }
  switch (environment_.random.below(6)) {
    case 0:
    case 1:
      return probe();
    case 2:
      return forge();
    case 3:
      return replay();
    case 4:
      return wander();
    default:
      return makeNoise();
  }
}

void Intruder::send(const ReplicaMessage& message) {
  environment_.trace(environment_.clock.now(), "intruder > ", *session_, "  ", message);
  network_.sendToServer(*session_, std::make_shared<const std::string>(encode(message)));
}

template <typename IdType>
IdType Intruder::newId() {
  std::array<std::uint8_t, 10> bytes{};
  entropy_.fill(bytes);
  return IdType{uuidV7(environment_.clock.now(), bytes)};
}

const Oracle::Draft* Intruder::anyDraft() {
  if (oracle_.drafts().empty()) {
    return nullptr;
  }
  return &std::next(oracle_.drafts().begin(),
                    static_cast<std::ptrdiff_t>(environment_.random.below(oracle_.drafts().size())))
              ->second;
}

Op Intruder::anyOp(const DraftId& draft, const UserId& actor) {
  const Oracle::Draft* known = oracle_.draft(draft);
  const Epoch epoch = known ? known->state.epoch : 1;
  Op op{.id = newId<OpId>(),
        .draft = draft,
        .actor = actor,
        .device = device_,
        .authoredAt = environment_.clock.now(),
        .body = RequestRing{}};
  switch (environment_.random.below(7)) {
    case 0:
      op.body =
          AppendSegment{.segment = newId<SegmentId>(), .epoch = epoch, .content = sealContent("not mine to say", {})};
      break;
    case 1:
      op.body = PassRing{.to = user_, .epoch = epoch};
      break;
    case 2:
      op.body = ReclaimRing{.epoch = epoch};
      break;
    case 3:
      op.body = RemoveCollaborator{.user = user_};
      break;
    case 4:
      op.body = RestoreDraft{};
      break;
    case 5:
      op.body = AddCollaborator{.user = user_, .role = Role::editor};
      break;
    default:
      break;
  }
  return op;
}

void Intruder::probe() {
  const Oracle::Draft* draft = anyDraft();
  if (!draft || draft->joinedWith.contains(user_)) {
    return;
  }
  const DraftId real = draft->log.front().op.draft;
  const DraftId made = newId<DraftId>();
  if (fetched_.contains(real)) {
    return;  // the answer to the last question about it is on its way
  }
  pairs_[++lastPair_].real = real;
  if (environment_.random.coin()) {
    const LogPosition have = environment_.random.coin() ? LogPosition{} : LogPosition{1, draft->log.front().link};
    fetched_[real] = fetched_[made] = lastPair_;
    send(Fetch{.draft = real, .have = have});
    send(Fetch{.draft = made, .have = have});
    return;
  }
  Op op = anyOp(real, user_);
  Op twin = op;
  twin.id = newId<OpId>();
  twin.draft = made;
  pushed_[op.id] = pushed_[twin.id] = lastPair_;
  if (environment_.plan.authority.limits.opsPerPush < 2) {
    send(Push{.ops = {std::move(op)}, .restart = true});
    send(Push{.ops = {std::move(twin)}, .restart = true});
  } else {
    send(Push{.ops = {std::move(op), std::move(twin)}, .restart = true});
  }
}

void Intruder::forge() {
  const Oracle::Draft* draft = anyDraft();
  if (!draft) {
    return;
  }
  const UserId actor = environment_.random.coin() ? user_ : draft->state.holder;
  send(Push{.ops = {anyOp(draft->log.front().op.draft, actor)}, .restart = environment_.random.coin()});
}

// An op that is in a log already, unchanged or changed, under its own name or the intruder's.
void Intruder::replay() {
  const Oracle::Draft* draft = anyDraft();
  if (!draft) {
    return;
  }
  Op op = environment_.random.pick(draft->log).op;
  if (environment_.random.coin()) {
    op.actor = user_;
  }
  if (environment_.random.coin()) {
    op.authoredAt += seconds(1);
  }
  send(Push{.ops = {std::move(op)}, .restart = true});
}

// Positions, snapshots and cursors from nowhere.
void Intruder::wander() {
  const Oracle::Draft* draft = anyDraft();
  Random& random = environment_.random;
  if (!draft || random.chance(2'000)) {
    send(WhatChanged{
        {.since = environment_.clock.now() + random.between(-hours(1'000), hours(1'000)), .after = newId<DraftId>()}});
    return;
  }
  const LogEntry& entry = random.pick(draft->log);
  Fetch fetch{.draft = entry.op.draft, .have = {}};
  const auto anyPosition = [&] {
    return LogPosition{random.coin() ? entry.seq : random.below(1'000), random.coin() ? entry.link : Digest{}};
  };
  if (random.coin()) {
    fetch.have = anyPosition();
  }
  if (random.coin()) {
    const auto anyCount = [&] {
      return random.coin() ? static_cast<std::uint32_t>(random.below(8)) : ~std::uint32_t{0};
    };
    fetch.snapshotAt = anyPosition();
    fetch.progress = {.passes = anyCount(), .passesEnd = anyCount(), .segments = anyCount(), .segmentsEnd = anyCount()};
  }
  send(fetch);
}

void Intruder::makeNoise() {
  Random& random = environment_.random;
  switch (random.below(4)) {
    case 0: {
      std::string noise(random.below(200), '\0');
      for (char& byte : noise) {
        byte = static_cast<char>(random.next());
      }
      network_.sendToServer(*session_, std::make_shared<const std::string>(std::move(noise)));
      break;
    }
    case 1:
      send(Hello{.version = kProtocolVersion,
                 .token = Token{user_, environment_.clock.now() + hours(2)}.text(),
                 .device = device_});
      break;
    case 2: {
      Push push;
      const auto count = std::min<std::uint32_t>(environment_.plan.authority.limits.opsPerPush, 300) + 1;
      if (count < 10) {
        for (std::uint32_t i = 0; i < count; ++i) {
          push.ops.push_back(anyOp(newId<DraftId>(), user_));
        }
      }
      send(push);
      break;
    }
    default:
      send(Ping{random.next()});
  }
}

void Intruder::received(SessionId session, const std::string& bytes) {
  if (session_ != session) {
    return;
  }
  const auto message = decodeAuthorityMessage(bytes, environment_.plan.authority.limits.messageBytes);
  if (!message) {
    require(environment_.plan.outOfOrder, "the intruder cannot read what the authority sent");
    return;
  }
  environment_.trace(environment_.clock.now(), "intruder < ", session, "  ", *message);
  if (std::holds_alternative<Welcome>(*message)) {
    welcome_ = true;
  } else if (const auto* gone = std::get_if<Gone>(&*message)) {
    answered(fetched_, gone->draft, "gone");
  } else if (const auto* receipts = std::get_if<Receipts>(&*message)) {
    for (const OpReceipt& receipt : receipts->receipts) {
      const auto* why = std::get_if<Rejection>(&receipt.receipt);
      answered(pushed_, receipt.op, why ? std::string(errorName(why->code)) + ": " + why->message : "accepted");
    }
  }
}

template <typename Key>
void Intruder::answered(std::map<Key, PairNumber>& asked, const Key& key, std::string answer) {
  const auto found = asked.find(key);
  if (found == asked.end()) {
    return;
  }
  const PairNumber number = found->second;
  asked.erase(found);
  Pair& pair = pairs_.at(number);
  pair.answers.push_back(std::move(answer));
  if (pair.answers.size() < 2) {
    return;
  }
  const bool judged =
      std::ranges::none_of(pair.answers, [](const std::string& each) { return each.starts_with("unavailable"); });
  const bool stillNone = !oracle_.draft(pair.real)->joinedWith.contains(user_);
  require(pair.answers[0] == pair.answers[1] || !judged || !stillNone || environment_.plan.outOfOrder, [&] {
    return "I10 a draft that exists looks different from one that does not: " + pair.answers[0] + " / " +
           pair.answers[1];
  });
  pairs_.erase(number);
}

void Intruder::connectionLost(SessionId session) {
  if (session_ == session) {
    session_.reset();
    fetched_.clear();
    pushed_.clear();
    pairs_.clear();
  }
}

}  // namespace onering::simulation
