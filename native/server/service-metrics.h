// What the sync service counts for operators (SPEC §15).
#pragma once

#include "onering/domain/message.h"
#include "onering/server/metrics.h"

namespace onering::server {

struct ServiceMetrics {
  explicit ServiceMetrics(Metrics& registry);

  // A receipt was given.
  void count(const Receipt& receipt);

  Metrics& registry;
  Histogram& batchOps;
  Histogram& commitSeconds;
  Histogram& fanOutSeconds;
  Counter& storeFaults;
  Counter& overflows;
  Counter& divergences;
  std::array<Counter*, kErrorCodeCount> rejected{};  // by code
};

}  // namespace onering::server
