// The closed list of error codes (SPEC §12): the same names in C++, TypeScript, HTTP and on the wire.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace onering {

// The numbers are part of the protocol and of stored receipts: append only.
enum class ErrorCode : std::uint8_t {
  notFound,
  notRingHolder,
  staleEpoch,
  notOwner,
  notAllowed,
  invalidRecipient,
  alreadyHolder,
  alreadyMember,
  draftLocked,
  draftCompleted,
  draftDeleted,
  titleInvalid,
  contentEmpty,
  contentTooLong,
  invalidText,
  idMalformed,
  idTaken,
  idempotencyKeyReused,
  staleVersion,
  inviteInvalid,
  inviteExpired,
  inviteUsed,
  rateLimited,
  quotaExceeded,
  storageFull,
  storageUnavailable,
  unauthenticated,
  tokenExpired,
  upgradeRequired,
  protocolError,
  messageTooLarge,
  divergence,
  unavailable,
  internal,
};

inline constexpr std::size_t kErrorCodeCount = static_cast<std::size_t>(ErrorCode::internal) + 1;

// The code's name as written above.
[[nodiscard]] std::string_view errorName(ErrorCode code);

// The code of that name, or nothing.
[[nodiscard]] std::optional<ErrorCode> errorFromName(std::string_view name);

// A sentence that says what happened and what to do about it. Holds no secret, path or user's text.
[[nodiscard]] std::string_view errorMessage(ErrorCode code);

// Why something was refused. `message` is for people; programs look at `code`.
struct Rejection {
  ErrorCode code = ErrorCode::internal;
  std::string message;

  friend bool operator==(const Rejection&, const Rejection&) = default;
};

// A rejection with the code's own sentence, or with one that fits the case better.
[[nodiscard]] Rejection rejection(ErrorCode code);
[[nodiscard]] Rejection rejection(ErrorCode code, std::string_view message);

}  // namespace onering
