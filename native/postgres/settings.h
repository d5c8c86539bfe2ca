// What connections are opened with.
#pragma once

#include <expected>

#include "onering/domain/error.h"
#include "onering/postgres/options.h"

#include "pool.h"

namespace onering::postgres {

// `protocolError` where the URL cannot be understood; the message does not repeat it.
[[nodiscard]] std::expected<Keywords, Rejection> keywordsFor(const PostgresOptions& options);

[[nodiscard]] std::expected<PoolOptions, Rejection> poolOptionsFor(const PostgresOptions& options);

}  // namespace onering::postgres
