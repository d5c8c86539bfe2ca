// A load balancer: each connection goes to the next server that takes it, whoever it is from.
#pragma once

#include <atomic>
#include <cstdint>
#include <limits>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace onering::testing {

class Balancer {
 public:
  explicit Balancer(std::vector<std::uint16_t> servers);
  ~Balancer();
  Balancer(const Balancer&) = delete;
  Balancer& operator=(const Balancer&) = delete;

  [[nodiscard]] std::string url() const { return "ws://127.0.0.1:" + std::to_string(port_); }
  [[nodiscard]] std::uint16_t port() const { return port_; }
  [[nodiscard]] std::size_t connections() const { return accepted_; }

  // The connections that there are stay open, and nothing that a server answers arrives on them any more.
  void fallSilent() { silentBelow_ = accepted_.load(); }
  // What goes to the servers goes in small pieces from now on, some 400 KB a second on each connection, and little
  // waits on the way.
  void slowDown();
  // Those to come, too.
  void fallSilentForGood() { silentBelow_ = std::numeric_limits<std::size_t>::max(); }

 private:
  void accept();
  void carry(int client, std::size_t number);
  [[nodiscard]] int connectToNext();

  std::vector<std::uint16_t> servers_;
  int listener_ = -1;
  std::uint16_t port_ = 0;
  std::atomic<std::size_t> next_ = 0;
  std::atomic<std::size_t> accepted_ = 0;
  std::atomic<std::size_t> silentBelow_ = 0;  // connections are numbered from 0
  std::atomic<bool> slow_ = false;
  std::atomic<bool> stopping_ = false;
  std::mutex mutex_;
  std::vector<std::jthread> carriers_;  // guarded by mutex_
  std::jthread acceptor_;
};

}  // namespace onering::testing
