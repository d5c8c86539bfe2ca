// JSON over HTTP (SPEC §15): what a program without a replica can do. Each answer is held against docs/openapi.json.
#include <algorithm>
#include <atomic>
#include <set>
#include <thread>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include "onering/domain/text.h"

#include "api-client.h"
#include "api/route.h"
#include "openapi.h"
#include "test-server.h"

namespace onering::testing {

namespace {

namespace json = boost::json;

std::string textAt(const ApiAnswer& answer, std::string_view pointer) {
  return std::string(std::string_view(answer.at(pointer).as_string()));
}

// One field of each item of a list.
std::vector<std::string> listOf(const ApiAnswer& answer, std::string_view list, std::string_view field) {
  std::vector<std::string> values;
  for (const json::value& item : answer.body.at(list).as_array()) {
    values.emplace_back(std::string_view(item.at(field).as_string()));
  }
  return values;
}

// `field` of all items, page after page.
std::vector<std::string> readAll(ApiClient& client, const std::string& target, std::string_view list,
                                 std::string_view field) {
  std::vector<std::string> values;
  std::string after;
  while (true) {
    const auto page = client.get(target + after);
    REQUIRE(page.status == 200);
    std::ranges::move(listOf(page, list, field), std::back_inserter(values));
    if (page.body.at("next").is_null()) {
      return values;
    }
    after = "&after=" + page.textOf("next");
  }
}

// Without what differs in every answer.
std::string withoutDates(const ApiAnswer& answer) {
  std::string kept;
  std::string_view rest = answer.head;
  while (!rest.empty()) {
    const std::string_view line = rest.substr(0, rest.find('\n') + 1);
    rest.remove_prefix(line.size());
    if (!line.starts_with("Date:") && !line.starts_with("X-Request-Id:")) {
      kept += line;
    }
  }
  return kept + answer.text;
}

}  // namespace

TEST_CASE("a draft's life over HTTP", "[http][api]") {
  TestServer server;
  ApiClient ann(server.port(), "ann");
  ApiClient ben(server.port(), "ben");

  const auto created =
      ann.post("/api/drafts", R"({"title":"Bären & \"Ringe\"","platform":"curl","holdLimitMs":60000})");
  REQUIRE(created.status == 201);
  const std::string draft = created.header("Location").value();
  CHECK(draft == "/api/drafts/" + created.textOf("draft"));
  CHECK(created.header("ETag") == created.textOf("etag"));

  const auto read = ann.get(draft);
  CHECK(read.textOf("title") == "Bären & \"Ringe\"");
  CHECK(read.textOf("owner") == "ann");
  CHECK(read.textOf("status") == "active");
  CHECK(read.number("holdLimitMs") == 60'000);
  CHECK(read.textOf("etag") == created.textOf("etag"));

  CHECK(ann.append(draft, "Once upon a time").status == 201);
  CHECK(ann.post(draft + "/collaborators", R"({"user":"ben","role":"editor"})").status == 201);
  CHECK(ben.post(draft + "/ring/request").status == 200);
  CHECK(textAt(ann.get(draft + "/ring"), "/requests/0/user") == "ben");
  CHECK(ann.post(draft + "/ring/pass", R"({"to":"ben","epoch":1})").status == 200);
  CHECK(ann.append(draft, "no").code() == "notRingHolder");
  CHECK(ann.post(draft + "/ring/pass", R"({"to":"ben","epoch":1})").code() == "staleEpoch");
  const auto appended = ben.append(draft, "there was a ring.");
  CHECK(ann.post(draft + "/segments/" + appended.textOf("segment") + "/redact").status == 200);
  CHECK(ann.post(draft + "/ring/reclaim", R"({"epoch":2})").status == 200);
  CHECK(ben.post(draft + "/ring/request").status == 200);
  CHECK(ben.post(draft + "/ring/cancel").status == 200);

  const auto segments = ben.get(draft + "/segments");
  CHECK(segments.at("/segments/0/text") == "Once upon a time");
  CHECK(textAt(segments, "/segments/0/authorDisplay") == anonymousDisplay("ann"));
  CHECK(segments.at("/segments/1/text").is_null());
  CHECK(listOf(ben.get(draft + "/ring/history"), "passes", "kind") ==
        std::vector<std::string>{"created", "passed", "reclaimed"});

  CHECK(ann.ask("PUT", draft + "/collaborators/ben", R"({"role":"viewer"})").status == 200);
  CHECK(listOf(ann.get(draft + "/collaborators"), "collaborators", "role") ==
        std::vector<std::string>{"owner", "viewer"});
  CHECK(ben.ask("DELETE", draft + "/collaborators/ben").status == 200);
  CHECK(ben.get(draft).code() == "notFound");

  CHECK(ann.ask("PATCH", draft, R"({"title":"Another"})").status == 200);
  CHECK(ann.post(draft + "/lock").status == 200);
  CHECK(ann.append(draft, "no").code() == "draftLocked");
  CHECK(ann.post(draft + "/unlock").status == 200);
  CHECK(ann.post(draft + "/complete").status == 200);
  CHECK(ann.append(draft, "no").code() == "draftCompleted");
  CHECK(ann.get(draft).textOf("title") == "Another");

  CHECK(ann.ask("DELETE", draft).status == 200);
  CHECK(ann.get(draft).status == 410);
  CHECK(ann.get(draft + "/segments").code() == "draftDeleted");
  CHECK(ann.get("/api/drafts").at("/drafts").as_array().empty());
  CHECK(ann.post(draft + "/restore").status == 200);
  CHECK(ann.get(draft).textOf("status") == "completed");
}

TEST_CASE("§11 an invite over HTTP lets one user in, once", "[http][api]") {
  TestServer server;
  ApiClient ann(server.port(), "ann");
  ApiClient zoe(server.port(), "zoe");
  ApiClient yan(server.port(), "yan");
  const std::string draft = ann.create();
  const std::string token = "000102030405060708090a0b0c0d0e0f";
  const std::string hash = "be45cb2605bf36bebde684841a28f0fd43c69850a3dce5fedba69928ee3a8991";
  const auto made = ann.post(draft + "/invites", R"({"role":"viewer","tokenHash":")" + hash + "\"}");
  REQUIRE(made.status == 201);
  const std::string invite = draft + "/invites/" + made.textOf("invite");
  CHECK(made.header("Location") == draft);
  const auto read = ann.get(draft);
  CHECK(textAt(read, "/invites/0/id") == made.textOf("invite"));
  CHECK(read.at("/invites/0/acceptedBy").is_null());
  CHECK(!read.text.contains(hash));

  const auto accept = [&](ApiClient& guest, const std::string& with, const std::string& headers = "") {
    return guest.post(invite + "/accept", R"({"token":")" + with + "\"}", headers);
  };
  CHECK(accept(zoe, "100102030405060708090a0b0c0d0e0f").code() == "inviteInvalid");
  CHECK(accept(zoe, "0001").code() == "inviteInvalid");
  const auto accepted = accept(zoe, token, "Idempotency-Key: in\r\n");
  CHECK(accepted.status == 200);
  CHECK(accept(zoe, token, "Idempotency-Key: in\r\n").text == accepted.text);  // K6
  CHECK(textAt(zoe.get(draft), "/invites/0/acceptedBy") == "zoe");
  CHECK(accept(yan, token).status == 410);
  CHECK(accept(zoe, token).code() == "alreadyMember");
  CHECK(ann.ask("DELETE", invite).code() == "inviteUsed");

  const auto another = ann.post(draft + "/invites", R"({"user":"yan","tokenHash":")" + hash + "\"}");
  CHECK(ann.ask("DELETE", draft + "/invites/" + another.textOf("invite")).status == 200);
  CHECK(yan.post(draft + "/invites/" + another.textOf("invite") + "/accept", R"({"token":")" + token + "\"}").code() ==
        "inviteInvalid");
  CHECK(ann.post(draft + "/invites", R"({"tokenHash":"00"})").code() == "protocolError");
}

TEST_CASE("what is written over HTTP reaches the sessions of the draft's members, and the other way round",
          "[http][api]") {
  TestServer server;
  ApiClient ann(server.port(), "ann");
  RawSocket session(server.port());
  session.join("ann");
  const std::string draft = ann.create();
  ann.append(draft, "written over HTTP");
  std::vector<LogEntry> heard;
  while (heard.size() < 2) {
    const auto message = session.hear();
    REQUIRE(message.has_value());
    const auto* entries = std::get_if<Entries>(&*message);
    REQUIRE(entries != nullptr);
    std::ranges::copy(entries->entries, std::back_inserter(heard));
  }
  const auto* append = std::get_if<AppendSegment>(&heard.at(1).op.body);
  REQUIRE(append != nullptr);
  CHECK(append->content.text == "written over HTTP");

  Op op{.id = {uuidV7(timeFromMs(1'000), std::array<std::uint8_t, 10>{1})},
        .draft = heard[0].op.draft,
        .actor = "ann",
        .device = {uuidV7(timeFromMs(1'000), std::array<std::uint8_t, 10>{2})},
        .authoredAt = timeFromMs(1'000),
        .body =
            AppendSegment{{uuidV7(timeFromMs(1'000), std::array<std::uint8_t, 10>{3})}, 1, sealContent("by sync", {})}};
  session.say(Push{.ops = {op}, .restart = true});
  REQUIRE(session.hear().has_value());
  CHECK(ann.get(draft + "/segments").at("/segments/1/text") == "by sync");
}

TEST_CASE("SPEC 6 a page of drafts is bounded in bytes, and the next one goes on behind it", "[http][api]") {
  TestServer server;
  ApiClient ann(server.port(), "ann");
  std::string title;
  for (int i = 0; i < 200; ++i) title += "\U0001F9D9";
  std::set<std::string> drafts;
  for (int i = 0; i < 1'000; ++i) {
    drafts.insert(ann.create(title).substr(std::string_view("/api/drafts/").size()));
  }
  const auto first = ann.get("/api/drafts?limit=1000");
  CHECK(first.text.size() <= (std::size_t{1} << 20U) + 2'048);
  CHECK(first.at("/drafts").as_array().size() > 500);
  CHECK(first.at("/next").is_string());
  const auto listed = readAll(ann, "/api/drafts?limit=1000", "drafts", "id");
  CHECK(listed.size() == drafts.size());
  CHECK(std::set(listed.begin(), listed.end()) == drafts);
}

TEST_CASE("SPEC 6 lists are paged by key, and complete while drafts change", "[http][api]") {
  TestServer server;
  ApiClient ann(server.port(), "ann");
  std::vector<std::string> drafts;
  drafts.reserve(7);
  for (int i = 0; i < 7; ++i) {
    drafts.push_back(ann.create("Draft " + std::to_string(i)).substr(std::string_view("/api/drafts/").size()));
  }
  for (const int limit : {1, 2, 3, 7, 100}) {
    const auto listed = readAll(ann, "/api/drafts?limit=" + std::to_string(limit), "drafts", "id");
    CHECK(std::set(listed.begin(), listed.end()) == std::set(drafts.begin(), drafts.end()));
    CHECK(listed.size() == drafts.size());
  }

  const std::string draft = "/api/drafts/" + drafts[0];
  std::vector<std::string> texts;
  for (int i = 0; i < 7; ++i) {
    texts.push_back("segment " + std::to_string(i));
    ann.append(draft, texts.back());
  }
  for (const int limit : {1, 3, 7, 100}) {
    CHECK(readAll(ann, draft + "/segments?limit=" + std::to_string(limit), "segments", "text") == texts);
  }
  std::vector<std::string> users{"ann"};
  for (const char* user : {"ben", "cat", "dan"}) {
    ann.post(draft + "/collaborators", R"({"role":"editor","user":")" + std::string(user) + "\"}");
    users.emplace_back(user);
  }
  CHECK(readAll(ann, draft + "/collaborators?limit=1", "collaborators", "user") == users);
  ann.post(draft + "/ring/pass", R"({"to":"ben","epoch":1})");
  ann.post(draft + "/ring/reclaim", R"({"epoch":2})");
  CHECK(readAll(ann, draft + "/ring/history?limit=1", "passes", "kind") ==
        std::vector<std::string>{"created", "passed", "reclaimed"});
}

TEST_CASE("I10 a draft that is not there and one that is someone else's answer with the same bytes", "[http][api]") {
  TestServer server;
  ApiClient ann(server.port(), "ann");
  ApiClient eve(server.port(), "eve");
  const std::string there = ann.create();
  const std::string absent = "/api/drafts/0197c0de-2000-7000-8000-000000000001";
  const auto [method, target, body] = GENERATE(table<std::string, std::string, std::string>({
      {"GET", "", ""},
      {"GET", "/segments", ""},
      {"GET", "/ring", ""},
      {"GET", "/ring/history", ""},
      {"GET", "/collaborators", ""},
      {"GET", "/events", ""},
      {"POST", "/views", ""},
      {"PATCH", "", R"({"title":"Mine"})"},
      {"DELETE", "", ""},
      {"POST", "/restore", ""},
      {"POST", "/lock", ""},
      {"POST", "/unlock", ""},
      {"POST", "/complete", ""},
      {"POST", "/segments", R"({"epoch":1,"text":"x"})"},
      {"POST", "/segments/0197c0de-2000-7000-8000-000000000001/redact", ""},
      {"POST", "/ring/pass", R"({"to":"eve","epoch":1})"},
      {"POST", "/ring/request", ""},
      {"POST", "/ring/cancel", ""},
      {"POST", "/ring/reclaim", R"({"epoch":1})"},
      {"POST", "/collaborators", R"({"user":"eve","role":"editor"})"},
      {"PUT", "/collaborators/ann", R"({"role":"viewer"})"},
      {"DELETE", "/collaborators/ann", ""},
      {"POST", "/invites", R"({"tokenHash":"0000000000000000000000000000000000000000000000000000000000000000"})"},
      {"DELETE", "/invites/0197c0de-2000-7000-8000-000000000001", ""},
      {"POST", "/invites/0197c0de-2000-7000-8000-000000000001/accept",
       R"({"token":"00000000000000000000000000000000"})"},
  }));
  for (const std::string headers : {"", "If-Match: \"1-0123456789abcdef\"\r\n", "If-None-Match: *\r\n"}) {
    INFO(method << " " << target << " " << headers);
    const auto forbidden = eve.ask(method, there + target, body, headers);
    CHECK(forbidden.status == 404);
    CHECK(withoutDates(forbidden) == withoutDates(eve.ask(method, absent + target, body, headers)));
  }
}

TEST_CASE("H4 a write under a version that is past is staleVersion, whatever it is", "[http][api]") {
  TestServer server;
  ApiClient ann(server.port(), "ann");
  const std::string draft = ann.create();
  const std::string first = ann.get(draft).header("ETag").value();
  const auto appended = ann.append(draft, "one", "If-Match: " + first + "\r\n");
  CHECK(appended.status == 201);
  const std::string second = appended.header("ETag").value();
  CHECK(second != first);
  CHECK(ann.append(draft, "two", "If-Match: " + first + "\r\n").status == 412);
  CHECK(ann.ask("PATCH", draft, R"({"title":"Another"})", "If-Match: " + first + "\r\n").code() == "staleVersion");
  CHECK(ann.ask("PATCH", draft, R"({"title":"Another"})", "If-Match: " + second + "\r\n").status == 200);
  CHECK(ann.post(draft + "/lock", "", "If-Match: *\r\n").status == 200);
  CHECK(ann.post(draft + "/unlock", "", "If-Match: nonsense\r\n").status == 400);
  CHECK(ann.post(draft + "/unlock", "", "If-Match: " + first + ", " + second + "\r\n").status == 400);
  CHECK(ann.get(draft + "/segments").at("/segments").as_array().size() == 1);
}

TEST_CASE("what has not changed is not sent again", "[http][api]") {
  TestServer server;
  ApiClient ann(server.port(), "ann");
  const std::string draft = ann.create();
  for (const std::string what : {"", "/segments", "/collaborators", "/ring/history"}) {
    const auto first = ann.get(draft + what);
    const auto again = ann.get(draft + what, "If-None-Match: " + first.header("ETag").value() + "\r\n");
    CHECK(again.status == 304);
    CHECK(again.header("ETag") == first.header("ETag"));
    CHECK(again.text.empty());
  }
  const std::string etag = ann.get(draft).header("ETag").value();
  ann.append(draft, "more");
  CHECK(ann.get(draft, "If-None-Match: " + etag + "\r\n").status == 200);
}

TEST_CASE("I10 reads that come together share answers with nobody else's", "[http][api]") {
  constexpr int kAppends = 60;
  ServerOptions options;
  options.bounds.requestsPerSecondPerUser = 0;
  TestServer server(std::move(options));
  ApiClient ann(server.port(), "ann");
  const std::string draft = ann.create();
  std::atomic<int> wrong{0};
  std::vector<std::jthread> readers;
  readers.reserve(8);
  for (int i = 0; i < 8; ++i) {
    const bool isMember = i % 4 != 0;
    readers.emplace_back([&, isMember](const std::stop_token& stop) {
      RawSocket socket(server.port());
      while (!stop.stop_requested()) {
        const auto answer = socket.get(draft + "/segments",
                                       isMember ? "Authorization: Bearer ann\r\n" : "Authorization: Bearer eve\r\n");
        if (answer.status != (isMember ? 200 : 404)) {
          ++wrong;
        }
      }
    });
  }
  for (int i = 0; i < kAppends; ++i) {
    REQUIRE(ann.append(draft, "more").status == 201);
    REQUIRE(ann.get(draft + "/segments").at("/segments").as_array().size() == static_cast<std::size_t>(i) + 1);
  }
  readers.clear();
  CHECK(wrong == 0);
}

TEST_CASE("with `now` an answer that depends on time is the same every time", "[http][api]") {
  TestServer server;
  ApiClient ann(server.port(), "ann");
  const auto created = ann.post("/api/drafts", R"({"title":"T","holdLimitMs":1000})");
  const std::string draft = created.header("Location").value();
  const auto late = ann.get(draft + "/ring?now=2999-01-01T00:00:00Z");
  CHECK(late.textOf("computedAt") == "2999-01-01T00:00:00.000Z");
  CHECK(late.at("/holdLimitOver") == true);
  CHECK(late.text == ann.get(draft + "/ring?now=2999-01-01T00:00:00Z").text);
  const auto early = ann.get(draft + "/ring?now=1999-01-01T00:00:00.5Z");
  CHECK(early.number("heldMs") == 0);
  CHECK(early.at("/holdLimitOver") == false);
  for (const char* wrong : {"yesterday", "2026-02-30T00:00:00Z", "2026-01-01T24:00:00Z", "2026-01-01T00:00:00",
                            "2026-01-01T00:00:00+01:00", "2026-1-01T00:00:00Z", "", "2026-01-01T00:00:00.Z"}) {
    INFO(wrong);
    CHECK(ann.get(draft + "/ring?now=" + std::string(wrong)).status == 400);
  }
}

TEST_CASE("SPEC 10 events are read by window and types, by who is a member", "[http][api]") {
  TestServer server;
  ApiClient ann(server.port(), "ann");
  ApiClient ben(server.port(), "ben");
  // Events of one millisecond are in the order of their ids, which is by chance.
  const auto pause = [] { std::this_thread::sleep_for(std::chrono::milliseconds(2)); };
  const std::string draft = ann.create();
  pause();
  ann.append(draft, "one");
  pause();
  ann.post(draft + "/collaborators", R"({"user":"ben","role":"editor"})");
  ann.post(draft + "/ring/pass", R"({"to":"ben","epoch":1})");
  pause();
  ben.append(draft, "two");
  pause();
  const auto viewed = ben.post(draft + "/views");
  CHECK(viewed.status == 201);
  CHECK(viewed.at("/recorded") == true);
  pause();
  ann.post(draft + "/views");

  const std::string always = "/events?now=2999-01-01T00:00:00Z";
  CHECK(readAll(ann, draft + always, "events", "type") == std::vector<std::string>{"DraftCreated", "SegmentAdded",
                                                                                   "RingPassed", "SegmentAdded",
                                                                                   "DraftViewed", "DraftViewed"});
  CHECK(readAll(ben, draft + always + "&limit=1&type=SegmentAdded", "events", "user") ==
        std::vector<std::string>{"ann", "ben"});
  CHECK(readAll(ann, draft + always + "&type=RingPassed&type=DraftCreated", "events", "to") ==
        std::vector<std::string>{"ann", "ben"});
  CHECK(readAll(ann, draft + always + "&from=2998-01-01T00:00:00Z", "events", "type").empty());
  CHECK(readAll(ann, draft + "/events?until=1999-01-01T00:00:00Z", "events", "type").empty());
  CHECK(readAll(ben, "/api/me/events?now=2999-01-01T00:00:00Z", "events", "type") ==
        std::vector<std::string>{"SegmentAdded", "DraftViewed"});
  CHECK(ann.get(draft + "/events?type=Unheard").code() == "protocolError");
  CHECK(ann.get(draft + "/events?after=1.x").code() == "protocolError");
}

TEST_CASE("what cannot be understood is refused with a code, and does nothing", "[http][api]") {
  TestServer server;
  ApiClient ann(server.port(), "ann");
  const std::string draft = ann.create();
  const auto [method, target, body, status, code] =
      GENERATE(table<std::string, std::string, std::string, int, std::string>({
          {"POST", "/api/drafts", "", 400, "protocolError"},
          {"POST", "/api/drafts", "{", 400, "protocolError"},
          {"POST", "/api/drafts", "[]", 400, "protocolError"},
          {"POST", "/api/drafts", R"({"title":"x"} {})", 400, "protocolError"},
          {"POST", "/api/drafts", R"({"title":7})", 400, "protocolError"},
          {"POST", "/api/drafts", R"({"title":"x","colour":"red"})", 400, "protocolError"},
          {"POST", "/api/drafts", "{\"title\":\"\xff\"}", 400, "protocolError"},
          {"POST", "/api/drafts", R"({"title":"x","holdLimitMs":1.5})", 400, "protocolError"},
          {"POST", "/api/drafts", R"({"title":{"a":{"b":{"c":{"d":{"e":1}}}}}})", 400, "protocolError"},
          {"POST", "/api/drafts?title=x", R"({"title":"x"})", 400, "protocolError"},
          {"POST", "/api/drafts", R"({"title":""})", 422, "titleInvalid"},
          {"POST", "/api/drafts", R"({"title":"x","holdLimitMs":-1})", 403, "notAllowed"},
          {"POST", "*/segments", R"({"epoch":1})", 400, "protocolError"},
          {"POST", "*/segments", R"({"epoch":-1,"text":"x"})", 400, "protocolError"},
          {"POST", "*/segments", R"({"epoch":1,"text":""})", 422, "contentEmpty"},
          {"POST", "*/segments", R"({"epoch":1,"text":")" + std::string(16'385, 'x') + "\"}", 422, "contentTooLong"},
          {"POST", "*/segments", R"({"epoch":1,"text":"\u0000"})", 422, "invalidText"},
          {"POST", "*/collaborators", R"({"user":"ben","role":"king"})", 400, "protocolError"},
          {"POST", "*/collaborators", R"({"user":"ann","role":"editor"})", 409, "alreadyMember"},
          {"PUT", "*/collaborators/ben", R"({"user":"ben","role":"editor"})", 400, "protocolError"},
          {"PUT", "*/collaborators/%zz", R"({"role":"editor"})", 400, "idMalformed"},
          {"PUT", "*/collaborators/nobody", R"({"role":"editor"})", 422, "invalidRecipient"},
          {"POST", "*/ring/pass", R"({"to":"zoe","epoch":1})", 422, "invalidRecipient"},
          {"POST", "*/ring/request", "", 409, "alreadyHolder"},
          {"GET", "/api/drafts/not-an-id", "", 400, "idMalformed"},
          {"GET", "*/segments?limit=0", "", 400, "protocolError"},
          {"GET", "*/segments?limit=1001", "", 400, "protocolError"},
          {"GET", "*/segments?limit=1&limit=2", "", 400, "protocolError"},
          {"GET", "*/segments?after=-1", "", 400, "protocolError"},
          {"GET", "*/segments?after=4294967295", "", 400, "protocolError"},
          {"GET", "*/segments?offset=3", "", 400, "protocolError"},
          {"GET", "/api/drafts?after=7", "", 400, "protocolError"},
          {"GET", "/api/nothing", "", 404, "notFound"},
          {"POST", "/api/health/db", "", 404, "notFound"},
          {"PUT", "/api/drafts", "{}", 405, "protocolError"},
          {"OPTIONS", "/api/drafts", "", 405, "protocolError"},
      }));
  const std::string address = target.starts_with('*') ? draft + target.substr(1) : target;
  INFO(method << " " << target << " " << body.substr(0, 60));
  const auto answer = ann.ask(method, address, body);
  CHECK(answer.status == status);
  CHECK(answer.code() == code);
  CHECK(ann.get(draft).number("seq") == 1);
  CHECK(ann.get("/api/drafts").at("/drafts").as_array().size() == 1);
}

TEST_CASE("nobody reads or writes without a token", "[http][api]") {
  TestServer server;
  ApiClient nobody(server.port(), "");
  CHECK(nobody.get("/api/drafts").code() == "unauthenticated");
  CHECK(nobody.get("/api/drafts").header("WWW-Authenticate") == "Bearer");
  CHECK(nobody.post("/api/drafts", R"({"title":"x"})").status == 401);
  CHECK(nobody.get("/api/drafts", "Authorization: Basic YW5uOg==\r\n").status == 401);
  CHECK(nobody.get("/api/drafts", "Authorization: bearer ann\r\n").status == 200);
}

TEST_CASE("pages of other sites do not reach the API, nor other names of this machine in development", "[http][api]") {
  TestServer server;
  ApiClient ann(server.port(), "ann");
  CHECK(ann.get("/api/drafts", "Origin: https://evil.example\r\n").status == 403);
  RawSocket socket(server.port());
  const auto rebound =
      socket.ask("GET /api/drafts HTTP/1.1\r\nHost: evil.example\r\nAuthorization: Bearer ann\r\n\r\n");
  CHECK(rebound.status == 403);
}

TEST_CASE("a body that is too long, and one that never comes whole, cost nothing", "[http][api][bounds]") {
  ServerOptions options;
  options.bounds.bodyBytes = 1'000;
  options.timeouts.handshake = std::chrono::milliseconds(300);
  TestServer server(std::move(options));
  const std::string head = "POST /api/drafts HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ann\r\n";
  CHECK(RawSocket(server.port()).ask(head + "Content-Length: 1001\r\n\r\n").status == 413);
  const std::string chunk = "7D0\r\n" + std::string(2'000, 'x') + "\r\n0\r\n\r\n";
  CHECK(RawSocket(server.port()).ask(head + "Transfer-Encoding: chunked\r\n\r\n" + chunk).status == 413);
  RawSocket slow(server.port());
  slow.send(head + "Content-Length: 20\r\n\r\n{");
  CHECK(!slow.isOpenAfter(std::chrono::seconds(10)));
  RawSocket expecting(server.port());
  expecting.send(head + "Content-Length: 13\r\nExpect: 100-continue\r\n\r\n");
  CHECK(expecting.ask("{\"title\":\"x\"}").status == 100);
  CHECK(expecting.ask("").status == 201);
}

TEST_CASE("who asks too often is told when to come again, before any work is done", "[http][api][bounds]") {
  ServerOptions options;
  options.bounds.requestsPerSecondPerUser = 1;
  TestServer server(std::move(options));
  ApiClient ann(server.port(), "ann");
  ApiClient ben(server.port(), "ben");
  int refused = 0;
  for (int i = 0; i < 20; ++i) {
    const auto answer = ann.get("/api/drafts");
    if (answer.status == 429) {
      ++refused;
      CHECK(answer.code() == "rateLimited");
      CHECK(answer.header("Retry-After") == "1");
    }
  }
  CHECK(refused >= 3);
  CHECK(ben.get("/api/drafts").status == 200);
}

TEST_CASE("docs/openapi.json describes every address of the server, and no other", "[http][api]") {
  std::set<std::pair<std::string, std::string>> served{
      {"GET", "/healthz"}, {"GET", "/readyz"}, {"GET", "/metrics"}, {"GET", "/api/health/db"}};
  for (const server::Route& route : server::routes()) {
    served.emplace(route.method, route.pattern);
  }
  CHECK(OpenApi::ofOneRing().operations() == served);
}

}  // namespace onering::testing
