// Benchmarks of a server, each one function: settings in, figures out.
//
//   settings ──> ServerUnderTest   a server of our own (the same program, a process of its own) over a store that is
//                     │            thrown away, or somebody else's at ws://…
//                     │ WebSocket, the real protocol
//   figures <── load: real replicas (onering/client), or, where thousands are needed that only read or idle, lean
//               peers: the real codec on a socket, without a replica behind it
//
// The load runs in this process, on one thread; the server's CPU time is read apart from it. Every function throws
// Failed when the server or the store does not do its part, and Interrupted after SIGINT or SIGTERM; both leave
// nothing behind.
#pragma once

#include <chrono>
#include <cstddef>
#include <filesystem>
#include <string>

#include <boost/json/object.hpp>

#include "onering/domain/error.h"

namespace onering::bench {

enum class StoreKind : std::uint8_t { memory, sqlite, postgres };

struct ServerSettings {
  std::string url;  // ws://…: a server that is there, in development mode; empty: our own
  StoreKind store = StoreKind::sqlite;
  std::filesystem::path program;  // `onering`, for our own
};

// Names and values, in the order of reading. What is measured has its unit in its name.
using Figures = boost::json::object;

// Why there are no figures.
struct Failed {
  Rejection why;
};
struct Interrupted {};

// --- appends: clients that keep so many unacknowledged, each in its own drafts ---

struct AppendSettings {
  ServerSettings server;
  std::size_t clients = 64;
  std::size_t drafts = 64;  // at least one for each client, as only the ring's holder appends
  std::size_t bytes = 100;  // of a segment's text
  std::size_t window = 32;  // unacknowledged ops a client
  double seconds = 10;
  bool kill9 = false;  // kill -9 for the server under load, then a new one that is asked for what it acknowledged
};
[[nodiscard]] Figures benchAppend(const AppendSettings& settings);

// --- latency: from append() on one device to the view on another ---

struct LatencySettings {
  ServerSettings server;
  double everyMs = 2;
  std::size_t bytes = 100;
  std::size_t busyClients = 0;  // that append meanwhile, one op at a time, in drafts of their own
  bool twoServers = false;      // over one PostgreSQL: who reads is connected to the other one
  double seconds = 10;
};
[[nodiscard]] Figures benchLatency(const LatencySettings& settings);

// --- fan-out: one writes, many read ---

struct FanOutSettings {
  ServerSettings server;
  std::size_t readers = 500;
  std::size_t bytes = 100;
  std::size_t window = 32;  // unacknowledged ops of the writer; above 1, several may travel in one message
  double perSecond = 0;     // appends; 0: as fast as the window lets it
  double seconds = 10;
};
[[nodiscard]] Figures benchFanOut(const FanOutSettings& settings);

// --- catch-up: a new device of a user who has a long draft ---

struct CatchUpSettings {
  ServerSettings server;
  std::size_t segments = 20'000;
  std::size_t bytes = 100;
  std::size_t rounds = 5;  // of warm ones, after a cold one on a server that was just started
};
[[nodiscard]] Figures benchCatchUp(const CatchUpSettings& settings);

// --- reconnect: a device of a user who has many drafts comes back, and few of them have changed ---

struct ReconnectSettings {
  ServerSettings server;
  std::size_t drafts = 10'000;
  std::size_t changed = 3;
  double ageSeconds = 61;  // of the drafts; younger ones are listed again (SPEC S6, AuthorityOptions::cursorOverlap)
  std::size_t rounds = 100;
};
[[nodiscard]] Figures benchReconnect(const ReconnectSettings& settings);

// --- long: what an append costs in a long draft, and in an empty one, in turns ---

struct LongDraftSettings {
  ServerSettings server;
  std::size_t segments = 900'000;  // of the long one, before it is measured
  std::size_t bytes = 100;
  std::size_t window = 256;  // unacknowledged ops
  std::size_t rounds = 5;
  double seconds = 0.25;  // of each of the two in a round; the long one may not become full
};
[[nodiscard]] Figures benchLongDraft(const LongDraftSettings& settings);

// --- idle: what a connection costs in memory ---

struct IdleSettings {
  ServerSettings server;
  std::size_t clients = 10'000;
  double seconds = 5;  // of watching what they cost while nothing happens
};
[[nodiscard]] Figures benchIdle(const IdleSettings& settings);

// --- load: many users who open, read, append, pass and list, and think between ---

struct LoadSettings {
  ServerSettings server;
  std::size_t users = 1'000;
  std::size_t usersPerDraft = 4;
  double thinkSeconds = 1;  // between two actions of a user, on average
  std::size_t bytes = 100;
  double seconds = 20;
};
[[nodiscard]] Figures benchLoad(const LoadSettings& settings);

// --- read: a draft's segments as JSON over HTTP ---

struct ReadSettings {
  ServerSettings server;
  std::size_t connections = 64;  // each asks again as soon as it is answered
  std::size_t segments = 50;     // of the draft that is read, at most 1,000
  std::size_t bytes = 100;
  double seconds = 10;
};
[[nodiscard]] Figures benchRead(const ReadSettings& settings);

// --- hostile: what honest clients notice of others who mean ill, and what strangers learn ---

struct HostileSettings {
  ServerSettings server;
  std::size_t clients = 16;       // honest ones, each one op at a time
  double seconds = 10;            // of measuring in peace, and again under attack
  std::size_t questions = 2'000;  // about drafts that are forbidden, and as many about drafts that are not there
};
[[nodiscard]] Figures benchHostile(const HostileSettings& settings);

// --- queries: what each costs in a database with much in it, with its index and without (SPEC §9) ---

struct QueriesSettings {
  std::size_t users = 10'000;
  std::size_t drafts = 100'000;
  std::size_t segments = 1'000'000;
  std::size_t times = 21;  // each query
  bool without = true;     // also without its index
};
// Over a temporary PostgreSQL cluster.
[[nodiscard]] Figures benchQueries(const QueriesSettings& settings);

}  // namespace onering::bench
