// Values as JSON text, by the names in fields.h.
//
//   ids, times   text: UUIDs, RFC 3339 with milliseconds      spans   milliseconds      enumerators   their names
//   std::optional without a value, and erased content: null
#pragma once

#include <array>
#include <charconv>
#include <concepts>
#include <string>
#include <utility>

#include "../json.h"
#include "fields.h"

namespace onering::server {

[[nodiscard]] std::string_view nameOf(Role role);
[[nodiscard]] std::string_view nameOf(DraftStatus status);
[[nodiscard]] std::string_view nameOf(PassKind kind);

class JsonOut {
 public:
  // {"name":value,…}: `fields` is called with a function that adds one.
  template <typename Add>
  void object(Add fields) {
    text_ += '{';
    bool first = true;
    fields([&](std::string_view name, const auto& value, auto&&...) {
      if (!std::exchange(first, false)) text_ += ',';
      text_.append(1, '"').append(name).append("\":");  // ours: nothing in it needs an escape
      add(value);
    });
    text_ += '}';
  }

  template <HasFields T>
  void add(const T& value) {
    object([&](auto&& field) { Fields<T>::visit(field, value); });
  }
  void add(std::string_view text) { appendJsonString(text_, text); }
  void add(const std::string& text) { add(std::string_view(text)); }
  void add(const char* text) { add(std::string_view(text)); }
  void add(bool value) { text_ += value ? "true" : "false"; }
  void add(std::nullptr_t /*null*/) { text_ += "null"; }
  void add(Time time) { add(timeText(time)); }
  void add(Duration span) { add(span.count()); }
  void add(const LogPosition& position) { add(etagOf(position)); }
  void add(Role role) { add(nameOf(role)); }
  void add(DraftStatus status) { add(nameOf(status)); }
  void add(PassKind kind) { add(nameOf(kind)); }
  void add(EventType type) { add(eventName(type)); }
  void add(const Content& content) { content.erased ? add(nullptr) : add(content.text); }
  template <std::integral Number>
    requires(!std::same_as<Number, bool>)
  void add(Number number) {
    std::array<char, 24> digits{};
    text_.append(digits.data(), std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr);
  }
  void add(double number) {
    std::array<char, 32> digits{};
    text_.append(digits.data(), std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr);
  }
  template <typename Tag>
  void add(const Id<Tag>& id) {
    add(toText(id));
  }
  template <typename T>
  void add(const std::optional<T>& value) {
    value ? add(*value) : add(nullptr);
  }
  template <typename T>
  void add(const std::vector<T>& values) {
    text_ += '[';
    for (std::size_t i = 0; i < values.size(); ++i) {
      if (i > 0) text_ += ',';
      add(values[i]);
    }
    text_ += ']';
  }

  // All of it, with a line feed at its end.
  [[nodiscard]] std::string take() && { return std::move(text_) + "\n"; }

 private:
  std::string text_;
};

// One object made of what `fields` adds.
template <typename Add>
[[nodiscard]] std::string jsonObject(Add fields) {
  JsonOut out;
  out.object(std::move(fields));
  return std::move(out).take();
}

}  // namespace onering::server
