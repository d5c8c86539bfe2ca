// Virtual time: what is to happen, in order of time and, at the same time, of asking.
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <vector>

#include "onering/domain/time.h"

namespace onering::simulation {

class Scheduler {
 public:
  explicit Scheduler(Time start) : now_(start) {}

  [[nodiscard]] Time now() const { return now_; }
  [[nodiscard]] std::uint64_t happened() const { return happened_; }

  void at(Time time, std::function<void()> what) {
    events_.push_back({std::max(time, now_), ++lastOrder_, std::move(what)});
    std::ranges::push_heap(events_, later);
  }
  void after(Duration delay, std::function<void()> what) { at(now_ + delay, std::move(what)); }

  // Lets the next event happen if it is not later than `end`; else time moves on to `end` and the answer is false.
  bool runOne(Time end) {
    if (events_.empty() || events_.front().time > end) {
      now_ = std::max(now_, end);
      return false;
    }
    std::ranges::pop_heap(events_, later);
    Event event = std::move(events_.back());
    events_.pop_back();
    now_ = event.time;
    ++happened_;
    event.what();
    return true;
  }

 private:
  struct Event {
    Time time;
    std::uint64_t order;
    std::function<void()> what;
  };

  static bool later(const Event& one, const Event& other) {
    return one.time != other.time ? one.time > other.time : one.order > other.order;
  }

  Time now_;
  std::uint64_t lastOrder_ = 0;
  std::uint64_t happened_ = 0;
  std::vector<Event> events_;
};

}  // namespace onering::simulation
