// Whether a store holds what its logs say: every log is folded again, and everything else the store has of the draft
// is held against what comes of it.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "onering/ports/store.h"

namespace onering::cli {

struct Difference {
  std::optional<DraftId> draft;  // none: of the store as a whole, or of a user's lists
  std::string what;
};

struct VerifySums {
  std::uint64_t drafts = 0;
  std::uint64_t ops = 0;
  std::uint64_t segments = 0;
  std::uint64_t redacted = 0;  // of the segments
  std::uint64_t passes = 0;
  std::uint64_t users = 0;  // who are or were members
  std::uint64_t bytes = 0;  // of text
};

// A draft as a user's lists should have it.
struct Membership {
  MembershipChange change;
  bool listed = false;  // among the user's drafts: a member's, and not deleted
};

using Memberships = std::map<UserId, std::vector<Membership>>;

class Verifier {
 public:
  // `deep`: also judges every op again by the rules, looks it up by its id, and checks all invariants after each.
  // `sample`: so many drafts at most, spread over all, and no users' lists; 0: everything.
  // Nobody may write to the store meanwhile, or what has changed will be called a difference.
  Verifier(Store& store, bool deep, std::size_t sample = 0) : store_(store), deep_(deep), sample_(sample) {}

  // Compares everything. What cannot be read at all is an error, what can and is wrong a difference.
  [[nodiscard]] StoreResult<void> run();

  [[nodiscard]] const VerifySums& sums() const { return sums_; }
  [[nodiscard]] const std::vector<Difference>& differences() const { return differences_; }

 private:
  [[nodiscard]] StoreResult<void> verifyDraft(const DraftId& id);
  [[nodiscard]] StoreResult<void> verifyLists(const UserId& user, std::vector<Membership>& expected);
  [[nodiscard]] StoreResult<void> verifyIntegrity();

  Store& store_;
  bool deep_;
  std::size_t sample_;
  VerifySums sums_;
  std::vector<Difference> differences_;
  Memberships memberships_;
};

}  // namespace onering::cli
