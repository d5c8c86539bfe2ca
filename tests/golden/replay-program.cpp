// `onering replay FILE --json` for the WebAssembly build: the same lines from the same core, run by Node.
#include <chrono>
#include <cstdlib>
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
  const bool severalRounds = count == 5 && std::string_view(arguments[3]) == "--rounds";
  if ((count != 3 && !severalRounds) || std::string_view(arguments[2]) != "--json") {
    std::cerr << "usage: replay-wasm FILE --json [--rounds N]\n";
    return 2;
  }
  // The first rounds are where the engine finds out what to compile for speed.
  for (int round = severalRounds ? std::atoi(arguments[4]) : 1; round > 1; --round) {
    std::ifstream file(arguments[1], std::ios::binary);
    static_cast<void>(play::replay(file, timeSpent, [](const auto&...) {}));
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
