// Ids: UUIDv7 (RFC 9562 §5.7), 16 bytes everywhere, text only at the edges (SPEC §2).
#pragma once

#include <array>
#include <bit>
#include <compare>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "onering/domain/time.h"

namespace onering {

// One kind of id. `Tag` keeps a segment's id from being passed where a draft's is meant.
template <typename Tag>
struct Id {
  std::array<std::uint8_t, 16> bytes{};

  // Bytes 0-7 and 8-15 as big-endian numbers, the form in which messages carry an id.
  [[nodiscard]] std::uint64_t hi() const { return half(0); }
  [[nodiscard]] std::uint64_t lo() const { return half(8); }

  [[nodiscard]] static Id fromHalves(std::uint64_t hi, std::uint64_t lo) {
    Id id;
    for (std::size_t i = 0; i < 8; ++i) {
      id.bytes[i] = static_cast<std::uint8_t>(hi >> (56 - 8 * i));
      id.bytes[8 + i] = static_cast<std::uint8_t>(lo >> (56 - 8 * i));
    }
    return id;
  }

  // In the order of their bytes, compared eight at a time: maps by id are what much of the core does.
  friend bool operator==(const Id& one, const Id& other) { return one.words() == other.words(); }
  friend std::strong_ordering operator<=>(const Id& one, const Id& other) {
    const auto [high, low] = one.words();
    const auto [otherHigh, otherLow] = other.words();
    if (high != otherHigh) return bigEndian(high) <=> bigEndian(otherHigh);
    return bigEndian(low) <=> bigEndian(otherLow);
  }

 private:
  [[nodiscard]] std::array<std::uint64_t, 2> words() const {
    return std::bit_cast<std::array<std::uint64_t, 2>>(bytes);
  }
  [[nodiscard]] static std::uint64_t bigEndian(std::uint64_t word) {
    return std::endian::native == std::endian::big ? word : __builtin_bswap64(word);
  }

  [[nodiscard]] std::uint64_t half(std::size_t from) const {
    std::uint64_t value = 0;
    for (std::size_t i = from; i < from + 8; ++i) value = value << 8U | bytes[i];
    return value;
  }
};

using DraftId = Id<struct DraftTag>;
using SegmentId = Id<struct SegmentTag>;
using OpId = Id<struct OpTag>;
using InviteId = Id<struct InviteTag>;
using DeviceId = Id<struct DeviceTag>;

// The bits of a UUIDv7 made at `at` from ten bytes of entropy (74 bits of it are used).
// `at` is clamped to what 48 bits of milliseconds can hold.
[[nodiscard]] std::array<std::uint8_t, 16> uuidV7(Time at, std::span<const std::uint8_t, 10> entropy);

// Whether version and variant say UUIDv7.
[[nodiscard]] bool isUuidV7(const std::array<std::uint8_t, 16>& bytes);

// "018f3c1e-9a4b-7c31-8d2e-0123456789ab".
[[nodiscard]] std::string uuidText(const std::array<std::uint8_t, 16>& bytes);

// The bytes of a UUID of any version in the 8-4-4-4-12 form, upper or lower case; else nothing.
[[nodiscard]] std::optional<std::array<std::uint8_t, 16>> parseUuid(std::string_view text);

template <typename Tag>
[[nodiscard]] bool isUuidV7(const Id<Tag>& id) {
  return isUuidV7(id.bytes);
}

template <typename Tag>
[[nodiscard]] std::string toText(const Id<Tag>& id) {
  return uuidText(id.bytes);
}

// The id that `text` spells, or nothing when it is no UUIDv7.
template <typename IdType>
[[nodiscard]] std::optional<IdType> parseId(std::string_view text) {
  const auto bytes = parseUuid(text);
  if (!bytes || !isUuidV7(*bytes)) return std::nullopt;
  return IdType{*bytes};
}

}  // namespace onering
