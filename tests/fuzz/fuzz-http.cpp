// Requests over HTTP, whose parts come from outside: method, target, two of its fields and the body. What is answered
// without a store is; the API's address, parameters and body are read as the API reads them.
#include "onering/domain/rules.h"

#include "api/json-in.h"
#include "api/query.h"
#include "api/route.h"
#include "fuzz.h"
#include "http.h"

namespace onering::fuzz {

namespace {

using namespace server;

HttpRequest requestOf(std::string_view input) {
  Pieces pieces(input);
  HttpRequest request;
  request.method = pieces.next().value_or("GET");
  request.target = pieces.next().value_or("/");
  request.ifNoneMatch = pieces.next().value_or("");
  request.body = pieces.next().value_or("");
  request.idempotencyKey = pieces.next().value_or("");
  return request;
}

void readParameters(const HttpRequest& request) {
  const auto query = Query::parse(request.target, {"after", "limit", "now", "from", "until", "type"}, "type");
  if (!query) return;
  static_cast<void>(query->read<Time>("now", Time::min(), parseTime));
  static_cast<void>(query->read<Time>("until", Time::max(), parseTime));
  static_cast<void>(query->read<std::uint64_t>("limit", 0, parseNumber));
  for (const std::string& type : query->all("type")) static_cast<void>(percentDecoded(type));
  const std::string after = query->get("after").value_or("");
  if (const auto key = parseDraftCursor(after)) {
    require(parseDraftCursor(cursorText(*key)) == key, "a cursor is read other than it is written");
  }
  if (const auto key = parseEventCursor(after)) {
    require(parseEventCursor(cursorText(*key)) == key, "a cursor is read other than it is written");
  }
}

// By every route, as the body does not know which one it came by.
void readOps(const HttpRequest& request) {
  const auto body = parseBody(request.body);
  if (!body) return;
  const DraftId draft{uuidV7(timeFromMs(1'700'000'000'000), std::array<std::uint8_t, 10>{1})};
  for (const Route& route : routes()) {
    const auto* handler = std::get_if<WriteHandler>(&route.handler);
    auto op = handler ? handler->read(*body) : std::unexpected(Rejection{});
    if (!op) continue;
    static_cast<void>(
        validate({.id = {}, .draft = draft, .actor = "ann", .device = {}, .authoredAt = {}, .body = *op}, Limits{}));
  }
}

}  // namespace

}  // namespace onering::fuzz

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace onering;
  const server::HttpRequest request = fuzz::requestOf(fuzz::viewOf(data, size));
  const server::HttpResponse response = server::answerHttp(request, nullptr);
  fuzz::require(response.status >= 200 && response.status < 600, "a status that there is not");
  std::string allow;
  const auto routed = server::routeOf(request.method, server::pathOf(request.target), allow);
  fuzz::require(routed || server::statusOf(routed.error().code) >= 400, "an address that is not answered");
  fuzz::readParameters(request);
  fuzz::readOps(request);
  return 0;
}
