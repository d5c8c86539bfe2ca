#include "route.h"

#include <array>

#include "json-in.h"

namespace onering::server {

namespace {

const std::array kRoutes{
    Route{"GET", "/api/drafts", listDrafts},
    Route{"POST", "/api/drafts", WriteHandler{readOp<CreateDraft>, 201}},
    Route{"GET", "/api/drafts/{draft}", readDraft},
    Route{"PATCH", "/api/drafts/{draft}", WriteHandler{readOp<SetTitle>, 200}},
    Route{"DELETE", "/api/drafts/{draft}", WriteHandler{readOp<DeleteDraft>, 200}},
    Route{"POST", "/api/drafts/{draft}/restore", WriteHandler{readOp<RestoreDraft>, 200}},
    Route{"POST", "/api/drafts/{draft}/lock", WriteHandler{readOp<Lock>, 200}},
    Route{"POST", "/api/drafts/{draft}/unlock", WriteHandler{readOp<Unlock>, 200}},
    Route{"POST", "/api/drafts/{draft}/complete", WriteHandler{readOp<Complete>, 200}},
    Route{"GET", "/api/drafts/{draft}/segments", readSegments},
    Route{"POST", "/api/drafts/{draft}/segments", WriteHandler{readOp<AppendSegment>, 201}},
    Route{"POST", "/api/drafts/{draft}/segments/{segment}/redact", WriteHandler{readOp<RedactSegment>, 200}},
    Route{"GET", "/api/drafts/{draft}/ring", readRing},
    Route{"GET", "/api/drafts/{draft}/ring/history", readRingHistory},
    Route{"POST", "/api/drafts/{draft}/ring/pass", WriteHandler{readOp<PassRing>, 200}},
    Route{"POST", "/api/drafts/{draft}/ring/request", WriteHandler{readOp<RequestRing>, 200}},
    Route{"POST", "/api/drafts/{draft}/ring/cancel", WriteHandler{readOp<CancelRequest>, 200}},
    Route{"POST", "/api/drafts/{draft}/ring/reclaim", WriteHandler{readOp<ReclaimRing>, 200}},
    Route{"GET", "/api/drafts/{draft}/collaborators", readCollaborators},
    Route{"POST", "/api/drafts/{draft}/collaborators", WriteHandler{readOp<AddCollaborator>, 201}},
    Route{"PUT", "/api/drafts/{draft}/collaborators/{user}", WriteHandler{readOp<SetRole>, 200}},
    Route{"DELETE", "/api/drafts/{draft}/collaborators/{user}", WriteHandler{readOp<RemoveCollaborator>, 200}},
    Route{"POST", "/api/drafts/{draft}/invites", WriteHandler{readOp<CreateInvite>, 201}},
    Route{"DELETE", "/api/drafts/{draft}/invites/{invite}", WriteHandler{readOp<RevokeInvite>, 200}},
    Route{"POST", "/api/drafts/{draft}/invites/{invite}/accept", WriteHandler{readOp<AcceptInvite>, 200}},
    Route{"GET", "/api/drafts/{draft}/events", readDraftEvents},
    Route{"POST", "/api/drafts/{draft}/views", recordView},
    Route{"GET", "/api/me/events", readOwnEvents},
};

// Takes the next part off the path: what stands before the next slash.
std::string_view takePart(std::string_view& path) {
  const std::string_view part = path.substr(0, path.find('/'));
  path.remove_prefix(std::min(part.size() + 1, path.size()));
  return part;
}

// Keeps what stands in the path for `name`. False: it cannot be that.
bool keep(std::string_view name, std::string_view part, PathValues& values) {
  if (name == "{draft}") {
    values.draft = parseId<DraftId>(part);
    return values.draft.has_value();
  }
  if (name == "{segment}") {
    values.segment = parseId<SegmentId>(part);
    return values.segment.has_value();
  }
  if (name == "{invite}") {
    values.invite = parseId<InviteId>(part);
    return values.invite.has_value();
  }
  values.user = percentDecoded(part);
  return values.user.has_value();
}

enum class Match { no, malformed, yes };

Match match(std::string_view pattern, std::string_view path, PathValues& values) {
  bool wellFormed = true;
  if (std::ranges::count(pattern, '/') != std::ranges::count(path, '/')) {
    return Match::no;
  }
  while (!pattern.empty()) {
    const std::string_view wanted = takePart(pattern);
    const std::string_view part = takePart(path);
    if (wanted.starts_with('{')) {
      wellFormed = keep(wanted, part, values) && wellFormed;
    } else if (wanted != part) {
      return Match::no;
    }
  }
  return wellFormed ? Match::yes : Match::malformed;
}

}  // namespace

std::span<const Route> routes() {
  return kRoutes;
}

std::expected<Routed, Rejection> routeOf(std::string_view method, std::string_view path, std::string& allow) {
  if (method == "HEAD") {
    method = "GET";
  }
  bool malformed = false;
  for (const Route& route : kRoutes) {
    Routed routed{&route, {}};
    const Match matched = match(route.pattern, path, routed.path);
    malformed = malformed || matched == Match::malformed;
    if (matched == Match::no) {
      continue;
    }
    if (route.method == method && matched == Match::yes) {
      return routed;
    }
    allow += (allow.empty() ? "" : ", ") + std::string(route.method);
  }
  if (malformed) {
    return std::unexpected(rejection(ErrorCode::idMalformed));
  }
  if (!allow.empty()) {
    return std::unexpected(rejection(ErrorCode::protocolError, "This address knows other methods: " + allow + "."));
  }
  return std::unexpected(rejection(ErrorCode::notFound, "There is nothing at this address."));
}

}  // namespace onering::server
