// The thread that may wait for disks: does what it is asked in the order of asking.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <variant>

#include "onering/sync/authority.h"

namespace onering::server {

class StoreThread {
 public:
  // Called on this thread with each answer; hands it to the thread that asked.
  using Answered = std::function<void(Ticket, StoreAnswer)>;

  StoreThread(std::unique_ptr<Store> store, ReadPolicy policy, Answered answered);

  // Waits for what is being done; what waits behind it is not done any more.
  ~StoreThread();
  StoreThread(const StoreThread&) = delete;
  StoreThread& operator=(const StoreThread&) = delete;
  StoreThread(StoreThread&&) = delete;
  StoreThread& operator=(StoreThread&&) = delete;

  void ask(AskAction question);
  // Store::forgetRejected().
  void forgetRejected(Time before);

 private:
  struct ForgetRejected {
    Time before;
  };
  using Task = std::variant<AskAction, ForgetRejected>;

  void enqueue(Task task);
  void work();
  void perform(const Task& task);

  std::unique_ptr<Store> store_;
  ReadPolicy policy_;
  Answered answered_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Task> tasks_;  // guarded by mutex_
  bool stopping_ = false;   // guarded by mutex_
  std::thread thread_;
};

}  // namespace onering::server
