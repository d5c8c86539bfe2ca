// What PostgreSQL itself does with the rows of an append, nothing of ours in between.
#pragma once

#include "onering/bench/bench.h"
#include "onering/cluster/temporary-cluster.h"

namespace onering::bench {

// In a database of its own of the cluster, which should have nothing else to do. `bytes`: of a segment's text.
//
//   oneOp       ops/s, one op a transaction, five statements, as a service is usually written: key, ring, segment,
//               head, event; the best of 1, 16 and 64 connections
//   oneStatement  the same as one statement
//   batch100    ops/s, 100 ops a transaction, one statement; the best of 4 and 16 connections
//   copy        rows/s, COPY into the table of segments with its indexes
//   …PerCpuSecond  by CPU second of the cluster
[[nodiscard]] Figures postgresLimits(const TemporaryCluster& cluster, std::size_t bytes, double secondsEach);

}  // namespace onering::bench
