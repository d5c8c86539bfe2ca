// What the authority asks of its store, as values, so that the asking never waits (SPEC S1).
//
//   Authority --- StoreQuestion ---> whoever owns the store: a thread, a connection, a plain call
//             <-- StoreAnswer ------
//
// perform() answers a question with a synchronous store. Questions of one authority must be performed in
// the order in which they were asked.
#pragma once

#include <memory>
#include <variant>
#include <vector>

#include "onering/domain/message.h"
#include "onering/ports/store.h"

namespace onering {

// Reads what answers a replica's Fetch; `user` is whose replica it is.
struct CatchUpQuestion {
  UserId user;
  Fetch fetch;
};

// Reads what answers WhatChanged. `next` is the cursor to give when nothing is left to list.
struct ChangesQuestion {
  UserId user;
  ChangeCursor from;
  ChangeCursor next;
};

struct ReadPolicy {
  Limits limits;
  // More entries behind than this: a snapshot instead of the log (SPEC S6).
  std::uint32_t snapshotAfter = 256;
  // About so much text goes into one answer; the replica then asks on. Bounds memory, not length.
  std::size_t answerBytes = std::size_t{4} << 20U;
  std::uint32_t changesPerAnswer = 2'000;
};

// The batch is shared, not copied: the authority reads it again when it is committed. Nobody changes it.
struct CommitQuestion {
  std::shared_ptr<const Batch> batch;
};

using StoreQuestion = std::variant<Lookup, CommitQuestion, CatchUpQuestion, ChangesQuestion>;
using StoreAnswer = std::variant<StoreResult<Found>, StoreResult<void>, StoreResult<std::vector<AuthorityMessage>>>;

// Does what `question` asks; a Lookup is answered by Found, a CommitQuestion by void, the others by messages to send.
[[nodiscard]] StoreAnswer perform(Store& store, const StoreQuestion& question, const ReadPolicy& policy);

}  // namespace onering
