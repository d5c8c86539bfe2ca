// A Cap'n Proto message that is built where it will be sent from: in the string that encode() returns.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

#include <capnp/message.h>
#include <capnp/serialize.h>

namespace onering::wire {

// Room for the whole message is given beforehand, so that it becomes one segment and is never copied. Should
// that have been too little, the rest goes into further segments: the message is still right, only slower.
class FlatMessage final : public capnp::MessageBuilder {
 public:
  // `bytesMax`: of the finished message, with its segment table. More than a string holds in place of a heap
  // block, which is always aligned for words.
  explicit FlatMessage(std::size_t bytesMax) : bytes_((bytesMax + 7) / 8 * 8 + kTableBytes, '\0') {}

  kj::ArrayPtr<capnp::word> allocateSegment(capnp::uint wordsMin) override {
    const std::size_t words = (bytes_.size() - kTableBytes) / sizeof(capnp::word);
    if (!opened_ && words >= wordsMin) {
      opened_ = true;
      return {reinterpret_cast<capnp::word*>(bytes_.data() + kTableBytes), words};
    }
    opened_ = true;
    further_.push_back(kj::heapArray<capnp::word>(std::max<std::size_t>(wordsMin, kFurtherWords)));
    std::memset(further_.back().begin(), 0, further_.back().asBytes().size());
    return further_.back();
  }

  // The message. Ends the building.
  [[nodiscard]] std::string finish() {
    const auto segments = getSegmentsForOutput();
    if (!further_.empty()) {
      const auto words = capnp::messageToFlatArray(segments);
      const auto flat = words.asChars();
      return {flat.begin(), flat.size()};
    }
    const auto words = static_cast<std::uint32_t>(segments[0].size());
    for (unsigned i = 0; i < 4; ++i)  // the table: number of segments less one, size of the first
      bytes_[4 + i] = static_cast<char>(words >> (8 * i));
    bytes_.resize(kTableBytes + words * sizeof(capnp::word));
    return std::move(bytes_);
  }

 private:
  static constexpr std::size_t kTableBytes = 8;
  static constexpr std::size_t kFurtherWords = 1024;

  std::string bytes_;
  bool opened_ = false;
  std::vector<kj::Array<capnp::word>> further_;
};

}  // namespace onering::wire
