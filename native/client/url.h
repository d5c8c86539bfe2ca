#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace onering::client {

struct Url {
  bool tls = false;
  std::string host;  // without the brackets of an IPv6 address
  std::string port;
  std::string path;  // with query

  // As the Host header has it.
  [[nodiscard]] std::string authority() const;
  friend bool operator==(const Url&, const Url&) = default;
};

// ws:// and wss:// addresses; nothing for anything else.
[[nodiscard]] std::optional<Url> parseUrl(std::string_view text);

}  // namespace onering::client
