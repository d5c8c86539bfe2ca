// What connections are opened with.
#pragma once

#include <expected>

#include "onering/domain/error.h"
#include "onering/postgres/options.h"

#include "pool.h"

namespace onering::postgres {

// `protocolError` where the URL cannot be understood; the message does not repeat it.
[[nodiscard]] std::expected<Keywords, Rejection> keywordsFor(const PostgresOptions& options);

// The same hosts, beginning with the one at `first` modulo their number: one that does not answer takes all the time
// that a connection may take to open, and must not be the first for ever.
[[nodiscard]] Keywords beginningAt(Keywords keywords, std::size_t first);

[[nodiscard]] std::expected<PoolOptions, Rejection> poolOptionsFor(const PostgresOptions& options);

}  // namespace onering::postgres
