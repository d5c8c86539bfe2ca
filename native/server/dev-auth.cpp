#include "onering/domain/text.h"
#include "onering/server/auth.h"

namespace onering {

void DevAuthenticator::authenticate(std::string token, Done done) {
  constexpr std::size_t kDisplayCharactersMax = 100;
  const auto lineFeed = token.find('\n');
  const bool named = lineFeed != std::string::npos;
  Principal principal{
      .user = token.substr(0, lineFeed), .display = named ? token.substr(lineFeed + 1) : "", .expiresAt = {}};
  const auto length = lineLength(principal.display);
  if (!isUserId(principal.user) || !length || *length > kDisplayCharactersMax) {
    done(std::unexpected(
        rejection(ErrorCode::unauthenticated,
                  "In development mode the token is a user id, or a user id, a line feed and a name to show.")));
    return;
  }
  done(std::move(principal));
}

}  // namespace onering
