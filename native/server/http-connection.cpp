#include <array>
#include <ctime>
#include <exception>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/serializer.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>
#include <boost/beast/websocket/rfc6455.hpp>
#include <fcntl.h>
#include <unistd.h>

#include "onering/wire/codec.h"

#include "operations.h"
#include "transport.h"

namespace onering::server {

namespace {

namespace http = beast::http;
using boost::system::error_code;

template <typename T = void>
using Task = asio::awaitable<T, Executor>;
constexpr auto kAwait = asio::as_tuple(asio::use_awaitable_t<Executor>{});

// Whatever a handler throws is a defect: let it reach whoever runs the server.
void rethrow(std::exception_ptr fault) {
  if (fault) {
    std::rethrow_exception(fault);
  }
}

std::string httpDate() {
  const std::time_t now = std::time(nullptr);
  std::tm utc{};
  gmtime_r(&now, &utc);
  std::array<char, 64> text{};
  const std::size_t length = std::strftime(text.data(), text.size(), "%a, %d %b %Y %H:%M:%S GMT", &utc);
  return {text.data(), length};
}

template <typename Body>
http::response<Body> headOf(const HttpResponse& response, unsigned version, bool keepAlive) {
  http::response<Body> head{static_cast<http::status>(response.status), version};
  for (const auto& [name, value] : response.headers) {
    head.set(name, value);
  }
  head.set(http::field::date, httpDate());
  head.keep_alive(keepAlive);
  return head;
}

Task<bool> sendFile(TcpStream& stream, const HttpResponse& response, std::chrono::milliseconds patience) {
  constexpr std::size_t kChunkBytes = 65'536;
  const auto chunk = std::make_unique<std::array<char, kChunkBytes>>();
  std::uint64_t left = response.fileBytes;
  while (left > 0) {
    const std::size_t wanted = std::min<std::uint64_t>(left, kChunkBytes);
    const ssize_t got = ::read(response.file.descriptor(), chunk->data(), wanted);
    if (got <= 0) {  // the file has become shorter than announced: all that can be done is to break off
      co_return false;
    }
    left -= static_cast<std::uint64_t>(got);
    stream.expires_after(patience);
    const auto [failed, size] =
        co_await asio::async_write(stream, asio::buffer(chunk->data(), static_cast<std::size_t>(got)), kAwait);
    if (failed) {
      co_return false;
    }
  }
  co_return true;
}

// Whether the connection is still good for another request.
Task<bool> send(TcpStream& stream, HttpResponse response, const http::request<http::empty_body>& request,
                bool keepAlive, std::chrono::milliseconds patience) {
  stream.expires_after(patience);
  const bool bodyFollows = request.method() != http::verb::head && response.status != 304;
  if (bodyFollows && !response.file) {
    auto message = headOf<http::string_body>(response, request.version(), keepAlive);
    message.body() = std::move(response.body);
    message.prepare_payload();
    const auto [failed, size] = co_await http::async_write(stream, message, kAwait);
    co_return !failed && keepAlive;
  }
  auto head = headOf<http::empty_body>(response, request.version(), keepAlive);
  if (response.status != 304) {
    head.content_length(response.file ? response.fileBytes : response.body.size());
  }
  http::response_serializer<http::empty_body> serializer{head};
  const auto [failed, size] = co_await http::async_write_header(stream, serializer, kAwait);
  if (failed) {
    co_return false;
  }
  if (bodyFollows && !co_await sendFile(stream, response, patience)) {
    co_return false;
  }
  co_return keepAlive;
}

bool offers(std::string_view offered, std::string_view subprotocol) {
  for (const auto& one : http::token_list(offered)) {
    if (std::string_view(one) == subprotocol) {
      return true;
    }
  }
  return false;
}

bool isWebSocketKey(std::string_view key) {
  constexpr std::string_view kBase64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  return key.size() == 24 && key.ends_with("==") && key.find_first_not_of(kBase64) == 22;
}

// What is wrong with a request to become a WebSocket, if anything.
std::optional<HttpResponse> upgradeRefusal(const Transport& transport, const UpgradeRequest& request) {
  const std::string_view target = request.target();
  if (target.substr(0, target.find('?')) != "/sync") {
    return errorResponse(404, rejection(ErrorCode::notFound, "The sync protocol is spoken at /sync."));
  }
  const auto origin = request.find(http::field::origin);
  if (origin != request.end() && !transport.origins.allows(origin->value(), request[http::field::host])) {
    return errorResponse(403,
                         rejection(ErrorCode::notAllowed,
                                   "Pages of this origin may not connect. Name it to the server with --allow-origin."));
  }
  if (request[http::field::sec_websocket_version] != "13") {
    HttpResponse refusal =
        errorResponse(426, rejection(ErrorCode::upgradeRequired, "This server speaks WebSocket version 13."));
    refusal.headers.emplace_back("Sec-WebSocket-Version", "13");
    return refusal;
  }
  if (!isWebSocketKey(request[http::field::sec_websocket_key])) {
    return errorResponse(400, rejection(ErrorCode::protocolError, "Sec-WebSocket-Key is 16 bytes in base64."));
  }
  if (!offers(request[http::field::sec_websocket_protocol], kSubprotocol)) {
    return errorResponse(
        400, rejection(ErrorCode::upgradeRequired, "This server speaks the WebSocket subprotocol onering.1."));
  }
  return std::nullopt;
}

HttpResponse refusalFor(error_code failed) {
  if (failed == http::error::header_limit) {
    return errorResponse(431, rejection(ErrorCode::messageTooLarge, "The request's header is too long."));
  }
  return errorResponse(400, rejection(ErrorCode::protocolError, "This is not an HTTP/1.1 request."));
}

template <typename Parser>
bool bodyTooLong(const Parser& parser, std::size_t bytesMax) {
  return parser.content_length() && *parser.content_length() > bytesMax;
}

std::string_view tokenOf(const http::request_header<>& request, std::string_view name) {
  return request[name];
}

// What the API and the operators' pages need of a request. Points into it.
HttpRequest requestOf(const http::request_header<>& request, std::string_view body, std::string_view from) {
  return {.method = request.method_string(),
          .target = request.target(),
          .ifNoneMatch = request[http::field::if_none_match],
          .ifMatch = request[http::field::if_match],
          .authorization = request[http::field::authorization],
          .idempotencyKey = tokenOf(request, "Idempotency-Key"),
          .hasIdempotencyKey = request.find("Idempotency-Key") != request.end(),
          .requestId = tokenOf(request, "X-Request-Id"),
          .body = body,
          .from = from};
}

// A page may not use the API from another site, nor under another name of this machine in development mode, where a
// name is all that it takes to be someone.
std::optional<HttpResponse> originRefusal(const Transport& transport, const http::request_header<>& request) {
  const auto origin = request.find(http::field::origin);
  const std::string_view host = request[http::field::host];
  const bool foreign = origin != request.end() && !transport.origins.allows(origin->value(), host);
  if (!foreign && (!transport.loopbackNamesOnly || namesLoopback(host))) {
    return std::nullopt;
  }
  return errorResponse(rejection(ErrorCode::notAllowed, "Pages of this origin may not use the API."));
}

// Has the request answered by whoever answers later: `ask` is given a function that takes the answer.
template <typename Ask>
Task<HttpResponse> answered(TcpStream& stream, Ask ask) {
  using Token = asio::use_awaitable_t<Executor>;
  co_return co_await asio::async_initiate<const Token, void(HttpResponse)>(
      [&](auto handler) {
        // Posted, so that an answer that is there at once does not resume the coroutine inside its own suspension.
        const auto resume = std::make_shared<decltype(handler)>(std::move(handler));
        ask([resume, executor = stream.get_executor()](HttpResponse response) {
          asio::post(executor, [resume, response = std::move(response)]() mutable { (*resume)(std::move(response)); });
        });
      },
      Token{});
}

constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";

bool isHttpError(error_code failed) {
  return failed.category() == http::make_error_code(http::error::bad_method).category() &&
         failed != http::error::end_of_stream && failed != http::error::partial_message;
}

// Reads the body behind `header`, which is of no use afterwards, and has the request answered; false when the
// connection is of no more use.
Task<bool> converseWithApi(Transport& transport, TcpStream& stream, beast::flat_buffer& buffer,
                           http::request_parser<http::empty_body>& header, const std::string& from) {
  const bool keepAlive = header.get().keep_alive();
  http::request_parser<http::string_body> parser{std::move(header)};
  parser.body_limit(transport.bounds.bodyBytes);
  stream.expires_after(transport.timeouts.handshake);
  if (beast::iequals(parser.get()[http::field::expect], "100-continue")) {
    co_await asio::async_write(stream, asio::buffer(kContinue), kAwait);
  }
  const auto [failed, size] = co_await http::async_read(stream, buffer, parser, kAwait);
  const auto& request = parser.get();
  // Only the method and the version matter when it is sent.
  http::request<http::empty_body> head{request.method(), request.target(), request.version()};
  if (failed) {
    if (isHttpError(failed)) {
      HttpResponse response =
          failed == http::error::body_limit ? errorResponse(rejection(ErrorCode::messageTooLarge)) : refusalFor(failed);
      co_await send(stream, std::move(response), head, false, transport.timeouts.handshake);
    }
    co_return false;
  }
  stream.expires_never();
  const HttpRequest asked = requestOf(request, request.body(), from);
  HttpResponse response = co_await answered(stream, [&](auto done) { transport.api->answer(asked, std::move(done)); });
  co_return co_await send(stream, std::move(response), head, keepAlive, transport.timeouts.handshake);
}

std::string addressOf(const TcpStream& stream) {
  error_code failed;
  const auto from = stream.socket().remote_endpoint(failed);
  return failed ? std::string() : from.address().to_string();
}

Task<> converse(SharedTransport shared, TcpStream stream, Place place) {
  Transport& transport = *shared;
  const std::string from = addressOf(stream);
  beast::flat_buffer buffer;
  std::chrono::milliseconds patience = transport.timeouts.handshake;
  bool goOn = true;
  while (goOn && !transport.stopping) {
    http::request_parser<http::empty_body> parser;
    parser.header_limit(static_cast<std::uint32_t>(transport.bounds.headerBytes));
    parser.body_limit(boost::none);
    stream.expires_after(std::exchange(patience, transport.timeouts.keepAlive));
    transport.idleHttp.insert(&stream);
    const auto [failed, size] = co_await http::async_read_header(stream, buffer, parser, kAwait);
    transport.idleHttp.erase(&stream);
    const auto& request = parser.get();
    if (failed) {
      if (isHttpError(failed)) {
        co_await send(stream, refusalFor(failed), request, false, transport.timeouts.handshake);
      }
      break;
    }
    if (beast::websocket::is_upgrade(request)) {
      auto refusal = upgradeRefusal(transport, request);
      if (!refusal && !parser.is_done()) {
        refusal =
            errorResponse(400, rejection(ErrorCode::protocolError, "A request to become a WebSocket has no body."));
      }
      if (!refusal) {
        serveWebSocket(std::move(shared), std::move(stream), std::move(place), request);
        co_return;
      }
      // A body that is not read is not to be taken for the next request.
      goOn = co_await send(stream, std::move(*refusal), request, request.keep_alive() && parser.is_done(),
                           transport.timeouts.handshake);
      continue;
    }
    if (bodyTooLong(parser, transport.bounds.bodyBytes)) {
      co_await send(stream, errorResponse(413, rejection(ErrorCode::messageTooLarge)), request, false,
                    transport.timeouts.handshake);
      break;
    }
    const HttpRequest asked = requestOf(request, "", from);
    if (Api::isFor(asked.target) && !isForOperators(asked)) {
      if (auto refusal = originRefusal(transport, request)) {
        goOn = co_await send(stream, std::move(*refusal), request, request.keep_alive() && parser.is_done(),
                             transport.timeouts.handshake);
      } else {
        goOn = co_await converseWithApi(transport, stream, buffer, parser, from);
      }
      continue;
    }
    HttpResponse response;
    if (isForOperators(asked)) {
      stream.expires_never();
      response =
          co_await answered(stream, [&](auto done) { answerOperations(*transport.service, asked, std::move(done)); });
    } else {
      response = answerHttp(asked, transport.files ? &*transport.files : nullptr);
    }
    goOn = co_await send(stream, std::move(response), request, request.keep_alive() && parser.is_done(),
                         transport.timeouts.handshake);
  }
  error_code ignored;
  stream.socket().shutdown(asio::ip::tcp::socket::shutdown_send, ignored);
}

Task<> refuseForLackOfPlace(TcpStream stream, std::chrono::milliseconds patience, std::size_t headerBytes) {
  beast::flat_buffer buffer;
  http::request_parser<http::empty_body> parser;
  parser.header_limit(static_cast<std::uint32_t>(headerBytes));
  stream.expires_after(patience);
  const auto [failed, size] = co_await http::async_read_header(stream, buffer, parser, kAwait);
  if (!failed) {
    HttpResponse response =
        errorResponse(503, rejection(ErrorCode::unavailable, "Too many connections. Try again later."));
    response.headers.emplace_back("Retry-After", "5");
    co_await send(stream, std::move(response), parser.get(), false, patience);
  }
  error_code ignored;
  stream.socket().shutdown(asio::ip::tcp::socket::shutdown_send, ignored);
}

}  // namespace

std::optional<Place> Place::take(const SharedTransport& transport, const asio::ip::address& from) {
  const std::size_t perAddress = transport->bounds.connectionsPerAddress;
  if (transport->connections >= transport->bounds.connections) {
    return std::nullopt;
  }
  std::size_t& here = transport->connectionsFrom[from];
  if (perAddress != 0 && here >= perAddress) {
    return std::nullopt;
  }
  ++here;
  ++transport->connections;
  return Place(transport, from);
}

Place::~Place() {
  if (!transport_) {
    return;
  }
  --transport_->connections;
  const auto here = transport_->connectionsFrom.find(from_);
  if (--here->second == 0) {
    transport_->connectionsFrom.erase(here);
  }
  transport_->connectionGone();
}

void serveHttp(SharedTransport transport, TcpStream stream, Place place) {
  const Executor executor = stream.get_executor();
  asio::co_spawn(executor, converse(std::move(transport), std::move(stream), std::move(place)), rethrow);
}

void turnAway(SharedTransport transport, TcpStream stream) {
  const Executor executor = stream.get_executor();
  constexpr std::chrono::milliseconds kPatience{2'000};
  asio::co_spawn(executor, refuseForLackOfPlace(std::move(stream), kPatience, transport->bounds.headerBytes), rethrow);
}

}  // namespace onering::server
