// Parts of the server and the client that can be looked at alone.
#include <catch2/catch_test_macros.hpp>

#include "address.h"
#include "outgoing.h"
#include "url.h"
#include "web-socket-frames.h"

namespace onering::testing {

using server::Outgoing;
using server::SharedBytes;

namespace {

SharedBytes bytes(std::size_t size) {
  return std::make_shared<const std::string>(size, 'x');
}

// A frame as a client sends it, masked.
std::string frame(int first, std::string payload) {
  const std::string mask = "\x01\x82\x03\xf4";
  std::string out{static_cast<char>(first)};
  if (payload.size() < 126) {
    out += static_cast<char>(0x80 | payload.size());
  } else {
    out += static_cast<char>(0x80 | 126);
    out += static_cast<char>(payload.size() >> 8U);
    out += static_cast<char>(payload.size());
  }
  for (std::size_t i = 0; i < payload.size(); ++i) {
    payload[i] = static_cast<char>(payload[i] ^ mask[i % 4]);
  }
  return out + mask + payload;
}

// What a reader makes of these bytes, as a line: messages, pings, how it ends. `portion`: so many come at a time.
std::string read(const std::string& input, std::size_t portion, std::size_t messageBytesMax = 1'000) {
  server::FrameReader reader(messageBytesMax);
  std::string told;
  std::string waiting;
  for (std::size_t from = 0; from < input.size(); from += portion) {
    waiting += input.substr(from, portion);
    std::span<char> rest(waiting);
    while (true) {
      const auto event = reader.next(rest);
      if (!event) {
        return told + "refused " + std::to_string(static_cast<int>(event.error()));
      }
      if (std::holds_alternative<server::FrameReader::Incomplete>(*event)) {
        break;
      }
      if (const auto* message = std::get_if<server::FrameReader::Message>(&*event)) {
        told += (message->binary ? "binary " : "text ") + std::string(message->bytes) + ", ";
      } else if (const auto* ping = std::get_if<server::FrameReader::Ping>(&*event)) {
        told += "ping " + std::string(ping->payload) + ", ";
      } else if (std::holds_alternative<server::FrameReader::Close>(*event)) {
        told += "close, ";
      }
    }
    waiting.erase(0, waiting.size() - rest.size());
  }
  return told;
}

}  // namespace

TEST_CASE("S13 a queue that overflows keeps only what is on its way, until it has run empty", "[parts]") {
  Outgoing queue(100);
  CHECK(queue.put(bytes(40)) == Outgoing::Put::queued);
  CHECK(queue.put(bytes(40)) == Outgoing::Put::queued);
  CHECK((*queue.waiting(1))->size() == 40);
  CHECK(!queue.waiting(2));
  queue.begun();
  CHECK(queue.put(bytes(40)) == Outgoing::Put::overflowed);
  CHECK(queue.bytes() == 40);
  queue.putUrgent(bytes(10));
  CHECK(queue.put(bytes(1)) == Outgoing::Put::dropped);
  queue.written();
  CHECK(queue.put(bytes(1)) == Outgoing::Put::dropped);
  CHECK((*queue.waiting(0))->size() == 10);
  queue.written();
  CHECK(queue.bytes() == 0);
  CHECK(queue.put(bytes(1)) == Outgoing::Put::queued);
}

TEST_CASE("a message is put together from its frames, however they are cut, with a ping between them", "[parts]") {
  const std::string input = frame(0x02, "one ") + frame(0x00, "two ") + frame(0x89, "there?") + frame(0x80, "three") +
                            frame(0x82, "whole") + frame(0x81, "words") + frame(0x8a, "") + frame(0x82, "") +
                            frame(0x88, std::string("\x03\xe8", 2));
  for (std::size_t portion = 1; portion <= input.size(); ++portion) {
    CHECK(read(input, portion) == "ping there?, binary one two three, binary whole, text words, binary , close, ");
  }
}

TEST_CASE("frames that RFC 6455 does not allow are refused by their first bytes", "[parts]") {
  const auto refused = [](const std::string& input) { return read(input, input.size()); };
  CHECK(refused(frame(0xc2, "x")) == "refused 1002");  // a reserved bit
  CHECK(refused(frame(0x83, "x")) == "refused 1002");  // a reserved opcode
  CHECK(refused(frame(0x8b, "x")) == "refused 1002");
  CHECK(refused(frame(0x09, "x")) == "refused 1002");                         // a ping in parts
  CHECK(refused(frame(0x89, std::string(126, 'x'))) == "refused 1002");       // a long ping
  CHECK(refused(frame(0x80, "x")) == "refused 1002");                         // goes on with nothing
  CHECK(refused(frame(0x02, "x") + frame(0x82, "y")) == "refused 1002");      // begins within another
  CHECK(refused(frame(0x88, "x")) == "refused 1002");                         // half a close code
  CHECK(refused(frame(0x88, std::string("\x03\xed", 2))) == "refused 1002");  // one that is never sent
  CHECK(refused(std::string("\x82\x01x", 3)) == "refused 1002");              // not masked
  CHECK(refused(std::string("\x82\xfe\x00\x01....x", 9)) == "refused 1002");  // a size that could be shorter
}

TEST_CASE("S7 a message beyond the bound is refused before it is there, also one in parts", "[parts]") {
  CHECK(read(std::string("\x82\xfe\x03\xe9", 4), 1) == "refused 1009");
  CHECK(read(std::string("\x82\xff\xff\xff\xff\xff\xff\xff\xff\xff", 10), 1) == "refused 1009");
  const std::string half = frame(0x02, std::string(600, 'x'));
  CHECK(read(half + frame(0x80, std::string(400, 'x')), 99).starts_with("binary x"));
  CHECK(read(half + frame(0x80, std::string(401, 'x')), 99) == "refused 1009");
}

TEST_CASE("headers of frames to a client are as short as can be", "[parts]") {
  using server::FrameHeader;
  using server::Opcode;
  CHECK(FrameHeader(Opcode::binary, 125).bytes() == "\x82\x7d");
  CHECK(FrameHeader(Opcode::binary, 126).bytes() == std::string_view("\x82\x7e\x00\x7e", 4));
  CHECK(FrameHeader(Opcode::binary, 65'535).bytes() == "\x82\x7e\xff\xff");
  CHECK(FrameHeader(Opcode::binary, 65'536).bytes() == std::string_view("\x82\x7f\0\0\0\0\0\x01\0\0", 10));
  CHECK(server::closeFrame(server::CloseReason::goingAway) == "\x88\x02\x03\xe9");
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
