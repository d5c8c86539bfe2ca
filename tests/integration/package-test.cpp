// What docs/embedding.md promises: the program in it, built against an installed OneRing and run.
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <thread>

#include <catch2/catch_test_macros.hpp>
#include <unistd.h>

#include "raw-socket.h"
#include "serve-process.h"

namespace onering::testing {

namespace {

std::string contentOf(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

// Runs a command line in a shell; its output is shown when it fails.
bool runs(const std::string& command, const std::string& log) {
  // NOLINTNEXTLINE(concurrency-mt-unsafe): no other thread starts programs meanwhile
  const bool good = std::system((command + " > " + log + " 2>&1").c_str()) == 0;
  if (!good) {
    UNSCOPED_INFO(command << "\n" << contentOf(log));
  }
  return good;
}

}  // namespace

TEST_CASE("the guide to embedding shows the program that is built here", "[package]") {
  const std::string guide = contentOf(ONERING_ROOT "/docs/embedding.md");
  CHECK(guide.contains("```cpp\n" + contentOf(ONERING_ROOT "/tests/integration/embed/main.cpp") + "```"));
  CHECK(guide.contains("```cmake\n" + contentOf(ONERING_ROOT "/tests/integration/embed/CMakeLists.txt") + "```"));
}

TEST_CASE("find_package(OneRing) is enough to embed a server", "[package]") {
  const TemporaryFolder folder;
  const std::string log = folder / "log";
  const std::string prefix = folder / "prefix";
  const std::string build = folder / "build";
  REQUIRE(runs("cmake --install " ONERING_BUILD " --prefix " + prefix, log));
  REQUIRE(runs(
      "cmake -G Ninja -S " ONERING_ROOT "/tests/integration/embed -B " + build + " -DCMAKE_PREFIX_PATH=" + prefix +
          " -DCMAKE_CXX_COMPILER=" ONERING_COMPILER " -DCMAKE_CXX_FLAGS='" ONERING_FLAGS "' -DCMAKE_BUILD_TYPE=Release",
      log));
  REQUIRE(runs("cmake --build " + build, log));

  // The program stops when its input ends.
  const std::string out = folder / "out";
  const std::string in = folder / "in";
  REQUIRE(runs("mkfifo " + in, log));
  std::thread program([&] {
    // NOLINTNEXTLINE(concurrency-mt-unsafe): no other thread starts programs meanwhile
    CHECK(std::system((build + "/notes " + (folder / "notes.db") + " < " + in + " > " + out).c_str()) == 0);
  });
  {
    std::ofstream keepOpen(in);
    std::string printed;
    for (int i = 0; i < 1'000 && !printed.contains('\n'); ++i) {
      ::usleep(10'000);
      printed = contentOf(out);
    }
    const auto end = printed.find("/sync");
    if (end != std::string::npos) {
      const auto colon = printed.rfind(':', end);
      RawSocket socket(static_cast<std::uint16_t>(std::stoi(printed.substr(colon + 1))));
      CHECK_NOTHROW(socket.join("secret-of-ada"));
    } else {
      FAIL_CHECK("it did not start: " + printed);
    }
  }
  program.join();
}

}  // namespace onering::testing
