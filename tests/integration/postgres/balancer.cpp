#include "balancer.h"

#include <array>
#include <chrono>
#include <stdexcept>

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace onering::testing {

namespace {

sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(port);
  return address;
}

// False: one side is gone.
bool passOn(int from, int to, std::size_t most = 65'536) {
  std::array<char, 65'536> bytes;  // NOLINT(cppcoreguidelines-pro-type-member-init): recv() fills it
  const ssize_t got = ::recv(from, bytes.data(), most, 0);
  for (ssize_t sent = 0; sent < got;) {
    const ssize_t now = ::send(to, bytes.data() + sent, static_cast<std::size_t>(got - sent), MSG_NOSIGNAL);
    if (now <= 0) {
      return false;
    }
    sent += now;
  }
  return got > 0;
}

}  // namespace

Balancer::Balancer(std::vector<std::uint16_t> servers) : servers_(std::move(servers)) {
  listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address = loopback(0);
  socklen_t size = sizeof address;
  if (listener_ < 0 || ::bind(listener_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0 ||
      ::listen(listener_, 128) != 0 || ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
    throw std::runtime_error("no port for a balancer");
  }
  port_ = ntohs(address.sin_port);
  acceptor_ = std::jthread([this] { accept(); });
}

Balancer::~Balancer() {
  stopping_ = true;
  acceptor_.join();
  ::close(listener_);
  const std::scoped_lock lock(mutex_);
  carriers_.clear();
}

void Balancer::slowDown() {
  constexpr int kOnTheWay = 16'384;
  ::setsockopt(listener_, SOL_SOCKET, SO_RCVBUF, &kOnTheWay, sizeof kOnTheWay);
  // A sender keeps some segments' worth ready, and over the loopback one is 64 KB.
  constexpr int kSegment = 1'400;
  ::setsockopt(listener_, IPPROTO_TCP, TCP_MAXSEG, &kSegment, sizeof kSegment);
  slow_ = true;
}

void Balancer::accept() {
  while (!stopping_) {
    pollfd waiting{.fd = listener_, .events = POLLIN, .revents = 0};
    if (::poll(&waiting, 1, 50) > 0) {
      const int client = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
      const std::size_t number = accepted_++;
      const std::scoped_lock lock(mutex_);
      carriers_.emplace_back([this, client, number] { carry(client, number); });
    }
  }
}

int Balancer::connectToNext() {
  for (std::size_t i = 0; i < servers_.size(); ++i) {
    const sockaddr_in address = loopback(servers_[next_++ % servers_.size()]);
    const int server = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (server >= 0 && ::connect(server, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) {
      const int on = 1;
      ::setsockopt(server, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
      return server;
    }
    ::close(server);
  }
  return -1;
}

void Balancer::carry(int client, std::size_t number) {
  const int server = connectToNext();
  bool open = server >= 0;
  while (open && !stopping_) {
    const bool isSilent = number < silentBelow_;
    std::array<pollfd, 2> ends{pollfd{client, POLLIN, 0}, pollfd{server, isSilent ? short{0} : short{POLLIN}, 0}};
    if (::poll(ends.data(), ends.size(), 50) <= 0) {
      continue;
    }
    constexpr std::size_t kPiece = 4'096;
    if (slow_ && ends[0].revents != 0) {
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    open = (ends[0].revents == 0 || passOn(client, server, slow_ ? kPiece : 65'536)) &&
           (ends[1].revents == 0 || (!isSilent && passOn(server, client)));
  }
  ::close(client);
  if (server >= 0) {
    ::close(server);
  }
}

}  // namespace onering::testing
