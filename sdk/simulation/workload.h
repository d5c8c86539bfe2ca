// What the users do: mostly what they may do, and now and then what they may not.
#pragma once

#include <memory>
#include <vector>

#include "device.h"

namespace onering::simulation {

class Workload {
 public:
  Workload(Environment& environment, std::vector<std::unique_ptr<Device>>& devices)
      : environment_(environment), devices_(devices) {}

  void start();
  [[nodiscard]] bool isDone() const { return actions_ >= environment_.plan.actions; }

  // For a healed world: whoever holds a ring appends, to show that drafts are still of use.
  void everyHolderWrites();

 private:
  void actSoon();
  void act();
  template <typename Act>
  void let(Device* device, Act act);
  void create(Device& device);
  void inviteOthers(Device& device, const DraftId& draft);
  void write(Device& device, const DraftId& draft);
  void moveRing(Device& device, const DraftId& draft);
  void govern(Device& device, const DraftId& draft);
  void rename(Device& device, const DraftId& draft);
  void changeMembers(Device& device, const DraftId& draft);
  void invite(Device& device, const DraftId& draft);
  void useInvite();
  void redact(Device& device, const DraftId& draft);
  void dealWithKept(Device& device);
  void blunder(Device& device, const DraftId& draft);
  void submit(Device& device, const DraftId& draft);
  void perform(Device& device, const DraftId& draft, OpBody body);

  // Null: nobody who is awake.
  [[nodiscard]] Device* anyDevice();
  template <typename May>
  [[nodiscard]] Device* suited(const DraftId& draft, May may);
  [[nodiscard]] Device* withKeptWork();
  [[nodiscard]] UserId anyUser();
  [[nodiscard]] std::string anyText(std::size_t bytesMax);
  [[nodiscard]] std::optional<SegmentId> anySegment(Device& device, const DraftId& draft);

  Environment& environment_;
  std::vector<std::unique_ptr<Device>>& devices_;
  std::vector<DraftId> drafts_;
  std::vector<SegmentId> segments_;  // of all drafts, in the order in which they were made
  struct HandedOut {
    DraftId draft;
    InviteId invite;
    InviteToken token{};
  };
  std::vector<HandedOut> invites_;
  std::uint32_t actions_ = 0;
};

}  // namespace onering::simulation
