#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <optional>

#include <boost/json.hpp>
#include <sodium/crypto_auth_hmacsha256.h>
#include <sodium/utils.h>

#include "onering/domain/bytes.h"
#include "onering/domain/text.h"
#include "onering/server/auth.h"
#include "onering/system/system.h"

namespace onering {

namespace {

namespace json = boost::json;

constexpr std::size_t kTokenBytesMax = 8'192;
constexpr std::size_t kKeyBytesMin = 32;  // RFC 7518 §3.2: at least as long as the hash
constexpr std::size_t kNestingMax = 8;
constexpr std::size_t kDisplayCharactersMax = 100;

using Claims = json::object;
using Judged = std::expected<Principal, Rejection>;

std::unexpected<Rejection> unauthenticated(std::string_view why) {
  return std::unexpected(rejection(ErrorCode::unauthenticated, why));
}

// base64url without padding (RFC 7515 §2), only in the one spelling that an encoder writes.
std::optional<std::string> decodeBase64Url(std::string_view text) {
  std::string bytes(text.size() * 3 / 4, '\0');
  std::size_t length = 0;
  const int failed =
      sodium_base642bin(reinterpret_cast<unsigned char*>(bytes.data()), bytes.size(), text.data(), text.size(), nullptr,
                        &length, nullptr, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
  if (failed != 0) {
    return std::nullopt;
  }
  bytes.resize(length);
  return bytes;
}

// Exactly one object, strict JSON, bounded depth.
std::optional<Claims> parseObject(std::string_view text) {
  boost::system::error_code failed;
  json::parse_options options;
  options.max_depth = kNestingMax;
  json::value value = json::parse(text, failed, {}, options);
  if (failed || !value.is_object()) {
    return std::nullopt;
  }
  return std::move(value.as_object());
}

bool signatureFits(std::string_view key, std::string_view signedPart, std::string_view signature) {
  std::array<unsigned char, crypto_auth_hmacsha256_BYTES> expected{};
  crypto_auth_hmacsha256_state state;
  crypto_auth_hmacsha256_init(&state, reinterpret_cast<const unsigned char*>(key.data()), key.size());
  crypto_auth_hmacsha256_update(&state, reinterpret_cast<const unsigned char*>(signedPart.data()), signedPart.size());
  crypto_auth_hmacsha256_final(&state, expected.data());
  return signature.size() == expected.size() && sodium_memcmp(expected.data(), signature.data(), expected.size()) == 0;
}

std::optional<std::string> stringClaim(const Claims& claims, std::string_view name) {
  const json::value* value = claims.if_contains(name);
  if (!value || !value->is_string()) {
    return std::nullopt;
  }
  return std::string(value->get_string());
}

// NumericDate (RFC 7519 §2): seconds, perhaps with a fraction, that an int64 of milliseconds can hold.
std::optional<Time> timeClaim(const Claims& claims, std::string_view name) {
  constexpr double kSecondsMax = 1e14;
  const json::value* value = claims.if_contains(name);
  if (!value || !value->is_number()) {
    return std::nullopt;
  }
  const double seconds = value->to_number<double>();
  if (!std::isfinite(seconds) || std::abs(seconds) > kSecondsMax) {
    return std::nullopt;
  }
  return timeFromMs(static_cast<std::int64_t>(std::floor(seconds * 1'000)));
}

bool hasAudience(const Claims& claims, std::string_view audience) {
  const json::value* value = claims.if_contains("aud");
  const auto is = [&](const json::value& one) { return one.is_string() && one.get_string() == audience; };
  if (!value) {
    return false;
  }
  return value->is_array() ? std::ranges::any_of(value->get_array(), is) : is(*value);
}

Judged judgeClaims(const Claims& claims, const JwtOptions& options, Time now) {
  const auto expires = timeClaim(claims, "exp");
  if (!expires) {
    return unauthenticated("The token has no valid `exp`.");
  }
  if (*expires + options.leeway <= now) {
    return std::unexpected(rejection(ErrorCode::tokenExpired));
  }
  if (claims.contains("nbf")) {
    const auto notBefore = timeClaim(claims, "nbf");
    if (!notBefore || *notBefore - options.leeway > now) {
      return unauthenticated("The token is not valid yet.");
    }
  }
  if (!options.issuer.empty() && stringClaim(claims, "iss") != options.issuer) {
    return unauthenticated("The token is from another issuer.");
  }
  if (!options.audience.empty() && !hasAudience(claims, options.audience)) {
    return unauthenticated("The token is for another audience.");
  }
  const auto user = stringClaim(claims, "sub");
  if (!user || !isUserId(*user)) {
    return unauthenticated("The token's `sub` is not a user id: 1-128 bytes of UTF-8 without control characters.");
  }
  std::string display = stringClaim(claims, "name").value_or("");
  const auto length = lineLength(display);
  if (!length || *length > kDisplayCharactersMax) {
    display.clear();
  }
  return Principal{.user = *user, .display = std::move(display), .expiresAt = *expires + options.leeway};
}

}  // namespace

std::expected<std::unique_ptr<JwtAuthenticator>, Rejection> JwtAuthenticator::create(JwtOptions options) {
  if (options.key.size() < kKeyBytesMin) {
    return std::unexpected(rejection(ErrorCode::notAllowed, "The key for HS256 must have at least 32 bytes."));
  }
  if (!options.now) {
    options.now = systemNow;
  }
  return std::unique_ptr<JwtAuthenticator>(new JwtAuthenticator(std::move(options)));
}

JwtAuthenticator::JwtAuthenticator(JwtOptions options) : options_(std::move(options)) {}

JwtAuthenticator::~JwtAuthenticator() {
  sodium_memzero(options_.key.data(), options_.key.size());
}

void JwtAuthenticator::authenticate(std::string token, Done done) {
  Judged judged = judge(token);
  sodium_memzero(token.data(), token.size());
  done(std::move(judged));
}

Judged JwtAuthenticator::judge(std::string_view token) const {
  if (token.size() > kTokenBytesMax) {
    return unauthenticated("The token is too long.");
  }
  const auto firstDot = token.find('.');
  const auto lastDot = token.rfind('.');
  if (std::ranges::count(token, '.') != 2) {
    return unauthenticated("This is not a signed JSON Web Token.");
  }
  const auto header = decodeBase64Url(token.substr(0, firstDot));
  const auto payload = decodeBase64Url(token.substr(firstDot + 1, lastDot - firstDot - 1));
  const auto signature = decodeBase64Url(token.substr(lastDot + 1));
  if (!header || !payload || !signature) {
    return unauthenticated("The token is not base64url.");
  }
  // The signature first: nothing is parsed that the issuer has not vouched for.
  if (!signatureFits(options_.key, token.substr(0, lastDot), *signature)) {
    return unauthenticated("The token's signature is wrong.");
  }
  const auto head = parseObject(*header);
  if (!head || stringClaim(*head, "alg") != "HS256" || head->contains("crit")) {
    return unauthenticated("The token must be signed with HS256.");
  }
  const auto claims = parseObject(*payload);
  if (!claims) {
    return unauthenticated("The token's claims are not a JSON object.");
  }
  return judgeClaims(*claims, options_, options_.now());
}

}  // namespace onering
