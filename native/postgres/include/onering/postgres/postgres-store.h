// The same for callers that may wait: the command line, tests.
#pragma once

#include <memory>

#include "onering/ports/store.h"
#include "onering/postgres/options.h"

namespace onering {

class PostgresStore final : public Store {
 public:
  // Connects to a database whose schema is up to date (prepareDatabase()), or fails: `unavailable`.
  [[nodiscard]] static StoreResult<std::unique_ptr<PostgresStore>> open(const PostgresOptions& options);

  ~PostgresStore() override;
  PostgresStore(const PostgresStore&) = delete;
  PostgresStore& operator=(const PostgresStore&) = delete;

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

  // Tables, columns, constraints and indexes against what the migrations made; what indexes do not cover.
  [[nodiscard]] StoreResult<std::vector<std::string>> integrity() override;

 private:
  class Impl;
  explicit PostgresStore(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace onering
