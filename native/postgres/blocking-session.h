// A plain connection that waits, for work before or beside the server's: migrations, checks at start.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "onering/domain/error.h"
#include "onering/postgres/options.h"

#include "rows.h"

namespace onering::postgres {

// Every method throws Rejection where it fails: `storageUnavailable`, or `protocolError` for the URL or a value.
class BlockingSession {
 public:
  explicit BlockingSession(const PostgresOptions& options);

  // One or several statements without parameters; results as text.
  Result run(const std::string& sql);
  Result run(const char* sql, const std::vector<std::string>& parameters);

  // The only column of the only row.
  [[nodiscard]] std::string ask(const std::string& sql);

 private:
  struct Close {
    void operator()(PGconn* connection) const { PQfinish(connection); }
  };

  Result checked(Result result);

  std::unique_ptr<PGconn, Close> connection_;
};

}  // namespace onering::postgres
