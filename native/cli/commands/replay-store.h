// Ops through a store: what `onering replay --store` does beside the core alone.
#pragma once

#include <expected>
#include <vector>

#include "onering/play/replay.h"
#include "onering/ports/store.h"

namespace onering::cli {

// Judges the ops of one draft, which are all of it, against what `store` has, and commits in one batch those that
// are allowed and not there yet. Then reads back what the store has of the draft.
[[nodiscard]] StoreResult<play::ReplayLine> playIntoStore(Store& store, std::vector<Op> ops);

}  // namespace onering::cli
