// What happened, a line each, for people who look for the reason of a failure.
#pragma once

#include <concepts>
#include <string>
#include <string_view>

#include "onering/domain/message.h"

namespace onering::simulation {

class Trace {
 public:
  Trace(bool on, Time start) : on_(on), start_(start) {}

  template <typename... Parts>
  void operator()(Time at, const Parts&... parts) {
    if (!on_) {
      return;
    }
    begin(at);
    (put(parts), ...);
    text_ += '\n';
  }

  [[nodiscard]] std::string take() { return std::move(text_); }

 private:
  void begin(Time at);
  void put(std::string_view text) { text_ += text; }
  void put(const char* text) { text_ += text; }
  void put(const std::string& text) { text_ += text; }
  template <std::integral Number>
  void put(Number number) {
    text_ += std::to_string(number);
  }
  void put(Duration duration) { text_ += std::to_string(duration.count()) + " ms"; }
  void put(ErrorCode code) { text_ += errorName(code); }
  void put(const Op& op);
  void put(const LogPosition& position);
  void put(const ReplicaMessage& message);
  void put(const AuthorityMessage& message);
  template <typename Tag>
  void put(const Id<Tag>& id) {
    text_ += toText(id).substr(32);  // the end is entropy, the beginning time
  }

  bool on_;
  Time start_;
  std::string text_;
};

}  // namespace onering::simulation
