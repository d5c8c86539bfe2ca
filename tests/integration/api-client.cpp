#include "api-client.h"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <catch2/catch_test_macros.hpp>

#include "openapi.h"

namespace onering::testing {

namespace json = boost::json;

std::optional<std::string> ApiAnswer::header(std::string_view name) const {
  return HttpAnswer{status, head, {}}.header(name);
}

std::string ApiAnswer::code() const {
  const auto* error = body.is_object() ? body.get_object().if_contains("error") : nullptr;
  return error ? std::string(std::string_view(error->at("code").as_string())) : "";
}

std::string ApiAnswer::textOf(std::string_view name) const {
  return std::string(std::string_view(body.at(name).as_string()));
}

std::int64_t ApiAnswer::number(std::string_view name) const {
  return body.at(name).to_number<std::int64_t>();
}

ApiAnswer ApiClient::ask(std::string_view method, std::string_view target, std::string_view body,
                         std::string_view headers) {
  std::string request;
  request.append(method).append(" ").append(target).append(" HTTP/1.1\r\nHost: localhost\r\n");
  if (!token_.empty()) {
    request.append("Authorization: Bearer ").append(token_).append("\r\n");
  }
  if (!body.empty()) {
    request.append("Content-Length: ").append(std::to_string(body.size())).append("\r\n");
  }
  request.append(headers).append("\r\n").append(body);
  HttpAnswer got = socket_.ask(request);
  ApiAnswer answer{.status = got.status, .text = std::move(got.body), .head = std::move(got.head), .body = {}};
  boost::system::error_code failed;
  answer.body = json::parse(answer.text, failed);
  INFO(method << " " << target << ": " << answer.status << " " << answer.text);
  const std::string complaint = OpenApi::ofOneRing().judge(method, target, answer.status,
                                                           answer.header("Content-Type").value_or(""), answer.text);
  INFO(complaint);
  CHECK(complaint.empty());
  return answer;
}

std::string ApiClient::create(std::string_view title) {
  const auto answer = post("/api/drafts", json::serialize(json::object{{"title", title}}));
  REQUIRE(answer.status == 201);
  return answer.header("Location").value();
}

ApiAnswer ApiClient::append(const std::string& draft, std::string_view text, std::string_view headers) {
  return post(draft + "/segments", json::serialize(json::object{{"epoch", epochOf(draft)}, {"text", text}}), headers);
}

std::int64_t ApiClient::epochOf(const std::string& draft) {
  return get(draft + "/ring").number("epoch");
}

std::string keyHeader(std::string_view key) {
  return "Idempotency-Key: " + std::string(key) + "\r\n";
}

}  // namespace onering::testing
