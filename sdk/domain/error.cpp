#include "onering/domain/error.h"

#include <array>

namespace onering {

namespace {

struct Entry {
  ErrorCode code;
  std::string_view name;
  std::string_view message;
};

constexpr std::array<Entry, kErrorCodeCount> kErrors{{
    {ErrorCode::notFound, "notFound",
     "There is no such draft or segment, or you are not a member. Check the id, or ask the owner to add you."},
    {ErrorCode::notRingHolder, "notRingHolder",
     "Someone else holds the ring. Request it and write when it is your turn."},
    {ErrorCode::staleEpoch, "staleEpoch",
     "The ring has moved on since this was written. Resubmit it when you hold the ring again."},
    {ErrorCode::notOwner, "notOwner", "Only the draft's owner may do this. Ask the owner."},
    {ErrorCode::notAllowed, "notAllowed",
     "You may not do this here and now. Refresh the draft and check your role and the draft's state."},
    {ErrorCode::invalidRecipient, "invalidRecipient",
     "That user cannot be chosen for this. Choose the owner or an editor of the draft."},
    {ErrorCode::alreadyHolder, "alreadyHolder", "That user holds the ring already. Nothing needs to be done."},
    {ErrorCode::alreadyMember, "alreadyMember", "That user is a member already. Change the role instead."},
    {ErrorCode::draftLocked, "draftLocked", "The draft is locked. Ask the owner to unlock it."},
    {ErrorCode::draftCompleted, "draftCompleted",
     "The draft is completed and takes no more changes of this kind. Start a new draft."},
    {ErrorCode::draftDeleted, "draftDeleted", "The draft is deleted. Its owner can restore it."},
    {ErrorCode::titleInvalid, "titleInvalid",
     "A title has 1 to 200 characters of valid text without control characters. Shorten or correct it."},
    {ErrorCode::contentEmpty, "contentEmpty", "A segment needs text. Write something first."},
    {ErrorCode::contentTooLong, "contentTooLong", "The segment is too long. Split it into several."},
    {ErrorCode::invalidText, "invalidText",
     "The text is not valid UTF-8, or holds a character that is not allowed here. Correct it."},
    {ErrorCode::idMalformed, "idMalformed",
     "An id has the wrong form. Ids of drafts, segments, ops and devices are UUIDv7; user ids are 1 to 128 bytes of "
     "text."},
    {ErrorCode::idTaken, "idTaken", "That id is in use. Make a new one and try again."},
    {ErrorCode::idempotencyKeyReused, "idempotencyKeyReused",
     "This operation's id was used for a different operation before. Make a new id for new work."},
    {ErrorCode::staleVersion, "staleVersion",
     "The draft has changed since you read it. Read it again and repeat the change."},
    {ErrorCode::inviteInvalid, "inviteInvalid", "This invite is not valid. Ask for a new one."},
    {ErrorCode::inviteExpired, "inviteExpired", "This invite has expired. Ask for a new one."},
    {ErrorCode::inviteUsed, "inviteUsed", "This invite has been used. Ask for a new one."},
    {ErrorCode::rateLimited, "rateLimited", "Too many requests. Wait a moment and try again."},
    {ErrorCode::quotaExceeded, "quotaExceeded",
     "A limit of the draft or the server is reached. Remove something, or start a new draft."},
    {ErrorCode::storageFull, "storageFull",
     "There is no room left to store this. Nothing stored was lost; free some space and try again."},
    {ErrorCode::storageUnavailable, "storageUnavailable",
     "The storage cannot be opened, or is in use elsewhere. Close other tabs or programs that use it and try again."},
    {ErrorCode::unauthenticated, "unauthenticated",
     "You are not signed in, or the token is not accepted. Sign in again."},
    {ErrorCode::tokenExpired, "tokenExpired", "The token has expired. Get a fresh one; your work is kept."},
    {ErrorCode::upgradeRequired, "upgradeRequired",
     "The two sides speak different versions. Upgrade the older one; pending work is kept and can be exported."},
    {ErrorCode::protocolError, "protocolError",
     "A message was malformed. This is a defect or damage on the way; report it if it repeats."},
    {ErrorCode::messageTooLarge, "messageTooLarge", "A message was larger than allowed. Send less at a time."},
    {ErrorCode::divergence, "divergence",
     "This copy does not match the authority's log. It was set aside and is being fetched anew."},
    {ErrorCode::unavailable, "unavailable",
     "The service cannot take this now. Your work is kept and will be sent again."},
    {ErrorCode::internal, "internal", "Something went wrong inside. Your work is kept; report it if it repeats."},
}};

constexpr bool inOrder() {
  for (std::size_t i = 0; i < kErrors.size(); ++i) {
    if (static_cast<std::size_t>(kErrors[i].code) != i) return false;
  }
  return true;
}
static_assert(inOrder(), "kErrors lists every code at its own index");

}  // namespace

std::string_view errorName(ErrorCode code) {
  return kErrors.at(static_cast<std::size_t>(code)).name;
}

std::optional<ErrorCode> errorFromName(std::string_view name) {
  for (const Entry& entry : kErrors) {
    if (entry.name == name) return entry.code;
  }
  return std::nullopt;
}

std::string_view errorMessage(ErrorCode code) {
  return kErrors.at(static_cast<std::size_t>(code)).message;
}

Rejection rejection(ErrorCode code) {
  return rejection(code, errorMessage(code));
}

Rejection rejection(ErrorCode code, std::string_view message) {
  return {code, std::string(message)};
}

}  // namespace onering
