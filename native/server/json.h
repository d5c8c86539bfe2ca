// The JSON that the server writes itself.
#pragma once

#include <string>
#include <string_view>

namespace onering::server {

// `text` as a JSON string, quotes included, at the end of `out`. Expects UTF-8.
inline void appendJsonString(std::string& out, std::string_view text) {
  constexpr std::string_view kHex = "0123456789abcdef";
  out += '"';
  std::size_t plain = 0;  // where what needs no change begins
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if (byte >= 0x20 && byte != '"' && byte != '\\') {
      continue;
    }
    out.append(text, plain, i - plain);
    plain = i + 1;
    if (byte < 0x20) {
      out += {'\\', 'u', '0', '0', kHex[byte >> 4U], kHex[byte & 15U]};
    } else {
      out += {'\\', text[i]};
    }
  }
  out.append(text, plain);
  out += '"';
}

[[nodiscard]] inline std::string jsonString(std::string_view text) {
  std::string out;
  appendJsonString(out, text);
  return out;
}

}  // namespace onering::server
