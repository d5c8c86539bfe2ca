// A store that waits for disks, behind a thread that may: does what it is asked in the order of asking.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>

#include "onering/sync/store-work.h"

namespace onering::server {

class StoreThread final : public AsyncStore {
 public:
  // Runs the function on the thread that asks, later. May be called from any thread.
  using Post = std::function<void(std::function<void()>)>;

  StoreThread(std::unique_ptr<Store> store, ReadPolicy policy, Post post);

  // Waits for what is being done; what waits behind it is not done any more.
  ~StoreThread() override;
  StoreThread(const StoreThread&) = delete;
  StoreThread& operator=(const StoreThread&) = delete;
  StoreThread(StoreThread&&) = delete;
  StoreThread& operator=(StoreThread&&) = delete;

  void ask(StoreQuestion question, Answered answered) override;
  void forgetRejected(Time before) override;

 private:
  using Task = std::function<void(Store&)>;

  void enqueue(Task task);
  void work();

  std::unique_ptr<Store> store_;
  ReadPolicy policy_;
  Post post_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Task> tasks_;  // guarded by mutex_
  bool stopping_ = false;   // guarded by mutex_
  std::thread thread_;
};

}  // namespace onering::server
