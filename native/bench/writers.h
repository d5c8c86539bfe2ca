// Real replicas that append, each keeping so many ops unacknowledged, and what became of the ops.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "onering/client/client.h"

#include "figures.h"

namespace onering::bench {

// A replica with its store in memory, connected. Throws Failed.
[[nodiscard]] std::unique_ptr<Client> openClient(EventLoop& loop, const std::string& url, const std::string& user,
                                                 std::function<void(const Notice&)> onNotice = {});

// A name that no other run has used, so that a server that was there before can be measured again.
[[nodiscard]] std::string runName();

struct Acknowledged {
  DraftId draft;
  OpId op;
  SegmentId segment;
  Accepted receipt;
};

class Writers {
 public:
  struct Settings {
    std::string url;
    std::string name;  // of the users: NAME-0, NAME-1, …
    std::size_t clients = 1;
    std::size_t drafts = 1;  // shared out among the clients
    std::size_t bytes = 100;
    std::size_t window = 1;
  };

  // Connects everyone and creates the drafts. Throws Failed.
  Writers(EventLoop& loop, Settings settings);

  void start();
  // Appends nothing more; what is under way is still answered.
  void stop() { writing_ = false; }
  // Whether every op is answered.
  [[nodiscard]] bool areDone() const { return unanswered_ == 0; }
  // As a crash of all of them: nothing is heard of what is under way.
  void vanish() { clients_.clear(); }

  // Latencies are gathered while this is set.
  void measure(bool on) { measuring_ = on; }
  [[nodiscard]] Durations& latencies() { return latencies_; }
  [[nodiscard]] std::size_t rejected() const { return rejected_; }
  [[nodiscard]] const std::vector<Acknowledged>& acknowledged() const { return acknowledged_; }
  // Whose the draft is.
  [[nodiscard]] const std::string& owner(const DraftId& draft) const { return owners_.at(draft); }
  [[nodiscard]] const std::map<DraftId, std::string>& owners() const { return owners_; }

 private:
  struct Writer {
    std::unique_ptr<Client> client;
    std::vector<DraftId> drafts;
    std::size_t next = 0;
  };

  void append(Writer& writer);
  void settled(Writer& writer, const DraftId& draft, const OpId& op, const SegmentId& segment, Clock::time_point began,
               const Receipt& receipt);

  Settings settings_;
  std::string text_;
  std::vector<std::unique_ptr<Writer>> clients_;
  std::map<DraftId, std::string> owners_;
  std::vector<Acknowledged> acknowledged_;
  Durations latencies_;
  std::size_t unanswered_ = 0;
  std::size_t rejected_ = 0;
  bool writing_ = false;
  bool measuring_ = false;
};

}  // namespace onering::bench
