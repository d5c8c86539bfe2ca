// `onering serve` as a process of its own: what a user starts, and what a test may kill.
#pragma once

#include <chrono>
#include <csignal>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include <sys/types.h>

namespace onering::testing {

struct Ended {
  int exitCode = -1;  // -1: by a signal
  std::string out;
  std::string err;
};

// Runs the command line to its end.
[[nodiscard]] Ended runOneRing(const std::vector<std::string>& arguments);

class ServeProcess {
 public:
  // Waits for the ready line. Throws with what is on stderr when it does not come.
  explicit ServeProcess(std::vector<std::string> arguments);
  // kill -9, if it is still there.
  ~ServeProcess();
  ServeProcess(const ServeProcess&) = delete;
  ServeProcess& operator=(const ServeProcess&) = delete;

  [[nodiscard]] std::uint16_t port() const { return port_; }
  [[nodiscard]] std::string url() const { return "ws://127.0.0.1:" + std::to_string(port_); }
  [[nodiscard]] std::size_t residentBytes() const;

  void signal(int number) const;
  // Waits for the end; nothing when it does not come in time.
  [[nodiscard]] std::optional<Ended> wait(std::chrono::milliseconds time = std::chrono::seconds(15));

 private:
  pid_t pid_ = -1;
  int out_ = -1;
  std::filesystem::path err_;
  std::string printed_;
  std::uint16_t port_ = 0;
};

// A folder that goes with the object.
class TemporaryFolder {
 public:
  TemporaryFolder();
  ~TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  [[nodiscard]] const std::filesystem::path& path() const { return path_; }
  [[nodiscard]] std::string operator/(const std::string& name) const { return (path_ / name).string(); }
  // Writes a file, its folders included.
  void write(const std::string& name, const std::string& text) const;

 private:
  std::filesystem::path path_;
};

}  // namespace onering::testing
