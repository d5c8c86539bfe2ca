// What stands in a request's target: path segments and query parameters, as values.
#pragma once

#include <expected>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "onering/domain/error.h"
#include "onering/ports/event-store.h"

namespace onering::server {

// %41 as A; nothing where a percent sign is not followed by two hexadecimal digits.
[[nodiscard]] std::optional<std::string> percentDecoded(std::string_view text);

class Query {
 public:
  // protocolError: it cannot be decoded, has a parameter that is not in `known`, or one twice that `many` does not
  // allow.
  [[nodiscard]] static std::expected<Query, Rejection> parse(std::string_view target,
                                                             std::initializer_list<std::string_view> known,
                                                             std::string_view many = "");

  // Nothing: not given.
  [[nodiscard]] std::optional<std::string> get(std::string_view name) const;
  [[nodiscard]] std::vector<std::string> all(std::string_view name) const;

  // What the parameter says, `otherwise` when it is not given; protocolError when `parse` cannot read it.
  template <typename T, typename Parse>
  [[nodiscard]] std::expected<T, Rejection> read(std::string_view name, T otherwise, Parse parse) const {
    const auto text = get(name);
    if (!text) return otherwise;
    auto value = parse(*text);
    if (!value) return std::unexpected(wrong(name));
    return std::expected<T, Rejection>(std::in_place, *std::move(value));
  }

  [[nodiscard]] static Rejection wrong(std::string_view name);

 private:
  std::vector<std::pair<std::string, std::string>> parameters_;
};

// "2026-01-31T12:00:00Z", with up to nine digits of fractions, of which milliseconds count. Only UTC.
[[nodiscard]] std::optional<Time> parseTime(std::string_view text);

[[nodiscard]] std::optional<std::uint64_t> parseNumber(std::string_view text);

// Keys of lists as one word: what `next` says and `after` takes. Opaque to clients.
[[nodiscard]] std::string cursorText(const DraftListKey& key);
[[nodiscard]] std::string cursorText(const EventKey& key);
[[nodiscard]] std::optional<DraftListKey> parseDraftCursor(std::string_view text);
[[nodiscard]] std::optional<EventKey> parseEventCursor(std::string_view text);

}  // namespace onering::server
