// What processes use of the machine, as /proc tells it.
#pragma once

#include <cstddef>
#include <vector>

#include <sys/types.h>

namespace onering::process {

struct CpuTimes {
  double own = 0;       // seconds, user and system
  double children = 0;  // of children that have ended and were waited for, and theirs
};

// Zero for a process that is not there.
[[nodiscard]] CpuTimes cpuTimesOf(pid_t process);

// Of a process and of all that it has ever started, as far as they live or were waited for.
[[nodiscard]] double cpuSecondsOfTree(pid_t process);

// Pages in memory that are its own or that it shares, in bytes.
[[nodiscard]] std::size_t residentBytesOf(pid_t process);

[[nodiscard]] std::vector<pid_t> childrenOf(pid_t process);

}  // namespace onering::process
