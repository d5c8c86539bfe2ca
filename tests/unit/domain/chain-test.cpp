// SPEC §7: canonical bytes, chain, etag, contentSha256. What is expected here was not computed by OneRing:
// the bytes come from `capnp convert text:canonical sdk/wire/schema/onering.capnp Op`, the rest from SHA-256
// as Python's hashlib has it.
#include <catch2/catch_test_macros.hpp>

#include "onering/domain/canonical.h"
#include "onering/domain/content-hash.h"
#include "onering/domain/sha256.h"

#include "rule-table.h"

namespace onering::testing {

namespace {

constexpr Salt kSalt{'s', 'a', 'l', 't', '-', 's', 'a', 'l', 't', '-', 's', 'a', 'l', 't', '!', '!'};

template <typename IdType>
IdType exampleId(std::uint64_t kind, std::uint64_t number) {
  return IdType::fromHalves(0x018b'cfe5'6800'7000 | kind, 0x8000'0000'0000'0000 | number);
}

struct Example {
  LogEntry entry;
  std::string_view canonical;  // in hex
  std::string_view link;
};

LogEntry exampleEntry(Seq seq, std::int64_t authoredMs, OpBody body) {
  return {.op = {.id = exampleId<OpId>(1, seq),
                 .draft = exampleId<DraftId>(2, 2),
                 .actor = "ann",
                 .device = exampleId<DeviceId>(3, 3),
                 .authoredAt = timeFromMs(authoredMs),
                 .body = std::move(body)},
          .seq = seq,
          .acceptedAt = timeFromMs(seq == 1 ? 1'700'000'000'001 : 1'700'000'000'002),
          .rulesVersion = 1,
          .actorDisplay = "not hashed",
          .link = {}};
}

std::vector<Example> examples() {
  return {
      {exampleEntry(1, 1'700'000'000'000, CreateDraft{"Ein Märchen", "web", Duration{60'000}}),
       "000000000b00030001000000000000000168e5cf8b0100000068e5cf8b01000001700068e5cf8b01010000000000008002700068e5cf8b0"
       "1020000000000008003700068e5cf8b010300000000000080010000000000000060ea0000000000000900000022000000090000006a0000"
       "000d00000022000000616e6e000000000045696e204dc3a4726368656e000000007765620000000000",
       "bf5f932c19403844c4485f1ee3a2770c13ccbb1b59925b7f48778268dd51331b"},
      {exampleEntry(2, -1, AppendSegment{exampleId<SegmentId>(4, 4), 1, sealContent("Es war einmal", kSalt)}),
       "000000001100010002000000000000000268e5cf8b010000ffffffffffffffff01700068e5cf8b01020000000000008002700068e5cf8b0"
       "1020000000000008003700068e5cf8b010300000000000080010001000000000004700068e5cf8b01040000000000008001000000000000"
       "00f1730d2ef61bda0f05d91b5da23f271b899f8e6f1a9212418b3a8a6570a654cf0100000022000000616e6e0000000000",
       "8b94d69bfbf97fc31b43b7d16d6c25c9c6d7c6774ae27b562c826e0cb6887230"},
      {exampleEntry(3, 1'700'000'000'005, AddCollaborator{"ben", Role::editor}),
       "000000000b00020003000000000000000268e5cf8b0100000568e5cf8b01000001700068e5cf8b01030000000000008002700068e5cf8b0"
       "1020000000000008003700068e5cf8b01030000000000008001000a00000000000100000000000000050000002200000005000000220000"
       "00616e6e000000000062656e0000000000",
       "c106f61322c73b625059d4abd94ad6105c9e46101145a6743ee99c5efa91a2c7"},
      {exampleEntry(4, 1'700'000'000'005, Lock{}),
       "000000000a00010004000000000000000268e5cf8b0100000568e5cf8b01000001700068e5cf8b01040000000000008002700068e5cf8b0"
       "1020000000000008003700068e5cf8b01030000000000008001000700000000000100000022000000616e6e0000000000",
       "a27a2cdf8cbfc9e8b98673cc8be145eee5ba0028d392b4d885537eac40fe0b10"},
  };
}

std::string canonicalOf(const LogEntry& entry) {
  return canonicalBytes(entry.op, stampOf(entry));
}

// One op of every kind, each with a content or a text where it can have one.
std::vector<Op> everyOp() {
  std::vector<Op> ops;
  for (const Doing& doing : everyOperation()) {
    Board board = Board::withMembers();
    ops.push_back(board.opOf(kAnn, doing(board)));
  }
  return ops;
}

Op withoutContent(Op op) {
  if (auto* append = std::get_if<AppendSegment>(&op.body)) {
    append->content = erasedContent(append->content.digest);
  }
  forgetToken(op);
  return op;
}

Digest contentHash(std::initializer_list<std::string_view> texts, std::string_view title) {
  ContentHash hash;
  for (const std::string_view text : texts) {
    hash.add(text);
  }
  return hash.of(title);
}

}  // namespace

TEST_CASE("H1: canonical bytes are Cap'n Proto's canonical encoding") {
  for (const Example& example : examples()) {
    INFO(opName(example.entry.op.body));
    CHECK(toHex(asBytes(canonicalOf(example.entry))) == example.canonical);
  }
}

TEST_CASE("H2: each link hashes the one before and the canonical bytes") {
  Digest link{};
  for (const Example& example : examples()) {
    link = nextLink(link, example.entry);
    INFO(opName(example.entry.op.body));
    CHECK(toHex(link) == example.link);
  }
}

// printf 'salt-salt-salt!!Es war einmal' | sha256sum
TEST_CASE("H1: a text stands in the chain as the hash of its salt and itself") {
  const Content content = sealContent("Es war einmal", kSalt);
  CHECK(toHex(content.digest) == "0fda1bf62e0d73f11b273fa25d1bd9054112921a6f8e9f89cf54a670658a3a8b");
  CHECK(content.text == "Es war einmal");
  CHECK(content.salt == kSalt);
  CHECK(!content.erased);
}

TEST_CASE("H1: erasing a text changes neither canonical bytes nor link") {
  Example append = examples()[1];
  const Digest link = nextLink({}, append.entry);
  append.entry.op = withoutContent(append.entry.op);
  const auto& content = std::get<AppendSegment>(append.entry.op.body).content;
  CHECK(content.erased);
  CHECK(content.text.empty());
  CHECK(content.salt == Salt{});
  CHECK(toHex(asBytes(canonicalOf(append.entry))) == append.canonical);
  CHECK(nextLink({}, append.entry) == link);
}

TEST_CASE("H1: how the actor is shown can be erased, so it is not hashed") {
  LogEntry entry = examples()[0].entry;
  const Digest link = nextLink({}, entry);
  entry.actorDisplay = "@u_erased";
  CHECK(nextLink({}, entry) == link);
}

TEST_CASE("canonical bytes can be read again, but for the text") {
  for (const Op& op : everyOp()) {
    const Stamp stamp{.seq = 77, .acceptedAt = timeFromMs(1'700'000'000'123), .rulesVersion = 1};
    INFO(opName(op.body));
    CHECK(parseCanonical(canonicalBytes(op, stamp)) == ParsedOp{withoutContent(op), stamp});
    CHECK(parseCanonical(canonicalBytes(op, {})) == ParsedOp{withoutContent(op), {}});
  }
}

TEST_CASE("canonical bytes that are cut or go on are refused") {
  for (const Op& op : everyOp()) {
    const std::string bytes = canonicalBytes(op, {.seq = 3, .acceptedAt = timeFromMs(5), .rulesVersion = 1});
    INFO(opName(op.body));
    for (std::size_t size = 0; size < bytes.size(); ++size) {
      CHECK(!parseCanonical(std::string_view(bytes).substr(0, size)));
    }
    CHECK(!parseCanonical(bytes + '\0'));
    CHECK(!parseCanonical(bytes + std::string(8, '\0')));
  }
}

TEST_CASE("canonical bytes with a changed bit are another op or none") {
  for (const Op& op : everyOp()) {
    const std::string bytes = canonicalBytes(op, {.seq = 3, .acceptedAt = timeFromMs(5), .rulesVersion = 1});
    const auto original = parseCanonical(bytes);
    INFO(opName(op.body));
    for (std::size_t bit = 0; bit < 8 * bytes.size(); ++bit) {
      std::string changed = bytes;
      changed[bit / 8] = static_cast<char>(changed[bit / 8] ^ (1 << bit % 8));
      const auto parsed = parseCanonical(changed);
      INFO("bit " << bit);
      CHECK((!parsed || parsed != original));
      CHECK((!parsed || canonicalBytes(parsed->op, parsed->stamp) == changed));
    }
  }
}

// As H2's example 4 with seq, acceptedAt and rulesVersion zero, hashed alone.
TEST_CASE("K3: an op's digest does not depend on what became of it") {
  CHECK(toHex(opDigest(examples()[3].entry.op)) == "dc59d10faadde5bda37a6565180a1aa1e2b3c17c602f8ccb687a75224af9eaba");
}

TEST_CASE("K3: ops that differ in anything have different digests") {
  std::vector<Op> ops = everyOp();
  const Op append = ops[1];
  const auto variant = [&](auto&& change) {
    Op op = append;
    change(op, std::get<AppendSegment>(op.body));
    ops.push_back(op);
  };
  variant([](Op& op, AppendSegment&) { op.id = idOf<OpId>(900); });
  variant([](Op& op, AppendSegment&) { op.draft = idOf<DraftId>(900); });
  variant([](Op& op, AppendSegment&) { op.device = idOf<DeviceId>(900); });
  variant([](Op& op, AppendSegment&) { op.actor = "someone"; });
  variant([](Op& op, AppendSegment&) { op.authoredAt += Duration{1}; });
  variant([](Op&, AppendSegment& body) { ++body.epoch; });
  variant([](Op&, AppendSegment& body) { body.segment = idOf<SegmentId>(900); });
  variant([](Op&, AppendSegment& body) { body.content = sealContent("another text", {}); });
  variant([](Op&, AppendSegment& body) { body.content = sealContent(body.content.text, kSalt); });
  for (std::size_t i = 0; i < ops.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      INFO(i << " and " << j);
      CHECK(opDigest(ops[i]) != opDigest(ops[j]));
    }
  }
}

TEST_CASE("H4: an etag is seq and the first 16 digits of the link, in quotes") {
  Digest link{};
  for (std::size_t i = 0; i < link.size(); ++i) {
    link[i] = static_cast<std::uint8_t>(0xa0 + i);
  }
  CHECK(etagOf({.seq = 4, .link = link}) == "\"4-a0a1a2a3a4a5a6a7\"");
  CHECK(etagOf({}) == "\"0-0000000000000000\"");
}

// sha256(b''.join(struct.pack('<I', len(t)) + t for t in texts + [title]))
TEST_CASE("H4: contentSha256 hashes the framed texts, then the framed title") {
  CHECK(toHex(contentHash({}, "x")) == "85ca3bfb7e693924dc0ba8e8bae7e35c5b14193154d4926c36e29bb5d63a6118");
  CHECK(toHex(contentHash({"Es war einmal"}, "Ein Märchen")) ==
        "bd1b1d6857dc415327e99e3786c93d7f2239231e2c4b471ef0b5d417af112512");
  CHECK(toHex(contentHash({"ab", "c"}, "t")) == "5d3d5af35c82b120ba9d9a79bc676e01fa7a92c3291b31bae50d43ac8afaf8cd");
  CHECK(toHex(contentHash({"a", "bc"}, "t")) == "77ff91a9c74504310b6cffccc2f0d4e781659f3386c89a3c065c1d5339689196");
  CHECK(toHex(contentHash({"", "a"}, "t")) == "a376d286807e2c8d956049bc3d05c43c48be8cd29f1324a6d580f2c26de2a547");
}

TEST_CASE("H4: contentSha256 goes on from where it was asked") {
  ContentHash hash;
  hash.add("ab");
  (void)hash.of("another title");
  hash.add("c");
  CHECK(hash.of("t") == contentHash({"ab", "c"}, "t"));
}

// FIPS 180-4's own examples.
TEST_CASE("SHA-256 is SHA-256") {
  CHECK(toHex(Sha256().finish()) == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  CHECK(toHex(Sha256().add("abc").finish()) == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  CHECK(toHex(Sha256().add("abcdbcdecdefdefgefghfghighij").add("hijkijkljklmklmnlmnomnopnopq").finish()) ==
        "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
}

}  // namespace onering::testing
