#include "serve-process.h"

#include <array>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <utility>

#include <fcntl.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

namespace onering::testing {

namespace {

constexpr const char* kOneRing = ONERING_BINARY;

std::string contentOf(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::filesystem::path temporaryFile() {
  std::string name = (std::filesystem::temp_directory_path() / "onering-stderr-XXXXXX").string();
  const int file = ::mkstemp(name.data());
  ::close(file);
  return name;
}

// The process, and the end of a pipe on which its stdout comes.
std::pair<pid_t, int> spawn(const std::vector<std::string>& arguments, const std::filesystem::path& err) {
  std::array<int, 2> pipe{};
  if (::pipe2(pipe.data(), O_CLOEXEC) != 0) {
    throw std::runtime_error("no pipe");
  }
  std::vector<char*> words{const_cast<char*>(kOneRing)};
  for (const std::string& argument : arguments) {
    words.push_back(const_cast<char*>(argument.c_str()));
  }
  words.push_back(nullptr);
  const pid_t pid = ::fork();
  if (pid == 0) {
    const int log = ::open(err.c_str(), O_WRONLY | O_APPEND);
    if (log >= 0) {
      ::dup2(pipe[1], STDOUT_FILENO);
      ::dup2(log, STDERR_FILENO);
      ::execv(kOneRing, words.data());
    }
    ::_exit(127);
  }
  ::close(pipe[1]);
  return {pid, pipe[0]};
}

// Appends what comes; false: nothing more will.
bool readSome(int file, std::string& to, std::chrono::milliseconds time) {
  pollfd waiting{.fd = file, .events = POLLIN, .revents = 0};
  if (::poll(&waiting, 1, static_cast<int>(time.count())) <= 0) {
    return false;
  }
  std::array<char, 4096> chunk{};
  const ssize_t got = ::read(file, chunk.data(), chunk.size());
  if (got > 0) {
    to.append(chunk.data(), static_cast<std::size_t>(got));
  }
  return got > 0;
}

}  // namespace

Ended runOneRing(const std::vector<std::string>& arguments) {
  const auto err = temporaryFile();
  const auto [pid, out] = spawn(arguments, err);
  Ended ended;
  while (readSome(out, ended.out, std::chrono::seconds(60))) {
  }
  ::close(out);
  int status = 0;
  ::waitpid(pid, &status, 0);
  ended.exitCode = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  ended.err = contentOf(err);
  std::filesystem::remove(err);
  return ended;
}

ServeProcess::ServeProcess(std::vector<std::string> arguments) : err_(temporaryFile()) {
  arguments.insert(arguments.begin(), "serve");
  std::tie(pid_, out_) = spawn(arguments, err_);
  while (!printed_.contains('\n')) {
    if (!readSome(out_, printed_, std::chrono::seconds(20))) {
      throw std::runtime_error("onering serve is not ready: " + printed_ + contentOf(err_));
    }
  }
  const auto colon = printed_.rfind(':');
  port_ = static_cast<std::uint16_t>(std::stoi(printed_.substr(colon + 1)));
}

ServeProcess::~ServeProcess() {
  if (pid_ > 0) {
    ::kill(pid_, SIGKILL);
    static_cast<void>(wait());
  }
  ::close(out_);
  std::error_code ignored;
  std::filesystem::remove(err_, ignored);
}

std::size_t ServeProcess::residentBytes() const {
  std::ifstream file("/proc/" + std::to_string(pid_) + "/statm");
  std::size_t pages = 0;
  file >> pages >> pages;
  return pages * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
}

void ServeProcess::signal(int number) const {
  ::kill(pid_, number);
}

std::optional<Ended> ServeProcess::wait(std::chrono::milliseconds time) {
  const auto until = std::chrono::steady_clock::now() + time;
  int status = 0;
  while (::waitpid(pid_, &status, WNOHANG) == 0) {
    if (std::chrono::steady_clock::now() > until) {
      return std::nullopt;
    }
    ::usleep(5'000);
  }
  pid_ = -1;
  return Ended{.exitCode = WIFEXITED(status) ? WEXITSTATUS(status) : -1, .out = printed_, .err = contentOf(err_)};
}

TemporaryFolder::TemporaryFolder() {
  std::string name = (std::filesystem::temp_directory_path() / "onering-test-XXXXXX").string();
  if (!::mkdtemp(name.data())) {
    throw std::runtime_error("no temporary folder");
  }
  path_ = name;
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

void TemporaryFolder::write(const std::string& name, const std::string& text) const {
  const auto file = path_ / name;
  std::filesystem::create_directories(file.parent_path());
  std::ofstream(file, std::ios::binary) << text;
}

}  // namespace onering::testing
