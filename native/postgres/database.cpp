#include <stdexcept>
#include <utility>

#include <boost/asio/post.hpp>

#include "onering/postgres/migrations.h"
#include "onering/postgres/postgres-database.h"

#include "horizon.h"
#include "reading.h"
#include "recent-states.h"
#include "runner.h"
#include "settings.h"
#include "writing.h"

namespace onering {

using namespace postgres;

namespace {

using SteadyClock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr milliseconds kNewsRetry{250};
constexpr milliseconds kHealthPatience{900};
constexpr std::size_t kRecentBytes = 16U << 20U;

PoolOptions checkedPool(const PostgresOptions& options) {
  auto pool = poolOptionsFor(options);
  if (!pool) {
    throw std::invalid_argument(pool.error().message);
  }
  return *std::move(pool);
}

StoreError damaged(const Damage& damage) {
  return {StoreFault::damaged, damage.what()};
}

// What `decode` makes of the results, or why there is none.
template <typename Decode>
auto decoded(StoreResult<Results> results, Decode decode) -> StoreResult<decltype(decode(*results))> {
  if (!results) {
    return std::unexpected(std::move(results.error()));
  }
  try {
    return decode(*results);
  } catch (const Damage& damage) {
    return std::unexpected(damaged(damage));
  }
}

Request of(Call call) {
  Request request;
  request.calls.push_back(std::move(call));
  return request;
}

Request newsRequest(const NewsQuestion& question, const ReadPolicy& policy) {
  Lookup lookup;
  for (const DraftPosition& told : question.told) {
    lookup.drafts.push_back(told.draft);
  }
  Request request = findRequest(lookup);
  const Call commit = std::move(request.calls.back());
  request.calls.pop_back();
  request.calls.push_back(leftCall(lookup.drafts));
  for (const DraftPosition& told : question.told) {
    if (told.position.seq > 0) {
      constexpr Seq kToTheEnd = ~Seq{0};
      request.calls.push_back(logCall(told.draft, told.position.seq, kToTheEnd, policy.newsBytes));
    }
  }
  request.calls.push_back(commit);
  return request;
}

std::vector<DraftNews> newsIn(const Results& results, const NewsQuestion& question) {
  Lookup lookup;
  for (const DraftPosition& told : question.told) {
    lookup.drafts.push_back(told.draft);
  }
  Found found = foundIn(results, lookup);
  const auto left = leftIn(results.at(kBehindState));
  std::size_t next = kBehindState + 1;
  std::vector<DraftNews> news;
  for (std::size_t i = 0; i < question.told.size(); ++i) {
    const bool hasEntries = question.told[i].position.seq > 0;
    std::vector<LogEntry> entries = hasEntries ? logIn(results.at(next++)) : std::vector<LogEntry>{};
    if (found.drafts[i]) {
      const auto gone = left.find(question.told[i].draft);
      news.push_back({.state = *std::move(found.drafts[i]),
                      .entries = std::move(entries),
                      .left = gone == left.end() ? std::vector<UserId>{} : gone->second});
    }
  }
  return news;
}

// The draft's state, and in the same moment what `more` reads: its results begin at kBehindState. Whose it is comes
// with the state: `more` names who asks, and reads nothing for others (SPEC I10).
Request draftRequest(const DraftId& draft, std::vector<Call> more) {
  Request request = findRequest({.drafts = {draft}, .ops = {}, .segments = {}});
  request.calls.insert(request.calls.end() - 1, std::make_move_iterator(more.begin()),
                       std::make_move_iterator(more.end()));
  return request;
}

// The draft as its member sees it; nothing for anyone else (SPEC I10).
std::optional<DraftState> stateIn(const Results& results, const DraftId& draft, const UserId& member) {
  auto state = std::move(foundIn(results, {.drafts = {draft}, .ops = {}, .segments = {}}).drafts.at(0));
  if (state && !state->roleOf(member)) {
    state.reset();
  }
  return state;
}

std::vector<Call> callsFor(const DraftQuestion& question) {
  std::vector<Call> calls;
  if (question.segmentsFrom < question.segmentsEnd) {
    calls.push_back(segmentsCall(question.draft, question.segmentsFrom, question.segmentsEnd, question.segmentBytesMax,
                                 question.user));
  }
  if (question.passCount > 0) {
    calls.push_back(passesCall(question.draft, question.passesFrom, question.passCount, question.user));
  }
  return calls;
}

std::optional<DraftView> viewIn(const Results& results, const DraftQuestion& question) {
  auto state = stateIn(results, question.draft, question.user);
  if (!state) {
    return std::nullopt;
  }
  DraftView view{.state = *std::move(state), .segments = {}, .passes = {}};
  std::size_t next = kBehindState;
  if (question.segmentsFrom < question.segmentsEnd) {
    view.segments = segmentsIn(results.at(next++), question.segmentBytesMax);
  }
  if (question.passCount > 0) {
    view.passes = passesIn(results.at(next));
  }
  return view;
}

std::optional<EventPage> eventsFor(const Results& results, const EventsQuestion& question) {
  const auto& draft = question.query.draft;
  if (draft && !stateIn(results, *draft, question.member)) {
    return std::nullopt;
  }
  return eventsIn(results.at(draft ? kBehindState : 0), question.query);
}

}  // namespace

class PostgresDatabase::Impl {
 public:
  Impl(asio::io_context& io, const PostgresOptions& options, const ReadPolicy& policy)
      : runner_(io, checkedPool(options)),
        policy_(policy),
        io_(io),
        newsTimer_(io),
        self_(std::make_shared<Impl*>(this)) {}

  void ask(const Lookup& lookup, Answered answered) {
    if (lookup.drafts.empty() && lookup.ops.empty() && lookup.segments.empty()) {
      asio::post(io_, [answered = std::move(answered)] { answered(StoreResult<Found>(Found{})); });
      return;
    }
    runner_.read(findRequest(lookup), [lookup, answered = std::move(answered)](StoreResult<Results> results) {
      answered(decoded(std::move(results), [&](const Results& rows) { return foundIn(rows, lookup); }));
    });
  }

  void ask(const CommitQuestion& question, Answered answered) {
    runner_.write(commitRequest(*question.batch),
                  [answered = std::move(answered)](StoreResult<void> done) { answered(std::move(done)); });
  }

  void ask(CatchUpQuestion question, Answered answered) {
    if (auto known = recent_.find(question.fetch.draft)) {
      catchUpFrom(std::move(known), std::move(question), std::move(answered));
    } else {
      catchUpAnew(std::move(question), std::move(answered));
    }
  }

  void ask(const ChangesQuestion& question, Answered answered) {
    runner_.read(of(changesCall(question.user, question.from, policy_.changesPerAnswer)),
                 [this, question, answered = std::move(answered)](StoreResult<Results> results) {
                   answered(decoded(std::move(results), [&](const Results& rows) {
                     return answerFrom(question, changesIn(rows.at(0)), policy_);
                   }));
                 });
  }

  void ask(const NewsQuestion& question, Answered answered) {
    runner_.read(newsRequest(question, policy_),
                 [question, answered = std::move(answered)](StoreResult<Results> results) {
                   answered(decoded(std::move(results), [&](const Results& rows) { return newsIn(rows, question); }));
                 });
  }

  // --- for programs without a replica ---

  void ask(const DraftQuestion& question, Answered answered) {
    runner_.read(draftRequest(question.draft, callsFor(question)),
                 [question, answered = std::move(answered)](StoreResult<Results> results) {
                   answered(decoded(std::move(results), [&](const Results& rows) { return viewIn(rows, question); }));
                 });
  }

  void ask(const PositionsQuestion& question, Answered answered) {
    runner_.read(of(positionsCall(question.drafts)), [count = question.drafts.size(),
                                                      answered = std::move(answered)](StoreResult<Results> results) {
      answered(decoded(std::move(results), [&](const Results& rows) { return positionsIn(rows.at(0), count); }));
    });
  }

  void ask(const ListQuestion& question, Answered answered) {
    runner_.read(of(listCall(question.user, question.after, question.countMax + 1, question.bytesMax)),
                 [countMax = question.countMax, answered = std::move(answered)](StoreResult<Results> results) {
                   answered(decoded(std::move(results), [&](const Results& rows) {
                     DraftList page{.drafts = listIn(rows.at(0)), .more = false};
                     page.drafts.resize(std::min<std::size_t>(page.drafts.size(), countMax));
                     page.more = page.drafts.size() < listedIn(rows.at(0));
                     return page;
                   }));
                 });
  }

  void ask(const EventsQuestion& question, Answered answered) {
    Call events = eventsCall(question.query, question.member);
    Request request =
        question.query.draft ? draftRequest(*question.query.draft, {std::move(events)}) : of(std::move(events));
    runner_.read(std::move(request), [question, answered = std::move(answered)](StoreResult<Results> results) {
      answered(decoded(std::move(results), [&](const Results& rows) { return eventsFor(rows, question); }));
    });
  }

  void ask(const ViewQuestion& question, Answered answered) {
    runner_.read(draftRequest(question.draft, {}),
                 [this, question, answered = std::move(answered)](StoreResult<Results> results) {
                   const auto state = decoded(std::move(results), [&](const Results& rows) {
                     return stateIn(rows, question.draft, question.member);
                   });
                   if (!state) {
                     answered(ViewAnswer(std::unexpected(state.error())));
                   } else if (!*state || (*state)->deletedAt) {
                     answered(ViewAnswer(std::nullopt));
                   } else {
                     record(viewEvent(question.draft, question.member, question.at), answered);
                   }
                 });
  }

  void ask(const ClaimQuestion& question, Answered answered) {
    runner_.read(claimRequest(question.record, question.validFrom),
                 [key = question.record.key, answered = std::move(answered)](StoreResult<Results> results) {
                   answered(decoded(std::move(results), [&](const Results& rows) {
                     return countOf(rows.at(0)) > 0 ? std::nullopt : requestIn(rows.at(1), key);
                   }));
                 });
  }

  void ask(const CompleteQuestion& question, Answered answered) {
    runner_.read(completeRequest(question.key, question.op, question.answer),
                 [key = question.key, op = question.op, answered = std::move(answered)](StoreResult<Results> results) {
                   answered(decoded(std::move(results), [&](const Results& rows) {
                     const auto record = requestIn(rows.at(1), key);
                     return record && record->op == op ? record->answer : std::nullopt;
                   }));
                 });
  }

  void ask(const ForgetRequestsQuestion& question, Answered answered) {
    runner_.write(jobRequest(kExpireKeys, forgetRequestsRequest(question.before)),
                  [answered = std::move(answered)](const StoreResult<void>& done) {
                    // Not due: another server has done it, or is at it.
                    const bool isOver = done || done.error().fault == StoreFault::conflict;
                    answered(isOver ? StoreResult<void>() : done);
                  });
  }

  void forgetRejected(Time before) {
    runner_.write(jobRequest(kForgetRejections, forgetRejectedRequest(before)), [](const StoreResult<void>&) {});
  }

  // --- news ---

  void watchNews(milliseconds pause, std::function<void()> watching,
                 std::function<void(const std::vector<DraftPosition>&)> moved) {
    pause_ = pause;
    watching_ = std::move(watching);
    moved_ = std::move(moved);
    pollNews();
  }

  [[nodiscard]] const Pool& pool() const { return runner_.pool(); }

  void checkHealth(std::function<void(Health)> checked) {
    struct Check {
      explicit Check(asio::io_context& io) : timer(io, kHealthPatience) {}
      asio::steady_timer timer;
      std::function<void(Health)> checked;
      SteadyClock::time_point since = SteadyClock::now();
      void answer(Health health) {
        if (const auto tell = std::exchange(checked, nullptr)) {
          timer.cancel();
          tell(health);
        }
      }
    };
    const auto check = std::make_shared<Check>(io_);
    check->checked = std::move(checked);
    check->timer.async_wait([check](boost::system::error_code) { check->answer({}); });
    runner_.read(of({.statement = &kTablesPresent, .parameters = {}}), [check](StoreResult<Results> results) {
      Health health;
      if (results && countOf(results->at(0)) == 1) {
        health.connected = true;
        health.latency = std::chrono::duration_cast<std::chrono::microseconds>(SteadyClock::now() - check->since);
        health.tablesPresent = rowOf(results->at(0), 0).truth(0);
      }
      check->answer(health);
    });
  }

 private:
  void record(const Event& event, const Answered& answered) {
    runner_.read(appendEventsRequest({event}), [event, answered](StoreResult<Results> results) {
      answered(decoded(std::move(results), [&](const Results& rows) {
        return std::optional<bool>(appendedIn(rows.at(0), {event}).at(0));
      }));
    });
  }

  // Asks whether the state is still the draft's, and along with it for the log that the answer is made of where it is
  // not far behind. The links come first: what they know of is then within the position.
  void catchUpFrom(std::shared_ptr<const DraftState> known, CatchUpQuestion question, Answered answered) {
    const Fetch& fetch = question.fetch;
    const Seq head = known->position.seq;
    const bool withLog = fetch.have.seq < head && head - fetch.have.seq <= policy_.snapshotAfter;
    Request request = of(linkCall(fetch.draft, catchUpSeqs(fetch)));
    request.calls.push_back(positionsCall({fetch.draft}));
    if (withLog) {
      request.calls.push_back(logCall(fetch.draft, fetch.have.seq, head, policy_.answerBytes));
    }
    runner_.read(std::move(request), [this, known = std::move(known), question = std::move(question),
                                      answered = std::move(answered)](StoreResult<Results> results) mutable {
      auto plan = decoded(std::move(results), [&](const Results& rows) -> std::optional<CatchUpPlan> {
        if (positionsIn(rows.at(1), 1).front() != known->position) {
          return std::nullopt;
        }
        CatchUpPlan found = planCatchUp(question, {*known, linksIn(rows.at(0))}, policy_);
        if (const auto* log = std::get_if<LogRead>(&found)) {
          return answerFrom(*log, logIn(rows.at(2)), policy_);
        }
        return found;
      });
      if (!plan) {
        carryOut(std::unexpected(std::move(plan.error())), answered);
      } else if (*plan) {
        carryOut(**std::move(plan), answered);
      } else {
        catchUpAnew(std::move(question), std::move(answered));
      }
    });
  }

  void catchUpAnew(CatchUpQuestion question, Answered answered) {
    Request basis = basisRequest(question.fetch.draft, catchUpSeqs(question.fetch));
    runner_.read(std::move(basis), [this, question = std::move(question),
                                    answered = std::move(answered)](StoreResult<Results> results) {
      carryOut(decoded(std::move(results),
                       [&](const Results& rows) {
                         Basis found = basisIn(rows);
                         if (found.state) {
                           recent_.keep(std::make_shared<const DraftState>(*found.state));
                         }
                         return planCatchUp(question, {std::move(found.state), std::move(found.links)}, policy_);
                       }),
               answered);
    });
  }

  void carryOut(StoreResult<CatchUpPlan> plan, const Answered& answered) {
    if (plan) {
      std::visit([&](auto& next) { goOn(std::move(next), answered); }, *plan);
    } else {
      answered(StoreResult<std::vector<AuthorityMessage>>(std::unexpected(std::move(plan.error()))));
    }
  }

  void goOn(std::vector<AuthorityMessage> messages, const Answered& answered) {
    answered(StoreResult<std::vector<AuthorityMessage>>(std::move(messages)));
  }

  void goOn(LogRead read, const Answered& answered) {
    Call call = logCall(read.state.id, read.after.seq, read.state.position.seq, read.bytesMax);
    runner_.read(of(std::move(call)), [this, read = std::move(read), answered](StoreResult<Results> results) {
      answered(decoded(std::move(results),
                       [&](const Results& rows) { return answerFrom(read, logIn(rows.at(0)), policy_); }));
    });
  }

  void goOn(SnapshotRead read, const Answered& answered) {
    Request request = of(passesCall(read.draft, read.progress.passes, read.passesMax));
    if (read.withSegments) {
      request.calls.push_back(
          segmentsCall(read.draft, read.progress.segments, read.progress.segmentsEnd, read.bytesMax));
    }
    runner_.read(std::move(request), [this, read = std::move(read), answered](StoreResult<Results> results) {
      answered(decoded(std::move(results), [&](const Results& rows) {
        return answerFrom(read, passesIn(rows.at(0)),
                          read.withSegments ? segmentsIn(rows.at(1), read.bytesMax) : std::vector<Segment>{}, policy_);
      }));
    });
  }

  void pollNews() {
    // Whenever there is a new connection: a database that was away may count its transactions anew.
    if (const std::uint64_t opened = runner_.pool().counts().opened;
        std::exchange(connectionsSeen_, opened) != opened) {
      horizon_.lookBack();
    }
    runner_.read(of(horizon_.call()), [self = std::weak_ptr(self_)](StoreResult<Results> results) {
      if (const auto impl = self.lock()) {
        (*impl)->tellNews(
            decoded(std::move(results), [&](const Results& rows) { return (*impl)->horizon_.take(rows.at(0)); }));
      }
    });
  }

  void tellNews(StoreResult<Horizon::News> news) {
    newsTimer_.expires_after(!news ? kNewsRetry : news->more ? milliseconds(0) : pause_);
    newsTimer_.async_wait([self = std::weak_ptr(self_)](boost::system::error_code cancelled) {
      const auto impl = self.lock();
      if (impl && !cancelled) {
        (*impl)->pollNews();
      }
    });
    if (news && watching_) {
      std::exchange(watching_, nullptr)();
    }
    if (news && !news->moved.empty()) {
      moved_(news->moved);
    }
  }

  Runner runner_;
  RecentStates recent_{kRecentBytes};
  ReadPolicy policy_;
  asio::io_context& io_;
  asio::steady_timer newsTimer_;
  milliseconds pause_{0};
  std::function<void()> watching_;
  std::function<void(const std::vector<DraftPosition>&)> moved_;
  Horizon horizon_;
  std::uint64_t connectionsSeen_ = 0;
  std::shared_ptr<Impl*> self_;
};

PostgresDatabase::PostgresDatabase(asio::io_context& io, const PostgresOptions& options, const ReadPolicy& policy)
    : impl_(std::make_unique<Impl>(io, options, policy)) {}

PostgresDatabase::~PostgresDatabase() = default;

void PostgresDatabase::ask(StoreQuestion question, Answered answered) {
  std::visit([&](auto& typed) { impl_->ask(std::move(typed), std::move(answered)); }, question);
}

void PostgresDatabase::forgetRejected(Time before) {
  impl_->forgetRejected(before);
}

void PostgresDatabase::watchNews(milliseconds pause, std::function<void()> watching,
                                 std::function<void(const std::vector<DraftPosition>&)> moved) {
  impl_->watchNews(pause, std::move(watching), std::move(moved));
}

PostgresPoolStatus PostgresDatabase::poolStatus() const {
  const PoolCounts counts = impl_->pool().counts();
  return {.size = counts.size,
          .idle = counts.idle,
          .leased = counts.leased,
          .opening = counts.opening,
          .waiting = counts.waiting,
          .opened = counts.opened,
          .failedToOpen = counts.failedToOpen,
          .timedOut = counts.timedOut,
          .breakerOpen = counts.open,
          .retryAfter = impl_->pool().retryAfter()};
}

void PostgresDatabase::checkHealth(std::function<void(Health)> checked) {
  impl_->checkHealth(std::move(checked));
}

}  // namespace onering
