#include "json.h"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <utility>

namespace onering {

namespace {

// Digits of a 64-bit number and its sign.
constexpr std::size_t kDigitsMax = 20;
constexpr std::size_t kEscapedMax = 6;

bool needsEscape(char c) {
  return static_cast<unsigned char>(c) < 0x20 || c == '"' || c == '\\';
}

// The same of eight at once (S. E. Anderson, "Bit Twiddling Hacks": a byte less than n, a byte that is zero).
bool anyNeedsEscape(std::uint64_t bytes) {
  constexpr std::uint64_t kOnes = 0x0101'0101'0101'0101;
  const auto less = [](std::uint64_t all, std::uint64_t than) { return (all - kOnes * than) & ~all; };
  const std::uint64_t found = less(bytes, 0x20) | less(bytes ^ (kOnes * '"'), 1) | less(bytes ^ (kOnes * '\\'), 1);
  return (found & (kOnes << 7U)) != 0;
}

// Copies from the front of `text` what needs no escape; how much that was.
std::size_t copyPlain(char* to, std::string_view text) {
  std::size_t i = 0;
  for (std::uint64_t bytes = 0; i + sizeof bytes <= text.size(); i += sizeof bytes) {
    std::memcpy(&bytes, text.data() + i, sizeof bytes);
    if (anyNeedsEscape(bytes)) {
      break;
    }
    std::memcpy(to + i, &bytes, sizeof bytes);
  }
  for (; i < text.size() && !needsEscape(text[i]); ++i) {
    to[i] = text[i];
  }
  return i;
}

// Where it ends.
char* putEscaped(char* to, char c) {
  constexpr std::string_view kHex = "0123456789abcdef";
  *to++ = '\\';
  if (c == '"' || c == '\\') {
    *to++ = c;
    return to;
  }
  *to++ = 'u';
  *to++ = '0';
  *to++ = '0';
  *to++ = kHex[static_cast<unsigned char>(c) >> 4U];
  *to++ = kHex[static_cast<unsigned char>(c) & 0xFU];
  return to;
}

}  // namespace

// Where what comes next is to be written.
char* JsonWriter::roomFor(std::size_t size) {
  if (capacity_ - size_ < size) {
    constexpr std::size_t kLeast = 256;
    capacity_ = std::max({kLeast, 2 * capacity_, size_ + size});
    auto larger = std::make_unique_for_overwrite<char[]>(capacity_);
    if (size_ > 0) {
      std::memcpy(larger.get(), text_.get(), size_);
    }
    text_ = std::move(larger);
  }
  return text_.get() + size_;
}

// The same, for `room` bytes behind the comma.
char* JsonWriter::separate(std::size_t room) {
  char* to = roomFor(room + 1);
  if (!std::exchange(first_, false)) {
    *to++ = ',';
  }
  return to;
}

JsonWriter& JsonWriter::open(char bracket) {
  char* to = separate(1);
  *to++ = bracket;
  wroteTo(to);
  first_ = true;
  return *this;
}

JsonWriter& JsonWriter::close(char bracket) {
  char* to = roomFor(1);
  *to++ = bracket;
  wroteTo(to);
  first_ = false;
  return *this;
}

JsonWriter& JsonWriter::name(std::string_view name) {
  char* to = separate(name.size() + 3);
  *to++ = '"';
  to += copyPlain(to, name);
  *to++ = '"';
  *to++ = ':';
  wroteTo(to);
  first_ = true;
  return *this;
}

JsonWriter& JsonWriter::value(std::string_view utf8) {
  char* to = separate(utf8.size() + 2);
  *to++ = '"';
  for (std::string_view left = utf8;;) {
    const std::size_t plain = copyPlain(to, left);
    wroteTo(to + plain);
    if (plain == left.size()) {
      break;
    }
    const char special = left[plain];
    left.remove_prefix(plain + 1);
    to = putEscaped(roomFor(kEscapedMax + left.size() + 1), special);
  }
  *roomFor(1) = '"';
  ++size_;
  return *this;
}

JsonWriter& JsonWriter::value(bool truth) {
  return raw(truth ? "true" : "false");
}

template <typename Number>
JsonWriter& JsonWriter::number(Number number) {
  char* to = separate(kDigitsMax);
  wroteTo(std::to_chars(to, to + kDigitsMax, number).ptr);
  return *this;
}

JsonWriter& JsonWriter::value(std::int64_t content) {
  return number(content);
}

JsonWriter& JsonWriter::value(std::uint64_t content) {
  return number(content);
}

JsonWriter& JsonWriter::null() {
  return raw("null");
}

JsonWriter& JsonWriter::raw(std::string_view json) {
  char* to = separate(json.size());
  if (!json.empty()) {
    std::memcpy(to, json.data(), json.size());
  }
  wroteTo(to + json.size());
  return *this;
}

std::string JsonWriter::take() {
  first_ = true;
  return {text_.get(), std::exchange(size_, 0)};
}

}  // namespace onering
