#include "store-thread.h"

#include <utility>

namespace onering::server {

StoreThread::StoreThread(std::unique_ptr<Store> store, ReadPolicy policy, Post post)
    : store_(std::move(store)), policy_(policy), post_(std::move(post)), thread_([this] { work(); }) {}

StoreThread::~StoreThread() {
  {
    const std::scoped_lock lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_one();
  thread_.join();
}

void StoreThread::ask(StoreQuestion question, Answered answered) {
  enqueue([this, question = std::move(question), answered = std::move(answered)](Store& store) mutable {
    post_([answered = std::move(answered), answer = perform(store, question, policy_)]() mutable {
      answered(std::move(answer));
    });
  });
}

void StoreThread::forgetRejected(Time before) {
  enqueue([before](Store& store) { static_cast<void>(store.forgetRejected(before)); });
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
    task(*store_);
    lock.lock();
  }
}

}  // namespace onering::server
