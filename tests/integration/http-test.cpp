#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include "raw-socket.h"
#include "serve-process.h"
#include "test-server.h"

namespace onering::testing {

namespace {

constexpr const char* kSecret = "not for everyone";

// A folder with a page, next to something that must stay inside.
struct Site {
  Site() {
    folder.write("web/index.html", "<h1>OneRing</h1>");
    folder.write("web/app.js", "export {}");
    folder.write("web/core.wasm", std::string("\0asm", 4));
    folder.write("web/docs/index.html", "docs");
    folder.write("web/with space.txt", "spaced");
    folder.write("web/.env", kSecret);
    folder.write("web/.git/config", kSecret);
    folder.write("secret.txt", kSecret);
    std::filesystem::create_symlink("../secret.txt", folder.path() / "web/link.txt");
    std::filesystem::create_directory_symlink("..", folder.path() / "web/up");
  }

  ServerOptions options() const {
    ServerOptions options;
    options.webDirectory = folder.path() / "web";
    return options;
  }

  TemporaryFolder folder;
};

}  // namespace

TEST_CASE("files are served with their media types and may not be reinterpreted", "[http]") {
  const Site site;
  TestServer server(site.options());
  RawSocket socket(server.port());

  const auto [target, type, body] = GENERATE(table<std::string, std::string, std::string>({
      {"/", "text/html; charset=utf-8", "<h1>OneRing</h1>"},
      {"/index.html", "text/html; charset=utf-8", "<h1>OneRing</h1>"},
      {"/?query=/../x", "text/html; charset=utf-8", "<h1>OneRing</h1>"},
      {"/app.js", "text/javascript; charset=utf-8", "export {}"},
      {"/core.wasm", "application/wasm", std::string("\0asm", 4)},
      {"/docs/", "text/html; charset=utf-8", "docs"},
      {"/with%20space.txt", "text/plain; charset=utf-8", "spaced"},
  }));
  const HttpAnswer answer = socket.get(target);
  INFO(target);
  CHECK(answer.status == 200);
  CHECK(answer.header("Content-Type") == type);
  CHECK(answer.body == body);
  CHECK(answer.header("X-Content-Type-Options") == "nosniff");
  CHECK(answer.header("Referrer-Policy") == "no-referrer");
  CHECK(answer.header("Cache-Control") == "no-cache");
  CHECK(answer.header("Content-Security-Policy").value_or("").contains("script-src 'self' 'wasm-unsafe-eval'"));
}

TEST_CASE("no path leads out of the folder or to hidden files", "[http]") {
  const Site site;
  TestServer server(site.options());

  const std::string target = GENERATE(
      "/../secret.txt", "/docs/../../secret.txt", "/%2e%2e/secret.txt", "/..%2fsecret.txt", "/%2e%2e%2fsecret.txt",
      "/docs/%2e%2e/%2e%2e/secret.txt", "//secret.txt", "/./index.html", "/link.txt", "/up/secret.txt", "/up/", "/.env",
      "/%2eenv", "/.git/config", "/index.html%00.txt", "/index.html/", "/index.html/x", "/%zz", "/%", "/%2", "/missing",
      "/docs/index.html/..", "secret.txt", "/..\\secret.txt", "*", "/web/index.html", "/\xc0\xae\xc0\xae/secret.txt");
  RawSocket socket(server.port());
  const HttpAnswer answer = socket.get(target);
  INFO(target);
  CHECK((answer.status == 404 || answer.status == 400));
  CHECK(!answer.body.contains(kSecret));
  CHECK(answer.body.contains(R"({"error":{"code":)"));
}

TEST_CASE("a folder without its slash is sent there, and nowhere else", "[http]") {
  const Site site;
  TestServer server(site.options());
  RawSocket socket(server.port());
  CHECK(socket.get("/docs").header("Location") == "/docs/");
  CHECK(socket.get("/docs?x=1").header("Location") == "/docs/?x=1");
  CHECK(socket.get("//docs").status == 404);
}

TEST_CASE("HEAD says what GET would, without the body", "[http]") {
  const Site site;
  TestServer server(site.options());
  RawSocket socket(server.port());
  const HttpAnswer head = socket.ask("HEAD /app.js HTTP/1.1\r\nHost: localhost\r\n\r\n");
  CHECK(head.status == 200);
  CHECK(head.header("Content-Length") == "9");
  CHECK(socket.get("/app.js").body == "export {}");  // on the same connection: nothing is left over
}

TEST_CASE("an unchanged file is not sent again", "[http]") {
  const Site site;
  TestServer server(site.options());
  RawSocket socket(server.port());
  const std::string etag = socket.get("/app.js").header("ETag").value();
  CHECK(socket.get("/app.js", "If-None-Match: " + etag + "\r\n").status == 304);
  CHECK(socket.get("/app.js", "If-None-Match: \"x\", W/" + etag + "\r\n").status == 304);
  site.folder.write("web/app.js", "export { now }");
  const HttpAnswer changed = socket.get("/app.js", "If-None-Match: " + etag + "\r\n");
  CHECK(changed.status == 200);
  CHECK(changed.body == "export { now }");
}

TEST_CASE("a large file arrives whole", "[http]") {
  const Site site;
  std::string large;
  for (int i = 0; large.size() < 3'000'000; ++i) {
    large += std::to_string(i) + "\n";
  }
  site.folder.write("web/large.bin", large);
  TestServer server(site.options());
  RawSocket socket(server.port());
  CHECK(socket.get("/large.bin").body == large);
}

TEST_CASE("health is told as JSON", "[http]") {
  TestServer server;
  RawSocket socket(server.port());
  const HttpAnswer answer = socket.get("/healthz");
  CHECK(answer.status == 200);
  CHECK(answer.header("Content-Type") == "application/json");
  CHECK(answer.body.starts_with(R"({"ok":true,)"));
}

TEST_CASE("errors are JSON with the codes of SPEC 12", "[http]") {
  TestServer server;
  const auto [request, status, code] = GENERATE(table<std::string, int, std::string>({
      {"GET /nothing HTTP/1.1\r\nHost: x\r\n\r\n", 404, "notFound"},
      {"GET / HTTP/1.1\r\nHost: x\r\n\r\n", 404, "notFound"},
      {"GET /sync HTTP/1.1\r\nHost: x\r\n\r\n", 426, "protocolError"},
      {"POST /healthz HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nhi", 405, "protocolError"},
      {"DELETE / HTTP/1.1\r\nHost: x\r\n\r\n", 405, "protocolError"},
      {"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999\r\n\r\n", 413, "messageTooLarge"},
      {"what is this\r\n\r\n", 400, "protocolError"},
      {"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n", 400, "protocolError"},
      {"GET /" + std::string(20'000, 'a') + " HTTP/1.1\r\nHost: x\r\n\r\n", 431, "messageTooLarge"},
  }));
  RawSocket socket(server.port());
  const HttpAnswer answer = socket.ask(request);
  INFO(request.substr(0, 60));
  CHECK(answer.status == status);
  CHECK(answer.body.starts_with(R"({"error":{"code":")" + code + "\""));
}

TEST_CASE("a request that never ends is not waited for", "[http][bounds]") {
  ServerOptions options;
  options.timeouts.handshake = std::chrono::milliseconds(200);
  TestServer server(std::move(options));
  RawSocket socket(server.port());
  socket.send("GET / HTTP/1.1\r\nHost: ");
  CHECK(!socket.isOpenAfter(std::chrono::seconds(10)));
}

}  // namespace onering::testing
