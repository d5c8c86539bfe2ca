#include "onering/play/lines.h"

#include <array>
#include <utility>

#include <zlib.h>

namespace onering::play {

// The bytes of the file, uncompressed.
class LineReader::Source {
 public:
  explicit Source(std::istream& input) : input_(input) {
    refill();
    compressed_ = stream_.avail_in >= 2 && stream_.next_in[0] == 0x1f && stream_.next_in[1] == 0x8b;
    constexpr int kGzip = 16;
    if (compressed_ && inflateInit2(&stream_, MAX_WBITS + kGzip) != Z_OK) {
      throw std::bad_alloc();
    }
  }
  ~Source() {
    if (compressed_) {
      inflateEnd(&stream_);
    }
  }
  Source(const Source&) = delete;
  Source& operator=(const Source&) = delete;

  // Appends some bytes to `text`; false at the end.
  std::expected<bool, std::string> readSome(std::string& text) {
    if (stream_.avail_in == 0) {
      refill();
    }
    if (input_.bad()) {
      return std::unexpected("The file cannot be read.");
    }
    if (compressed_) {
      return inflateSome(text);
    }
    const std::size_t size = stream_.avail_in;
    text.append(reinterpret_cast<const char*>(stream_.next_in), size);
    stream_.avail_in = 0;
    return size > 0;
  }

 private:
  static constexpr std::size_t kChunkBytes = std::size_t{256} << 10U;

  void refill() {
    input_.read(read_.data(), static_cast<std::streamsize>(read_.size()));
    stream_.next_in = reinterpret_cast<Bytef*>(read_.data());
    stream_.avail_in = static_cast<uInt>(input_.gcount());
  }

  std::expected<bool, std::string> inflateSome(std::string& text) {
    if (stream_.avail_in == 0) {
      return atMemberEnd_ ? std::expected<bool, std::string>(false)
                          : std::unexpected("The compressed file ends too early.");
    }
    if (atMemberEnd_) {  // one gzip file may follow another
      inflateReset(&stream_);
    }
    stream_.next_out = reinterpret_cast<Bytef*>(inflated_.data());
    stream_.avail_out = static_cast<uInt>(inflated_.size());
    const int status = inflate(&stream_, Z_NO_FLUSH);
    text.append(inflated_, 0, inflated_.size() - stream_.avail_out);
    atMemberEnd_ = status == Z_STREAM_END;
    if (status != Z_OK && status != Z_STREAM_END && status != Z_BUF_ERROR) {
      return std::unexpected("The compressed file is damaged.");
    }
    return true;
  }

  std::istream& input_;
  std::string read_ = std::string(kChunkBytes, '\0');
  std::string inflated_ = std::string(kChunkBytes, '\0');
  z_stream stream_{};
  bool compressed_ = false;
  bool atMemberEnd_ = false;
};

LineReader::LineReader(std::istream& input) : source_(std::make_unique<Source>(input)) {}
LineReader::~LineReader() = default;

std::expected<std::optional<std::string>, std::string> LineReader::next() {
  std::size_t searched = taken_;
  for (;;) {
    if (const std::size_t end = read_.find('\n', searched); end != std::string::npos) {
      std::string line = read_.substr(taken_, end - taken_);
      taken_ = end + 1;
      return line;
    }
    read_.erase(0, taken_);
    taken_ = 0;
    searched = read_.size();
    const auto more = source_->readSome(read_);
    if (!more) {
      return std::unexpected(more.error());
    }
    if (!*more) {
      if (read_.empty()) {
        return std::nullopt;
      }
      return std::exchange(read_, {});
    }
  }
}

}  // namespace onering::play
