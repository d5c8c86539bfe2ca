// What the fuzz targets share.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace onering::fuzz {

// Ends the program where something holds that must not: the fuzzer keeps the input.
inline void require(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "broken: %s\n", what);
  std::abort();
}

inline std::string_view viewOf(const std::uint8_t* data, std::size_t size) {
  return {reinterpret_cast<const char*>(data), size};
}

// Cuts an input into pieces: two bytes of length, least significant first, then the piece.
class Pieces {
 public:
  explicit Pieces(std::string_view input) : left_(input) {}

  std::optional<std::string_view> next() {
    if (left_.size() < 2) return std::nullopt;
    const std::size_t length = static_cast<unsigned char>(left_[0]) | static_cast<unsigned char>(left_[1]) << 8U;
    const std::string_view piece = left_.substr(2, length);
    left_.remove_prefix(2 + piece.size());
    return piece;
  }

 private:
  std::string_view left_;
};

}  // namespace onering::fuzz
