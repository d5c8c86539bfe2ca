// An op in a row: its canonical bytes, which stay, and beside them what may be erased (SPEC H1, O12) or waits
// to be sent.
#pragma once

#include "onering/domain/canonical.h"

#include "columns.h"

namespace onering {

// The text and salt of an op that has any, or an invite's token in the salt's place. Does not own the text.
struct Erasable {
  std::optional<std::string_view> text;
  std::optional<Salt> salt;
};

struct StoredOp : Erasable {
  Blob op;
};

// The content of an op that carries some, or null.
[[nodiscard]] const Content* contentOf(const Op& op);

[[nodiscard]] Erasable erasableOf(const Op& op);

// The op with its content put together again. Throws SqliteFailure where the bytes are damaged.
[[nodiscard]] ParsedOp parseStored(const StoredOp& stored);

}  // namespace onering
