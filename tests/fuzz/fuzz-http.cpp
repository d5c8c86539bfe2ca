// Requests over HTTP, whose parts come from outside: target, and what the answer makes of it.
#include "fuzz.h"
#include "http.h"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace onering;
  fuzz::Pieces pieces(fuzz::viewOf(data, size));
  server::HttpRequest request;
  request.method = pieces.next().value_or("GET");
  request.target = pieces.next().value_or("/");
  request.ifNoneMatch = pieces.next().value_or("");
  request.body = pieces.next().value_or("");
  static_cast<void>(server::pathOf(request.target));
  const server::HttpResponse response = server::answerHttp(request, nullptr);
  fuzz::require(response.status >= 200 && response.status < 600, "a status that there is not");
  return 0;
}
