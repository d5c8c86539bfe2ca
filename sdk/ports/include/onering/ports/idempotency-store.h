// What a server remembers of HTTP requests that write (SPEC K6): contract as in store.h.
//
//   first request     claim() keeps the record ---- op committed ---- complete() keeps the answer
//   any later one     claim() gives the record: with its answer, or without one if the server went away in between;
//                     the op is then pushed again, the same to the bit, and has one effect all the same (SPEC I6)
#pragma once

#include "onering/ports/store.h"

namespace onering {

// `scope`: principal and route. Both are opaque here, text without NUL.
struct RequestKey {
  std::string scope;
  std::string key;
  friend auto operator<=>(const RequestKey&, const RequestKey&) = default;
};

struct RequestAnswer {
  std::uint16_t status = 0;
  std::string body;  // UTF-8
  friend bool operator==(const RequestAnswer&, const RequestAnswer&) = default;
};

struct RequestRecord {
  RequestKey key;
  Digest request{};  // of everything that must be the same when the key comes again
  // Chosen when the key was first seen: what there is of chance and of time in the op that the request becomes.
  OpId op;
  Salt salt{};  // of the op's text; all zero once there is an answer, as it must not outlive the text (SPEC H1)
  Time createdAt;
  std::optional<RequestAnswer> answer{};
  friend bool operator==(const RequestRecord&, const RequestRecord&) = default;
};

class IdempotencyStore {
 public:
  virtual ~IdempotencyStore() = default;

  // Keeps `record`, unless there is one of that key which is not older than `validFrom`: then gives that one and
  // changes nothing. Of several at once one is kept. `record` has no answer.
  [[nodiscard]] virtual StoreResult<std::optional<RequestRecord>> claim(const RequestRecord& record,
                                                                        Time validFrom) = 0;

  // Keeps the answer to the request that became `op`, unless it has one; gives the one that is kept. Nothing: there
  // is no such record any more.
  [[nodiscard]] virtual StoreResult<std::optional<RequestAnswer>> complete(const RequestKey& key, const OpId& op,
                                                                           const RequestAnswer& answer) = 0;

  // Forgets the records created before that moment; says how many.
  [[nodiscard]] virtual StoreResult<std::uint64_t> forgetRequests(Time before) = 0;
};

}  // namespace onering
