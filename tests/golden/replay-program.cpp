// `onering replay FILE --json` for the WebAssembly build: the same lines from the same core, run by Node.
#include <chrono>
#include <fstream>
#include <iostream>
#include <string_view>

#include <emscripten.h>

#include "onering/play/replay.h"

// Microseconds that the processor has spent on this program: others work on the same machine.
EM_JS(double, processorTime, (), {
  const used = process.cpuUsage();
  return used.user + used.system;
})

namespace {

using namespace onering;

std::chrono::nanoseconds timeSpent() {
  return std::chrono::microseconds(static_cast<std::int64_t>(processorTime()));
}

void print(const play::WrittenDraft& draft, const play::PlayedDraft& played, const play::ReplayLine& line) {
  for (const play::RefusedOp& each : played.refused) {
    std::cerr << draft.title << ": op " << each.number << ", " << each.operation << ": " << errorName(each.why.code)
              << '\n';
  }
  std::cout << play::toJson(line) << '\n';
}

}  // namespace

int main(int count, char** arguments) {
  if (count != 3 || std::string_view(arguments[2]) != "--json") {
    std::cerr << "usage: replay-wasm FILE --json\n";
    return 2;
  }
  std::ifstream file(arguments[1], std::ios::binary);
  if (!file) {
    std::cerr << arguments[1] << " cannot be read\n";
    return 2;
  }
  const auto replay = play::replay(file, timeSpent, print);
  if (!replay) {
    std::cerr << arguments[1] << ": " << replay.error() << '\n';
    return 2;
  }
  std::cout << play::toJson(replay->sums) << '\n';
  std::cerr << play::toJson(replay->sums, replay->times) << '\n';
  return replay->sums.refused == 0 ? 0 : 1;
}
