// One user's store on this device, open: the replica, where it is kept, who is told of it.
//
//   perform …, received …   any number of times
//   commit()                one transaction, one flush; then messages to send and changes to tell
//
// A fault (a commit that fails, an exception out of the core) throws the replica away and opens it anew from the
// store, which has what was durable (replica.h): `Fault` says so. What was performed since the last commit is gone
// then, and its callers must be told.
#pragma once

#include <deque>
#include <map>
#include <memory>

#include "onering/ports/entropy.h"
#include "onering/store/sqlite/sqlite-store.h"

#include "draft-feed.h"
#include "json-values.h"
#include "past.h"

namespace onering {

struct DeviceOptions {
  SqliteOptions store;
  UserId user;  // empty: as the store or the authority says
};

class Device {
 public:
  [[nodiscard]] static std::expected<std::unique_ptr<Device>, Failure> open(DeviceOptions options, Time now);

  [[nodiscard]] Replica& replica() { return *replica_; }
  [[nodiscard]] DeviceStore& store() { return *store_; }
  [[nodiscard]] Past& past() { return *past_; }

  // False after a fault from which the store could not be opened again: nothing but the destructor may be called.
  [[nodiscard]] bool isOpen() const { return replica_.has_value(); }

  // Takes the step and makes it durable; then messages wait in nextMessage(), and `json` gets the object that
  // module.ts calls Committed. A failure is told in it, too.
  void commit(JsonWriter& json, Time now);

  // Afterwards all that is stored is in the database file itself, none of it beside it.
  [[nodiscard]] StoreResult<void> checkpoint() { return store_->checkpoint(); }

  // The oldest message that has not been handed out, or nothing.
  [[nodiscard]] std::optional<std::string> nextMessage();

  // After an exception out of the core. Tells it the way commit() tells its failure.
  void recover(JsonWriter& json, const Failure& failure, Time now);

  // A feed told by every commit that has something for it; the first change is written here. Numbers are the
  // caller's.
  void subscribe(JsonWriter& json, std::uint32_t number, const DraftId& draft, std::uint32_t tail);
  void unsubscribe(std::uint32_t number) { feeds_.erase(number); }

  // As types.ts has it, KeptOp.
  void writeKept(JsonWriter& json, const KeptOp& kept);

  // What is known of an op (module.ts, OpOutcome), or null.
  void writeOutcome(JsonWriter& json, const OpKey& key);

  // The state of outbox, kept work and link (module.ts, Standing): members only.
  void writeStanding(JsonWriter& json) const;
  void writeRecord(JsonWriter& json) const;

 private:
  explicit Device(DeviceOptions options) : options_(std::move(options)) {}

  [[nodiscard]] std::optional<Failure> openReplica(Time now);
  void queue(JsonWriter& json, const std::vector<ReplicaMessage>& messages);
  void tell(JsonWriter& json, const Step& step);
  void tellKept(JsonWriter& json, const DeviceBatch& changes);
  void tellFeeds(JsonWriter& json, const Step& step);
  void writeFeed(JsonWriter& json, std::uint32_t number, DraftFeed& feed, const DraftNews& news);

  DeviceOptions options_;
  std::unique_ptr<SqliteStore> store_;
  std::optional<Replica> replica_;  // refers to store_
  std::optional<Past> past_;        // refers to both
  std::deque<std::string> outgoing_;
  std::map<std::uint32_t, DraftFeed> feeds_;
};

// crypto.getRandomValues()
[[nodiscard]] Entropy& hostEntropy();

}  // namespace onering
