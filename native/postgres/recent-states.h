// Drafts' states as they were read last, so that a read can ask whether one is still the draft's in place of reading
// all of it again. Everything in a state follows from the log up to its position: where the database has the draft at
// that position, the state is what would be read.
#pragma once

#include <list>
#include <map>
#include <memory>

#include "onering/domain/draft.h"

namespace onering::postgres {

class RecentStates {
 public:
  // Keeps about so much; what has not been asked for longest goes first.
  explicit RecentStates(std::size_t bytesMax) : bytesMax_(bytesMax) {}

  // Null: none is kept.
  [[nodiscard]] std::shared_ptr<const DraftState> find(const DraftId& draft);

  // Takes the place of an earlier one.
  void keep(std::shared_ptr<const DraftState> state);

 private:
  struct Kept {
    std::shared_ptr<const DraftState> state;
    std::size_t bytes = 0;
    std::list<DraftId>::iterator use;
  };

  void drop(std::map<DraftId, Kept>::iterator kept);

  std::size_t bytesMax_;
  std::size_t bytes_ = 0;
  std::map<DraftId, Kept> kept_;
  std::list<DraftId> byUse_;  // the least recently used first
};

}  // namespace onering::postgres
