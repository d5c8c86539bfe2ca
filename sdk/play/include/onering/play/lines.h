// Lines of a text, compressed with gzip or not.
#pragma once

#include <cstddef>
#include <expected>
#include <istream>
#include <memory>
#include <optional>
#include <string>

namespace onering::play {

// Reads from `input`, which must outlive it, as far as it needs to. Whether it is gzip is seen from its first bytes.
class LineReader {
 public:
  explicit LineReader(std::istream& input);
  ~LineReader();
  LineReader(const LineReader&) = delete;
  LineReader& operator=(const LineReader&) = delete;

  // The next line without its line feed, nothing at the end, or in a sentence why there is no going on.
  [[nodiscard]] std::expected<std::optional<std::string>, std::string> next();

 private:
  class Source;

  std::unique_ptr<Source> source_;
  std::string read_;       // what the source has given
  std::size_t taken_ = 0;  // how much of it has been handed out
};

}  // namespace onering::play
