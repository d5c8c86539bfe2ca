#include "json.h"

#include <array>
#include <charconv>
#include <utility>

namespace onering {

namespace {

// Digits of a 64-bit number and its sign.
constexpr std::size_t kDigitsMax = 20;

template <typename Number>
void appendNumber(std::string& text, Number number) {
  std::array<char, kDigitsMax> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
  text.append(digits.data(), end);
}

bool needsEscape(char c) {
  return static_cast<unsigned char>(c) < 0x20 || c == '"' || c == '\\';
}

void appendEscaped(std::string& text, char c) {
  constexpr std::string_view kHex = "0123456789abcdef";
  if (c == '"' || c == '\\') {
    text += '\\';
    text += c;
    return;
  }
  text += "\\u00";
  text += kHex[static_cast<unsigned char>(c) >> 4U];
  text += kHex[static_cast<unsigned char>(c) & 0xFU];
}

}  // namespace

void JsonWriter::separate() {
  if (!std::exchange(first_, false)) {
    text_ += ',';
  }
}

JsonWriter& JsonWriter::open(char bracket) {
  separate();
  text_ += bracket;
  first_ = true;
  return *this;
}

JsonWriter& JsonWriter::close(char bracket) {
  text_ += bracket;
  first_ = false;
  return *this;
}

JsonWriter& JsonWriter::name(std::string_view name) {
  separate();
  text_ += '"';
  text_ += name;
  text_ += "\":";
  first_ = true;
  return *this;
}

JsonWriter& JsonWriter::value(std::string_view utf8) {
  separate();
  text_ += '"';
  std::size_t plain = 0;  // where what needs no escape begins
  for (std::size_t i = 0; i < utf8.size(); ++i) {
    if (needsEscape(utf8[i])) {
      text_.append(utf8.substr(plain, i - plain));
      appendEscaped(text_, utf8[i]);
      plain = i + 1;
    }
  }
  text_.append(utf8.substr(plain));
  text_ += '"';
  return *this;
}

JsonWriter& JsonWriter::value(bool truth) {
  return raw(truth ? "true" : "false");
}

JsonWriter& JsonWriter::value(std::int64_t number) {
  separate();
  appendNumber(text_, number);
  return *this;
}

JsonWriter& JsonWriter::value(std::uint64_t number) {
  separate();
  appendNumber(text_, number);
  return *this;
}

JsonWriter& JsonWriter::null() {
  return raw("null");
}

JsonWriter& JsonWriter::raw(std::string_view json) {
  separate();
  text_ += json;
  return *this;
}

std::string JsonWriter::take() {
  first_ = true;
  return std::exchange(text_, {});
}

}  // namespace onering
