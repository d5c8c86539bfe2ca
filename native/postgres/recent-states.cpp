#include "recent-states.h"

namespace onering::postgres {

namespace {

// About what it takes in memory.
std::size_t weightOf(const DraftState& state) {
  constexpr std::size_t kPerDraft = 640;
  constexpr std::size_t kPerUser = 80;
  constexpr std::size_t kPerInvite = 256;
  return kPerDraft + state.title.size() + kPerUser * (state.members.size() + state.ring.requests.size()) +
         kPerInvite * state.invites.size();
}

}  // namespace

std::shared_ptr<const DraftState> RecentStates::find(const DraftId& draft) {
  const auto found = kept_.find(draft);
  if (found == kept_.end()) {
    return nullptr;
  }
  byUse_.splice(byUse_.end(), byUse_, found->second.use);
  return found->second.state;
}

void RecentStates::keep(std::shared_ptr<const DraftState> state) {
  const DraftId draft = state->id;
  if (const auto old = kept_.find(draft); old != kept_.end()) {
    drop(old);
  }
  const std::size_t bytes = weightOf(*state);
  bytes_ += bytes;
  kept_.emplace(draft, Kept{std::move(state), bytes, byUse_.insert(byUse_.end(), draft)});
  while (bytes_ > bytesMax_) {
    drop(kept_.find(byUse_.front()));
  }
}

void RecentStates::drop(std::map<DraftId, Kept>::iterator kept) {
  bytes_ -= kept->second.bytes;
  byUse_.erase(kept->second.use);
  kept_.erase(kept);
}

}  // namespace onering::postgres
