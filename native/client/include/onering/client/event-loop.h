// One thread's worth of waiting: any number of clients share it.
#pragma once

#include <chrono>
#include <functional>
#include <memory>

namespace boost::asio {
class io_context;  // NOLINT(readability-identifier-naming): its name there
}

namespace onering {

// Everything given to it runs on the thread that calls run(), one after the other.
class EventLoop {
 public:
  EventLoop();
  ~EventLoop();
  EventLoop(const EventLoop&) = delete;
  EventLoop& operator=(const EventLoop&) = delete;
  EventLoop(EventLoop&&) = delete;
  EventLoop& operator=(EventLoop&&) = delete;

  // Works until stop(), or until nothing is left that could happen (every client is closed).
  void run();
  // The same, at most for this long.
  void runFor(std::chrono::milliseconds time);
  // Works until `done` says so, asked after each event; false: `time` passed first.
  [[nodiscard]] bool runUntil(const std::function<bool()>& done, std::chrono::milliseconds time);

  // These two may be called from any thread.
  void stop();
  void post(std::function<void()> work);

  void after(std::chrono::milliseconds time, std::function<void()> work);

  // For who brings their own Asio.
  [[nodiscard]] boost::asio::io_context& context();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace onering
