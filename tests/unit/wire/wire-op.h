// The schema's Op with everything filled in, built through Cap'n Proto's own builder. Written apart from the
// codec, so that the two can be held against each other.
#pragma once

#include "onering/domain/canonical.h"

#include "onering.capnp.h"

namespace onering::testing {

// Unlike in a message, the digest of a segment is always there: this is what is hashed (SPEC H1).
void fill(schema::Op::Builder builder, const Op& op, const Stamp& stamp);

}  // namespace onering::testing
