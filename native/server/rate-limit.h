// How often someone may ask: a bucket for each, which holds so many requests and refills steadily.
#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

namespace onering::server {

class RateLimit {
 public:
  using Clock = std::chrono::steady_clock;

  // `perSecond` 0: no limit. Twice as many may come at once after a pause.
  explicit RateLimit(double perSecond) : perSecond_(perSecond) {}

  // Takes one request of `who`. When it is one too many: how long to wait for the next.
  [[nodiscard]] std::optional<std::chrono::milliseconds> take(std::string_view who, Clock::time_point now);

  // Forgets everyone whose bucket is full again. Call about once a second.
  void tidy(Clock::time_point now);

  [[nodiscard]] std::size_t size() const { return buckets_.size(); }

 private:
  struct Bucket {
    double left = 0;
    Clock::time_point at;
  };

  [[nodiscard]] double leftAt(const Bucket& bucket, Clock::time_point now) const;

  double perSecond_;
  std::unordered_map<std::string, Bucket> buckets_;
};

}  // namespace onering::server
