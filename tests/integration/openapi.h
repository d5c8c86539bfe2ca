// docs/openapi.json as a judge of what a server really answers.
#pragma once

#include <set>
#include <string>
#include <string_view>
#include <utility>

#include <boost/json/value.hpp>

namespace onering::testing {

class OpenApi {
 public:
  // Of this checkout.
  [[nodiscard]] static const OpenApi& ofOneRing();

  explicit OpenApi(boost::json::value document);

  // What is wrong with such an answer, in words; empty: nothing.
  [[nodiscard]] std::string judge(std::string_view method, std::string_view target, int status,
                                  std::string_view contentType, std::string_view body) const;

  // Every (METHOD, path pattern) that it describes.
  [[nodiscard]] std::set<std::pair<std::string, std::string>> operations() const;

  // The names of a schema's properties.
  [[nodiscard]] std::set<std::string> propertiesOf(std::string_view schema) const;

  // What is wrong with the value by the schema, in words; empty: nothing.
  [[nodiscard]] std::string check(const boost::json::value& value, const boost::json::object& schema,
                                  const std::string& where) const;

 private:
  [[nodiscard]] const boost::json::object& resolved(const boost::json::object& object) const;
  [[nodiscard]] const boost::json::object* pathItemFor(std::string_view path) const;
  [[nodiscard]] std::string checkObject(const boost::json::object& value, const boost::json::object& schema,
                                        const std::string& where) const;

  boost::json::value document_;
};

}  // namespace onering::testing
