// Reads of one draft that many ask for at the same time: those that come while the store reads share its next answer,
// and what is made of it. Each answer was read after the request came, so it is as new as if nobody else had asked,
// however many servers write.
//
//   request 1          -> the store reads -> answers 1
//   requests 2, 3, 4      meanwhile       -> the store reads -> answers 2, 3 and 4
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "onering/sync/store-work.h"

namespace onering::server {

class SharedReads {
 public:
  struct Answer {
    DraftAnswer view;
    std::map<std::string, std::string, std::less<>> bodies;  // by the request's target
  };
  using Answered = std::function<void(const std::shared_ptr<Answer>&)>;
  // Asks the store, which answers now or later.
  using Read = std::function<void(const DraftQuestion&, std::function<void(DraftAnswer)>)>;

  explicit SharedReads(Read read) : read_(std::move(read)) {}

  // Calls `answered` once, now or later.
  void ask(const DraftQuestion& question, Answered answered);

 private:
  struct Less {
    bool operator()(const DraftQuestion& left, const DraftQuestion& right) const;
  };
  struct Reading {
    std::vector<Answered> asked;    // before the store began to read
    std::vector<Answered> waiting;  // since then
  };

  void read(const DraftQuestion& question);
  void answer(const DraftQuestion& question, DraftAnswer view);

  Read read_;
  std::map<DraftQuestion, Reading, Less> readings_;
};

}  // namespace onering::server
