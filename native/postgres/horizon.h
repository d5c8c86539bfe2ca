// Up to where a server has been told what transactions wrote: the news that it asks for
// (docs/decisions/several-servers.md).
//
//   what was told:  every transaction below `end_`, but for those of `running_`, which had not ended by then
//   what is news:   rows that any other has written
//
// So a transaction that stays open for long is asked for by its number until it ends, and nothing that ended meanwhile
// is read again. An answer is bounded: where there is more, the horizon moves no further than what was told.
#pragma once

#include <cstdint>
#include <limits>
#include <vector>

#include "onering/domain/message.h"

#include "connection.h"

namespace onering::postgres {

class Horizon {
 public:
  // Of kWrittenSince. Before the first answer nothing is news.
  [[nodiscard]] Call call() const;

  struct News {
    std::vector<DraftPosition> moved;  // drafts that were written to, the latest last
    bool more = false;                 // ask on at once
  };
  // The answer to call(), which has not changed since. Throws Damage where it cannot be read.
  [[nodiscard]] News take(const Result& result);

  // After a crash or a promotion numbers may come again that transactions had which left nothing behind. What was told
  // of the last thousand is told once more.
  void lookBack();

 private:
  using Transaction = std::int64_t;

  Transaction end_ = std::numeric_limits<Transaction>::max();
  std::vector<Transaction> running_;  // ascending
};

}  // namespace onering::postgres
