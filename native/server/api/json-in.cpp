#include "json-in.h"

#include <boost/json/parse.hpp>

#include "json-out.h"

namespace onering::server {

namespace json = boost::json;

std::expected<json::object, Rejection> parseBody(std::string_view body) {
  constexpr std::size_t kNestingMax = 4;
  if (body.empty()) {
    return json::object{};
  }
  boost::system::error_code failed;
  json::parse_options options;
  options.max_depth = kNestingMax;
  json::value value = json::parse(body, failed, {}, options);
  if (failed || !value.is_object()) {
    return std::unexpected(rejection(ErrorCode::protocolError, "The body is not one JSON object in UTF-8."));
  }
  return std::move(value.as_object());
}

std::optional<Rejection> JsonIn::finding() const {
  if (finding_) {
    return finding_;
  }
  const bool known = std::ranges::all_of(object_, [&](const auto& pair) {
    return std::ranges::find(names_, std::string_view(pair.key())) != names_.end();
  });
  if (known) {
    return std::nullopt;
  }
  std::string may;
  for (const std::string_view name : names_) {
    may += (may.empty() ? "" : ", ") + std::string(name);
  }
  return rejection(ErrorCode::protocolError, "The body has a field that is not known here. Known are: " +
                                                 (may.empty() ? std::string("none") : may) + ".");
}

void JsonIn::read(std::string_view name, const json::value& from, std::string& to) {
  if (!from.is_string()) {
    fail(ErrorCode::protocolError, "`" + std::string(name) + "` is text.");
    return;
  }
  to = std::string_view(from.get_string());
}

void JsonIn::read(std::string_view name, const json::value& from, std::uint64_t& to) {
  boost::system::error_code failed;
  const auto number = from.to_number<std::uint64_t>(failed);
  if (failed || from.is_double()) {
    fail(ErrorCode::protocolError, "`" + std::string(name) + "` is a number, whole and not negative.");
    return;
  }
  to = number;
}

void JsonIn::read(std::string_view name, const json::value& from, Duration& to) {
  boost::system::error_code failed;
  const auto number = from.to_number<std::int64_t>(failed);
  if (failed || from.is_double()) {
    fail(ErrorCode::protocolError, "`" + std::string(name) + "` is a whole number of milliseconds.");
    return;
  }
  to = Duration{number};
}

void JsonIn::read(std::string_view name, const json::value& from, Role& to) {
  for (const Role role : {Role::viewer, Role::editor, Role::owner}) {
    if (from.is_string() && std::string_view(from.get_string()) == nameOf(role)) {
      to = role;
      return;
    }
  }
  fail(ErrorCode::protocolError, "`" + std::string(name) + "` is viewer, editor or owner.");
}

void JsonIn::read(std::string_view name, const json::value& from, Digest& to) {
  const auto bytes = from.is_string() ? fromHex(std::string_view(from.get_string())) : std::nullopt;
  if (!bytes || bytes->size() != to.size()) {
    fail(ErrorCode::protocolError, "`" + std::string(name) + "` is a SHA-256 of 64 hexadecimal digits.");
    return;
  }
  std::ranges::copy(*bytes, to.begin());
}

void JsonIn::read(std::string_view /*name*/, const json::value& from, std::optional<InviteToken>& to) {
  const auto bytes = from.is_string() ? fromHex(std::string_view(from.get_string())) : std::nullopt;
  if (!bytes || bytes->size() != to.emplace().size()) {
    fail(ErrorCode::inviteInvalid, std::string(errorMessage(ErrorCode::inviteInvalid)));
    return;
  }
  std::ranges::copy(*bytes, to->begin());
}

void JsonIn::fail(ErrorCode code, std::string message) {
  if (!finding_) {
    finding_ = Rejection{code, std::move(message)};
  }
}

}  // namespace onering::server
