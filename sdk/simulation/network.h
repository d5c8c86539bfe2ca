// Connections between devices and the authority, as WebSockets are: what arrives, arrives in order and without a
// gap, until the connection ends. It can end anywhere, with messages on their way lost, and without one side, or
// either, being told.
//
// Faults that break this order exist for schedules that ask for them (Plan::outOfOrder): no state machine may
// corrupt itself whatever arrives.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "environment.h"

namespace onering::simulation {

using Bytes = std::shared_ptr<const std::string>;
using ClientId = std::size_t;
using ServerId = std::size_t;

class Network {
 public:
  // Who is told. Set once, before anything is opened.
  struct Ends {
    std::function<bool(ServerId)> serverListens;
    std::function<void(ServerId, SessionId)> serverAccepted;
    std::function<void(ServerId, SessionId, const std::string&)> serverReceived;
    std::function<void(ServerId, SessionId)> serverLost;
    std::function<void(ClientId, SessionId, const std::string&)> clientReceived;
    std::function<void(ClientId, SessionId)> clientLost;
  };

  explicit Network(Environment& environment) : environment_(environment) {}
  void join(Ends ends) { ends_ = std::move(ends); }

  // A connection to any of the servers. Nothing when nobody answers.
  [[nodiscard]] std::optional<SessionId> open(ClientId client);

  void sendToServer(SessionId session, Bytes bytes);
  void sendToClient(SessionId session, Bytes bytes);

  // Orderly: what was sent before arrives before the other side is told.
  void closeByServer(SessionId session);
  void closeByClient(SessionId session);

  // The device gives the connection up. The authority does not know for a while, and what was sent still arrives.
  void abandon(SessionId session);

  // Every connection ends, and both sides are told.
  void cutAll();

  // The server is gone at once; what it had sent may arrive.
  void serverDied(ServerId server);

  [[nodiscard]] std::size_t waitingForClient(SessionId session) const {
    return connections_.at(session).down.waiting.size();
  }
  // Takes back what has not left the authority's queue yet.
  void discardForClient(SessionId session) { connections_.at(session).down.waiting.clear(); }

 private:
  struct Pipe {
    std::deque<Bytes> waiting;  // sent and not arrived; null: the end
    Time lastArrival;
    Time stalledUntil;
    bool deaf = false;  // nothing arrives any more
  };

  struct Connection {
    ClientId client = 0;
    ServerId server = 0;
    Pipe up;    // to the authority
    Pipe down;  // to the device
    bool clientOpen = true;
    bool serverOpen = true;
  };

  void send(SessionId session, bool up, Bytes bytes);
  void put(SessionId session, bool up, Bytes bytes);
  void arrive(SessionId session, bool up);
  void cut(SessionId session, bool noticed);
  void tellClient(SessionId session);
  void tellServer(SessionId session);

  Environment& environment_;
  Ends ends_;
  std::map<SessionId, Connection> connections_;
  SessionId lastSession_ = 0;
};

}  // namespace onering::simulation
