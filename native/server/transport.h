// What the two kinds of connection share. The only header here that includes Beast: few files include it.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/basic_stream.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/message.hpp>

#include "address.h"
#include "api/api.h"
#include "static-files.h"
#include "sync-service.h"

namespace onering::server {

namespace asio = boost::asio;
namespace beast = boost::beast;

using Executor = asio::io_context::executor_type;
using TcpStream = beast::basic_stream<asio::ip::tcp, Executor>;
using UpgradeRequest = beast::http::request<beast::http::empty_body>;

// What every connection needs; they share it. Used on the server's thread.
struct Transport {
  SyncService* service = nullptr;  // there as long as the thread runs
  Api* api = nullptr;              // the same
  std::optional<StaticFiles> files;
  OriginPolicy origins;
  ServerBounds bounds;
  ServerTimeouts timeouts;
  std::uint32_t messageBytes = 0;
  bool loopbackNamesOnly = false;  // HTTP's API believes every name: only under names of this machine
  Journal log;
  bool stopping = false;

  std::vector<char> readBuffer = std::vector<char>(65'536);  // what WebSockets read goes through here
  std::size_t connections = 0;
  std::map<asio::ip::address, std::size_t> connectionsFrom;
  std::set<TcpStream*> idleHttp;         // without a request in work: closed at once when the server stops
  std::function<void()> connectionGone;  // called after each
};
using SharedTransport = std::shared_ptr<Transport>;

// One connection's place within the bounds, for as long as it lives.
class Place {
 public:
  // Nothing: there is none.
  [[nodiscard]] static std::optional<Place> take(const SharedTransport& transport, const asio::ip::address& from);

  ~Place();
  Place(const Place&) = delete;
  Place& operator=(const Place&) = delete;
  Place(Place&&) noexcept = default;
  Place& operator=(Place&&) = delete;

 private:
  Place(SharedTransport transport, const asio::ip::address& from) : transport_(std::move(transport)), from_(from) {}

  SharedTransport transport_;  // null once moved from
  asio::ip::address from_;
};

// Takes the connection over, for as long as it lasts.
void serveHttp(SharedTransport transport, TcpStream stream, Place place);

// Answers one request with 503, then closes; there is no place for this connection.
void turnAway(SharedTransport transport, TcpStream stream);

// Takes over a connection whose upgrade request has been checked.
void serveWebSocket(SharedTransport transport, TcpStream stream, Place place, const UpgradeRequest& request);

}  // namespace onering::server
