#include "rate-limit.h"

#include <algorithm>
#include <cmath>

namespace onering::server {

namespace {

constexpr double kBurstSeconds = 2;

}  // namespace

double RateLimit::leftAt(const Bucket& bucket, Clock::time_point now) const {
  const double seconds = std::chrono::duration<double>(now - bucket.at).count();
  return std::min(perSecond_ * kBurstSeconds, bucket.left + seconds * perSecond_);
}

std::optional<std::chrono::milliseconds> RateLimit::take(std::string_view who, Clock::time_point now) {
  if (perSecond_ <= 0) {
    return std::nullopt;
  }
  const auto [found, isNew] = buckets_.try_emplace(std::string(who), Bucket{perSecond_ * kBurstSeconds, now});
  Bucket& bucket = found->second;
  bucket.left = leftAt(bucket, now);
  bucket.at = now;
  if (bucket.left < 1) {
    return std::chrono::milliseconds(static_cast<std::int64_t>(std::ceil((1 - bucket.left) / perSecond_ * 1'000)));
  }
  bucket.left -= 1;
  return std::nullopt;
}

void RateLimit::tidy(Clock::time_point now) {
  std::erase_if(buckets_, [&](const auto& each) { return leftAt(each.second, now) >= perSecond_ * kBurstSeconds; });
}

}  // namespace onering::server
