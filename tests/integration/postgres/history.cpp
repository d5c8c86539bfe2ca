#include "history.h"

#include <algorithm>
#include <map>

namespace onering::testing {

class History::Check {
 public:
  Check(const History& history, const std::vector<LogEntry>& log) : history_(history), log_(log) {
    for (const Done& done : history.done_) doneAt_.try_emplace(done.op, done.at);
    for (const Told& told : history.told_) {
      const auto* accepted = std::get_if<Accepted>(&told.receipt);
      if (accepted) {
        const auto [first, isNew] = acknowledgedAt_.try_emplace(told.op, told.at);
        if (!isNew) first->second = std::min(first->second, told.at);
      }
    }
  }

  std::vector<std::string> all() {
    placesAreRight();
    receiptsHold();
    ordersOfClientsHold();
    acknowledgedComeFirst();
    oneHolderAtATime();
    readsGoForward();
    return std::move(faults_);
  }

 private:
  void fault(const std::string& what, const OpId& op) { faults_.push_back(what + ": " + toText(op)); }

  void placesAreRight() {
    for (std::size_t i = 0; i < log_.size(); ++i) {
      const LogEntry& entry = log_[i];
      if (entry.seq != i + 1) fault("a gap or a repeat before", entry.op.id);
      if (!seqOf_.try_emplace(entry.op.id, entry.seq).second) fault("twice in the log", entry.op.id);
      if (!doneAt_.contains(entry.op.id)) fault("nobody did", entry.op.id);
    }
  }

  void receiptsHold() {
    for (const Told& told : history_.told_) {
      const auto found = seqOf_.find(told.op);
      if (const auto* accepted = std::get_if<Accepted>(&told.receipt)) {
        const bool isThere = found != seqOf_.end() && found->second == accepted->seq &&
                             log_[static_cast<std::size_t>(accepted->seq - 1)].link == accepted->link;
        if (!isThere) fault(found == seqOf_.end() ? "acknowledged and lost" : "acknowledged elsewhere", told.op);
      } else if (found != seqOf_.end()) {
        fault("rejected and in the log", told.op);
      }
    }
  }

  void ordersOfClientsHold() {
    std::map<int, Seq> last;
    for (const Done& done : history_.done_) {  // in the order in which they were done
      const auto found = seqOf_.find(done.op);
      if (found == seqOf_.end()) continue;
      Seq& before = last[done.client];
      if (found->second < before) fault("overtook what its client did before", done.op);
      before = std::max(before, found->second);
    }
  }

  // An op that was done at a time may not stand before one that was acknowledged by then.
  void acknowledgedComeFirst() {
    std::vector<std::pair<std::int64_t, Seq>> acknowledged;  // by time, with the greatest seq so far
    for (const auto& [op, at] : acknowledgedAt_) {
      if (const auto found = seqOf_.find(op); found != seqOf_.end()) acknowledged.emplace_back(at, found->second);
    }
    std::ranges::sort(acknowledged);
    Seq greatest = 0;
    for (auto& [at, seq] : acknowledged) seq = greatest = std::max(greatest, seq);
    for (const Done& done : history_.done_) {
      const auto found = seqOf_.find(done.op);
      const auto after = std::ranges::lower_bound(acknowledged, done.at, {}, &std::pair<std::int64_t, Seq>::first);
      if (found == seqOf_.end() || after == acknowledged.begin()) continue;
      if (std::prev(after)->second > found->second) fault("stands before what was acknowledged earlier", done.op);
    }
  }

  void oneHolderAtATime() {
    DraftState state;
    std::map<Epoch, UserId> holders;
    std::map<Epoch, std::int64_t> overSince;  // when somebody was first told that the epoch had ended
    for (const LogEntry& entry : log_) {
      const Change change = apply(state, entry);
      if (!change.passed) continue;
      if (!holders.try_emplace(change.passed->epoch, change.passed->to).second) fault("two holders", entry.op.id);
      const auto told = acknowledgedAt_.find(entry.op.id);
      if (told != acknowledgedAt_.end()) overSince.try_emplace(change.passed->epoch - 1, told->second);
    }
    for (const LogEntry& entry : log_) {
      const auto* append = std::get_if<AppendSegment>(&entry.op.body);
      if (!append) continue;
      const auto holder = holders.find(append->epoch);
      if (holder == holders.end() || holder->second != entry.op.actor) fault("written by no holder", entry.op.id);
      const auto over = overSince.find(append->epoch);
      const auto done = doneAt_.find(entry.op.id);
      if (over != overSince.end() && done != doneAt_.end() && done->second > over->second) {
        fault("written after the ring was known to be elsewhere", entry.op.id);
      }
    }
  }

  void readsGoForward() {
    struct Own {
      std::int64_t at = 0;
      Seq seq = 0;
    };
    std::map<int, std::vector<Own>> own;
    for (const Told& told : history_.told_) {
      if (const auto* accepted = std::get_if<Accepted>(&told.receipt))
        own[told.client].push_back({told.at, accepted->seq});
    }
    std::map<int, Seq> last;
    for (const Seen& seen : history_.seen_) {
      const Seq seq = seen.position.seq;
      const std::string who = "client " + std::to_string(seen.client) + " at " + std::to_string(seq);
      const bool isThere =
          seq <= log_.size() && (seq == 0 || log_[static_cast<std::size_t>(seq - 1)].link == seen.position.link);
      if (!isThere) faults_.push_back("saw what is not in the log: " + who);
      if (seq < last[seen.client]) faults_.push_back("went back: " + who);
      last[seen.client] = std::max(last[seen.client], seq);
      const auto lacking =
          std::ranges::count_if(own[seen.client], [&](const Own& mine) { return mine.at < seen.at && mine.seq > seq; });
      if (static_cast<std::size_t>(lacking) > seen.held) faults_.push_back("did not see its own: " + who);
    }
  }

  const History& history_;
  const std::vector<LogEntry>& log_;
  std::map<OpId, std::int64_t> doneAt_;
  std::map<OpId, std::int64_t> acknowledgedAt_;
  std::map<OpId, Seq> seqOf_;
  std::vector<std::string> faults_;
};

std::vector<std::string> History::faultsAgainst(const std::vector<LogEntry>& log) const {
  return Check(*this, log).all();
}

}  // namespace onering::testing
