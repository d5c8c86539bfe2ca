#include "address.h"

#include <algorithm>
#include <charconv>

namespace onering::server {

namespace {

bool isHostCharacter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.' ||
         c == '_' || c == ':' || c == '[' || c == ']';
}

std::string_view withoutPort(std::string_view hostWithPort) {
  const auto colon = hostWithPort.rfind(':');
  const auto bracket = hostWithPort.rfind(']');
  if (colon == std::string_view::npos || (bracket != std::string_view::npos && colon < bracket)) {
    return hostWithPort;
  }
  return hostWithPort.substr(0, colon);
}

}  // namespace

std::optional<HostPort> parseHostPort(std::string_view text) {
  const auto colon = text.rfind(':');
  if (colon == std::string_view::npos || colon == 0) {
    return std::nullopt;
  }
  std::string_view host = text.substr(0, colon);
  const std::string_view digits = text.substr(colon + 1);
  HostPort result;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), result.port);
  if (error != std::errc{} || end != digits.data() + digits.size()) {
    return std::nullopt;
  }
  if (host.front() == '[' && host.back() == ']') {
    host = host.substr(1, host.size() - 2);
  } else if (host.contains(':')) {  // an IPv6 address without brackets: where the port begins is a guess
    return std::nullopt;
  }
  if (host.empty() || !std::ranges::all_of(host, isHostCharacter) || host.contains('[') || host.contains(']')) {
    return std::nullopt;
  }
  result.host = host;
  return result;
}

bool namesLoopback(std::string_view hostWithPort) {
  const std::string_view host = withoutPort(hostWithPort);
  if (host == "localhost" || host == "[::1]" || host.ends_with(".localhost")) {
    return true;
  }
  // 127.0.0.0/8, in the one way of writing it that browsers use.
  return host.starts_with("127.") && std::ranges::count(host, '.') == 3 &&
         std::ranges::all_of(host, [](char c) { return c == '.' || (c >= '0' && c <= '9'); });
}

bool OriginPolicy::allows(std::string_view origin, std::string_view host) const {
  if (std::ranges::find(allowed, origin) != allowed.end()) {
    return true;
  }
  if (!ownLoopbackPages || !namesLoopback(host)) {
    return false;
  }
  return origin == std::string("http://").append(host) || origin == std::string("https://").append(host);
}

bool isOrigin(std::string_view text) {
  const auto scheme = text.find("://");
  if (scheme == std::string_view::npos || scheme == 0) {
    return false;
  }
  const std::string_view host = text.substr(scheme + 3);
  return !host.empty() && std::ranges::all_of(host, isHostCharacter);
}

}  // namespace onering::server
