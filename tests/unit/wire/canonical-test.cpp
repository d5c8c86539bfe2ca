// SPEC H1: the canonical bytes that the domain writes by hand are Cap'n Proto's canonical form of the schema's Op.
#include "onering/domain/canonical.h"

#include <capnp/message.h>
#include <capnp/serialize.h>
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators_range.hpp>

#include "maker.h"
#include "wire-op.h"

namespace onering {
namespace {

using testing::Maker;

std::string canonicalByCapnp(const Op& op, const Stamp& stamp) {
  capnp::MallocMessageBuilder message;
  auto builder = message.initRoot<schema::Op>();
  testing::fill(builder, op, stamp);
  const auto words = capnp::canonicalize(builder.asReader());
  const auto chars = words.asChars();
  return {chars.begin(), chars.size()};
}

Stamp anyStamp(Maker& make) {
  return make.coin() ? Stamp{} : Stamp{make.magnitude(), make.time(), static_cast<std::uint16_t>(make.number())};
}

// An op whose own bytes are what there is to read: parsing cannot bring a text back.
Op withoutText(Op op) {
  if (auto* append = std::get_if<AppendSegment>(&op.body)) append->content = erasedContent(append->content.digest);
  forgetToken(op);
  return op;
}

TEST_CASE("H1_ canonical bytes of every operation are Cap'n Proto's", "[wire][canonical]") {
  const auto kind = GENERATE(range(std::size_t{0}, testing::kOpKinds));
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    Maker make(seed);
    const Op op = make.op(kind);
    const Stamp stamp = anyStamp(make);
    INFO(opName(op.body) << ", seed " << seed);
    CHECK(toHex(asBytes(canonicalBytes(op, stamp))) == toHex(asBytes(canonicalByCapnp(op, stamp))));
  }
}

TEST_CASE("H1_ trailing zeros and empty texts are left out as Cap'n Proto leaves them out", "[wire][canonical]") {
  const auto kind = GENERATE(range(std::size_t{0}, testing::kOpKinds));
  Maker make(kind);
  const OpBody full = make.body(kind);
  Op op{.id = make.id<OpId>(), .draft = {}, .actor = {}, .device = {}, .authoredAt = {}, .body = full};
  for (const std::string_view actor : {"", "a", "1234567", "12345678"}) {
    op.actor = actor;
    INFO(opName(op.body) << ", actor '" << actor << "'");
    CHECK(canonicalBytes(op, {}) == canonicalByCapnp(op, {}));
  }
  std::visit([](auto& body) { body = {}; }, op.body);
  INFO(opName(op.body) << ", empty");
  CHECK(canonicalBytes(op, {}) == canonicalByCapnp(op, {}));
}

TEST_CASE("H1_ an op with nothing in it has Cap'n Proto's form of an empty struct", "[wire][canonical]") {
  CHECK(toHex(asBytes(canonicalBytes({}, {}))) == toHex(asBytes(canonicalByCapnp({}, {}))));
  CHECK(parseCanonical(canonicalBytes({}, {})) == ParsedOp{});
}

TEST_CASE("H1_ any one of an operation's two texts may be missing", "[wire][canonical]") {
  for (const std::string_view first : {"", "title"}) {
    for (const std::string_view second : {"", "second"}) {
      for (const std::string_view actor : {"", "ann"}) {
        Op op{.id = {}, .draft = {}, .actor = UserId(actor), .device = {}, .authoredAt = {}, .body = {}};
        op.body = SetTitle{std::string(first), std::string(second)};
        CHECK(canonicalBytes(op, {}) == canonicalByCapnp(op, {}));
        op.body = CreateDraft{std::string(first), std::string(second), Duration{}};
        op.id = Maker(1).id<OpId>();
        CHECK(canonicalBytes(op, {}) == canonicalByCapnp(op, {}));
      }
    }
  }
}

TEST_CASE("canonical bytes are read back, but for a segment's text", "[wire][canonical]") {
  const auto kind = GENERATE(range(std::size_t{0}, testing::kOpKinds));
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    Maker make(seed);
    const ParsedOp whole{make.op(kind), anyStamp(make)};
    INFO(opName(whole.op.body) << ", seed " << seed);
    const ParsedOp expected{withoutText(whole.op), whole.stamp};
    CHECK(parseCanonical(canonicalBytes(whole.op, whole.stamp)) == expected);
  }
}

TEST_CASE("bytes that canonicalBytes would not write are refused", "[wire][canonical]") {
  const auto kind = GENERATE(range(std::size_t{0}, testing::kOpKinds));
  Maker make(kind);
  const Op op = make.op(kind);
  const std::string bytes = canonicalBytes(op, {.seq = 3, .acceptedAt = timeFromMs(5), .rulesVersion = 1});
  INFO(opName(op.body));

  for (std::size_t size = 0; size < bytes.size(); ++size)
    CHECK_FALSE(parseCanonical(bytes.substr(0, size)).has_value());
  CHECK_FALSE(parseCanonical(bytes + '\0').has_value());
  CHECK_FALSE(parseCanonical(bytes + std::string(8, '\0')).has_value());

  for (std::size_t bit = 0; bit < 8 * bytes.size(); ++bit) {
    std::string changed = bytes;
    changed[bit / 8] = static_cast<char>(changed[bit / 8] ^ 1 << bit % 8);
    const auto parsed = parseCanonical(changed);  // another op, or none
    if (parsed)
      CHECK(canonicalBytes(parsed->op, parsed->stamp) == changed);
    else
      CHECK(parsed.error().code == ErrorCode::protocolError);
  }
}

TEST_CASE("a role that this build does not know is refused", "[wire][canonical]") {
  constexpr auto kUnknown = static_cast<Role>(3);
  const Stamp stamp{.seq = 3, .acceptedAt = timeFromMs(5), .rulesVersion = 1};
  Maker make(1);
  Op op = make.op(0);
  for (const OpBody& body :
       {OpBody(AddCollaborator{.user = "ben", .role = kUnknown}), OpBody(SetRole{.user = "ben", .role = kUnknown})}) {
    op.body = body;
    INFO(opName(op.body));
    CHECK_FALSE(parseCanonical(canonicalBytes(op, stamp)).has_value());
  }
  op.body = SetRole{.user = "ben", .role = Role::viewer};
  CHECK(parseCanonical(canonicalBytes(op, stamp)).has_value());
}

}  // namespace
}  // namespace onering
