#include "flat-message.h"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

namespace onering::wire {
namespace {

TEST_CASE("A message for which too little room was given is right all the same", "[wire]") {
  const std::size_t room = GENERATE(16U, 64U, 20'000U, 200'000U);
  const std::string text(50'000, 'x');
  FlatMessage message(room);
  auto list = message.initRoot<capnp::AnyPointer>().initAs<capnp::List<capnp::Data>>(3);
  for (unsigned i = 0; i < list.size(); ++i) {
    list.set(i, capnp::Data::Reader(reinterpret_cast<const kj::byte*>(text.data()), text.size()));
  }
  const std::string bytes = message.finish();
  REQUIRE(bytes.size() % sizeof(capnp::word) == 0);
  std::vector<capnp::word> words(bytes.size() / sizeof(capnp::word));
  std::memcpy(words.data(), bytes.data(), bytes.size());
  capnp::FlatArrayMessageReader reader(kj::arrayPtr(words.data(), words.size()));
  const auto read = reader.getRoot<capnp::AnyPointer>().getAs<capnp::List<capnp::Data>>();
  REQUIRE(read.size() == 3);
  for (const auto data : read) {
    CHECK(std::string(reinterpret_cast<const char*>(data.begin()), data.size()) == text);
  }
}

}  // namespace
}  // namespace onering::wire
