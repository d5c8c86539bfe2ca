// Whether what was acknowledged is there (SPEC I6, I9), asked over the protocol, as anybody could.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "onering/bench/bench.h"

#include "writers.h"

namespace onering::bench {

struct LogCheck {
  std::size_t checked = 0;
  std::size_t missing = 0;    // not there, or not in the place that its receipt names
  std::size_t repeated = 0;   // there more than once
  std::size_t divergent = 0;  // drafts whose chain is not the one that the last receipt names

  [[nodiscard]] bool isClean() const { return missing + repeated + divergent == 0; }
};

// Reads every draft as its owner and looks each acknowledged segment up: it must be in the draft once, by the op of
// its receipt. Then asks whether the last receipt's link is in the log: links cover all that is before them.
[[nodiscard]] LogCheck checkLog(EventLoop& loop, const std::string& url, const std::map<DraftId, std::string>& owners,
                                const std::vector<Acknowledged>& acknowledged);

}  // namespace onering::bench
