// The server's log inside the server: a sentence, and fields by which lines that belong together are found.
//
// Fields with the same meaning have the same name everywhere: `session` (one WebSocket), `request` (one HTTP request),
// `op`, `draft`, `batch` (one commit), `user`. Never a token or a user's text.
#pragma once

#include "onering/server/server.h"

namespace onering::server {

class Journal {
 public:
  Journal() = default;
  Journal(Log lines, RecordLog records, LogLevel least)
      : lines_(std::move(lines)), records_(std::move(records)), least_(least) {}

  // Ask before fields are made that cost something.
  [[nodiscard]] bool wants(LogLevel level) const { return level >= least_ && (lines_ || records_); }

  void operator()(LogLevel level, std::string_view text, const LogFields& fields = {}) const;

 private:
  Log lines_;
  RecordLog records_;
  LogLevel least_ = LogLevel::error;
};

}  // namespace onering::server
