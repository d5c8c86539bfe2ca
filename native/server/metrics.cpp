#include "onering/server/metrics.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <stdexcept>

namespace onering {

namespace {

bool isNameCharacter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
}

bool isName(std::string_view name) {
  return !name.empty() && name.front() >= 'a' && name.front() <= 'z' && std::ranges::all_of(name, isNameCharacter);
}

void demand(bool holds, std::string_view name, std::string_view rule) {
  if (!holds) {
    throw std::invalid_argument("metric " + std::string(name) + ": " + std::string(rule));
  }
}

// In help texts and label values.
std::string escaped(std::string_view text, bool quotes) {
  std::string out;
  for (const char c : text) {
    if (c == '\n') {
      out += "\\n";
    } else if (c == '\\' || (quotes && c == '"')) {
      out += {'\\', c};
    } else {
      out += c;
    }
  }
  return out;
}

// The shortest text that means this number.
std::string numberText(double value) {
  if (std::isinf(value)) {
    return value > 0 ? "+Inf" : "-Inf";
  }
  if (std::isnan(value)) {
    return "NaN";
  }
  std::array<char, 32> text{};
  const auto [end, failed] = std::to_chars(text.data(), text.data() + text.size(), value);
  return {text.data(), end};
}

// `a="x",b="y"`
std::string labelText(std::string_view name, const Metrics::Labels& labels) {
  std::string out;
  for (const auto& [label, value] : labels) {
    demand(isName(label) && label != "le", name, "a label's name is lower case, and not le");
    out += (out.empty() ? "" : ",") + label + "=\"" + escaped(value, true) + "\"";
  }
  return out;
}

std::string braced(const std::string& labels) {
  return labels.empty() ? "" : "{" + labels + "}";
}

void line(std::string& out, const std::string& name, const std::string& labels, const std::string& value) {
  out += name + braced(labels) + " " + value + "\n";
}

void writeHistogram(std::string& out, const std::string& name, const std::string& labels, const Histogram& histogram) {
  std::uint64_t count = 0;
  const auto bucket = [&](const std::string& bound) {
    line(out, name + "_bucket", labels + (labels.empty() ? "" : ",") + "le=\"" + bound + "\"", std::to_string(count));
  };
  for (std::size_t i = 0; i < histogram.bounds().size(); ++i) {
    count += histogram.countIn(i);
    bucket(numberText(histogram.bounds()[i]));
  }
  count += histogram.countIn(histogram.bounds().size());
  bucket("+Inf");
  line(out, name + "_sum", labels, numberText(histogram.sum()));
  line(out, name + "_count", labels, std::to_string(count));
}

}  // namespace

Histogram::Histogram(std::vector<double> bounds) : bounds_(std::move(bounds)), counts_(bounds_.size() + 1) {}

void Histogram::observe(double value) {
  const auto bucket = static_cast<std::size_t>(std::ranges::lower_bound(bounds_, value) - bounds_.begin());
  counts_[bucket].fetch_add(1, std::memory_order_relaxed);
  sum_.fetch_add(value, std::memory_order_relaxed);
}

std::uint64_t Histogram::countIn(std::size_t bucket) const {
  return counts_[bucket].load(std::memory_order_relaxed);
}

std::vector<double> powersOfTwo(double last) {
  std::vector<double> bounds;
  bounds.push_back(1);
  while (bounds.back() * 2 <= last) {
    bounds.push_back(bounds.back() * 2);
  }
  return bounds;
}

std::vector<double> latencies() {
  return {0.0001, 0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10};
}

Metrics::Series& Metrics::seriesOf(std::string_view name, std::string_view help, const Labels& labels, Type type) {
  demand(isName(name) && name.starts_with("onering_"), name, "a name is onering_ and lower case");
  demand(!help.empty(), name, "what it means has to be said");
  demand(name.ends_with("_total") == (type == Type::counter), name, "counters, and only they, end in _total");
  for (const std::string_view unit : {"_ms_", "_milliseconds_", "_us_", "_minutes_", "_kb_", "_kib_", "_mb_"}) {
    demand(!(std::string(name) + "_").contains(unit), name, "units are seconds and bytes");
  }
  for (const std::string_view reserved : {"_bucket", "_sum", "_count"}) {
    demand(!name.ends_with(reserved), name, "this ending belongs to histograms");
  }
  const std::string written = labelText(name, labels);
  const auto [family, isNew] = families_.try_emplace(std::string(name));
  if (isNew) {
    family->second.type = type;
    family->second.help = help;
  }
  demand(family->second.type == type && family->second.help == help, name, "a name has one type and one meaning");
  return family->second.series[written];
}

Counter& Metrics::counter(std::string_view name, std::string_view help, const Labels& labels) {
  const std::scoped_lock lock(mutex_);
  Series& series = seriesOf(name, help, labels, Type::counter);
  if (!series.counter) {
    series.counter = std::make_unique<Counter>();
  }
  return *series.counter;
}

Histogram& Metrics::histogram(std::string_view name, std::string_view help, std::vector<double> bounds,
                              const Labels& labels) {
  const std::scoped_lock lock(mutex_);
  Series& series = seriesOf(name, help, labels, Type::histogram);
  if (!series.histogram) {
    series.histogram = std::make_unique<Histogram>(std::move(bounds));
  }
  return *series.histogram;
}

void Metrics::watch(std::string_view name, std::string_view help, const Labels& labels, Read read) {
  const std::scoped_lock lock(mutex_);
  seriesOf(name, help, labels, name.ends_with("_total") ? Type::counter : Type::gauge).read = std::move(read);
}

std::string Metrics::text() const {
  const std::scoped_lock lock(mutex_);
  std::string out;
  for (const auto& [name, family] : families_) {
    constexpr std::array<std::string_view, 3> kTypes{"counter", "gauge", "histogram"};
    std::string lines;
    for (const auto& [labels, series] : family.series) {
      if (series.histogram) {
        writeHistogram(lines, name, labels, *series.histogram);
      } else if (series.counter) {
        line(lines, name, labels, std::to_string(series.counter->value()));
      } else if (const auto value = series.read ? series.read() : std::nullopt) {
        line(lines, name, labels, numberText(*value));
      }
    }
    if (!lines.empty()) {
      out += "# HELP " + name + " " + escaped(family.help, false) + "\n";
      out += "# TYPE " + name + " ";
      out += kTypes[static_cast<std::size_t>(family.type)];
      out += "\n" + lines;
    }
  }
  return out;
}

}  // namespace onering
