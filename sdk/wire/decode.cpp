// Reads messages that may be hostile. How it stays inside its bounds:
//
//   frame    the segment table is added up in 64 bits and must come out at the message's size
//   reading  Cap'n Proto checks every pointer; what is read in all is at most twice the message's size (once is
//            enough for a single segment), however its pointers overlap
//   memory   whatever is not a copy of the bytes (elements of lists, names that are used again) is paid for
//            from a budget that the message's size sets, before it is made
//
// What is wrong throws Malformed, as Cap'n Proto throws its own; both end in the decode functions.
#include <algorithm>
#include <cstring>

#include <capnp/message.h>
#include <capnp/serialize.h>
#include <kj/exception.h>

#include "onering/domain/canonical.h"
#include "onering/wire/codec.h"

#include "columns.h"
#include "onering.capnp.h"

namespace onering {

namespace {

using wire::ColumnReader;

constexpr std::uint64_t kSegmentsMax = 8;  // of a frame, in the sense of Cap'n Proto
constexpr int kNestingMax = 16;

// The densest honest message is a snapshot of one-byte segments, which unfold to some 500 bytes out of 25.
constexpr std::uint64_t kUnfoldedPerByte = 32;
constexpr std::uint64_t kUnfoldedAtLeast = 4096;

struct Malformed {};

void require(bool holds) {
  if (!holds) throw Malformed{};
}

// What a message may yet unfold to, in bytes.
class Budget {
 public:
  explicit Budget(std::size_t messageBytes) : left_(kUnfoldedAtLeast + kUnfoldedPerByte * messageBytes) {}

  void pay(std::uint64_t bytes) {
    require(bytes <= left_);
    left_ -= bytes;
  }

  // An empty vector with room for `count` values, which are paid for.
  template <typename T>
  std::vector<T> roomFor(std::uint64_t count) {
    pay(count * sizeof(T));
    std::vector<T> values;
    values.reserve(static_cast<std::size_t>(count));
    return values;
  }

 private:
  std::uint64_t left_;
};

// --- values that many messages carry ----------------------------------------------------------------

std::string stringOf(capnp::Text::Reader text) {
  return {text.begin(), text.size()};
}

std::string_view viewOf(capnp::Data::Reader data) {
  return {reinterpret_cast<const char*>(data.begin()), data.size()};
}

template <typename IdType, typename Group>
IdType idOf(Group group) {
  return IdType::fromHalves(group.getHi(), group.getLo());
}

template <typename Group>
Digest digestOf(Group group) {
  Digest digest;
  std::size_t at = 0;
  for (const std::uint64_t word : {group.getA(), group.getB(), group.getC(), group.getD()})
    for (int shift = 56; shift >= 0; shift -= 8) digest[at++] = static_cast<std::uint8_t>(word >> shift);
  return digest;
}

template <typename Group>
LogPosition positionOf(Group group) {
  return {group.getSeq(), digestOf(group.getLink())};
}

ChangeCursor cursorOf(schema::Cursor::Reader reader) {
  return {timeFromMs(reader.getSince()), idOf<DraftId>(reader.getAfter())};
}

SnapshotProgress progressOf(schema::Progress::Reader reader) {
  return {reader.getPasses(), reader.getPassesEnd(), reader.getSegments(), reader.getSegmentsEnd()};
}

Duration durationOf(std::uint64_t ms) {
  return Duration{static_cast<std::int64_t>(ms)};
}

// The domain's enumerator of the same number. `last`: the last one that there is.
template <typename Enum, typename Wire>
Enum enumOf(Wire value, Enum last) {
  require(static_cast<std::uint16_t>(value) <= static_cast<std::uint16_t>(last));
  return static_cast<Enum>(value);
}

Role roleOf(schema::Role role) {
  return enumOf(role, Role::owner);
}

Rejection rejectionOf(schema::Rejection::Reader reader) {
  return {enumOf(reader.getCode(), ErrorCode::internal), stringOf(reader.getMessage())};
}

// --- operations -------------------------------------------------------------------------------------

// What travels beside an op.
struct Beside {
  capnp::Text::Reader text;
  Salt salt{};
  bool erased = false;

  [[nodiscard]] bool isEmpty() const { return text.size() == 0 && salt == Salt{} && !erased; }
};

AppendSegment appendOf(schema::Op::AppendSegment::Reader reader, const Beside& beside) {
  AppendSegment body{.segment = idOf<SegmentId>(reader.getSegment()), .epoch = reader.getEpoch(), .content = {}};
  const Digest digest = digestOf(reader.getDigest());
  if (beside.erased) {
    require(beside.text.size() == 0 && beside.salt == Salt{});
    body.content = erasedContent(digest);
  } else {
    require(digest == Digest{});
    body.content = sealContent(stringOf(beside.text), beside.salt);
  }
  return body;
}

AcceptInvite acceptInviteOf(schema::Op::AcceptInvite::Reader reader, const Beside& beside) {
  require(beside.text.size() == 0 && !beside.erased);
  AcceptInvite body{.invite = idOf<InviteId>(reader.getInvite()), .tokenHash = digestOf(reader.getTokenHash())};
  if (beside.salt != Salt{} || body.tokenHash == Digest{}) {
    require(body.tokenHash == Digest{});
    body.token = beside.salt;
    body.tokenHash = tokenHash(*body.token);
  }
  return body;
}

template <typename Body, typename Reader>
Body memberBody(Reader reader) {
  return {.user = stringOf(reader.getUser()), .role = roleOf(reader.getRole())};
}

// An operation to which nothing stands beside it.
OpBody bodyOf(schema::Op::Reader op) {
  using Which = schema::Op::Which;
  switch (op.which()) {
    case Which::CREATE_DRAFT: {
      const auto own = op.getCreateDraft();
      return CreateDraft{.title = stringOf(own.getTitle()),
                         .platform = stringOf(own.getPlatform()),
                         .holdLimit = durationOf(own.getHoldLimitMs())};
    }
    case Which::APPEND_SEGMENT:
    case Which::ACCEPT_INVITE:
      break;
    case Which::PASS_RING:
      return PassRing{.to = stringOf(op.getPassRing().getTo()), .epoch = op.getPassRing().getEpoch()};
    case Which::REQUEST_RING:
      return RequestRing{};
    case Which::CANCEL_REQUEST:
      return CancelRequest{};
    case Which::RECLAIM_RING:
      return ReclaimRing{.epoch = op.getReclaimRing().getEpoch()};
    case Which::SET_TITLE:
      return SetTitle{.title = stringOf(op.getSetTitle().getTitle()), .expect = stringOf(op.getSetTitle().getExpect())};
    case Which::LOCK:
      return Lock{};
    case Which::UNLOCK:
      return Unlock{};
    case Which::COMPLETE:
      return Complete{};
    case Which::ADD_COLLABORATOR:
      return memberBody<AddCollaborator>(op.getAddCollaborator());
    case Which::SET_ROLE:
      return memberBody<SetRole>(op.getSetRole());
    case Which::REMOVE_COLLABORATOR:
      return RemoveCollaborator{.user = stringOf(op.getRemoveCollaborator().getUser())};
    case Which::DELETE_DRAFT:
      return DeleteDraft{};
    case Which::RESTORE_DRAFT:
      return RestoreDraft{};
    case Which::REDACT_SEGMENT:
      return RedactSegment{.segment = idOf<SegmentId>(op.getRedactSegment().getSegment())};
    case Which::CREATE_INVITE: {
      const auto own = op.getCreateInvite();
      return CreateInvite{.invite = idOf<InviteId>(own.getInvite()),
                          .tokenHash = digestOf(own.getTokenHash()),
                          .role = roleOf(own.getRole()),
                          .user = stringOf(own.getUser()),
                          .lifetime = durationOf(own.getLifetimeMs())};
    }
    case Which::REVOKE_INVITE:
      return RevokeInvite{.invite = idOf<InviteId>(op.getRevokeInvite().getInvite())};
  }
  throw Malformed{};
}

Op opOf(schema::Op::Reader reader, const Beside& beside) {
  Op op{.id = idOf<OpId>(reader.getId()),
        .draft = idOf<DraftId>(reader.getDraft()),
        .actor = stringOf(reader.getActor()),
        .device = idOf<DeviceId>(reader.getDevice()),
        .authoredAt = timeFromMs(reader.getAuthoredAt()),
        .body = {}};
  if (reader.isAppendSegment()) {
    op.body = appendOf(reader.getAppendSegment(), beside);
  } else if (reader.isAcceptInvite()) {
    op.body = acceptInviteOf(reader.getAcceptInvite(), beside);
  } else {
    require(beside.isEmpty());
    op.body = bodyOf(reader);
  }
  return op;
}

Salt saltOf(std::uint64_t hi, std::uint64_t lo) {
  return Id<struct SaltTag>::fromHalves(hi, lo).bytes;
}

template <typename Carrier>
Beside besideOf(Carrier reader, bool erased) {
  return {
      .text = reader.getText(), .salt = saltOf(reader.getSalt().getHi(), reader.getSalt().getLo()), .erased = erased};
}

Op pushedOpOf(schema::PushedOp::Reader reader) {
  require(reader.hasOp());
  const auto op = reader.getOp();
  require(op.getSeq() == 0 && op.getAcceptedAt() == 0 && op.getRulesVersion() == 0);
  // Whoever knows the hash alone, from the log, has not been given the token.
  require(!op.isAcceptInvite() || digestOf(op.getAcceptInvite().getTokenHash()) == Digest{});
  return opOf(op, besideOf(reader, false));
}

// The entry, but for its link.
LogEntry entryOf(schema::Entry::Reader reader) {
  require(reader.hasOp());
  const auto op = reader.getOp();
  require(!op.isAcceptInvite() || digestOf(op.getAcceptInvite().getTokenHash()) != Digest{});
  return {.op = opOf(op, besideOf(reader, reader.getErased())),
          .seq = op.getSeq(),
          .acceptedAt = timeFromMs(op.getAcceptedAt()),
          .rulesVersion = op.getRulesVersion(),
          .actorDisplay = stringOf(reader.getActorDisplay()),
          .link = {}};
}

// --- snapshots --------------------------------------------------------------------------------------

void readRing(schema::DraftState::Ring::Reader reader, Ring& ring, Budget& budget) {
  ring.holder = stringOf(reader.getHolder());
  ring.epoch = reader.getEpoch();
  ring.since = timeFromMs(reader.getSince());
  const auto requests = reader.getRequests();
  ring.requests = budget.roomFor<RingRequest>(requests.size());
  for (const auto request : requests)
    ring.requests.push_back({stringOf(request.getUser()), timeFromMs(request.getAt())});
}

Invite inviteOf(schema::Invite::Reader reader) {
  return {.id = idOf<InviteId>(reader.getId()),
          .tokenHash = digestOf(reader.getTokenHash()),
          .role = roleOf(reader.getRole()),
          .createdBy = stringOf(reader.getCreatedBy()),
          .user = stringOf(reader.getUser()),
          .createdAt = timeFromMs(reader.getCreatedAt()),
          .expiresAt = timeFromMs(reader.getExpiresAt()),
          .acceptedBy = stringOf(reader.getAcceptedBy()),
          .acceptedAt = timeFromMs(reader.getAcceptedAt())};
}

DraftState stateOf(schema::DraftState::Reader reader, Budget& budget) {
  DraftState state;
  state.title = stringOf(reader.getTitle());
  state.platform = stringOf(reader.getPlatform());
  state.holdLimit = durationOf(reader.getHoldLimitMs());
  state.status = enumOf(reader.getStatus(), DraftStatus::completed);
  state.owner = stringOf(reader.getOwner());
  readRing(reader.getRing(), state.ring, budget);
  state.segmentCount = reader.getSegmentCount();
  state.createdAt = timeFromMs(reader.getCreatedAt());
  state.updatedAt = timeFromMs(reader.getUpdatedAt());
  switch (reader.which()) {
    case schema::DraftState::PRESENT:
      break;
    case schema::DraftState::DELETED_AT:
      state.deletedAt = timeFromMs(reader.getDeletedAt());
      break;
    default:
      throw Malformed{};
  }
  const auto members = reader.getMembers();
  state.members = budget.roomFor<Member>(members.size());
  for (const auto member : members)
    state.members.push_back({stringOf(member.getUser()), roleOf(member.getRole()), timeFromMs(member.getJoinedAt())});
  const auto invites = reader.getInvites();
  require(invites.size() <= kInvitesPerDraft);
  state.invites = budget.roomFor<Invite>(invites.size());
  for (const auto invite : invites) state.invites.push_back(inviteOf(invite));
  return state;
}

// The texts of SnapshotPart.names. Every use of one is a copy, and is paid for.
class Names {
 public:
  Names(capnp::List<capnp::Text>::Reader list, Budget& budget)
      : budget_(budget), texts_(budget.roomFor<std::string_view>(list.size())) {
    for (const auto name : list) {
      require(name.size() > 0);
      texts_.emplace_back(name.begin(), name.size());
    }
  }

  [[nodiscard]] std::string at(std::uint64_t place) const {
    if (place == 0) return {};
    require(place <= texts_.size());
    const std::string_view name = texts_[static_cast<std::size_t>(place - 1)];
    budget_.pay(name.size());
    return std::string(name);
  }

 private:
  Budget& budget_;
  std::vector<std::string_view> texts_;
};

RingPass passOf(schema::Pass::Reader reader, const Names& names) {
  RingPass pass{.from = {},
                .to = names.at(reader.getTo()),
                .epoch = reader.getEpoch(),
                .at = timeFromMs(reader.getAt()),
                .kind = enumOf(reader.getKind(), PassKind::removed)};
  if (reader.getFrom() != 0) pass.from = names.at(reader.getFrom());
  return pass;
}

std::uint64_t valueOf(std::optional<std::uint64_t> number) {
  require(number.has_value());
  return *number;
}

// Takes a SnapshotPart's segments out of its columns, one after the other.
class SegmentRows {
 public:
  explicit SegmentRows(schema::SnapshotPart::Reader part)
      : ids_(viewOf(part.getSegmentIds())),
        texts_(viewOf(part.getTexts())),
        sizes_(viewOf(part.getSizes())),
        authors_(viewOf(part.getAuthors())),
        displays_(viewOf(part.getDisplays())),
        epochs_(viewOf(part.getEpochs())),
        seqs_(viewOf(part.getSeqs())),
        acceptedAts_(viewOf(part.getAcceptedAts())),
        delays_(viewOf(part.getDelays())) {
    require(ids_.size() % sizeof(SegmentId) == 0);
  }

  [[nodiscard]] std::size_t left() const { return ids_.size() / sizeof(SegmentId); }

  [[nodiscard]] Segment next(const Names& names) {
    Segment segment;
    std::ranges::copy(ids_.substr(0, sizeof(SegmentId)), segment.id.bytes.begin());
    ids_.remove_prefix(sizeof(SegmentId));
    segment.content = nextContent();
    segment.author = names.at(valueOf(authors_.next()));
    segment.authorDisplay = names.at(valueOf(displays_.next()));
    segment.epoch = valueOf(epochs_.nextDifference());
    segment.seq = valueOf(seqs_.nextDifference());
    const std::uint64_t acceptedAt = valueOf(acceptedAts_.nextDifference());
    segment.acceptedAt = timeFromMs(static_cast<std::int64_t>(acceptedAt));
    segment.authoredAt = timeFromMs(static_cast<std::int64_t>(acceptedAt - valueOf(delays_.nextSigned())));
    return segment;
  }

  [[nodiscard]] bool areAtEnd() const {
    return ids_.empty() && texts_.empty() && sizes_.atEnd() && authors_.atEnd() && displays_.atEnd() &&
           epochs_.atEnd() && seqs_.atEnd() && acceptedAts_.atEnd() && delays_.atEnd();
  }

 private:
  Content nextContent() {
    Content content;
    const std::uint64_t size = valueOf(sizes_.next());
    if (size == 0) {
      content.erased = true;
      return content;
    }
    require(size - 1 <= texts_.size());
    content.text = texts_.substr(0, static_cast<std::size_t>(size - 1));
    texts_.remove_prefix(content.text.size());
    return content;
  }

  std::string_view ids_, texts_;
  ColumnReader sizes_, authors_, displays_, epochs_, seqs_, acceptedAts_, delays_;
};

std::vector<Segment> segmentsOf(schema::SnapshotPart::Reader part, std::uint32_t position, const Names& names,
                                Budget& budget) {
  SegmentRows rows(part);
  auto segments = budget.roomFor<Segment>(rows.left());
  while (rows.left() > 0) {
    segments.push_back(rows.next(names));
    segments.back().position = position++;
  }
  require(rows.areAtEnd());
  return segments;
}

// --- messages ---------------------------------------------------------------------------------------

Push pushOf(schema::Push::Reader reader, Budget& budget) {
  const auto ops = reader.getOps();
  Push message{.ops = budget.roomFor<Op>(ops.size()), .restart = reader.getRestart()};
  for (const auto op : ops) message.ops.push_back(pushedOpOf(op));
  return message;
}

Fetch fetchOf(schema::Fetch::Reader reader) {
  Fetch message{.draft = idOf<DraftId>(reader.getDraft()),
                .have = positionOf(reader.getHave()),
                .snapshotAt = {},
                .progress = progressOf(reader.getProgress())};
  if (reader.hasSnapshotAt()) message.snapshotAt = positionOf(reader.getSnapshotAt());
  return message;
}

ReplicaMessage messageOf(schema::ReplicaMessage::Reader reader, Budget& budget) {
  using Which = schema::ReplicaMessage::Which;
  switch (reader.which()) {
    case Which::HELLO: {
      const auto own = reader.getHello();
      return Hello{
          .version = own.getVersion(), .token = stringOf(own.getToken()), .device = idOf<DeviceId>(own.getDevice())};
    }
    case Which::REFRESH_TOKEN:
      return RefreshToken{.token = stringOf(reader.getRefreshToken().getToken())};
    case Which::PUSH:
      return pushOf(reader.getPush(), budget);
    case Which::WHAT_CHANGED:
      return WhatChanged{.from = cursorOf(reader.getWhatChanged().getFrom())};
    case Which::FETCH:
      return fetchOf(reader.getFetch());
    case Which::PING:
      return Ping{.id = reader.getPing().getId()};
    case Which::PRESENT: {
      const auto own = reader.getPresent();
      return Present{.draft = idOf<DraftId>(own.getDraft()),
                     .attention = enumOf(own.getAttention(), Attention::typing)};
    }
  }
  throw Malformed{};
}

Welcome welcomeOf(schema::Welcome::Reader reader) {
  require(reader.hasLimits());
  const auto limits = reader.getLimits();
  return {.version = reader.getVersion(),
          .user = stringOf(reader.getUser()),
          .display = stringOf(reader.getDisplay()),
          .limits = {.titleCharacters = limits.getTitleCharacters(),
                     .segmentBytes = limits.getSegmentBytes(),
                     .collaborators = limits.getCollaborators(),
                     .segmentsPerDraft = limits.getSegmentsPerDraft(),
                     .messageBytes = limits.getMessageBytes(),
                     .opsPerPush = limits.getOpsPerPush()},
          .now = timeFromMs(reader.getNow())};
}

Refused refusedOf(schema::Refused::Reader reader) {
  require(reader.hasWhy());
  return {.why = rejectionOf(reader.getWhy()), .retryAfter = durationOf(reader.getRetryAfterMs())};
}

Receipt receiptOf(schema::OpReceipt::Reader reader) {
  switch (reader.which()) {
    case schema::OpReceipt::ACCEPTED: {
      const auto own = reader.getAccepted();
      return Accepted{.seq = own.getSeq(),
                      .acceptedAt = timeFromMs(own.getAcceptedAt()),
                      .rulesVersion = own.getRulesVersion(),
                      .link = digestOf(own.getLink())};
    }
    case schema::OpReceipt::REJECTED:
      require(reader.hasRejected());
      return rejectionOf(reader.getRejected());
  }
  throw Malformed{};
}

Receipts receiptsOf(schema::Receipts::Reader reader, Budget& budget) {
  const auto receipts = reader.getReceipts();
  Receipts message{.receipts = budget.roomFor<OpReceipt>(receipts.size())};
  for (const auto receipt : receipts)
    message.receipts.push_back({idOf<DraftId>(receipt.getDraft()), idOf<OpId>(receipt.getOp()), receiptOf(receipt)});
  return message;
}

Changed changedOf(schema::Changed::Reader reader, Budget& budget) {
  const auto drafts = reader.getDrafts();
  const auto removed = reader.getRemoved();
  Changed message{.from = cursorOf(reader.getFrom()),
                  .drafts = budget.roomFor<DraftPosition>(drafts.size()),
                  .removed = budget.roomFor<DraftId>(removed.size()),
                  .next = cursorOf(reader.getNext()),
                  .more = reader.getMore()};
  for (const auto draft : drafts)
    message.drafts.push_back({idOf<DraftId>(draft.getDraft()), positionOf(draft.getPosition())});
  for (const auto id : removed) message.removed.push_back(idOf<DraftId>(id));
  return message;
}

Entries entriesOf(schema::Entries::Reader reader, Budget& budget) {
  const auto entries = reader.getEntries();
  Entries message{.draft = idOf<DraftId>(reader.getDraft()),
                  .before = positionOf(reader.getBefore()),
                  .entries = budget.roomFor<LogEntry>(entries.size()),
                  .head = positionOf(reader.getHead()),
                  .more = reader.getMore()};
  LogPosition last = message.before;
  for (const auto each : entries) {
    LogEntry& entry = message.entries.emplace_back(entryOf(each));
    require(entry.op.draft == message.draft && entry.seq == last.seq + 1);
    entry.link = nextLink(last.link, entry);
    last = entry.position();
  }
  require(last.link == digestOf(reader.getAfter()));
  return message;
}

SnapshotPart snapshotPartOf(schema::SnapshotPart::Reader reader, Budget& budget) {
  SnapshotPart message{.draft = idOf<DraftId>(reader.getDraft()),
                       .at = positionOf(reader.getAt()),
                       .state = {},
                       .progress = progressOf(reader.getProgress()),
                       .passes = {},
                       .segments = {},
                       .more = reader.getMore()};
  if (reader.hasState()) {
    message.state = stateOf(reader.getState(), budget);
    message.state->id = message.draft;
    message.state->position = message.at;
  }
  const Names names(reader.getNames(), budget);
  const auto passes = reader.getPasses();
  message.passes = budget.roomFor<RingPass>(passes.size());
  for (const auto pass : passes) message.passes.push_back(passOf(pass, names));
  message.segments = segmentsOf(reader, message.progress.segments, names, budget);
  require(std::uint64_t{message.progress.passes} + message.passes.size() <= message.progress.passesEnd);
  require(std::uint64_t{message.progress.segments} + message.segments.size() <= message.progress.segmentsEnd);
  return message;
}

Presence presenceOf(schema::Presence::Reader reader, Budget& budget) {
  const auto people = reader.getPeople();
  Presence message{.draft = idOf<DraftId>(reader.getDraft()), .people = budget.roomFor<Person>(people.size())};
  for (const auto person : people) {
    message.people.push_back({stringOf(person.getUser()), stringOf(person.getDisplay()), person.getTyping()});
  }
  return message;
}

AuthorityMessage messageOf(schema::AuthorityMessage::Reader reader, Budget& budget) {
  using Which = schema::AuthorityMessage::Which;
  switch (reader.which()) {
    case Which::WELCOME:
      return welcomeOf(reader.getWelcome());
    case Which::REFUSED:
      return refusedOf(reader.getRefused());
    case Which::RECEIPTS:
      return receiptsOf(reader.getReceipts(), budget);
    case Which::CHANGED:
      return changedOf(reader.getChanged(), budget);
    case Which::ENTRIES:
      return entriesOf(reader.getEntries(), budget);
    case Which::SNAPSHOT_PART:
      return snapshotPartOf(reader.getSnapshotPart(), budget);
    case Which::GONE:
      return Gone{.draft = idOf<DraftId>(reader.getGone().getDraft())};
    case Which::DIVERGED: {
      const auto own = reader.getDiverged();
      return Diverged{.draft = idOf<DraftId>(own.getDraft()), .head = positionOf(own.getHead())};
    }
    case Which::CATCH_UP:
      return CatchUp{};
    case Which::PONG:
      return Pong{reader.getPong().getId()};
    case Which::PRESENCE:
      return presenceOf(reader.getPresence(), budget);
  }
  throw Malformed{};
}

// --- frames -----------------------------------------------------------------------------------------

std::uint64_t tableNumber(std::string_view bytes, std::uint64_t index) {
  std::uint64_t number = 0;
  for (std::uint64_t i = 0; i < 4; ++i)
    number |= std::uint64_t{static_cast<std::uint8_t>(bytes[static_cast<std::size_t>(4 * index + i)])} << (8 * i);
  return number;
}

// Whether the segment table is whole and its sizes add up to exactly these bytes. Cap'n Proto adds them in
// std::size_t, where they can wrap.
bool isFramed(std::string_view bytes) {
  if (bytes.size() < sizeof(capnp::word)) return false;
  const std::uint64_t segments = tableNumber(bytes, 0) + 1;
  const std::uint64_t tableWords = segments / 2 + 1;
  if (segments > kSegmentsMax || bytes.size() < tableWords * sizeof(capnp::word)) return false;
  std::uint64_t words = tableWords;
  for (std::uint64_t i = 1; i <= segments; ++i) words += tableNumber(bytes, i);
  return words * sizeof(capnp::word) == bytes.size();
}

// The frame's words in place, or in `copy` where they are not aligned for that.
kj::ArrayPtr<const capnp::word> wordsOf(std::string_view bytes, kj::Array<capnp::word>& copy) {
  const std::size_t count = bytes.size() / sizeof(capnp::word);
  if (reinterpret_cast<std::uintptr_t>(bytes.data()) % alignof(capnp::word) == 0)
    return {reinterpret_cast<const capnp::word*>(bytes.data()), count};
  copy = kj::heapArray<capnp::word>(count);
  std::memcpy(copy.begin(), bytes.data(), bytes.size());
  return copy;
}

template <typename Message, typename Root>
std::expected<Message, Rejection> decode(std::string_view bytes, std::size_t bytesMax) {
  if (bytes.size() > bytesMax) return std::unexpected(rejection(ErrorCode::messageTooLarge));
  if (!isFramed(bytes)) return std::unexpected(rejection(ErrorCode::protocolError));
  try {
    kj::Array<capnp::word> copy;
    const auto words = wordsOf(bytes, copy);
    capnp::FlatArrayMessageReader reader(words,
                                         {.traversalLimitInWords = 2 * words.size(), .nestingLimit = kNestingMax});
    Budget budget(bytes.size());
    return messageOf(reader.getRoot<Root>(), budget);
  } catch (const kj::Exception&) {
    return std::unexpected(rejection(ErrorCode::protocolError));
  } catch (const Malformed&) {
    return std::unexpected(rejection(ErrorCode::protocolError));
  }
}

}  // namespace

std::expected<ReplicaMessage, Rejection> decodeReplicaMessage(std::string_view bytes, std::size_t bytesMax) {
  return decode<ReplicaMessage, schema::ReplicaMessage>(bytes, bytesMax);
}

std::expected<AuthorityMessage, Rejection> decodeAuthorityMessage(std::string_view bytes, std::size_t bytesMax) {
  return decode<AuthorityMessage, schema::AuthorityMessage>(bytes, bytesMax);
}

}  // namespace onering
