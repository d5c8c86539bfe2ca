// What the user does, as the worker hands it over: any number of operations in one buffer.
#pragma once

#include <string_view>

#include "onering/sync/replica.h"

#include "json.h"

namespace onering {

// Performs them in their order. Of each, `operations` has the place of its name in `fields` of module.ts as a byte, and
// what it carries in the order of that list, its id and its draft's before all else: a number as a double, of a text
// its size in 32 bits, both little-endian. The texts themselves are one behind the other in `texts`. Writes what
// module.ts calls Performed.
void performAll(JsonWriter& json, Replica& replica, std::string_view operations, std::string_view texts, Time now);

}  // namespace onering
