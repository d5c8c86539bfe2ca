// Who means ill: connections that say what no proper client says, over and over again, on a thread of their own.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "onering/bench/bench.h"

namespace onering::bench {

// What each of `connections` connections does. When the server closes one, it comes back.
struct Attack {
  const char* name;
  std::size_t connections = 1;
  std::string opening;                // written when it is connected
  std::string hello{};                // then this, when there has been time for an answer
  std::vector<std::string> says{};    // then these, one after another, and from the beginning again
  std::chrono::microseconds every{};  // between two of them; 0: as fast as the server takes them
  bool reads = true;
};

// At work from its construction to its end.
class Attackers {
 public:
  Attackers(const std::string& url, std::vector<Attack> attacks);
  ~Attackers();
  Attackers(const Attackers&) = delete;
  Attackers& operator=(const Attackers&) = delete;
  Attackers(Attackers&&) = delete;
  Attackers& operator=(Attackers&&) = delete;

  // Ends them, and tells of each attack how often it connected and how many bytes went each way.
  void stop(Figures& figures);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace onering::bench
