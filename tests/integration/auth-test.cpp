#include "onering/server/auth.h"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <sodium/crypto_auth_hmacsha256.h>
#include <sodium/utils.h>

#include "onering/system/system.h"

#include "person.h"
#include "raw-socket.h"
#include "serve-process.h"
#include "test-server.h"

namespace onering::testing {

namespace {

constexpr const char* kKey = "a key for tests, 32 bytes or more of it";
constexpr std::int64_t kNow = 1'700'000'000;  // seconds

std::string base64Url(std::string_view bytes) {
  std::string text(sodium_base64_encoded_len(bytes.size(), sodium_base64_VARIANT_URLSAFE_NO_PADDING), '\0');
  sodium_bin2base64(text.data(), text.size(), reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(),
                    sodium_base64_VARIANT_URLSAFE_NO_PADDING);
  text.pop_back();  // the zero behind it
  return text;
}

std::string hmac(std::string_view text, std::string_view key) {
  std::string tag(crypto_auth_hmacsha256_BYTES, '\0');
  crypto_auth_hmacsha256_state state;
  crypto_auth_hmacsha256_init(&state, reinterpret_cast<const unsigned char*>(key.data()), key.size());
  crypto_auth_hmacsha256_update(&state, reinterpret_cast<const unsigned char*>(text.data()), text.size());
  crypto_auth_hmacsha256_final(&state, reinterpret_cast<unsigned char*>(tag.data()));
  return tag;
}

std::string jwt(std::string_view claims, std::string_view header = R"({"alg":"HS256","typ":"JWT"})",
                std::string_view key = kKey) {
  const std::string signedPart = base64Url(header) + "." + base64Url(claims);
  return signedPart + "." + base64Url(hmac(signedPart, key));
}

std::unique_ptr<JwtAuthenticator> authenticator(JwtOptions options = {}) {
  options.key = kKey;
  options.now = [] { return timeFromMs(kNow * 1'000); };
  return std::move(*JwtAuthenticator::create(std::move(options)));
}

std::string claimsWith(const std::string& more) {
  return R"({"sub":"ada","exp":1700000060)" + more + "}";
}

}  // namespace

TEST_CASE("a JWT names a user, how they are shown, and until when", "[auth]") {
  const auto judged =
      authenticator()->judge(jwt(R"({"sub":"ada","name":"Ada L.","exp":1700000060.5,"nbf":1699999999})"));
  REQUIRE(judged);
  CHECK(judged->user == "ada");
  CHECK(judged->display == "Ada L.");
  CHECK(judged->expiresAt == timeFromMs(kNow * 1'000 + 60'500 + 30'000));
}

TEST_CASE("a JWT that is not good says why, in a code", "[auth]") {
  const std::string good = jwt(claimsWith(""));
  const auto [what, token, code] = GENERATE_COPY(table<std::string, std::string, ErrorCode>({
      {"nothing", "", ErrorCode::unauthenticated},
      {"no dots", "abc", ErrorCode::unauthenticated},
      {"dots only", "..", ErrorCode::unauthenticated},
      {"four parts", good + ".x", ErrorCode::unauthenticated},
      {"alg none, no signature", base64Url(R"({"alg":"none"})") + "." + base64Url(claimsWith("")) + ".",
       ErrorCode::unauthenticated},
      {"alg none, signed", jwt(claimsWith(""), R"({"alg":"none"})"), ErrorCode::unauthenticated},
      {"alg RS256, signed with the shared key", jwt(claimsWith(""), R"({"alg":"RS256"})"), ErrorCode::unauthenticated},
      {"alg hs256 in small letters", jwt(claimsWith(""), R"({"alg":"hs256"})"), ErrorCode::unauthenticated},
      {"alg HS512", jwt(claimsWith(""), R"({"alg":"HS512"})"), ErrorCode::unauthenticated},
      {"no alg", jwt(claimsWith(""), R"({"typ":"JWT"})"), ErrorCode::unauthenticated},
      {"a critical extension", jwt(claimsWith(""), R"({"alg":"HS256","crit":["b64"]})"), ErrorCode::unauthenticated},
      {"another key", jwt(claimsWith(""), R"({"alg":"HS256"})", "another key, also 32 bytes or more"),
       ErrorCode::unauthenticated},
      {"a changed signature", good.substr(0, good.size() - 4) + "AAAA", ErrorCode::unauthenticated},
      {"a cut signature", good.substr(0, good.size() - 4), ErrorCode::unauthenticated},
      {"padding", good + "=", ErrorCode::unauthenticated},
      {"standard base64", good.substr(0, good.rfind('.') + 1) + "+/+/", ErrorCode::unauthenticated},
      {"a space", " " + good, ErrorCode::unauthenticated},
      {"claims that are no JSON", jwt("{"), ErrorCode::unauthenticated},
      {"claims that are a list", jwt("[]"), ErrorCode::unauthenticated},
      {"claims with a tail", jwt(claimsWith("") + "x"), ErrorCode::unauthenticated},
      {"claims 1,000 deep",
       jwt(R"({"sub":"ada","exp":1700000060,"x":)" + std::string(1'000, '[') + std::string(1'000, ']') + "}"),
       ErrorCode::unauthenticated},
      {"no exp", jwt(R"({"sub":"ada"})"), ErrorCode::unauthenticated},
      {"exp as text", jwt(R"({"sub":"ada","exp":"1700000060"})"), ErrorCode::unauthenticated},
      {"exp beyond all time", jwt(R"({"sub":"ada","exp":1e300})"), ErrorCode::unauthenticated},
      {"expired", jwt(R"({"sub":"ada","exp":1699999000})"), ErrorCode::tokenExpired},
      {"not yet valid", jwt(claimsWith(R"(,"nbf":1700000100)")), ErrorCode::unauthenticated},
      {"no sub", jwt(R"({"exp":1700000060})"), ErrorCode::unauthenticated},
      {"an empty sub", jwt(R"({"sub":"","exp":1700000060})"), ErrorCode::unauthenticated},
      {"a sub with a line feed", jwt(R"({"sub":"a\nb","exp":1700000060})"), ErrorCode::unauthenticated},
      {"a sub of 129 bytes", jwt(R"({"exp":1700000060,"sub":")" + std::string(129, 'a') + "\"}"),
       ErrorCode::unauthenticated},
      {"9,000 bytes", jwt(claimsWith(R"(,"x":")" + std::string(9'000, 'x') + "\"")), ErrorCode::unauthenticated},
  }));
  INFO(what);
  const auto judged = authenticator()->judge(token);
  REQUIRE(!judged);
  CHECK(judged.error().code == code);
  CHECK(!judged.error().message.empty());
}

TEST_CASE("without a clock of its own a JWT is judged by the system's", "[auth]") {
  const auto jwts = *JwtAuthenticator::create({.key = kKey});
  const auto seconds = toMs(systemNow()) / 1'000;
  CHECK(jwts->judge(jwt(R"({"sub":"ada","exp":)" + std::to_string(seconds + 60) + "}")));
  CHECK_FALSE(jwts->judge(jwt(R"({"sub":"ada","exp":)" + std::to_string(seconds - 60) + "}")));
}

TEST_CASE("issuer and audience count when they are set", "[auth]") {
  JwtOptions options;
  options.issuer = "https://id.example";
  options.audience = "onering";
  const auto strict = authenticator(std::move(options));
  CHECK(strict->judge(jwt(claimsWith(R"(,"iss":"https://id.example","aud":"onering")"))));
  CHECK(strict->judge(jwt(claimsWith(R"(,"iss":"https://id.example","aud":["x","onering"])"))));
  CHECK(!strict->judge(jwt(claimsWith(R"(,"iss":"https://id.example","aud":"other")"))));
  CHECK(!strict->judge(jwt(claimsWith(R"(,"iss":"https://id.example","aud":["x",1,["onering"]])"))));
  CHECK(!strict->judge(jwt(claimsWith(R"(,"iss":"https://id.example")"))));
  CHECK(!strict->judge(jwt(claimsWith(R"(,"aud":"onering")"))));
  CHECK(!strict->judge(jwt(claimsWith(R"(,"iss":"https://other.example","aud":"onering")"))));
}

TEST_CASE("a key that can be guessed is refused", "[auth]") {
  JwtOptions options;
  options.key = "short";
  const auto created = JwtAuthenticator::create(std::move(options));
  CHECK(!created);
}

TEST_CASE("in development mode the token is a name, perhaps with how to show it", "[auth]") {
  DevAuthenticator development;
  const auto judge = [&](std::string token) {
    std::expected<Principal, Rejection> judged = std::unexpected(rejection(ErrorCode::internal));
    development.authenticate(std::move(token), [&](auto answer) { judged = std::move(answer); });
    return judged;
  };
  CHECK(judge("ada")->user == "ada");
  CHECK(judge("ada\nAda L.")->user == "ada");
  CHECK(judge("ada\nAda L.")->display == "Ada L.");
  CHECK(!judge(""));
  CHECK(!judge("\nAda"));
  CHECK(!judge("ada\nAda\nL."));
  CHECK(!judge("a\tb"));
}

TEST_CASE("the development mode is for loopback addresses only", "[auth]") {
  const std::string address = GENERATE("0.0.0.0:0", "[::]:0");
  ServerOptions options;
  options.listen = address;
  CHECK_THROWS(TestServer(std::move(options)));
  const Ended ended = runOneRing({"serve", "--dev-auth", "--store", "memory", "--listen", address});
  CHECK(ended.exitCode == 2);
  CHECK(ended.err.contains("loopback"));
}

TEST_CASE("a wrong or expired token is refused with its code", "[auth]") {
  ServerOptions options;
  JwtOptions jwtOptions;
  jwtOptions.key = kKey;
  jwtOptions.now = systemNow;
  options.authenticator = std::move(*JwtAuthenticator::create(std::move(jwtOptions)));
  TestServer server(std::move(options));

  const auto [token, code] = GENERATE(table<std::string, ErrorCode>(
      {{"ada", ErrorCode::unauthenticated}, {jwt(R"({"sub":"ada","exp":1699999000})"), ErrorCode::tokenExpired}}));
  RawSocket socket(server.port());
  REQUIRE(socket.upgrade().status == 101);
  socket.say(Hello{.token = token, .device = {}});
  const auto answer = socket.hear();
  REQUIRE(answer);
  CHECK(std::get<Refused>(*answer).why.code == code);
  CHECK(!socket.hear());
  CHECK(socket.lastClose() == 1008);
  CHECK(!server.log().contains(token));
}

TEST_CASE("a client whose token was refused says so and waits for its owner", "[auth][client]") {
  EventLoop loop;
  ServerOptions options;
  JwtOptions jwtOptions;
  jwtOptions.key = kKey;
  jwtOptions.now = systemNow;
  options.authenticator = std::move(*JwtAuthenticator::create(std::move(jwtOptions)));
  TestServer server(std::move(options));
  std::string token = "wrong";
  int asked = 0;
  Person ada(loop, server.url(), "ada", {.token = {}, .store = nullptr, .change = [&](ClientOptions& client) {
                                           client.token = [&](const auto& done) {
                                             ++asked;
                                             done(token);
                                           };
                                         }});
  const DraftId draft = ada.create();
  REQUIRE(ada.sees([&] { return ada.client().status().link == Link::denied; }));
  CHECK(ada.client().status().lastError->code == ErrorCode::unauthenticated);
  loop.runFor(std::chrono::milliseconds(300));
  CHECK(asked == 1);
  CHECK(ada.client().status().pending == 1);

  token = jwt(R"({"sub":"ada","exp":4000000000})");
  ada.client().connect();
  // A step while the new connection opens: what the old one was told does not end it.
  ada.client().flush();
  REQUIRE(ada.settles());
  CHECK(ada.confirmed(draft).seq == 1);
}

TEST_CASE("a session ends when its token expires, and a fresh token goes on", "[auth][client]") {
  EventLoop loop;
  ServerOptions options;
  JwtOptions jwtOptions;
  jwtOptions.key = kKey;
  jwtOptions.leeway = Duration{0};
  jwtOptions.now = systemNow;
  options.authenticator = std::move(*JwtAuthenticator::create(std::move(jwtOptions)));
  TestServer server(std::move(options));
  int asked = 0;
  Person ada(loop, server.url(), "ada", {.token = {}, .store = nullptr, .change = [&](ClientOptions& client) {
                                           client.token = [&](const auto& done) {
                                             const std::int64_t seconds =
                                                 toMs(systemNow()) / 1'000 + (asked++ == 0 ? 2 : 100);
                                             done(jwt(R"({"sub":"ada","exp":)" + std::to_string(seconds) + "}"));
                                           };
                                         }});
  REQUIRE(ada.settles());
  REQUIRE(ada.sees([&] { return asked == 2 && ada.client().status().link == Link::live; }));
  const DraftId draft = ada.create();
  REQUIRE(ada.settles());
  CHECK(ada.confirmed(draft).seq == 1);
}

}  // namespace onering::testing
