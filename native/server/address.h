// Addresses and origins as text. Pure functions.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace onering::server {

struct HostPort {
  std::string host;  // without the brackets of an IPv6 address
  std::uint16_t port = 0;
  friend bool operator==(const HostPort&, const HostPort&) = default;
};

// "127.0.0.1:8080", "[::1]:0", "localhost:80"; nothing when `text` is no such thing.
[[nodiscard]] std::optional<HostPort> parseHostPort(std::string_view text);

// Whether a name or address as it stands in a Host header or URL ("localhost", "127.0.0.1", "[::1]", with or
// without a port) can only mean this machine.
[[nodiscard]] bool namesLoopback(std::string_view hostWithPort);

// Which web pages may talk to this server (SPEC §14). A browser always names the page's origin; other programs
// do not, and are let in: they hold a token or nothing.
struct OriginPolicy {
  std::vector<std::string> allowed;  // exactly, as browsers write it: "https://app.example.org"
  // The server listens on a loopback address: its own pages are let in, too. Not by any other name of it: a
  // page of another site can make its own name point here.
  bool ownLoopbackPages = false;

  [[nodiscard]] bool allows(std::string_view origin, std::string_view host) const;
};

// Whether `text` is an origin as browsers write it: scheme, host, perhaps a port; nothing behind.
[[nodiscard]] bool isOrigin(std::string_view text);

}  // namespace onering::server
