#include "onering/domain/sha256.h"

#include <catch2/catch_test_macros.hpp>
#include <sodium/crypto_hash_sha256.h>

namespace onering::testing {

namespace {

Digest hashOf(std::string_view text) {
  return Sha256().add(text).finish();
}

// What another implementation says.
Digest hashElsewhere(std::string_view text) {
  Digest digest;
  crypto_hash_sha256(digest.data(), asBytes(text).data(), text.size());
  return digest;
}

std::string textOf(std::size_t size) {
  std::string text;
  for (std::size_t i = 0; i < size; ++i) {
    text += static_cast<char>(i * 131 + i / 256);
  }
  return text;
}

}  // namespace

// NIST, Secure Hash Standard example values.
TEST_CASE("SHA-256 gives the standard's own examples") {
  CHECK(toHex(hashOf("")) == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  CHECK(toHex(hashOf("abc")) == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  CHECK(toHex(hashOf("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq")) ==
        "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
  CHECK(toHex(hashOf(std::string(1'000'000, 'a'))) ==
        "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST_CASE("SHA-256 agrees with libsodium for every length around its blocks") {
  for (std::size_t size = 0; size < 520; ++size) {
    const std::string text = textOf(size);
    INFO(size);
    REQUIRE(hashOf(text) == hashElsewhere(text));
  }
}

TEST_CASE("SHA-256 does not depend on the pieces in which the bytes come") {
  const std::string text = textOf(300);
  const Digest whole = hashElsewhere(text);
  for (std::size_t first = 0; first <= text.size(); ++first) {
    for (const std::size_t second : {0, 1, 7, 63, 64, 65, 128}) {
      const auto rest = std::string_view(text).substr(first);
      const auto middle = rest.substr(0, second);
      INFO(first << " " << second);
      REQUIRE(Sha256().add(text.substr(0, first)).add(middle).add(rest.substr(middle.size())).finish() == whole);
    }
  }
}

TEST_CASE("copying a SHA-256 in progress forks it") {
  Sha256 begun;
  begun.add("a text of more than one block, so that there is something to copy: a state, and what is left over");
  Sha256 forked = begun;
  forked.add("x");
  CHECK(begun.finish() ==
        hashElsewhere(
            "a text of more than one block, so that there is something to copy: a state, and what is left over"));
  CHECK(forked.finish() != hashOf("x"));
}

}  // namespace onering::testing
