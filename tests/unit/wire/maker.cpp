#include "maker.h"

#include <array>

#include "onering/domain/canonical.h"

namespace onering::testing {

namespace {

template <typename Variant, std::size_t... I>
Variant alternative(std::size_t kind, std::index_sequence<I...> /*alternatives*/) {
  Variant value;
  (void)((kind == I ? (value.template emplace<I>(), true) : false) || ...);
  return value;
}

template <typename Variant>
Variant alternative(std::size_t kind) {
  return alternative<Variant>(kind, std::make_index_sequence<std::variant_size_v<Variant>>());
}

struct BodyFiller {
  Maker& make;

  void operator()(CreateDraft& body) const {
    body = {make.text(), make.text(), Duration{static_cast<std::int64_t>(make.magnitude())}};
  }
  void operator()(AppendSegment& body) const {
    body = {make.id<SegmentId>(), make.magnitude(), sealContent(make.text(300), make.salt())};
  }
  void operator()(PassRing& body) const { body = {make.text(), make.magnitude()}; }
  void operator()(ReclaimRing& body) const { body = {make.magnitude()}; }
  void operator()(SetTitle& body) const { body = {make.text(), make.text()}; }
  void operator()(AddCollaborator& body) const { body = {make.text(), static_cast<Role>(make.below(3))}; }
  void operator()(SetRole& body) const { body = {make.text(), static_cast<Role>(make.below(3))}; }
  void operator()(RemoveCollaborator& body) const { body = {make.text()}; }
  void operator()(RedactSegment& body) const { body = {make.id<SegmentId>()}; }
  void operator()(CreateInvite& body) const {
    body = {make.id<InviteId>(), make.digest(), static_cast<Role>(make.below(3)), make.text(),
            Duration{static_cast<std::uint32_t>(make.magnitude())}};
  }
  void operator()(RevokeInvite& body) const { body = {make.id<InviteId>()}; }
  void operator()(AcceptInvite& body) const {
    body = {make.id<InviteId>(), {}, make.salt()};
    body.tokenHash = tokenHash(*body.token);
  }
  template <typename Empty>
  void operator()(Empty& /*body*/) const {}
};

}  // namespace

// SplitMix64 (Steele, Lea, Flood 2014).
std::uint64_t Maker::number() {
  std::uint64_t mixed = state_ += 0x9E37'79B9'7F4A'7C15U;
  mixed = (mixed ^ mixed >> 30U) * 0xBF58'476D'1CE4'E5B9U;
  mixed = (mixed ^ mixed >> 27U) * 0x94D0'49BB'1331'11EBU;
  return mixed ^ mixed >> 31U;
}

std::uint64_t Maker::magnitude() {
  if (below(4) == 0) return coin() ? 0 : ~std::uint64_t{0};
  return number() >> below(64);
}

std::string Maker::text(std::size_t bytesMax) {
  constexpr std::array<std::string_view, 6> kPieces{"a", "é", "字", "😀", "\n", "\x7F"};
  const std::size_t size = coin() ? below(3) * 8 + below(3) : below(bytesMax + 1);
  std::string text;
  while (text.size() < size) {
    const std::string_view piece = kPieces[below(kPieces.size())];
    text += text.size() + piece.size() <= size ? piece : std::string_view("b");
  }
  return text;
}

Digest Maker::digest() {
  Digest digest;
  for (auto& byte : digest) byte = static_cast<std::uint8_t>(number());
  return digest;
}

Salt Maker::salt() {
  return id<OpId>().bytes;
}

SnapshotProgress Maker::progress() {
  const auto u32 = [this] { return static_cast<std::uint32_t>(magnitude()); };
  return {u32(), u32(), u32(), u32()};
}

OpBody Maker::body(std::size_t kind) {
  auto body = alternative<OpBody>(kind);
  std::visit(BodyFiller{*this}, body);
  return body;
}

Op Maker::op(std::size_t kind) {
  return {.id = id<OpId>(),
          .draft = id<DraftId>(),
          .actor = text(),
          .device = id<DeviceId>(),
          .authoredAt = time(),
          .body = body(kind)};
}

Segment Maker::segment() {
  Segment segment{.id = id<SegmentId>(),
                  .position = 0,
                  .author = text(),
                  .authorDisplay = text(),
                  .epoch = magnitude(),
                  .seq = magnitude(),
                  .authoredAt = time(),
                  .acceptedAt = time(),
                  .content = {}};
  if (below(4) == 0)
    segment.content.erased = true;
  else
    segment.content.text = text(300);
  return segment;
}

RingPass Maker::pass() {
  RingPass pass{.from = {}, .to = text(), .epoch = magnitude(), .at = time(), .kind = static_cast<PassKind>(below(4))};
  if (coin()) pass.from = "from " + text();  // nobody and an empty name are the same on the wire
  return pass;
}

DraftState Maker::state() {
  DraftState state;
  state.title = text();
  state.platform = text();
  state.holdLimit = Duration{static_cast<std::int64_t>(magnitude())};
  state.status = static_cast<DraftStatus>(below(3));
  state.owner = text();
  state.ring = {.holder = text(), .epoch = magnitude(), .since = time(), .requests = {}};
  for (auto left = count(); left > 0; --left) state.ring.requests.push_back({text(), time()});
  state.segmentCount = static_cast<std::uint32_t>(number());
  state.createdAt = time();
  state.updatedAt = time();
  if (coin()) state.deletedAt = time();
  for (auto left = count(); left > 0; --left) state.members.push_back({text(), role(), time()});
  for (auto left = count(); left > 0; --left) {
    state.invites.push_back({id<InviteId>(), digest(), role(), text(), text(), time(), time(), text(), time()});
  }
  return state;
}

Rejection Maker::anyRejection() {
  return {static_cast<ErrorCode>(below(kErrorCodeCount)), text(200)};
}

OpReceipt Maker::receipt() {
  OpReceipt receipt{.draft = id<DraftId>(), .op = id<OpId>(), .receipt = {}};
  if (coin())
    receipt.receipt = anyRejection();
  else
    receipt.receipt = Accepted{magnitude(), time(), static_cast<std::uint16_t>(number()), digest()};
  return receipt;
}

Changed Maker::changed() {
  Changed changed{.from = cursor(), .drafts = {}, .removed = {}, .next = cursor(), .more = coin()};
  for (auto left = count(); left > 0; --left) changed.drafts.push_back({id<DraftId>(), position()});
  for (auto left = count(); left > 0; --left) changed.removed.push_back(id<DraftId>());
  return changed;
}

Entries Maker::entries() {
  Entries made{.draft = id<DraftId>(), .before = position(), .entries = {}, .head = position(), .more = coin()};
  LogPosition last = made.before;
  for (auto left = count(); left > 0; --left) {
    LogEntry entry{.op = op(),
                   .seq = last.seq + 1,
                   .acceptedAt = time(),
                   .rulesVersion = static_cast<std::uint16_t>(number()),
                   .actorDisplay = text(),
                   .link = {}};
    entry.op.draft = made.draft;
    if (auto* append = std::get_if<AppendSegment>(&entry.op.body); append != nullptr && below(4) == 0)
      append->content = erasedContent(append->content.digest);
    forgetToken(entry.op);
    entry.link = nextLink(last.link, entry);
    last = entry.position();
    made.entries.push_back(std::move(entry));
  }
  return made;
}

SnapshotPart Maker::part() {
  SnapshotPart part{.draft = id<DraftId>(),
                    .at = position(),
                    .state = {},
                    .progress = {.passes = count(), .passesEnd = 0, .segments = count(), .segmentsEnd = 0},
                    .passes = {},
                    .segments = {},
                    .more = coin()};
  if (coin()) {
    part.state = state();
    part.state->id = part.draft;
    part.state->position = part.at;
  }
  for (auto left = count(); left > 0; --left) part.passes.push_back(pass());
  for (auto left = 2 * count(); left > 0; --left) {
    part.segments.push_back(segment());
    part.segments.back().position = part.progress.segments + static_cast<std::uint32_t>(part.segments.size()) - 1;
    if (part.segments.size() > 1 && coin()) part.segments.back().author = part.segments.front().author;
  }
  part.progress.passesEnd = part.progress.passes + static_cast<std::uint32_t>(part.passes.size()) + count();
  part.progress.segmentsEnd = part.progress.segments + static_cast<std::uint32_t>(part.segments.size()) + count();
  return part;
}

ReplicaMessage Maker::replicaMessage(std::size_t kind) {
  auto message = alternative<ReplicaMessage>(kind);
  if (auto* hello = std::get_if<Hello>(&message)) {
    *hello = {static_cast<std::uint16_t>(number()), text(500), id<DeviceId>()};
  } else if (auto* refresh = std::get_if<RefreshToken>(&message)) {
    refresh->token = text(500);
  } else if (auto* push = std::get_if<Push>(&message)) {
    push->restart = coin();
    for (auto left = count(); left > 0; --left) push->ops.push_back(op());
  } else if (auto* asks = std::get_if<WhatChanged>(&message)) {
    asks->from = cursor();
  } else if (auto* fetch = std::get_if<Fetch>(&message)) {
    *fetch = {.draft = id<DraftId>(), .have = position(), .snapshotAt = {}, .progress = progress()};
    if (coin()) fetch->snapshotAt = position();
  } else if (auto* ping = std::get_if<Ping>(&message)) {
    ping->id = magnitude();
  } else if (auto* present = std::get_if<Present>(&message)) {
    *present = {id<DraftId>(), static_cast<Attention>(below(3))};
  }
  return message;
}

AuthorityMessage Maker::authorityMessage(std::size_t kind) {
  auto message = alternative<AuthorityMessage>(kind);
  const auto u32 = [this] { return static_cast<std::uint32_t>(magnitude()); };
  if (auto* welcome = std::get_if<Welcome>(&message)) {
    *welcome = {.version = static_cast<std::uint16_t>(number()),
                .user = text(),
                .display = text(),
                .limits = {u32(), u32(), u32(), u32(), u32(), u32()},
                .now = time()};
  } else if (auto* refused = std::get_if<Refused>(&message)) {
    *refused = {anyRejection(), Duration{static_cast<std::int64_t>(magnitude())}};
  } else if (auto* receipts = std::get_if<Receipts>(&message)) {
    for (auto left = count(); left > 0; --left) receipts->receipts.push_back(receipt());
  } else if (std::holds_alternative<Changed>(message)) {
    message = changed();
  } else if (std::holds_alternative<Entries>(message)) {
    message = entries();
  } else if (std::holds_alternative<SnapshotPart>(message)) {
    message = part();
  } else if (auto* gone = std::get_if<Gone>(&message)) {
    gone->draft = id<DraftId>();
  } else if (auto* diverged = std::get_if<Diverged>(&message)) {
    *diverged = {id<DraftId>(), position()};
  } else if (auto* pong = std::get_if<Pong>(&message)) {
    *pong = {magnitude()};
  } else if (auto* presence = std::get_if<Presence>(&message)) {
    presence->draft = id<DraftId>();
    for (auto left = count(); left > 0; --left) presence->people.push_back({text(), text(), coin()});
  }
  return message;
}

LogEntry entryOf(Op op, Seq seq) {
  LogEntry entry;
  entry.op = std::move(op);
  entry.seq = seq;
  return entry;
}

Segment segmentOf(std::uint32_t position, std::string author, std::string text) {
  Segment segment;
  segment.position = position;
  segment.author = std::move(author);
  segment.content.text = std::move(text);
  return segment;
}

SnapshotPart partOf(std::vector<Segment> segments) {
  SnapshotPart part;
  part.progress.segments = segments.empty() ? 0 : segments.front().position;
  part.progress.segmentsEnd = part.progress.segments + static_cast<std::uint32_t>(segments.size());
  part.segments = std::move(segments);
  return part;
}

}  // namespace onering::testing
