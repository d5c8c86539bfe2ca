#include "onering/domain/op.h"

#include <array>

#include "onering/domain/sha256.h"

namespace onering {

namespace {

constexpr std::array<std::string_view, std::variant_size_v<OpBody>> kNames{
    "createDraft",        "appendSegment", "passRing",     "requestRing",  "cancelRequest",   "reclaimRing",
    "setTitle",           "lock",          "unlock",       "complete",     "addCollaborator", "setRole",
    "removeCollaborator", "deleteDraft",   "restoreDraft", "redactSegment"};

}  // namespace

Content sealContent(std::string text, const Salt& salt) {
  const Digest digest = Sha256().add(salt).add(std::string_view(text)).finish();
  return {.text = std::move(text), .salt = salt, .digest = digest, .erased = false};
}

Content erasedContent(const Digest& digest) {
  return {.text = {}, .salt = {}, .digest = digest, .erased = true};
}

std::string_view opName(const OpBody& body) {
  return kNames.at(body.index());
}

std::optional<SegmentId> segmentOf(const Op& op) {
  if (const auto* append = std::get_if<AppendSegment>(&op.body)) return append->segment;
  if (const auto* redact = std::get_if<RedactSegment>(&op.body)) return redact->segment;
  return std::nullopt;
}

}  // namespace onering
