#include "store-thread.h"

#include <utility>

namespace onering::server {

StoreThread::StoreThread(std::unique_ptr<Store> store, ReadPolicy policy, Answered answered)
    : store_(std::move(store)), policy_(policy), answered_(std::move(answered)), thread_([this] { work(); }) {}

StoreThread::~StoreThread() {
  {
    const std::scoped_lock lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_one();
  thread_.join();
}

void StoreThread::ask(AskAction question) {
  {
    const std::scoped_lock lock(mutex_);
    questions_.push_back(std::move(question));
  }
  changed_.notify_one();
}

void StoreThread::work() {
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait(lock, [this] { return stopping_ || !questions_.empty(); });
    if (stopping_) {
      return;
    }
    const AskAction asked = std::move(questions_.front());
    questions_.pop_front();
    lock.unlock();
    answered_(asked.ticket, perform(*store_, asked.question, policy_));
    lock.lock();
  }
}

}  // namespace onering::server
