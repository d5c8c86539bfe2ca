// Which of a draft's invariants (draft.h) does not hold: for whoever takes a state from outside.
#pragma once

#include "onering/domain/draft.h"

namespace onering {

// Names it; null: all of them hold.
[[nodiscard]] const char* brokenInvariant(const DraftState& state);

}  // namespace onering
