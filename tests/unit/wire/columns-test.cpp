#include "columns.h"

#include <vector>

#include <catch2/catch_test_macros.hpp>

#include "maker.h"

namespace onering::wire {
namespace {

std::optional<std::uint64_t> onlyNumber(std::string_view bytes) {
  ColumnReader reader(bytes);
  const auto number = reader.next();
  return reader.atEnd() ? number : std::nullopt;
}

std::string columnOf(std::uint64_t number) {
  ColumnWriter writer;
  writer.add(number);
  return writer.bytes();
}

TEST_CASE("a number takes one byte for every seven bits", "[wire]") {
  CHECK(columnOf(0) == std::string(1, '\0'));
  CHECK(columnOf(127) == "\x7F");
  CHECK(columnOf(128) == "\x80\x01");
  CHECK(columnOf(~std::uint64_t{0}).size() == kNumberBytesMax);
}

TEST_CASE("a column gives back its numbers, differences and signed differences", "[wire]") {
  testing::Maker make(5);
  std::vector<std::uint64_t> numbers{0, 1, 127, 128, ~std::uint64_t{0}, std::uint64_t{1} << 63U};
  for (int i = 0; i < 500; ++i) numbers.push_back(make.magnitude());
  ColumnWriter plain, differences, signs;
  for (const auto number : numbers) {
    plain.add(number);
    differences.addDifference(number);
    signs.addSigned(number);
  }
  ColumnReader plainReader(plain.bytes()), differencesReader(differences.bytes()), signsReader(signs.bytes());
  for (const auto number : numbers) {
    CHECK(plainReader.next() == number);
    CHECK(differencesReader.nextDifference() == number);
    CHECK(signsReader.nextSigned() == number);
  }
  CHECK(plainReader.atEnd());
  CHECK(differencesReader.atEnd());
  CHECK(signsReader.atEnd());
}

TEST_CASE("small differences are short in both directions", "[wire]") {
  for (const std::int64_t difference : {-64, -1, 0, 1, 63}) {
    ColumnWriter writer;
    writer.addSigned(static_cast<std::uint64_t>(difference));
    CHECK(writer.bytes().size() == 1);
  }
}

TEST_CASE("a number that is not in its shortest form is refused", "[wire]") {
  using namespace std::string_view_literals;
  CHECK(onlyNumber("\x80\x00"sv) == std::nullopt);
  CHECK(onlyNumber("\xFF\x80\x00"sv) == std::nullopt);
  CHECK(onlyNumber("\x80"sv) == std::nullopt);
  CHECK(onlyNumber(""sv) == std::nullopt);
  CHECK(onlyNumber("\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x01"sv) == ~std::uint64_t{0});
  CHECK(onlyNumber("\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x02"sv) == std::nullopt);
  CHECK(onlyNumber("\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x81\x00"sv) == std::nullopt);
}

}  // namespace
}  // namespace onering::wire
