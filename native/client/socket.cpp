#include "socket.h"

#include <deque>
#include <utility>

#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/host_name_verification.hpp>
#include <boost/beast/core/basic_stream.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/ssl/ssl_stream.hpp>
#include <boost/beast/websocket/ssl.hpp>
#include <boost/beast/websocket/stream.hpp>

#include "onering/wire/codec.h"

namespace onering::client {

namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace websocket = beast::websocket;
using asio::ip::tcp;
using boost::system::error_code;

using TcpStream = beast::basic_stream<tcp, asio::io_context::executor_type>;
using TlsStream = beast::ssl_stream<TcpStream>;

// Trusts whom the machine trusts.
asio::ssl::context& tlsContext() {
  static asio::ssl::context context = [] {
    asio::ssl::context fresh(asio::ssl::context::tls_client);
    fresh.set_default_verify_paths();
    fresh.set_verify_mode(asio::ssl::verify_peer);
    return fresh;
  }();
  return context;
}

Rejection unavailable(std::string_view what, error_code failed) {
  return rejection(ErrorCode::unavailable, std::string(what) + ": " + failed.message());
}

// Why the server would not speak WebSocket with us.
Rejection declined(unsigned status) {
  switch (status) {
    case 400:
    case 426:
      return rejection(ErrorCode::upgradeRequired);
    case 401:
      return rejection(ErrorCode::unauthenticated);
    case 403:
      return rejection(ErrorCode::notAllowed, "The server does not accept this origin.");
    case 404:
      return rejection(ErrorCode::notFound, "There is no OneRing server at this address.");
    default:
      return rejection(ErrorCode::unavailable, "The server answered with HTTP status " + std::to_string(status) + ".");
  }
}

template <typename NextLayer>
class WebSocket final : public Socket, public std::enable_shared_from_this<WebSocket<NextLayer>> {
 public:
  template <typename... LayerArguments>
  WebSocket(asio::io_context& context, SocketOptions options, SocketEvents events, LayerArguments&&... layer)
      : options_(std::move(options)),
        events_(std::move(events)),
        resolver_(context),
        stream_(std::forward<LayerArguments>(layer)...) {}

  void start() {
    resolver_.async_resolve(
        options_.url.host, options_.url.port, tcp::resolver::numeric_service,
        [self = this->shared_from_this()](error_code failed, const tcp::resolver::results_type& found) {
          self->resolved(failed, found);
        });
  }

  void send(std::string message) override {
    if (closing_ || ended_) {
      return;
    }
    queue_.push_back(std::move(message));
    write();
  }

  void close() override {
    closing_ = true;
    if (!open_) {
      end(rejection(ErrorCode::unavailable, "Closed."));
    } else {
      write();
    }
  }

  void abandon() override {
    ended_ = true;
    // Perhaps one of them is calling: they go later.
    asio::post(stream_.get_executor(), [events = std::exchange(events_, {})] {});
    resolver_.cancel();
    beast::get_lowest_layer(stream_).close();
  }

 private:
  void resolved(error_code failed, const tcp::resolver::results_type& found) {
    if (ended_ || failed) {
      return end(unavailable("The server's name is not known", failed));
    }
    auto& tcpStream = beast::get_lowest_layer(stream_);
    tcpStream.expires_after(options_.handshake);
    tcpStream.async_connect(
        found, [self = this->shared_from_this()](error_code error, const tcp::endpoint&) { self->connected(error); });
  }

  void connected(error_code failed) {
    if (ended_ || failed) {
      return end(unavailable("Cannot connect", failed));
    }
    beast::get_lowest_layer(stream_).socket().set_option(tcp::no_delay(true), failed);
    if constexpr (std::is_same_v<NextLayer, TlsStream>) {
      auto& tls = stream_.next_layer();
      SSL_set_tlsext_host_name(tls.native_handle(), options_.url.host.c_str());
      tls.set_verify_callback(asio::ssl::host_name_verification(options_.url.host));
      tls.async_handshake(asio::ssl::stream_base::client,
                          [self = this->shared_from_this()](error_code error) { self->secured(error); });
    } else {
      secured({});
    }
  }

  void secured(error_code failed) {
    if (ended_ || failed) {
      return end(unavailable("TLS", failed));
    }
    beast::get_lowest_layer(stream_).expires_never();
    stream_.set_option(websocket::stream_base::timeout{
        .handshake_timeout = options_.handshake, .idle_timeout = options_.idle, .keep_alive_pings = true});
    stream_.set_option(websocket::stream_base::decorator([](websocket::request_type& request) {
      request.set(beast::http::field::sec_websocket_protocol, kSubprotocol);
    }));
    stream_.read_message_max(options_.messageBytesMax);
    stream_.auto_fragment(false);
    stream_.binary(true);
    stream_.async_handshake(response_, options_.url.authority(), options_.url.path,
                            [self = this->shared_from_this()](error_code error) { self->upgraded(error); });
  }

  void upgraded(error_code failed) {
    if (failed == websocket::error::upgrade_declined) {
      return end(declined(response_.result_int()));
    }
    if (ended_ || failed) {
      return end(unavailable("The WebSocket handshake failed", failed));
    }
    if (response_[beast::http::field::sec_websocket_protocol] != kSubprotocol) {
      return end(rejection(ErrorCode::upgradeRequired));
    }
    response_ = {};
    open_ = true;
    read();
    if (events_.opened) {
      events_.opened();
    }
    write();
  }

  void read() {
    stream_.async_read(buffer_,
                       [self = this->shared_from_this()](error_code failed, std::size_t) { self->received(failed); });
  }

  void received(error_code failed) {
    if (ended_ || failed) {
      return end(whyClosed(failed));
    }
    const auto bytes = buffer_.cdata();
    if (events_.message) {
      events_.message({static_cast<const char*>(bytes.data()), bytes.size()});
    }
    buffer_.clear();
    if (buffer_.capacity() > kBufferBytesKept) {
      buffer_.shrink_to_fit();
    }
    read();
  }

  Rejection whyClosed(error_code failed) const {
    if (failed == websocket::error::closed && stream_.reason().code == websocket::close_code::too_big) {
      return rejection(ErrorCode::messageTooLarge);
    }
    return unavailable("The connection was closed", failed);
  }

  void write() {
    if (!open_ || writing_ || ended_) {
      return;
    }
    if (!queue_.empty()) {
      writing_ = true;
      stream_.async_write(asio::buffer(queue_.front()),
                          [self = this->shared_from_this()](error_code failed, std::size_t) { self->written(failed); });
    } else if (closing_) {
      writing_ = true;
      stream_.async_close(websocket::close_code::normal, [self = this->shared_from_this()](error_code) {
        self->end(rejection(ErrorCode::unavailable, "Closed."));
      });
    }
  }

  void written(error_code failed) {
    writing_ = false;
    if (ended_ || failed) {
      return end(whyClosed(failed));
    }
    queue_.pop_front();
    write();
  }

  void end(Rejection why) {
    if (std::exchange(ended_, true)) {
      return;
    }
    beast::get_lowest_layer(stream_).close();
    auto closed = std::exchange(events_, {}).closed;
    if (closed) {
      asio::post(stream_.get_executor(), [closed = std::move(closed), why = std::move(why)] { closed(why); });
    }
  }

  static constexpr std::size_t kBufferBytesKept = 16'384;

  SocketOptions options_;
  SocketEvents events_;
  tcp::resolver resolver_;
  websocket::stream<NextLayer, false> stream_;
  websocket::response_type response_;
  beast::flat_buffer buffer_;
  std::deque<std::string> queue_;
  bool open_ = false;
  bool writing_ = false;
  bool closing_ = false;
  bool ended_ = false;
};

}  // namespace

std::shared_ptr<Socket> Socket::connect(asio::io_context& context, SocketOptions options, SocketEvents events) {
  if (options.url.tls) {
    auto socket = std::make_shared<WebSocket<TlsStream>>(context, std::move(options), std::move(events),
                                                         TcpStream(context.get_executor()), tlsContext());
    socket->start();
    return socket;
  }
  auto socket =
      std::make_shared<WebSocket<TcpStream>>(context, std::move(options), std::move(events), context.get_executor());
  socket->start();
  return socket;
}

}  // namespace onering::client
