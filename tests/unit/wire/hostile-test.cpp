// Bytes that are no message, or one that was damaged: never a crash, a wait or a wrong answer (SPEC §14).
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators_range.hpp>

#include "onering/wire/codec.h"

#include "frame.h"
#include "maker.h"

namespace onering {
namespace {

using testing::Maker;

constexpr std::size_t kPlenty = 1U << 20U;

bool isRefusal(const Rejection& rejection) {
  return rejection.code == ErrorCode::protocolError;
}

// Whatever the bytes are: a refusal, or a message that can be said again. Tells whether it was a message.
bool checkHarmless(std::string_view bytes) {
  bool isMessage = false;
  const auto fromReplica = decodeReplicaMessage(bytes, kPlenty);
  if (fromReplica) {
    isMessage = true;
    CHECK(decodeReplicaMessage(encode(*fromReplica), kPlenty) == *fromReplica);
  } else {
    CHECK(isRefusal(fromReplica.error()));
  }
  const auto fromAuthority = decodeAuthorityMessage(bytes, kPlenty);
  if (fromAuthority) {
    isMessage = true;
    CHECK(decodeAuthorityMessage(encode(*fromAuthority), kPlenty) == *fromAuthority);
  } else {
    CHECK(isRefusal(fromAuthority.error()));
  }
  return isMessage;
}

std::string anyMessage(Maker& make) {
  if (make.coin()) return encode(make.replicaMessage(make.below(testing::kReplicaKinds)));
  return encode(make.authorityMessage(make.below(testing::kAuthorityKinds)));
}

TEST_CASE("a message that was cut off or has something behind it is refused", "[wire]") {
  for (std::uint64_t seed = 0; seed < 40; ++seed) {
    Maker make(seed);
    const std::string bytes = anyMessage(make);
    INFO("seed " << seed);
    for (std::size_t size = 0; size < bytes.size(); ++size) {
      const std::string_view cut = std::string_view(bytes).substr(0, size);
      CHECK_FALSE(decodeReplicaMessage(cut, kPlenty).has_value());
      CHECK_FALSE(decodeAuthorityMessage(cut, kPlenty).has_value());
    }
    CHECK_FALSE(checkHarmless(bytes + std::string(1, '\0')));
    CHECK_FALSE(checkHarmless(bytes + std::string(8, '\0')));
  }
}

TEST_CASE("a message that is too long is told apart from one that is wrong", "[wire]") {
  const std::string bytes = encode(Push{.ops = {Maker(1).op()}});
  CHECK(decodeReplicaMessage(bytes, bytes.size()).has_value());
  CHECK(decodeReplicaMessage(bytes, bytes.size() - 1).error().code == ErrorCode::messageTooLarge);
  CHECK(decodeAuthorityMessage(std::string(101, 'x'), 100).error().code == ErrorCode::messageTooLarge);
}

TEST_CASE("no flipped bit does harm", "[wire]") {
  int messages = 0;
  for (std::uint64_t seed = 0; seed < 400; ++seed) {
    Maker make(seed);
    const std::string whole = anyMessage(make);
    INFO("seed " << seed);
    for (int round = 0; round < 50; ++round) {
      std::string bytes = whole;
      for (auto flips = 1 + make.below(4); flips > 0; --flips) {
        const auto bit = make.below(8 * bytes.size());
        bytes[bit / 8] = static_cast<char>(bytes[bit / 8] ^ 1 << bit % 8);
      }
      messages += checkHarmless(bytes) ? 1 : 0;
    }
  }
  CHECK(messages > 100);  // not everything was stopped at the door
}

// A word that may pass for a pointer into a small message, or for a number that is out of bounds.
std::uint64_t crookedWord(Maker& make) {
  const auto offset = static_cast<std::int32_t>(make.below(64)) - 32;
  switch (make.below(6)) {
    case 0:
      return testing::structPointer(offset, make.below(24), make.below(16));
    case 1:
      return testing::listPointer(offset, static_cast<testing::Elements>(make.below(8)), make.below(100));
    case 2:
      return testing::listPointer(offset, static_cast<testing::Elements>(make.below(8)), make.number() >> 35U);
    case 3:
      return testing::farPointer(static_cast<std::uint32_t>(make.below(64)), make.below(2), make.coin());
    case 4:
      return make.number() | 3U;  // a capability
    default:
      return make.magnitude();
  }
}

TEST_CASE("no crooked pointer does harm", "[wire]") {
  for (std::uint64_t seed = 0; seed < 400; ++seed) {
    Maker make(seed);
    const std::string whole = anyMessage(make);
    INFO("seed " << seed);
    for (int round = 0; round < 50; ++round) {
      std::string bytes = whole;
      for (auto changes = 1 + make.below(3); changes > 0; --changes)
        testing::setWord(bytes, make.below(bytes.size() / testing::kWord - 1), crookedWord(make));
      checkHarmless(bytes);
    }
  }
}

TEST_CASE("noise is refused", "[wire]") {
  for (std::uint64_t seed = 0; seed < 2000; ++seed) {
    Maker make(seed);
    std::string bytes;
    for (auto left = make.below(200); left > 0; --left) bytes += static_cast<char>(make.number());
    INFO("seed " << seed);
    checkHarmless(bytes);
    if (bytes.size() >= testing::kWord) {  // the same in a frame that holds
      bytes.resize(bytes.size() / testing::kWord * testing::kWord);
      const auto words = static_cast<std::uint32_t>(bytes.size() / testing::kWord - 1);
      checkHarmless(bytes.replace(0, testing::kWord, testing::table({0, words})));
    }
  }
}

TEST_CASE("segment tables that do not hold are refused", "[wire]") {
  using testing::table;
  const std::string word(8, '\0');
  const std::vector<std::pair<std::string_view, std::string>> frames{
      {"nothing", ""},
      {"half a table", table({0})},
      {"no table but its first number", table({3})},
      {"2^32 segments", table({0xFFFF'FFFF, 0})},
      {"a table that goes on past the end", table({7, 0, 0, 0})},
      {"a segment past the end", table({0, 2}) + word},
      {"less than there is", table({0, 1}) + word + word},
      {"no segment at all", table({0, 0}) + word},
      {"sizes that add up to one word past 2^32", table({1, 0xFFFF'FFFF, 2, 0}) + word},
      {"a size that wraps when counted in bytes", table({0, 0x2000'0001}) + word},
      {"sizes that wrap when counted in bytes", table({1, 0x1000'0000, 0x1000'0001, 0}) + word},
      {"sizes that wrap, each of them large", table({3, 0x8000'0000, 0x8000'0000, 0xFFFF'FFFF, 2, 0}) + word},
      {"nine segments", table({8, 1, 0, 0, 0, 0, 0, 0, 0, 0}) + word},
      {"an odd number of bytes", table({0, 1}) + word + "x"},
  };
  for (const auto& [what, bytes] : frames) {
    INFO(what);
    CHECK_FALSE(checkHarmless(bytes));
  }
}

}  // namespace
}  // namespace onering
