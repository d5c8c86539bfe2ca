#include "outgoing.h"

#include <cassert>
#include <utility>

namespace onering::server {

Outgoing::Put Outgoing::put(SharedBytes message) {
  if (behind_) {
    return Put::dropped;
  }
  if (bytes_ + message->size() > bytesMax_) {
    behind_ = true;
    queue_.resize(writing_ ? 1 : 0);
    bytes_ = writing_ ? queue_.front()->size() : 0;
    return Put::overflowed;
  }
  putUrgent(std::move(message));
  return Put::queued;
}

void Outgoing::putUrgent(SharedBytes message) {
  bytes_ += message->size();
  queue_.push_back(std::move(message));
}

SharedBytes Outgoing::next() {
  assert(!writing_);
  if (queue_.empty()) {
    return nullptr;
  }
  writing_ = true;
  return queue_.front();
}

void Outgoing::written() {
  assert(writing_);
  writing_ = false;
  bytes_ -= queue_.front()->size();
  queue_.pop_front();
  if (queue_.empty()) {
    behind_ = false;
  }
}

}  // namespace onering::server
