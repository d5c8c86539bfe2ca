#include "onering/domain/text.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>

#include "onering/domain/sha256.h"

namespace onering {

namespace {

// Takes one code point off the front of `text`; nothing when what stands there is not UTF-8.
// RFC 3629 §4: the second byte's range depends on the first, the others are 80..BF.
std::optional<char32_t> takeCodePoint(std::string_view& text) {
  const auto byte = [&](std::size_t i) { return static_cast<std::uint8_t>(text[i]); };
  const std::uint8_t first = byte(0);
  if (first < 0x80) {
    text.remove_prefix(1);
    return first;
  }
  std::size_t size = 0;
  std::uint8_t low = 0x80;
  std::uint8_t high = 0xBF;
  char32_t point = 0;
  if (first >= 0xC2 && first <= 0xDF) {
    size = 2;
    point = first & 0x1FU;
  } else if (first >= 0xE0 && first <= 0xEF) {
    size = 3;
    point = first & 0x0FU;
    if (first == 0xE0) low = 0xA0;
    if (first == 0xED) high = 0x9F;
  } else if (first >= 0xF0 && first <= 0xF4) {
    size = 4;
    point = first & 0x07U;
    if (first == 0xF0) low = 0x90;
    if (first == 0xF4) high = 0x8F;
  } else {
    return std::nullopt;
  }
  if (text.size() < size || byte(1) < low || byte(1) > high) return std::nullopt;
  for (std::size_t i = 1; i < size; ++i) {
    if ((byte(i) & 0xC0U) != 0x80U) return std::nullopt;
    point = point << 6U | (byte(i) & 0x3FU);
  }
  text.remove_prefix(size);
  return point;
}

constexpr std::size_t kStride = 32;

// How many whole strides at the front hold nothing but U+0001-U+007F, in bytes. Most of most texts is found to be
// good in this way, at a fraction of what looking at each code point costs.
std::size_t plainPrefix(std::string_view text) {
  constexpr std::uint64_t kOnes = 0x0101'0101'0101'0101;
  constexpr std::uint64_t kHighBits = kOnes << 7U;
  std::size_t size = 0;
  for (; text.size() - size >= kStride; size += kStride) {
    std::array<std::uint64_t, kStride / 8> words{};
    std::memcpy(words.data(), text.data() + size, kStride);
    std::uint64_t odd = 0;
    for (const std::uint64_t word : words) odd |= word | (word - kOnes);  // a high bit: a byte above 7F, or a NUL
    if ((odd & kHighBits) != 0) break;
  }
  return size;
}

bool isControl(char32_t point) {
  return point < 0x20 || (point >= 0x7F && point <= 0x9F);
}

}  // namespace

bool isText(std::string_view text) {
  while (!text.empty()) {
    text.remove_prefix(plainPrefix(text));
    const std::size_t rest = text.size() - std::min(text.size(), kStride);
    while (text.size() > rest) {
      const auto point = takeCodePoint(text);
      if (!point || *point == 0) return false;
    }
  }
  return true;
}

std::optional<std::size_t> lineLength(std::string_view text) {
  std::size_t length = 0;
  while (!text.empty()) {
    const auto point = takeCodePoint(text);
    if (!point || isControl(*point)) return std::nullopt;
    ++length;
  }
  return length;
}

bool isUserId(std::string_view text) {
  return !text.empty() && text.size() <= 128 && lineLength(text).has_value();
}

bool isDisplay(std::string_view text) {
  return !text.empty() && text.size() <= 256 && lineLength(text).has_value();
}

std::string anonymousDisplay(std::string_view user) {
  const Digest digest = Sha256().add(user).finish();
  return "@u_" + toHex(digest).substr(58);
}

}  // namespace onering
