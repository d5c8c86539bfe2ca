// SPEC H4, §9: what a draft says can be looked for once nobody writes to it any more.
#include <algorithm>

#include <catch2/catch_test_macros.hpp>

#include "onering/domain/content-hash.h"

#include "../person.h"
#include "database.h"

namespace onering::testing {

namespace {

std::string hashOf(std::string_view title, const std::vector<std::string>& texts) {
  ContentHash hash;
  for (const std::string& text : texts) hash.add(text);
  return toHex(hash.of(title));
}

}  // namespace

TEST_CASE("SPEC H4 a draft that is completed has its contentSha256 in the same transaction, and is found by it",
          "[postgres][content]") {
  EventLoop loop;
  const std::string database = newDatabase();
  const std::string url = sharedCluster().url(database);
  const auto server = serveOver(url);
  Person ann(loop, server->url(), "ann");
  const std::string title = "Ein M\u00e4rchen";
  const std::vector<std::string> texts{"Es war\neinmal", "\U0001F9D9 ein Zauberer", std::string(300, 'z')};
  const DraftId draft = ann.create(title);
  const OpId redacted = ann.append(draft, texts[0]).op;
  ann.append(draft, texts[1]);
  ann.append(draft, texts[2]);
  const DraftId other = ann.create("Another");
  ann.append(other, texts[0]);
  REQUIRE(ann.settles());
  const auto stored = [&](const DraftId& id) {
    return sharedCluster().sql("SELECT encode(content_sha256, 'hex') FROM drafts WHERE draft_id = '" + toText(id) + "'",
                               database);
  };
  CHECK(stored(draft).empty());  // it would be another one after each op

  ann.act(draft, Complete{});
  REQUIRE(ann.settles());
  CHECK(stored(draft) == hashOf(title, texts));
  CHECK(stored(other).empty());
  const Ended found = runOneRing({"db", "find", "--store", url, "--json", "content", hashOf(title, texts)});
  CHECK(found.out.contains(toText(draft)));
  CHECK_FALSE(found.out.contains(toText(other)));

  // A redacted segment counts as an empty text.
  const auto log = logOf(*openStoreAt(url), draft);
  const auto added = std::ranges::find(log, redacted, [](const LogEntry& entry) { return entry.op.id; });
  REQUIRE(added != log.end());
  ann.act(draft, RedactSegment{.segment = std::get<AppendSegment>(added->op.body).segment});
  REQUIRE(ann.settles());
  CHECK(ann.texts(draft).at(0).empty());
  CHECK(stored(draft) == hashOf(title, {"", texts[1], texts[2]}));
  CHECK(runOneRing({"db", "verify", "--all", "--store", url}).exitCode == 0);
}

TEST_CASE("SPEC H4 a draft that is completed without a segment has the contentSha256 of nothing and its title",
          "[postgres][content]") {
  EventLoop loop;
  const std::string database = newDatabase();
  const std::string url = sharedCluster().url(database);
  const auto server = serveOver(url);
  Person ann(loop, server->url(), "ann");
  const DraftId empty = ann.create("Nothing in it");
  const DraftId other = ann.create("Something in it");
  ann.append(other, "a line");
  ann.act(empty, Complete{});
  ann.act(other, Complete{});
  REQUIRE(ann.settles());
  const auto stored = [&](const DraftId& id) {
    return sharedCluster().sql("SELECT encode(content_sha256, 'hex') FROM drafts WHERE draft_id = '" + toText(id) + "'",
                               database);
  };
  CHECK(stored(empty) == hashOf("Nothing in it", {}));
  CHECK(stored(other) == hashOf("Something in it", {"a line"}));
  const Ended found = runOneRing({"db", "find", "--store", url, "--json", "content", hashOf("Nothing in it", {})});
  CHECK(found.out.contains(toText(empty)));
}

}  // namespace onering::testing
