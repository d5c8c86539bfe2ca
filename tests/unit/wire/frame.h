// Bytes of messages that no encoder would write.
#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include <capnp/message.h>
#include <capnp/serialize.h>

namespace onering::testing {

inline constexpr std::size_t kWord = 8;

// A 32-bit or 64-bit number as it stands in a message.
template <typename Number>
std::string littleEndian(Number number) {
  std::string bytes;
  for (std::size_t i = 0; i < sizeof number; ++i) bytes += static_cast<char>(number >> (8 * i));
  return bytes;
}

// A segment table as given, whatever follows.
inline std::string table(const std::vector<std::uint32_t>& numbers) {
  std::string bytes;
  for (const auto number : numbers) bytes += littleEndian(number);
  return bytes;
}

// One segment of these words, correctly framed.
inline std::string frame(const std::vector<std::uint64_t>& words) {
  std::string bytes = table({0, static_cast<std::uint32_t>(words.size())});
  for (const auto word : words) bytes += littleEndian(word);
  return bytes;
}

inline std::string frame(capnp::MessageBuilder& message) {
  const auto words = capnp::messageToFlatArray(message);
  const auto chars = words.asChars();
  return {chars.begin(), chars.size()};
}

// The word at `index` of a message in one segment, and what it is replaced with.
inline std::uint64_t wordAt(std::string_view bytes, std::size_t index) {
  std::uint64_t word = 0;
  for (std::size_t i = 0; i < kWord; ++i)
    word |= std::uint64_t{static_cast<std::uint8_t>(bytes.at(kWord * (index + 1) + i))} << (8 * i);
  return word;
}

inline void setWord(std::string& bytes, std::size_t index, std::uint64_t word) {
  bytes.replace(kWord * (index + 1), kWord, littleEndian(word));
}

// Pointers as Cap'n Proto's encoding specification lays them out. Offsets count words from the pointer's end.
constexpr std::uint64_t structPointer(std::int32_t offset, std::uint64_t dataWords, std::uint64_t pointers) {
  return (static_cast<std::uint64_t>(offset) << 2U & 0xFFFF'FFFCU) | dataWords << 32U | pointers << 48U;
}

enum class Elements : std::uint8_t { none, bit, byte, twoBytes, fourBytes, word, pointer, composite };

constexpr std::uint64_t listPointer(std::int32_t offset, Elements elements, std::uint64_t count) {
  return 1U | (static_cast<std::uint64_t>(offset) << 2U & 0xFFFF'FFFCU) | static_cast<std::uint64_t>(elements) << 32U |
         count << 35U;
}

constexpr std::uint64_t farPointer(std::uint32_t word, std::uint64_t segment, bool doubleFar = false) {
  return 2U | (doubleFar ? 4U : 0U) | std::uint64_t{word} << 3U | segment << 32U;
}

}  // namespace onering::testing
