// The two builds are one core: what `onering replay` says and what its WebAssembly twin says is the same, byte for
// byte, for tales of our own and for real writing where it is at hand.
#include <algorithm>
#include <array>
#include <cstdio>
#include <filesystem>
#include <string>

#include <catch2/catch_test_macros.hpp>
#include <sys/wait.h>

namespace onering::testing {

namespace {

const std::string kRoot = ONERING_ROOT;

struct Ran {
  std::string lines;
  int status = -1;
};

Ran run(const std::string& command) {
  Ran ran;
  std::FILE* pipe = popen(command.c_str(), "r");
  REQUIRE(pipe);
  std::array<char, 1U << 16U> chunk{};
  for (std::size_t size = 0; (size = std::fread(chunk.data(), 1, chunk.size(), pipe)) > 0;) {
    ran.lines.append(chunk.data(), size);
  }
  const int status = pclose(pipe);
  ran.status = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  return ran;
}

std::string quoted(const std::string& path) {
  return "'" + path + "'";
}

Ran replayed(const std::string& program, const std::string& file) {
  return run(quoted(program) + " replay " + quoted(file) + " --json 2>/dev/null");
}

Ran replayedByTwin(const std::string& file) {
  return run(quoted(kRoot + "/tests/golden/replay-wasm") + ' ' + quoted(file) + " --json 2>/dev/null");
}

constexpr int kNotBuilt = 3;  // how replay-wasm ends without the other build

// Line by line, so that a difference names its draft.
void checkSameLines(const std::string& here, const std::string& there) {
  auto [one, other] = std::ranges::mismatch(here, there);
  const auto lineAround = [](const std::string& text, std::string::const_iterator at) {
    const auto from = static_cast<std::size_t>(at - text.begin());
    const std::size_t begin = from == 0 ? 0 : text.rfind('\n', from - 1) + 1;
    return text.substr(begin, text.find('\n', begin) - begin);
  };
  if (one != here.end() || other != there.end()) {
    FAIL("natively: " << lineAround(here, one) << "\nin WebAssembly: " << lineAround(there, other));
  }
}

void compare(const std::string& file, int status) {
  if (!std::filesystem::exists(file)) {
    SKIP("the twins on " + file + ": there is no such file here");
  }
  const Ran there = replayedByTwin(file);
  if (there.status == kNotBuilt) {
    SKIP("the twins on " + file + ": the WebAssembly build is not there");
  }
  const Ran here = replayed(ONERING_PROGRAM, file);
  INFO(file);
  CHECK(here.status == status);
  CHECK(there.status == status);
  CHECK(std::ranges::count(here.lines, '\n') > 2);
  checkSameLines(here.lines, there.lines);
}

}  // namespace

// The tales hold what the rules refuse, so both end with 1.
TEST_CASE("I7: both builds come to the same chains from tales of our own") {
  compare(kRoot + "/tests/golden/tales.jsonl", 1);
}

TEST_CASE("I7: both builds come to the same chains from the histories of RFCs") {
  compare(kRoot + "/../shared/data/rfc-drafts.jsonl.gz", 0);
}

TEST_CASE("I7: both builds come to the same chains from people typing") {
  compare(kRoot + "/../shared/data/typing-drafts.jsonl.gz", 0);
}

TEST_CASE("I7: a store in memory comes to the same chains as the core alone") {
  const std::string file = kRoot + "/../shared/data/typing-drafts.jsonl.gz";
  if (!std::filesystem::exists(file)) {
    SKIP("a store on " + file + ": there is no such file here");
  }
  const Ran stored = run(quoted(ONERING_PROGRAM) + " replay " + quoted(file) + " --store memory --json 2>/dev/null");
  CHECK(stored.status == 0);
  checkSameLines(replayed(ONERING_PROGRAM, file).lines, stored.lines);
}

}  // namespace onering::testing
