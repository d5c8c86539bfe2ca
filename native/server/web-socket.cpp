#include <utility>

#include <boost/beast/websocket/rfc6455.hpp>
#include <boost/beast/websocket/stream.hpp>

#include "onering/wire/codec.h"

#include "transport.h"

namespace onering::server {

namespace {

namespace websocket = beast::websocket;

// No permessage-deflate: compressing secrets together with what others wrote tells about them.
using Stream = websocket::stream<TcpStream, false>;
using boost::system::error_code;

// One session's connection. Held by its session, and by each operation on its socket that is under way.
class WebSocketChannel final : public Channel, public std::enable_shared_from_this<WebSocketChannel> {
 public:
  WebSocketChannel(SharedTransport transport, TcpStream stream, Place place)
      : transport_(std::move(transport)), place_(std::move(place)), stream_(std::move(stream)) {}

  void start(const UpgradeRequest& request) {
    beast::get_lowest_layer(stream_).expires_never();  // the WebSocket has its own timeouts
    setPatience(transport_->timeouts.handshake);
    stream_.set_option(websocket::stream_base::decorator([](websocket::response_type& response) {
      response.set(beast::http::field::sec_websocket_protocol, kSubprotocol);
      response.erase(beast::http::field::server);
    }));
    stream_.read_message_max(transport_->messageBytes);
    stream_.auto_fragment(false);
    stream_.binary(true);
    stream_.async_accept(request, [self = shared_from_this()](error_code failed) {
      if (!failed && !self->transport_->stopping) {
        self->session_ = self->transport_->service->opened(self);
        self->read();
      }
    });
  }

  void wake() override {
    if (!writing_) {
      write();
    }
  }

  void readOn() override {
    asio::post(stream_.get_executor(), [self = shared_from_this()] { self->read(); });
  }

  void finish(CloseReason why) override {
    farewell_ = why;
    wake();
  }

 private:
  void read() {
    if (reading_ || !session_ || !transport_->service->mayRead(*session_)) {
      return;
    }
    reading_ = true;
    stream_.async_read(buffer_,
                       [self = shared_from_this()](error_code failed, std::size_t) { self->received(failed); });
  }

  void received(error_code failed) {
    reading_ = false;
    if (failed || !session_) {
      gone();
      return;
    }
    if (stream_.got_binary()) {
      const auto bytes = buffer_.cdata();
      transport_->service->received(*session_, {static_cast<const char*>(bytes.data()), bytes.size()});
    } else {
      transport_->service->refused(*session_, rejection(ErrorCode::protocolError, "Messages are binary frames."));
    }
    buffer_.clear();
    if (buffer_.capacity() > kBufferBytesKept) {
      buffer_.shrink_to_fit();
    }
    read();
  }

  void write() {
    SharedBytes message = session_ ? transport_->service->outgoing(*session_).next() : nullptr;
    if (!message) {
      if (farewell_) {
        close();
      }
      return;
    }
    writing_ = true;
    const auto buffer = asio::buffer(*message);
    stream_.async_write(buffer, [self = shared_from_this(), message = std::move(message)](
                                    error_code failed, std::size_t) { self->written(failed); });
  }

  void written(error_code failed) {
    writing_ = false;
    if (failed || !session_) {
      gone();
      return;
    }
    transport_->service->written(*session_);
    wake();
  }

  // `handshake`: for the one that opens or closes the connection.
  void setPatience(std::chrono::milliseconds handshake) {
    stream_.set_option(websocket::stream_base::timeout{
        .handshake_timeout = handshake, .idle_timeout = transport_->timeouts.idle, .keep_alive_pings = true});
  }

  void close() {
    if (std::exchange(closing_, true)) {
      return;
    }
    writing_ = true;
    setPatience(transport_->timeouts.farewell);
    const auto code = static_cast<websocket::close_code>(*farewell_);
    stream_.async_close(code, [self = shared_from_this()](error_code) { self->gone(); });
  }

  void gone() {
    if (session_) {
      transport_->service->closed(*std::exchange(session_, std::nullopt));
    }
    beast::get_lowest_layer(stream_).close();
  }

  static constexpr std::size_t kBufferBytesKept = 16'384;

  SharedTransport transport_;
  Place place_;
  Stream stream_;
  beast::flat_buffer buffer_;
  std::optional<SessionId> session_;
  std::optional<CloseReason> farewell_;
  bool reading_ = false;
  bool writing_ = false;
  bool closing_ = false;
};

}  // namespace

void serveWebSocket(SharedTransport transport, TcpStream stream, Place place, const UpgradeRequest& request) {
  std::make_shared<WebSocketChannel>(std::move(transport), std::move(stream), std::move(place))->start(request);
}

}  // namespace onering::server
