#include "columns.h"

namespace onering::wire {

void ColumnWriter::add(std::uint64_t number) {
  for (; number >= 0x80; number >>= 7U) bytes_.push_back(static_cast<char>(number | 0x80U));
  bytes_.push_back(static_cast<char>(number));
}

void ColumnWriter::addDifference(std::uint64_t number) {
  add(number - last_);
  last_ = number;
}

void ColumnWriter::addSigned(std::uint64_t difference) {
  const std::uint64_t sign = 0 - (difference >> 63U);
  add(difference << 1U ^ sign);
}

std::optional<std::uint64_t> ColumnReader::next() {
  std::uint64_t number = 0;
  for (std::size_t i = 0; i < kNumberBytesMax && i < rest_.size(); ++i) {
    const auto byte = static_cast<std::uint8_t>(rest_[i]);
    number |= static_cast<std::uint64_t>(byte & 0x7FU) << (7 * i);
    if ((byte & 0x80U) != 0) continue;
    const bool overflows = i + 1 == kNumberBytesMax && byte > 1;
    const bool couldBeShorter = i > 0 && byte == 0;
    if (overflows || couldBeShorter) return std::nullopt;
    rest_.remove_prefix(i + 1);
    return number;
  }
  return std::nullopt;
}

std::optional<std::uint64_t> ColumnReader::nextDifference() {
  const auto difference = next();
  if (!difference) return std::nullopt;
  last_ += *difference;
  return last_;
}

std::optional<std::uint64_t> ColumnReader::nextSigned() {
  const auto folded = next();
  if (!folded) return std::nullopt;
  return *folded >> 1U ^ (0 - (*folded & 1U));
}

}  // namespace onering::wire
