#include "onering/play/replay.h"

#include <cmath>
#include <unordered_map>

#include <boost/json.hpp>
#include <sodium/crypto_hash_sha256.h>

#include "onering/domain/content-hash.h"
#include "onering/play/lines.h"
#include "onering/play/script.h"

namespace onering::play {

namespace {

// Only looked into by key: its order is nobody's business (SPEC I11).
struct SegmentHash {
  std::size_t operator()(const SegmentId& id) const { return static_cast<std::size_t>(id.lo()); }
};

class Player {
 public:
  explicit Player(const Limits& limits) : limits_(limits) {}

  void play(Op op) {
    ++number_;
    if (auto why = refusal(op)) {
      played_.refused.push_back({.operation = opName(op.body), .number = number_, .why = std::move(*why)});
      return;
    }
    const Time at = op.authoredAt;
    const LogEntry entry = accept(state(), std::move(op), {}, at);
    Change change = apply(played_.state, entry);
    if (change.added) {
      segments_.emplace(change.added->id, SegmentRef{.author = change.added->author, .redacted = false});
      played_.texts.push_back(std::move(change.added->content.text));
    }
  }

  PlayedDraft finish() && { return std::move(played_); }

 private:
  [[nodiscard]] const DraftState* state() const { return played_.state.position.seq > 0 ? &played_.state : nullptr; }

  [[nodiscard]] std::optional<Rejection> refusal(const Op& op) const {
    if (auto wrong = validate(op, limits_)) {
      return wrong;
    }
    std::optional<SegmentRef> segment;
    if (const auto named = segmentOf(op)) {
      if (const auto found = segments_.find(*named); found != segments_.end()) {
        segment = found->second;
      }
    }
    const auto verdict =
        judge({.op = op, .draft = state(), .segment = std::move(segment), .now = op.authoredAt, .limits = limits_},
              Judge::authority);
    return verdict ? std::nullopt : std::optional(verdict.error());
  }

  Limits limits_;
  std::size_t number_ = 0;
  PlayedDraft played_;
  std::unordered_map<SegmentId, SegmentRef, SegmentHash> segments_;
};

Digest contentSha256(std::string_view title, const std::vector<std::string>& texts) {
  ContentHash hash;
  for (const std::string& text : texts) {
    hash.add(text);
  }
  return hash.of(title);
}

// As much work for the hash library as sealing and contentSha256 ask of it, without anything around it.
void hashPlainly(const std::vector<std::string>& texts) {
  Digest digest;
  for (const std::string& text : texts) {
    const auto bytes = asBytes(text);
    crypto_hash_sha256(digest.data(), bytes.data(), bytes.size());
    crypto_hash_sha256(digest.data(), bytes.data(), bytes.size());
  }
}

// A draft on its way through a replay.
struct Passage {
  WrittenDraft draft;
  std::vector<Op> ops;
  PlayedDraft played;
  ReplayLine line;
};

// Takes drafts step by step, several at a time, so that reading the stopwatch costs nothing that would be noticed.
class Replayer {
 public:
  Replayer(const Stopwatch& stopwatch, const ReplayListener& listener) : stopwatch_(stopwatch), listener_(listener) {}

  void take(WrittenDraft draft) {
    for (const Turn& turn : draft.turns) {
      for (const std::string& text : turn.segments) {
        bytes_ += text.size();
      }
    }
    auto ops = unsealedOpsOf(draft);
    underWay_.push_back({.draft = std::move(draft), .ops = std::move(ops), .played = {}, .line = {}});
    constexpr std::size_t kBytesAtATime = std::size_t{1} << 20U;
    if (bytes_ >= kBytesAtATime) {
      playAll();
    }
  }

  // Plays what was taken and not played yet.
  void playAll() {
    measured(replay_.times.hash, [](Passage& each) { sealTexts(each.ops); });
    measured(replay_.times.fold, [](Passage& each) { each.played = play::play(std::move(each.ops)); });
    measured(replay_.times.hash, [](Passage& each) {
      each.line = {.title = each.draft.title,
                   .position = each.played.state.position,
                   .contentSha256 = contentSha256(each.draft.title, each.played.texts)};
    });
    measured(replay_.times.library, [](Passage& each) { hashPlainly(each.played.texts); });
    for (const Passage& each : underWay_) {
      count(each.played);
      listener_(each.draft, each.played, each.line);
    }
    underWay_.clear();
    bytes_ = 0;
  }

  [[nodiscard]] const Replay& result() const { return replay_; }

 private:
  template <typename Step>
  void measured(std::chrono::nanoseconds& time, const Step& step) {
    const auto before = stopwatch_();
    for (Passage& each : underWay_) {
      step(each);
    }
    time += stopwatch_() - before;
  }

  void count(const PlayedDraft& played) {
    ++replay_.sums.drafts;
    replay_.sums.ops += played.state.position.seq;
    replay_.sums.refused += played.refused.size();
    replay_.sums.segments += played.texts.size();
    for (const std::string& text : played.texts) {
      replay_.sums.bytes += text.size();
    }
  }

  const Stopwatch& stopwatch_;
  const ReplayListener& listener_;
  std::vector<Passage> underWay_;
  std::size_t bytes_ = 0;  // of text in these
  Replay replay_;
};

double seconds(std::chrono::nanoseconds time) {
  return std::chrono::duration<double>(time).count();
}

// `amount` a second, in whole numbers; none where nothing was measured.
std::uint64_t perSecond(double amount, std::chrono::nanoseconds time) {
  return time.count() > 0 ? static_cast<std::uint64_t>(std::llround(amount / seconds(time))) : 0;
}

}  // namespace

PlayedDraft play(std::vector<Op> ops, const Limits& limits) {
  Player player(limits);
  for (Op& op : ops) {
    player.play(std::move(op));
  }
  return std::move(player).finish();
}

std::expected<Replay, std::string> replay(std::istream& input, const Stopwatch& stopwatch,
                                          const ReplayListener& listener) {
  LineReader lines(input);
  Replayer replayer(stopwatch, listener);
  for (std::uint64_t number = 1;; ++number) {
    const auto stop = [&](const std::string& why) {
      replayer.playAll();
      return std::unexpected("line " + std::to_string(number) + ": " + why);
    };
    const auto line = lines.next();
    if (!line) {
      return stop(line.error());
    }
    if (!*line) {
      replayer.playAll();
      return replayer.result();
    }
    if ((*line)->find_first_not_of(" \t\r") == std::string::npos) {
      continue;
    }
    auto draft = readDraft(**line);
    if (!draft) {
      return stop(draft.error());
    }
    replayer.take(std::move(*draft));
  }
}

std::string toJson(const ReplayLine& line) {
  return boost::json::serialize(boost::json::object{{"title", line.title},
                                                    {"seq", line.position.seq},
                                                    {"link", toHex(line.position.link)},
                                                    {"contentSha256", toHex(line.contentSha256)}});
}

std::string toJson(const ReplaySums& sums) {
  return boost::json::serialize(boost::json::object{
      {"drafts", sums.drafts}, {"ops", sums.ops}, {"segments", sums.segments}, {"bytes", sums.bytes}});
}

std::string toJson(const ReplaySums& sums, const ReplayTimes& times) {
  const auto ops = static_cast<double>(sums.ops);
  const double hashedMb = 2 * static_cast<double>(sums.bytes) / 1e6;
  return boost::json::serialize(
      boost::json::object{{"opsPerSecond", perSecond(ops, times.fold)},
                          {"opsPerSecondWithHashing", perSecond(ops, times.fold + times.hash)},
                          {"mbPerSecondHashing", perSecond(hashedMb, times.hash)},
                          {"mbPerSecondLibrary", perSecond(hashedMb, times.library)}});
}

}  // namespace onering::play
