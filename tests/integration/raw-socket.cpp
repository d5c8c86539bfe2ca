#include "raw-socket.h"

#include <array>
#include <cerrno>
#include <stdexcept>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "onering/wire/codec.h"

namespace onering::testing {

namespace {

constexpr std::chrono::milliseconds kPatience{20'000};
constexpr std::size_t kMessageBytesMax = 64U << 20U;

}  // namespace

std::optional<std::string> HttpAnswer::header(std::string_view name) const {
  const std::string start = "\r\n" + std::string(name) + ": ";
  const auto at = head.find(start);
  if (at == std::string::npos) {
    return std::nullopt;
  }
  const auto from = at + start.size();
  return head.substr(from, head.find("\r\n", from) - from);
}

int Frame::closeCode() const {
  return payload.size() < 2 ? 0 : (static_cast<std::uint8_t>(payload[0]) << 8) + static_cast<std::uint8_t>(payload[1]);
}

RawSocket::RawSocket(std::uint16_t port, std::optional<int> receiveBytes)
    : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  if (receiveBytes) {
    ::setsockopt(socket_, SOL_SOCKET, SO_RCVBUF, &*receiveBytes, sizeof(*receiveBytes));
  }
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) {
    ::close(socket_);
    throw std::runtime_error("cannot connect to port " + std::to_string(port));
  }
}

RawSocket::~RawSocket() {
  ::close(socket_);
}

std::size_t RawSocket::send(std::string_view bytes) {
  std::size_t taken = 0;
  while (taken < bytes.size()) {
    const ssize_t sent = ::send(socket_, bytes.data() + taken, bytes.size() - taken, MSG_NOSIGNAL);
    if (sent <= 0) {
      break;  // what the server says about it is still to be read
    }
    taken += static_cast<std::size_t>(sent);
  }
  return taken;
}

// False: the other side has closed.
bool RawSocket::fill() {
  pollfd waiting{.fd = socket_, .events = POLLIN, .revents = 0};
  if (::poll(&waiting, 1, static_cast<int>(kPatience.count())) <= 0) {
    throw std::runtime_error("the server says nothing");
  }
  std::array<char, 65'536> chunk{};
  const ssize_t got = ::recv(socket_, chunk.data(), chunk.size(), 0);
  if (got <= 0) {
    return false;
  }
  received_.append(chunk.data(), static_cast<std::size_t>(got));
  return true;
}

std::optional<std::string> RawSocket::take(std::size_t size) {
  while (received_.size() < size) {
    if (!fill()) {
      return std::nullopt;
    }
  }
  std::string taken = received_.substr(0, size);
  received_.erase(0, size);
  return taken;
}

bool RawSocket::isOpenAfter(std::chrono::milliseconds time) {
  const auto until = std::chrono::steady_clock::now() + time;
  while (true) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - std::chrono::steady_clock::now());
    pollfd waiting{.fd = socket_, .events = POLLIN, .revents = 0};
    if (left.count() <= 0 || ::poll(&waiting, 1, static_cast<int>(left.count())) == 0) {
      return true;
    }
    if (!fill()) {
      return false;
    }
  }
}

HttpAnswer RawSocket::ask(std::string_view request) {
  send(request);
  HttpAnswer answer;
  std::size_t end = 0;
  while ((end = received_.find("\r\n\r\n")) == std::string::npos) {
    if (!fill()) {
      return answer;  // status 0: closed without an answer
    }
  }
  answer.head = *take(end + 4);
  answer.status = std::stoi(answer.head.substr(9, 3));
  const bool hasBody = !request.starts_with("HEAD ") && answer.status != 101 && answer.status != 304;
  const auto length = answer.header("Content-Length");
  if (hasBody && length) {
    answer.body = take(std::stoul(*length)).value_or("(broken off)");
  }
  return answer;
}

HttpAnswer RawSocket::get(std::string_view target, std::string_view headers) {
  return ask("GET " + std::string(target) + " HTTP/1.1\r\nHost: localhost\r\n" + std::string(headers) + "\r\n");
}

HttpAnswer RawSocket::upgrade(std::string_view headers, std::string_view protocols) {
  std::string request =
      "GET /sync HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
      "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
  if (!protocols.empty()) {
    request += "Sec-WebSocket-Protocol: " + std::string(protocols) + "\r\n";
  }
  return ask(request + std::string(headers) + "\r\n");
}

void RawSocket::sendFrame(int opcode, std::string_view payload) {
  std::string frame{static_cast<char>(0x80 | opcode)};
  const std::size_t size = payload.size();
  const int extra = size < 126 ? 0 : size < 65'536 ? 2 : 8;
  frame += static_cast<char>(0x80 | (extra == 0 ? static_cast<int>(size) : extra == 2 ? 126 : 127));
  for (int i = extra - 1; i >= 0; --i) {
    frame += static_cast<char>(size >> (8 * i));
  }
  frame += std::string(4, '\0');  // a mask that changes nothing
  frame += payload;
  send(frame);
}

std::optional<Frame> RawSocket::nextFrame() {
  while (true) {
    const auto head = take(2);
    if (!head) {
      return std::nullopt;
    }
    Frame frame{.opcode = (*head)[0] & 0x0f, .payload = {}};
    std::uint64_t size = static_cast<std::uint64_t>((*head)[1] & 0x7f);
    if (size >= 126) {
      const auto bytes = take(size == 126 ? 2 : 8);
      size = 0;
      for (const char byte : bytes.value_or("")) {
        size = size << 8U | static_cast<std::uint8_t>(byte);
      }
    }
    auto payload = take(size);
    if (!payload) {
      return std::nullopt;
    }
    frame.payload = std::move(*payload);
    if (frame.opcode == 9) {
      continue;
    }
    if (frame.opcode == 8) {
      lastClose_ = frame.closeCode();
      sendFrame(8, frame.payload);
    }
    return frame;
  }
}

void RawSocket::say(const ReplicaMessage& message) {
  sendFrame(2, encode(message));
}

std::optional<AuthorityMessage> RawSocket::hear() {
  const auto frame = nextFrame();
  if (!frame || frame->opcode == 8) {
    return std::nullopt;
  }
  auto message = decodeAuthorityMessage(frame->payload, kMessageBytesMax);
  if (!message) {
    throw std::runtime_error("the server's message cannot be read: " + message.error().message);
  }
  return std::move(*message);
}

void RawSocket::join(std::string_view user) {
  if (upgrade().status != 101) {
    throw std::runtime_error("the server refuses the WebSocket");
  }
  say(Hello{.token = std::string(user), .device = DeviceId::fromHalves(0x0190000000007000, 0x8000000000000001)});
  const auto answer = hear();
  if (!answer || !std::holds_alternative<Welcome>(*answer)) {
    throw std::runtime_error("not welcome");
  }
}

}  // namespace onering::testing
