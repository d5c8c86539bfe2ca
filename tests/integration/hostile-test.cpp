#include <atomic>
#include <thread>

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include "onering/wire/codec.h"

#include "person.h"
#include "raw-socket.h"
#include "serve-process.h"
#include "test-server.h"

namespace onering::testing {

namespace {

// What the server says last before it closes: a refusal with this code.
std::optional<ErrorCode> refusal(RawSocket& socket) {
  std::optional<ErrorCode> code;
  while (const auto message = socket.hear()) {
    const auto* refused = std::get_if<Refused>(&*message);
    code = refused ? std::optional(refused->why.code) : std::nullopt;
  }
  return code;
}

}  // namespace

TEST_CASE("only the server's own loopback pages and those named may connect", "[hostile]") {
  ServerOptions options;
  options.allowedOrigins = {"https://app.example.org"};
  TestServer server(std::move(options));
  const auto [headers, status] = GENERATE(table<std::string, int>({
      {"", 101},  // no browser
      {"Origin: https://app.example.org\r\n", 101},
      {"Origin: http://localhost\r\n", 101},
      {"Origin: http://localhost:1234\r\n", 403},
      {"Origin: https://app.example.org.evil.example\r\n", 403},
      {"Origin: https://app.example.org:443\r\n", 403},
      {"Origin: http://app.example.org\r\n", 403},
      {"Origin: null\r\n", 403},
      {"Origin: \r\n", 403},
      {"Origin: https://evil.example\r\n", 403},
  }));
  RawSocket socket(server.port());
  const HttpAnswer answer = socket.upgrade(headers);
  INFO(headers);
  CHECK(answer.status == status);
  if (status == 403) {
    CHECK(answer.body.contains("notAllowed"));
  }
}

TEST_CASE("what comes as the body of a request to become a WebSocket is not read as the next request", "[hostile]") {
  TestServer server;
  const std::string hidden = "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n";
  const std::string length = "Content-Length: " + std::to_string(hidden.size()) + "\r\n\r\n" + hidden;
  const std::string chunked = "Transfer-Encoding: chunked\r\n\r\n" + hidden;
  const std::string body = GENERATE_COPY(length, chunked);
  const auto [target, origin, status] = GENERATE(table<std::string, std::string, int>({
      {"/sync", "Origin: https://evil.example\r\n", 403},
      {"/elsewhere", "", 404},
      {"/sync", "", 400},  // nothing else is wrong with it
  }));
  RawSocket socket(server.port());
  INFO(target << " " << origin << body);
  const HttpAnswer answer = socket.ask("GET " + target +
                                       " HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
                                       "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
                                       "Sec-WebSocket-Protocol: onering.1\r\n" +
                                       origin + body);
  CHECK(answer.status == status);
  CHECK(answer.header("Connection") == "close");
  CHECK(socket.ask("").status == 0);  // and there is no second answer
}

TEST_CASE("a name of someone else's that points here is no own page", "[hostile]") {
  TestServer server;
  RawSocket socket(server.port());
  const HttpAnswer answer = socket.ask(
      "GET /sync HTTP/1.1\r\nHost: evil.example\r\nOrigin: http://evil.example\r\nConnection: Upgrade\r\nUpgrade: "
      "websocket\r\n"
      "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: "
      "onering.1\r\n\r\n");
  CHECK(answer.status == 403);
}

TEST_CASE("the subprotocol has to be named", "[hostile]") {
  TestServer server;
  const auto [protocols, status] = GENERATE(table<std::string, int>({{"onering.1", 101},
                                                                     {"chat, onering.1", 101},
                                                                     {"", 400},
                                                                     {"onering.2", 400},
                                                                     {"onering.10", 400},
                                                                     {"ONERING.1", 400}}));
  RawSocket socket(server.port());
  const HttpAnswer answer = socket.upgrade("", protocols);
  INFO(protocols);
  CHECK(answer.status == status);
  if (status == 101) {
    CHECK(answer.header("Sec-WebSocket-Protocol") == "onering.1");
  } else {
    CHECK(answer.body.contains("upgradeRequired"));
  }
}

TEST_CASE("what is no message is refused as protocolError", "[hostile]") {
  TestServer server;
  const std::string hello =
      encode(ReplicaMessage(Hello{.token = "ada", .device = DeviceId::fromHalves(0x7000, 1ULL << 63U)}));
  const auto [what, opcode, payload] = GENERATE_COPY(table<std::string, int, std::string>({
      {"nothing", 2, ""},
      {"noise", 2, std::string(1'000, '\xa5')},
      {"half a message", 2, hello.substr(0, hello.size() / 2 / 8 * 8)},
      {"a tail", 2, hello + std::string(8, '\0')},
      {"a segment table of 4 billion", 2, std::string(4, '\xff') + std::string(60, '\xff')},
      {"text", 1, "{\"token\":\"ada\"}"},
      {"a message in a text frame", 1, "hello"},
  }));
  INFO(what);
  RawSocket socket(server.port());
  REQUIRE(socket.upgrade().status == 101);
  socket.sendFrame(opcode, payload);
  CHECK(refusal(socket) == ErrorCode::protocolError);
  CHECK(socket.lastClose() == 1002);
  CHECK(RawSocket(server.port()).get("/healthz").status == 200);
}

TEST_CASE("who does not begin with hello is not heard", "[hostile]") {
  TestServer server;
  RawSocket socket(server.port());
  REQUIRE(socket.upgrade().status == 101);
  socket.say(WhatChanged{});
  CHECK(refusal(socket) == ErrorCode::unauthenticated);
  CHECK(socket.lastClose() == 1008);
}

TEST_CASE("hello is said once, and in a version that is known", "[hostile]") {
  TestServer server;
  RawSocket twice(server.port());
  twice.join("ada");
  twice.say(Hello{.token = "bob", .device = {}});
  CHECK(refusal(twice) == ErrorCode::protocolError);

  RawSocket later(server.port());
  REQUIRE(later.upgrade().status == 101);
  later.say(Hello{.version = 99, .token = "ada", .device = {}});
  CHECK(refusal(later) == ErrorCode::upgradeRequired);
}

TEST_CASE("a message beyond the bound ends the connection before it is read", "[hostile][bounds]") {
  TestServer server;
  RawSocket socket(server.port());
  socket.join("ada");
  socket.send(std::string("\x82\xff\x00\x00\x00\xff\x00\x00\x00\x00", 10) +
              std::string(4, '\0'));  // announces about 1 TB
  while (socket.hear()) {
  }
  CHECK(socket.lastClose() == 1009);
}

TEST_CASE("who was refused is read for a little, not for as long as they send", "[hostile][bounds]") {
  ServerOptions options;
  options.timeouts.farewell = std::chrono::milliseconds(1'000);
  TestServer server(std::move(options));
  RawSocket socket(server.port());
  REQUIRE(socket.upgrade().status == 101);
  socket.say(WhatChanged{});  // without hello
  CHECK(socket.send(std::string(256U << 20U, 'x')) < 64U << 20U);
}

TEST_CASE("frames against RFC 6455 end the connection", "[hostile]") {
  TestServer server;
  const auto [what, bytes] = GENERATE(table<std::string, std::string>({
      {"not masked", std::string("\x82\x01x", 3)},
      {"a reserved bit", std::string("\xc2\x81\0\0\0\0x", 7)},
      {"a reserved opcode", std::string("\x83\x81\0\0\0\0x", 7)},
      {"a fragmented ping", std::string("\x09\x81\0\0\0\0x", 7)},
      {"a continuation of nothing", std::string("\x80\x81\0\0\0\0x", 7)},
  }));
  INFO(what);
  RawSocket socket(server.port());
  socket.join("ada");
  socket.send(bytes);
  while (socket.hear()) {
  }
  CHECK(socket.lastClose() == 1002);
}

TEST_CASE("who says nothing after connecting is let go", "[hostile][bounds]") {
  ServerOptions options;
  options.timeouts.hello = std::chrono::milliseconds(100);
  TestServer server(std::move(options));
  RawSocket socket(server.port());
  REQUIRE(socket.upgrade().status == 101);
  CHECK(refusal(socket) == ErrorCode::unauthenticated);
}

TEST_CASE("an authenticator that never answers holds nobody for ever", "[hostile][bounds]") {
  struct Silent final : Authenticator {
    void authenticate(std::string, Done done) override { kept.push_back(std::move(done)); }
    std::vector<Done> kept;
  };
  const auto silent = std::make_shared<Silent>();
  ServerOptions options;
  options.timeouts.hello = std::chrono::milliseconds(100);
  options.authenticator = silent;
  auto server = std::make_unique<TestServer>(std::move(options));
  RawSocket socket(server->port());
  REQUIRE(socket.upgrade().status == 101);
  socket.say(Hello{.token = "ada", .device = {}});
  CHECK(refusal(socket) == ErrorCode::unauthenticated);
  server.reset();
  for (const auto& done : silent->kept) {
    done(Principal{.user = "ada", .display = {}, .expiresAt = {}});  // too late, and no harm
  }
}

TEST_CASE("a peer that is gone without a word is noticed", "[bounds]") {
  ServerOptions options;
  options.timeouts.idle = std::chrono::milliseconds(400);
  TestServer server(std::move(options));
  RawSocket socket(server.port());
  socket.join("ada");
  CHECK(socket.isOpenAfter(std::chrono::milliseconds(100)));
  CHECK(!socket.isOpenAfter(std::chrono::seconds(10)));  // answers no ping
}

TEST_CASE("connections are bounded in all, by address and by user", "[bounds]") {
  ServerOptions options;
  SECTION("in all") {
    options.bounds.connections = 3;
  }
  SECTION("by address") {
    options.bounds.connectionsPerAddress = 3;
  }
  TestServer server(std::move(options));
  {
    RawSocket one(server.port());
    one.join("ada");
    RawSocket two(server.port());
    REQUIRE(two.get("/healthz").status == 200);
    RawSocket three(server.port());
    REQUIRE(three.get("/healthz").status == 200);
    RawSocket four(server.port());
    const HttpAnswer answer = four.get("/healthz");
    CHECK(answer.status == 503);
    CHECK(answer.body.contains(R"("code":"unavailable")"));
    CHECK(answer.header("Retry-After").has_value());
  }
  int status = 0;  // places come back when connections go
  for (int i = 0; i < 100 && status != 200; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    status = RawSocket(server.port()).get("/healthz").status;
  }
  CHECK(status == 200);
}

TEST_CASE("a user may have so many sockets and no more", "[bounds]") {
  ServerOptions options;
  options.bounds.connectionsPerUser = 2;
  TestServer server(std::move(options));
  RawSocket one(server.port());
  one.join("ada");
  {
    RawSocket two(server.port());
    two.join("ada");
    RawSocket three(server.port());
    REQUIRE(three.upgrade().status == 101);
    three.say(Hello{.token = "ada", .device = {}});
    CHECK(refusal(three) == ErrorCode::quotaExceeded);
    RawSocket other(server.port());
    other.join("bob");
  }
  one.say(RefreshToken{"ada"});  // counts as the same connection
  bool joined = false;
  for (int i = 0; i < 100 && !joined; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    RawSocket again(server.port());
    REQUIRE(again.upgrade().status == 101);
    again.say(Hello{.token = "ada", .device = {}});
    const auto answer = again.hear();
    joined = answer && std::holds_alternative<Welcome>(*answer);
  }
  CHECK(joined);
}

TEST_CASE("S13 a slow reader costs a bounded queue, then is told to catch up", "[bounds]") {
  EventLoop loop;
  const TemporaryFolder folder;
  ServeProcess server({"--dev-auth", "--store", folder / "drafts.db", "--listen", "127.0.0.1:0"});
  Person ada(loop, server.url(), "ada");
  const DraftId draft = ada.create();
  ada.act(draft, AddCollaborator{.user = "slow", .role = Role::viewer});
  REQUIRE(ada.settles());

  RawSocket slow(server.port(), 131'072);
  slow.join("slow");
  constexpr int kSegments = 1'000;
  constexpr std::size_t kSegmentBytes = 16'000;  // 16 MB in all
  const auto write = [&](int count) {
    for (int i = 0; i < count; ++i) {
      ada.append(draft, std::string(kSegmentBytes, 'x'));
    }
    REQUIRE(ada.settles());
  };
  write(200);
  const std::size_t before = server.residentBytes();
  for (int i = 200; i < kSegments; i += 200) {
    write(200);
  }
  CHECK(server.residentBytes() < before + (24U << 20U));

  bool toldToCatchUp = false;
  while (!toldToCatchUp) {
    const auto message = slow.hear();
    REQUIRE(message);
    toldToCatchUp = std::holds_alternative<CatchUp>(*message);
  }
  slow.say(WhatChanged{});
  while (true) {
    const auto message = slow.hear();
    REQUIRE(message);
    if (const auto* changed = std::get_if<Changed>(&*message)) {
      CHECK(changed->drafts.at(0).position == ada.confirmed(draft));
      break;
    }
  }
  ada.append(draft, "and on");
  REQUIRE(ada.settles());
  const auto message = slow.hear();
  REQUIRE(message);
  CHECK(std::get<Entries>(*message).head == ada.confirmed(draft));
}

TEST_CASE("SPEC 14 who floods is read at a bounded rate, on however many connections; others do not notice",
          "[bounds]") {
  ServerOptions options;
  options.bounds.messagesPerSecondPerUser = 100;
  TestServer server(std::move(options));
  RawSocket flood(server.port());
  flood.join("mallory");
  RawSocket more(server.port());
  more.join("mallory");
  RawSocket honest(server.port());
  honest.join("ada");
  const auto began = std::chrono::steady_clock::now();
  constexpr std::uint64_t kPings = 200;
  for (std::uint64_t i = 1; i <= kPings; ++i) {
    flood.say(Ping{i});
    more.say(Ping{i});
  }
  honest.say(Ping{1});
  CHECK(std::get<Pong>(honest.hear().value()).id == 1);  // before the flood has been read
  for (RawSocket* socket : {&flood, &more}) {            // none is lost
    for (std::uint64_t i = 1; i <= kPings; ++i) {
      REQUIRE(std::get<Pong>(socket->hear().value()).id == i);
    }
  }
  // 400 messages, of which 100 a second.
  CHECK(std::chrono::steady_clock::now() - began > std::chrono::milliseconds(1'500));
}

TEST_CASE("SPEC 14 of many pings that come at once the last is answered", "[bounds]") {
  TestServer server;
  RawSocket flood(server.port());
  flood.join("mallory");
  constexpr int kPings = 1'000;
  std::string pings;
  for (int i = 0; i < kPings; ++i) {
    const std::string payload = std::to_string(1'000 + i);
    pings += std::string("\x89\x84\0\0\0\0", 6) + payload;
  }
  flood.send(pings);
  int pongs = 0;
  std::string last;
  while (last != "1999") {
    const auto frame = flood.nextFrame();
    REQUIRE(frame);
    REQUIRE(frame->opcode == 10);
    last = frame->payload;
    ++pongs;
  }
  CHECK(pongs < kPings / 10);
}

TEST_CASE("SPEC 14 who says to be at ever more drafts is read no further than the store answers", "[bounds]") {
  ServerOptions options;
  options.bounds.readsPerSession = 4;
  TestServer server(std::move(options));
  std::atomic<bool> reached = false;
  std::atomic<bool> held = true;
  server.store().beforeCommit([&]() -> std::optional<StoreFault> {
    reached = true;
    while (held) {
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    return {};
  });
  const auto draft = [](std::uint64_t number) { return DraftId::fromHalves(0x7000, (1ULL << 63U) | number); };
  RawSocket ada(server.port());
  ada.join("ada");
  ada.say(Push{.ops = {Op{.id = OpId::fromHalves(0x7000, 1ULL << 63U),
                          .draft = draft(0),
                          .actor = "ada",
                          .device = DeviceId::fromHalves(0x7000, 1ULL << 63U),
                          .authoredAt = timeFromMs(0),
                          .body = CreateDraft{.title = "Notes", .platform = {}, .holdLimit = {}}}},
               .restart = true});
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  const auto inTime = [&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
    return std::chrono::steady_clock::now() < until;
  };
  while (!reached && inTime()) {
  }

  RawSocket mallory(server.port());
  mallory.join("mallory");
  for (std::uint64_t i = 1; i <= 100; ++i) {
    mallory.say(Present{.draft = draft(i), .attention = Attention::here});
  }
  mallory.say(Ping{1});
  const auto questions = [&] {
    constexpr std::string_view kName = "\nonering_store_questions ";
    const std::string metrics = RawSocket(server.port()).get("/metrics").body;
    return std::stoi(metrics.substr(metrics.find(kName) + kName.size()));
  };
  while (questions() < 4 && inTime()) {
  }
  std::this_thread::sleep_for(std::chrono::milliseconds(100));
  const int waiting = questions();
  CHECK(waiting >= 4);
  CHECK(waiting <= 5);  // with one of the server's own
  held = false;
  CHECK(std::get<Pong>(mallory.hear().value()).id == 1);
}

TEST_CASE("SPEC 14 what may be said in a second is not read all at once", "[bounds]") {
  ServerOptions options;
  options.bounds.messagesPerSecondPerUser = 100;
  TestServer server(std::move(options));
  RawSocket flood(server.port());
  flood.join("mallory");
  const auto began = std::chrono::steady_clock::now();
  constexpr std::uint64_t kPings = 60;
  for (std::uint64_t i = 1; i <= kPings; ++i) {
    flood.say(Ping{i});
  }
  for (std::uint64_t i = 1; i <= kPings; ++i) {
    REQUIRE(std::get<Pong>(flood.hear().value()).id == i);
  }
  CHECK(std::chrono::steady_clock::now() - began > std::chrono::milliseconds(300));
}

TEST_CASE("a session that pushes faster than the store commits is made to wait, and loses nothing", "[bounds]") {
  EventLoop loop;
  ServerOptions options;
  options.bounds.opsUnanswered = 32;
  options.bounds.bytesUnanswered = 4'096;
  options.bounds.bytesUnansweredInAll = 8'192;
  TestServer server(std::move(options));
  server.store().beforeCommit([]() -> std::optional<StoreFault> {
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
    return {};
  });
  Person ada(loop, server.url(), "ada");
  Person bob(loop, server.url(), "bob");
  const DraftId adas = ada.create();
  const DraftId bobs = bob.create();
  for (int i = 0; i < 500; ++i) {
    ada.append(adas, "line " + std::to_string(i));
    bob.append(bobs, "line " + std::to_string(i));
  }
  REQUIRE(ada.settles());
  REQUIRE(bob.settles());
  CHECK(ada.confirmed(adas).seq == 501);
  CHECK(bob.confirmed(bobs).seq == 501);
}

}  // namespace onering::testing
