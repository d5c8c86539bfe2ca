#include <algorithm>
#include <charconv>

#include "onering/domain/bytes.h"
#include "onering/domain/id.h"
#include "onering/domain/time.h"

namespace onering {

namespace {

constexpr std::string_view kDigits = "0123456789abcdef";

// The value of a hexadecimal digit, or -1.
int digitValue(char digit) {
  if (digit >= '0' && digit <= '9') return digit - '0';
  if (digit >= 'a' && digit <= 'f') return digit - 'a' + 10;
  if (digit >= 'A' && digit <= 'F') return digit - 'A' + 10;
  return -1;
}

// A byte to a dash in 8-4-4-4-12: the dashes stand before these bytes.
bool dashBefore(std::size_t byte) {
  return byte == 4 || byte == 6 || byte == 8 || byte == 10;
}

// Where they end.
char* putDigits(char* to, std::uint8_t byte) {
  *to++ = kDigits[byte >> 4U];
  *to++ = kDigits[byte & 15U];
  return to;
}

}  // namespace

std::string toHex(std::span<const std::uint8_t> bytes) {
  std::string hex;
  hex.resize_and_overwrite(bytes.size() * 2, [&](char* to, std::size_t /*room*/) {
    for (const std::uint8_t byte : bytes) to = putDigits(to, byte);
    return bytes.size() * 2;  // libstdc++ 12 gives room for more
  });
  return hex;
}

std::optional<std::string> fromHex(std::string_view hex) {
  if (hex.size() % 2 != 0) return std::nullopt;
  std::string bytes;
  bytes.reserve(hex.size() / 2);
  for (std::size_t i = 0; i < hex.size(); i += 2) {
    const int high = digitValue(hex[i]);
    const int low = digitValue(hex[i + 1]);
    if (high < 0 || low < 0) return std::nullopt;
    bytes += static_cast<char>(high << 4 | low);
  }
  return bytes;
}

std::span<const std::uint8_t> asBytes(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

std::array<std::uint8_t, 16> uuidV7(Time at, std::span<const std::uint8_t, 10> entropy) {
  constexpr std::int64_t kMostMs = (std::int64_t{1} << 48) - 1;
  const auto ms = static_cast<std::uint64_t>(std::min(std::max<std::int64_t>(toMs(at), 0), kMostMs));
  std::array<std::uint8_t, 16> bytes{};
  for (std::size_t i = 0; i < 6; ++i) bytes[i] = static_cast<std::uint8_t>(ms >> (40 - 8 * i));
  for (std::size_t i = 0; i < 10; ++i) bytes[6 + i] = entropy[i];
  bytes[6] = static_cast<std::uint8_t>((bytes[6] & 0x0FU) | 0x70U);
  bytes[8] = static_cast<std::uint8_t>((bytes[8] & 0x3FU) | 0x80U);
  return bytes;
}

bool isUuidV7(const std::array<std::uint8_t, 16>& bytes) {
  return (bytes[6] & 0xF0U) == 0x70U && (bytes[8] & 0xC0U) == 0x80U;
}

std::string uuidText(const std::array<std::uint8_t, 16>& bytes) {
  std::string text;
  constexpr std::size_t kSize = 36;
  text.resize_and_overwrite(kSize, [&](char* to, std::size_t /*room*/) {
    for (std::size_t i = 0; i < bytes.size(); ++i) {
      if (dashBefore(i)) *to++ = '-';
      to = putDigits(to, bytes[i]);
    }
    return kSize;
  });
  return text;
}

std::optional<std::array<std::uint8_t, 16>> parseUuid(std::string_view text) {
  if (text.size() != 36) return std::nullopt;
  std::array<std::uint8_t, 16> bytes{};
  std::size_t at = 0;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    if (dashBefore(i) && text[at++] != '-') return std::nullopt;
    const int high = digitValue(text[at]);
    const int low = digitValue(text[at + 1]);
    if (high < 0 || low < 0) return std::nullopt;
    bytes[i] = static_cast<std::uint8_t>(high << 4 | low);
    at += 2;
  }
  return bytes;
}

std::string timeText(Time time) {
  time = std::clamp(time, kFirstTime, kLastTime);
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date{day};
  const std::chrono::hh_mm_ss clock{time - day};
  std::string text = "0000-00-00T00:00:00.000Z";
  const auto write = [&text](std::size_t last, auto number) {  // over zeros, to the left
    for (auto rest = static_cast<unsigned>(number); rest > 0; rest /= 10) text[last--] = kDigits[rest % 10];
  };
  write(3, static_cast<int>(date.year()));
  write(6, static_cast<unsigned>(date.month()));
  write(9, static_cast<unsigned>(date.day()));
  write(12, clock.hours().count());
  write(15, clock.minutes().count());
  write(18, clock.seconds().count());
  write(22, clock.subseconds().count());
  return text;
}

}  // namespace onering
