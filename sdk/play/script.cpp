#include "onering/play/script.h"

#include <algorithm>
#include <set>

#include "onering/domain/sha256.h"

namespace onering::play {

namespace {

// Sixteen bytes that look random and are always the same for the same names.
std::array<std::uint8_t, 16> derived(std::string_view what, std::initializer_list<std::string_view> from) {
  Sha256 hash;
  hash.addFramed(what);
  for (const std::string_view part : from) {
    hash.addFramed(part);
  }
  const Digest digest = hash.finish();
  std::array<std::uint8_t, 16> bytes{};
  std::copy_n(digest.begin(), bytes.size(), bytes.begin());
  return bytes;
}

template <typename IdType>
IdType derivedId(Time at, std::string_view what, std::initializer_list<std::string_view> from) {
  const auto bytes = derived(what, from);
  return IdType{uuidV7(at, std::span(bytes).first<10>())};
}

class Scriptwriter {
 public:
  explicit Scriptwriter(const WrittenDraft& draft)
      : draft_(draft), now_(draft.turns.front().at), holder_(draft.turns.front().author) {
    id_ = derivedId<DraftId>(now_, "draft", {draft.title, holder_, std::to_string(toMs(now_))});
    idText_ = toText(id_);
  }

  std::vector<Op> write() {
    begin();
    for (std::size_t i = 0; i < draft_.turns.size(); ++i) {
      turn(draft_.turns[i], "turn " + std::to_string(i + 1));
    }
    return std::move(ops_);
  }

 private:
  void begin() {
    add("create", CreateDraft{.title = draft_.title, .platform = {}, .holdLimit = {}});
    std::set<std::string_view> members{holder_};
    for (const Turn& each : draft_.turns) {
      if (members.insert(each.author).second) {
        add("add " + each.author, AddCollaborator{.user = each.author, .role = Role::editor});
      }
    }
  }

  void turn(const Turn& turn, const std::string& place) {
    now_ = std::max(now_, turn.at);
    if (turn.author != holder_) {
      add(place, PassRing{.to = turn.author, .epoch = epoch_++});
      holder_ = turn.author;
    }
    for (std::size_t i = 0; i < turn.segments.size(); ++i) {
      append(turn.segments[i], place + ", segment " + std::to_string(i + 1));
    }
  }

  void append(const std::string& text, const std::string& place) {
    add(place, AppendSegment{.segment = derivedId<SegmentId>(now_, "segment", {idText_, place}),
                             .epoch = epoch_,
                             .content = {.text = text, .salt = derived("salt", {idText_, place})}});
  }

  void add(const std::string& place, OpBody body) {
    ops_.push_back({.id = derivedId<OpId>(now_, "op", {idText_, place}),
                    .draft = id_,
                    .actor = holder_,
                    .device = derivedId<DeviceId>(Time{}, "device", {holder_}),
                    .authoredAt = now_,
                    .body = std::move(body)});
  }

  const WrittenDraft& draft_;
  DraftId id_;
  std::string idText_;
  Time now_;
  UserId holder_;
  Epoch epoch_ = 1;
  std::vector<Op> ops_;
};

}  // namespace

std::vector<Op> unsealedOpsOf(const WrittenDraft& draft) {
  return Scriptwriter(draft).write();
}

void sealTexts(std::vector<Op>& ops) {
  for (Op& op : ops) {
    if (auto* append = std::get_if<AppendSegment>(&op.body)) {
      append->content = sealContent(std::move(append->content.text), append->content.salt);
    }
  }
}

std::vector<Op> opsOf(const WrittenDraft& draft) {
  auto ops = unsealedOpsOf(draft);
  sealTexts(ops);
  return ops;
}

}  // namespace onering::play
