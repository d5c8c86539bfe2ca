// SPEC §4, the table against the rules.
#include "onering/domain/rules.h"

#include <fstream>
#include <map>
#include <regex>
#include <set>

#include <catch2/catch_test_macros.hpp>

#include "rule-table.h"

namespace onering::testing {

namespace {

// Operation to the codes with which it can be refused.
using Matrix = std::map<std::string, std::set<std::string>>;

Matrix matrixOfTable() {
  Matrix matrix;
  for (const Line& line : ruleTable()) {
    Board board = boardFor(line.given);
    auto& codes = matrix[std::string(opName(line.asked.doing(board)))];
    if (errorFromName(line.outcome)) {
      codes.insert(line.outcome);
    }
  }
  return matrix;
}

// The rows `| operation | code, code |` below the heading "Errors by operation".
Matrix matrixOfSpecification() {
  std::ifstream file(ONERING_ROOT "/docs/specification.md");
  REQUIRE(file);
  Matrix matrix;
  bool inside = false;
  const std::regex row("\\| `(\\w+)` \\| (.*) \\|");
  const std::regex code("\\w+");
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("#")) {
      inside = line.ends_with("Errors by operation");
    }
    std::smatch parts;
    if (!inside || !std::regex_match(line, parts, row)) {
      continue;
    }
    const std::string codes = parts[2];
    for (auto at = std::sregex_iterator(codes.begin(), codes.end(), code); at != std::sregex_iterator(); ++at) {
      matrix[parts[1]].insert(at->str());
    }
  }
  return matrix;
}

}  // namespace

TEST_CASE("every line of the rule table holds") {
  for (const Line& line : ruleTable()) {
    Board board = boardFor(line.given);
    board.wait(line.asked.after);
    const OpBody body = line.asked.doing(board);
    INFO(line.rule << " " << opName(body) << ": " << line.sentence);
    const auto outcome = board.play(line.asked.actor, body);
    CHECK(outcome.told == line.outcome);
    CHECK(outcome.accepted == !errorFromName(line.outcome).has_value());
    if (outcome.accepted) {
      CHECK_NOTHROW(checkInvariants(*board.draft()));
    }
  }
}

TEST_CASE("what the rule table gives is allowed") {
  for (const Line& line : ruleTable()) {
    const std::size_t before = line.given.withoutDraft ? 0 : 4;
    INFO(line.rule << ": " << line.sentence);
    CHECK(boardFor(line.given).log().size() == before + line.given.moves.size());
  }
}

TEST_CASE("a refusal says what to do about it") {
  for (const Line& line : ruleTable()) {
    Board board = boardFor(line.given);
    board.wait(line.asked.after);
    const Op op = board.opOf(line.asked.actor, line.asked.doing(board));
    if (const auto verdict = board.ask(op, Judge::authority); !verdict) {
      INFO(line.rule << ": " << line.sentence << ": " << verdict.error().message);
      CHECK(verdict.error().message.ends_with('.'));
      CHECK(verdict.error().message.size() > 20);
    }
  }
}

TEST_CASE("the rule table reaches every error that the specification gives an operation, and no other") {
  const Matrix reached = matrixOfTable();
  const Matrix specified = matrixOfSpecification();
  CHECK(reached.size() == std::variant_size_v<OpBody>);
  for (const Doing& doing : everyOperation()) {
    Board board = Board::withMembers();
    const std::string name(opName(doing(board)));
    INFO(name);
    REQUIRE(specified.contains(name));
    CHECK(reached.at(name) == specified.at(name));
  }
  CHECK(specified.size() == reached.size());
}

TEST_CASE("S2: a replica judges as the authority does, but for what only the authority can know") {
  for (const Line& line : ruleTable()) {
    Board board = boardFor(line.given);
    board.wait(line.asked.after);
    const Op op = board.opOf(line.asked.actor, line.asked.doing(board));
    const auto there = board.ask(op, Judge::authority);
    const auto here = board.ask(op, Judge::replica);
    INFO(line.rule << " " << opName(op.body) << ": " << line.sentence);
    if (std::holds_alternative<AcceptInvite>(op.body) && !validate(op, line.given.limits)) {
      const bool isMember = board.draft() && board.draft()->member(op.actor);
      REQUIRE(here.has_value() == !isMember);
      CHECK((here ? *here == Verdict::waitForAuthority : here.error().code == ErrorCode::alreadyMember));
      continue;
    }
    if (here && *here == Verdict::waitForAuthority) {
      CHECK(std::holds_alternative<ReclaimRing>(op.body));
      CHECK(op.actor != board.draft()->owner);
      continue;
    }
    CHECK(here == there);
  }
}

TEST_CASE("S2: an editor's reclaim waits for the authority, whatever the replica's clock says") {
  Board board = Board::withMembers();
  const Op op = board.opOf(kBen, ReclaimRing{.epoch = 1});
  CHECK(board.ask(op, Judge::replica) == Verdict::waitForAuthority);
  board.wait(kHoldLimit * 10);
  CHECK(board.ask(op, Judge::replica) == Verdict::waitForAuthority);
  CHECK(board.ask(op, Judge::authority) == Verdict::allowed);
}

TEST_CASE("every id that an op carries has to be well formed") {
  for (const Doing& doing : everyOperation()) {
    Board board = Board::withMembers();
    const Op op = board.opOf(kAnn, doing(board));
    const auto codeOf = [](const Op& wrong) { return validate(wrong, {})->code; };
    INFO(opName(op.body));
    REQUIRE(!validate(op, {}));
    Op wrong = op;
    wrong.id = {};
    CHECK(codeOf(wrong) == ErrorCode::idMalformed);
    wrong = op;
    wrong.draft = {};
    CHECK(codeOf(wrong) == ErrorCode::idMalformed);
    wrong = op;
    wrong.device = {};
    CHECK(codeOf(wrong) == ErrorCode::idMalformed);
    wrong = op;
    wrong.actor = std::string(129, 'x');
    CHECK(codeOf(wrong) == ErrorCode::idMalformed);
  }
}

TEST_CASE("an op was written between the years 0000 and 9999, or it is malformed") {
  Board board = Board::withMembers();
  Op op = board.opOf(kAnn, Lock{});
  for (const Time at : {kFirstTime, Time{}, kLastTime}) {
    op.authoredAt = at;
    CHECK(!validate(op, {}));
  }
  for (const Time at : {Time::min(), kFirstTime - Duration{1}, kLastTime + Duration{1}, Time::max()}) {
    op.authoredAt = at;
    REQUIRE(validate(op, {}));
    CHECK(validate(op, {})->code == ErrorCode::protocolError);
  }
}

TEST_CASE("H5: an entry under rules that this build does not know is not folded") {
  Board board = Board::withMembers();
  DraftState state = *board.draft();
  LogEntry entry = accept(&state, board.opOf(kAnn, Lock{}), "", board.now());
  entry.rulesVersion = kRulesVersion + 1;
  CHECK_THROWS_AS(apply(state, entry), std::invalid_argument);
  CHECK(state == *board.draft());
}

TEST_CASE("I4: an entry that does not follow the last one is not folded") {
  Board board = Board::withMembers();
  DraftState state = *board.draft();
  for (const Seq seq : {Seq{0}, Seq{4}, Seq{6}}) {
    LogEntry entry = accept(&state, board.opOf(kAnn, Lock{}), "", board.now());
    entry.seq = seq;
    INFO(seq);
    CHECK_THROWS_AS(apply(state, entry), std::invalid_argument);
  }
  CHECK(state == *board.draft());
}

}  // namespace onering::testing
