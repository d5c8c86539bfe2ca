// A replica alone, and whatever a test tells it in the authority's name; and a log to tell of.
#pragma once

#include <memory>

#include "onering/domain/canonical.h"
#include "onering/domain/text.h"

#include "table.h"

namespace onering::testing {

template <typename IdType>
IdType numbered(std::uint8_t number) {
  return IdType{uuidV7(timeFromMs(1'700'000'000'000), std::array<std::uint8_t, 10>{number})};
}

// Entries that follow from one another by the rules, as an authority accepts them.
class Tale {
 public:
  explicit Tale(DraftId draft, UserId owner = "ada") : draft_(draft) {
    add(std::move(owner), CreateDraft{.title = "Notes", .platform = {}, .holdLimit = {}});
  }

  const LogEntry& add(const UserId& actor, OpBody body) {
    return add({.id = OpId{newId()}, .draft = draft_, .actor = actor, .device = {}, .authoredAt = now_, .body = body});
  }
  const LogEntry& add(Op op) {
    const LogEntry entry = accept(states_.empty() ? nullptr : &states_.back(), op, anonymousDisplay(op.actor), now_);
    now_ += Duration{1};
    DraftState state = states_.empty() ? DraftState{} : states_.back();
    const Change change = apply(state, entry);
    if (change.added) segments_.push_back(*change.added);
    if (change.passed) passes_.push_back(*change.passed);
    states_.push_back(std::move(state));
    return log_.emplace_back(entry);
  }
  const LogEntry& append(const UserId& actor, const std::string& text) {
    return add(actor, AppendSegment{.segment = SegmentId{newId()},
                                    .epoch = states_.back().ring.epoch,
                                    .content = sealContent(text, {})});
  }

  [[nodiscard]] const DraftId& draft() const { return draft_; }
  [[nodiscard]] const std::vector<LogEntry>& log() const { return log_; }
  [[nodiscard]] LogPosition at(Seq seq) const {
    return seq == 0 ? LogPosition{} : log_.at(static_cast<std::size_t>(seq - 1)).position();
  }
  [[nodiscard]] LogPosition head() const { return log_.back().position(); }

  // Entries first .. last, as they are told.
  [[nodiscard]] Entries entries(Seq first, Seq last) const {
    return {.draft = draft_,
            .before = at(first - 1),
            .entries = {log_.begin() + static_cast<std::ptrdiff_t>(first - 1),
                        log_.begin() + static_cast<std::ptrdiff_t>(last)},
            .head = head()};
  }
  // Segments from .. end - 1 of a snapshot of the whole; the first part brings the state and the ring's history.
  [[nodiscard]] SnapshotPart part(std::uint32_t from, std::uint32_t end) const {
    const auto passes = static_cast<std::uint32_t>(passes_.size());
    SnapshotPart part{.draft = draft_,
                      .at = head(),
                      .state = {},
                      .progress = {.passes = from == 0 ? 0 : passes,
                                   .passesEnd = passes,
                                   .segments = from,
                                   .segmentsEnd = static_cast<std::uint32_t>(segments_.size())},
                      .passes = {},
                      .segments = {segments_.begin() + from, segments_.begin() + end}};
    if (from == 0) {
      part.state = states_.back();
      part.passes = passes_;
    }
    return part;
  }

 private:
  std::array<std::uint8_t, 16> newId() {
    ++entropy_[9];
    return uuidV7(now_, entropy_);
  }

  DraftId draft_;
  Time now_ = timeFromMs(1'700'000'000'000);
  std::array<std::uint8_t, 10> entropy_{};
  std::vector<LogEntry> log_;
  std::vector<DraftState> states_;
  std::vector<Segment> segments_;
  std::vector<RingPass> passes_;
};

class Listener {
 public:
  explicit Listener(UserId user = "ada") : user_(std::move(user)) { reopen(); }

  void reopen() {
    replica.emplace(Replica::open(store, entropy_, user_, now).value());
    settle();
  }
  // Connected and welcome: it has asked what has changed.
  void connect() {
    replica->connected("token");
    settle();
    hear(Welcome{.version = kProtocolVersion, .user = user_, .display = {}, .limits = {}, .now = now});
  }
  void cut() {
    replica->disconnected();
    settle();
  }
  void hear(AuthorityMessage message) {
    replica->received(std::move(message), now);
    settle();
  }
  // Connected, and has what is in the log.
  void knows(const Tale& tale) {
    connect();
    hear(Changed{.from = asked(), .drafts = {{tale.draft(), tale.head()}}, .removed = {}, .next = {}});
    hear(tale.entries(1, tale.log().size()));
  }
  Op perform(const DraftId& draft, OpBody body) {
    Op op = replica->prepare(draft, std::move(body), now);
    if (!replica->perform(op, now)) throw std::logic_error("refused");
    settle();
    return op;
  }
  void settle() {
    Step step = replica->take();
    if (!store.commit(step.changes)) throw std::logic_error("a memory store refused a device's batch");
    std::ranges::move(step.messages, std::back_inserter(said));
    std::ranges::move(step.notices, std::back_inserter(notices));
    replica->checkInvariants();
  }

  // How often it has said, or been told, this.
  template <typename Message>
  [[nodiscard]] std::size_t count() const {
    return static_cast<std::size_t>(std::ranges::count_if(
        said, [](const ReplicaMessage& message) { return std::holds_alternative<Message>(message); }));
  }
  template <typename Told>
  [[nodiscard]] std::size_t told() const {
    return static_cast<std::size_t>(
        std::ranges::count_if(notices, [](const Notice& notice) { return std::holds_alternative<Told>(notice); }));
  }
  // From where it asked last what has changed.
  [[nodiscard]] ChangeCursor asked() const {
    ChangeCursor from;
    for (const ReplicaMessage& message : said) {
      if (const auto* question = std::get_if<WhatChanged>(&message)) from = question->from;
    }
    return from;
  }

  Time now = timeFromMs(1'700'000'100'000);
  MemoryStore store;
  std::optional<Replica> replica;
  std::vector<ReplicaMessage> said;
  std::vector<Notice> notices;

 private:
  UserId user_;
  SeededEntropy entropy_{1};
};

}  // namespace onering::testing
