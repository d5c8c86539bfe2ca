// What one side says, the other hears: decode(encode(message)) == message.
#include <cstring>

#include <capnp/message.h>
#include <capnp/serialize.h>
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators_range.hpp>

#include "onering/wire/codec.h"

#include "maker.h"

namespace onering {
namespace {

using testing::Maker;

constexpr std::size_t kPlenty = 1U << 20U;
constexpr int kRounds = 300;

void checkRoundTrip(const ReplicaMessage& message) {
  const auto heard = decodeReplicaMessage(encode(message), kPlenty);
  REQUIRE(heard.has_value());
  CHECK(*heard == message);
}

void checkRoundTrip(const AuthorityMessage& message) {
  const auto heard = decodeAuthorityMessage(encode(message), kPlenty);
  REQUIRE(heard.has_value());
  CHECK(*heard == message);
}

TEST_CASE("everything that a replica can say arrives as it was said", "[wire]") {
  const auto kind = GENERATE(range(std::size_t{0}, testing::kReplicaKinds));
  for (std::uint64_t seed = 0; seed < kRounds; ++seed) {
    INFO("kind " << kind << ", seed " << seed);
    checkRoundTrip(Maker(seed).replicaMessage(kind));
  }
}

TEST_CASE("everything that an authority can say arrives as it was said", "[wire]") {
  const auto kind = GENERATE(range(std::size_t{0}, testing::kAuthorityKinds));
  for (std::uint64_t seed = 0; seed < kRounds; ++seed) {
    INFO("kind " << kind << ", seed " << seed);
    checkRoundTrip(Maker(seed).authorityMessage(kind));
  }
}

TEST_CASE("every operation arrives in a push as it was made", "[wire]") {
  const auto kind = GENERATE(range(std::size_t{0}, testing::kOpKinds));
  Maker make(kind);
  for (int round = 0; round < kRounds; ++round) {
    INFO("operation " << kind << ", round " << round);
    checkRoundTrip(Push{.ops = {make.op(kind), make.op(kind)}});
  }
}

TEST_CASE("messages of nothing but defaults arrive", "[wire]") {
  checkRoundTrip(Hello{});
  checkRoundTrip(Push{});
  checkRoundTrip(Push{.ops = {Op{}}});
  checkRoundTrip(WhatChanged{});
  checkRoundTrip(Fetch{});
  checkRoundTrip(Fetch{.draft = {}, .have = {}, .snapshotAt = LogPosition{}, .progress = {}});
  checkRoundTrip(Welcome{});
  checkRoundTrip(Refused{});
  checkRoundTrip(Receipts{.receipts = {OpReceipt{}}});
  checkRoundTrip(Changed{});
  checkRoundTrip(Entries{});
  checkRoundTrip(SnapshotPart{});
  SnapshotPart part;
  part.state = DraftState{};
  checkRoundTrip(part);
  checkRoundTrip(CatchUp{});
}

// docs/protocol.md shows both. Bytes that change here change the protocol.
TEST_CASE("messages have the bytes that the protocol gives them", "[wire]") {
  CHECK(toHex(asBytes(encode(Ping{7}))) ==
        "0000000004000000"
        "000000000100010005000000000000000000000001000000"
        "0700000000000000");

  const Salt salt{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
  const Op op{.id = *parseId<OpId>("0197c0de-2000-7000-8000-000000000021"),
              .draft = *parseId<DraftId>("0197c0de-0000-7000-8000-000000000001"),
              .actor = "ann",
              .device = *parseId<DeviceId>("0197c0de-0000-7000-8000-0000000000d1"),
              .authoredAt = timeFromMs(1'751'328'000'000),
              .body = AppendSegment{.segment = *parseId<SegmentId>("0197c0de-2000-7000-8000-000000000011"),
                                    .epoch = 1,
                                    .content = sealContent("Once upon a time.", salt)}};
  CHECK(
      toHex(asBytes(encode(Push{.ops = {op}, .restart = true}))) ==
      "0000000022000000"
      "000000000100010002000000000000000000000001000100"
      "010000000000000001000000270000000400000002000200"
      "07060504030201000f0e0d0c0b0a09080400000011000300550000009200000000000000000000000000000000000000008848c397010000"
      "00700020dec09701210000000000008000700000dec09701010000000000008000700000dec09701d100000000000080"
      "000001000000000000700020dec0970111000000000000800100000000000000"
      "0000000000000000000000000000000000000000000000000000000000000000"
      "090000002200000000000000000000000000000000000000616e6e0000000000"
      "4f6e63652075706f6e20612074696d652e00000000000000");
}

TEST_CASE("a segment's salt and digest do not travel in a snapshot", "[wire]") {
  SnapshotPart part = testing::partOf({Segment{}});
  part.segments[0].content = sealContent("text", Maker(1).salt());
  const auto heard = decodeAuthorityMessage(encode(part), kPlenty);
  REQUIRE(heard.has_value());
  const Content content{.text = "text", .salt = {}, .digest = {}, .erased = false};
  CHECK(std::get<SnapshotPart>(*heard).segments.at(0).content == content);
}

TEST_CASE("a message is read wherever in memory it lies", "[wire]") {
  const ReplicaMessage message = Maker(7).replicaMessage(2);
  const std::string bytes = encode(message);
  for (std::size_t offset = 0; offset < 8; ++offset) {
    const std::string moved = std::string(offset, 'x') + bytes;
    CHECK(decodeReplicaMessage(std::string_view(moved).substr(offset), kPlenty) == message);
  }
}

TEST_CASE("a message in a few segments is read like one in one", "[wire]") {
  const AuthorityMessage message = Maker(3).authorityMessage(4);
  const std::string bytes = encode(message);
  auto words = kj::heapArray<capnp::word>(bytes.size() / sizeof(capnp::word));
  std::memcpy(words.begin(), bytes.data(), bytes.size());
  capnp::FlatArrayMessageReader reader(words);

  const auto inSegmentsOf = [&](capnp::uint size) {
    capnp::MallocMessageBuilder builder(size, capnp::AllocationStrategy::FIXED_SIZE);
    builder.setRoot(reader.getRoot<capnp::AnyPointer>());
    const auto flat = capnp::messageToFlatArray(builder);
    const auto chars = flat.asChars();
    INFO("segments: " << builder.getSegmentsForOutput().size());
    return decodeAuthorityMessage({chars.begin(), chars.size()}, kPlenty);
  };
  const auto size = static_cast<capnp::uint>(words.size());
  CHECK(inSegmentsOf(size / 3) == message);
  CHECK(inSegmentsOf(size / 2) == message);
  CHECK(inSegmentsOf(1).error().code == ErrorCode::protocolError);  // a segment for every object
}

TEST_CASE("encode refuses a message that contradicts itself", "[wire]") {
  Entries entries;
  entries.before.seq = 4;
  entries.entries = {testing::entryOf({}, 6)};
  CHECK_THROWS_AS(encode(entries), std::invalid_argument);
  entries.entries[0].seq = 5;
  CHECK_NOTHROW(encode(entries));
  entries.entries[0].op.draft = Maker(11).id<DraftId>();
  CHECK_THROWS_AS(encode(entries), std::invalid_argument);

  SnapshotPart part = testing::partOf({testing::segmentOf(3, "ann", "text")});
  CHECK_NOTHROW(encode(part));
  part.segments[0].position = 2;
  CHECK_THROWS_AS(encode(part), std::invalid_argument);
  part.segments[0].position = 3;
  part.state = DraftState{};
  part.state->position.seq = 1;
  CHECK_THROWS_AS(encode(part), std::invalid_argument);
}

}  // namespace
}  // namespace onering
