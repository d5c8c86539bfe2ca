#include "stored-op.h"

namespace onering {

const Content* contentOf(const Op& op) {
  const auto* append = std::get_if<AppendSegment>(&op.body);
  return append ? &append->content : nullptr;
}

Erasable erasableOf(const Op& op) {
  if (const auto* accepting = std::get_if<AcceptInvite>(&op.body)) {
    return {std::nullopt, accepting->token};
  }
  const Content* content = contentOf(op);
  if (!content || content->erased) {
    return {};
  }
  return {content->text, content->salt};
}

ParsedOp parseStored(const StoredOp& stored) {
  auto parsed = parseCanonical(stored.op.bytes);
  if (!parsed) {
    throwDamaged("an op");
  }
  auto* append = std::get_if<AppendSegment>(&parsed->op.body);
  if (append && stored.text && stored.salt) {
    append->content.text = *stored.text;
    append->content.salt = *stored.salt;
    append->content.erased = false;
  }
  if (auto* accepting = std::get_if<AcceptInvite>(&parsed->op.body)) {
    accepting->token = stored.salt;
  }
  return *std::move(parsed);
}

}  // namespace onering
