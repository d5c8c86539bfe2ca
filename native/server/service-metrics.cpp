#include "service-metrics.h"

namespace onering::server {

ServiceMetrics::ServiceMetrics(Metrics& metrics)
    : registry(metrics),
      batchOps(metrics.histogram("onering_batch_ops", "Ops that were committed or rejected in one transaction.",
                                 powersOfTwo(512))),
      commitSeconds(metrics.histogram("onering_commit_seconds", "Time from handing a batch to the store to its answer.",
                                      latencies())),
      fanOutSeconds(metrics.histogram("onering_fanout_seconds",
                                      "Time from an op's acceptance to its being queued for all who read along.",
                                      latencies())),
      storeFaults(metrics.counter("onering_store_faults_total", "Questions that the store answered with a fault.")),
      overflows(metrics.counter("onering_sessions_overflowed_total",
                                "Times that a session read too slowly and was told to catch up.")),
      divergences(metrics.counter("onering_divergences_total",
                                  "Copies of drafts whose past is not the server's, as their devices caught up.")) {
  for (std::size_t code = 0; code < kErrorCodeCount; ++code) {
    rejected[code] =
        &metrics.counter("onering_ops_rejected_total", "Receipts that reject an op, repeated ones included.",
                         {{"code", std::string(errorName(static_cast<ErrorCode>(code)))}});
  }
}

void ServiceMetrics::count(const Receipt& receipt) {
  if (const auto* why = std::get_if<Rejection>(&receipt)) {
    rejected[static_cast<std::size_t>(why->code)]->add();
  }
}

}  // namespace onering::server
