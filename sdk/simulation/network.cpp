#include "network.h"

#include <utility>

namespace onering::simulation {

namespace {

using std::chrono::seconds;

}  // namespace

std::optional<SessionId> Network::open(ClientId client) {
  const ServerId server = environment_.random.below(environment_.plan.servers);
  if (!ends_.serverListens(server) || environment_.strikes(Fault::connectFails)) {
    return std::nullopt;
  }
  const SessionId session = ++lastSession_;
  Connection connection{.client = client, .server = server, .up = {}, .down = {}};
  for (const auto& [id, other] : connections_) {
    if (other.client != client) {
      continue;
    }
    if (other.serverOpen) {
      environment_.coverage.saw(Situation::twoConnectionsOfOneDevice);
    }
    if (other.server != server) {
      environment_.coverage.saw(Situation::clientAtAnotherServer);
    }
  }
  connections_.emplace(session, std::move(connection));
  environment_.trace(environment_.clock.now(), "connection ", session, " of client ", client, " to server ", server);
  ends_.serverAccepted(server, session);
  return session;
}

void Network::sendToServer(SessionId session, Bytes bytes) {
  if (connections_.at(session).clientOpen) {
    send(session, true, std::move(bytes));
  }
}

void Network::sendToClient(SessionId session, Bytes bytes) {
  if (connections_.at(session).serverOpen) {
    send(session, false, std::move(bytes));
  }
}

void Network::send(SessionId session, bool up, Bytes bytes) {
  environment_.mark(bytes->size());
  if (environment_.strikes(Fault::connectionCut)) {
    cut(session, !environment_.strikes(Fault::cutUnnoticed));
    return;
  }
  Connection& connection = connections_.at(session);
  Pipe& pipe = up ? connection.up : connection.down;
  if (!pipe.deaf && environment_.strikes(Fault::halfOpen)) {
    pipe.deaf = true;
  }
  if (environment_.strikes(Fault::stalled)) {
    pipe.stalledUntil = environment_.clock.now() + environment_.random.between(seconds(1), seconds(30));
  }
  if (environment_.plan.outOfOrder) {
    if (environment_.strikes(Fault::messageDropped)) {
      return;
    }
    if (environment_.strikes(Fault::messageTruncated)) {
      bytes = std::make_shared<const std::string>(bytes->substr(0, environment_.random.below(bytes->size())));
    }
    if (environment_.strikes(Fault::messageRepeated)) {
      put(session, up, bytes);
    }
  }
  put(session, up, std::move(bytes));
  if (environment_.plan.outOfOrder && pipe.waiting.size() > 1 && environment_.strikes(Fault::messageReordered)) {
    std::swap(pipe.waiting.back(), pipe.waiting[environment_.random.below(pipe.waiting.size())]);
  }
}

void Network::put(SessionId session, bool up, Bytes bytes) {
  Connection& connection = connections_.at(session);
  Pipe& pipe = up ? connection.up : connection.down;
  const Time soonest = environment_.clock.now() +
                       environment_.random.between(environment_.plan.latencyMin, environment_.plan.latencyMax);
  pipe.lastArrival = std::max({soonest, pipe.lastArrival, pipe.stalledUntil});
  pipe.waiting.push_back(std::move(bytes));
  environment_.clock.at(pipe.lastArrival, [this, session, up] { arrive(session, up); });
}

void Network::arrive(SessionId session, bool up) {
  Connection& connection = connections_.at(session);
  Pipe& pipe = up ? connection.up : connection.down;
  if (pipe.waiting.empty()) {
    return;
  }
  const Bytes bytes = std::move(pipe.waiting.front());
  pipe.waiting.pop_front();
  if (pipe.deaf || (up ? !connection.serverOpen : !connection.clientOpen)) {
    return;
  }
  if (!bytes) {
    up ? tellServer(session) : tellClient(session);
  } else if (up) {
    ends_.serverReceived(connection.server, session, *bytes);
  } else {
    ends_.clientReceived(connection.client, session, *bytes);
  }
}

void Network::tellClient(SessionId session) {
  Connection& connection = connections_.at(session);
  if (std::exchange(connection.clientOpen, false)) {
    ends_.clientLost(connection.client, session);
  }
}

void Network::tellServer(SessionId session) {
  Connection& connection = connections_.at(session);
  if (std::exchange(connection.serverOpen, false)) {
    ends_.serverLost(connection.server, session);
  }
}

void Network::closeByServer(SessionId session) {
  Connection& connection = connections_.at(session);
  if (std::exchange(connection.serverOpen, false)) {
    put(session, false, nullptr);
  }
}

void Network::closeByClient(SessionId session) {
  Connection& connection = connections_.at(session);
  if (std::exchange(connection.clientOpen, false)) {
    put(session, true, nullptr);
  }
}

void Network::abandon(SessionId session) {
  Connection& connection = connections_.at(session);
  connection.clientOpen = false;
  environment_.clock.after(environment_.random.between(Duration{}, seconds(70)),
                           [this, session] { tellServer(session); });
}

void Network::cut(SessionId session, bool noticed) {
  Connection& connection = connections_.at(session);
  connection.up.deaf = true;
  connection.down.deaf = true;
  const bool clientBlind = !noticed && environment_.random.coin();
  const bool serverBlind = !noticed && !clientBlind;
  if (!clientBlind) {
    environment_.clock.after(environment_.random.between(Duration{}, seconds(3)),
                             [this, session] { tellClient(session); });
  }
  if (!serverBlind) {
    environment_.clock.after(environment_.random.between(Duration{}, seconds(3)),
                             [this, session] { tellServer(session); });
  }
}

void Network::cutAll() {
  for (const auto& [session, connection] : connections_) {
    if (connection.clientOpen || connection.serverOpen) {
      cut(session, true);
    }
  }
}

void Network::serverDied(ServerId server) {
  for (auto& [session, connection] : connections_) {
    if (connection.server != server || !std::exchange(connection.serverOpen, false)) {
      continue;
    }
    if (environment_.random.coin()) {
      connection.down.deaf = true;
    }
    if (environment_.healed || environment_.random.chance(8'000)) {
      environment_.clock.after(environment_.random.between(Duration{1}, seconds(4)),
                               [this, id = session] { tellClient(id); });
    }
  }
}

}  // namespace onering::simulation
