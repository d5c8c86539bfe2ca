#include <stdexcept>
#include <unordered_map>

#include "onering/domain/canonical.h"
#include "onering/domain/message-size.h"
#include "onering/wire/codec.h"

#include "columns.h"
#include "flat-message.h"
#include "onering.capnp.h"

namespace onering {

namespace {

using wire::ColumnWriter;
using wire::FlatMessage;

// The unions' tags are the variants' indexes.
static_assert(std::variant_size_v<ReplicaMessage> == schema::ReplicaMessage::PRESENT + 1);
static_assert(std::variant_size_v<AuthorityMessage> == schema::AuthorityMessage::PRESENCE + 1);
static_assert(kErrorCodeCount == static_cast<std::size_t>(schema::ErrorCode::INTERNAL) + 1);

void require(bool holds, const char* what) {
  if (!holds) throw std::invalid_argument(what);
}

// --- values that many messages carry ----------------------------------------------------------------

capnp::Text::Reader textOf(const std::string& text) {
  return {text.c_str(), text.size()};
}

// Sets a text of `builder`. An empty one stays a null pointer, which reads the same and takes no room.
template <typename Builder>
void putText(Builder builder, void (Builder::*set)(capnp::Text::Reader), const std::string& text) {
  if (!text.empty()) (builder.*set)(textOf(text));
}

// The most that a text takes besides its bytes.
constexpr std::size_t kTextRoom = sizeof(capnp::word);

template <typename Group, typename IdType>
void putId(Group group, const IdType& id) {
  group.setHi(id.hi());
  group.setLo(id.lo());
}

template <typename Group>
void putSalt(Group group, const Salt& salt) {
  putId(group, Id<struct SaltTag>{salt});
}

std::uint64_t bigEndianWord(const Digest& digest, std::size_t index) {
  std::uint64_t word = 0;
  for (std::size_t i = 8 * index; i < 8 * index + 8; ++i) word = word << 8U | digest[i];
  return word;
}

template <typename Group>
void putDigest(Group group, const Digest& digest) {
  group.setA(bigEndianWord(digest, 0));
  group.setB(bigEndianWord(digest, 1));
  group.setC(bigEndianWord(digest, 2));
  group.setD(bigEndianWord(digest, 3));
}

template <typename Group>
void putPosition(Group group, const LogPosition& position) {
  group.setSeq(position.seq);
  putDigest(group.getLink(), position.link);
}

// Sets a position of `builder`. The one before the first op stays a null pointer.
template <typename Builder>
void putPosition(Builder builder, schema::Position::Builder (Builder::*init)(), const LogPosition& position) {
  if (position != LogPosition{}) putPosition((builder.*init)(), position);
}

void putCursor(schema::Cursor::Builder builder, const ChangeCursor& cursor) {
  builder.setSince(toMs(cursor.since));
  putId(builder.getAfter(), cursor.after);
}

void putProgress(schema::Progress::Builder builder, const SnapshotProgress& progress) {
  builder.setPasses(progress.passes);
  builder.setPassesEnd(progress.passesEnd);
  builder.setSegments(progress.segments);
  builder.setSegmentsEnd(progress.segmentsEnd);
}

void putRejection(schema::Rejection::Builder builder, const Rejection& rejection) {
  builder.setCode(static_cast<schema::ErrorCode>(rejection.code));
  putText(builder, &schema::Rejection::Builder::setMessage, rejection.message);
}

std::uint64_t msOf(Duration duration) {
  return static_cast<std::uint64_t>(duration.count());
}

schema::Role wireRole(Role role) {
  return static_cast<schema::Role>(role);
}

// --- operations -------------------------------------------------------------------------------------

// Writes what is the operation's own. A digest is left out where the text or the token goes along.
struct BodyWriter {
  using Wire = schema::Op;
  Wire::Builder op{nullptr};

  void operator()(const CreateDraft& body) {
    auto own = op.initCreateDraft();
    putText(own, &Wire::CreateDraft::Builder::setTitle, body.title);
    putText(own, &Wire::CreateDraft::Builder::setPlatform, body.platform);
    own.setHoldLimitMs(msOf(body.holdLimit));
  }
  void operator()(const AppendSegment& body) {
    auto own = op.initAppendSegment();
    putId(own.getSegment(), body.segment);
    own.setEpoch(body.epoch);
    if (body.content.erased) putDigest(own.getDigest(), body.content.digest);
  }
  void operator()(const PassRing& body) {
    auto own = op.initPassRing();
    putText(own, &Wire::PassRing::Builder::setTo, body.to);
    own.setEpoch(body.epoch);
  }
  void operator()(const RequestRing& /*body*/) { op.setRequestRing(); }
  void operator()(const CancelRequest& /*body*/) { op.setCancelRequest(); }
  void operator()(const ReclaimRing& body) { op.initReclaimRing().setEpoch(body.epoch); }
  void operator()(const SetTitle& body) {
    auto own = op.initSetTitle();
    putText(own, &Wire::SetTitle::Builder::setTitle, body.title);
    putText(own, &Wire::SetTitle::Builder::setExpect, body.expect);
  }
  void operator()(const Lock& /*body*/) { op.setLock(); }
  void operator()(const Unlock& /*body*/) { op.setUnlock(); }
  void operator()(const Complete& /*body*/) { op.setComplete(); }
  void operator()(const AddCollaborator& body) {
    auto own = op.initAddCollaborator();
    putText(own, &Wire::AddCollaborator::Builder::setUser, body.user);
    own.setRole(wireRole(body.role));
  }
  void operator()(const SetRole& body) {
    auto own = op.initSetRole();
    putText(own, &Wire::SetRole::Builder::setUser, body.user);
    own.setRole(wireRole(body.role));
  }
  void operator()(const RemoveCollaborator& body) {
    auto own = op.initRemoveCollaborator();
    putText(own, &Wire::RemoveCollaborator::Builder::setUser, body.user);
  }
  void operator()(const DeleteDraft& /*body*/) { op.setDeleteDraft(); }
  void operator()(const RestoreDraft& /*body*/) { op.setRestoreDraft(); }
  void operator()(const RedactSegment& body) { putId(op.initRedactSegment().getSegment(), body.segment); }
  void operator()(const CreateInvite& body) {
    auto own = op.initCreateInvite();
    putId(own.getInvite(), body.invite);
    putDigest(own.getTokenHash(), body.tokenHash);
    own.setLifetimeMs(static_cast<std::uint32_t>(body.lifetime.count()));
    own.setRole(wireRole(body.role));
    putText(own, &Wire::CreateInvite::Builder::setUser, body.user);
  }
  void operator()(const RevokeInvite& body) { putId(op.initRevokeInvite().getInvite(), body.invite); }
  void operator()(const AcceptInvite& body) {
    auto own = op.initAcceptInvite();
    putId(own.getInvite(), body.invite);
    if (!body.token) putDigest(own.getTokenHash(), body.tokenHash);
  }
};

void putOp(schema::Op::Builder builder, const Op& op, const Stamp& stamp) {
  builder.setSeq(stamp.seq);
  builder.setAcceptedAt(toMs(stamp.acceptedAt));
  builder.setRulesVersion(stamp.rulesVersion);
  builder.setAuthoredAt(toMs(op.authoredAt));
  putId(builder.getId(), op.id);
  putId(builder.getDraft(), op.draft);
  putId(builder.getDevice(), op.device);
  putText(builder, &schema::Op::Builder::setActor, op.actor);
  std::visit(BodyWriter{builder}, op.body);
}

// The op and, beside it, a segment's text and salt, or an invite's token: what PushedOp and Entry have in common.
template <typename Carrier>
void putCarried(Carrier builder, const Op& op, const Stamp& stamp) {
  putOp(builder.initOp(), op, stamp);
  const auto* append = std::get_if<AppendSegment>(&op.body);
  if (append != nullptr && !append->content.erased) {
    putText(builder, &Carrier::setText, append->content.text);
    putSalt(builder.getSalt(), append->content.salt);
  }
  const auto* accepting = std::get_if<AcceptInvite>(&op.body);
  if (accepting != nullptr && accepting->token) putSalt(builder.getSalt(), *accepting->token);
}

void putEntry(schema::Entry::Builder builder, const LogEntry& entry) {
  putCarried(builder, entry.op, stampOf(entry));
  const auto* append = std::get_if<AppendSegment>(&entry.op.body);
  builder.setErased(append != nullptr && append->content.erased);
  putText(builder, &schema::Entry::Builder::setActorDisplay, entry.actorDisplay);
}

// --- snapshots --------------------------------------------------------------------------------------

void putInvite(schema::Invite::Builder builder, const Invite& invite) {
  putId(builder.getId(), invite.id);
  putDigest(builder.getTokenHash(), invite.tokenHash);
  builder.setRole(wireRole(invite.role));
  putText(builder, &schema::Invite::Builder::setCreatedBy, invite.createdBy);
  putText(builder, &schema::Invite::Builder::setUser, invite.user);
  builder.setCreatedAt(toMs(invite.createdAt));
  builder.setExpiresAt(toMs(invite.expiresAt));
  putText(builder, &schema::Invite::Builder::setAcceptedBy, invite.acceptedBy);
  builder.setAcceptedAt(toMs(invite.acceptedAt));
}

void putState(schema::DraftState::Builder builder, const DraftState& state) {
  using Builder = schema::DraftState::Builder;
  putText(builder, &Builder::setTitle, state.title);
  putText(builder, &Builder::setPlatform, state.platform);
  builder.setHoldLimitMs(msOf(state.holdLimit));
  builder.setStatus(static_cast<schema::DraftStatus>(state.status));
  putText(builder, &Builder::setOwner, state.owner);
  builder.setSegmentCount(state.segmentCount);
  builder.setCreatedAt(toMs(state.createdAt));
  builder.setUpdatedAt(toMs(state.updatedAt));
  if (state.deletedAt) builder.setDeletedAt(toMs(*state.deletedAt));

  auto ring = builder.getRing();
  putText(ring, &schema::DraftState::Ring::Builder::setHolder, state.ring.holder);
  ring.setEpoch(state.ring.epoch);
  ring.setSince(toMs(state.ring.since));
  auto requests = ring.initRequests(static_cast<capnp::uint>(state.ring.requests.size()));
  for (capnp::uint i = 0; i < requests.size(); ++i) {
    putText(requests[i], &schema::RingRequest::Builder::setUser, state.ring.requests[i].user);
    requests[i].setAt(toMs(state.ring.requests[i].at));
  }

  auto members = builder.initMembers(static_cast<capnp::uint>(state.members.size()));
  for (capnp::uint i = 0; i < members.size(); ++i) {
    putText(members[i], &schema::Member::Builder::setUser, state.members[i].user);
    members[i].setRole(wireRole(state.members[i].role));
    members[i].setJoinedAt(toMs(state.members[i].joinedAt));
  }

  auto invites = builder.initInvites(static_cast<capnp::uint>(state.invites.size()));
  for (capnp::uint i = 0; i < invites.size(); ++i) putInvite(invites[i], state.invites[i]);
}

// The texts of SnapshotPart.names. Views of the message's own strings, which outlive it.
class Names {
 public:
  // The place of `name` in the list, counted from 1; zero for an empty one.
  std::uint32_t placeOf(const std::string& name) {
    if (name.empty()) return 0;
    const auto [found, isNew] = places_.try_emplace(name, static_cast<std::uint32_t>(list_.size() + 1));
    if (isNew) list_.push_back(&name);
    return found->second;
  }

  [[nodiscard]] const std::vector<const std::string*>& list() const { return list_; }

 private:
  std::unordered_map<std::string_view, std::uint32_t> places_;  // looked up, never walked through
  std::vector<const std::string*> list_;
};

// A SnapshotPart's segments by column.
struct SegmentColumns {
  ColumnWriter sizes, authors, displays, epochs, seqs, acceptedAts, delays;
  std::size_t textBytes = 0;

  void add(const Segment& segment, Names& names) {
    const Content& content = segment.content;
    sizes.add(content.erased ? 0 : content.text.size() + 1);
    textBytes += content.text.size();
    authors.add(names.placeOf(segment.author));
    displays.add(names.placeOf(segment.authorDisplay));
    epochs.addDifference(segment.epoch);
    seqs.addDifference(segment.seq);
    const auto acceptedAt = static_cast<std::uint64_t>(toMs(segment.acceptedAt));
    acceptedAts.addDifference(acceptedAt);
    delays.addSigned(acceptedAt - static_cast<std::uint64_t>(toMs(segment.authoredAt)));
  }

  [[nodiscard]] std::size_t bytes() const {
    std::size_t sum = textBytes;
    for (const ColumnWriter* column : {&sizes, &authors, &displays, &epochs, &seqs, &acceptedAts, &delays})
      sum += column->bytes().size();
    return sum;
  }
};

capnp::Data::Reader dataOf(const ColumnWriter& column) {
  return {reinterpret_cast<const kj::byte*>(column.bytes().data()), column.bytes().size()};
}

void putSegments(schema::SnapshotPart::Builder builder, const std::vector<Segment>& segments,
                 const SegmentColumns& columns) {
  auto ids = builder.initSegmentIds(static_cast<capnp::uint>(segments.size() * sizeof(SegmentId)));
  auto texts = builder.initTexts(static_cast<capnp::uint>(columns.textBytes));
  kj::byte* id = ids.begin();
  kj::byte* text = texts.begin();
  for (const Segment& segment : segments) {
    id = std::ranges::copy(segment.id.bytes, id).out;
    text = std::ranges::copy(asBytes(segment.content.text), text).out;
  }
  builder.setSizes(dataOf(columns.sizes));
  builder.setAuthors(dataOf(columns.authors));
  builder.setDisplays(dataOf(columns.displays));
  builder.setEpochs(dataOf(columns.epochs));
  builder.setSeqs(dataOf(columns.seqs));
  builder.setAcceptedAts(dataOf(columns.acceptedAts));
  builder.setDelays(dataOf(columns.delays));
}

void putPass(schema::Pass::Builder builder, const RingPass& pass, Names& names) {
  builder.setEpoch(pass.epoch);
  builder.setAt(toMs(pass.at));
  builder.setFrom(pass.from ? names.placeOf(*pass.from) : 0);
  builder.setTo(names.placeOf(pass.to));
  builder.setKind(static_cast<schema::PassKind>(pass.kind));
}

void checkPart(const SnapshotPart& part) {
  if (part.state) {
    require(part.state->id == part.draft, "a snapshot's state is of another draft");
    require(part.state->position == part.at, "a snapshot's state is of another position");
  }
  std::uint32_t position = part.progress.segments;
  for (const Segment& segment : part.segments) {
    require(segment.position == position++, "a snapshot's segments do not follow its progress");
    require(!segment.content.erased || segment.content.text.empty(), "a redacted segment has text");
  }
}

// --- messages ---------------------------------------------------------------------------------------

template <typename Values>
std::size_t sizeMaxOf(const Values& values) {
  std::size_t sum = 0;
  for (const auto& value : values) sum += wireSizeMax(value);
  return sum;
}

template <typename Values>
capnp::uint countOf(const Values& values) {
  return static_cast<capnp::uint>(values.size());
}

std::string encoded(const Hello& message) {
  FlatMessage flat(kMessageOverhead + message.token.size() + kTextRoom);
  auto builder = flat.initRoot<schema::ReplicaMessage>().initHello();
  builder.setVersion(message.version);
  putText(builder, &schema::Hello::Builder::setToken, message.token);
  putId(builder.getDevice(), message.device);
  return flat.finish();
}

std::string encoded(const RefreshToken& message) {
  FlatMessage flat(kMessageOverhead + message.token.size() + kTextRoom);
  auto builder = flat.initRoot<schema::ReplicaMessage>().initRefreshToken();
  putText(builder, &schema::RefreshToken::Builder::setToken, message.token);
  return flat.finish();
}

std::string encoded(const Push& message) {
  FlatMessage flat(kMessageOverhead + sizeMaxOf(message.ops));
  auto builder = flat.initRoot<schema::ReplicaMessage>().initPush();
  auto ops = builder.initOps(countOf(message.ops));
  for (capnp::uint i = 0; i < ops.size(); ++i) putCarried(ops[i], message.ops[i], {});
  builder.setRestart(message.restart);
  return flat.finish();
}

std::string encoded(const WhatChanged& message) {
  FlatMessage flat(kMessageOverhead);
  putCursor(flat.initRoot<schema::ReplicaMessage>().initWhatChanged().initFrom(), message.from);
  return flat.finish();
}

std::string encoded(const Fetch& message) {
  FlatMessage flat(kMessageOverhead);
  auto builder = flat.initRoot<schema::ReplicaMessage>().initFetch();
  putId(builder.getDraft(), message.draft);
  putPosition(builder, &schema::Fetch::Builder::initHave, message.have);
  if (message.snapshotAt) putPosition(builder.initSnapshotAt(), *message.snapshotAt);
  putProgress(builder.initProgress(), message.progress);
  return flat.finish();
}

std::string encoded(const Ping& message) {
  FlatMessage flat(kMessageOverhead);
  flat.initRoot<schema::ReplicaMessage>().initPing().setId(message.id);
  return flat.finish();
}

std::string encoded(const Present& message) {
  FlatMessage flat(kMessageOverhead);
  auto builder = flat.initRoot<schema::ReplicaMessage>().initPresent();
  putId(builder.getDraft(), message.draft);
  builder.setAttention(static_cast<schema::Attention>(message.attention));
  return flat.finish();
}

std::string encoded(const Welcome& message) {
  FlatMessage flat(kMessageOverhead + message.user.size() + message.display.size() + 2 * kTextRoom);
  auto builder = flat.initRoot<schema::AuthorityMessage>().initWelcome();
  builder.setVersion(message.version);
  putText(builder, &schema::Welcome::Builder::setUser, message.user);
  putText(builder, &schema::Welcome::Builder::setDisplay, message.display);
  builder.setNow(toMs(message.now));
  auto limits = builder.initLimits();
  limits.setTitleCharacters(message.limits.titleCharacters);
  limits.setSegmentBytes(message.limits.segmentBytes);
  limits.setCollaborators(message.limits.collaborators);
  limits.setSegmentsPerDraft(message.limits.segmentsPerDraft);
  limits.setMessageBytes(message.limits.messageBytes);
  limits.setOpsPerPush(message.limits.opsPerPush);
  return flat.finish();
}

std::string encoded(const Refused& message) {
  FlatMessage flat(kMessageOverhead + message.why.message.size() + kTextRoom);
  auto builder = flat.initRoot<schema::AuthorityMessage>().initRefused();
  putRejection(builder.initWhy(), message.why);
  builder.setRetryAfterMs(msOf(message.retryAfter));
  return flat.finish();
}

void putReceipt(schema::OpReceipt::Builder builder, const OpReceipt& receipt) {
  putId(builder.getDraft(), receipt.draft);
  putId(builder.getOp(), receipt.op);
  if (const auto* rejected = std::get_if<Rejection>(&receipt.receipt)) {
    putRejection(builder.initRejected(), *rejected);
    return;
  }
  const auto& accepted = std::get<Accepted>(receipt.receipt);
  auto own = builder.initAccepted();
  own.setSeq(accepted.seq);
  own.setAcceptedAt(toMs(accepted.acceptedAt));
  own.setRulesVersion(accepted.rulesVersion);
  putDigest(own.getLink(), accepted.link);
}

std::string encoded(const Receipts& message) {
  FlatMessage flat(kMessageOverhead + sizeMaxOf(message.receipts));
  auto builder = flat.initRoot<schema::AuthorityMessage>().initReceipts();
  auto receipts = builder.initReceipts(countOf(message.receipts));
  for (capnp::uint i = 0; i < receipts.size(); ++i) putReceipt(receipts[i], message.receipts[i]);
  return flat.finish();
}

std::string encoded(const Changed& message) {
  FlatMessage flat(kMessageOverhead + sizeMaxOf(message.drafts) + sizeMaxOf(message.removed));
  auto builder = flat.initRoot<schema::AuthorityMessage>().initChanged();
  auto drafts = builder.initDrafts(countOf(message.drafts));
  for (capnp::uint i = 0; i < drafts.size(); ++i) {
    putId(drafts[i].getDraft(), message.drafts[i].draft);
    putPosition(drafts[i].getPosition(), message.drafts[i].position);
  }
  auto removed = builder.initRemoved(countOf(message.removed));
  for (capnp::uint i = 0; i < removed.size(); ++i) putId(removed[i], message.removed[i]);
  putCursor(builder.initNext(), message.next);
  putCursor(builder.initFrom(), message.from);
  builder.setMore(message.more);
  return flat.finish();
}

void checkEntries(const Entries& message) {
  Seq seq = message.before.seq;
  for (const LogEntry& entry : message.entries) {
    require(entry.seq == ++seq, "entries do not follow the position before them");
    require(entry.op.draft == message.draft, "an entry is of another draft");
  }
}

std::string encoded(const Entries& message) {
  checkEntries(message);
  FlatMessage flat(kMessageOverhead + sizeMaxOf(message.entries));
  auto builder = flat.initRoot<schema::AuthorityMessage>().initEntries();
  putId(builder.getDraft(), message.draft);
  putPosition(builder, &schema::Entries::Builder::initBefore, message.before);
  auto entries = builder.initEntries(countOf(message.entries));
  for (capnp::uint i = 0; i < entries.size(); ++i) putEntry(entries[i], message.entries[i]);
  putDigest(builder.getAfter(), message.entries.empty() ? message.before.link : message.entries.back().link);
  putPosition(builder, &schema::Entries::Builder::initHead, message.head);
  builder.setMore(message.more);
  return flat.finish();
}

// Everything that refers to names, written before it is known how many there are.
struct PartRows {
  explicit PartRows(const SnapshotPart& part) {
    for (const RingPass& pass : part.passes) {
      names.placeOf(pass.to);
      if (pass.from) names.placeOf(*pass.from);
    }
    for (const Segment& segment : part.segments) columns.add(segment, names);
  }

  Names names;
  SegmentColumns columns;
};

std::size_t sizeMaxOf(const SnapshotPart& part, const PartRows& rows) {
  std::size_t sum = kMessageOverhead + rows.columns.bytes() + part.segments.size() * sizeof(SegmentId) +
                    part.passes.size() * capnp::_::structSize<schema::Pass>().total() * sizeof(capnp::word);
  for (const std::string* name : rows.names.list()) sum += name->size() + kTextRoom + sizeof(capnp::word);
  return part.state ? sum + wireSizeMax(*part.state) : sum;
}

std::string encoded(const SnapshotPart& message) {
  checkPart(message);
  PartRows rows(message);
  FlatMessage flat(sizeMaxOf(message, rows));
  auto builder = flat.initRoot<schema::AuthorityMessage>().initSnapshotPart();
  putId(builder.getDraft(), message.draft);
  putPosition(builder, &schema::SnapshotPart::Builder::initAt, message.at);
  if (message.state) putState(builder.initState(), *message.state);
  putProgress(builder.initProgress(), message.progress);
  builder.setMore(message.more);

  auto names = builder.initNames(countOf(rows.names.list()));
  for (capnp::uint i = 0; i < names.size(); ++i) names.set(i, textOf(*rows.names.list()[i]));
  auto passes = builder.initPasses(countOf(message.passes));
  for (capnp::uint i = 0; i < passes.size(); ++i) putPass(passes[i], message.passes[i], rows.names);
  putSegments(builder, message.segments, rows.columns);
  return flat.finish();
}

std::string encoded(const Gone& message) {
  FlatMessage flat(kMessageOverhead);
  putId(flat.initRoot<schema::AuthorityMessage>().initGone().getDraft(), message.draft);
  return flat.finish();
}

std::string encoded(const Diverged& message) {
  FlatMessage flat(kMessageOverhead);
  auto builder = flat.initRoot<schema::AuthorityMessage>().initDiverged();
  putId(builder.getDraft(), message.draft);
  putPosition(builder, &schema::Diverged::Builder::initHead, message.head);
  return flat.finish();
}

std::string encoded(const CatchUp& /*message*/) {
  FlatMessage flat(kMessageOverhead);
  flat.initRoot<schema::AuthorityMessage>().setCatchUp();
  return flat.finish();
}

std::string encoded(const Pong& message) {
  FlatMessage flat(kMessageOverhead);
  flat.initRoot<schema::AuthorityMessage>().initPong().setId(message.id);
  return flat.finish();
}

std::string encoded(const Presence& message) {
  FlatMessage flat(kMessageOverhead + sizeMaxOf(message.people));
  auto builder = flat.initRoot<schema::AuthorityMessage>().initPresence();
  putId(builder.getDraft(), message.draft);
  auto people = builder.initPeople(countOf(message.people));
  for (capnp::uint i = 0; i < people.size(); ++i) {
    putText(people[i], &schema::Person::Builder::setUser, message.people[i].user);
    putText(people[i], &schema::Person::Builder::setDisplay, message.people[i].display);
    people[i].setTyping(message.people[i].isTyping);
  }
  return flat.finish();
}

}  // namespace

std::string encode(const ReplicaMessage& message) {
  return std::visit([](const auto& which) { return encoded(which); }, message);
}

std::string encode(const AuthorityMessage& message) {
  return std::visit([](const auto& which) { return encoded(which); }, message);
}

}  // namespace onering
