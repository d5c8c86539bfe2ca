// SPEC S7: what domain/message-size.h promises about sizes, the encoder keeps.
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators_range.hpp>

#include "onering/domain/canonical.h"
#include "onering/domain/message-size.h"
#include "onering/wire/codec.h"

#include "maker.h"

namespace onering {
namespace {

using testing::Maker;

template <typename Values>
std::size_t sizeMaxOf(const Values& values) {
  std::size_t sum = 0;
  for (const auto& value : values) sum += wireSizeMax(value);
  return sum;
}

// The bound of a message by what is in it; only for those that carry lists.
struct Bound {
  std::size_t operator()(const Push& message) const { return kMessageOverhead + sizeMaxOf(message.ops); }
  std::size_t operator()(const Receipts& message) const { return kMessageOverhead + sizeMaxOf(message.receipts); }
  std::size_t operator()(const Changed& message) const {
    return kMessageOverhead + sizeMaxOf(message.drafts) + sizeMaxOf(message.removed);
  }
  std::size_t operator()(const Entries& message) const { return kMessageOverhead + sizeMaxOf(message.entries); }
  std::size_t operator()(const SnapshotPart& message) const {
    return kMessageOverhead + sizeMaxOf(message.passes) + sizeMaxOf(message.segments) +
           (message.state ? wireSizeMax(*message.state) : 0);
  }
  template <typename Other>
  std::size_t operator()(const Other& /*message*/) const {
    return SIZE_MAX;
  }
};

bool isOneSegment(const std::string& bytes) {
  return bytes.starts_with(std::string_view("\0\0\0\0", 4));
}

TEST_CASE("S7_ no message is longer than the sum of its parts' bounds", "[wire]") {
  for (std::uint64_t seed = 0; seed < 2000; ++seed) {
    Maker make(seed);
    const ReplicaMessage asked = make.replicaMessage(seed % testing::kReplicaKinds);
    const AuthorityMessage answered = make.authorityMessage(seed % testing::kAuthorityKinds);
    INFO("seed " << seed);
    CHECK(encode(asked).size() <= std::visit(Bound{}, asked));
    CHECK(encode(answered).size() <= std::visit(Bound{}, answered));
  }
}

TEST_CASE("every message is one segment", "[wire]") {
  for (std::uint64_t seed = 0; seed < 1000; ++seed) {
    Maker make(seed);
    INFO("seed " << seed);
    CHECK(isOneSegment(encode(make.replicaMessage(seed % testing::kReplicaKinds))));
    CHECK(isOneSegment(encode(make.authorityMessage(seed % testing::kAuthorityKinds))));
  }
  const std::string longText(100'000, 'x');
  CHECK(isOneSegment(encode(RefreshToken{longText})));
  CHECK(isOneSegment(encode(Hello{.version = 1, .token = longText, .device = {}})));
  CHECK(isOneSegment(encode(Refused{rejection(ErrorCode::internal, longText)})));
  CHECK(isOneSegment(encode(Welcome{.version = 1, .user = longText, .display = longText, .limits = {}, .now = {}})));
}

std::size_t sizeOf(const LogEntry& entry) {
  Entries entries;
  entries.draft = entry.op.draft;
  entries.entries = {entry};
  return encode(entries).size();
}

TEST_CASE("the bounds of ops, entries, receipts and positions are exact", "[wire]") {
  const auto kind = GENERATE(range(std::size_t{0}, testing::kOpKinds));
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    Maker make(seed);
    const Op op = make.op(kind);
    INFO(opName(op.body) << ", seed " << seed);
    CHECK(encode(Push{.ops = {op}}).size() == encode(Push{.ops = {Op{}}}).size() - wireSizeMax(Op{}) + wireSizeMax(op));

    LogEntry entry = testing::entryOf(op, 1);
    entry.actorDisplay = make.text();
    CHECK(sizeOf(entry) == sizeOf(testing::entryOf({}, 1)) - wireSizeMax(LogEntry{}) + wireSizeMax(entry));
  }
  const OpReceipt receipt{.draft = {}, .op = {}, .receipt = rejection(ErrorCode::notFound)};
  CHECK(encode(Receipts{{receipt, receipt}}).size() == encode(Receipts{{receipt}}).size() + wireSizeMax(receipt));
  Changed changed;
  const std::size_t sizeBefore = encode(changed).size();
  changed.drafts = {{.draft = {}, .position = {.seq = 1, .link = {}}}};
  changed.removed = {DraftId{}};
  CHECK(encode(changed).size() == sizeBefore + wireSizeMax(changed.drafts[0]) + wireSizeMax(changed.removed[0]));
}

// A draft as its readers know it: paragraphs of 100 bytes by five authors, written over months, some of them
// on devices that were offline for a day.
std::vector<Segment> longDraft(std::uint32_t count) {
  Maker make(20);
  std::vector<Segment> segments;
  std::int64_t now = 1'780'000'000'000;
  for (std::uint32_t position = 0; position < count; ++position) {
    now += static_cast<std::int64_t>(make.below(10) == 0 ? make.below(86'400'000) : make.below(600'000));
    const auto delay = static_cast<std::int64_t>(make.below(20) == 0 ? make.below(86'400'000) : make.below(2000));
    const std::string author = "8a6e0804-2bd0-4672-b79d-d97027f9071" + std::to_string(position / 50 % 5);
    segments.push_back({.id = make.id<SegmentId>(),
                        .position = position,
                        .author = author,
                        .authorDisplay = "Author number " + author.substr(35),
                        .epoch = 1 + position / 50,
                        .seq = 2 + position + position / 50,
                        .authoredAt = timeFromMs(now - delay),
                        .acceptedAt = timeFromMs(now),
                        .content = {.text = std::string(100, 'x')}});
  }
  return segments;
}

TEST_CASE("S6_ 20,000 segments of 100 bytes are caught up with in 2.6 MB", "[wire]") {
  const auto segments = longDraft(20'000);
  const Limits limits;
  std::size_t sum = 0;
  std::size_t parts = 0;
  for (std::size_t from = 0; from < segments.size(); ++parts) {
    SnapshotPart part = testing::partOf({});
    part.progress.segments = static_cast<std::uint32_t>(from);
    part.progress.segmentsEnd = 20'000;
    for (std::size_t room = limits.messageBytes - kMessageOverhead;
         from < segments.size() && wireSizeMax(segments[from]) <= room; ++from) {
      room -= wireSizeMax(segments[from]);
      part.segments.push_back(segments[from]);
    }
    const std::string bytes = encode(part);
    REQUIRE(bytes.size() <= limits.messageBytes);
    CHECK(decodeAuthorityMessage(bytes, limits.messageBytes) == AuthorityMessage(part));
    sum += bytes.size();
  }
  INFO(sum << " bytes in " << parts << " parts");
  CHECK(sum <= 2'600'000);
  CHECK(parts <= 8);
}

}  // namespace
}  // namespace onering
