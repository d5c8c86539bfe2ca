// The same for callers that may wait: the command line, tests.
#pragma once

#include <memory>

#include "onering/ports/event-store.h"
#include "onering/ports/idempotency-store.h"
#include "onering/postgres/options.h"

namespace onering {

class PostgresStore final : public Store, public EventStore, public IdempotencyStore {
 public:
  // Connects to a database whose schema is up to date (prepareDatabase()), or fails: `unavailable`.
  [[nodiscard]] static StoreResult<std::unique_ptr<PostgresStore>> open(const PostgresOptions& options);

  ~PostgresStore() override;
  PostgresStore(const PostgresStore&) = delete;
  PostgresStore& operator=(const PostgresStore&) = delete;

  [[nodiscard]] EventStore* events() override { return this; }
  [[nodiscard]] IdempotencyStore* idempotency() override { return this; }

  [[nodiscard]] StoreResult<Found> find(const Lookup& lookup) override;
  [[nodiscard]] StoreResult<void> commit(const Batch& batch) override;
  [[nodiscard]] StoreResult<std::vector<LogEntry>> readLog(const DraftId& draft, Seq after,
                                                           std::size_t bytesMax) override;
  [[nodiscard]] StoreResult<std::optional<Digest>> linkAt(const DraftId& draft, Seq seq) override;
  [[nodiscard]] StoreResult<std::vector<Segment>> readSegments(const DraftId& draft, std::uint32_t from,
                                                               std::uint32_t end, std::size_t bytesMax) override;
  [[nodiscard]] StoreResult<std::vector<RingPass>> readPasses(const DraftId& draft, std::uint32_t from,
                                                              std::uint32_t countMax) override;
  [[nodiscard]] StoreResult<std::vector<UserId>> readLeft(const DraftId& draft) override;
  [[nodiscard]] StoreResult<std::vector<DraftHead>> listDrafts(const UserId& user, std::optional<DraftListKey> after,
                                                               std::uint32_t countMax) override;
  [[nodiscard]] StoreResult<std::vector<MembershipChange>> listChanges(const UserId& user, const ChangeCursor& after,
                                                                       std::uint32_t countMax) override;
  [[nodiscard]] StoreResult<std::vector<DraftId>> allDrafts(std::optional<DraftId> after,
                                                            std::uint32_t countMax) override;
  [[nodiscard]] StoreResult<void> forgetRejected(Time before) override;

  // Tables, columns, constraints and indexes against what the migrations make.
  [[nodiscard]] StoreResult<std::vector<std::string>> integrity() override;

  [[nodiscard]] StoreResult<std::vector<bool>> appendEvents(const std::vector<Event>& events) override;
  [[nodiscard]] StoreResult<EventPage> readEvents(const EventQuery& query) override;

  [[nodiscard]] StoreResult<std::optional<RequestRecord>> claim(const RequestRecord& record, Time validFrom) override;
  [[nodiscard]] StoreResult<std::optional<RequestAnswer>> complete(const RequestKey& key, const OpId& op,
                                                                   const RequestAnswer& answer) override;
  [[nodiscard]] StoreResult<std::uint64_t> forgetRequests(Time before) override;

 private:
  class Impl;
  explicit PostgresStore(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace onering
