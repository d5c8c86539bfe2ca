// Fixed-size byte strings that the core hashes, compares and prints.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace onering {

using Digest = std::array<std::uint8_t, 32>;  // SHA-256
using Salt = std::array<std::uint8_t, 16>;    // hides a segment's text behind its digest (SPEC H1)

// Lower-case hexadecimal, two digits a byte.
[[nodiscard]] std::string toHex(std::span<const std::uint8_t> bytes);

// The bytes that `hex` spells, or nothing when it is not an even number of hexadecimal digits.
[[nodiscard]] std::optional<std::string> fromHex(std::string_view hex);

// A view of text as bytes, for hashing. The text must outlive the view.
[[nodiscard]] std::span<const std::uint8_t> asBytes(std::string_view text);

}  // namespace onering
