// Columns of numbers, as SnapshotPart in onering.capnp describes them: unsigned LEB128, one after the other.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace onering::wire {

// The longest a number can get: 64 bits, 7 to a byte.
inline constexpr std::size_t kNumberBytesMax = 10;

class ColumnWriter {
 public:
  void add(std::uint64_t number);
  // Adds the difference to the number that was last given to addDifference(), at first to zero.
  void addDifference(std::uint64_t number);
  void addSigned(std::uint64_t difference);  // two's complement; small in both directions is short

  [[nodiscard]] const std::string& bytes() const { return bytes_; }

 private:
  std::string bytes_;
  std::uint64_t last_ = 0;
};

// Reads what a ColumnWriter wrote. Each function gives nothing where no number stands in its shortest form.
class ColumnReader {
 public:
  explicit ColumnReader(std::string_view bytes) : rest_(bytes) {}

  [[nodiscard]] std::optional<std::uint64_t> next();
  [[nodiscard]] std::optional<std::uint64_t> nextDifference();
  [[nodiscard]] std::optional<std::uint64_t> nextSigned();
  [[nodiscard]] bool atEnd() const { return rest_.empty(); }

 private:
  std::string_view rest_;
  std::uint64_t last_ = 0;
};

}  // namespace onering::wire
