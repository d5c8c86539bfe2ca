// The rules of docs/specification.md §4 as a table: what is given, who does what, what comes of it.
#pragma once

#include "board.h"

namespace onering::testing {

// Something to do on a board, made when its turn comes: an epoch or a segment's id depends on what went before.
using Doing = std::function<OpBody(Board&)>;

struct Move {
  std::string_view actor;
  Doing doing;
  Duration after{};  // how long the board waits before
};

struct Given {
  std::vector<Move> moves;
  Limits limits{};
  Duration holdLimit = kHoldLimit;
  bool withoutDraft = false;
};

// `outcome`: the code of the refusal, or what the op did, as Board::Outcome tells it.
struct Line {
  std::string_view rule;
  std::string_view sentence;
  Given given;
  Move asked;
  std::string outcome;
};

[[nodiscard]] std::vector<Line> ruleTable();

// One of each operation, each well formed, each allowed to Ann on some board.
[[nodiscard]] std::vector<Doing> everyOperation();

// The board after what is given.
[[nodiscard]] Board boardFor(const Given& given);

}  // namespace onering::testing
