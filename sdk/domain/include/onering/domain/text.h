// Checks on text that comes from outside.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace onering {

// Whether `text` is well-formed UTF-8 (RFC 3629: no overlong forms, no surrogates) without NUL.
[[nodiscard]] bool isText(std::string_view text);

// The number of code points, or nothing where `text` is not isText() or holds a control character
// (U+0000-U+001F, U+007F-U+009F).
[[nodiscard]] std::optional<std::size_t> lineLength(std::string_view text);

// SPEC §2: a user id is 1-128 bytes of UTF-8 without control characters.
[[nodiscard]] bool isUserId(std::string_view text);

// A display name is 1-256 bytes of UTF-8 without control characters: it is kept with everything that its user does.
[[nodiscard]] bool isDisplay(std::string_view text);

// How a user without a display name is shown: "@u_" and the last 6 hex digits of SHA-256 of the id (SPEC §4).
[[nodiscard]] std::string anonymousDisplay(std::string_view user);

}  // namespace onering
