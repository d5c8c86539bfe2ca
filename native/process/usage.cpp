#include "onering/process/usage.h"

#include <array>
#include <cstdio>
#include <ctime>
#include <iterator>
#include <memory>
#include <sstream>
#include <string>

#include <unistd.h>

namespace onering::process {

namespace {

// Empty when the process is gone, be it between opening and reading.
std::string contentOf(pid_t process, const char* name) {
  struct Close {
    void operator()(std::FILE* file) const { std::fclose(file); }
  };
  const std::unique_ptr<std::FILE, Close> file(
      std::fopen(("/proc/" + std::to_string(process) + "/" + name).c_str(), "r"));
  std::string content;
  std::array<char, 4096> chunk{};
  while (file && std::feof(file.get()) == 0 && std::ferror(file.get()) == 0) {
    content.append(chunk.data(), std::fread(chunk.data(), 1, chunk.size(), file.get()));
  }
  return content;
}

// To the nanosecond, where proc(5) counts ticks of 10 ms.
double ownSecondsOf(pid_t process) {
  clockid_t clock{};
  timespec time{};
  if (::clock_getcpuclockid(process, &clock) != 0 || ::clock_gettime(clock, &time) != 0) {
    return 0;
  }
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) / 1e9;
}

// Of children that have ended and were waited for, and theirs.
double childrensSecondsOf(pid_t process) {
  const std::string stat = contentOf(process, "stat");
  const auto nameEnd = stat.rfind(')');  // the name may hold anything
  if (nameEnd == std::string::npos) {
    return 0;
  }
  constexpr int kChildrensUserTime = 16;  // the field's number in proc(5); their system time follows
  std::istringstream fields(stat.substr(nameEnd + 2));
  std::string skipped;
  for (int field = 3; field < kChildrensUserTime; ++field) {
    fields >> skipped;
  }
  double user = 0;
  double system = 0;
  fields >> user >> system;
  return (user + system) / static_cast<double>(::sysconf(_SC_CLK_TCK));
}

}  // namespace

CpuTimes cpuTimesOf(pid_t process) {
  return {.own = ownSecondsOf(process), .children = childrensSecondsOf(process)};
}

double cpuSecondsOfTree(pid_t process) {
  const CpuTimes times = cpuTimesOf(process);
  double sum = times.own + times.children;
  for (const pid_t child : childrenOf(process)) {
    sum += cpuSecondsOfTree(child);
  }
  return sum;
}

std::size_t residentBytesOf(pid_t process) {
  std::istringstream fields(contentOf(process, "statm"));
  std::size_t pages = 0;
  fields >> pages >> pages;
  return pages * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
}

std::vector<pid_t> childrenOf(pid_t process) {
  // By thread: this process's first one starts all there are, in the programs that this is used for.
  const std::string id = std::to_string(process);
  std::istringstream list(contentOf(process, ("task/" + id + "/children").c_str()));
  return {std::istream_iterator<pid_t>(list), {}};
}

}  // namespace onering::process
