// Values as PostgreSQL takes them in binary form: of a statement's parameters, and of arrays of which each element is
// a row's column. A statement names its parameters' types by casts ($1::uuid[]), so no type is ever guessed.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "onering/domain/bytes.h"
#include "onering/domain/id.h"
#include "onering/domain/time.h"

namespace onering::postgres {

// 2000-01-01, from which timestamptz counts microseconds.
inline constexpr std::int64_t kEpochMs = 946'684'800'000;

template <typename Number>
void appendBigEndian(std::string& bytes, Number number) {
  using Bits = std::make_unsigned_t<Number>;
  const auto bits = static_cast<Bits>(number);
  for (int shift = 8 * (sizeof(Bits) - 1); shift >= 0; shift -= 8) {
    bytes.push_back(static_cast<char>(bits >> shift));
  }
}

struct Bytes {
  std::string_view view;
};

// Each writes a value's binary form; the numbers are the types' ids in pg_type, which are the same everywhere.
inline constexpr std::uint32_t kBytea = 17;
inline constexpr std::uint32_t kInt8 = 20;
inline constexpr std::uint32_t kInt2 = 21;
inline constexpr std::uint32_t kInt4 = 23;
inline constexpr std::uint32_t kText = 25;
inline constexpr std::uint32_t kTimestamptz = 1184;
inline constexpr std::uint32_t kUuid = 2950;
inline constexpr std::uint32_t kXid8 = 5069;

template <typename T>
struct Binary;

template <typename Tag>
struct Binary<Id<Tag>> {
  static constexpr std::uint32_t kType = kUuid;
  static void append(std::string& bytes, const Id<Tag>& id) {
    bytes.append(reinterpret_cast<const char*>(id.bytes.data()), id.bytes.size());
  }
};

template <>
struct Binary<std::int64_t> {
  static constexpr std::uint32_t kType = kInt8;
  static void append(std::string& bytes, std::int64_t number) { appendBigEndian(bytes, number); }
};

template <>
struct Binary<std::int32_t> {
  static constexpr std::uint32_t kType = kInt4;
  static void append(std::string& bytes, std::int32_t number) { appendBigEndian(bytes, number); }
};

template <>
struct Binary<std::int16_t> {
  static constexpr std::uint32_t kType = kInt2;
  static void append(std::string& bytes, std::int16_t number) { appendBigEndian(bytes, number); }
};

// Of a transaction.
struct TransactionNumber {
  std::int64_t value;
};

template <>
struct Binary<TransactionNumber> {
  static constexpr std::uint32_t kType = kXid8;
  static void append(std::string& bytes, TransactionNumber number) { appendBigEndian(bytes, number.value); }
};

template <>
struct Binary<std::string_view> {
  static constexpr std::uint32_t kType = kText;
  static void append(std::string& bytes, std::string_view text) { bytes.append(text); }
};

template <>
struct Binary<Bytes> {
  static constexpr std::uint32_t kType = kBytea;
  static void append(std::string& bytes, Bytes value) { bytes.append(value.view); }
};

template <std::size_t kSize>
struct Binary<std::array<std::uint8_t, kSize>> {
  static constexpr std::uint32_t kType = kBytea;
  static void append(std::string& bytes, const std::array<std::uint8_t, kSize>& value) {
    bytes.append(reinterpret_cast<const char*>(value.data()), kSize);
  }
};

template <>
struct Binary<Time> {
  static constexpr std::uint32_t kType = kTimestamptz;
  // What PostgreSQL cannot hold (years -4713 to 294276) becomes the infinities.
  static void append(std::string& bytes, Time time) {
    using Number = std::numeric_limits<std::int64_t>;
    constexpr std::int64_t kMsMin = -210'866'803'200'000 + kEpochMs;
    constexpr std::int64_t kMsMax = 9'223'371'331'200'000 + kEpochMs;
    const std::int64_t ms = toMs(time);
    appendBigEndian(bytes, ms < kMsMin ? Number::min() : ms >= kMsMax ? Number::max() : (ms - kEpochMs) * 1'000);
  }
};

// A parameter: its binary form, or NULL.
using Parameter = std::optional<std::string>;

template <typename T>
[[nodiscard]] Parameter scalar(const T& value) {
  std::string bytes;
  Binary<T>::append(bytes, value);
  return bytes;
}
[[nodiscard]] inline Parameter scalar(const std::string& text) {
  return text;
}
template <typename T>
[[nodiscard]] Parameter scalar(const std::optional<T>& value) {
  return value ? scalar(*value) : std::nullopt;
}

// An array of one dimension that grows by add().
template <typename T>
class Array {
 public:
  Array() {
    appendBigEndian(bytes_, std::uint32_t{1});  // dimensions
    appendBigEndian(bytes_, std::uint32_t{0});  // set when there is a NULL
    appendBigEndian(bytes_, Binary<T>::kType);
    appendBigEndian(bytes_, std::uint32_t{0});  // elements: known at the end
    appendBigEndian(bytes_, std::uint32_t{1});  // the first one's index
  }

  void add(const T& value) {
    const std::size_t at = bytes_.size();
    bytes_.append(4, '\0');
    Binary<T>::append(bytes_, value);
    write(at, static_cast<std::uint32_t>(bytes_.size() - at - 4));
    ++count_;
  }

  void addNull() {
    appendBigEndian(bytes_, std::int32_t{-1});
    hasNull_ = 1;
    ++count_;
  }

  template <typename Optional>
  void addOrNull(const Optional& value) {
    if (value) {
      add(*value);
    } else {
      addNull();
    }
  }

  [[nodiscard]] bool empty() const { return count_ == 0; }
  [[nodiscard]] std::uint32_t size() const { return count_; }

  [[nodiscard]] Parameter take() && {
    if (count_ == 0) {
      bytes_.resize(12);  // an empty array has no dimensions
      write(0, 0);
      return std::move(bytes_);
    }
    write(4, hasNull_);
    write(12, count_);
    return std::move(bytes_);
  }

 private:
  void write(std::size_t at, std::uint32_t number) {
    for (std::size_t i = 0; i < 4; ++i) {
      bytes_[at + i] = static_cast<char>(number >> (24 - 8 * i));
    }
  }

  std::string bytes_;
  std::uint32_t count_ = 0;
  std::uint32_t hasNull_ = 0;
};

}  // namespace onering::postgres
