#include "url.h"

#include <algorithm>

namespace onering::client {

std::string Url::authority() const {
  const std::string name = host.contains(':') ? "[" + host + "]" : host;
  const bool usual = port == (tls ? "443" : "80");
  return usual ? name : name + ":" + port;
}

std::optional<Url> parseUrl(std::string_view text) {
  Url url;
  if (text.starts_with("wss://")) {
    url.tls = true;
    text.remove_prefix(6);
  } else if (text.starts_with("ws://")) {
    text.remove_prefix(5);
  } else {
    return std::nullopt;
  }
  const auto slash = std::min(text.find('/'), text.size());
  url.path = slash + 1 >= text.size() ? "/sync" : text.substr(slash);
  std::string_view authority = text.substr(0, slash);
  const auto bracket = authority.rfind(']');
  const auto colon = authority.rfind(':');
  const bool hasPort = colon != std::string_view::npos && (bracket == std::string_view::npos || colon > bracket);
  url.port = hasPort ? authority.substr(colon + 1) : (url.tls ? "443" : "80");
  std::string_view host = hasPort ? authority.substr(0, colon) : authority;
  if (host.starts_with('[') && host.ends_with(']')) {
    host = host.substr(1, host.size() - 2);
  }
  const auto isDigit = [](char c) { return c >= '0' && c <= '9'; };
  const auto isWrong = [](char c) { return static_cast<unsigned char>(c) <= ' ' || c == '@' || c == '#'; };
  if (host.empty() || url.port.empty() || url.port.size() > 5 || !std::ranges::all_of(url.port, isDigit) ||
      std::ranges::any_of(text, isWrong)) {
    return std::nullopt;
  }
  url.host = host;
  return url;
}

}  // namespace onering::client
