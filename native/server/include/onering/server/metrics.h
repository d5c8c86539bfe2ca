// Figures for Prometheus: a small registry that every part of a server can add to, written as text on demand.
//
//   auto metrics = std::make_shared<onering::Metrics>();
//   auto& opened = metrics->counter("onering_pool_connections_opened_total", "Connections opened.");
//   metrics->watch("onering_pool_connections", "Connections of the pool.", {{"state", "idle"}}, [pool] { … });
//
// Names, units and types follow Prometheus' conventions, and the registry insists on them (std::invalid_argument):
// `onering_` first, base units (seconds, bytes) last, counters end in `_total`. A label must take few values: never a
// user, a draft or anything else that grows.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace onering {

// Any thread may add to it.
class Counter {
 public:
  void add(std::uint64_t count = 1) { value_.fetch_add(count, std::memory_order_relaxed); }
  [[nodiscard]] std::uint64_t value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::uint64_t> value_{0};
};

// How often which values were seen. Any thread may add to it.
class Histogram {
 public:
  // Upper bounds, ascending; one for everything above is added.
  explicit Histogram(std::vector<double> bounds);

  void observe(double value);

  [[nodiscard]] const std::vector<double>& bounds() const { return bounds_; }
  [[nodiscard]] std::uint64_t countIn(std::size_t bucket) const;
  [[nodiscard]] double sum() const { return sum_.load(std::memory_order_relaxed); }

 private:
  std::vector<double> bounds_;
  std::vector<std::atomic<std::uint64_t>> counts_;
  std::atomic<double> sum_{0};
};

// 1, 2, 4, … up to `last`: for counts.
[[nodiscard]] std::vector<double> powersOfTwo(double last);
// 0.1 ms to 10 s, three a decade.
[[nodiscard]] std::vector<double> latencies();

class Metrics {
 public:
  using Labels = std::vector<std::pair<std::string, std::string>>;
  // Called by text(), in its thread; nothing when what it watched is gone.
  using Read = std::function<std::optional<double>()>;

  // The one of this name and these labels, made when it is asked for first; lives as long as the registry.
  Counter& counter(std::string_view name, std::string_view help, const Labels& labels = {});
  Histogram& histogram(std::string_view name, std::string_view help, std::vector<double> bounds,
                       const Labels& labels = {});

  // What someone else counts: a counter if the name ends in `_total`, else a gauge. Takes the place of an earlier one.
  void watch(std::string_view name, std::string_view help, const Labels& labels, Read read);

  // All of it, in Prometheus' text format 0.0.4, by name and labels.
  [[nodiscard]] std::string text() const;

  static constexpr std::string_view kContentType = "text/plain; version=0.0.4; charset=utf-8";

 private:
  enum class Type : std::uint8_t { counter, gauge, histogram };
  struct Series {
    std::unique_ptr<Counter> counter;
    std::unique_ptr<Histogram> histogram;
    Read read;
  };
  struct Family {
    Type type = Type::counter;
    std::string help;
    std::map<std::string, Series> series;  // by labels as they are written
  };

  Series& seriesOf(std::string_view name, std::string_view help, const Labels& labels, Type type);

  mutable std::mutex mutex_;
  std::map<std::string, Family, std::less<>> families_;
};

}  // namespace onering
