// A session's connection: one WebSocket, by hand on its TCP socket.
//
// Most of what a server of many readers does is to write the same few bytes to very many sockets, and most of what
// it keeps is connections that do nothing. So a message is sent straight away, with one system call, and only what
// the kernel does not take waits; and a connection at rest has no buffer: all read into one of the transport's.
#include <array>
#include <cerrno>
#include <utility>

#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/post.hpp>
#include <openssl/evp.h>
#include <openssl/sha.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "onering/wire/codec.h"

#include "transport.h"
#include "web-socket-frames.h"

namespace onering::server {

namespace {

using boost::system::error_code;
using Clock = std::chrono::steady_clock;
using Socket = asio::basic_stream_socket<asio::ip::tcp, Executor>;
using Timer = asio::basic_waitable_timer<Clock, asio::wait_traits<Clock>, Executor>;

// RFC 6455 §4.2.2: shows that who answers has understood the request.
std::string acceptanceOf(std::string_view key) {
  const std::string text = std::string(key) + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
  std::array<unsigned char, SHA_DIGEST_LENGTH> digest{};
  ::SHA1(reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest.data());
  std::array<unsigned char, 4 * (SHA_DIGEST_LENGTH + 2) / 3 + 1> base64{};
  const int size = ::EVP_EncodeBlock(base64.data(), digest.data(), digest.size());
  return {reinterpret_cast<const char*>(base64.data()), static_cast<std::size_t>(size)};
}

std::string upgradeResponse(const UpgradeRequest& request) {
  const std::string_view key = request[beast::http::field::sec_websocket_key];
  return "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: " +
         acceptanceOf(key) + "\r\nSec-WebSocket-Protocol: " + std::string(kSubprotocol) + "\r\n\r\n";
}

// Held by its session, and by each operation on its socket that is under way.
//
//   open ──── finish(), a fault, the client's close ───> closing ──── the client's end, or too long ───> gone
//        session                                 says farewell, reads and discards             socket closed
class WebSocketChannel final : public Channel, public std::enable_shared_from_this<WebSocketChannel> {
 public:
  WebSocketChannel(SharedTransport transport, TcpStream stream, Place place)
      : transport_(std::move(transport)),
        place_(std::move(place)),
        socket_(stream.release_socket()),
        timer_(socket_.get_executor()),
        frames_(transport_->messageBytes) {}

  void start(const UpgradeRequest& request) {
    const std::string response = upgradeResponse(request);
    error_code failed;
    socket_.non_blocking(true, failed);
    // The first bytes on this connection: there is room for them, or there is something wrong with it.
    if (failed || socket_.write_some(asio::buffer(response), failed) != response.size() || transport_->stopping) {
      return;
    }
    heard_ = Clock::now();
    session_ = transport_->service->opened(shared_from_this());
    watch();
    read();
  }

  void wake() override {
    if (!writing_) {
      write();
    }
  }

  void readOn() override {
    asio::post(socket_.get_executor(), [self = shared_from_this()] {
      if (!self->reading_) {
        self->take({});
      }
    });
  }

  void finish(CloseReason why) override {
    if (!farewell_) {
      farewell_ = why;
    }
    wake();
  }

 private:
  // --- reading ---

  void read() {
    if (reading_ || !socket_.is_open() || (session_ && !transport_->service->mayRead(*session_))) {
      return;
    }
    reading_ = true;
    socket_.async_wait(Socket::wait_read, [self = shared_from_this()](error_code failed) { self->readable(failed); });
  }

  void readable(error_code failed) {
    reading_ = false;
    std::vector<char>& buffer = transport_->readBuffer;
    const std::size_t got = failed ? 0 : socket_.read_some(asio::buffer(buffer), failed);
    if (failed && failed != asio::error::would_block) {
      gone();
      return;
    }
    if (got > 0 && !farewell_) {
      heard_ = Clock::now();
      pinged_ = false;
    }
    if (!session_) {
      discarded_ += got;
      if (discarded_ > kDiscardedBytesMax) {
        return;  // enough of it; the timer ends this
      }
    }
    take(std::span(buffer).first(got));
  }

  // Handles what has come, as far as it is whole and the session has room; the rest waits.
  void take(std::span<char> fresh) {
    if (rest_.empty()) {
      const auto left = handle(fresh);
      rest_.assign(left.data(), left.size());
    } else {
      rest_.append(fresh.data(), fresh.size());
      const auto left = handle(rest_);
      rest_.erase(0, rest_.size() - left.size());
      if (rest_.empty() && rest_.capacity() > kRestBytesKept) {
        rest_ = {};
      }
    }
    if (pong_) {
      wake();
    }
    read();
  }

  // What is left of the bytes. Nothing once the session has ended.
  std::span<char> handle(std::span<char> bytes) {
    while (session_ && transport_->service->mayRead(*session_)) {
      const auto event = frames_.next(bytes);
      if (!event) {
        end(event.error());
      } else if (std::holds_alternative<FrameReader::Incomplete>(*event)) {
        break;
      } else {
        std::visit([this](const auto& which) { happen(which); }, *event);
      }
    }
    return session_ ? bytes : std::span<char>();
  }

  void happen(const FrameReader::Message& message) {
    if (message.binary) {
      transport_->service->received(*session_, message.bytes);
    } else {
      transport_->service->refused(*session_, rejection(ErrorCode::protocolError, "Messages are binary frames."));
    }
  }
  void happen(const FrameReader::Ping& ping) {
    pong_ = ping.payload;  // only the last of several that come at once needs an answer: take() sees to it
  }
  void happen(const FrameReader::Close& /*close*/) { end(CloseReason::normal); }
  void happen(const FrameReader::Pong& /*pong*/) {}
  void happen(const FrameReader::Incomplete& /*incomplete*/) {}

  // --- writing ---

  // Sends what there is to send until the kernel takes no more. `writing_`: under way, or waiting for it.
  void write() {
    writing_ = true;
    bool more = true;
    while (more && socket_.is_open()) {
      more = current_ ? sendCurrent() : sendWaiting();
    }
    if (!blocked_) {
      writing_ = false;
    }
  }

  // What comes next: control frames, which may come between messages, then messages, last of all the farewell. False:
  // there is nothing, or the kernel takes no more.
  bool sendWaiting() {
    if (farewellSaid_) {
      return false;
    }
    if (pong_) {
      setCurrent(Opcode::pong, std::make_shared<const std::string>(*std::exchange(pong_, std::nullopt)));
      return sendCurrent();
    }
    if (std::exchange(pingDue_, false)) {
      setCurrent(Opcode::ping, std::make_shared<const std::string>());
      return sendCurrent();
    }
    if (session_ && !transport_->service->outgoing(*session_).empty()) {
      return sendMessages(transport_->service->outgoing(*session_));
    }
    if (farewell_) {
      current_ = std::make_shared<const std::string>(closeFrame(*farewell_));
      header_ = {};
      farewellSaid_ = true;
      return sendCurrent();
    }
    return false;
  }

  void setCurrent(Opcode opcode, SharedBytes payload) {
    header_ = FrameHeader(opcode, payload->size());
    current_ = std::move(payload);
  }

  // Several at once: a system call costs more than what it writes. What of it the kernel does not take becomes the
  // current frame.
  bool sendMessages(const Outgoing& outgoing) {
    std::array<FrameHeader, kMessagesAtOnce> headers;
    std::array<iovec, 2 * kMessagesAtOnce> parts{};
    std::size_t count = 0;
    for (; count < kMessagesAtOnce && outgoing.waiting(count); ++count) {
      const std::string& message = **outgoing.waiting(count);
      headers[count] = FrameHeader(Opcode::binary, message.size());
      parts[2 * count] = partOf(headers[count].bytes());
      parts[2 * count + 1] = partOf(message);
    }
    auto sent = sendParts(std::span(parts).first(2 * count));
    for (std::size_t i = 0; i < count && sent; ++i) {
      const std::size_t size = parts[2 * i].iov_len + parts[2 * i + 1].iov_len;
      if (*sent < size) {
        beginFirst(*sent);
        return true;
      }
      *sent -= size;
      transport_->service->written(*session_);
    }
    return sent.has_value();
  }

  // The first message is on its way, so many bytes of it and its header have gone.
  void beginFirst(std::size_t sent) {
    Outgoing& outgoing = transport_->service->outgoing(*session_);
    outgoing.begun();
    setCurrent(Opcode::binary, *outgoing.waiting(0));
    sent_ = sent;
    ofSession_ = true;
  }

  bool sendCurrent() {
    const std::string_view header = header_.bytes();
    const std::size_t ofHeader = std::min(sent_, header.size());
    std::array parts{partOf(header.substr(ofHeader)), partOf(std::string_view(*current_).substr(sent_ - ofHeader))};
    const auto sent = sendParts(parts);
    if (!sent) {
      return false;
    }
    sent_ += *sent;
    if (sent_ < header.size() + current_->size()) {
      return true;
    }
    current_.reset();
    sent_ = 0;
    if (std::exchange(ofSession_, false) && session_) {
      transport_->service->written(*session_);
    }
    if (farewellSaid_) {
      awaitTheEnd();
    }
    return true;
  }

  static iovec partOf(std::string_view bytes) {
    return {.iov_base = const_cast<char*>(bytes.data()), .iov_len = bytes.size()};
  }

  // How much of it went out. Nothing: the kernel takes no more and write() will be called when it does, or the
  // connection is lost.
  std::optional<std::size_t> sendParts(std::span<iovec> parts) {
    msghdr message{};
    message.msg_iov = parts.data();
    message.msg_iovlen = parts.size();
    const ssize_t sent = ::sendmsg(socket_.native_handle(), &message, MSG_NOSIGNAL);
    if (sent >= 0) {
      return static_cast<std::size_t>(sent);
    }
    if (errno == EINTR) {
      return 0;
    }
    blocked_ = true;
    if (errno == EAGAIN || errno == EWOULDBLOCK) {
      socket_.async_wait(Socket::wait_write, [self = shared_from_this()](error_code failed) {
        self->blocked_ = false;
        if (failed) {
          self->gone();
        } else {
          self->write();
        }
      });
    } else {
      goneLater();  // the service may be calling
    }
    return std::nullopt;
  }

  // --- ending ---

  // Ends the session, says farewell, and waits for the client to go.
  void end(CloseReason why) {
    closeSession();
    finish(why);
  }

  void closeSession() {
    if (session_) {
      transport_->service->closed(*std::exchange(session_, std::nullopt));
    }
  }

  // Our side of the conversation is over. What the client still says is read, so that the kernel does not answer it
  // with a reset, which might reach the client before our farewell.
  void awaitTheEnd() {
    error_code ignored;
    socket_.shutdown(Socket::shutdown_send, ignored);
    asio::post(socket_.get_executor(), [self = shared_from_this()] {
      self->closeSession();
      self->watch();
      self->read();
    });
  }

  void goneLater() {
    asio::post(socket_.get_executor(), [self = shared_from_this()] { self->gone(); });
  }

  void gone() {
    closeSession();
    error_code ignored;
    socket_.close(ignored);
    timer_.cancel();
  }

  // --- patience ---

  // Wakes when the client should have been heard of.
  void watch() {
    const auto& timeouts = transport_->timeouts;
    if (!socket_.is_open()) {
      return;
    }
    if (farewellSaid_) {
      timer_.expires_after(timeouts.farewell);
    } else {
      timer_.expires_at(heard_ + (pinged_ ? timeouts.idle : timeouts.idle / 2));
    }
    timer_.async_wait([self = shared_from_this()](error_code cancelled) {
      if (!cancelled) {
        self->lookAround();
      }
    });
  }

  void lookAround() {
    if (farewellSaid_) {
      gone();
      return;
    }
    const auto silent = Clock::now() - heard_;
    if (!reading_ && !farewell_) {  // it is we who do not listen
      heard_ = Clock::now();
    } else if (silent >= transport_->timeouts.idle) {
      gone();
      return;
    } else if (silent >= transport_->timeouts.idle / 2 && !std::exchange(pinged_, true)) {
      pingDue_ = true;
      wake();
    }
    watch();
  }

  static constexpr std::size_t kRestBytesKept = 4'096;
  // More than a client can have sent before our farewell reached it; what costs no more than this may go on.
  static constexpr std::size_t kDiscardedBytesMax = 16U << 20U;
  static constexpr std::size_t kMessagesAtOnce = 16;

  SharedTransport transport_;
  Place place_;
  Socket socket_;
  Timer timer_;
  std::optional<SessionId> session_;  // while it is open

  FrameReader frames_;
  std::string rest_;  // received, not handled yet
  bool reading_ = false;
  std::size_t discarded_ = 0;  // bytes that came when the session had ended
  Clock::time_point heard_;    // of the client, while there was a session
  bool pinged_ = false;        // and not heard since

  bool writing_ = false;
  bool blocked_ = false;    // until the kernel takes more, or for good
  SharedBytes current_;     // the payload of what is being sent
  FrameHeader header_;      // its header
  std::size_t sent_ = 0;    // bytes of both
  bool ofSession_ = false;  // it is the session's: the service is told when it has gone
  std::optional<std::string> pong_;
  bool pingDue_ = false;
  std::optional<CloseReason> farewell_;
  bool farewellSaid_ = false;
};

}  // namespace

void serveWebSocket(SharedTransport transport, TcpStream stream, Place place, const UpgradeRequest& request) {
  std::make_shared<WebSocketChannel>(std::move(transport), std::move(stream), std::move(place))->start(request);
}

}  // namespace onering::server
