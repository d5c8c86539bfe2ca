// What waits to be written to one connection, bounded in bytes (SPEC S13).
//
//            put()          waiting() … begun(), written()
//   service -------> [ c b a ] --------------------------> socket
//
// A reader that is too slow loses everything that waits: the queue is `behind` from then on, and takes nothing
// but urgent messages (the one that says so) until it has run empty. What the reader missed it fetches.
//
// The messages are shared: one that goes to a thousand connections is there once.
#pragma once

#include <cstddef>
#include <deque>
#include <memory>
#include <string>

namespace onering::server {

using SharedBytes = std::shared_ptr<const std::string>;

class Outgoing {
 public:
  explicit Outgoing(std::size_t bytesMax) : bytesMax_(bytesMax) {}

  enum class Put { queued, overflowed, dropped };

  // `overflowed`: the queue has just been emptied because this did not fit. `dropped`: it is behind.
  Put put(SharedBytes message);

  // Queued whatever the bound is.
  void putUrgent(SharedBytes message);

  // The message that is to be written as the `place`-th from now; null: there are not so many.
  [[nodiscard]] const SharedBytes* waiting(std::size_t place) const;
  // A part of the first one has been written: the rest of it must follow.
  void begun();
  // The first one has been written.
  void written();

  [[nodiscard]] std::size_t bytes() const { return bytes_; }
  [[nodiscard]] bool empty() const { return queue_.empty(); }

 private:
  std::deque<SharedBytes> queue_;
  std::size_t bytes_ = 0;
  std::size_t bytesMax_;
  bool writing_ = false;  // the first message is on its way: it cannot be taken back
  bool behind_ = false;
};

}  // namespace onering::server
