// The little JSON that the server writes itself.
#pragma once

#include <string>
#include <string_view>

namespace onering::server {

// `text` as a JSON string, quotes included. Expects UTF-8.
[[nodiscard]] inline std::string jsonString(std::string_view text) {
  constexpr std::string_view kHex = "0123456789abcdef";
  std::string out = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += {'\\', c};
    } else if (byte < 0x20) {
      out += {'\\', 'u', '0', '0', kHex[byte >> 4U], kHex[byte & 15U]};
    } else {
      out += c;
    }
  }
  return out + "\"";
}

}  // namespace onering::server
