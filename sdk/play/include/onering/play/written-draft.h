// A draft as it is written down in a file: who wrote what when. One line of JSON for one draft:
//
//   {"title": "A tale", "turns": [{"author": "ann", "at": "2024-05-01T12:00:00Z", "segments": ["Once", "upon"]}]}
//
// The first turn's author creates the draft. Each later turn by someone else is a pass of the ring to them.
#pragma once

#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "onering/domain/op.h"

namespace onering::play {

struct Turn {
  UserId author;
  Time at;
  std::vector<std::string> segments;
  friend bool operator==(const Turn&, const Turn&) = default;
};

struct WrittenDraft {
  std::string title;
  std::vector<Turn> turns;  // at least one
  friend bool operator==(const WrittenDraft&, const WrittenDraft&) = default;
};

// The draft that a line describes, or in a sentence what is wrong with the line. Strict: no field may be missing
// or unknown, and all text has to be UTF-8. Whether the rules allow such a draft is not asked.
[[nodiscard]] std::expected<WrittenDraft, std::string> readDraft(std::string_view line);

}  // namespace onering::play
