#include "test-server.h"

#include <stdexcept>
#include <utility>

#include "onering/store/memory/memory-store.h"

namespace onering::testing {

namespace {

class StoreOnStrings final : public Store {
 public:
  StoreOnStrings(std::unique_ptr<Store> store, std::shared_ptr<StoreStrings> strings,
                 std::unique_ptr<IdempotencyStore> idempotency)
      : store_(std::move(store)), strings_(std::move(strings)), idempotency_(std::move(idempotency)) {}

  EventStore* events() override { return store_->events(); }
  IdempotencyStore* idempotency() override { return idempotency_ ? idempotency_.get() : store_->idempotency(); }
  StoreResult<Found> find(const Lookup& lookup) override { return store_->find(lookup); }
  StoreResult<void> commit(const Batch& batch) override {
    if (const auto fault = strings_->commitFault()) {
      return std::unexpected(StoreError{*fault, "as the test wants it"});
    }
    return store_->commit(batch);
  }
  StoreResult<std::vector<LogEntry>> readLog(const DraftId& draft, Seq after, std::size_t bytesMax) override {
    return store_->readLog(draft, after, bytesMax);
  }
  StoreResult<std::optional<Digest>> linkAt(const DraftId& draft, Seq seq) override {
    return store_->linkAt(draft, seq);
  }
  StoreResult<std::vector<Segment>> readSegments(const DraftId& draft, std::uint32_t from, std::uint32_t end,
                                                 std::size_t bytesMax) override {
    return store_->readSegments(draft, from, end, bytesMax);
  }
  StoreResult<std::vector<RingPass>> readPasses(const DraftId& draft, std::uint32_t from,
                                                std::uint32_t countMax) override {
    return store_->readPasses(draft, from, countMax);
  }
  StoreResult<std::vector<UserId>> readLeft(const DraftId& draft) override { return store_->readLeft(draft); }
  StoreResult<std::vector<DraftHead>> listDrafts(const UserId& user, std::optional<DraftListKey> after,
                                                 std::uint32_t countMax) override {
    return store_->listDrafts(user, after, countMax);
  }
  StoreResult<std::vector<MembershipChange>> listChanges(const UserId& user, const ChangeCursor& after,
                                                         std::uint32_t countMax) override {
    return store_->listChanges(user, after, countMax);
  }
  StoreResult<std::vector<DraftId>> allDrafts(std::optional<DraftId> after, std::uint32_t countMax) override {
    return store_->allDrafts(after, countMax);
  }
  StoreResult<void> forgetRejected(Time before) override { return store_->forgetRejected(before); }
  StoreResult<std::vector<std::string>> integrity() override { return store_->integrity(); }

 private:
  std::unique_ptr<Store> store_;
  std::shared_ptr<StoreStrings> strings_;
  std::unique_ptr<IdempotencyStore> idempotency_;  // null: the store's own
};

}  // namespace

void StoreStrings::beforeCommit(std::function<std::optional<StoreFault>()> hook) {
  const std::scoped_lock lock(mutex_);
  hook_ = std::move(hook);
}

std::optional<StoreFault> StoreStrings::commitFault() const {
  std::function<std::optional<StoreFault>()> hook;
  {
    const std::scoped_lock lock(mutex_);
    hook = hook_;
  }
  return hook ? hook() : std::nullopt;
}

std::unique_ptr<Store> onStrings(std::unique_ptr<Store> store, std::shared_ptr<StoreStrings> strings,
                                 std::unique_ptr<IdempotencyStore> idempotency) {
  return std::make_unique<StoreOnStrings>(std::move(store), std::move(strings), std::move(idempotency));
}

TestServer::TestServer(ServerOptions options, const Instead& idempotency) {
  if (options.listen == ServerOptions{}.listen) {
    options.listen = "127.0.0.1:0";
  }
  if (!options.store && !options.database) {
    options.store = std::make_unique<MemoryStore>();
  }
  if (options.store) {
    auto instead = idempotency ? idempotency(*options.store) : nullptr;
    options.store = onStrings(std::move(options.store), strings_, std::move(instead));
  }
  if (!options.authenticator) {
    options.authenticator = std::make_shared<DevAuthenticator>();
  }
  options.log = [lines = lines_](LogLevel, std::string_view text) {
    const std::scoped_lock lock(lines->mutex);
    lines->text.append(text).append("\n");
  };
  auto created = Server::create(std::move(options));
  if (!created) {
    throw std::runtime_error(created.error().message);
  }
  server_ = std::move(*created);
  server_->start();
}

std::string TestServer::log() const {
  const std::scoped_lock lock(lines_->mutex);
  return lines_->text;
}

}  // namespace onering::testing
