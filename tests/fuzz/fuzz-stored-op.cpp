// An op as a store has it: canonical bytes. What is taken is written again in the same bytes.
#include "onering/domain/canonical.h"
#include "onering/domain/rules.h"

#include "fuzz.h"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace onering;
  const std::string_view bytes = fuzz::viewOf(data, size);
  const auto parsed = parseCanonical(bytes);
  if (!parsed) return 0;
  fuzz::require(canonicalBytes(parsed->op, parsed->stamp) == bytes, "H1 an op is read other than it is written");
  static_cast<void>(validate(parsed->op, Limits{}));
  return 0;
}
