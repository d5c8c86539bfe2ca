// Somebody with a device: a real replica over a real socket, and the patience to wait for things.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "onering/client/client.h"

namespace onering::testing {

class Person {
 public:
  struct Habits {
    std::string token;                           // empty: the name
    std::unique_ptr<DeviceStore> store;          // null: one in memory
    std::function<void(ClientOptions&)> change;  // the last word on the options
  };

  Person(EventLoop& loop, const std::string& url, std::string name);
  Person(EventLoop& loop, const std::string& url, std::string name, Habits habits);

  [[nodiscard]] Client& client() { return *client_; }
  [[nodiscard]] const std::string& name() const { return name_; }

  // Waits until `done`; false: it did not come to that in time.
  [[nodiscard]] bool sees(const std::function<bool()>& done, std::chrono::milliseconds time = std::chrono::seconds(20));
  // Live, with nothing pending.
  [[nodiscard]] bool settles();

  DraftId create(const std::string& title = "Notes");
  Performed append(const DraftId& draft, std::string text);
  Performed act(const DraftId& draft, OpBody body);

  // The receipts so far, by op.
  [[nodiscard]] const std::map<OpId, Receipt>& receipts() const { return receipts_; }
  [[nodiscard]] const std::vector<Notice>& notices() const { return notices_; }
  [[nodiscard]] bool accepted(const OpId& op) const;
  [[nodiscard]] std::optional<ErrorCode> rejectedWith(const OpId& op) const;

  // Texts of the draft as this device has them, pending ones included.
  [[nodiscard]] std::vector<std::string> texts(const DraftId& draft);
  [[nodiscard]] std::size_t count(const DraftId& draft);
  [[nodiscard]] LogPosition confirmed(const DraftId& draft);

 private:
  EventLoop& loop_;
  std::string name_;
  std::map<OpId, Receipt> receipts_;
  std::vector<Notice> notices_;
  std::unique_ptr<Client> client_;
};

}  // namespace onering::testing
