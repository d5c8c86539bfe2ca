#include "onering/play/written-draft.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <span>

#include <boost/json.hpp>

namespace onering::play {

namespace {

namespace json = boost::json;

bool isDigit(char c) {
  return c >= '0' && c <= '9';
}

// Takes RFC 3339 in UTC apart, from left to right. Any part that is not as it should be makes the whole nothing.
class TimeReader {
 public:
  explicit TimeReader(std::string_view text) : rest_(text) {}

  std::optional<Time> read() {
    const int year = number(4, "-");
    const int month = number(2, "-");
    const int day = number(2, "T");
    const int hours = number(2, ":");
    const int minutes = number(2, ":");
    const int seconds = number(2, "");
    const Duration part = fraction();
    const std::chrono::year_month_day date(std::chrono::year{year}, std::chrono::month{static_cast<unsigned>(month)},
                                           std::chrono::day{static_cast<unsigned>(day)});
    constexpr int kLeapSecond = 60;
    if (!good_ || rest_ != "Z" || !date.ok() || hours > 23 || minutes > 59 || seconds > kLeapSecond) {
      return std::nullopt;
    }
    return std::chrono::sys_days{date} + std::chrono::hours{hours} + std::chrono::minutes{minutes} +
           std::chrono::seconds{seconds} + part;
  }

 private:
  // So many digits, and what must stand behind them.
  int number(std::size_t digits, std::string_view behind) {
    const auto part = rest_.substr(0, digits);
    good_ = good_ && part.size() == digits && std::ranges::all_of(part, isDigit) &&
            rest_.substr(digits).starts_with(behind);
    if (!good_) {
      return 0;
    }
    int value = 0;
    std::from_chars(part.data(), part.data() + part.size(), value);
    rest_.remove_prefix(digits + behind.size());
    return value;
  }

  // A decimal point and digits, as many as there are; milliseconds are kept.
  Duration fraction() {
    if (!rest_.starts_with('.')) {
      return {};
    }
    rest_.remove_prefix(1);
    int ms = 0;
    int scale = 100;
    good_ = good_ && !rest_.empty() && isDigit(rest_.front());
    for (; !rest_.empty() && isDigit(rest_.front()); rest_.remove_prefix(1)) {
      ms += (rest_.front() - '0') * scale;
      scale /= 10;
    }
    return Duration{ms};
  }

  std::string_view rest_;
  bool good_ = true;
};

// Reads values as what they have to be. The first that is something else is remembered, and what follows then
// is of no interest.
class DraftReader {
 public:
  WrittenDraft read(const json::value& line) {
    WrittenDraft draft;
    if (const auto* fields = object(line, {"title", "turns"})) {
      draft.title = text(*fields, "title");
      for (const json::value& each : list(*fields, "turns")) {
        place_ = "turn " + std::to_string(draft.turns.size() + 1) + ": ";
        draft.turns.push_back(turn(each));
      }
      place_.clear();
      expect(!draft.turns.empty(), "a draft without turns has no author");
    }
    return draft;
  }

  [[nodiscard]] const std::optional<std::string>& wrong() const { return wrong_; }

 private:
  void expect(bool right, std::string_view otherwise) {
    if (!right && !wrong_) {
      wrong_ = place_ + std::string(otherwise);
    }
  }

  Turn turn(const json::value& value) {
    Turn turn;
    if (const auto* fields = object(value, {"author", "at", "segments"})) {
      turn.author = text(*fields, "author");
      const auto at = TimeReader(text(*fields, "at")).read();
      expect(at.has_value(), "\"at\" is no time like 2024-05-01T12:00:00Z");
      turn.at = at.value_or(Time{});
      for (const json::value& each : list(*fields, "segments")) {
        expect(each.is_string(), "a segment is no string");
        turn.segments.push_back(each.is_string() ? std::string(each.get_string()) : std::string());
      }
    }
    return turn;
  }

  // The object, if it has the fields that are named and no others.
  const json::object* object(const json::value& value, std::initializer_list<std::string_view> names) {
    const json::object* object = value.if_object();
    expect(object != nullptr, "is no object");
    if (!object) {
      return nullptr;
    }
    for (const std::string_view name : names) {
      expect(object->contains(name), "has no \"" + std::string(name) + '"');
    }
    for (const auto& field : *object) {
      const std::string_view name = field.key();
      expect(std::ranges::find(names, name) != names.end(), "has an unknown field \"" + std::string(name) + '"');
    }
    return wrong_ ? nullptr : object;
  }

  std::string text(const json::object& fields, std::string_view name) {
    const json::string* text = fields.at(name).if_string();
    expect(text != nullptr, '"' + std::string(name) + "\" is no string");
    return text ? std::string(*text) : std::string();
  }

  const json::array& list(const json::object& fields, std::string_view name) {
    static const json::array kNone;
    const json::array* list = fields.at(name).if_array();
    expect(list != nullptr, '"' + std::string(name) + "\" is no list");
    return list ? *list : kNone;
  }

  std::string place_;
  std::optional<std::string> wrong_;
};

}  // namespace

std::expected<WrittenDraft, std::string> readDraft(std::string_view line) {
  boost::system::error_code error;
  const json::value value = json::parse(line, error);
  if (error) {
    return std::unexpected("no JSON: " + error.message());
  }
  DraftReader reader;
  WrittenDraft draft = reader.read(value);
  if (reader.wrong()) {
    return std::unexpected(*reader.wrong());
  }
  return draft;
}

}  // namespace onering::play
