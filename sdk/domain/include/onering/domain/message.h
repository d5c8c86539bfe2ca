// What the two sides say to each other (SPEC §8), as values. onering.capnp describes the conversation;
// sdk/wire turns these into bytes and back; sdk/sync gives them their meaning.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "onering/domain/draft.h"
#include "onering/domain/limits.h"

namespace onering {

// The protocol that this build speaks (SPEC S12).
inline constexpr std::uint16_t kProtocolVersion = 1;

// How far a replica has seen a user's drafts change, over all drafts. An opaque bookmark to the replica: it
// starts with `{}`, keeps what `Changed.next` says and hands it back. To the authority: drafts are listed
// by (updatedAt, id), and the bookmark is the last one listed.
struct ChangeCursor {
  Time since{};
  DraftId after{};
  friend bool operator==(const ChangeCursor&, const ChangeCursor&) = default;
};

// How much of a snapshot a replica has: counts of ring passes and of segments, and where both end.
struct SnapshotProgress {
  std::uint32_t passes = 0;
  std::uint32_t passesEnd = 0;
  std::uint32_t segments = 0;
  std::uint32_t segmentsEnd = 0;
  friend bool operator==(const SnapshotProgress&, const SnapshotProgress&) = default;
};

// --- replica to authority ---------------------------------------------------------------------------

// The first message. The token is a secret: never logged.
struct Hello {
  std::uint16_t version = kProtocolVersion;
  std::string token;
  DeviceId device;
  friend bool operator==(const Hello&, const Hello&) = default;
};

// A fresh token for the same user, in place (SPEC S8).
struct RefreshToken {
  std::string token;
  friend bool operator==(const RefreshToken&, const RefreshToken&) = default;
};

// Pending ops in the order in which they were made (SPEC S3).
//
// `restart`: nothing pushed before on this connection is still unanswered. After an op could not be judged
// (a receipt with `unavailable`, `internal` or `rateLimited`) the authority answers everything that follows
// on the connection the same way until a push says `restart`, so that ops never overtake one another.
struct Push {
  std::vector<Op> ops;
  bool restart = false;
  friend bool operator==(const Push&, const Push&) = default;
};

// Asks which drafts have changed (SPEC S6). Answered by `Changed`.
struct WhatChanged {
  ChangeCursor from;
  friend bool operator==(const WhatChanged&, const WhatChanged&) = default;
};

// Asks for what follows `have` in a draft's log. Answered by Entries, by SnapshotPart, or by Gone.
struct Fetch {
  DraftId draft;
  LogPosition have;                         // {}: nothing
  std::optional<LogPosition> snapshotAt{};  // goes on with the snapshot of that position
  SnapshotProgress progress{};              // what there is of it
  friend bool operator==(const Fetch&, const Fetch&) = default;
};

// Answered by Pong. What a browser sends, which cannot send WebSocket pings (SPEC S8).
struct Ping {
  std::uint64_t id = 0;
  friend bool operator==(const Ping&, const Ping&) = default;
};

enum class Attention : std::uint8_t { away, here, typing };

// What the user does at a draft, for the others who are at it; not answered, not stored (SPEC S11).
struct Present {
  DraftId draft;
  Attention attention = Attention::here;
  friend bool operator==(const Present&, const Present&) = default;
};

using ReplicaMessage = std::variant<Hello, RefreshToken, Push, WhatChanged, Fetch, Ping, Present>;

// --- authority to replica ---------------------------------------------------------------------------

struct Welcome {
  std::uint16_t version = kProtocolVersion;
  UserId user;
  std::string display;
  Limits limits;
  Time now;  // the authority's
  friend bool operator==(const Welcome&, const Welcome&) = default;
};

// The authority will not go on. The connection closes after it, except for `rateLimited` and `unavailable`,
// which only say when to try again.
struct Refused {
  Rejection why;
  Duration retryAfter{};  // zero: not by waiting
  friend bool operator==(const Refused&, const Refused&) = default;
};

struct OpReceipt {
  DraftId draft;
  OpId op;
  Receipt receipt;
  friend bool operator==(const OpReceipt&, const OpReceipt&) = default;
};

// What became of pushed ops, each exactly one receipt. An op whose receipt carries `unavailable`,
// `internal` or `rateLimited` was not judged and is pushed again later.
struct Receipts {
  std::vector<OpReceipt> receipts;
  friend bool operator==(const Receipts&, const Receipts&) = default;
};

struct DraftPosition {
  DraftId draft;
  LogPosition position;
  friend bool operator==(const DraftPosition&, const DraftPosition&) = default;
};

// The user's drafts that changed since the cursor asked for, `from`; `removed`: no longer the user's.
struct Changed {
  ChangeCursor from{};
  std::vector<DraftPosition> drafts;
  std::vector<DraftId> removed;
  ChangeCursor next;  // to ask with from now on
  bool more = false;  // ask again at once
  friend bool operator==(const Changed&, const Changed&) = default;
};

// Entries of one draft's log, without a gap; each carries its link. `before`: the position that the first
// one follows. `head`: the whole log's end as the authority knew it, so that the replica sees whether to
// fetch on. `more`: the answer to the same Fetch goes on in the next message.
struct Entries {
  DraftId draft;
  LogPosition before;
  std::vector<LogEntry> entries;
  LogPosition head;
  bool more = false;
  friend bool operator==(const Entries&, const Entries&) = default;
};

// A part of a draft's state as of `at`, for a replica that is far behind (SPEC S6). The first part has the
// state; passes and segments follow from `progress` on. Complete when both counts reach their ends. `more`:
// the answer to the same Fetch goes on in the next message. Segments come without salt and digest: what came
// before a snapshot is vouched for by its link, not checked text by text.
struct SnapshotPart {
  DraftId draft;
  LogPosition at;
  std::optional<DraftState> state;
  SnapshotProgress progress;  // what comes before this part
  std::vector<RingPass> passes;
  std::vector<Segment> segments;
  bool more = false;
  friend bool operator==(const SnapshotPart&, const SnapshotPart&) = default;
};

// There is no such draft for this user (SPEC I10).
struct Gone {
  DraftId draft;
  friend bool operator==(const Gone&, const Gone&) = default;
};

// The chain that the replica named is not the authority's (SPEC H3).
struct Diverged {
  DraftId draft;
  LogPosition head;
  friend bool operator==(const Diverged&, const Diverged&) = default;
};

// The session was too slow and has missed messages: ask WhatChanged again (SPEC S13).
struct CatchUp {
  friend bool operator==(const CatchUp&, const CatchUp&) = default;
};

struct Pong {
  std::uint64_t id = 0;
  friend bool operator==(const Pong&, const Pong&) = default;
};

struct Person {
  UserId user;
  std::string display;
  bool isTyping = false;
  friend bool operator==(const Person&, const Person&) = default;
};

// Who is at the draft, by user, at the same server (SPEC S11). To those who are at it themselves.
struct Presence {
  DraftId draft;
  std::vector<Person> people;
  friend bool operator==(const Presence&, const Presence&) = default;
};

using AuthorityMessage =
    std::variant<Welcome, Refused, Receipts, Changed, Entries, SnapshotPart, Gone, Diverged, CatchUp, Pong, Presence>;

}  // namespace onering
