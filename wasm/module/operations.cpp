#include "operations.h"

#include <algorithm>
#include <cstring>
#include <stdexcept>

#include "json-values.h"

namespace onering {

namespace {

// The place of a name in `fields` of module.ts.
enum class Kind : std::uint8_t {
  create,
  append,
  passRing,
  setTitle,
  addCollaborator,
  setRole,
  removeCollaborator,
  redact,
  createInvite,
  revokeInvite,
  acceptInvite,
  requestRing,
  cancelRequest,
  reclaimRing,
  lock,
  unlock,
  complete,
  deleteDraft,
  restore,
  resubmit,
  copyKept,
  dismiss,
};

// What cannot be read at all is a bug of module.ts: it throws.
class Reader {
 public:
  Reader(std::string_view operations, std::string_view texts) : operations_(operations), texts_(texts) {}

  [[nodiscard]] bool isAtEnd() const { return operations_.empty(); }

  Kind kind() { return static_cast<Kind>(number<std::uint8_t>()); }
  std::string_view text() { return take(texts_, number<std::uint32_t>()); }
  std::string string() { return std::string(text()); }
  Duration duration() { return Duration{static_cast<std::int64_t>(number<double>())}; }
  Role role() { return text() == "editor" ? Role::editor : Role::viewer; }

 private:
  template <typename T>
  T number() {
    T value{};
    const std::string_view bytes = take(operations_, sizeof value);
    std::memcpy(&value, bytes.data(), bytes.size());
    return value;
  }

  static std::string_view take(std::string_view& from, std::size_t size) {
    if (size > from.size()) {
      throw std::length_error("an operation that was cut off");
    }
    const std::string_view taken = from.substr(0, size);
    from.remove_prefix(size);
    return taken;
  }

  std::string_view operations_;
  std::string_view texts_;
};

template <typename T>
using OrRejection = std::expected<T, Rejection>;

template <typename IdType>
OrRejection<IdType> idOf(std::string_view text) {
  if (const auto id = parseId<IdType>(text)) {
    return *id;
  }
  return std::unexpected(rejection(ErrorCode::idMalformed));
}

// 32 hexadecimal digits.
OrRejection<InviteToken> tokenOf(std::string_view hex) {
  const auto bytes = fromHex(hex);
  InviteToken token;
  if (!bytes || bytes->size() != token.size()) {
    return std::unexpected(rejection(ErrorCode::inviteInvalid));
  }
  std::ranges::copy(*bytes, token.begin());
  return token;
}

// All of an operation's fields are read whatever comes of it: the next one begins behind them.
class Performer {
 public:
  Performer(Replica& replica, Reader in, Time now) : replica_(replica), in_(in), now_(now) {}

  [[nodiscard]] bool isAtEnd() const { return in_.isAtEnd(); }

  OrRejection<LocalEffect> next() {
    const Kind kind = in_.kind();
    const auto op = idOf<OpId>(in_.text());
    const std::string_view draft = in_.text();
    switch (kind) {
      case Kind::resubmit: {
        const auto kept = idOf<OpId>(in_.text());
        if (!op || !kept) {
          return std::unexpected(rejection(ErrorCode::idMalformed));
        }
        return effectOf(replica_.resubmit(*kept, now_, *op));
      }
      case Kind::copyKept:
        return copyKept(op, draft);
      case Kind::dismiss:
        return dismiss();
      default: {
        OrRejection<OpBody> body = bodyOf(kind);
        return body ? perform(op, draft, std::move(*body)) : std::unexpected(std::move(body.error()));
      }
    }
  }

 private:
  static OrRejection<LocalEffect> effectOf(OrRejection<Performed> performed) {
    return std::move(performed).transform([](const Performed& done) { return done.effect; });
  }

  OrRejection<LocalEffect> perform(const OrRejection<OpId>& op, std::string_view draftText, OpBody body) {
    const auto draft = idOf<DraftId>(draftText);
    if (!op || !draft) {
      return std::unexpected(rejection(ErrorCode::idMalformed));
    }
    return effectOf(replica_.perform(replica_.prepare(*draft, std::move(body), now_, *op), now_));
  }

  OrRejection<LocalEffect> copyKept(const OrRejection<OpId>& op, std::string_view draftText) {
    const auto from = idOf<DraftId>(in_.text());
    std::string title = in_.string();
    const auto draft = idOf<DraftId>(draftText);
    if (!op || !draft || !from) {
      return std::unexpected(rejection(ErrorCode::idMalformed));
    }
    return effectOf(replica_.copyKept(*from, std::move(title), now_, {*draft, *op}));
  }

  OrRejection<LocalEffect> dismiss() {
    const auto kept = idOf<OpId>(in_.text());
    if (!kept) {
      return std::unexpected(kept.error());
    }
    return replica_.dismiss(*kept).transform([] { return LocalEffect::shown; });
  }

  OrRejection<OpBody> bodyOf(Kind kind) {
    switch (kind) {
      case Kind::create: {
        CreateDraft body{.title = in_.string(), .platform = in_.string(), .holdLimit = in_.duration()};
        return body;
      }
      case Kind::append: {
        const auto segment = idOf<SegmentId>(in_.text());
        std::string text = in_.string();
        return segment.transform([&](const SegmentId& id) {
          return OpBody(AppendSegment{.segment = id, .epoch = 0, .content = {.text = std::move(text)}});
        });
      }
      case Kind::passRing:
        return PassRing{.to = in_.string(), .epoch = 0};
      case Kind::setTitle:
        return SetTitle{.title = in_.string(), .expect = in_.string()};
      case Kind::addCollaborator:
        return AddCollaborator{.user = in_.string(), .role = in_.role()};
      case Kind::setRole:
        return SetRole{.user = in_.string(), .role = in_.role()};
      case Kind::removeCollaborator:
        return RemoveCollaborator{.user = in_.string()};
      case Kind::redact:
        return idOf<SegmentId>(in_.text()).transform([](const SegmentId& id) {
          return OpBody(RedactSegment{.segment = id});
        });
      case Kind::createInvite:
        return createInvite();
      case Kind::revokeInvite:
        return idOf<InviteId>(in_.text()).transform([](const InviteId& id) {
          return OpBody(RevokeInvite{.invite = id});
        });
      case Kind::acceptInvite:
        return acceptInvite();
      case Kind::requestRing:
        return RequestRing{};
      case Kind::cancelRequest:
        return CancelRequest{};
      case Kind::reclaimRing:
        return ReclaimRing{};
      case Kind::lock:
        return Lock{};
      case Kind::unlock:
        return Unlock{};
      case Kind::complete:
        return Complete{};
      case Kind::deleteDraft:
        return DeleteDraft{};
      case Kind::restore:
        return RestoreDraft{};
      default:
        throw std::invalid_argument("no such operation");
    }
  }

  OrRejection<OpBody> createInvite() {
    const auto invite = idOf<InviteId>(in_.text());
    const auto token = tokenOf(in_.text());
    std::string user = in_.string();
    const Role role = in_.role();
    const Duration lifetime = in_.duration();
    if (!invite || !token) {
      return std::unexpected(invite ? token.error() : invite.error());
    }
    return CreateInvite{
        .invite = *invite, .tokenHash = tokenHash(*token), .role = role, .user = std::move(user), .lifetime = lifetime};
  }

  OrRejection<OpBody> acceptInvite() {
    const auto invite = idOf<InviteId>(in_.text());
    const auto token = tokenOf(in_.text());
    if (!invite || !token) {
      return std::unexpected(invite ? token.error() : invite.error());
    }
    return AcceptInvite{.invite = *invite, .tokenHash = tokenHash(*token), .token = *token};
  }

  Replica& replica_;
  Reader in_;
  Time now_;
};

}  // namespace

void performAll(JsonWriter& json, Replica& replica, std::string_view operations, std::string_view texts, Time now) {
  Performer performer(replica, Reader(operations, texts), now);
  std::vector<std::uint32_t> waiting;
  json.openObject().memberList("refused");
  for (std::uint32_t at = 0; !performer.isAtEnd(); ++at) {
    const auto effect = performer.next();
    if (!effect) {
      json.openObject().member("at", at).name("error");
      writeFailure(json, effect.error());
      json.closeObject();
    } else if (*effect == LocalEffect::waiting) {
      waiting.push_back(at);
    }
  }
  json.closeList().memberList("waiting");
  for (const std::uint32_t at : waiting) {
    json.value(at);
  }
  json.closeList().closeObject();
}

}  // namespace onering
