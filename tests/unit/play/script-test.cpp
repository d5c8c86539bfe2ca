#include "onering/play/script.h"

#include <set>

#include <catch2/catch_test_macros.hpp>

#include "onering/domain/canonical.h"
#include "onering/domain/rules.h"

namespace onering::testing {

namespace {

using play::opsOf;
using play::Turn;
using play::WrittenDraft;

constexpr Time kMonday = timeFromMs(1'714'000'000'000);
constexpr Time kTuesday = kMonday + std::chrono::days{1};

WrittenDraft tale() {
  return {.title = "A tale",
          .turns = {Turn{"ann", kMonday, {"Once", "upon"}}, Turn{"ben", kTuesday, {"a time"}},
                    Turn{"ann", kTuesday, {}}, Turn{"ann", kTuesday, {"there was"}}, Turn{"cat", kMonday, {"a ring"}}}};
}

// "ben passRing cat 2"
std::string told(const Op& op) {
  std::string line = op.actor + ' ' + std::string(opName(op.body));
  if (const auto* append = std::get_if<AppendSegment>(&op.body)) {
    line += ' ' + append->content.text + ' ' + std::to_string(append->epoch);
  } else if (const auto* pass = std::get_if<PassRing>(&op.body)) {
    line += ' ' + pass->to + ' ' + std::to_string(pass->epoch);
  } else if (const auto* add = std::get_if<AddCollaborator>(&op.body)) {
    line += ' ' + add->user;
  } else if (const auto* create = std::get_if<CreateDraft>(&op.body)) {
    line += ' ' + create->title;
  }
  return line;
}

std::vector<std::string> toldAll(const std::vector<Op>& ops) {
  std::vector<std::string> lines;
  for (const Op& op : ops) {
    lines.push_back(told(op));
  }
  return lines;
}

}  // namespace

TEST_CASE("a written draft becomes creation, collaborators, passes and segments") {
  CHECK(toldAll(opsOf(tale())) == std::vector<std::string>{
                                      "ann createDraft A tale",
                                      "ann addCollaborator ben",
                                      "ann addCollaborator cat",
                                      "ann appendSegment Once 1",
                                      "ann appendSegment upon 1",
                                      "ann passRing ben 1",
                                      "ben appendSegment a time 2",
                                      "ben passRing ann 2",
                                      "ann appendSegment there was 3",
                                      "ann passRing cat 3",
                                      "cat appendSegment a ring 4",
                                  });
}

TEST_CASE("a pass happens when the next turn begins, and time does not go back") {
  const auto ops = opsOf(tale());
  for (std::size_t i = 0; i < ops.size(); ++i) {
    INFO(told(ops[i]));
    CHECK(ops[i].authoredAt == (i < 5 ? kMonday : kTuesday));
  }
}

TEST_CASE("the same draft gives the same ops, every id its own and well formed") {
  const auto ops = opsOf(tale());
  CHECK(ops == opsOf(tale()));
  std::set<std::string> ids;
  for (const Op& op : ops) {
    INFO(told(op));
    CHECK(!validate(op, {}));
    CHECK(op.draft == ops.front().draft);
    CHECK(ids.insert(toText(op.id)).second);
    if (const auto* append = std::get_if<AppendSegment>(&op.body)) {
      CHECK(ids.insert(toText(append->segment)).second);
      CHECK(append->content == sealContent(append->content.text, append->content.salt));
    }
  }
}

TEST_CASE("a person has one device") {
  const auto ops = opsOf(tale());
  CHECK(ops[0].device == ops[8].device);
  CHECK(ops[0].device != ops[6].device);
  WrittenDraft other = tale();
  other.title = "Another tale";
  CHECK(opsOf(other)[0].device == ops[0].device);
}

TEST_CASE("drafts that differ in title, first author or beginning have no id in common") {
  const auto ops = opsOf(tale());
  WrittenDraft title = tale();
  title.title = "Another tale";
  WrittenDraft author = tale();
  author.turns.front().author = "zoe";
  WrittenDraft beginning = tale();
  beginning.turns.front().at -= Duration{1};
  for (const WrittenDraft& other : {title, author, beginning}) {
    const auto others = opsOf(other);
    CHECK(others.front().draft != ops.front().draft);
    CHECK(others.front().id != ops.front().id);
    CHECK(segmentOf(others.back()) != segmentOf(ops.back()));
  }
}

TEST_CASE("a draft that has grown keeps the ids of what there was") {
  WrittenDraft grown = tale();
  grown.turns.push_back(Turn{"dan", kTuesday, {"The end"}});
  const auto before = opsOf(tale());
  const auto after = opsOf(grown);
  std::set<OpId> ids;
  for (const Op& op : after) {
    ids.insert(op.id);
  }
  for (const Op& op : before) {
    CHECK(ids.contains(op.id));
  }
  CHECK(after.size() == before.size() + 3);
}

// What is stored somewhere already must be recognized by every later version. Computed from the parts' SHA-256 with
// Python's hashlib, each part preceded by its length as contentSha256 has it.
TEST_CASE("the ids are these") {
  const auto ops = opsOf(tale());
  CHECK(toText(ops[0].draft) == "018f125c-7400-7916-8577-088fa4591011");
  CHECK(toText(ops[0].device) == "00000000-0000-7379-b148-2349dbd39a54");
  CHECK(toText(ops[3].id) == "018f125c-7400-7f4d-ae03-10f622170277");
  CHECK(toText(*segmentOf(ops[3])) == "018f125c-7400-75c8-98e0-9a8d199d016f");
  CHECK(toHex(std::get<AppendSegment>(ops[3].body).content.salt) == "53fc26e8770b0306b85225040a8ed74a");
}

}  // namespace onering::testing
