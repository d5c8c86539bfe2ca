// What clients did and were told, and when, held against the log that the database ended with. Knows nothing of how the
// server works, only what it promises.
//
//   I4, I6     every accepted op is in the log once, where its receipt said; nothing else is, nor what nobody did
//   S3         what one client did stands in the log in the order in which they did it
//   I9         an op that was done after another was acknowledged comes behind it (the log is linearizable)
//   I1 - I3    a segment of an epoch was done before anybody was told that the ring had moved on, by that epoch's
//              holder
//   reads      what a client saw is a place in the log, never further back than before, nor than its own receipts, but
//              for ops that it still holds: a receipt may come before the entries that precede the op
#pragma once

#include <string>
#include <variant>
#include <vector>

#include "onering/domain/rules.h"

namespace onering::testing {

// Times are of one clock, in microseconds; only their order counts.
class History {
 public:
  void did(int client, const OpId& op, std::int64_t at) { done_.push_back({client, op, at}); }
  void told(int client, const OpId& op, const Receipt& receipt, std::int64_t at) {
    told_.push_back({client, op, receipt, at});
  }
  // `held`: ops of its own that the client shows beside what it has of the log.
  void saw(int client, const LogPosition& position, std::int64_t at, std::size_t held = 0) {
    seen_.push_back({client, position, at, held});
  }

  // What is wrong, in words; empty: nothing. `log`: all of it, as it was in the end. Ops without a receipt may have
  // been accepted or not.
  [[nodiscard]] std::vector<std::string> faultsAgainst(const std::vector<LogEntry>& log) const;

  [[nodiscard]] std::size_t size() const { return done_.size() + told_.size() + seen_.size(); }

 private:
  struct Done {
    int client = 0;
    OpId op;
    std::int64_t at = 0;
  };
  struct Told {
    int client = 0;
    OpId op;
    Receipt receipt;
    std::int64_t at = 0;
  };
  struct Seen {
    int client = 0;
    LogPosition position;
    std::int64_t at = 0;
    std::size_t held = 0;
  };
  class Check;

  std::vector<Done> done_;
  std::vector<Told> told_;
  std::vector<Seen> seen_;
};

}  // namespace onering::testing
