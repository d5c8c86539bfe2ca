#include <array>

#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/write.hpp>

#include "server-under-test.h"
#include "writers.h"

namespace onering::bench {

namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

// One connection that asks for the same again as soon as it has been answered.
class Reader : public std::enable_shared_from_this<Reader> {
 public:
  struct Sums {
    Durations times;
    std::size_t bytes = 0;  // of one answer
    std::size_t failed = 0;
    bool measuring = false;
  };

  Reader(EventLoop& loop, std::string request, Sums& sums)
      : socket_(loop.context()), request_(std::move(request)), sums_(sums) {}

  void start(const tcp::endpoint& server) {
    socket_.connect(server);
    socket_.set_option(tcp::no_delay(true));
    ask();
  }
  void stop() { socket_.close(); }

 private:
  void ask() {
    began_ = Clock::now();
    asio::async_write(socket_, asio::buffer(request_), [self = shared_from_this()](error_code failed, std::size_t) {
      if (!failed) self->read();
    });
  }

  void read() {
    socket_.async_read_some(asio::buffer(chunk_), [self = shared_from_this()](error_code failed, std::size_t size) {
      if (failed) return;
      self->answer_.append(self->chunk_.data(), size);
      if (self->isWhole()) {
        self->answered();
      } else {
        self->read();
      }
    });
  }

  // Our server says how long its answers are.
  [[nodiscard]] bool isWhole() const {
    constexpr std::string_view kLength = "Content-Length: ";
    const auto end = answer_.find("\r\n\r\n");
    const auto length = answer_.find(kLength);
    if (end == std::string::npos) return false;
    if (length > end) fail(ErrorCode::protocolError, "The server's answer does not say how long it is.");
    return answer_.size() >= end + 4 + std::stoul(answer_.substr(length + kLength.size(), 20));
  }

  void answered() {
    if (!answer_.starts_with("HTTP/1.1 200")) ++sums_.failed;
    if (sums_.measuring) sums_.times.add(Clock::now() - began_);
    sums_.bytes = answer_.size();
    answer_.clear();
    ask();
  }

  tcp::socket socket_;
  std::string request_;
  Sums& sums_;
  std::string answer_;
  std::array<char, 65'536> chunk_{};
  Clock::time_point began_;
};

std::string authorityOf(std::string url) {
  url.erase(0, std::string_view("ws://").size());
  url.resize(std::min(url.size(), url.find('/')));
  return url;
}

tcp::endpoint endpointOf(EventLoop& loop, const std::string& authority) {
  const auto colon = authority.rfind(':');
  tcp::resolver resolver(loop.context());
  return *resolver.resolve(authority.substr(0, colon), authority.substr(colon + 1)).begin();
}

}  // namespace

Figures benchRead(const ReadSettings& settings) {
  const SignalGuard guard;
  ServerUnderTest server(settings.server);
  EventLoop loop;
  Figures figures;
  server.describe(figures);
  figures["connections"] = settings.connections;
  figures["segments"] = settings.segments;
  figures["bytes"] = settings.bytes;

  Writers writer(
      loop, {.url = server.url(), .name = runName(), .clients = 1, .drafts = 1, .bytes = settings.bytes, .window = 1});
  writer.start();
  runUntil(loop, "writing the draft", [&] { return writer.acknowledged().size() + 1 >= settings.segments; });
  writer.stop();
  runUntil(loop, "the last receipts", [&] { return writer.areDone(); });
  const std::string authority = authorityOf(server.url());
  const auto& [draft, owner] = *writer.owners().begin();
  const std::string request = "GET /api/drafts/" + toText(draft) +
                              "/segments?limit=" + std::to_string(settings.segments) +
                              " HTTP/1.1\r\nHost: " + authority + "\r\nAuthorization: Bearer " + owner + "\r\n\r\n";

  Reader::Sums sums;
  std::vector<std::shared_ptr<Reader>> readers;
  for (std::size_t i = 0; i < settings.connections; ++i) {
    readers.push_back(std::make_shared<Reader>(loop, request, sums));
    readers.back()->start(endpointOf(loop, authority));
  }
  runFor(loop, 1);
  sums.measuring = true;
  CpuMeter cpu(server);
  const auto start = Clock::now();
  runFor(loop, settings.seconds);
  const double seconds = secondsSince(start);
  cpu.stop();
  for (const auto& reader : readers) reader->stop();

  figures["readsPerSecond"] = perUnit(static_cast<double>(sums.times.count()), seconds);
  sums.times.tell(figures);
  figures["bytesPerAnswer"] = sums.bytes;
  figures["failed"] = sums.failed;
  cpu.tell(figures);
  return figures;
}

}  // namespace onering::bench
