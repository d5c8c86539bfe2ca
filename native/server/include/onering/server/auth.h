// Who is at the other end: turns the token of a connection's first message into a user (SPEC §14).
#pragma once

#include <cstdint>
#include <expected>
#include <functional>
#include <memory>
#include <string>

#include "onering/domain/error.h"
#include "onering/domain/time.h"
#include "onering/sync/authority.h"

namespace onering {

// Implement this to use your own accounts. Called on the server's thread, which waits for it: start what
// takes long elsewhere and return.
class Authenticator {
 public:
  virtual ~Authenticator() = default;

  // Call exactly once, at once or later, from any thread. `unauthenticated` or `tokenExpired` say that the
  // token is not good; `unavailable` that it could not be judged now.
  using Done = std::function<void(std::expected<Principal, Rejection>)>;

  // `token` is a secret: never log it.
  virtual void authenticate(std::string token, Done done) = 0;

  // Whether this is so weak that the server must not be reachable from other machines.
  [[nodiscard]] virtual bool loopbackOnly() const { return false; }
};

// For development: believes everyone. The token is the user id, or the user id, a line feed and a display name.
// A server with it starts on a loopback address only.
class DevAuthenticator final : public Authenticator {
 public:
  void authenticate(std::string token, Done done) override;
  [[nodiscard]] bool loopbackOnly() const override { return true; }
};

struct JwtOptions {
  std::string key;                 // the shared secret, at least 32 bytes
  std::string issuer = {};         // when set, `iss` must be this
  std::string audience = {};       // when set, `aud` must be or hold this
  Duration leeway{30'000};         // how far the clocks of issuer and server may differ
  std::function<Time()> now = {};  // empty: the system's clock
};

// JSON Web Tokens (RFC 7519) signed with HMAC-SHA-256. The algorithm belongs to the key: a token that names
// another one is refused. `exp` is required, `nbf` is kept; `sub` is the user id, `name` the display name.
class JwtAuthenticator final : public Authenticator {
 public:
  // Says why when the key is too short.
  [[nodiscard]] static std::expected<std::unique_ptr<JwtAuthenticator>, Rejection> create(JwtOptions options);

  ~JwtAuthenticator() override;
  JwtAuthenticator(const JwtAuthenticator&) = delete;
  JwtAuthenticator& operator=(const JwtAuthenticator&) = delete;
  JwtAuthenticator(JwtAuthenticator&&) = delete;
  JwtAuthenticator& operator=(JwtAuthenticator&&) = delete;

  void authenticate(std::string token, Done done) override;

  // The same, at once.
  [[nodiscard]] std::expected<Principal, Rejection> judge(std::string_view token) const;

 private:
  explicit JwtAuthenticator(JwtOptions options);

  JwtOptions options_;
};

}  // namespace onering
