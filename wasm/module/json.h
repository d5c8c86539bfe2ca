// Writes JSON, the form in which the module answers. There is no reader: what comes in are texts and numbers.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace onering {

// Appends values to a text. The caller sees to it that objects and lists are opened and closed in pairs; commas
// come by themselves.
class JsonWriter {
 public:
  JsonWriter& openObject() { return open('{'); }
  JsonWriter& closeObject() { return close('}'); }
  JsonWriter& openList() { return open('['); }
  JsonWriter& closeList() { return close(']'); }

  // Names are ours: plain ASCII without quotes.
  JsonWriter& name(std::string_view name);

  JsonWriter& value(std::string_view utf8);
  JsonWriter& value(const char* utf8) { return value(std::string_view(utf8)); }
  JsonWriter& value(bool truth);
  JsonWriter& value(std::int64_t number);
  JsonWriter& value(std::uint64_t number);
  JsonWriter& value(std::uint32_t number) { return value(std::uint64_t{number}); }
  JsonWriter& null();

  template <typename T>
  JsonWriter& member(std::string_view name, const T& content) {
    this->name(name);
    return value(content);
  }
  JsonWriter& noMember(std::string_view name) {
    this->name(name);
    return null();
  }
  JsonWriter& memberList(std::string_view name) {
    this->name(name);
    return openList();
  }
  JsonWriter& memberObject(std::string_view name) {
    this->name(name);
    return openObject();
  }

  // Appends a value that is JSON already.
  JsonWriter& raw(std::string_view json);

  [[nodiscard]] std::string take();

 private:
  JsonWriter& open(char bracket);
  JsonWriter& close(char bracket);
  template <typename Number>
  JsonWriter& number(Number number);
  char* separate(std::size_t room);
  char* roomFor(std::size_t size);
  void wroteTo(const char* end) { size_ = static_cast<std::size_t>(end - text_.get()); }

  // Not a std::string: in a module that is compiled for size, each byte that one takes is a call or two.
  std::unique_ptr<char[]> text_;
  std::size_t size_ = 0;
  std::size_t capacity_ = 0;
  bool first_ = true;  // nothing stands before the next value in its object or list
};

}  // namespace onering
