#include "http.h"

#include <unistd.h>

#include "json.h"
#include "static-files.h"

namespace onering::server {

FileHandle::~FileHandle() {
  if (descriptor_ >= 0) {
    ::close(descriptor_);
  }
}

HttpResponse jsonResponse(unsigned status, std::string body) {
  return {.status = status,
          .headers = {{"Content-Type", "application/json"},
                      {"Cache-Control", "no-store"},
                      {"X-Content-Type-Options", "nosniff"},
                      {"Referrer-Policy", "no-referrer"}},
          .body = std::move(body),
          .file = {}};
}

HttpResponse errorResponse(unsigned status, const Rejection& why) {
  return jsonResponse(status, R"({"error":{"code":)" + jsonString(errorName(why.code)) + R"(,"message":)" +
                                  jsonString(why.message) + "}}\n");
}

unsigned statusOf(ErrorCode code) {
  switch (code) {
    case ErrorCode::idMalformed:
    case ErrorCode::protocolError:
      return 400;
    case ErrorCode::unauthenticated:
    case ErrorCode::tokenExpired:
      return 401;
    case ErrorCode::notRingHolder:
    case ErrorCode::notOwner:
    case ErrorCode::notAllowed:
    case ErrorCode::quotaExceeded:
      return 403;
    case ErrorCode::notFound:
    case ErrorCode::inviteInvalid:
      return 404;
    case ErrorCode::staleEpoch:
    case ErrorCode::alreadyHolder:
    case ErrorCode::alreadyMember:
    case ErrorCode::draftLocked:
    case ErrorCode::draftCompleted:
    case ErrorCode::idTaken:
    case ErrorCode::divergence:
      return 409;
    case ErrorCode::draftDeleted:
    case ErrorCode::inviteExpired:
    case ErrorCode::inviteUsed:
      return 410;
    case ErrorCode::staleVersion:
      return 412;
    case ErrorCode::messageTooLarge:
      return 413;
    case ErrorCode::invalidRecipient:
    case ErrorCode::titleInvalid:
    case ErrorCode::contentEmpty:
    case ErrorCode::contentTooLong:
    case ErrorCode::invalidText:
    case ErrorCode::idempotencyKeyReused:
      return 422;
    case ErrorCode::upgradeRequired:
      return 426;
    case ErrorCode::rateLimited:
      return 429;
    case ErrorCode::storageUnavailable:
    case ErrorCode::unavailable:
      return 503;
    case ErrorCode::storageFull:
      return 507;
    case ErrorCode::internal:
      break;
  }
  return 500;
}

HttpResponse errorResponse(const Rejection& why) {
  HttpResponse response = errorResponse(statusOf(why.code), why);
  if (response.status == 401) {
    response.headers.emplace_back("WWW-Authenticate", "Bearer");
  } else if (response.status == 429 || response.status == 503) {
    response.headers.emplace_back("Retry-After", "1");
  }
  return response;
}

std::string_view pathOf(std::string_view target) {
  return target.substr(0, target.find('?'));
}

HttpResponse answerHttp(const HttpRequest& request, const StaticFiles* files) {
  if (request.method != "GET" && request.method != "HEAD") {
    HttpResponse response =
        errorResponse(405, rejection(ErrorCode::protocolError, "This server answers GET and HEAD here."));
    response.headers.emplace_back("Allow", "GET, HEAD");
    return response;
  }
  const std::string_view path = pathOf(request.target);
  if (path == "/healthz") {
    return jsonResponse(200, R"({"ok":true,"version":")" ONERING_VERSION "\"}\n");
  }
  if (path == "/sync") {
    HttpResponse response = errorResponse(
        426, rejection(ErrorCode::protocolError, "This address speaks WebSocket, subprotocol onering.1."));
    response.headers.emplace_back("Upgrade", "websocket");
    return response;
  }
  if (files) {
    return files->answer(request);
  }
  return errorResponse(404, rejection(ErrorCode::notFound, "There is nothing at this address."));
}

}  // namespace onering::server
