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

const SharedBytes* Outgoing::waiting(std::size_t place) const {
  return place < queue_.size() ? &queue_[place] : nullptr;
}

void Outgoing::begun() {
  assert(!queue_.empty());
  writing_ = true;
}

void Outgoing::written() {
  assert(!queue_.empty());
  writing_ = false;
  bytes_ -= queue_.front()->size();
  queue_.pop_front();
  if (queue_.empty()) {
    behind_ = false;
  }
}

}  // namespace onering::server
