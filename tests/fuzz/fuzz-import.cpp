// A file to import or to replay: lines of JSON, compressed with gzip or not.
#include <sstream>

#include "onering/play/replay.h"

#include "fuzz.h"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace onering;
  std::istringstream file{std::string(fuzz::viewOf(data, size))};
  const auto replay = play::replay(
      file, [] { return std::chrono::nanoseconds{}; },
      [](const play::WrittenDraft&, const play::PlayedDraft& played, const play::ReplayLine& line) {
        fuzz::require(played.texts.size() == played.state.segmentCount, "I5 a text is missing");
        fuzz::require(line.position == played.state.position, "a line tells another position");
      });
  static_cast<void>(replay);
  return 0;
}
