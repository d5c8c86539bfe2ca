// A token from outside. None that the fuzzer makes is signed with the key, so none may be believed.
#include "onering/server/auth.h"

#include "fuzz.h"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace onering;
  static const auto authenticator = JwtAuthenticator::create(
      {.key = "0123456789abcdef0123456789abcdef", .issuer = "issuer", .audience = "onering", .now = [] {
         return timeFromMs(1'700'000'000'000);
       }});
  fuzz::require(authenticator.has_value(), "the key is refused");
  fuzz::require(!(*authenticator)->judge(fuzz::viewOf(data, size)), "a forged token is believed");
  return 0;
}
