#include "log-reading.h"

#include <boost/json.hpp>

namespace onering::cli {

namespace {

namespace json = boost::json;

// Adds what is the operation's own.
struct Fields {
  json::object& to;

  void operator()(const CreateDraft& body) const {
    to["title"] = body.title;
    to["platform"] = body.platform;
    to["holdLimitMs"] = body.holdLimit.count();
  }
  void operator()(const AppendSegment& body) const {
    to["segment"] = toText(body.segment);
    to["epoch"] = body.epoch;
    to["digest"] = toHex(body.content.digest);
    if (body.content.erased) {
      to["erased"] = true;
      return;
    }
    to["salt"] = toHex(body.content.salt);
    to["text"] = body.content.text;
  }
  void operator()(const PassRing& body) const {
    to["to"] = body.to;
    to["epoch"] = body.epoch;
  }
  void operator()(const ReclaimRing& body) const { to["epoch"] = body.epoch; }
  void operator()(const SetTitle& body) const {
    to["title"] = body.title;
    to["expect"] = body.expect;
  }
  void operator()(const AddCollaborator& body) const { addMember(body.user, body.role); }
  void operator()(const SetRole& body) const { addMember(body.user, body.role); }
  void operator()(const RemoveCollaborator& body) const { to["user"] = body.user; }
  void operator()(const RedactSegment& body) const { to["segment"] = toText(body.segment); }
  void operator()(const CreateInvite& body) const {
    to["invite"] = toText(body.invite);
    to["tokenHash"] = toHex(body.tokenHash);
    to["role"] = nameOf(body.role);
    to["user"] = body.user;
    to["lifetimeMs"] = body.lifetime.count();
  }
  void operator()(const RevokeInvite& body) const { to["invite"] = toText(body.invite); }
  void operator()(const AcceptInvite& body) const {
    to["invite"] = toText(body.invite);
    to["tokenHash"] = toHex(body.tokenHash);
  }
  template <typename Empty>
  void operator()(const Empty& /*body*/) const {}

  void addMember(const UserId& user, Role role) const {
    to["user"] = user;
    to["role"] = nameOf(role);
  }
};

// What stands behind the operation's name.
struct Words {
  std::string operator()(const CreateDraft& body) const { return " \"" + body.title + '"'; }
  std::string operator()(const AppendSegment& body) const {
    return ' ' + toText(body.segment) + ", " +
           (body.content.erased ? "redacted" : std::to_string(body.content.text.size()) + " bytes");
  }
  std::string operator()(const PassRing& body) const { return " to " + body.to + inEpoch(body.epoch); }
  std::string operator()(const ReclaimRing& body) const { return inEpoch(body.epoch); }
  std::string operator()(const SetTitle& body) const { return " \"" + body.title + '"'; }
  std::string operator()(const AddCollaborator& body) const {
    return ' ' + body.user + " as " + std::string(nameOf(body.role));
  }
  std::string operator()(const SetRole& body) const {
    return ' ' + body.user + " as " + std::string(nameOf(body.role));
  }
  std::string operator()(const RemoveCollaborator& body) const { return ' ' + body.user; }
  std::string operator()(const RedactSegment& body) const { return ' ' + toText(body.segment); }
  std::string operator()(const CreateInvite& body) const {
    return ' ' + toText(body.invite) + " as " + std::string(nameOf(body.role)) +
           (body.user.empty() ? "" : " for " + body.user);
  }
  std::string operator()(const RevokeInvite& body) const { return ' ' + toText(body.invite); }
  std::string operator()(const AcceptInvite& body) const { return ' ' + toText(body.invite); }
  template <typename Empty>
  std::string operator()(const Empty& /*body*/) const {
    return {};
  }

  static std::string inEpoch(Epoch epoch) { return ", epoch " + std::to_string(epoch); }
};

}  // namespace

std::expected<DraftState, Rejection> findDraft(Store& store, const std::string& text) {
  const auto id = parseId<DraftId>(text);
  if (!id) {
    return std::unexpected(rejection(ErrorCode::idMalformed));
  }
  auto found = store.find({.drafts = {*id}, .ops = {}, .segments = {}});
  if (!found) {
    return std::unexpected(rejection(errorOf(found.error().fault), found.error().detail));
  }
  if (!found->drafts.front()) {
    return std::unexpected(rejection(ErrorCode::notFound, "There is no such draft in this store."));
  }
  return std::move(*found->drafts.front());
}

Exit exitFor(ErrorCode code) {
  switch (code) {
    case ErrorCode::idMalformed:
      return Exit::usage;
    case ErrorCode::notFound:
      return Exit::failed;
    default:
      return Exit::storage;
  }
}

StoreResult<Seq> readEntries(Store& store, const DraftId& draft, Seq end,
                             const std::function<void(const LogEntry&)>& take) {
  Seq count = 0;
  for (Seq seq = 0; seq < end;) {
    const auto entries = store.readLog(draft, seq, kReadBytes);
    if (!entries) {
      return std::unexpected(entries.error());
    }
    for (const LogEntry& entry : *entries) {
      if (entry.seq <= end) {
        take(entry);
        ++count;
      }
    }
    if (entries->empty() || entries->back().seq <= seq) {
      break;
    }
    seq = entries->back().seq;
  }
  return count;
}

StoreResult<std::uint32_t> readSegments(Store& store, const DraftId& draft, std::uint32_t end,
                                        const std::function<void(const Segment&)>& take) {
  std::uint32_t count = 0;
  while (count < end) {
    const auto segments = store.readSegments(draft, count, end, kReadBytes);
    if (!segments) {
      return std::unexpected(segments.error());
    }
    if (segments->empty()) {
      break;
    }
    for (const Segment& segment : *segments) {
      take(segment);
      ++count;
    }
  }
  return count;
}

StoreResult<std::uint32_t> readPasses(Store& store, const DraftId& draft, std::uint32_t end,
                                      const std::function<void(const RingPass&)>& take) {
  std::uint32_t count = 0;
  while (count < end) {
    const auto passes = store.readPasses(draft, count, std::min(kReadCount, end - count));
    if (!passes) {
      return std::unexpected(passes.error());
    }
    if (passes->empty()) {
      break;
    }
    for (const RingPass& pass : *passes) {
      take(pass);
      ++count;
    }
  }
  return count;
}

json::object toJson(const LogEntry& entry) {
  json::object object{{"seq", entry.seq},
                      {"op", opName(entry.op.body)},
                      {"id", toText(entry.op.id)},
                      {"actor", entry.op.actor},
                      {"actorDisplay", entry.actorDisplay},
                      {"device", toText(entry.op.device)},
                      {"authoredAt", timeText(entry.op.authoredAt)},
                      {"acceptedAt", timeText(entry.acceptedAt)},
                      {"rulesVersion", entry.rulesVersion}};
  std::visit(Fields{object}, entry.op.body);
  object["link"] = toHex(entry.link);
  return object;
}

std::string inWords(const Op& op) {
  return std::string(opName(op.body)) + std::visit(Words{}, op.body);
}

std::string_view nameOf(Role role) {
  switch (role) {
    case Role::viewer:
      return "viewer";
    case Role::editor:
      return "editor";
    case Role::owner:
      break;
  }
  return "owner";
}

std::string_view nameOf(DraftStatus status) {
  switch (status) {
    case DraftStatus::active:
      return "active";
    case DraftStatus::locked:
      return "locked";
    case DraftStatus::completed:
      break;
  }
  return "completed";
}

std::string_view nameOf(PassKind kind) {
  switch (kind) {
    case PassKind::created:
      return "created";
    case PassKind::passed:
      return "passed";
    case PassKind::reclaimed:
      return "reclaimed";
    case PassKind::removed:
      break;
  }
  return "removed";
}

}  // namespace onering::cli
