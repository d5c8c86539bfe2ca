// SPEC §14: what is secret comes out of no log, health, metric, error or listing, whether things go well or not.
#include <algorithm>

#include <catch2/catch_test_macros.hpp>
#include <sodium/crypto_auth_hmacsha256.h>
#include <sodium/utils.h>

#include "../person.h"
#include "../raw-socket.h"
#include "database.h"

namespace onering::testing {

namespace {

std::string base64Url(std::string_view bytes) {
  std::string text(sodium_base64_encoded_len(bytes.size(), sodium_base64_VARIANT_URLSAFE_NO_PADDING), '\0');
  sodium_bin2base64(text.data(), text.size(), reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(),
                    sodium_base64_VARIANT_URLSAFE_NO_PADDING);
  text.pop_back();  // the zero behind it
  return text;
}

std::string jwt(const std::string& user, const std::string& key) {
  const std::string body =
      base64Url(R"({"alg":"HS256","typ":"JWT"})") + "." + base64Url(R"({"sub":")" + user + R"(","exp":4102444800})");
  std::string tag(crypto_auth_hmacsha256_BYTES, '\0');
  crypto_auth_hmacsha256_state state;
  crypto_auth_hmacsha256_init(&state, reinterpret_cast<const unsigned char*>(key.data()), key.size());
  crypto_auth_hmacsha256_update(&state, reinterpret_cast<const unsigned char*>(body.data()), body.size());
  crypto_auth_hmacsha256_final(&state, reinterpret_cast<unsigned char*>(tag.data()));
  return body + "." + base64Url(tag);
}

std::string post(const std::string& path, const std::string& token, const std::string& key, const std::string& body) {
  return "POST " + path + " HTTP/1.1\r\nhost: x\r\nauthorization: Bearer " + token + "\r\nidempotency-key: " + key +
         "\r\ncontent-type: application/json\r\ncontent-length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

std::string between(const std::string& text, const std::string& before, const std::string& after) {
  const auto from = text.find(before);
  if (from == std::string::npos) return {};
  const auto begin = from + before.size();
  return text.substr(begin, text.find(after, begin) - begin);
}

}  // namespace

TEST_CASE("SPEC 14 secrets are in no log, health, metric, error or listing", "[postgres][secrets]") {
  const auto cluster = startCluster({.settings = {}, .tcp = true});
  const TemporaryFolder folder;
  const std::string key = "canary-of-the-jwt-key-0123456789abcdef";
  folder.write("jwt.key", key);
  const std::string forged = "canary.of.a-token-that-nobody-made";
  const std::string ann = jwt("ann", key);
  const std::string ben = jwt("ben", key);
  const std::string invite = "ca9a51e5ca9a51e5ca9a51e5ca9a51e5";
  const std::string wrongInvite = "ca9a51e5ca9a51e5ca9a51e5deadbeef";
  InviteToken inviteBytes{};
  std::ranges::copy(*fromHex(invite), inviteBytes.begin());

  std::string told;
  const auto run = [&](const std::vector<std::string>& arguments) {
    const Ended ended = runOneRing(arguments);
    told += ended.out + ended.err;
    return ended.exitCode;
  };
  ServeProcess server({"--jwt-key-file", folder / "jwt.key", "--store", cluster->tcpUrl(), "--listen", "127.0.0.1:0",
                       "--log-level", "debug"});
  const auto get = [&](const std::string& path, const std::string& token) {
    const HttpAnswer answer = RawSocket(server.port()).get(path, "authorization: Bearer " + token + "\r\n");
    told += answer.head + answer.body;
    return answer;
  };
  const auto write = [&](const std::string& path, const std::string& token, const std::string& name,
                         const std::string& body) {
    HttpAnswer answer = RawSocket(server.port()).ask(post(path, token, name, body));
    told += answer.head + answer.body;
    return answer;
  };

  // What goes well.
  EventLoop loop;
  Person live(loop, server.url(), "ann", {.token = ann, .store = nullptr, .change = {}});
  REQUIRE(live.sees([&] { return live.client().status().link == Link::live; }));
  const HttpAnswer created = write("/api/drafts", ann, "create", R"({"title":"Notes"})");
  INFO(created.body);
  REQUIRE(created.status == 201);
  const std::string draft = between(created.body, R"("draft":")", "\"");
  const std::string invites = "/api/drafts/" + draft + "/invites";
  const HttpAnswer invited =
      write(invites, ann, "invite", R"({"role":"editor","tokenHash":")" + toHex(tokenHash(inviteBytes)) + "\"}");
  INFO(invited.body);
  REQUIRE(invited.status == 201);
  const std::string accept = invites + "/" + between(invited.body, R"("invite":")", "\"") + "/accept";

  // What does not: tokens that nobody made, invites with another token, wrong words all over.
  Person stranger(loop, server.url(), "eve", {.token = forged, .store = nullptr, .change = {}});
  REQUIRE(stranger.sees([&] { return stranger.client().status().link == Link::denied; }));
  CHECK(get("/api/drafts", forged).status == 401);
  CHECK(get("/api/drafts?token=" + ann, forged).status == 401);
  CHECK(write(accept, ben, "wrong", R"({"token":")" + wrongInvite + "\"}").status >= 400);
  CHECK(write(accept, ben, "odd", R"({"token":")" + invite + "zz\"}").status >= 400);
  CHECK(write(accept, ben, "right", R"({"token":")" + invite + "\"}").status == 200);
  CHECK(write(accept, ann, "again", R"({"token":")" + invite + "\"}").status >= 400);
  CHECK(write(accept, ben, "broken", R"({"token":")" + invite).status >= 400);
  for (const char* path : {"/healthz", "/readyz", "/api/health/db", "/metrics", "/api/drafts", "/no/such/path"}) {
    get(path, ann);
  }
  get("/api/drafts/" + draft, ben);
  get(invites, ann);

  // The commands, with and without luck.
  const std::string url = cluster->tcpUrl();
  CHECK(run({"db", "migrate", "status", "--store", url}) == 0);
  CHECK(run({"db", "migrate", "up", "--store", url, "--json"}) == 0);
  CHECK(run({"db", "migrate", "--distribute", "--store", url}) == 2);
  CHECK(run({"db", "verify", "--all", "--store", url}) == 0);
  CHECK(run({"db", "find", "--store", url, "owner", "ann"}) == 0);
  CHECK(run({"db", "find", "--store", url, "--json", "invites", draft}) == 0);
  CHECK(run({"db", "find", "--store", url, "--json", "keys", "ann"}) == 0);
  CHECK(run({"db", "find", "--store", url, "colour", "red"}) == 2);
  CHECK(run({"db", "verify", "--store", url + "?sslmode=nonsense"}) != 0);
  CHECK(run({"db", "verify", "--store", url + "?no_such_word=1"}) != 0);
  CHECK(run({"db", "migrate", "up", "--store", url + "_missing"}) != 0);
  CHECK(run({"db", "migrate", "up", "--store", url, "--unknown"}) != 0);
  std::string wrongPassword = url;
  const std::string canary = "canary-of-a-wrong-password";
  wrongPassword.replace(wrongPassword.find(cluster->password()), cluster->password().size(), canary);
  CHECK(run({"db", "migrate", "up", "--store", wrongPassword}) != 0);
  CHECK(run({"serve", "--dev-auth", "--listen", "127.0.0.1:0", "--log-level", "debug", "--store", wrongPassword}) != 0);
  CHECK(run({"serve", "--listen", "127.0.0.1:0", "--log-level", "debug", "--store", url, "--pool-size", "5000",
             "--jwt-key-file", folder / "jwt.key"}) != 0);

  // And without the database.
  cluster->stop(TemporaryCluster::Stop::immediate);
  for (const char* path : {"/readyz", "/api/health/db", "/metrics", "/api/drafts"}) get(path, ann);
  write("/api/drafts", ann, "away", R"({"title":"Notes"})");
  CHECK(run({"db", "migrate", "status", "--store", url}) != 0);
  server.signal(SIGTERM);
  const auto ended = server.wait();
  REQUIRE(ended);
  told += ended->out + ended->err;
  told += cluster->log();

  CHECK(told.contains("onering_"));
  CHECK(ended->err.size() > 500);  // it did talk
  const auto signatureOf = [](const std::string& token) { return token.substr(token.rfind('.') + 1); };
  for (const std::string& secret :
       {cluster->password(), canary, key, forged, ann, ben, signatureOf(ann), signatureOf(ben), invite, wrongInvite}) {
    INFO(secret);
    CHECK_FALSE(told.contains(secret));
  }
}

}  // namespace onering::testing
