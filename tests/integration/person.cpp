#include "person.h"

#include <stdexcept>
#include <utility>

#include "onering/store/memory/memory-store.h"

namespace onering::testing {

Person::Person(EventLoop& loop, const std::string& url, std::string name)
    : Person(loop, url, std::move(name), Habits{}) {}

Person::Person(EventLoop& loop, const std::string& url, std::string name, Habits habits)
    : loop_(loop), name_(std::move(name)) {
  ClientOptions options;
  options.url = url;
  options.user = name_;
  options.store = habits.store ? std::move(habits.store) : std::make_unique<MemoryStore>();
  options.token = fixedToken(habits.token.empty() ? name_ : habits.token);
  options.reconnectBase = std::chrono::milliseconds(50);
  options.reconnectMax = std::chrono::milliseconds(500);
  options.onNotice = [this](const Notice& notice) {
    notices_.push_back(notice);
    if (const auto* settled = std::get_if<OpSettled>(&notice)) {
      receipts_.emplace(settled->op, settled->receipt);
    }
  };
  if (habits.change) {
    habits.change(options);
  }
  auto opened = Client::open(loop, std::move(options));
  if (!opened) {
    throw std::runtime_error(opened.error().message);
  }
  client_ = std::move(*opened);
  client_->connect();
}

bool Person::sees(const std::function<bool()>& done, std::chrono::milliseconds time) {
  return loop_.runUntil(done, time);
}

bool Person::settles() {
  client_->flush();  // what was just done counts, too
  return sees([this] { return client_->status().link == Link::live && client_->status().pending == 0; });
}

DraftId Person::create(const std::string& title) {
  return act({}, CreateDraft{.title = title, .platform = {}, .holdLimit = {}}).draft;
}

Performed Person::append(const DraftId& draft, std::string text) {
  AppendSegment body;
  body.content.text = std::move(text);
  return act(draft, std::move(body));
}

Performed Person::act(const DraftId& draft, OpBody body) {
  auto performed = client_->perform(draft, std::move(body));
  if (!performed) {
    throw std::runtime_error(name_ + " may not: " + std::string(errorName(performed.error().code)));
  }
  return *performed;
}

bool Person::accepted(const OpId& op) const {
  const auto found = receipts_.find(op);
  return found != receipts_.end() && std::holds_alternative<Accepted>(found->second);
}

std::optional<ErrorCode> Person::rejectedWith(const OpId& op) const {
  const auto found = receipts_.find(op);
  const auto* why = found == receipts_.end() ? nullptr : std::get_if<Rejection>(&found->second);
  return why ? std::optional(why->code) : std::nullopt;
}

std::vector<std::string> Person::texts(const DraftId& draft) {
  std::vector<std::string> texts;
  std::vector<Segment> pending;
  client_->flush();  // the store is read below
  static_cast<void>(client_->use([&](Replica& replica, Time) {
    if (replica.draft(draft)) {
      pending = replica.pendingSegments(draft);
    }
  }));
  constexpr std::uint32_t kAll = 1U << 30U;
  for (std::uint32_t from = 0;;) {
    const auto segments = client_->store().readSegments(draft, from, kAll, std::size_t{1} << 30U);
    if (!segments || segments->empty()) {
      break;
    }
    for (const Segment& segment : *segments) {
      texts.push_back(segment.content.text);
    }
    from = segments->back().position + 1;
  }
  for (const Segment& segment : pending) {
    texts.push_back(segment.content.text);
  }
  return texts;
}

std::size_t Person::count(const DraftId& draft) {
  const DraftState* state = client_->draft(draft);
  return state ? state->segmentCount : 0;
}

LogPosition Person::confirmed(const DraftId& draft) {
  LogPosition position;
  static_cast<void>(client_->use([&](Replica& replica, Time) {
    if (const DraftState* state = replica.confirmed(draft)) {
      position = state->position;
    }
  }));
  return position;
}

}  // namespace onering::testing
