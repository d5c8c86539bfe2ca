#include "attackers.h"

#include <array>
#include <thread>

#include <boost/asio/buffer.hpp>
#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>

#include "figures.h"
#include "peer.h"

namespace onering::bench {

namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

constexpr std::chrono::milliseconds kComesBackAfter{10};
constexpr std::chrono::milliseconds kAnswerTakes{100};

struct Tally {
  std::size_t connected = 0;
  std::size_t bytesSent = 0;
  std::size_t bytesReceived = 0;
};

class Attacker : public std::enable_shared_from_this<Attacker> {
 public:
  Attacker(asio::io_context& io, tcp::resolver::results_type to, const Attack& attack, Tally& tally)
      : attack_(attack), tally_(tally), to_(std::move(to)), socket_(io), timer_(io) {}

  void connect() {
    asio::async_connect(socket_, to_, [self = shared_from_this()](error_code failed, const tcp::endpoint&) {
      if (failed) {
        self->comeBack();
        return;
      }
      ++self->tally_.connected;
      if (self->attack_.reads) {
        self->read();
      }
      self->write(self->attack_.opening, kAnswerTakes, [](Attacker& attacker) {
        attacker.write(attacker.attack_.hello, kAnswerTakes, [](Attacker& joined) { joined.say(0); });
      });
    });
  }

 private:
  void say(std::size_t next) {
    if (!attack_.says.empty()) {
      write(attack_.says[next % attack_.says.size()], attack_.every,
            [next](Attacker& attacker) { attacker.say(next + 1); });
    }
  }

  // `then`: so long after it was taken.
  template <typename Then>
  void write(const std::string& bytes, std::chrono::microseconds pause, Then then) {
    asio::async_write(socket_, asio::buffer(bytes),
                      [self = shared_from_this(), pause, then](error_code failed, std::size_t sent) {
                        self->tally_.bytesSent += sent;
                        if (failed) {
                          self->comeBack();
                        } else if (pause.count() == 0) {
                          then(*self);
                        } else {
                          self->later(pause, [&attacker = *self, then] { then(attacker); });
                        }
                      });
  }

  // Unless the connection has gone before.
  template <typename Work>
  void later(std::chrono::microseconds delay, Work work) {
    if (!socket_.is_open()) {
      return;
    }
    timer_.expires_after(delay);
    timer_.async_wait([self = shared_from_this(), work](error_code failed) {
      if (!failed) {
        work();
      }
    });
  }

  void read() {
    socket_.async_read_some(asio::buffer(received_), [self = shared_from_this()](error_code failed, std::size_t got) {
      self->tally_.bytesReceived += got;
      failed ? self->comeBack() : self->read();
    });
  }

  // Reading and writing may both fail.
  void comeBack() {
    if (!socket_.is_open()) {
      return;
    }
    error_code ignored;
    socket_.close(ignored);
    timer_.expires_after(kComesBackAfter);
    timer_.async_wait([self = shared_from_this()](error_code failed) {
      if (!failed) {
        self->connect();
      }
    });
  }

  const Attack& attack_;
  Tally& tally_;
  tcp::resolver::results_type to_;
  tcp::socket socket_;
  asio::steady_timer timer_;
  std::array<char, 16'384> received_{};
};

}  // namespace

struct Attackers::Impl {
  asio::io_context io;
  std::vector<Attack> attacks;
  std::vector<Tally> tallies;
  std::thread thread;
};

Attackers::Attackers(const std::string& url, std::vector<Attack> attacks) : impl_(std::make_unique<Impl>()) {
  impl_->attacks = std::move(attacks);
  impl_->tallies.resize(impl_->attacks.size());
  const Address address = addressOf(url);
  const auto to = tcp::resolver(impl_->io).resolve(address.host, address.port);
  for (std::size_t i = 0; i < impl_->attacks.size(); ++i) {
    for (std::size_t count = 0; count < impl_->attacks[i].connections; ++count) {
      std::make_shared<Attacker>(impl_->io, to, impl_->attacks[i], impl_->tallies[i])->connect();
    }
  }
  impl_->thread = std::thread([this] { impl_->io.run(); });
}

Attackers::~Attackers() {
  impl_->io.stop();
  if (impl_->thread.joinable()) {
    impl_->thread.join();
  }
}

void Attackers::stop(Figures& figures) {
  impl_->io.stop();
  impl_->thread.join();
  Figures told;
  for (std::size_t i = 0; i < impl_->attacks.size(); ++i) {
    const auto& [connected, sent, received] = impl_->tallies[i];
    told[impl_->attacks[i].name] = {{"connected", connected}, {"bytesSent", sent}, {"bytesReceived", received}};
  }
  figures["attacks"] = std::move(told);
}

}  // namespace onering::bench
