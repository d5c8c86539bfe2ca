#include "onering/client/client.h"

#include <algorithm>
#include <map>
#include <random>
#include <stdexcept>
#include <utility>

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

#include "onering/system/system.h"
#include "onering/wire/codec.h"

#include "socket.h"

namespace onering {

namespace {

using SteadyClock = std::chrono::steady_clock;
using client::Socket;

// What a replica takes before it knows the authority's bound.
constexpr std::size_t kMessageBytesMax = 64U << 20U;

// Events of the loop that may add to a step before it is committed, as long as each brings something new.
constexpr int kGatheringHopsMax = 32;

SystemEntropy& entropy() {
  static SystemEntropy shared;
  return shared;
}

Rejection storeFailed(const StoreError& error) {
  return rejection(errorOf(error.fault));
}

bool changesLink(const Step& step) {
  return std::ranges::any_of(step.notices,
                             [](const Notice& notice) { return std::holds_alternative<LinkChanged>(notice); });
}

}  // namespace

TokenSource fixedToken(std::string token) {
  return [token = std::move(token)](const auto& done) { done(token); };
}

struct Client::Impl : std::enable_shared_from_this<Client::Impl> {
  Impl(EventLoop& loop, ClientOptions given, client::Url address)
      : options(std::move(given)), url(std::move(address)), io(loop.context()), timer(io) {}

  // --- the replica ---

  std::expected<void, Rejection> openReplica() {
    try {
      auto opened = Replica::open(*options.store, entropy(), options.user, systemNow(), options.replica);
      if (!opened) {
        return std::unexpected(std::move(opened.error()));
      }
      replica.emplace(std::move(*opened));
    } catch (const std::runtime_error&) {  // a read failed
      return std::unexpected(rejection(ErrorCode::storageUnavailable));
    }
    stepSoon();
    return {};
  }

  // The store refused: what was not durable has not happened, and the replica begins again from what is (replica.h).
  void failStep(const Rejection& why) {
    auto lost = std::exchange(notDurable, {});
    dropConnection();
    replica.reset();
    status.lastError = why;
    const bool open = openReplica().has_value();
    for (const OpId& op : lost) {
      if (auto found = waiting.extract(op); found && found.mapped().durable) {
        found.mapped().durable(std::unexpected(why));
      }
    }
    if (!open) {
      storeDown = true;
    }
    retryLater();
    tellStatus();
  }

  std::expected<void, Rejection> use(const std::function<void(Replica&, Time)>& what) {
    auto done = look(what);
    if (done) {
      stepSoon();
    }
    return done;
  }

  // The same for what changes nothing.
  std::expected<void, Rejection> look(const std::function<void(Replica&, Time)>& what) {
    if (!replica) {
      return std::unexpected(status.lastError.value_or(rejection(ErrorCode::storageUnavailable)));
    }
    try {
      what(*replica, systemNow());
    } catch (const std::runtime_error&) {
      failStep(rejection(ErrorCode::storageUnavailable));
      return std::unexpected(rejection(ErrorCode::storageUnavailable));
    }
    return {};
  }

  std::expected<Performed, Rejection> act(
      OpCallbacks callbacks, const std::function<std::expected<Performed, Rejection>(Replica&, Time)>& how) {
    std::expected<Performed, Rejection> performed;
    if (auto used = use([&](Replica& present, Time now) { performed = how(present, now); }); !used) {
      return std::unexpected(std::move(used.error()));
    }
    if (performed) {
      notDurable.push_back(performed->op);
      if (callbacks.durable || callbacks.settled) {
        waiting[performed->op] = std::move(callbacks);
      }
    }
    return performed;
  }

  // --- steps ---

  void stepSoon() {
    ++changes;
    if (!std::exchange(stepPosted, true)) {
      postStep(changes, 0);
    }
  }

  // Commits what has gathered, once nothing more comes in: a commit is slow, and one more op in it is cheap.
  void postStep(std::uint64_t changesThen, int hops) {
    boost::asio::post(io, [self = weak_from_this(), changesThen, hops] {
      const auto impl = self.lock();
      if (!impl) {
        return;
      }
      if (impl->changes != changesThen && hops < kGatheringHopsMax) {
        impl->postStep(impl->changes, hops + 1);
        return;
      }
      impl->stepPosted = false;
      impl->step();
    });
  }

  void step() {
    if (!replica) {
      return;
    }
    Step taken = replica->take();
    if (!taken.changes.empty()) {
      const auto committed = options.store->commit(taken.changes);
      if (!committed) {
        failStep(storeFailed(committed.error()));
        return;
      }
    }
    if (socket) {
      for (const ReplicaMessage& message : taken.messages) {
        std::string bytes = encode(message);
        traffic.bytesSent += bytes.size();
        socket->send(std::move(bytes));
      }
    }
    for (const OpId& op : std::exchange(notDurable, {})) {
      if (const auto found = waiting.find(op); found != waiting.end() && found->second.durable) {
        std::exchange(found->second.durable, nullptr)({});
      }
    }
    for (const Notice& notice : taken.notices) {
      tell(notice);
    }
    watchProgress();
    // Not where an earlier connection was denied and the next one is still opening: it is its own judge.
    if (changesLink(taken) && socket && replica && replica->link() == Link::denied) {
      socket->close();
      connectionClosed({});
    }
    tellStatus();
    armTimer();
  }

  void tell(const Notice& notice) {
    if (const auto* settled = std::get_if<OpSettled>(&notice)) {
      lastProgress = SteadyClock::now();
      if (auto found = waiting.extract(settled->op); found && found.mapped().settled) {
        found.mapped().settled(settled->receipt);
      }
    } else if (const auto* refused = std::get_if<AuthorityRefused>(&notice)) {
      status.lastError = refused->why;
      // A fresh token helps; for the rest somebody has to do something (SPEC S12).
      tryAgainAfterRefusal = refused->why.code == ErrorCode::tokenExpired ||
                             refused->why.code == ErrorCode::quotaExceeded ||
                             refused->why.code == ErrorCode::unavailable || refused->why.code == ErrorCode::internal;
    } else if (std::holds_alternative<LinkChanged>(notice) && replica && replica->link() == Link::live) {
      attempts = 0;
      status.lastError.reset();
    }
    if (options.onNotice) {
      options.onNotice(notice);
    }
  }

  void watchProgress() {
    if (!replica) {
      return;
    }
    const bool pendingNow = replica->pendingCount() > 0;
    if (pendingNow != std::exchange(wasPending, pendingNow)) {
      lastProgress = SteadyClock::now();
    }
  }

  // What has happened and is not stored yet is told by the step that is to come: nothing counts as done before.
  void tellStatusUnlessStepComes() {
    if (!stepPosted) {
      tellStatus();
    }
  }

  void tellStatus() {
    if (replica) {
      status.link = replica->link();
      status.pending = replica->pendingCount();
      status.kept = replica->kept().size();
    } else {
      status.link = Link::offline;
    }
    const bool connected = status.link != Link::offline && status.link != Link::denied;
    status.stalled = connected && status.pending > 0 && SteadyClock::now() - lastProgress >= options.stalledAfter;
    if (status != toldStatus) {
      toldStatus = status;
      if (options.onStatus) {
        options.onStatus(toldStatus);
      }
    }
  }

  // --- the connection ---

  void connectNow() {
    if (!wanted || connecting || socket) {
      return;
    }
    if (storeDown) {
      storeDown = !openReplica().has_value();
      if (storeDown) {
        retryLater();
        return;
      }
    }
    connecting = true;
    const std::uint64_t mine = ++generation;
    options.token([self = weak_from_this(), mine](std::expected<std::string, Rejection> token) {
      if (const auto impl = self.lock(); impl && impl->generation == mine) {
        impl->dial(std::move(token), mine);
      }
    });
  }

  void dial(std::expected<std::string, Rejection> token, std::uint64_t mine) {
    connecting = false;
    if (!token) {
      status.lastError = std::move(token.error());
      retryLater();
      tellStatusUnlessStepComes();
      return;
    }
    socket = Socket::connect(
        io, {.url = url, .handshake = options.handshake, .idle = options.idle, .messageBytesMax = kMessageBytesMax},
        {.opened =
             [self = weak_from_this(), mine, token = std::move(*token)]() mutable {
               with(self, mine, [&](Impl& impl) {
                 impl.lastProgress = SteadyClock::now();
                 impl.heartbeatAt = impl.lastProgress + impl.options.heartbeat;
                 static_cast<void>(impl.use([&](Replica& present, Time) { present.connected(std::move(token)); }));
               });
             },
         .message = [self = weak_from_this(),
                     mine](std::string_view bytes) { with(self, mine, [&](Impl& impl) { impl.received(bytes); }); },
         .closed = [self = weak_from_this(), mine](
                       const Rejection& why) { with(self, mine, [&](Impl& impl) { impl.connectionClosed(why); }); }});
  }

  // Events of a connection that has been given up come to nothing.
  template <typename Function>
  static void with(const std::weak_ptr<Impl>& self, std::uint64_t mine, Function&& function) {
    if (const auto impl = self.lock(); impl && impl->generation == mine) {
      std::forward<Function>(function)(*impl);
    }
  }

  void received(std::string_view bytes) {
    traffic.bytesReceived += bytes.size();
    auto message = decodeAuthorityMessage(bytes, kMessageBytesMax);
    if (!message) {
      status.lastError = std::move(message.error());
      dropConnection();
      noteDisconnected();
      retryLater();
      return;
    }
    static_cast<void>(use([&](Replica& present, Time now) { present.received(std::move(*message), now); }));
  }

  void connectionClosed(const Rejection& why) {
    socket.reset();
    ++generation;
    step();  // a refusal may have come with the last message
    if (replica && replica->link() != Link::denied) {
      status.lastError = why;
    }
    noteDisconnected();
    const bool denied = replica && replica->link() == Link::denied;
    if (!denied || tryAgainAfterRefusal) {
      retryLater();
    }
    tellStatusUnlessStepComes();
  }

  void noteDisconnected() {
    static_cast<void>(use([](Replica& present, Time) { present.disconnected(); }));
  }

  void dropConnection() {
    ++generation;
    connecting = false;
    if (socket) {
      std::exchange(socket, nullptr)->abandon();
    }
  }

  // Exponential backoff with full jitter: clients that lost the same server do not come back at the same moment.
  void retryLater() {
    if (!wanted) {
      return;
    }
    const auto base = static_cast<double>(options.reconnectBase.count());
    const double ceiling = std::min(base * static_cast<double>(1ULL << std::min(attempts, 30U)),
                                    static_cast<double>(options.reconnectMax.count()));
    ++attempts;
    const auto wait = static_cast<std::int64_t>(std::uniform_real_distribution<>(0, ceiling)(random));
    reconnectAt = SteadyClock::now() + std::chrono::milliseconds(wait);
    armTimer();
  }

  // --- time ---

  // One timer for all that is due some time, armed for the earliest of it.
  void armTimer() {
    const auto now = SteadyClock::now();
    auto due = SteadyClock::time_point::max();
    if (reconnectAt) {
      due = std::min(due, *reconnectAt);
    }
    if (socket) {
      due = std::min(due, heartbeatAt);
      if (status.pending > 0 && !status.stalled) {
        due = std::min(due, lastProgress + options.stalledAfter);
      }
      if (const auto again = replica ? replica->pushAgainAt() : std::nullopt) {
        due = std::min(due, now + std::max(Duration{0}, *again - systemNow()));
      }
    }
    if (due >= armedFor) {
      return;
    }
    armedFor = due;
    timer.expires_at(due);
    timer.async_wait([self = weak_from_this()](boost::system::error_code cancelled) {
      if (const auto impl = self.lock(); impl && !cancelled) {
        impl->armedFor = SteadyClock::time_point::max();
        impl->timePassed();
      }
    });
  }

  void timePassed() {
    const auto now = SteadyClock::now();
    if (reconnectAt && *reconnectAt <= now) {
      reconnectAt.reset();
      connectNow();
    }
    const auto again = replica ? replica->pushAgainAt() : std::nullopt;
    if (socket && (heartbeatAt <= now || (again && *again <= systemNow()))) {
      heartbeatAt = now + options.heartbeat;
      static_cast<void>(use([](Replica& present, Time wallNow) { present.tick(wallNow); }));
    }
    tellStatusUnlessStepComes();
    armTimer();
  }

  ClientOptions options;
  client::Url url;
  boost::asio::io_context& io;
  boost::asio::steady_timer timer;
  std::optional<Replica> replica;
  bool storeDown = false;  // the replica could not be opened again

  bool wanted = false;      // connect() was called
  bool connecting = false;  // the token is on its way
  std::shared_ptr<Socket> socket;
  std::uint64_t generation = 0;  // of the connection
  unsigned attempts = 0;
  bool tryAgainAfterRefusal = false;
  std::minstd_rand random{std::random_device{}()};

  bool stepPosted = false;
  std::uint64_t changes = 0;
  std::vector<OpId> notDurable;
  std::map<OpId, OpCallbacks> waiting;

  std::optional<SteadyClock::time_point> reconnectAt;
  SteadyClock::time_point heartbeatAt;
  SteadyClock::time_point lastProgress;
  SteadyClock::time_point armedFor = SteadyClock::time_point::max();
  bool wasPending = false;
  ClientStatus status;
  ClientStatus toldStatus;
  ClientTraffic traffic;
};

std::expected<std::unique_ptr<Client>, Rejection> Client::open(EventLoop& loop, ClientOptions options) {
  auto url = client::parseUrl(options.url);
  if (!url) {
    return std::unexpected(
        rejection(ErrorCode::protocolError, "The server's address is ws://HOST:PORT or wss://HOST."));
  }
  auto impl = std::make_shared<Impl>(loop, std::move(options), std::move(*url));
  if (auto opened = impl->openReplica(); !opened) {
    return std::unexpected(std::move(opened.error()));
  }
  return std::unique_ptr<Client>(new Client(std::move(impl)));
}

Client::Client(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}

Client::~Client() {
  impl_->dropConnection();
  impl_->timer.cancel();
}

void Client::connect() {
  impl_->wanted = true;
  impl_->attempts = 0;
  impl_->reconnectAt.reset();
  impl_->connectNow();
}

void Client::disconnect() {
  impl_->wanted = false;
  impl_->reconnectAt.reset();
  impl_->timer.cancel();
  impl_->armedFor = SteadyClock::time_point::max();
  ++impl_->generation;
  impl_->connecting = false;
  if (impl_->socket) {
    std::exchange(impl_->socket, nullptr)->close();
  }
  impl_->noteDisconnected();
}

std::expected<Performed, Rejection> Client::perform(DraftId draft, OpBody body, OpCallbacks callbacks) {
  return impl_->act(std::move(callbacks), [&](Replica& replica, Time now) {
    return replica.perform(replica.prepare(draft, std::move(body), now), now);
  });
}

std::expected<Performed, Rejection> Client::perform(Op op, OpCallbacks callbacks) {
  return impl_->act(std::move(callbacks),
                    [&](Replica& replica, Time now) { return replica.perform(std::move(op), now); });
}

std::expected<Performed, Rejection> Client::submit(Op op, OpCallbacks callbacks) {
  return impl_->act(std::move(callbacks), [&](Replica& replica, Time) { return replica.submit(std::move(op)); });
}

std::expected<void, Rejection> Client::use(const std::function<void(Replica&, Time now)>& what) {
  return impl_->use(what);
}

void Client::flush() {
  impl_->step();
}

const DraftState* Client::draft(const DraftId& id) {
  const DraftState* found = nullptr;
  static_cast<void>(impl_->look([&](Replica& replica, Time) { found = replica.draft(id); }));
  return found;
}

DeviceStore& Client::store() {
  return *impl_->options.store;
}

const ClientStatus& Client::status() const {
  return impl_->toldStatus;
}

const ClientTraffic& Client::traffic() const {
  return impl_->traffic;
}

}  // namespace onering
