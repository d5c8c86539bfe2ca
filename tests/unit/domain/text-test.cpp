#include "onering/domain/text.h"

#include <catch2/catch_test_macros.hpp>

namespace onering {

TEST_CASE("anonymous display shows the last six hex digits of the id's hash and nothing else") {
  // printf %s alice | sha256sum
  CHECK(anonymousDisplay("alice") == "@u_" + std::string("2bd806c97f0e00af1a1fc3328fa763a9269723c8db8fac4f93af71db186d6e90").substr(58));
}

}  // namespace onering
