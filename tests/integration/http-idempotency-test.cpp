// K6: HTTP writes under an Idempotency-Key.
#include <atomic>
#include <csignal>
#include <future>
#include <thread>

#include <boost/json/array.hpp>
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include "onering/ports/event-store.h"
#include "onering/ports/idempotency-store.h"
#include "onering/store/sqlite/sqlite-store.h"

#include "api-client.h"
#include "serve-process.h"
#include "test-server.h"

namespace onering::testing {

namespace {

constexpr std::string_view kTitle = R"({"title":"A story"})";

std::size_t draftsOf(ApiClient& client) {
  return client.get("/api/drafts").at("/drafts").as_array().size();
}

// As if the server went away between the commit and the answer, every time: what it answered is not kept.
class ForgetfulStore final : public IdempotencyStore {
 public:
  explicit ForgetfulStore(IdempotencyStore& store) : store_(store) {}
  StoreResult<std::optional<RequestRecord>> claim(const RequestRecord& record, Time validFrom) override {
    return store_.claim(record, validFrom);
  }
  StoreResult<std::optional<RequestAnswer>> complete(const RequestKey& /*key*/, const OpId& /*op*/,
                                                     const RequestAnswer& /*answer*/) override {
    return std::unexpected(StoreError{StoreFault::unavailable, "as the test wants it"});
  }
  StoreResult<std::uint64_t> forgetRequests(Time before) override { return store_.forgetRequests(before); }

 private:
  IdempotencyStore& store_;
};

ServerOptions onFile(const std::string& path) {
  ServerOptions options;
  options.store = SqliteStore::open({.path = path}).value();
  return options;
}

}  // namespace

TEST_CASE("K6 a request that comes again gets the first status and body, and has one effect", "[http][keys]") {
  TestServer server;
  ApiClient ann(server.port(), "ann");
  const auto first = ann.post("/api/drafts", kTitle, keyHeader("a-key"));
  CHECK(first.status == 201);
  CHECK(!first.header("Idempotency-Replayed"));
  for (int i = 0; i < 3; ++i) {
    const auto again = ann.post("/api/drafts", kTitle, keyHeader("a-key"));
    CHECK(again.status == 201);
    CHECK(again.text == first.text);
    CHECK(again.header("ETag") == first.header("ETag"));
    CHECK(again.header("Location") == first.header("Location"));
    CHECK(again.header("Idempotency-Replayed") == "true");
  }
  CHECK(draftsOf(ann) == 1);
  CHECK(ann.post("/api/drafts", kTitle, keyHeader("\"a-key\"")).text == first.text);  // the same, written as a string

  const std::string draft = first.header("Location").value();
  const auto appended = ann.append(draft, "Once", keyHeader("append"));
  CHECK(ann.append(draft, "Once", keyHeader("append")).text == appended.text);
  CHECK(ann.get(draft).number("segmentCount") == 1);
}

TEST_CASE("K6 a rejection is given again as well", "[http][keys]") {
  TestServer server;
  ApiClient ann(server.port(), "ann");
  const std::string draft = ann.create();
  const auto refused = ann.post(draft + "/unlock", "", keyHeader("k"));
  CHECK(refused.code() == "notAllowed");
  ann.post(draft + "/lock");
  const auto again = ann.post(draft + "/unlock", "", keyHeader("k"));
  CHECK(again.status == refused.status);
  CHECK(again.text == refused.text);
  CHECK(ann.post(draft + "/unlock", "", keyHeader("another")).status == 200);
}

TEST_CASE("K6 a key belongs to a principal and a route, and to one body", "[http][keys]") {
  TestServer server;
  ApiClient ann(server.port(), "ann");
  ApiClient ben(server.port(), "ben");
  const std::string first = ann.post("/api/drafts", kTitle, keyHeader("k")).header("Location").value();
  CHECK(ben.post("/api/drafts", kTitle, keyHeader("k")).header("Location") != first);
  CHECK(ann.post(first + "/lock", "", keyHeader("k")).status == 200);
  const auto reused = ann.post("/api/drafts", R"({"title":"Another"})", keyHeader("k"));
  CHECK(reused.status == 422);
  CHECK(reused.code() == "idempotencyKeyReused");
  CHECK(ann.post(first + "/lock", "", keyHeader("k") + "If-Match: *\r\n").status == 422);
  CHECK(draftsOf(ann) == 1);
}

TEST_CASE("K6 a malformed key is refused", "[http][keys]") {
  TestServer server;
  ApiClient ann(server.port(), "ann");
  for (const std::string& key :
       {std::string(), std::string("\"\""), std::string("a b"), std::string(256, 'x'), std::string("caf\xc3\xa9")}) {
    const auto answer = ann.post("/api/drafts", kTitle, keyHeader(key));
    CHECK(answer.status == 400);
    CHECK(answer.code() == "idMalformed");
  }
  CHECK(draftsOf(ann) == 0);
  CHECK(ann.post("/api/drafts", kTitle, keyHeader(std::string(255, 'x'))).status == 201);
}

TEST_CASE("K6 while the first is being worked on, a second one is told to wait", "[http][keys]") {
  std::promise<void> go;
  const std::shared_future<void> gone = go.get_future().share();
  std::promise<void> atCommit;
  std::atomic<bool> first{true};
  TestServer server;
  server.store().beforeCommit([&]() -> std::optional<StoreFault> {
    if (first.exchange(false)) {
      atCommit.set_value();
      gone.wait();
    }
    return std::nullopt;
  });
  auto slow = std::async(std::launch::async, [&] {
    ApiClient ann(server.port(), "ann");
    return ann.post("/api/drafts", kTitle, keyHeader("k"));
  });
  atCommit.get_future().wait();
  ApiClient ann(server.port(), "ann");
  const auto meanwhile = ann.post("/api/drafts", kTitle, keyHeader("k"));
  CHECK(meanwhile.status == 409);
  go.set_value();
  const auto done = slow.get();
  CHECK(done.status == 201);
  CHECK(ann.post("/api/drafts", kTitle, keyHeader("k")).text == done.text);
  CHECK(draftsOf(ann) == 1);
}

TEST_CASE("K6 what could not be judged is judged when it comes again, under the same key", "[http][keys]") {
  const StoreFault fault = GENERATE(StoreFault::unavailable, StoreFault::full, StoreFault::damaged);
  std::atomic<bool> broken{true};
  TestServer server;
  server.store().beforeCommit([&]() { return broken ? std::optional(fault) : std::nullopt; });
  ApiClient ann(server.port(), "ann");
  const auto refused = ann.post("/api/drafts", kTitle, keyHeader("k"));
  CHECK(refused.status == 503);
  CHECK(refused.header("Retry-After") == "1");
  broken = false;
  const auto done = ann.post("/api/drafts", kTitle, keyHeader("k"));
  CHECK(done.status == 201);
  CHECK(ann.post("/api/drafts", kTitle, keyHeader("k")).text == done.text);
  CHECK(draftsOf(ann) == 1);
}

TEST_CASE("I6 a server that goes away between commit and answer: the same key meets the same op", "[http][keys]") {
  const TemporaryFolder folder;
  const std::string path = folder / "drafts.db";
  std::string draft;
  std::string receipt;
  {
    ServerOptions options = onFile(path);
    TestServer server(std::move(options),
                      [](Store& store) { return std::make_unique<ForgetfulStore>(*store.idempotency()); });
    ApiClient ann(server.port(), "ann");
    draft = ann.create();
    receipt = ann.post(draft + "/segments", R"({"epoch":1,"text":"Once"})", keyHeader("k")).text;
    CHECK(ann.post(draft + "/segments", R"({"epoch":1,"text":"Once"})", keyHeader("k")).text == receipt);
  }
  TestServer server(onFile(path));
  ApiClient ann(server.port(), "ann");
  const auto again = ann.post(draft + "/segments", R"({"epoch":1,"text":"Once"})", keyHeader("k"));
  CHECK(again.status == 201);
  CHECK(again.text == receipt);
  CHECK(ann.get(draft).number("segmentCount") == 1);
  CHECK(ann.post(draft + "/segments", R"({"epoch":1,"text":"Once"})", keyHeader("k")).header("Idempotency-Replayed") ==
        "true");
}

TEST_CASE("K6 a server that is killed while it works: every key has one effect", "[http][keys][crash]") {
  const TemporaryFolder folder;
  const std::vector<std::string> arguments{"--dev-auth", "--listen", "127.0.0.1:0", "--store", folder / "drafts.db"};
  std::string draft;
  int asked = 0;
  constexpr int kRounds = 4;
  for (int round = 0; round < kRounds; ++round) {
    ServeProcess server(arguments);
    if (draft.empty()) {
      ApiClient ann(server.port(), "ann");
      draft = ann.create();
    }
    std::atomic<int> begun{asked};
    auto writer = std::async(std::launch::async, [&, from = asked] {
      RawSocket socket(server.port());
      for (int i = from;; ++i) {
        begun = i + 1;
        const std::string body = R"({"epoch":1,"text":"number )" + std::to_string(i) + "\"}";
        std::string request = "POST ";
        request.append(draft).append("/segments HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ann\r\n");
        request.append(keyHeader("k" + std::to_string(i))).append("Content-Length: ");
        request.append(std::to_string(body.size())).append("\r\n\r\n").append(body);
        const auto answer = socket.ask(request);
        if (answer.status != 201) {
          return;
        }
      }
    });
    std::this_thread::sleep_for(std::chrono::milliseconds(150 + 60 * round));
    server.signal(SIGKILL);
    writer.wait();
    asked = begun;
    ServeProcess again(arguments);
    ApiClient ann(again.port(), "ann");
    for (int i = std::max(0, asked - 3); i < asked; ++i) {
      const std::string body = R"({"epoch":1,"text":"number )" + std::to_string(i) + "\"}";
      CHECK(ann.post(draft + "/segments", body, keyHeader("k" + std::to_string(i))).status == 201);
    }
    CHECK(ann.get(draft).number("segmentCount") == asked);
    again.signal(SIGTERM);
    CHECK(again.wait().has_value());
  }
  CHECK(asked > kRounds);
}

}  // namespace onering::testing
