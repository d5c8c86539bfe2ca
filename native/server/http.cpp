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

HttpResponse answerHttp(const HttpRequest& request, const StaticFiles* files) {
  if (request.method != "GET" && request.method != "HEAD") {
    HttpResponse response =
        errorResponse(405, rejection(ErrorCode::protocolError, "This server answers GET and HEAD here."));
    response.headers.emplace_back("Allow", "GET, HEAD");
    return response;
  }
  const std::string_view path = request.target.substr(0, request.target.find('?'));
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
