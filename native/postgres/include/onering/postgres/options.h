// Where the database is and how much of it a process may use (SPEC §15).
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace onering {

struct PostgresOptions {
  // postgres://user:password@host[,host...]:port/database?param=value, or libpq's keywords. With several hosts the
  // one that takes writes is used, and looked for again after a promotion. The password is a secret: never logged.
  std::string url;

  // Connections at most. 0: threads * 2 + overhead, which is 1 * 2 + 4: one event loop that writes on two connections
  // while it reads on others; and readers, news, health and one to spare.
  std::uint32_t poolSize = 0;

  // How many processes share the database: all their pools together must fit into its max_connections, less what it
  // reserves, or opening is refused.
  std::uint32_t processes = 1;

  std::chrono::milliseconds acquireTimeout{2'000};     // for a free connection
  std::chrono::milliseconds connectTimeout{5'000};     // for a new one
  std::chrono::milliseconds statementTimeout{30'000};  // at the server (SPEC §15)
  std::chrono::milliseconds lockTimeout{5'000};
  std::chrono::milliseconds idleInTransactionTimeout{10'000};
  std::chrono::milliseconds pingAfterIdle{15'000};
  std::chrono::milliseconds recycleAfter{1'800'000};  // replaces a connection, give or take a fifth
};

}  // namespace onering
