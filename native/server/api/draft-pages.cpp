#include "draft-pages.h"

#include <algorithm>
#include <utility>

#include "json-out.h"

namespace onering::server {

namespace {

std::string bodyOf(DraftPart part, const DraftView& view) {
  if (part == DraftPart::state) {
    JsonOut out;
    out.add(view.state);
    return std::move(out).take();
  }
  if (part == DraftPart::segments) {
    const auto& segments = view.segments;
    const bool more = !segments.empty() && segments.back().position + 1 < view.state.segmentCount;
    return jsonObject([&](auto&& field) {
      field("segments", segments);
      field("next", more ? std::optional(std::to_string(segments.back().position)) : std::nullopt);
    });
  }
  const auto& passes = view.passes;
  const bool more = !passes.empty() && passes.back().epoch < view.state.ring.epoch;
  return jsonObject([&](auto&& field) {
    field("passes", passes);
    field("next", more ? std::optional(std::to_string(passes.back().epoch)) : std::nullopt);
  });
}

// About what it takes in memory.
std::size_t weightOf(const DraftPage& page) {
  constexpr std::size_t kPerPage = 1'024;
  constexpr std::size_t kPerUser = 80;
  constexpr std::size_t kPerInvite = 256;
  return kPerPage + page.body.size() + page.state.title.size() +
         kPerUser * (page.state.members.size() + page.state.ring.requests.size()) +
         kPerInvite * page.state.invites.size();
}

}  // namespace

DraftPages::DraftPages(SyncService& service, std::size_t bytesMax)
    : service_(service),
      fromMemory_(service.metrics().counter("onering_draft_reads_total",
                                            "Reads of drafts over HTTP, by what told them.", {{"from", "memory"}})),
      fromStore_(service.metrics().counter("onering_draft_reads_total", "Reads of drafts over HTTP, by what told them.",
                                           {{"from", "store"}})),
      bytesMax_(bytesMax) {}

void DraftPages::ask(DraftPart part, DraftQuestion question, Done done) {
  Waiting asked{{part, std::move(question)}, std::move(done)};
  if (const auto reading = reading_.find(asked.key); reading != reading_.end()) {
    reading->second.push_back(std::move(asked));
  } else if (pageFor(asked.key)) {
    waiting_.push_back(std::move(asked));
    check();
  } else {
    const Key key = asked.key;
    read(key, {std::move(asked)});
  }
}

// --- reading ------------------------------------------------------------------------------------------------

void DraftPages::read(const Key& key, Group group) {
  if (const auto reading = reading_.find(key); reading != reading_.end()) {
    std::ranges::move(group, std::back_inserter(reading->second));
    return;
  }
  reading_.emplace(key, Group{});
  service_.ask(key.question, [this, key, group = std::move(group)](StoreAnswer answer) {
    readAnswered(key, group, std::move(std::get<DraftAnswer>(answer)));
  });
}

void DraftPages::readAnswered(const Key& key, const Group& group, DraftAnswer answer) {
  Group behind = std::move(reading_.extract(key).mapped());
  if (answer) {
    std::shared_ptr<const DraftPage> page;
    if (*answer) {
      std::string body = bodyOf(key.part, **answer);
      page = std::make_shared<DraftPage>(std::move((*answer)->state), std::move(body));
      keep(key, page);
    }
    fromStore_.add(group.size());
    for (const Waiting& one : group) {
      one.done(page);
    }
  } else {
    failed(group, answer.error());
  }
  if (behind.empty()) {
    return;
  }
  if (pageFor(key)) {
    std::ranges::move(behind, std::back_inserter(waiting_));
    check();
  } else {
    read(key, std::move(behind));
  }
}

// --- checking -----------------------------------------------------------------------------------------------

void DraftPages::check() {
  if (checking_ || waiting_.empty()) {
    return;
  }
  checking_ = true;
  PositionsQuestion question;
  for (const Waiting& one : waiting_) {
    question.drafts.push_back(one.key.question.draft);
  }
  std::ranges::sort(question.drafts);
  const auto doubles = std::ranges::unique(question.drafts);
  question.drafts.erase(doubles.begin(), doubles.end());
  service_.ask(question,
               [this, drafts = question.drafts, group = std::exchange(waiting_, {})](const StoreAnswer& answer) {
                 checking_ = false;
                 checkAnswered(group, drafts, answer);
                 check();
               });
}

void DraftPages::checkAnswered(Group group, const std::vector<DraftId>& drafts, const StoreAnswer& answer) {
  const auto& positions = std::get<PositionsAnswer>(answer);
  if (!positions) {
    failed(group, positions.error());
    return;
  }
  std::map<Key, Group> moved;
  for (Waiting& one : group) {
    const auto draft = std::ranges::lower_bound(drafts, one.key.question.draft) - drafts.begin();
    const auto page = pageFor(one.key);
    if (page && page->state.position == positions->at(static_cast<std::size_t>(draft))) {
      fromMemory_.add();
      one.done(page);
    } else {
      moved[one.key].push_back(std::move(one));
    }
  }
  for (auto& [key, askers] : moved) {
    read(key, std::move(askers));
  }
}

void DraftPages::failed(const Group& group, const StoreError& error) {
  for (const Waiting& one : group) {
    const auto page = error.fault == StoreFault::unavailable ? remembered(one.key) : nullptr;
    one.done(page ? Answer(page) : Answer(std::unexpected(error)));
  }
}

// The page, unless the authority has heard of something newer, or what the authority knows itself.
std::shared_ptr<const DraftPage> DraftPages::remembered(const Key& key) {
  const DraftState* known = service_.lastKnown(key.question.draft);
  auto page = pageFor(key);
  if (page && (!known || known->position == page->state.position)) {
    return page;
  }
  if (key.part != DraftPart::state || !known || !known->roleOf(key.question.user)) {
    return nullptr;
  }
  return std::make_shared<DraftPage>(*known, bodyOf(key.part, {*known, {}, {}}));
}

// --- keeping ------------------------------------------------------------------------------------------------

std::shared_ptr<const DraftPage> DraftPages::pageFor(const Key& key) {
  Key anyones = key;
  anyones.question.user.clear();
  const auto found = pages_.find(anyones);
  if (found == pages_.end() || !found->second.page->state.roleOf(key.question.user)) {
    return nullptr;
  }
  found->second.askedAt = SteadyClock::now();
  byUse_.splice(byUse_.end(), byUse_, found->second.use);
  return found->second.page;
}

void DraftPages::keep(const Key& key, const std::shared_ptr<const DraftPage>& page) {
  Key anyones = key;
  anyones.question.user.clear();
  if (const auto old = pages_.find(anyones); old != pages_.end()) {
    drop(old);
  }
  const std::size_t bytes = weightOf(*page);
  bytes_ += bytes;
  const auto use = byUse_.insert(byUse_.end(), anyones);
  pages_.emplace(std::move(anyones), Kept{page, bytes, SteadyClock::now(), use});
  while (bytes_ > bytesMax_) {
    drop(pages_.find(byUse_.front()));
  }
}

void DraftPages::drop(std::map<Key, Kept>::iterator kept) {
  bytes_ -= kept->second.bytes;
  byUse_.erase(kept->second.use);
  pages_.erase(kept);
}

void DraftPages::tick() {
  constexpr std::chrono::minutes kKept{1};
  const auto now = SteadyClock::now();
  while (!byUse_.empty()) {
    const auto oldest = pages_.find(byUse_.front());
    if (now - oldest->second.askedAt < kKept) {
      return;
    }
    drop(oldest);
  }
}

}  // namespace onering::server
