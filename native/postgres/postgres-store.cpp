#include "onering/postgres/postgres-store.h"

#include <utility>

#include "reading.h"
#include "runner.h"
#include "schema-check.h"
#include "settings.h"
#include "writing.h"

namespace onering {

using namespace postgres;

// Runs its loop only while somebody waits for an answer.
class PostgresStore::Impl {
 public:
  explicit Impl(PoolOptions options) : runner_(io_, std::move(options)) {}

  template <typename Decode>
  auto read(Request request, Decode decode) -> StoreResult<decltype(decode(std::declval<const Results&>()))> {
    std::optional<StoreResult<Results>> answer;
    runner_.read(std::move(request), [&](StoreResult<Results> results) { answer = std::move(results); });
    waitFor(answer);
    if (!*answer) {
      return std::unexpected(std::move(answer->error()));
    }
    try {
      return decode(**answer);
    } catch (const Damage& damage) {
      return std::unexpected(StoreError{StoreFault::damaged, damage.what()});
    }
  }

  // Of one call.
  template <typename Decode>
  auto readOne(Call call, Decode decode) {
    Request request;
    request.calls.push_back(std::move(call));
    return read(std::move(request), [&](const Results& results) { return decode(results.at(0)); });
  }

  StoreResult<void> write(Request request) {
    std::optional<StoreResult<void>> answer;
    runner_.write(std::move(request), [&](StoreResult<void> done) { answer = std::move(done); });
    waitFor(answer);
    return *std::move(answer);
  }

 private:
  template <typename Answer>
  void waitFor(const std::optional<Answer>& answer) {
    io_.restart();
    while (!answer) {
      io_.run_one();
    }
  }

  asio::io_context io_{1};
  Runner runner_;
};

PostgresStore::PostgresStore(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
PostgresStore::~PostgresStore() = default;

StoreResult<std::unique_ptr<PostgresStore>> PostgresStore::open(const PostgresOptions& options) {
  auto pool = poolOptionsFor(options);
  if (!pool) {
    return std::unexpected(StoreError{StoreFault::unavailable, std::move(pool.error().message)});
  }
  auto impl = std::make_unique<Impl>(*std::move(pool));
  const auto there = impl->readOne({.statement = &kTablesPresent, .parameters = {}},
                                   [](const Result& result) { return rowOf(result, 0).truth(0); });
  if (!there) {
    return std::unexpected(there.error());
  }
  return std::unique_ptr<PostgresStore>(new PostgresStore(std::move(impl)));
}

StoreResult<Found> PostgresStore::find(const Lookup& lookup) {
  return impl_->read(findRequest(lookup), [&](const Results& results) { return foundIn(results, lookup); });
}

StoreResult<void> PostgresStore::commit(const Batch& batch) {
  return batch.empty() ? StoreResult<void>() : impl_->write(commitRequest(batch));
}

StoreResult<std::vector<LogEntry>> PostgresStore::readLog(const DraftId& draft, Seq after, std::size_t bytesMax) {
  constexpr Seq kToTheEnd = ~Seq{0};
  return impl_->readOne(logCall(draft, after, kToTheEnd, bytesMax), logIn);
}

// Link 0 is known of every draft that there is.
StoreResult<std::optional<Digest>> PostgresStore::linkAt(const DraftId& draft, Seq seq) {
  return impl_->readOne(linkCall(draft, {seq == 0 ? 1 : seq}), [&](const Result& result) -> std::optional<Digest> {
    const auto links = linksIn(result);
    if (links.empty()) {
      return std::nullopt;
    }
    return seq == 0 ? Digest{} : links.front().link;
  });
}

StoreResult<std::vector<Segment>> PostgresStore::readSegments(const DraftId& draft, std::uint32_t from,
                                                              std::uint32_t end, std::size_t bytesMax) {
  return impl_->readOne(segmentsCall(draft, from, end, bytesMax),
                        [&](const Result& result) { return segmentsIn(result, bytesMax); });
}

StoreResult<std::vector<RingPass>> PostgresStore::readPasses(const DraftId& draft, std::uint32_t from,
                                                             std::uint32_t countMax) {
  return impl_->readOne(passesCall(draft, from, countMax), passesIn);
}

StoreResult<std::vector<UserId>> PostgresStore::readLeft(const DraftId& draft) {
  return impl_->readOne(leftCall({draft}), [&](const Result& result) {
    auto left = leftIn(result);
    return left.empty() ? std::vector<UserId>{} : std::move(left.begin()->second);
  });
}

StoreResult<std::vector<DraftHead>> PostgresStore::listDrafts(const UserId& user, std::optional<DraftListKey> after,
                                                              std::uint32_t countMax) {
  return impl_->readOne(listCall(user, after, countMax), listIn);
}

StoreResult<std::vector<MembershipChange>> PostgresStore::listChanges(const UserId& user, const ChangeCursor& after,
                                                                      std::uint32_t countMax) {
  return impl_->readOne(changesCall(user, after, countMax), changesIn);
}

StoreResult<std::vector<DraftId>> PostgresStore::allDrafts(std::optional<DraftId> after, std::uint32_t countMax) {
  return impl_->readOne(allDraftsCall(after, countMax), allDraftsIn);
}

StoreResult<void> PostgresStore::forgetRejected(Time before) {
  const auto done = impl_->read(forgetRejectedRequest(before), [](const Results& results) { return results.size(); });
  return done ? StoreResult<void>() : std::unexpected(done.error());
}

StoreResult<std::vector<std::string>> PostgresStore::integrity() {
  return impl_->read(schemaRequest(), schemaFindings);
}

StoreResult<std::vector<bool>> PostgresStore::appendEvents(const std::vector<Event>& events) {
  return impl_->read(appendEventsRequest(events),
                     [&](const Results& results) { return appendedIn(results.at(0), events); });
}

StoreResult<EventPage> PostgresStore::readEvents(const EventQuery& query) {
  return impl_->readOne(eventsCall(query), [&](const Result& result) { return eventsIn(result, query); });
}

StoreResult<std::optional<RequestRecord>> PostgresStore::claim(const RequestRecord& record, Time validFrom) {
  return impl_->read(claimRequest(record, validFrom), [&](const Results& results) {
    return countOf(results.at(0)) > 0 ? std::nullopt : requestIn(results.at(1), record.key);
  });
}

StoreResult<std::optional<RequestAnswer>> PostgresStore::complete(const RequestKey& key, const OpId& op,
                                                                  const RequestAnswer& answer) {
  return impl_->read(completeRequest(key, op, answer), [&](const Results& results) {
    const auto record = requestIn(results.at(1), key);
    return record && record->op == op ? record->answer : std::nullopt;
  });
}

StoreResult<std::uint64_t> PostgresStore::forgetRequests(Time before) {
  return impl_->read(forgetRequestsRequest(before),
                     [](const Results& results) { return rowOf(results.at(0), 0).numberAs<std::uint64_t>(0); });
}

}  // namespace onering
