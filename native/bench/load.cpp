#include <algorithm>
#include <cmath>
#include <map>
#include <random>
#include <vector>

#include "onering/system/system.h"

#include "figures.h"
#include "peer.h"
#include "server-under-test.h"
#include "writers.h"

namespace onering::bench {

namespace {

enum class Act : std::uint8_t { open, read, append, pass, list };
constexpr std::array<const char*, 5> kActNames{"open", "read", "append", "pass", "list"};
constexpr std::array<double, 5> kActWeights{1, 4, 4, 1, 2};

constexpr double kPatienceSeconds = 10;  // without an answer for so long, an action has failed

// What those who share a draft know of its ring.
struct SharedDraft {
  DraftId id;
  std::vector<std::size_t> members;  // users; the first one is the owner
  std::size_t holder = 0;            // in `members`
  Epoch epoch = 1;
  bool passing = false;  // a pass is under way: nobody appends
  LogPosition head;
};

// Everyone together, and what they have seen.
struct Town {
  Town(EventLoop& on, std::string address, const LoadSettings& how)
      : loop(on), url(std::move(address)), settings(how) {}

  EventLoop& loop;
  std::string url;
  LoadSettings settings;
  std::string name = runName();
  std::mt19937 random{std::random_device{}()};
  std::array<Durations, kActNames.size()> durations;
  Durations all;
  std::size_t errors = 0;
  std::map<std::string, std::size_t> errorsByCode;
  bool acting = true;
  bool measuring = false;

  void failed(const Rejection& why) {
    ++errors;
    ++errorsByCode[std::string(errorName(why.code))];
  }
};

template <typename IdType>
IdType newId() {
  SystemEntropy entropy;
  std::array<std::uint8_t, 10> random{};
  entropy.fill(random);
  return IdType{uuidV7(systemNow(), random)};
}

// One user: does something, waits for the answer, thinks, and so on.
class User {
 public:
  User(Town& town, std::size_t number, SharedDraft& draft, std::size_t place)
      : town_(town), name_(town.name + "-" + std::to_string(number)), draft_(draft), place_(place) {}

  [[nodiscard]] const std::string& name() const { return name_; }
  [[nodiscard]] bool isReady() const { return ready_; }

  // The first time: connects, and the owner makes the draft.
  void arrive(std::vector<std::string> others) {
    others_ = std::move(others);
    connect();
  }

  void think() {
    if (!town_.acting) {
      return;
    }
    std::exponential_distribution<double> pause(1 / town_.settings.thinkSeconds);
    town_.loop.after(millisecondsOf(pause(town_.random)), [this] { act(); });
  }

 private:
  void connect() {
    peer_ = std::make_unique<Peer>(town_.loop, town_.url, name_,
                                   Peer::Events{.onWelcome = [this] { welcome(); },
                                                .onMessage = [this](AuthorityMessage& message) { received(message); },
                                                .onGone = [this](const Rejection& why) { gone(why); }});
    peer_->connect();
  }

  void welcome() {
    if (ready_) {
      fetch();  // the rest of `open`
    } else if (place_ == 0) {
      push(CreateDraft{.title = "Load", .platform = {}, .holdLimit = {}});
      for (const std::string& other : others_) {
        push(AddCollaborator{.user = other, .role = Role::editor});
      }
    } else {
      ready_ = true;
    }
  }

  void push(OpBody body) {
    Op op{.id = newId<OpId>(),
          .draft = draft_.id,
          .actor = name_,
          .device = peer_->device(),
          .authoredAt = systemNow(),
          .body = std::move(body)};
    awaited_ = op.id;
    Push message;
    message.ops.push_back(std::move(op));
    peer_->send(message);
  }

  void fetch() { peer_->send(Fetch{.draft = draft_.id, .have = {}}); }

  void act() {
    if (!town_.acting) {
      return;
    }
    std::discrete_distribution<std::size_t> choose(kActWeights.begin(), kActWeights.end());
    act_ = static_cast<Act>(choose(town_.random));
    const bool holds = draft_.members[draft_.holder] == draft_.members[place_] && !draft_.passing;
    if ((act_ == Act::append || act_ == Act::pass) && !holds) {
      act_ = Act::read;
    }
    began_ = Clock::now();
    busy_ = true;
    const std::uint64_t mine = ++acts_;
    town_.loop.after(millisecondsOf(kPatienceSeconds), [this, mine] {
      if (busy_ && mine == acts_) {
        done(rejection(ErrorCode::unavailable, "No answer."));
      }
    });
    perform();
  }

  void perform() {
    switch (act_) {
      case Act::open:
        connect();
        break;
      case Act::read:
        fetch();
        break;
      case Act::append:
        push(append());
        break;
      case Act::pass:
        draft_.passing = true;
        push(PassRing{.to = nameOf((draft_.holder + 1) % draft_.members.size()), .epoch = draft_.epoch});
        break;
      case Act::list:
        peer_->send(WhatChanged{.from = {}});
        break;
    }
  }

  [[nodiscard]] AppendSegment append() const {
    AppendSegment body{.segment = newId<SegmentId>(), .epoch = draft_.epoch, .content = {}};
    Salt salt{};
    SystemEntropy().fill(salt);
    body.content = sealContent(std::string(town_.settings.bytes, 'x'), salt);
    return body;
  }

  [[nodiscard]] std::string nameOf(std::size_t place) const {
    return town_.name + "-" + std::to_string(draft_.members[place]);
  }

  void received(const AuthorityMessage& message) {
    if (const auto* receipts = std::get_if<Receipts>(&message)) {
      for (const OpReceipt& receipt : receipts->receipts) {
        settled(receipt);
      }
    } else if (std::holds_alternative<Changed>(message)) {
      doneWith(Act::list);
    } else if (const auto* part = std::get_if<SnapshotPart>(&message)) {
      if (!part->more) {
        doneWith(Act::read);
      }
    } else if (const auto* entries = std::get_if<Entries>(&message)) {
      if (entries->before == LogPosition{} && !entries->more) {  // not one of those that come by themselves
        doneWith(Act::read);
      }
    } else if (std::holds_alternative<Gone>(message) || std::holds_alternative<Diverged>(message)) {
      done(rejection(ErrorCode::notFound));
    }
  }

  void settled(const OpReceipt& receipt) {
    if (receipt.op != awaited_) {
      return;
    }
    const auto* why = std::get_if<Rejection>(&receipt.receipt);
    if (!ready_) {
      if (why) {
        throw Failed{*why};
      }
      ready_ = true;
      return;
    }
    if (act_ == Act::pass && busy_) {
      draft_.passing = false;
      if (!why) {
        draft_.holder = (draft_.holder + 1) % draft_.members.size();
        ++draft_.epoch;
      }
    }
    done(why ? std::optional(*why) : std::nullopt);
  }

  // Reading is also what an `open` ends with.
  void doneWith(Act act) {
    if (busy_ && (act_ == act || (act == Act::read && act_ == Act::open))) {
      done(std::nullopt);
    }
  }

  void done(const std::optional<Rejection>& why) {
    if (!std::exchange(busy_, false)) {
      return;
    }
    if (town_.measuring) {
      const auto took = Clock::now() - began_;
      town_.durations.at(static_cast<std::size_t>(act_)).add(took);
      town_.all.add(took);
      if (why) {
        town_.failed(*why);
      }
    }
    think();
  }

  void gone(const Rejection& why) {
    if (!ready_) {
      throw Failed{why};
    }
    if (busy_) {
      done(why);
    } else if (town_.measuring) {
      town_.failed(why);
    }
    if (town_.acting) {
      town_.loop.after(std::chrono::milliseconds(100), [this] { connect(); });
    }
  }

  Town& town_;
  std::string name_;
  SharedDraft& draft_;
  std::size_t place_;  // among the draft's members
  std::vector<std::string> others_;
  std::unique_ptr<Peer> peer_;
  bool ready_ = false;
  bool busy_ = false;
  Act act_ = Act::open;
  std::uint64_t acts_ = 0;
  Clock::time_point began_;
  OpId awaited_;
};

struct Population {
  std::vector<std::unique_ptr<SharedDraft>> drafts;
  std::vector<std::unique_ptr<User>> users;
};

Population settle(Town& town) {
  const LoadSettings& settings = town.settings;
  Population people;
  for (std::size_t number = 0; number < settings.users; ++number) {
    if (number % settings.usersPerDraft == 0) {
      people.drafts.push_back(std::make_unique<SharedDraft>());
      people.drafts.back()->id = newId<DraftId>();
    }
    SharedDraft& draft = *people.drafts.back();
    draft.members.push_back(number);
    people.users.push_back(std::make_unique<User>(town, number, draft, draft.members.size() - 1));
  }
  for (std::size_t number = 0; number < settings.users; ++number) {
    std::vector<std::string> others;
    const std::size_t first = number - number % settings.usersPerDraft;
    for (std::size_t i = first; i < std::min(first + settings.usersPerDraft, settings.users); ++i) {
      if (i != number) {
        others.push_back(people.users[i]->name());
      }
    }
    people.users[number]->arrive(std::move(others));
  }
  runUntil(town.loop, "everyone arriving",
           [&] { return std::ranges::all_of(people.users, [](const auto& user) { return user->isReady(); }); });
  return people;
}

}  // namespace

Figures benchLoad(const LoadSettings& settings) {
  const SignalGuard guard;
  ServerUnderTest server(settings.server);
  EventLoop loop;
  Figures figures;
  server.describe(figures);
  figures["users"] = settings.users;
  figures["usersAre"] = "lean peers: real WebSocket and codec, no replica";
  figures["usersPerDraft"] = settings.usersPerDraft;
  figures["thinkSeconds"] = settings.thinkSeconds;
  figures["bytes"] = settings.bytes;

  Town town(loop, server.url(), settings);
  const Population people = settle(town);
  for (const auto& user : people.users) {
    user->think();
  }
  runFor(loop, settings.thinkSeconds);
  CpuMeter cpu(server);
  const auto start = Clock::now();
  town.measuring = true;
  runFor(loop, settings.seconds);
  const double seconds = secondsSince(start);
  town.measuring = false;
  town.acting = false;
  cpu.stop();
  const auto actions = static_cast<double>(town.all.count());
  figures["seconds"] = rounded(seconds);
  figures["actions"] = town.all.count();
  figures["actionsPerSecond"] = perUnit(actions, seconds);
  town.all.tell(figures);
  figures["errors"] = town.errors;
  figures["errorRate"] = rounded(static_cast<double>(town.errors) / std::max(1.0, actions), 6);
  for (const auto& [code, count] : town.errorsByCode) {
    figures["error_" + code] = count;
  }
  cpu.tell(figures);
  Figures byAct;
  for (std::size_t i = 0; i < kActNames.size(); ++i) {
    Figures one{{"count", town.durations[i].count()}};
    town.durations[i].tell(one);
    byAct[kActNames[i]] = std::move(one);
  }
  figures["byAction"] = std::move(byAct);
  return figures;
}

}  // namespace onering::bench
