#include "onering/client/event-loop.h"

#include <utility>

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

namespace onering {

namespace asio = boost::asio;

struct EventLoop::Impl {
  asio::io_context io{1};
};

EventLoop::EventLoop() : impl_(std::make_unique<Impl>()) {}
EventLoop::~EventLoop() = default;

void EventLoop::run() {
  impl_->io.restart();
  impl_->io.run();
}

void EventLoop::runFor(std::chrono::milliseconds time) {
  impl_->io.restart();
  impl_->io.run_for(time);
}

bool EventLoop::runUntil(const std::function<bool()>& done, std::chrono::milliseconds time) {
  const auto until = std::chrono::steady_clock::now() + time;
  const auto keep = asio::make_work_guard(impl_->io);
  impl_->io.restart();
  while (!done()) {
    if (impl_->io.run_one_until(until) == 0) {
      return done();
    }
  }
  return true;
}

void EventLoop::stop() {
  impl_->io.stop();
}

void EventLoop::post(std::function<void()> work) {
  asio::post(impl_->io, std::move(work));
}

void EventLoop::after(std::chrono::milliseconds time, std::function<void()> work) {
  auto timer = std::make_shared<asio::steady_timer>(impl_->io, time);
  timer->async_wait([timer, work = std::move(work)](boost::system::error_code cancelled) {
    if (!cancelled) {
      work();
    }
  });
}

asio::io_context& EventLoop::context() {
  return impl_->io;
}

}  // namespace onering
