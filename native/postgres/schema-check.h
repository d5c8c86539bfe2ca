// The schema as it is against the schema as the migrations make it.
#pragma once

#include "runner.h"

namespace onering::postgres {

[[nodiscard]] Request schemaRequest();

// What is missing and what is there too much, a line each; empty where both agree.
[[nodiscard]] std::vector<std::string> schemaFindings(const Results& results);

}  // namespace onering::postgres
