// Another program as a child of this one: started, listened to, stopped and always reaped.
//
// A child sees none of this process's files, a folder of its own choice, and signals as they are by default,
// whatever this process does with its own.
#pragma once

#include <chrono>
#include <csignal>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include <sys/types.h>

namespace onering::process {

struct Command {
  std::filesystem::path program;  // with its folder
  std::vector<std::string> arguments;
  std::string user;                      // runs as this user, which only root can ask for; empty: as who we are
  std::filesystem::path folder;          // empty: where we are
  std::filesystem::path log;             // stdout (where `listen` is not set) and stderr go to its end; empty: as ours
  std::filesystem::path input;           // stdin; empty: nothing
  std::vector<std::string> environment;  // NAME=VALUE, besides what we have
  bool listen = false;                   // stdout comes to readLine()
  bool holdOn = false;                   // stdin stays open and empty for as long as the Child lives
  bool diesWithUs = false;               // kill -9 for it when the thread that started it ends, however that happens
};

struct Ended {
  int exitCode = -1;  // -1: by a signal
  std::string out;    // of a command that was listened to
};

class Child {
 public:
  // Throws std::system_error when the machine has no process, pipe or such user for it. A program that is not there
  // ends with 127.
  explicit Child(const Command& command);
  // kill -9, unless it has ended.
  ~Child();
  Child(Child&& other) noexcept;
  Child& operator=(Child&& other) noexcept;
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  [[nodiscard]] pid_t pid() const { return pid_; }

  // The next line of its stdout, without the line feed; nothing: none came in time, or none will.
  [[nodiscard]] std::optional<std::string> readLine(std::chrono::milliseconds time);

  void signal(int number) const;
  [[nodiscard]] bool isRunning();
  // Waits for the end, reading what it prints; nothing: it has not ended in time.
  [[nodiscard]] std::optional<Ended> wait(std::chrono::milliseconds time = std::chrono::hours(24));

 private:
  bool readSome(std::chrono::milliseconds time);
  void reap(bool block);
  void close();

  pid_t pid_ = -1;
  int out_ = -1;
  int in_ = -1;
  std::string printed_;
  std::optional<int> status_;  // once it has been reaped
};

// Runs the command to its end and gives what it printed.
[[nodiscard]] Ended run(Command command);

}  // namespace onering::process
