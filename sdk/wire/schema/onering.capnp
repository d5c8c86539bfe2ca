# OneRing's protocol, version 1.
#
# Two peers speak it over one ordered, reliable byte channel that keeps message borders (a WebSocket
# with the subprotocol "onering.1"; one binary frame is one message):
#
#   the replica   - a device's copy of its user's drafts. It opens the connection and speaks first, and
#                   every frame it sends is a `ReplicaMessage`.
#   the authority - the one place that accepts operations. Every frame it sends is an `AuthorityMessage`.
#
# A whole conversation:
#
#   replica                                authority
#     hello {version, token, device}  ->
#                                     <-   welcome {user, limits, now}     or   refused {why}
#     push {ops 1..k}                 ->                                   (what waited while offline)
#     whatChanged {from}              ->
#                                     <-   receipts {op 1 .. op k}
#                                     <-   changed {drafts: [(id, seq, link)], removed, next}
#     fetch {draft, have}             ->                                   (for each one that differs)
#                                     <-   entries {...}  or  snapshotPart {...}, several if need be
#                                     <-   entries {...}                   (from now on, as they happen)
#     ping {id}                       ->
#                                     <-   pong {id, next}
#
# Framing: a frame is a Cap'n Proto message in the standard stream framing, unpacked: a segment table, then
# the segments, nothing after them. A sender writes one segment; a receiver takes up to 8.
#
# Bounds: every message is at most `Limits.messageBytes` long, in both directions. Nothing in a message is
# trusted: a peer checks the segment table (in 64-bit arithmetic), the traversal limit (twice the message's
# own size, so that overlapping pointers gain nothing), the nesting limit (16), every enum, union and length
# before it uses anything; what a message unfolds to is at most 32 times its size and 4 KiB. An authority
# answers a malformed message with `refused {protocolError}`, or `{messageTooLarge}`, and a close; a replica
# closes, keeps its work and says so.
#
# Times are milliseconds since 1970-01-01 UTC; a field that ends in `Ms` is a span of milliseconds. Ids are
# UUIDv7 (RFC 9562), carried as two big-endian 64-bit halves: `hi` holds bytes 0-7 of the id and `lo` bytes
# 8-15. Digests and links are SHA-256, carried as four big-endian 64-bit words: `a` holds bytes 0-7, and so
# on. Texts are UTF-8 without NUL; an empty text is a null pointer. Where a field says nothing else, a list
# may be empty and a number may be zero. (I4, K1, H3 and their like are numbers of rules in the
# specification.)

@0xd4b2c1f07a3e9561;

using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("onering::schema");

# ---------------------------------------------------------------------------------------------------
# Operations

struct Op {
  # Something that a user did to a draft.
  #
  # This is also what is hashed. The canonical form (Cap'n Proto's canonicalization, one segment, no
  # framing) of this struct for an accepted op, with `seq`, `acceptedAt` and `rulesVersion` filled in, is
  # called canonical(op) below, and the log of a draft is chained by
  #
  #     link(0) = 32 zero bytes
  #     link(n) = SHA-256("onering/1" || link(n-1) || canonical(op n))
  #
  # A segment's text is not in here, only its digest, so that the chain still verifies after the text
  # has been erased. Fields are only ever added, never moved: old bytes keep their hash.

  seq @0 :UInt64;
  # Place in the draft's log, from 1. Zero: not accepted.

  acceptedAt @1 :Int64;
  # The authority's time of acceptance; never decreases along a log. Zero: not accepted.

  authoredAt @2 :Int64;
  # The device's time when the user acted. Informative: no rule depends on it.

  id :group { hi @3 :UInt64; lo @4 :UInt64; }
  # The idempotency key: unique in the draft, for ever.

  draft :group { hi @5 :UInt64; lo @6 :UInt64; }

  device :group { hi @7 :UInt64; lo @8 :UInt64; }

  actor @9 :Text;
  # Who did it. Replica: its own user. Authority: must equal the user whom the token names.

  rulesVersion @10 :UInt16;
  # Version of the rules that accepted it; folding applies the rules of that version. Zero: not accepted.

  union {
    createDraft :group {
      title @11 :Text;
      platform @12 :Text;       # empty: none
      holdLimitMs @13 :UInt64;  # how long one may hold the ring before editors may reclaim it; 0: for ever
    }
    appendSegment :group {
      segment :group { hi @14 :UInt64; lo @15 :UInt64; }
      epoch @16 :UInt64;        # of the ring, as the author saw it: the fencing token
      digest :group { a @17 :UInt64; b @18 :UInt64; c @19 :UInt64; d @20 :UInt64; }
      # SHA-256(salt || content), as four big-endian words. Inside a message it is filled in only when the
      # text itself is gone (redacted); otherwise the receiver computes it.
    }
    passRing :group {
      to @21 :Text;
      epoch @22 :UInt64;
    }
    requestRing @23 :Void;
    cancelRequest @24 :Void;
    reclaimRing :group {
      epoch @25 :UInt64;
    }
    setTitle :group {
      title @26 :Text;
      expect @27 :Text;         # an etag, or empty: whatever it is now
    }
    lock @28 :Void;
    unlock @29 :Void;
    complete @30 :Void;
    addCollaborator :group {
      user @31 :Text;
      role @32 :Role;
    }
    setRole :group {
      user @33 :Text;
      role @34 :Role;
    }
    removeCollaborator :group {
      user @35 :Text;
    }
    deleteDraft @36 :Void;
    restoreDraft @37 :Void;
    redactSegment :group {
      segment :group { hi @38 :UInt64; lo @39 :UInt64; }
    }
    createInvite :group {
      invite :group { hi @40 :UInt64; lo @41 :UInt64; }
      tokenHash :group { a @42 :UInt64; b @43 :UInt64; c @44 :UInt64; d @45 :UInt64; }
      # SHA-256 of the token: 16 random bytes that whoever makes the invite gives to whom it is for, and to
      # nobody else.
      lifetimeMs @46 :UInt32;   # from its acceptance: 1 to 168 hours
      role @47 :Role;           # that it gives: not owner
      user @48 :Text;           # for nobody else; empty: for whoever has the token
    }
    revokeInvite :group {
      invite :group { hi @49 :UInt64; lo @50 :UInt64; }
    }
    acceptInvite :group {
      # Makes its actor a member: the only operation of someone who is none. `draft` is the invite's.
      invite :group { hi @51 :UInt64; lo @52 :UInt64; }
      tokenHash :group { a @53 :UInt64; b @54 :UInt64; c @55 :UInt64; d @56 :UInt64; }
      # Inside a `PushedOp` it is zero, and the authority computes it from the token that stands beside it.
    }
  }
}

enum Role { viewer @0; editor @1; owner @2; }
# A viewer reads; an editor and the owner can hold the ring. A draft has exactly one owner, its creator.

# ---------------------------------------------------------------------------------------------------
# What both sides share

struct Position {
  # A place in a draft's log and the chain up to there. All zero, or a null pointer: before the first op.
  #
  # Two logs that agree in one position agree in everything before it (H2), so this is what replica and
  # authority compare (H3).

  seq @0 :UInt64;
  link :group { a @1 :UInt64; b @2 :UInt64; c @3 :UInt64; d @4 :UInt64; }
  # link(seq), as defined at `Op`.
}

struct Cursor {
  # How far the changes of a user's drafts, taken together, have been told. To the replica it is a bookmark
  # that it keeps and hands back without looking inside; all zero: from the beginning. To the authority,
  # which lists drafts by (time of last change, id), it is the last one listed.

  since @0 :Int64;
  after :group { hi @1 :UInt64; lo @2 :UInt64; }
}

struct Id { hi @0 :UInt64; lo @1 :UInt64; }
# An id where a list wants a struct.

struct Limits {
  # What is too much. The authority's values; a replica judges its user's operations by them, so that both
  # sides come to the same verdict.

  titleCharacters @0 :UInt32;   # Unicode code points
  segmentBytes @1 :UInt32;      # UTF-8
  collaborators @2 :UInt32;     # members of a draft besides the owner
  segmentsPerDraft @3 :UInt32;
  messageBytes @4 :UInt32;      # one message with its segment table, in both directions (S7)
  opsPerPush @5 :UInt32;        # in one `Push`
}

enum ErrorCode {
  # Why something was refused: a closed list, the same in every part of OneRing. Only ever appended to; an
  # authority sends a replica no code that is newer than the replica's version.

  notFound @0;              # there is no such draft, or it is not the user's: the two look the same (I10)
  notRingHolder @1;         # someone else holds the ring (I3)
  staleEpoch @2;            # the ring has moved on since this was written (I3)
  notOwner @3;
  notAllowed @4;
  invalidRecipient @5;      # the ring cannot go to that user
  alreadyHolder @6;
  alreadyMember @7;
  draftLocked @8;
  draftCompleted @9;
  draftDeleted @10;
  titleInvalid @11;
  contentEmpty @12;
  contentTooLong @13;
  invalidText @14;          # no valid UTF-8, or a character that is not allowed there
  idMalformed @15;
  idTaken @16;
  idempotencyKeyReused @17; # the op id was used for another operation (K3)
  staleVersion @18;         # `expect` names a version that is past (H4)
  inviteInvalid @19;
  inviteExpired @20;
  inviteUsed @21;
  rateLimited @22;          # not judged: send it again later
  quotaExceeded @23;
  storageFull @24;
  storageUnavailable @25;
  unauthenticated @26;
  tokenExpired @27;         # send a fresh one
  upgradeRequired @28;      # the two sides speak different versions (S12)
  protocolError @29;        # a message was malformed or came out of turn
  messageTooLarge @30;
  divergence @31;           # the logs differ (H3)
  unavailable @32;          # not judged: send it again later
  internal @33;             # not judged: send it again later
}

struct Rejection {
  code @0 :ErrorCode;  # for programs
  message @1 :Text;    # for people: what happened and what to do. Holds no secret.
}

# ---------------------------------------------------------------------------------------------------
# What the replica says

struct ReplicaMessage {
  union {
    hello @0 :Hello;
    refreshToken @1 :RefreshToken;
    push @2 :Push;
    whatChanged @3 :WhatChanged;
    fetch @4 :Fetch;
    ping @5 :Ping;
    present @6 :Present;
  }
}

struct Hello {
  # The first message of a connection, and only the first. Answered by `Welcome` or by `Refused` and a
  # close; until then the authority takes no other message, and does not keep what comes.
  #
  # These three fields keep their place in every version, so that any two versions can tell each other
  # that they do not fit.

  version @0 :UInt16;  # the protocol's, that the replica speaks: 1
  token @1 :Text;      # proves who the user is. A secret: never logged, never repeated in an error.
  device :group { hi @2 :UInt64; lo @3 :UInt64; }  # this replica; chosen once by it, from entropy
}

struct RefreshToken {
  # A fresh token for the same user, before the old one expires (S8). Not answered when it is good; another
  # user's, or one that is not accepted, is `Refused` and a close.

  token @0 :Text;
}

struct Push {
  # Operations that the replica has applied to its own copy and stored (S2, S3). Answered by `Receipts`.
  #
  # Replica: at most `Limits.opsPerPush`, in the order in which the user made them; an op is pushed again on
  # the next connection until its receipt has come. Authority: idempotency first (K2), then the rules, each
  # op against the state that the ones before it have left; one rejected op does not hold up the next.

  ops @0 :List(PushedOp);

  restart @1 :Bool;
  # Set: nothing pushed before on this connection is still unanswered. After an op could not be judged (a
  # receipt with `unavailable`, `internal` or `rateLimited`), the authority answers everything that follows
  # on the connection the same way until a push says `restart`, so that no op overtakes another.
}

struct PushedOp {
  op @0 :Op;
  # Never null. Not accepted yet: `seq`, `acceptedAt` and `rulesVersion` are zero, and so are the digest of an
  # appendSegment and the hash of an acceptInvite, which the authority computes from what stands beside them:

  text @1 :Text;
  # The segment's text. Empty for every other operation.

  salt :group { hi @2 :UInt64; lo @3 :UInt64; }
  # 16 random bytes, made by the replica with the op, that hide a guessable text behind its digest (H1). Of an
  # acceptInvite, the invite's token: a secret, which is not kept. Zero for every other operation.
}

struct WhatChanged {
  # Asks which of the user's drafts have changed since a bookmark (S6). Answered by `Changed`.

  from @0 :Cursor;  # null: tell me all there are
}

struct Fetch {
  # Asks for what follows in one draft's log. Answered by `Entries`, by `SnapshotPart` when the authority
  # finds that cheaper, by `Diverged`, or by `Gone`.

  draft :group { hi @0 :UInt64; lo @1 :UInt64; }
  have @2 :Position;        # what the replica has confirmed; null: nothing
  snapshotAt @3 :Position;  # goes on with the snapshot of that position; null: no snapshot was begun
  progress @4 :Progress;    # of that snapshot
}

struct Progress {
  # How much of a snapshot has been sent, and how much there is: counts of ring passes and of segments.

  passes @0 :UInt32;
  passesEnd @1 :UInt32;
  segments @2 :UInt32;
  segmentsEnd @3 :UInt32;
}

struct Ping {
  # Answered by `Pong` with the same id, once everything that was due before it has been sent. Replica: a
  # heartbeat (S8).

  id @0 :UInt64;
}

enum Attention { away @0; here @1; typing @2; }

struct Present {
  # What the user does at a draft, for the others who are at it (S11). Not answered, and forgotten with the
  # connection. Replica: said again while the user types, at least every 5 s, and after each `Welcome`.
  # Authority: takes no notice of those who are no members; `typing` becomes `here` after 10 s.

  draft :group { hi @0 :UInt64; lo @1 :UInt64; }
  attention @2 :Attention;
}

# ---------------------------------------------------------------------------------------------------
# What the authority says

struct AuthorityMessage {
  union {
    welcome @0 :Welcome;
    refused @1 :Refused;
    receipts @2 :Receipts;
    changed @3 :Changed;
    entries @4 :Entries;
    snapshotPart @5 :SnapshotPart;
    gone @6 :Gone;
    diverged @7 :Diverged;
    catchUp @8 :Void;
    # The connection was too slow and has missed messages (S13). Replica: sends `WhatChanged` again from the
    # last cursor that it was given.
    pong @9 :Pong;
    presence @10 :Presence;
  }
}

struct Welcome {
  # The answer to `Hello`: the token is good, and both speak `version`.

  version @0 :UInt16;
  user @1 :Text;      # whom the token names: the actor of everything that this replica may push
  display @2 :Text;   # how this user is shown to others
  limits @3 :Limits;  # never null
  now @4 :Int64;      # the authority's time. Informative.
}

struct Refused {
  # The authority will not go on. It closes the connection after this message, except for `rateLimited` and
  # `unavailable`, which only say when to try again. The replica keeps all its work (I8).

  why @0 :Rejection;         # never null
  retryAfterMs @1 :UInt64;   # before that, trying again is in vain. Zero: waiting alone will not help.
}

struct Receipts {
  # What became of pushed ops: one receipt for each, over one or more messages. `op` says which it is for.

  receipts @0 :List(OpReceipt);
}

struct OpReceipt {
  draft :group { hi @0 :UInt64; lo @1 :UInt64; }
  op :group { hi @2 :UInt64; lo @3 :UInt64; }

  union {
    accepted :group {
      # Durable (I9), in this place of the log, for good. A retry gets the same values (I6).
      seq @4 :UInt64;
      acceptedAt @5 :Int64;
      rulesVersion @6 :UInt16;
      link :group { a @7 :UInt64; b @8 :UInt64; c @9 :UInt64; d @10 :UInt64; }  # link(seq)
    }
    rejected @11 :Rejection;
    # Never null. `unavailable`, `internal` and `rateLimited` are no verdict: the op was not judged, and is
    # pushed again later. Everything else is final, and the replica keeps the op and its content for the
    # user to decide about (S5).
  }
}

struct Changed {
  # The answer to `WhatChanged`, in one or more messages.

  drafts @0 :List(DraftPosition);  # those that changed. Replica: fetches those whose position is not its own.
  removed @1 :List(Id);            # no longer the user's: the replica drops its copies, but keeps pending work
  next @2 :Cursor;                 # to ask with from now on. May point a little back: what is listed twice is known.
  more @3 :Bool;                   # not everything yet: ask again at once, from `next`
  from @4 :Cursor;                 # what was asked from. Replica: takes no notice of answers to what it asked before
                                   # it began anew (`catchUp`).
}

struct DraftPosition {
  draft :group { hi @0 :UInt64; lo @1 :UInt64; }
  position :group {  # where its log ends; a `Position` in place, as there may be thousands
    seq @2 :UInt64;
    link :group { a @3 :UInt64; b @4 :UInt64; c @5 :UInt64; d @6 :UInt64; }
  }
}

struct Entries {
  # A part of one draft's log, without a gap: asked for by `Fetch`, or sent as it happens on every
  # connection of a member but the one that pushed it, to which the receipt says the same.
  #
  # Links do not travel with the entries. The replica holds `before` against its own position, computes one
  # link after the other, and must arrive at `after`.

  draft :group { hi @0 :UInt64; lo @1 :UInt64; }  # of every op in here
  before @2 :Position;      # where the first entry goes on from; null: it is the log's first
  entries @3 :List(Entry);  # with the seqs before.seq + 1, + 2, ...
  after :group { a @4 :UInt64; b @5 :UInt64; c @6 :UInt64; d @7 :UInt64; }
  # The link of the last entry, or of `before` when there is none.
  head @8 :Position;        # where the whole log ends, as far as the authority knew. Past the last: fetch on.
  more @9 :Bool;            # the answer to the same `Fetch` goes on in the next message
}

struct Entry {
  # An accepted op in its place.

  op @0 :Op;
  # Never null. `seq`, `acceptedAt` and `rulesVersion` are filled in. The digest of an appendSegment is zero
  # unless its text was erased.

  text @1 :Text;
  salt :group { hi @2 :UInt64; lo @3 :UInt64; }
  # As in `PushedOp`, but for an invite's token, which goes to nobody.

  erased @4 :Bool;
  # The segment was redacted (O12): text and salt are gone for good, the op's digest stands for them.

  actorDisplay @5 :Text;
  # How the actor was shown when the op was accepted. Not hashed, as it can be erased.
}

struct SnapshotPart {
  # A part of a draft's state as of a position, for a replica to which the log up to there would be longer
  # than what it amounts to (S6). Parts come in order; a replica that was cut off goes on with
  # `Fetch.snapshotAt` and `Fetch.progress`. The snapshot is complete when both counts of `progress`, with
  # what this part adds, have reached their ends.
  #
  # A replica that starts from a snapshot goes on chaining from `at.link`. What came before is vouched for by
  # that link, not checked text by text: salts and digests of the segments are therefore not sent.
  #
  # Segments are sent by column, one value for each segment in every column, so that a segment costs little
  # more than its text. A column of numbers is a sequence of unsigned LEB128 numbers (7 bits a byte, low ones
  # first, the high bit set in all but the last byte, as few bytes as possible, at most 10). Differences are
  # taken modulo 2^64; the difference of the first segment is the one to zero.

  draft :group { hi @0 :UInt64; lo @1 :UInt64; }
  at @2 :Position;
  state @3 :DraftState;  # in the first part; null in the others
  progress @4 :Progress; # what comes before this part. Never null.
  more @5 :Bool;         # the answer to the same `Fetch` goes on in the next message

  names @6 :List(Text);
  # The user ids and displays that this part mentions, each once. The rest refers to them by their place in
  # this list, counted from 1; zero is the empty text, and stands for nobody where a user is meant.

  passes @7 :List(Pass);
  # The ring's history from its entry number `progress.passes` on.

  segmentIds @8 :Data;
  # 16 bytes each, of the segments from position `progress.segments` on. Their number is this part's number
  # of segments.

  texts @9 :Data;       # one after the other, nothing between them
  sizes @10 :Data;      # the text's length in bytes and one; zero: the segment was redacted
  authors @11 :Data;    # in `names`
  displays @12 :Data;   # in `names`: how the author was shown when the segment was accepted
  epochs @13 :Data;     # of the ring; difference to the segment before
  seqs @14 :Data;       # of the op that appended the segment; difference to the segment before
  acceptedAts @15 :Data;  # difference to the segment before
  delays @16 :Data;
  # acceptedAt - authoredAt, in zigzag form: d >= 0 is 2d, d < 0 is -2d - 1.
}

struct Pass {
  # One line of the ring's history (I2: epochs go up by one).

  epoch @0 :UInt64;    # of the new holder
  at @1 :Int64;
  from @2 :UInt32;     # in `names`; zero for the line that creates the draft
  to @3 :UInt32;       # in `names`
  kind @4 :PassKind;
}

enum PassKind { created @0; passed @1; reclaimed @2; removed @3; }

enum DraftStatus { active @0; locked @1; completed @2; }

struct DraftState {
  # What the rules look at to judge the next op. The draft's id and its position are the part's.

  title @0 :Text;
  platform @1 :Text;      # empty: none
  holdLimitMs @2 :UInt64; # how long one may hold the ring before editors may reclaim it; 0: for ever
  status @3 :DraftStatus;
  owner @4 :Text;

  ring :group {
    holder @5 :Text;
    epoch @6 :UInt64;
    since @7 :Int64;
    requests @8 :List(RingRequest);  # first come first served
  }

  segmentCount @9 :UInt32;
  createdAt @10 :Int64;
  updatedAt @11 :Int64;   # acceptedAt of the last op

  union {
    present @12 :Void;
    deletedAt @13 :Int64; # soft-deleted: gone from lists and reads, and restorable for a time
  }

  members @14 :List(Member);  # sorted by user id; the owner is one of them
  invites @15 :List(Invite);  # sorted by id; those that were revoked are not among them
}

struct Invite {
  id :group { hi @0 :UInt64; lo @1 :UInt64; }
  tokenHash :group { a @2 :UInt64; b @3 :UInt64; c @4 :UInt64; d @5 :UInt64; }  # SHA-256 of its token
  role @6 :Role;          # that it gives
  createdBy @7 :Text;
  user @8 :Text;          # for nobody else; empty: for whoever has the token
  createdAt @9 :Int64;
  expiresAt @10 :Int64;
  acceptedBy @11 :Text;   # empty: by nobody yet
  acceptedAt @12 :Int64;  # zero: not yet
}

struct RingRequest {
  user @0 :Text;
  at @1 :Int64;
}

struct Member {
  user @0 :Text;
  role @1 :Role;
  joinedAt @2 :Int64;
}

struct Gone {
  # There is no such draft for this user: it is not there, or the user is no member of it; the two look the
  # same (I10). Replica: drops its copy, but keeps pending work.

  draft :group { hi @0 :UInt64; lo @1 :UInt64; }
}

struct Diverged {
  # The position that a `Fetch` named is not in the authority's log (H3). Replica: sets its copy aside, keeps
  # pending work (I8), fetches anew from nothing, and reports it loudly.

  draft :group { hi @0 :UInt64; lo @1 :UInt64; }
  head @2 :Position;  # where the authority's log ends
}

struct Pong {
  # The answer to `Ping`.

  id @0 :UInt64;
}

struct Presence {
  # Who is at a draft, at this server (S11). Sent to those who are at it, when that changes: soon, but not for every
  # change by itself.

  draft :group { hi @0 :UInt64; lo @1 :UInt64; }
  people @2 :List(Person);  # sorted by user id, the receiver among them; the first 100
}

struct Person {
  user @0 :Text;
  display @1 :Text;   # how the user is shown
  typing @2 :Bool;
}
