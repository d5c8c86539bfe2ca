// Somebody who keeps a number of appends unanswered in a draft of their own.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "../person.h"
#include "database.h"

namespace onering::testing {

class Writer {
 public:
  Writer(EventLoop& loop, const std::string& url, const std::string& name, int inFlight);

  void stop() { writing_ = false; }
  [[nodiscard]] Person& person() { return person_; }
  [[nodiscard]] const DraftId& draft() const { return draft_; }
  [[nodiscard]] std::size_t accepted() const { return accepted_; }

  // Every op that got `accepted` is in the log exactly once, at the place it was told; nothing else of ours is.
  void checkAgainst(Store& store);

 private:
  void append();

  Person person_;
  DraftId draft_;
  bool writing_ = true;
  int made_ = 0;
  std::size_t accepted_ = 0;
};

// Waits until everybody has had some more ops accepted.
void allGoOn(const std::vector<std::unique_ptr<Writer>>& writers);

// Lets everybody come to an end, and checks what they were told.
void finish(const std::vector<std::unique_ptr<Writer>>& writers, const std::string& databaseUrl);

// How often each op is in the log.
[[nodiscard]] std::map<OpId, std::size_t> countsOf(const std::vector<LogEntry>& log);

}  // namespace onering::testing
