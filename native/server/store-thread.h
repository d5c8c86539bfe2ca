// The thread that may wait for disks: answers the authority's questions in the order of asking.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>

#include "onering/sync/authority.h"

namespace onering::server {

class StoreThread {
 public:
  // Called on this thread with each answer; hands it to the thread that asked.
  using Answered = std::function<void(Ticket, StoreAnswer)>;

  StoreThread(std::unique_ptr<Store> store, ReadPolicy policy, Answered answered);

  // Waits for the question in work; those behind it are not asked any more.
  ~StoreThread();
  StoreThread(const StoreThread&) = delete;
  StoreThread& operator=(const StoreThread&) = delete;
  StoreThread(StoreThread&&) = delete;
  StoreThread& operator=(StoreThread&&) = delete;

  void ask(AskAction question);

 private:
  void work();

  std::unique_ptr<Store> store_;
  ReadPolicy policy_;
  Answered answered_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<AskAction> questions_;  // guarded by mutex_
  bool stopping_ = false;            // guarded by mutex_
  std::thread thread_;
};

}  // namespace onering::server
