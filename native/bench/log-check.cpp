#include "log-check.h"

#include <map>
#include <optional>

#include "peer.h"
#include "server-under-test.h"

namespace onering::bench {

namespace {

// Fetches one draft, whatever the server finds cheaper to send: its log or a snapshot.
class DraftReader {
 public:
  DraftReader(EventLoop& loop, const std::string& url, const std::string& user, const DraftId& draft)
      : draft_(draft),
        peer_(loop, url, user,
              {.onWelcome = [this] { peer_.send(Fetch{.draft = draft_, .have = {}}); },
               .onMessage = [this](AuthorityMessage& message) { received(message); },
               .onGone = [this](const Rejection& why) { lost_ = why; }}) {
    peer_.connect();
  }

  // Throws Failed when the connection is lost.
  [[nodiscard]] bool isDone() const {
    if (lost_) {
      throw Failed{*lost_};
    }
    return done_;
  }

  // Asks whether the log holds `position`; isDone() again when that is known.
  void ask(const LogPosition& position) {
    done_ = false;
    asking_ = true;
    peer_.send(Fetch{.draft = draft_, .have = position});
  }

  [[nodiscard]] const std::multimap<SegmentId, Seq>& segments() const { return segments_; }
  [[nodiscard]] bool diverged() const { return diverged_; }

 private:
  void received(AuthorityMessage& message) {
    if (std::holds_alternative<Diverged>(message) || std::holds_alternative<Gone>(message)) {
      diverged_ = done_ = true;
    } else if (asking_) {
      done_ = done_ || std::holds_alternative<Entries>(message);
    } else if (const auto* part = std::get_if<SnapshotPart>(&message)) {
      add(*part);
    } else if (const auto* entries = std::get_if<Entries>(&message)) {
      add(*entries);
    }
  }

  void add(const SnapshotPart& part) {
    for (const Segment& segment : part.segments) {
      segments_.emplace(segment.id, segment.seq);
    }
    SnapshotProgress progress = part.progress;
    progress.passes += static_cast<std::uint32_t>(part.passes.size());
    progress.segments += static_cast<std::uint32_t>(part.segments.size());
    const bool complete = progress.passes == progress.passesEnd && progress.segments == progress.segmentsEnd;
    if (complete) {
      fetchOn(part.at);
    } else if (!part.more) {
      peer_.send(Fetch{.draft = draft_, .have = {}, .snapshotAt = part.at, .progress = progress});
    }
  }

  void add(const Entries& message) {
    if (message.entries.empty() || message.before.seq != have_.seq) {
      done_ = done_ || (message.entries.empty() && message.head.seq <= have_.seq);
      return;
    }
    for (const LogEntry& entry : message.entries) {
      if (const auto segment = segmentOf(entry.op)) {
        segments_.emplace(*segment, entry.seq);
      }
    }
    have_ = message.entries.back().position();
    if (!message.more) {
      fetchOn(have_);
    }
  }

  // Until there is nothing more.
  void fetchOn(const LogPosition& have) {
    have_ = have;
    peer_.send(Fetch{.draft = draft_, .have = have});
  }

  DraftId draft_;
  LogPosition have_;
  std::multimap<SegmentId, Seq> segments_;
  std::optional<Rejection> lost_;
  bool asking_ = false;
  bool done_ = false;
  bool diverged_ = false;
  Peer peer_;  // last: its events use the others
};

void checkDraft(EventLoop& loop, const std::string& url, const std::string& owner,
                const std::vector<const Acknowledged*>& acknowledged, LogCheck& check) {
  const Acknowledged* last = nullptr;
  DraftReader reader(loop, url, owner, acknowledged.front()->draft);
  runUntil(loop, "reading a draft back", [&] { return reader.isDone(); });
  for (const Acknowledged* each : acknowledged) {
    const auto [from, end] = reader.segments().equal_range(each->segment);
    const auto count = std::distance(from, end);
    ++check.checked;
    check.missing += count == 0 || from->second != each->receipt.seq ? 1 : 0;
    check.repeated += count > 1 ? 1 : 0;
    last = !last || last->receipt.seq < each->receipt.seq ? each : last;
  }
  reader.ask({.seq = last->receipt.seq, .link = last->receipt.link});
  runUntil(loop, "comparing a draft's chain", [&] { return reader.isDone(); });
  check.divergent += reader.diverged() ? 1 : 0;
}

}  // namespace

LogCheck checkLog(EventLoop& loop, const std::string& url, const std::map<DraftId, std::string>& owners,
                  const std::vector<Acknowledged>& acknowledged) {
  std::map<DraftId, std::vector<const Acknowledged*>> byDraft;
  for (const Acknowledged& each : acknowledged) {
    byDraft[each.draft].push_back(&each);
  }
  LogCheck check;
  for (const auto& [draft, ops] : byDraft) {
    checkDraft(loop, url, owners.at(draft), ops, check);
  }
  return check;
}

}  // namespace onering::bench
