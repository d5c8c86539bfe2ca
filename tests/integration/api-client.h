// Somebody who speaks JSON over HTTP. Every answer is held against docs/openapi.json.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>

#include <boost/json/value.hpp>

#include "raw-socket.h"

namespace onering::testing {

struct ApiAnswer {
  int status = 0;
  std::string text;  // of the body
  std::string head;
  boost::json::value body;

  [[nodiscard]] std::optional<std::string> header(std::string_view name) const;
  // Of an error; empty: it is none.
  [[nodiscard]] std::string code() const;
  // Texts and numbers of the body's first level.
  [[nodiscard]] std::string textOf(std::string_view name) const;
  [[nodiscard]] std::int64_t number(std::string_view name) const;
  [[nodiscard]] const boost::json::value& at(std::string_view pointer) const {
    return body.at_pointer(std::string(pointer));
  }
};

class ApiClient {
 public:
  ApiClient(std::uint16_t port, std::string_view token) : socket_(port), token_(token) {}

  // `headers`: lines, each with its CR LF.
  ApiAnswer ask(std::string_view method, std::string_view target, std::string_view body = "",
                std::string_view headers = "");
  ApiAnswer get(std::string_view target, std::string_view headers = "") { return ask("GET", target, "", headers); }
  ApiAnswer post(std::string_view target, std::string_view body = "", std::string_view headers = "") {
    return ask("POST", target, body, headers);
  }

  // A new draft's address.
  std::string create(std::string_view title = "A story");
  // The text as the draft's next segment, under the present epoch.
  ApiAnswer append(const std::string& draft, std::string_view text, std::string_view headers = "");
  std::int64_t epochOf(const std::string& draft);

 private:
  RawSocket socket_;
  std::string token_;
};

[[nodiscard]] std::string keyHeader(std::string_view key);

}  // namespace onering::testing
