// What was read of drafts, kept for as long as it is what the store has.
//
//   ask() --- no page, or none for this user --->  DraftQuestion      the page is kept, and told
//     '------ a page -------------------------->  PositionsQuestion  the page is still of the draft's position: told
//                                                                     another position: read anew
//
// Nobody is told anything older than their request: a page is told only when the store, asked after the request came,
// has the draft at the page's position, and everything that is said of a draft follows from its log. So it does not
// matter who writes to it, here or at another server. All who wait meanwhile ask together, by one question that costs a
// row for each draft, however long the drafts are.
//
// Only when the store is away members are told what they could read before (SPEC §15).
//
// Bounded: what has not been asked for longest goes first, and what nobody asks for any more goes after a minute.
#pragma once

#include <chrono>
#include <list>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "onering/sync/store-work.h"

#include "../sync-service.h"

namespace onering::server {

// Which part of a draft a page says, as JSON.
enum class DraftPart : std::uint8_t { state, segments, passes };

struct DraftPage {
  DraftState state;
  std::string body;
};

class DraftPages {
 public:
  // Null: there is no such draft, or the user is no member of it (SPEC I10).
  using Answer = StoreResult<std::shared_ptr<const DraftPage>>;
  using Done = std::function<void(const Answer&)>;

  // `service` is there for longer.
  DraftPages(SyncService& service, std::size_t bytesMax);
  DraftPages(const DraftPages&) = delete;
  DraftPages& operator=(const DraftPages&) = delete;
  DraftPages(DraftPages&&) = delete;
  DraftPages& operator=(DraftPages&&) = delete;
  ~DraftPages() = default;

  // Calls `done` once, later.
  void ask(DraftPart part, DraftQuestion question, Done done);

  // Call about once a second.
  void tick();

 private:
  using SteadyClock = std::chrono::steady_clock;

  // With the user who asks in it, or, as a page's key, without.
  struct Key {
    DraftPart part = DraftPart::state;
    DraftQuestion question;
    friend auto operator<=>(const Key&, const Key&) = default;
  };
  struct Waiting {
    Key key;
    Done done;
  };
  using Group = std::vector<Waiting>;
  struct Kept {
    std::shared_ptr<const DraftPage> page;
    std::size_t bytes = 0;
    SteadyClock::time_point askedAt;
    std::list<Key>::iterator use;
  };

  void read(const Key& key, Group group);
  void readAnswered(const Key& key, const Group& group, DraftAnswer answer);
  void check();
  void checkAnswered(Group group, const std::vector<DraftId>& drafts, const StoreAnswer& answer);
  void failed(const Group& group, const StoreError& error);
  // What can be told to its user, a member, while the store is away, or null.
  [[nodiscard]] std::shared_ptr<const DraftPage> remembered(const Key& key);
  // The page that its user, a member, may be told, or null.
  [[nodiscard]] std::shared_ptr<const DraftPage> pageFor(const Key& key);
  void keep(const Key& key, const std::shared_ptr<const DraftPage>& page);
  void drop(std::map<Key, Kept>::iterator kept);

  SyncService& service_;
  Counter& fromMemory_;
  Counter& fromStore_;
  std::size_t bytesMax_;
  std::size_t bytes_ = 0;
  std::map<Key, Kept> pages_;
  std::list<Key> byUse_;  // the least recently used first
  // Being read, each with those who asked for the same while it was: the answer may be older than their request.
  std::map<Key, Group> reading_;
  Group waiting_;  // for the next check
  bool checking_ = false;
};

}  // namespace onering::server
