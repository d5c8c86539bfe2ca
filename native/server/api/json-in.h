// A request's body as an op, by the names in fields.h. Strict: what is not known, or not what it should be, is a
// protocolError that says what may stand there; a malformed id is idMalformed. Whether the op is allowed is for the
// rules to say.
#pragma once

#include <algorithm>
#include <expected>
#include <string>
#include <string_view>

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include "onering/domain/error.h"
#include "onering/domain/op.h"

#include "fields.h"

namespace onering::server {

// The one object that `body` is; an empty body is {}.
[[nodiscard]] std::expected<boost::json::object, Rejection> parseBody(std::string_view body);

class JsonIn {
 public:
  explicit JsonIn(const boost::json::object& object) : object_(object) {}

  void operator()(std::string_view name, auto& value) {
    names_.push_back(name);
    if (const auto* found = object_.if_contains(name)) {
      read(name, *found, value);
    } else {
      fail(ErrorCode::protocolError, "The body lacks `" + std::string(name) + "`.");
    }
  }
  void operator()(std::string_view name, auto& value, OptionalField /*optional*/) {
    names_.push_back(name);
    if (const auto* found = object_.if_contains(name)) {
      read(name, *found, value);
    }
  }

  // What was wrong, after all fields were visited.
  [[nodiscard]] std::optional<Rejection> finding() const;

 private:
  void read(std::string_view name, const boost::json::value& from, std::string& to);
  void read(std::string_view name, const boost::json::value& from, std::uint64_t& to);
  void read(std::string_view name, const boost::json::value& from, Duration& to);
  void read(std::string_view name, const boost::json::value& from, Role& to);
  template <typename Tag>
  void read(std::string_view /*name*/, const boost::json::value& from, Id<Tag>& to) {
    const auto id = from.is_string() ? parseId<Id<Tag>>(std::string_view(from.get_string())) : std::nullopt;
    id ? void(to = *id) : fail(ErrorCode::idMalformed, std::string(errorMessage(ErrorCode::idMalformed)));
  }
  void read(std::string_view name, const boost::json::value& from, Digest& to);
  void read(std::string_view name, const boost::json::value& from, std::optional<InviteToken>& to);
  void fail(ErrorCode code, std::string message);

  const boost::json::object& object_;
  std::vector<std::string_view> names_;
  std::optional<Rejection> finding_;  // the first
};

// The body of the op that `object` describes.
template <typename Body>
[[nodiscard]] std::expected<OpBody, Rejection> readOp(const boost::json::object& object) {
  Body body;
  JsonIn in(object);
  Fields<Body>::visit(in, body);
  if (auto finding = in.finding()) return std::unexpected(std::move(*finding));
  return body;
}

}  // namespace onering::server
