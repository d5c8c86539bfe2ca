#include "device.h"

#include <algorithm>
#include <array>
#include <utility>

#include "onering/wasm/host.h"
#include "onering/wire/codec.h"

namespace onering {

namespace {

// An op takes a few bytes at a time, and asking the host costs far more than the bytes: they are asked for in stock.
class HostEntropy final : public Entropy {
 public:
  void fill(std::span<std::uint8_t> bytes) override {
    for (std::uint8_t& byte : bytes) {
      if (used_ == stock_.size()) {
        hostFill(stock_.data(), stock_.size());
        used_ = 0;
      }
      byte = std::exchange(stock_[used_++], std::uint8_t{0});
    }
  }

 private:
  std::array<std::uint8_t, 1024> stock_{};
  std::size_t used_ = stock_.size();
};

std::string_view linkName(Link link) {
  switch (link) {
    case Link::offline:
      return "offline";
    case Link::connecting:
      return "connecting";
    case Link::catchingUp:
      return "catchingUp";
    case Link::live:
      return "live";
    case Link::denied:
      break;
  }
  return "denied";
}

void writeSettled(JsonWriter& json, const OpSettled& settled) {
  json.openObject().member("op", toText(settled.op)).member("draft", toText(settled.draft));
  if (const auto* why = std::get_if<Rejection>(&settled.receipt)) {
    json.name("error");
    writeFailure(json, *why);
  } else {
    writeReceipt(json, std::get<Accepted>(settled.receipt));
  }
  json.closeObject();
}

void writePresence(JsonWriter& json, const Presence& presence) {
  json.openObject().member("draft", toText(presence.draft)).memberList("people");
  for (const Person& person : presence.people) {
    json.openObject().member("user", person.user).member("display", person.display);
    json.member("typing", person.isTyping).closeObject();
  }
  json.closeList().closeObject();
}

// The notices of one kind, in order.
template <typename Kind, typename Write>
void writeNotices(JsonWriter& json, std::string_view name, const std::vector<Notice>& notices, Write write) {
  const auto isOfKind = [](const Notice& notice) { return std::holds_alternative<Kind>(notice); };
  if (std::ranges::none_of(notices, isOfKind)) {
    return;
  }
  json.memberList(name);
  for (const Notice& notice : notices) {
    if (const Kind* typed = std::get_if<Kind>(&notice)) {
      write(*typed);
    }
  }
  json.closeList();
}

}  // namespace

Entropy& hostEntropy() {
  static HostEntropy entropy;
  return entropy;
}

std::expected<std::unique_ptr<Device>, Failure> Device::open(DeviceOptions options, Time now) {
  std::unique_ptr<Device> device(new Device(std::move(options)));
  if (auto failure = device->openReplica(now)) {
    return std::unexpected(std::move(*failure));
  }
  return device;
}

// From the store up: what a failed commit leaves in SQLite's caches is not relied on.
std::optional<Failure> Device::openReplica(Time now) {
  past_.reset();
  replica_.reset();
  store_.reset();
  outgoing_.clear();
  auto store = SqliteStore::open(options_.store);
  if (!store) {
    return failureOf(store.error());
  }
  store_ = std::move(*store);
  auto replica = Replica::open(*store_, hostEntropy(), options_.user, now);
  if (!replica) {
    if (replica.error().code == ErrorCode::unavailable) {
      replica.error() = rejection(ErrorCode::storageUnavailable);
    }
    return Failure{std::move(replica.error()), "the store's own tables"};
  }
  replica_.emplace(std::move(*replica));
  past_.emplace(*replica_, *store_);
  return std::nullopt;
}

void Device::commit(JsonWriter& json, Time now) {
  const Step step = replica_->take();
  if (!step.changes.empty()) {
    if (const auto committed = store_->commit(step.changes); !committed) {
      recover(json, failureOf(committed.error()), now);
      return;
    }
  }
  tell(json, step);
}

// What is committed stays committed, also where it cannot be sent now: a new connection sends it again.
void Device::queue(JsonWriter& json, const std::vector<ReplicaMessage>& messages) {
  try {
    for (const ReplicaMessage& message : messages) {
      outgoing_.push_back(encode(message));
    }
  } catch (const std::exception& exception) {
    outgoing_.clear();
    json.name("sendFault");
    writeFailure(json, Failure{rejection(ErrorCode::internal), exception.what()});
  }
}

void Device::recover(JsonWriter& json, const Failure& failure, Time now) {
  const auto stillFailing = openReplica(now);
  json.openObject().member("committed", false).member("open", !stillFailing).name("error");
  writeFailure(json, failure);
  if (stillFailing) {
    json.closeObject();
    return;
  }
  writeStanding(json);
  json.memberList("feeds");
  for (auto& [number, feed] : feeds_) {
    feed.startOver();
    writeFeed(json, number, feed, {});
  }
  json.closeList().closeObject();
}

void Device::tell(JsonWriter& json, const Step& step) {
  json.openObject().member("committed", true);
  queue(json, step.messages);
  writeStanding(json);
  json.member("draftsChanged", std::ranges::any_of(step.notices, [](const Notice& notice) {
                return std::holds_alternative<DraftChanged>(notice);
              }));
  tellKept(json, step.changes);
  if (step.changes.record) {
    json.name("record");
    writeRecord(json);
  }
  writeNotices<OpSettled>(json, "settled", step.notices, [&](const OpSettled& each) { writeSettled(json, each); });
  writeNotices<DivergenceFound>(json, "divergences", step.notices,
                                [&](const DivergenceFound& each) { json.value(toText(each.draft)); });
  writeNotices<AuthorityRefused>(json, "refused", step.notices, [&](const AuthorityRefused& each) {
    json.openObject().name("error");
    writeFailure(json, each.why);
    json.member("retryAfterMs", std::int64_t{each.retryAfter.count()}).closeObject();
  });
  writeNotices<PresenceTold>(json, "presence", step.notices,
                             [&](const PresenceTold& each) { writePresence(json, each.presence); });
  tellFeeds(json, step);
  json.closeObject();
}

void Device::tellKept(JsonWriter& json, const DeviceBatch& changes) {
  if (changes.kept.empty() && changes.dismissed.empty()) {
    return;
  }
  json.memberObject("keptChange").member("reset", false).memberList("added");
  for (const KeptOp& kept : changes.kept) {
    writeKept(json, kept);
  }
  json.closeList().memberList("left");
  for (const OpId& id : changes.dismissed) {
    json.value(toText(id));
  }
  json.closeList().closeObject();
}

void Device::tellFeeds(JsonWriter& json, const Step& step) {
  std::map<DraftId, DraftNews> news;
  for (const auto& [number, feed] : feeds_) {
    const bool changed = std::ranges::any_of(step.notices, [&](const Notice& notice) {
      const auto* typed = std::get_if<DraftChanged>(&notice);
      return typed && typed->draft == feed.draft();
    });
    const bool linkChanged = std::ranges::any_of(
        step.notices, [](const Notice& notice) { return std::holds_alternative<LinkChanged>(notice); });
    if (changed || linkChanged) {
      news.try_emplace(feed.draft());
    }
  }
  if (news.empty()) {
    return;
  }
  gatherNews(step, news);
  json.memberList("feeds");
  for (auto& [number, feed] : feeds_) {
    if (const auto found = news.find(feed.draft()); found != news.end()) {
      writeFeed(json, number, feed, found->second);
    }
  }
  json.closeList();
}

void Device::writeFeed(JsonWriter& json, std::uint32_t number, DraftFeed& feed, const DraftNews& news) {
  JsonWriter change;
  change.openObject().member("subscription", number);
  try {
    feed.write(change, *replica_, *store_, news);
    json.raw(change.closeObject().take());
  } catch (const StoreError& error) {  // the next change tells all of it
    feed.startOver();
    json.openObject().member("subscription", number).name("error");
    writeFailure(json, failureOf(error));
    json.closeObject();
  }
}

std::optional<std::string> Device::nextMessage() {
  if (outgoing_.empty()) {
    return std::nullopt;
  }
  std::string message = std::move(outgoing_.front());
  outgoing_.pop_front();
  return message;
}

void Device::subscribe(JsonWriter& json, std::uint32_t number, const DraftId& draft, std::uint32_t tail) {
  feeds_.erase(number);
  auto& feed = feeds_.emplace(number, DraftFeed(draft, tail)).first->second;
  writeFeed(json, number, feed, {});
}

void Device::writeKept(JsonWriter& json, const KeptOp& kept) {
  const DraftState* draft = replica_->draft(kept.op.draft);
  json.openObject();
  draft ? json.member("draftTitle", draft->title) : json.noMember("draftTitle");
  writeOp(json, kept.op);
  json.name("why");
  writeFailure(json, kept.why);
  json.member("at", toMs(kept.at)).closeObject();
}

void Device::writeOutcome(JsonWriter& json, const OpKey& key) {
  const auto outcome = replica_->outcomeOf(key.draft, key.op);
  if (!outcome) {
    json.null();
    return;
  }
  json.openObject().member("effect", outcome->effect == LocalEffect::shown ? "shown" : "waiting");
  if (outcome->receipt) {
    json.name("settled");
    writeSettled(json, {.draft = key.draft, .op = key.op, .receipt = *outcome->receipt});
  }
  json.closeObject();
}

void Device::writeStanding(JsonWriter& json) const {
  json.member("link", linkName(replica_->link()));
  json.member("pending", std::uint64_t{replica_->pendingCount()});
  json.member("kept", std::uint64_t{replica_->kept().size()});
  if (const auto at = replica_->pushAgainAt()) {
    json.member("pushAgainAt", toMs(*at));
  }
}

void Device::writeRecord(JsonWriter& json) const {
  const DeviceRecord& record = replica_->record();
  json.openObject().member("user", record.user).member("display", record.display);
  json.member("device", toText(record.device)).name("limits");
  writeLimits(json, record.limits);
  json.closeObject();
}

}  // namespace onering
