#include "onering/domain/text.h"

#include <catch2/catch_test_macros.hpp>

#include "onering/domain/bytes.h"

namespace onering::testing {

namespace {

using namespace std::string_view_literals;

struct TextLine {
  std::string_view sentence;
  std::string_view text;
  bool isText;
  std::optional<std::size_t> length;  // of a line
};

// RFC 3629 §3 and §4: the first and last of every range, and what lies just beyond.
const TextLine kTexts[] = {
    {"nothing", "", true, 0},
    {"letters", "ring", true, 4},
    {"NUL", "a\0b"sv, false, std::nullopt},
    {"U+0001", "\x01", true, std::nullopt},
    {"tab", "\t", true, std::nullopt},
    {"line break", "a\nb", true, std::nullopt},
    {"U+001F", "\x1f", true, std::nullopt},
    {"U+0020", " ", true, 1},
    {"U+007E", "~", true, 1},
    {"U+007F", "\x7f", true, std::nullopt},
    {"U+0080, the first of two bytes", "\xc2\x80", true, std::nullopt},
    {"U+009F", "\xc2\x9f", true, std::nullopt},
    {"U+00A0", "\xc2\xa0", true, 1},
    {"U+07FF, the last of two bytes", "\xdf\xbf", true, 1},
    {"U+0800, the first of three bytes", "\xe0\xa0\x80", true, 1},
    {"U+D7FF, the last before the surrogates", "\xed\x9f\xbf", true, 1},
    {"U+E000, the first behind the surrogates", "\xee\x80\x80", true, 1},
    {"U+FFFF", "\xef\xbf\xbf", true, 1},
    {"U+FEFF, a byte order mark", "\xef\xbb\xbf", true, 1},
    {"U+10000, the first of four bytes", "\xf0\x90\x80\x80", true, 1},
    {"U+10FFFF, the last there is", "\xf4\x8f\xbf\xbf", true, 1},
    {"one face of several code points", "\xf0\x9f\x91\xa9\xe2\x80\x8d\xf0\x9f\x92\xbb", true, 3},
    {"a byte that only goes on", "\x80", false, std::nullopt},
    {"the last byte that only goes on", "\xbf", false, std::nullopt},
    {"C0: NUL in two bytes", "\xc0\x80", false, std::nullopt},
    {"C1: overlong", "\xc1\xbf", false, std::nullopt},
    {"E0 9F: overlong", "\xe0\x9f\xbf", false, std::nullopt},
    {"F0 8F: overlong", "\xf0\x8f\xbf\xbf", false, std::nullopt},
    {"U+D800, a surrogate", "\xed\xa0\x80", false, std::nullopt},
    {"U+DFFF, a surrogate", "\xed\xbf\xbf", false, std::nullopt},
    {"U+110000, beyond the last", "\xf4\x90\x80\x80", false, std::nullopt},
    {"F5", "\xf5\x80\x80\x80", false, std::nullopt},
    {"FE", "\xfe", false, std::nullopt},
    {"FF", "\xff", false, std::nullopt},
    {"one of two bytes", "\xc3", false, std::nullopt},
    {"two of three bytes", "\xe2\x82", false, std::nullopt},
    {"three of four bytes", "\xf0\x9f\x91", false, std::nullopt},
    {"a letter where the second byte should be",
     "\xc3"
     "a",
     false, std::nullopt},
    {"a letter where the third byte should be",
     "\xe2\x82"
     "a",
     false, std::nullopt},
    {"a letter where the fourth byte should be",
     "\xf0\x9f\x91"
     "a",
     false, std::nullopt},
    {"Latin-1", "caf\xe9", false, std::nullopt},
};

}  // namespace

TEST_CASE("text is well-formed UTF-8 without NUL, a line has no control characters either") {
  for (const TextLine& line : kTexts) {
    INFO(line.sentence);
    CHECK(isText(line.text) == line.isText);
    CHECK(lineLength(line.text) == line.length);
  }
}

// Long texts are read in strides: what stands where, and how much follows, must not matter.
TEST_CASE("a text is as good as its worst part, wherever that stands") {
  for (const TextLine& line : kTexts) {
    for (std::size_t before = 0; before < 40; ++before) {
      for (const std::size_t behind : {0U, 1U, 7U, 33U}) {
        const std::string text = std::string(before, 'x') + std::string(line.text) + std::string(behind, 'y');
        INFO(line.sentence << " behind " << before << " letters and before " << behind);
        CHECK(isText(text) == line.isText);
        CHECK(lineLength(text).has_value() == line.length.has_value());
      }
    }
  }
}

TEST_CASE("a user id is 1 to 128 bytes without control characters") {
  CHECK(!isUserId(""));
  CHECK(isUserId("u"));
  CHECK(isUserId("auth0|5f7c8ec7c33c6c004bbafe82"));
  CHECK(isUserId(std::string(128, 'u')));
  CHECK(!isUserId(std::string(129, 'u')));
  CHECK(!isUserId("a\nb"));
  CHECK(!isUserId("a\0b"sv));
  CHECK(!isUserId("\xff"));
  std::string umlauts;
  while (umlauts.size() < 128) {
    umlauts += "ü";
  }
  CHECK(isUserId(umlauts));
  CHECK(!isUserId(umlauts + "u"));
}

TEST_CASE("a display name is a line of at most 256 bytes") {
  CHECK(isDisplay("Ada Lovelace"));
  CHECK(isDisplay(std::string(256, 'a')));
  CHECK(!isDisplay(std::string(257, 'a')));
  CHECK(!isDisplay(""));
  CHECK(!isDisplay("Ada\nLovelace"));
  CHECK(!isDisplay("\xff"));
}

// The digits are the end of what `printf %s alice | sha256sum` prints.
TEST_CASE("a user without a display name is shown by the last six hex digits of the id's SHA-256") {
  CHECK(anonymousDisplay("alice") == "@u_6d6e90");
  CHECK(anonymousDisplay("bob") == "@u_c58ce9");
  CHECK(anonymousDisplay("ü") == "@u_e2d85f");
}

TEST_CASE("hexadecimal goes both ways, and takes nothing else") {
  CHECK(toHex(asBytes("\x00\x0f\xa5\xff"sv)) == "000fa5ff");
  CHECK(fromHex("000fA5fF") == "\x00\x0f\xa5\xff"sv);
  CHECK(fromHex("") == "");
  CHECK(!fromHex("0"));
  CHECK(!fromHex("0g"));
  CHECK(!fromHex("-1"));
  CHECK(!fromHex(" 1"));
}

}  // namespace onering::testing
