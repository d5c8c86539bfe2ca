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
  enqueue(std::move(question));
}

void StoreThread::forgetRejected(Time before) {
  enqueue(ForgetRejected{before});
}

void StoreThread::enqueue(Task task) {
  {
    const std::scoped_lock lock(mutex_);
    tasks_.push_back(std::move(task));
  }
  changed_.notify_one();
}

void StoreThread::work() {
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait(lock, [this] { return stopping_ || !tasks_.empty(); });
    if (stopping_) {
      return;
    }
    const Task task = std::move(tasks_.front());
    tasks_.pop_front();
    lock.unlock();
    perform(task);
    lock.lock();
  }
}

void StoreThread::perform(const Task& task) {
  if (const auto* asked = std::get_if<AskAction>(&task)) {
    answered_(asked->ticket, onering::perform(*store_, asked->question, policy_));
  } else {
    // What could not be forgotten now is forgotten the next time.
    static_cast<void>(store_->forgetRejected(std::get<ForgetRejected>(task).before));
  }
}

}  // namespace onering::server
