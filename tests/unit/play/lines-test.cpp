#include "onering/play/lines.h"

#include <sstream>
#include <vector>

#include <catch2/catch_test_macros.hpp>
#include <zlib.h>

namespace onering::testing {

namespace {

using Lines = std::vector<std::string>;

// What a reader gives until the end, or until it says why it stops.
struct Reading {
  Lines lines;
  std::string stopped;
};

Reading read(const std::string& file) {
  std::istringstream input(file);
  play::LineReader reader(input);
  Reading reading;
  for (;;) {
    auto line = reader.next();
    if (!line) {
      reading.stopped = line.error();
      return reading;
    }
    if (!*line) {
      return reading;
    }
    reading.lines.push_back(std::move(**line));
  }
}

std::string gzip(const std::string& text) {
  constexpr int kGzip = 16;
  z_stream stream{};
  REQUIRE(deflateInit2(&stream, 9, Z_DEFLATED, MAX_WBITS + kGzip, 8, Z_DEFAULT_STRATEGY) == Z_OK);
  std::string file(deflateBound(&stream, static_cast<uLong>(text.size())), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(file.data());
  stream.avail_out = static_cast<uInt>(file.size());
  REQUIRE(deflate(&stream, Z_FINISH) == Z_STREAM_END);
  file.resize(stream.total_out);
  deflateEnd(&stream);
  return file;
}

}  // namespace

TEST_CASE("lines are what lies between line feeds") {
  CHECK(read("").lines.empty());
  CHECK(read("one").lines == Lines{"one"});
  CHECK(read("one\n").lines == Lines{"one"});
  CHECK(read("one\n\nthree").lines == Lines{"one", "", "three"});
  CHECK(read("\n").lines == Lines{""});
  CHECK(read("one\r\ntwo").lines == Lines{"one\r", "two"});
}

TEST_CASE("a compressed file has the same lines") {
  CHECK(read(gzip("")).lines.empty());
  CHECK(read(gzip("one\ntwo")).lines == Lines{"one", "two"});
  CHECK(read(gzip("one\nt") + gzip("wo\n")).lines == Lines{"one", "two"});
}

TEST_CASE("lines longer than what is read at a time stay whole") {
  Lines lines;
  std::string file;
  for (std::size_t i = 0; i < 20; ++i) {
    lines.emplace_back(i * 40'000, static_cast<char>('a' + i));
    file += lines.back() + '\n';
  }
  CHECK((read(file).lines == lines));  // in parentheses: nobody wants to see them
  CHECK((read(gzip(file)).lines == lines));
}

TEST_CASE("a compressed file that was cut off says so, at whatever place") {
  const std::string file = gzip("one\ntwo\nthree\n");
  for (std::size_t size = 2; size < file.size(); ++size) {
    INFO(size);
    CHECK(read(file.substr(0, size)).stopped == "The compressed file ends too early.");
  }
}

TEST_CASE("a compressed file that is damaged says so") {
  std::string file = gzip("one\ntwo\nthree\n");
  file[file.size() - 5] ^= 1;  // of the checksum
  CHECK(read(file).stopped == "The compressed file is damaged.");
  CHECK(read(gzip("one\n") + "rubbish").stopped == "The compressed file is damaged.");
}

}  // namespace onering::testing
