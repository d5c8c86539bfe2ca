#include "query.h"

#include <algorithm>
#include <charconv>

#include "../http.h"

namespace onering::server {

namespace {

constexpr std::size_t kIdText = 36;

// "<milliseconds>.<rest>"
std::optional<std::pair<Time, std::string_view>> timeAndRest(std::string_view text) {
  const auto dot = text.find('.');
  if (dot == std::string_view::npos) {
    return std::nullopt;
  }
  const std::string_view number = text.substr(0, dot);
  std::int64_t ms = 0;
  const auto [end, failed] = std::from_chars(number.data(), number.data() + number.size(), ms);
  if (failed != std::errc{} || end != number.data() + number.size()) {
    return std::nullopt;
  }
  return std::pair(timeFromMs(ms), text.substr(dot + 1));
}

// Exactly `count` decimal digits.
std::optional<int> digits(std::string_view text, std::size_t from, std::size_t count) {
  int value = 0;
  for (const char c : text.substr(from, count)) {
    if (c < '0' || c > '9') {
      return std::nullopt;
    }
    value = value * 10 + (c - '0');
  }
  return value;
}

// "", or a dot and one to nine digits: how many milliseconds that is.
std::optional<int> fractionMs(std::string_view text) {
  if (text.empty()) {
    return 0;
  }
  if (text.front() != '.' || text.size() < 2 || text.size() > 10 || !digits(text, 1, text.size() - 1)) {
    return std::nullopt;
  }
  return digits(std::string(text.substr(1)).append("000"), 0, 3);
}

}  // namespace

std::optional<std::string> percentDecoded(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out += text[i];
      continue;
    }
    const auto byte = fromHex(text.substr(i + 1, 2));
    if (!byte || byte->size() != 1) {
      return std::nullopt;
    }
    out += *byte;
    i += 2;
  }
  return out;
}

std::expected<Query, Rejection> Query::parse(std::string_view target, std::initializer_list<std::string_view> known,
                                             std::string_view many) {
  Query query;
  std::string_view rest = target.substr(pathOf(target).size());
  while (!rest.empty()) {
    rest.remove_prefix(1);  // ? or &
    const std::string_view one = rest.substr(0, rest.find('&'));
    rest.remove_prefix(one.size());
    if (one.empty()) {
      continue;
    }
    const auto equals = std::min(one.find('='), one.size());
    auto name = percentDecoded(one.substr(0, equals));
    auto value = percentDecoded(equals < one.size() ? one.substr(equals + 1) : "");
    if (!name || !value || std::ranges::find(known, *name) == known.end() || (*name != many && query.get(*name))) {
      std::string may;
      for (const std::string_view each : known) {
        may += (may.empty() ? "" : ", ") + std::string(each);
      }
      return std::unexpected(rejection(ErrorCode::protocolError,
                                       may.empty() ? "This address takes no parameters."
                                                   : "This address takes the parameters " + may + ", each once."));
    }
    query.parameters_.emplace_back(*std::move(name), *std::move(value));
  }
  return query;
}

std::optional<std::string> Query::get(std::string_view name) const {
  for (const auto& [key, value] : parameters_) {
    if (key == name) {
      return value;
    }
  }
  return std::nullopt;
}

std::vector<std::string> Query::all(std::string_view name) const {
  std::vector<std::string> values;
  for (const auto& [key, value] : parameters_) {
    if (key == name) {
      values.push_back(value);
    }
  }
  return values;
}

Rejection Query::wrong(std::string_view name) {
  return rejection(ErrorCode::protocolError, "The parameter `" + std::string(name) + "` cannot be understood.");
}

std::optional<Time> parseTime(std::string_view text) {
  // 2026-01-31T12:00:00
  if (text.size() < 20 || text[4] != '-' || text[7] != '-' || text[10] != 'T' || text[13] != ':' || text[16] != ':' ||
      text.back() != 'Z') {
    return std::nullopt;
  }
  const auto year = digits(text, 0, 4);
  const auto month = digits(text, 5, 2);
  const auto day = digits(text, 8, 2);
  const auto hour = digits(text, 11, 2);
  const auto minute = digits(text, 14, 2);
  const auto second = digits(text, 17, 2);
  const auto ms = fractionMs(text.substr(19, text.size() - 20));
  if (!year || !month || !day || !hour || !minute || !second || !ms || *hour > 23 || *minute > 59 || *second > 59) {
    return std::nullopt;
  }
  const std::chrono::year_month_day date{std::chrono::year{*year}, std::chrono::month{static_cast<unsigned>(*month)},
                                         std::chrono::day{static_cast<unsigned>(*day)}};
  if (!date.ok()) {
    return std::nullopt;
  }
  return std::chrono::sys_days{date} + std::chrono::hours{*hour} + std::chrono::minutes{*minute} +
         std::chrono::seconds{*second} + Duration{*ms};
}

std::optional<std::uint64_t> parseNumber(std::string_view text) {
  std::uint64_t number = 0;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), number);
  return failed == std::errc{} && end == text.data() + text.size() ? std::optional(number) : std::nullopt;
}

std::string cursorText(const DraftListKey& key) {
  return std::to_string(toMs(key.updatedAt)) + "." + toText(key.id);
}

std::string cursorText(const EventKey& key) {
  return std::to_string(toMs(key.occurredAt)) + "." + toText(key.id) + "." + toText(key.draft);
}

std::optional<DraftListKey> parseDraftCursor(std::string_view text) {
  const auto parts = timeAndRest(text);
  const auto id = parts ? parseId<DraftId>(parts->second) : std::nullopt;
  return id ? std::optional(DraftListKey{parts->first, *id}) : std::nullopt;
}

std::optional<EventKey> parseEventCursor(std::string_view text) {
  const auto parts = timeAndRest(text);
  if (!parts || parts->second.size() != 2 * kIdText + 1 || parts->second[kIdText] != '.') {
    return std::nullopt;
  }
  const auto id = parseId<EventId>(parts->second.substr(0, kIdText));
  const auto draft = parseId<DraftId>(parts->second.substr(kIdText + 1));
  return id && draft ? std::optional(EventKey{parts->first, *id, *draft}) : std::nullopt;
}

}  // namespace onering::server
