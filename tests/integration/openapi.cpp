#include "openapi.h"

#include <algorithm>
#include <cctype>
#include <fstream>
#include <iterator>
#include <regex>
#include <stdexcept>
#include <vector>

#include <boost/json/parse.hpp>

namespace onering::testing {

namespace json = boost::json;

namespace {

std::string_view view(const json::string& text) {
  return {text.data(), text.size()};
}

std::vector<std::string_view> partsOf(std::string_view path) {
  std::vector<std::string_view> parts;
  while (!path.empty()) {
    const std::string_view part = path.substr(0, path.find('/'));
    parts.push_back(part);
    path.remove_prefix(std::min(part.size() + 1, path.size()));
  }
  return parts;
}

// How many of the pattern's parts are the path's own; -1: it does not fit.
int fit(std::string_view pattern, std::string_view path) {
  const auto wanted = partsOf(pattern);
  const auto given = partsOf(path);
  int same = 0;
  for (std::size_t i = 0; wanted.size() == given.size() && i < wanted.size(); ++i) {
    if (wanted[i] == given[i]) {
      ++same;
    } else if (!wanted[i].starts_with('{')) {
      return -1;
    }
  }
  return wanted.size() == given.size() ? same : -1;
}

bool isOfType(const json::value& value, std::string_view type) {
  return (type == "object" && value.is_object()) || (type == "array" && value.is_array()) ||
         (type == "string" && value.is_string()) || (type == "boolean" && value.is_bool()) ||
         (type == "null" && value.is_null()) || (type == "number" && value.is_number()) ||
         (type == "integer" && (value.is_int64() || value.is_uint64()));
}

bool typeFits(const json::value& value, const json::value& types) {
  if (types.is_string()) {
    return isOfType(value, view(types.get_string()));
  }
  return std::ranges::any_of(types.as_array(),
                             [&](const json::value& type) { return isOfType(value, view(type.as_string())); });
}

// What the document says of texts beyond their type.
bool textFits(std::string_view text, const json::object& schema) {
  static const std::regex kUuid("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}");
  static const std::regex kTime("[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\\.[0-9]{3}Z");
  const std::string own(text);
  if (const auto* format = schema.if_contains("format")) {
    if (!std::regex_match(own, view(format->as_string()) == "uuid" ? kUuid : kTime)) {
      return false;
    }
  }
  const auto* pattern = schema.if_contains("pattern");
  return !pattern || std::regex_match(own, std::regex(std::string(view(pattern->as_string()))));
}

}  // namespace

const OpenApi& OpenApi::ofOneRing() {
  static const OpenApi document = [] {
    std::ifstream file(ONERING_ROOT "/docs/openapi.json");
    return OpenApi(json::parse(std::string{std::istreambuf_iterator<char>(file), {}}));
  }();
  return document;
}

OpenApi::OpenApi(json::value document) : document_(std::move(document)) {}

const json::object& OpenApi::resolved(const json::object& object) const {
  const auto* reference = object.if_contains("$ref");
  if (!reference) {
    return object;  // NOLINT(bugprone-return-const-ref-from-parameter): of the document, as all that come in are
  }
  return resolved(document_.at_pointer(std::string(view(reference->as_string()).substr(1))).as_object());
}

const json::object* OpenApi::pathItemFor(std::string_view path) const {
  const json::object* best = nullptr;
  int bestFit = -1;
  for (const auto& [pattern, item] : document_.at("paths").as_object()) {
    if (const int here = fit(pattern, path); here > bestFit) {
      best = &item.as_object();
      bestFit = here;
    }
  }
  return best;
}

std::set<std::pair<std::string, std::string>> OpenApi::operations() const {
  std::set<std::pair<std::string, std::string>> operations;
  for (const auto& [pattern, item] : document_.at("paths").as_object()) {
    for (const auto& [method, operation] : item.as_object()) {
      std::string name(method);
      std::ranges::transform(name, name.begin(), [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
      operations.emplace(std::move(name), std::string(pattern));
    }
  }
  return operations;
}

std::set<std::string> OpenApi::propertiesOf(std::string_view schema) const {
  std::set<std::string> names;
  const auto& properties = document_.at("components").at("schemas").at(schema).at("properties").as_object();
  for (const auto& [name, property] : properties) {
    names.emplace(name);
  }
  return names;
}

std::string OpenApi::checkObject(const json::object& value, const json::object& schema,
                                 const std::string& where) const {
  const json::object& properties = schema.at("properties").as_object();
  for (const json::value& name : schema.at("required").as_array()) {
    if (!value.contains(view(name.as_string()))) {
      return where + " lacks " + std::string(view(name.as_string())) + "; ";
    }
  }
  std::string findings;
  for (const auto& [name, field] : value) {
    const auto* property = properties.if_contains(name);
    findings += property ? check(field, property->as_object(), where + "." + std::string(name))
                         : where + " has " + std::string(name) + ", which is not described; ";
  }
  return findings;
}

std::string OpenApi::check(const json::value& value, const json::object& reference, const std::string& where) const {
  const json::object& schema = resolved(reference);
  if (const auto* choices = schema.if_contains("oneOf")) {
    const bool fits = std::ranges::any_of(choices->as_array(), [&](const json::value& choice) {
      return check(value, choice.as_object(), where).empty();
    });
    return fits ? "" : where + " is none of what it may be; ";
  }
  if (!typeFits(value, schema.at("type"))) {
    return where + " has another type; ";
  }
  if (const auto* options = schema.if_contains("enum")) {
    const auto& list = options->as_array();
    if (std::ranges::find(list, value) == list.end()) {
      return where + " is a word that is not listed; ";
    }
  }
  if (value.is_string() && !textFits(view(value.get_string()), schema)) {
    return where + " is not of its form; ";
  }
  if (value.is_int64() && schema.contains("minimum") && value.get_int64() < schema.at("minimum").to_number<int>()) {
    return where + " is too small; ";
  }
  if (value.is_object()) {
    return checkObject(value.get_object(), schema, where);
  }
  std::string findings;
  if (value.is_array()) {
    for (const json::value& item : value.get_array()) {
      findings += check(item, schema.at("items").as_object(), where + "[]");
    }
  }
  return findings;
}

std::string OpenApi::judge(std::string_view method, std::string_view target, int status, std::string_view contentType,
                           std::string_view body) const {
  const json::object* item = pathItemFor(target.substr(0, target.find('?')));
  std::string name(method == "HEAD" ? "GET" : method);
  std::ranges::transform(name, name.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  const auto* operation = item ? item->if_contains(name) : nullptr;
  if (!operation) {
    return status == 404 || status == 405 || status == 401 ? "" : "an answer where nothing is described; ";
  }
  const auto* given = operation->at("responses").as_object().if_contains(std::to_string(status));
  if (!given) {
    return "status " + std::to_string(status) + " is not described; ";
  }
  const json::object& response = resolved(given->as_object());
  const auto* content = response.if_contains("content");
  if (!content || method == "HEAD") {
    return body.empty() ? "" : "a body where none is described; ";
  }
  const std::string type(contentType.substr(0, contentType.find(';')));
  const auto* described = content->as_object().if_contains(type);
  if (!described) {
    return "content of type " + type + " is not described; ";
  }
  if (type != "application/json") {
    return "";
  }
  boost::system::error_code failed;
  const json::value value = json::parse(body, failed);
  return failed ? "the body is not JSON; " : check(value, described->at("schema").as_object(), "body");
}

}  // namespace onering::testing
