// Parts of the server and the client that can be looked at alone.
#include <catch2/catch_test_macros.hpp>

#include "address.h"
#include "outgoing.h"
#include "url.h"

namespace onering::testing {

using server::Outgoing;
using server::SharedBytes;

namespace {

SharedBytes bytes(std::size_t size) {
  return std::make_shared<const std::string>(size, 'x');
}

}  // namespace

TEST_CASE("S13 a queue that overflows keeps only what is on its way, until it has run empty", "[parts]") {
  Outgoing queue(100);
  CHECK(queue.put(bytes(40)) == Outgoing::Put::queued);
  CHECK(queue.put(bytes(40)) == Outgoing::Put::queued);
  const SharedBytes writing = queue.next();
  CHECK(queue.put(bytes(40)) == Outgoing::Put::overflowed);
  CHECK(queue.bytes() == 40);
  queue.putUrgent(bytes(10));
  CHECK(queue.put(bytes(1)) == Outgoing::Put::dropped);
  queue.written();
  CHECK(queue.put(bytes(1)) == Outgoing::Put::dropped);
  CHECK(queue.next()->size() == 10);
  queue.written();
  CHECK(queue.bytes() == 0);
  CHECK(queue.put(bytes(1)) == Outgoing::Put::queued);
}

TEST_CASE("addresses to listen at", "[parts]") {
  using server::HostPort;
  using server::parseHostPort;
  CHECK(parseHostPort("127.0.0.1:8080") == HostPort{"127.0.0.1", 8080});
  CHECK(parseHostPort("[::1]:0") == HostPort{"::1", 0});
  CHECK(parseHostPort("localhost:80") == HostPort{"localhost", 80});
  for (const char* wrong : {"", ":80", "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:-1", "127.0.0.1:8x",
                            "::1:80", "[]:80", "[::1:80", "ho st:80", "http://x:80"}) {
    INFO(wrong);
    CHECK(!parseHostPort(wrong));
  }
}

TEST_CASE("names of this machine", "[parts]") {
  using server::namesLoopback;
  for (const char* loopback : {"localhost", "localhost:8080", "127.0.0.1", "127.0.0.1:80", "127.1.2.3", "[::1]",
                               "[::1]:80", "app.localhost:80"}) {
    INFO(loopback);
    CHECK(namesLoopback(loopback));
  }
  for (const char* other : {"", "example.org", "localhost.example.org", "127.0.0.1.example.org", "127.example.org.x",
                            "10.0.0.1", "[::2]", "127.0.0"}) {
    INFO(other);
    CHECK(!namesLoopback(other));
  }
}

TEST_CASE("addresses to connect to", "[parts]") {
  using client::parseUrl;
  using client::Url;
  CHECK(parseUrl("ws://127.0.0.1:8080") == Url{false, "127.0.0.1", "8080", "/sync"});
  CHECK(parseUrl("ws://host/") == Url{false, "host", "80", "/sync"});
  CHECK(parseUrl("wss://host/a/sync?x=1") == Url{true, "host", "443", "/a/sync?x=1"});
  CHECK(parseUrl("ws://[::1]:9/") == Url{false, "::1", "9", "/sync"});
  CHECK(parseUrl("ws://[::1]")->authority() == "[::1]");
  CHECK(parseUrl("wss://host:8443")->authority() == "host:8443");
  CHECK(!parseUrl("ws://user@host"));
  CHECK(!parseUrl("ws://ho st"));
}

}  // namespace onering::testing
