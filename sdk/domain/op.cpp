#include "onering/domain/op.h"

#include <array>

#include "onering/domain/sha256.h"

namespace onering {

namespace {

constexpr std::array<std::string_view, std::variant_size_v<OpBody>> kNames{
    "createDraft",        "appendSegment", "passRing",     "requestRing",   "cancelRequest",   "reclaimRing",
    "setTitle",           "lock",          "unlock",       "complete",      "addCollaborator", "setRole",
    "removeCollaborator", "deleteDraft",   "restoreDraft", "redactSegment", "createInvite",    "revokeInvite",
    "acceptInvite"};

}  // namespace

Content sealContent(std::string text, const Salt& salt) {
  const Digest digest = Sha256().add(salt).add(std::string_view(text)).finish();
  return {.text = std::move(text), .salt = salt, .digest = digest, .erased = false};
}

Content erasedContent(const Digest& digest) {
  return {.text = {}, .salt = {}, .digest = digest, .erased = true};
}

Digest tokenHash(const InviteToken& token) {
  return Sha256().add(token).finish();
}

std::string_view opName(const OpBody& body) {
  return kNames.at(body.index());
}

void forgetToken(Op& op) {
  if (auto* accepting = std::get_if<AcceptInvite>(&op.body)) accepting->token.reset();
}

std::optional<SegmentId> segmentOf(const Op& op) {
  if (const auto* append = std::get_if<AppendSegment>(&op.body)) return append->segment;
  if (const auto* redact = std::get_if<RedactSegment>(&op.body)) return redact->segment;
  return std::nullopt;
}

std::optional<InviteId> inviteOf(const Op& op) {
  if (const auto* create = std::get_if<CreateInvite>(&op.body)) return create->invite;
  if (const auto* revoke = std::get_if<RevokeInvite>(&op.body)) return revoke->invite;
  if (const auto* accept = std::get_if<AcceptInvite>(&op.body)) return accept->invite;
  return std::nullopt;
}

}  // namespace onering
