// Whether a store's file holds together.
#pragma once

#include "connection.h"

namespace onering {

// SQLite's own check, then the invariants that counting shows: I4 (the log), I5 (positions), I2 (one ring pass for
// each epoch), and that nothing belongs to a draft that is not there. Reads every page. Says what it found.
[[nodiscard]] std::vector<std::string> findDamage(Connection& connection);

}  // namespace onering
