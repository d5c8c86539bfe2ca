// A table at which replicas and one authority sit: real state machines, the real codec, stores in memory, and a
// wire between them that carries messages when a test says so.
#pragma once

#include <algorithm>
#include <deque>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "onering/store/memory/memory-store.h"
#include "onering/sync/authority.h"
#include "onering/sync/replica.h"
#include "onering/wire/codec.h"

namespace onering::testing {

class SeededEntropy final : public Entropy {
 public:
  explicit SeededEntropy(std::uint32_t seed) : engine_(seed) {}
  void fill(std::span<std::uint8_t> bytes) override {
    for (std::uint8_t& byte : bytes) byte = static_cast<std::uint8_t>(engine_());
  }

 private:
  std::mt19937 engine_;
};

// Someone who shows the pending segments of a draft, and is told only what left them and what came
// (wasm/module/draft-feed).
struct Follower {
  Replica::PendingRange told;
  std::deque<SegmentId> shown;

  void look(Replica& replica, const DraftId& draft) {
    const auto now = replica.pendingRange(draft);
    const std::uint64_t gone = now.laid == told.laid ? now.left - told.left : shown.size();
    if (gone > shown.size()) throw std::logic_error("more pending segments left than there were");
    shown.erase(shown.begin(), shown.begin() + static_cast<std::ptrdiff_t>(gone));
    const DraftState* confirmed = replica.confirmed(draft);
    const auto from = (confirmed ? confirmed->segmentCount : 0) + static_cast<std::uint32_t>(shown.size());
    for (const Segment& segment : replica.pendingSegments(draft, from)) shown.push_back(segment.id);
    told = now;
    if (!std::ranges::equal(shown, replica.pendingSegments(draft), {}, {}, &Segment::id))
      throw std::logic_error("who follows the pending segments shows others");
  }
};

// One device: its store outlives its replica, as a disk outlives a process.
struct Seat {
  UserId user;
  MemoryStore store;
  SeededEntropy entropy;
  std::optional<Replica> replica;
  SessionId session = 0;                // 0: offline
  std::deque<std::string> toAuthority;  // encoded, not delivered yet
  std::deque<std::string> toReplica;
  std::vector<Notice> notices;
  std::map<DraftId, Follower> followers;

  Seat(UserId name, std::uint32_t seed) : user(std::move(name)), entropy(seed) {}
};

class Table {
 public:
  explicit Table(AuthorityOptions options = {}) : options_(options) { restartAuthority(); }

  // A device of `user`, connected.
  Seat& sit(const UserId& user) {
    Seat& seat = *seats_.emplace_back(std::make_unique<Seat>(user, static_cast<std::uint32_t>(seats_.size() + 1)));
    reopen(seat);
    connect(seat);
    return seat;
  }

  // As after a crash: what was not committed is gone.
  void reopen(Seat& seat) {
    if (seat.session != 0) cut(seat);
    seat.replica.emplace(Replica::open(seat.store, seat.entropy, seat.user, now).value());
    seat.followers.clear();
    settle(seat);
  }

  void connect(Seat& seat) {
    seat.session = ++lastSession_;
    bySession_[seat.session] = &seat;
    authority->connected(seat.session);
    seat.replica->connected(seat.user);
    settle(seat);
  }

  void cut(Seat& seat) {
    authority->disconnected(seat.session);
    bySession_.erase(seat.session);
    seat.session = 0;
    seat.toAuthority.clear();
    seat.toReplica.clear();
    seat.replica->disconnected();
    settle(seat);
  }

  void restartAuthority() {
    for (const auto& seat : seats_) {
      if (seat->session != 0) cut(*seat);
    }
    authority.emplace(options_);
    questions_.clear();
  }

  // Commits and sends what follows from what was done at the seat.
  void settle(Seat& seat) {
    Step step = seat.replica->take();
    if (!seat.store.commit(step.changes)) throw std::logic_error("a memory store refused a device's batch");
    for (const ReplicaMessage& message : step.messages) {
      if (seat.session != 0) seat.toAuthority.push_back(encode(message));
    }
    for (Notice& notice : step.notices) {
      if (const auto* changed = std::get_if<DraftChanged>(&notice))
        seat.followers[changed->draft].look(*seat.replica, changed->draft);
      seat.notices.push_back(std::move(notice));
    }
    seat.replica->checkInvariants();
  }

  // Carries everything there is to carry, until nothing moves.
  void run() {
    while (stepOnce()) now += Duration{1};
  }

  // One round of carrying; false when nothing moved.
  bool once() {
    now += Duration{1};
    return stepOnce();
  }

  // A user's action, committed; throws where the rules refuse it.
  Performed act(Seat& seat, const DraftId& draft, OpBody body) {
    auto performed = tryAct(seat, draft, std::move(body));
    if (!performed) throw std::logic_error("refused: " + std::string(errorName(performed.error().code)));
    return *performed;
  }
  std::expected<Performed, Rejection> tryAct(Seat& seat, const DraftId& draft, OpBody body) {
    auto performed = seat.replica->perform(seat.replica->prepare(draft, std::move(body), now), now);
    settle(seat);
    return performed;
  }
  Performed append(Seat& seat, const DraftId& draft, const std::string& text) {
    return act(seat, draft, AppendSegment{.segment = {}, .epoch = 0, .content = sealContent(text, {})});
  }
  DraftId create(Seat& seat, const std::string& title) {
    return act(seat, {}, CreateDraft{.title = title, .platform = {}, .holdLimit = {}}).draft;
  }

  // The texts that the seat shows, confirmed and pending.
  std::vector<std::string> texts(Seat& seat, const DraftId& draft) {
    std::vector<std::string> all;
    const DraftState* confirmed = seat.replica->confirmed(draft);
    if (confirmed && confirmed->segmentCount > 0) {
      for (const Segment& segment : seat.store.readSegments(draft, 0, confirmed->segmentCount, 1U << 30U).value()) {
        all.push_back(segment.content.text);
      }
    }
    for (const Segment& segment : seat.replica->pendingSegments(draft)) all.push_back(segment.content.text);
    return all;
  }

  // The authority's position of the draft, from its store.
  LogPosition position(const DraftId& draft) {
    const auto found = store.find({.drafts = {draft}, .ops = {}, .segments = {}});
    return found->drafts.at(0) ? found->drafts.at(0)->position : LogPosition{};
  }

  // How often `Wanted` was told at the seat.
  template <typename Wanted>
  static std::size_t told(const Seat& seat) {
    return static_cast<std::size_t>(std::ranges::count_if(
        seat.notices, [](const Notice& notice) { return std::holds_alternative<Wanted>(notice); }));
  }

  // The last receipt told for the op, or nothing.
  static std::optional<Receipt> receipt(const Seat& seat, const OpId& op) {
    std::optional<Receipt> last;
    for (const Notice& notice : seat.notices) {
      if (const auto* settled = std::get_if<OpSettled>(&notice); settled && settled->op == op) last = settled->receipt;
    }
    return last;
  }
  static std::optional<ErrorCode> rejectedWith(const Seat& seat, const OpId& op) {
    const auto told = receipt(seat, op);
    const auto* why = told ? std::get_if<Rejection>(&*told) : nullptr;
    return why ? std::optional(why->code) : std::nullopt;
  }

  // Does what the authority wants done.
  void carryOut(AuthorityActions actions) {
    for (AuthorityAction& action : actions) {
      if (auto* send = std::get_if<SendAction>(&action)) {
        for (const SessionId session : send->to) {
          if (const auto seat = bySession_.find(session); seat != bySession_.end())
            seat->second->toReplica.push_back(encode(send->message));
        }
      } else if (auto* who = std::get_if<AuthenticateAction>(&action)) {
        carryOut(
            authority->authenticated(who->session, Principal{.user = who->token, .display = {}, .expiresAt = {}}, now));
      } else if (auto* ask = std::get_if<AskAction>(&action)) {
        questions_.push_back(std::move(*ask));
      } else if (auto* given = std::get_if<ReceiptAction>(&action)) {
        receipts[given->request] = std::move(given->receipt);
      }
    }
  }

  Time now = timeFromMs(1'700'000'000'000);
  MemoryStore store;
  std::optional<Authority> authority;
  std::map<RequestId, Receipt> receipts;      // of ops that came without a session
  std::optional<StoreFault> nextCommitFails;  // of the authority's store, once
  bool commitAnyway = false;                  // and then the failure was only in the answer
  bool lookupFailsThen = false;               // so does what asks about the same ops after it, once
  bool holdQuestions = false;                 // the store does not answer
  ReadPolicy policy;

 private:
  bool stepOnce() {
    bool moved = false;
    for (const auto& seat : seats_) moved = deliver(*seat) || moved;
    return answerOne() || moved;
  }

  bool deliver(Seat& seat) {
    if (seat.session != 0 && !seat.toAuthority.empty()) {
      const std::string bytes = std::move(seat.toAuthority.front());
      seat.toAuthority.pop_front();
      carryOut(authority->received(seat.session, decodeReplicaMessage(bytes, 1U << 20U).value(), now));
      return true;
    }
    if (seat.session != 0 && !seat.toReplica.empty()) {
      const std::string bytes = std::move(seat.toReplica.front());
      seat.toReplica.pop_front();
      seat.replica->received(decodeAuthorityMessage(bytes, 1U << 20U).value(), now);
      settle(seat);
      return true;
    }
    return false;
  }

  bool answerOne() {
    if (questions_.empty() || holdQuestions) return false;
    const AskAction ask = std::move(questions_.front());
    questions_.pop_front();
    const bool fails = nextCommitFails && std::holds_alternative<CommitQuestion>(ask.question);
    StoreAnswer answer = fails && !commitAnyway ? StoreAnswer(std::in_place_type<StoreResult<void>>)
                                                : perform(store, ask.question, policy);
    if (fails)
      answer.emplace<StoreResult<void>>(
          std::unexpected(StoreError{*std::exchange(nextCommitFails, std::nullopt), "by the test"}));
    if (!nextCommitFails && lookupFailsThen && std::holds_alternative<Lookup>(ask.question)) {
      lookupFailsThen = false;
      answer.emplace<StoreResult<Found>>(std::unexpected(StoreError{StoreFault::unavailable, "by the test"}));
    }
    carryOut(authority->answered(ask.ticket, std::move(answer), now));
    return true;
  }

  AuthorityOptions options_;
  std::vector<std::unique_ptr<Seat>> seats_;
  std::map<SessionId, Seat*> bySession_;
  std::deque<AskAction> questions_;
  SessionId lastSession_ = 0;
};

}  // namespace onering::testing
