// Messages that Cap'n Proto finds nothing wrong with, or hardly anything, made to mislead or to exhaust.
#include <bit>
#include <functional>

#include <capnp/any.h>
#include <catch2/catch_test_macros.hpp>

#include "onering/wire/codec.h"

#include "columns.h"
#include "frame.h"
#include "maker.h"
#include "wire-op.h"

namespace onering {
namespace {

using testing::Elements;
using testing::frame;
using testing::Maker;

constexpr std::size_t kPlenty = 4U << 20U;

bool isRefused(const std::string& bytes) {
  const auto fromReplica = decodeReplicaMessage(bytes, kPlenty);
  const auto fromAuthority = decodeAuthorityMessage(bytes, kPlenty);
  return !fromReplica && fromReplica.error().code == ErrorCode::protocolError && !fromAuthority &&
         fromAuthority.error().code == ErrorCode::protocolError;
}

bool replicaIsRefused(const std::string& bytes) {
  const auto heard = decodeReplicaMessage(bytes, kPlenty);
  return !heard && heard.error().code == ErrorCode::protocolError;
}

bool authorityIsRefused(const std::string& bytes) {
  const auto heard = decodeAuthorityMessage(bytes, kPlenty);
  return !heard && heard.error().code == ErrorCode::protocolError;
}

// --- pushed ops -------------------------------------------------------------------------------------

using Forge = std::function<void(schema::PushedOp::Builder)>;

// A push of one appendSegment, which `forge` may spoil.
std::string pushOf(const Forge& forge, const OpBody& body = AppendSegment{}) {
  capnp::MallocMessageBuilder message;
  auto pushed = message.initRoot<schema::ReplicaMessage>().initPush().initOps(1)[0];
  Op op;
  op.body = body;
  testing::fill(pushed.initOp(), op, {});
  forge(pushed);
  return frame(message);
}

// An enumerator that the schema does not have.
template <typename Enum>
Enum unknown(std::size_t number) {
  return std::bit_cast<Enum>(static_cast<std::uint16_t>(number));
}

// Sets the union's tag, which the builder only lets be what the schema knows. `at`: in 16-bit units.
template <typename Builder>
void setTag(Builder builder, std::size_t at, std::uint16_t tag) {
  auto data = capnp::AnyStruct::Builder(capnp::toAny(builder)).getDataSection();
  data[2 * at] = static_cast<kj::byte>(tag);
  data[2 * at + 1] = static_cast<kj::byte>(tag >> 8U);
}

TEST_CASE("a pushed op is taken in one form only", "[wire]") {
  using Pushed = schema::PushedOp::Builder;
  REQUIRE_FALSE(replicaIsRefused(pushOf([](Pushed) {})));
  REQUIRE_FALSE(replicaIsRefused(pushOf([](Pushed op) { op.setText("text"); })));
  REQUIRE_FALSE(replicaIsRefused(pushOf([](Pushed) {}, Lock{})));

  CHECK(replicaIsRefused(pushOf([](Pushed op) { op.disownOp(); })));
  CHECK(replicaIsRefused(pushOf([](Pushed op) { op.getOp().setSeq(1); })));
  CHECK(replicaIsRefused(pushOf([](Pushed op) { op.getOp().setAcceptedAt(1); })));
  CHECK(replicaIsRefused(pushOf([](Pushed op) { op.getOp().setRulesVersion(1); })));
  CHECK(replicaIsRefused(pushOf([](Pushed op) { op.getOp().getAppendSegment().getDigest().setD(1); })));
  CHECK(replicaIsRefused(pushOf([](Pushed op) { op.setText("text"); }, Lock{})));
  CHECK(replicaIsRefused(pushOf([](Pushed op) { op.getSalt().setLo(1); }, Lock{})));
}

TEST_CASE("§11 whoever knows a token's hash from the log, and not the token, is refused", "[wire]") {
  const InviteToken token{1, 2, 3};
  const auto acceptance = [&](std::optional<InviteToken> beside) {
    Op op;
    op.body = AcceptInvite{.invite = {}, .tokenHash = tokenHash(token), .token = beside};
    return op;
  };
  const auto heard = decodeReplicaMessage(encode(Push{.ops = {acceptance(token)}}), kPlenty);
  REQUIRE(heard);
  CHECK(std::get<Push>(*heard).ops.at(0) == acceptance(token));
  CHECK(replicaIsRefused(encode(Push{.ops = {acceptance(std::nullopt)}})));
}

TEST_CASE("unknown operations, roles and messages are refused", "[wire]") {
  constexpr std::size_t kOpTag = 37;  // word 9, second quarter
  constexpr auto kKnown = static_cast<std::uint16_t>(testing::kOpKinds);
  for (std::uint16_t tag = 0; tag < kKnown; ++tag)
    CHECK_FALSE(replicaIsRefused(pushOf([&](auto op) { setTag(op.getOp(), kOpTag, tag); }, Lock{})));
  for (const std::uint16_t tag : {kKnown, std::uint16_t{0xFFFF}})
    CHECK(replicaIsRefused(pushOf([&](auto op) { setTag(op.getOp(), kOpTag, tag); }, Lock{})));
  const auto granted = [](auto op) { op.getOp().getSetRole().setRole(unknown<schema::Role>(3)); };
  CHECK(replicaIsRefused(pushOf(granted, SetRole{})));
  const auto added = [](auto op) { op.getOp().getAddCollaborator().setRole(unknown<schema::Role>(0xFFFF)); };
  CHECK(replicaIsRefused(pushOf(added, AddCollaborator{})));

  capnp::MallocMessageBuilder message;
  setTag(message.initRoot<schema::ReplicaMessage>(), 0, testing::kReplicaKinds);
  CHECK(replicaIsRefused(frame(message)));
  capnp::MallocMessageBuilder other;
  setTag(other.initRoot<schema::AuthorityMessage>(), 0, testing::kAuthorityKinds);
  CHECK(authorityIsRefused(frame(other)));
}

TEST_CASE("a text that is no text is refused", "[wire]") {
  std::string bytes = encode(RefreshToken{"secret"});
  REQUIRE_FALSE(replicaIsRefused(bytes));
  const std::size_t nul = bytes.find("secret") + 6;
  bytes[nul] = '!';  // Cap'n Proto's texts end in a NUL
  CHECK(replicaIsRefused(bytes));
}

// --- what an authority says -------------------------------------------------------------------------

// `message`, spoilt through a builder by `forge`.
template <typename Forging>
std::string authorityOf(const AuthorityMessage& message, const Forging& forge) {
  const std::string bytes = encode(message);
  auto words = kj::heapArray<capnp::word>(bytes.size() / sizeof(capnp::word));
  std::memcpy(words.begin(), bytes.data(), bytes.size());
  capnp::FlatArrayMessageReader reader(words);
  capnp::MallocMessageBuilder builder;
  builder.setRoot(reader.getRoot<schema::AuthorityMessage>());
  forge(builder.getRoot<schema::AuthorityMessage>());
  return frame(builder);
}

using Authority = schema::AuthorityMessage::Builder;

TEST_CASE("unknown codes, kinds and states are refused", "[wire]") {
  const Receipts receipts{.receipts = {{{}, {}, rejection(ErrorCode::internal)}}};
  CHECK_FALSE(authorityIsRefused(authorityOf(receipts, [](Authority) {})));
  CHECK(authorityIsRefused(authorityOf(receipts, [](Authority message) {
    message.getReceipts().getReceipts()[0].getRejected().setCode(unknown<schema::ErrorCode>(kErrorCodeCount));
  })));
  CHECK(authorityIsRefused(
      authorityOf(receipts, [](Authority message) { message.getReceipts().getReceipts()[0].disownRejected(); })));
  CHECK(authorityIsRefused(authorityOf(Refused{}, [](Authority message) { message.getRefused().disownWhy(); })));
  CHECK(authorityIsRefused(authorityOf(Welcome{}, [](Authority message) { message.getWelcome().disownLimits(); })));

  SnapshotPart part;
  part.state = DraftState{};
  part.state->members.resize(1);
  part.passes.resize(1);
  part.progress.passesEnd = 1;
  CHECK_FALSE(authorityIsRefused(authorityOf(part, [](Authority) {})));
  CHECK(authorityIsRefused(authorityOf(part, [](Authority message) {
    message.getSnapshotPart().getPasses()[0].setKind(unknown<schema::PassKind>(4));
  })));
  CHECK(authorityIsRefused(authorityOf(part, [](Authority message) {
    message.getSnapshotPart().getState().setStatus(unknown<schema::DraftStatus>(3));
  })));
  CHECK(authorityIsRefused(authorityOf(part, [](Authority message) {
    message.getSnapshotPart().getState().getMembers()[0].setRole(unknown<schema::Role>(3));
  })));
}

Entries twoEntries() {
  Maker make(2);
  Entries entries;
  entries.draft = make.id<DraftId>();
  entries.before = {.seq = 7, .link = make.digest()};
  LogPosition last = entries.before;
  for (const OpBody& body : {make.body(1), OpBody{Lock{}}}) {
    LogEntry entry = testing::entryOf(make.op(), last.seq + 1);
    entry.op.draft = entries.draft;
    entry.op.body = body;
    entry.link = nextLink(last.link, entry);
    last = entry.position();
    entries.entries.push_back(entry);
  }
  entries.head = last;
  return entries;
}

TEST_CASE("H2_ entries that do not chain up to the link that they name are refused", "[wire]") {
  const auto spoilt = [](const auto& forge) {
    return authorityIsRefused(authorityOf(twoEntries(), [&](Authority message) { forge(message.getEntries()); }));
  };
  using Wire = schema::Entries::Builder;
  REQUIRE_FALSE(spoilt([](Wire) {}));
  CHECK(spoilt([](Wire entries) { entries.getBefore().setSeq(8); }));
  CHECK(spoilt([](Wire entries) { entries.getBefore().getLink().setA(0); }));
  CHECK(spoilt([](Wire entries) { entries.getAfter().setD(0); }));
  CHECK(spoilt([](Wire entries) { entries.getEntries()[0].getOp().setAuthoredAt(1); }));
  CHECK(spoilt([](Wire entries) { entries.getEntries()[0].setText("another text"); }));
  CHECK(spoilt([](Wire entries) { entries.getEntries()[0].getSalt().setHi(0); }));
  CHECK(spoilt([](Wire entries) { entries.getEntries()[0].setErased(true); }));
  CHECK(spoilt([](Wire entries) { entries.getEntries()[1].setErased(true); }));
  CHECK(spoilt([](Wire entries) { entries.getEntries()[1].getOp().setSeq(8); }));
  CHECK(spoilt([](Wire entries) { entries.getEntries()[1].getOp().getDraft().setLo(0); }));
  CHECK(spoilt([](Wire entries) { entries.getEntries()[1].disownOp(); }));
  CHECK(spoilt([](Wire entries) { entries.getDraft().setLo(0); }));
}

TEST_CASE("O12 a segment that is erased brings no text", "[wire]") {
  const Entries entries = twoEntries();
  const Digest& digest = std::get<AppendSegment>(entries.entries[0].op.body).content.digest;
  const auto word = [&](std::size_t index) {
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < 8; ++i) value = value << 8U | digest.at(8 * index + i);
    return value;
  };
  const auto erased = [&](bool withText) {
    return authorityOf(entries, [&](Authority message) {
      auto entry = message.getEntries().getEntries()[0];
      entry.setErased(true);
      auto wire = entry.getOp().getAppendSegment().getDigest();
      wire.setA(word(0));
      wire.setB(word(1));
      wire.setC(word(2));
      wire.setD(word(3));
      if (withText) return;
      entry.disownText();
      entry.getSalt().setHi(0);
      entry.getSalt().setLo(0);
    });
  };
  CHECK_FALSE(authorityIsRefused(erased(false)));
  CHECK(authorityIsRefused(erased(true)));
}

// --- snapshots --------------------------------------------------------------------------------------

SnapshotPart threeSegments() {
  SnapshotPart part = testing::partOf({testing::segmentOf(5, "ann", "text"), testing::segmentOf(6, "ann", "text"),
                                       testing::segmentOf(7, "ann", "text")});
  part.progress.passes = part.progress.passesEnd = 1;
  return part;
}

capnp::Data::Reader column(std::string_view bytes) {
  return {reinterpret_cast<const kj::byte*>(bytes.data()), bytes.size()};
}

TEST_CASE("a snapshot's columns that do not fit together are refused", "[wire]") {
  using namespace std::string_view_literals;
  using Part = schema::SnapshotPart::Builder;
  const auto spoilt = [](const auto& forge) {
    return authorityIsRefused(
        authorityOf(threeSegments(), [&](Authority message) { forge(message.getSnapshotPart()); }));
  };
  REQUIRE_FALSE(spoilt([](Part) {}));
  CHECK(spoilt([](Part part) { part.setSegmentIds(column(std::string(47, 'x'))); }));
  CHECK(spoilt([](Part part) { part.setSegmentIds(column(std::string(64, 'x'))); }));
  CHECK(spoilt([](Part part) { part.setSegmentIds(column(std::string(32, 'x'))); }));
  CHECK(spoilt([](Part part) { part.setTexts(column("texttexttex")); }));
  CHECK(spoilt([](Part part) { part.setTexts(column("texttexttexts")); }));
  CHECK(spoilt([](Part part) { part.setSizes(column("\5\5"sv)); }));
  CHECK(spoilt([](Part part) { part.setSizes(column("\5\5\5\5"sv)); }));
  CHECK(spoilt([](Part part) { part.setSizes(column("\5\5\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x01"sv)); }));
  CHECK(spoilt([](Part part) { part.setAuthors(column("\1\1\2"sv)); }));  // there is one name
  CHECK(spoilt([](Part part) { part.setAuthors(column("\1\1\x81\0"sv)); }));
  CHECK(spoilt([](Part part) { part.disownDisplays(); }));
  CHECK(spoilt([](Part part) { part.disownEpochs(); }));
  CHECK(spoilt([](Part part) { part.setSeqs(column("\1\1\1\1"sv)); }));
  CHECK(spoilt([](Part part) { part.setAcceptedAts(column("\1\1"sv)); }));
  CHECK(spoilt([](Part part) { part.setDelays(column("\1\1\x80"sv)); }));
  CHECK(spoilt([](Part part) { part.initNames(1); }));  // an empty name
  CHECK(spoilt([](Part part) { part.getProgress().setSegmentsEnd(7); }));
  CHECK(spoilt([](Part part) { part.getProgress().setSegments(0xFFFF'FFFF); }));
  CHECK(spoilt([](Part part) { part.getProgress().setPassesEnd(0); }));
  CHECK(spoilt([](Part part) { part.initPasses(1)[0].setTo(2); }));
}

// --- bombs: small messages that would unfold to large ones ------------------------------------------

// A push whose list of ops is this pointer; further words follow it.
std::string pushWithOps(std::uint64_t list, const std::vector<std::uint64_t>& more = {}) {
  constexpr std::uint64_t kPush = 2;
  std::vector<std::uint64_t> words{testing::structPointer(0, 1, 1), kPush, testing::structPointer(0, 1, 1), 0, list};
  words.insert(words.end(), more.begin(), more.end());
  return frame(words);
}

constexpr std::uint64_t kMostElements = (std::uint64_t{1} << 29U) - 1;

TEST_CASE("a long list of nothing is refused", "[wire]") {
  CHECK(isRefused(pushWithOps(testing::listPointer(0, Elements::none, kMostElements))));
  CHECK(isRefused(pushWithOps(testing::listPointer(0, Elements::composite, 0), {kMostElements << 2U})));
  CHECK(isRefused(pushWithOps(testing::listPointer(0, Elements::byte, kMostElements))));
  CHECK(isRefused(pushWithOps(testing::listPointer(0, Elements::composite, kMostElements), {kMostElements << 2U})));
  // A million bytes that want to be a million ops.
  CHECK(
      isRefused(pushWithOps(testing::listPointer(0, Elements::byte, 1'000'000), std::vector<std::uint64_t>(125'000))));
}

TEST_CASE("pointers that lead astray are refused", "[wire]") {
  const std::vector<std::uint64_t> roots{
      testing::structPointer(0, 1, 1),             // past the end
      testing::structPointer(-2, 0, 1),            // before the beginning
      testing::structPointer(-1, 0, 1),            // itself
      testing::farPointer(0, 0),                   // itself, from afar
      testing::farPointer(0, 0, true),             // a landing pad that is not whole
      testing::farPointer(0, 1),                   // a segment that is not there
      testing::farPointer(0xFFFF'FFFF >> 3U, 0),   // far past the end
      testing::listPointer(0, Elements::none, 1),  // not a struct
      3,                                           // a capability
  };
  for (const auto root : roots) {
    INFO("root pointer " << root);
    CHECK(authorityIsRefused(frame({root})));
  }
  // Pointers that lead to themselves, wherever a struct or a list is expected.
  CHECK(replicaIsRefused(pushWithOps(testing::structPointer(-1, 0, 1))));
  CHECK(replicaIsRefused(pushWithOps(testing::farPointer(4, 0))));
  CHECK(replicaIsRefused(pushWithOps(testing::farPointer(5, 0, true), {testing::farPointer(4, 0), 0})));
}

// A push of `count` ops that are all the first one: as many pointers to one place.
std::string pushOfAliases(std::size_t count, std::size_t actorBytes) {
  Push push;
  push.ops.resize(count);
  push.ops[0].actor = std::string(actorBytes, 'x');
  std::string bytes = encode(push);
  constexpr std::size_t kFirstOp = 8;  // where the first element's pointer to its op is; an element has four words
  const std::uint64_t first = testing::wordAt(bytes, kFirstOp);
  for (std::size_t i = 1; i < count; ++i) {
    const auto offset = static_cast<std::int32_t>(first >> 2U & 0x3FFF'FFFFU) - static_cast<std::int32_t>(4 * i);
    testing::setWord(bytes, kFirstOp + 4 * i, testing::structPointer(offset, 17, 3));
  }
  return bytes;
}

TEST_CASE("what many pointers lead to is not read many times", "[wire]") {
  const std::string harmless = pushOfAliases(1, 1000);
  const auto heard = decodeReplicaMessage(harmless, kPlenty);
  REQUIRE(heard.has_value());
  REQUIRE(std::get<Push>(*heard).ops.at(0).actor.size() == 1000);
  CHECK(replicaIsRefused(pushOfAliases(2000, 500'000)));  // a gigabyte out of one and a half megabytes
}

TEST_CASE("a name that is used often does not unfold without bounds", "[wire]") {
  std::vector<Segment> segments;
  segments.reserve(20'000);
  for (std::uint32_t i = 0; i < 20'000; ++i) segments.push_back(testing::segmentOf(i, std::string(100, 'a'), "x"));
  const SnapshotPart part = testing::partOf(std::move(segments));
  CHECK_FALSE(authorityIsRefused(encode(part)));
  const auto longName = authorityOf(
      part, [](Authority message) { message.getSnapshotPart().getNames().set(0, std::string(200'000, 'a').c_str()); });
  CHECK(authorityIsRefused(longName));
}

}  // namespace
}  // namespace onering
