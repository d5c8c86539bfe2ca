#include "workload.h"

#include <algorithm>

namespace onering::simulation {

namespace {

using std::chrono::minutes;
using std::chrono::seconds;

}  // namespace

void Workload::start() {
  actSoon();
}

void Workload::actSoon() {
  Duration pause = environment_.random.between(Duration{}, environment_.plan.pauseMax);
  if (actions_ + 1 == environment_.plan.nightBefore) {
    pause += environment_.random.between(minutes(61), minutes(100));
    environment_.night = true;
    environment_.trace(environment_.clock.now(), "night falls");
    environment_.coverage.saw(Situation::nightPassed);
  }
  environment_.clock.after(pause, [this] {
    environment_.night = false;
    if (isDone()) {
      return;
    }
    ++actions_;
    act();
    actSoon();
  });
}

void Workload::act() {
  Random& random = environment_.random;
  if (drafts_.empty() || (drafts_.size() < environment_.plan.draftsMax && random.chance(1'500))) {
    let(anyDevice(), [&](Device& device) { create(device); });
    return;
  }
  const DraftId draft = random.pick(drafts_);
  const std::uint64_t lot = random.below(100);
  const auto isOwner = [](const DraftState& view, const UserId& user) { return view.owner == user; };
  const auto isMember = [](const DraftState& view, const UserId& user) { return view.member(user) != nullptr; };
  if (lot < 3) {
    useInvite();
  } else if (lot < 5) {
    let(anyDevice(), [&](Device& device) {
      const auto attention = static_cast<Attention>(random.below(3));
      device.use([&](Replica& replica, Time) { replica.present(draft, attention); });
    });
  } else if (lot < 38) {
    const auto mayWrite = [](const DraftState& view, const UserId& user) {
      return view.ring.holder == user && view.status == DraftStatus::active && !view.deletedAt;
    };
    let(suited(draft, mayWrite), [&](Device& device) { write(device, draft); });
  } else if (lot < 58) {
    let(suited(draft, isMember), [&](Device& device) { moveRing(device, draft); });
  } else if (lot < 67) {
    let(suited(draft, isOwner), [&](Device& device) { govern(device, draft); });
  } else if (lot < 76) {
    let(suited(draft, isOwner), [&](Device& device) { changeMembers(device, draft); });
  } else if (lot < 81) {
    let(suited(draft, isMember), [&](Device& device) { redact(device, draft); });
  } else if (lot < 88) {
    let(withKeptWork(), [&](Device& device) { dealWithKept(device); });
  } else if (lot < 92) {
    let(anyDevice(), [&](Device& device) { blunder(device, draft); });
  } else if (lot < 96) {
    let(anyDevice(), [&](Device& device) { submit(device, draft); });
  } else {
    Device& device = *random.pick(devices_);
    random.chance(3'000) ? device.passLeadership() : device.goOffline(random.between(seconds(1), minutes(3)));
  }
}

// What is done shares a commit with what is done next, or does not.
template <typename Act>
void Workload::let(Device* device, Act act) {
  if (!device) {
    return;
  }
  act(*device);
  environment_.random.coin() ? device->flush() : device->flushSoon();
}

Device* Workload::anyDevice() {
  Device& device = *environment_.random.pick(devices_);
  return device.isAwake() ? &device : nullptr;
}

// Mostly a device whose user may do it, as that device sees the draft; sometimes any.
template <typename May>
Device* Workload::suited(const DraftId& draft, May may) {
  const std::size_t from = environment_.random.below(devices_.size());
  for (std::size_t i = 0; i < devices_.size() && environment_.random.chance(9'000); ++i) {
    Device& device = *devices_[(from + i) % devices_.size()];
    bool suits = false;
    device.use([&](Replica& replica, Time) {
      const DraftState* view = replica.draft(draft);
      suits = view && may(*view, device.user());
    });
    if (suits) {
      return &device;
    }
  }
  return anyDevice();
}

Device* Workload::withKeptWork() {
  for (const auto& device : devices_) {
    bool suits = false;
    device->use([&](Replica& replica, Time) { suits = !replica.kept().empty() && environment_.random.coin(); });
    if (suits) {
      return device.get();
    }
  }
  return nullptr;
}

void Workload::perform(Device& device, const DraftId& draft, OpBody body) {
  device.use([&](Replica& replica, Time now) {
    Op op = replica.prepare(draft, body, now);
    environment_.trace(environment_.clock.now(), "device ", device.id(), " performs ", op);
    const auto performed = replica.perform(op, now);
    if (!performed) {
      environment_.coverage.local.set(static_cast<std::size_t>(performed.error().code));
      environment_.trace(environment_.clock.now(), "  ", performed.error().code);
      return;
    }
    device.called({.op = op.id, .draft = op.draft, .body = std::move(body)});
    if (performed->effect == LocalEffect::waiting) {
      environment_.coverage.saw(Situation::waitedForAuthority);
      return;
    }
    if (std::holds_alternative<CreateDraft>(op.body)) {
      if (std::ranges::find(drafts_, op.draft) == drafts_.end()) {
        drafts_.push_back(op.draft);
      }
    } else if (std::holds_alternative<AppendSegment>(op.body)) {
      segments_.push_back(*performed->segment);
      require(replica.pendingSegments(op.draft).back().id == *performed->segment, "S2 a segment is not shown at once");
    }
  });
}

// --- drafts and texts -----------------------------------------------------------------------------------

void Workload::create(Device& device) {
  Random& random = environment_.random;
  const Duration holdLimit = random.coin() ? Duration{} : random.between(seconds(5), minutes(2));
  const std::size_t before = drafts_.size();
  perform(
      device, {},
      CreateDraft{
          .title = "draft " + std::to_string(before), .platform = random.coin() ? "" : "web", .holdLimit = holdLimit});
  if (drafts_.size() > before) {
    inviteOthers(device, drafts_.back());
  }
}

void Workload::inviteOthers(Device& device, const DraftId& draft) {
  for (const auto& other : devices_) {
    if (other->user() != device.user() && environment_.random.chance(6'500)) {
      perform(device, draft,
              AddCollaborator{.user = other->user(),
                              .role = environment_.random.chance(8'000) ? Role::editor : Role::viewer});
    }
  }
}

std::string Workload::anyText(std::size_t bytesMax) {
  constexpr std::string_view kWords = "three rings for the kings, seven for the lords — and one ";
  const std::size_t length = environment_.random.chance(1'000)
                                 ? bytesMax
                                 : environment_.random.between<std::size_t>(1, std::min<std::size_t>(bytesMax, 80));
  std::string text;
  while (text.size() < length) {
    text += kWords;
  }
  text.resize(length);
  while (!text.empty() && (static_cast<unsigned char>(text.back()) & 0x80U) != 0) {
    text.pop_back();  // no half character at the end
  }
  return text.empty() ? "x" : text;
}

void Workload::write(Device& device, const DraftId& draft) {
  Random& random = environment_.random;
  const std::uint64_t count = random.chance(3'000) ? random.between<std::uint64_t>(2, 6) : 1;
  for (std::uint64_t i = 0; i < count; ++i) {
    perform(
        device, draft,
        AppendSegment{
            .segment = {}, .epoch = 0, .content = {.text = anyText(environment_.plan.authority.limits.segmentBytes)}});
  }
}

// --- the ring -------------------------------------------------------------------------------------------

UserId Workload::anyUser() {
  return environment_.random.chance(500) ? "nobody" : environment_.random.pick(devices_)->user();
}

void Workload::moveRing(Device& device, const DraftId& draft) {
  Random& random = environment_.random;
  bool holds = false;
  std::vector<UserId> others;
  device.use([&](Replica& replica, Time) {
    const DraftState* view = replica.draft(draft);
    holds = view && view->ring.holder == device.user();
    for (std::size_t i = 0; holds && i < view->members.size(); ++i) {
      const Member& member = view->members[i];
      if (member.role != Role::viewer && member.user != device.user()) {
        others.push_back(member.user);
      }
    }
  });
  if (holds && random.chance(8'000)) {
    perform(device, draft,
            PassRing{.to = others.empty() || random.chance(2'000) ? anyUser() : random.pick(others), .epoch = 0});
    return;
  }
  switch (random.below(6)) {
    case 0:
      perform(device, draft, CancelRequest{});
      break;
    case 1:
    case 2:
      perform(device, draft, ReclaimRing{});
      break;
    default:
      perform(device, draft, RequestRing{});
  }
}

// --- what owners do -------------------------------------------------------------------------------------

void Workload::govern(Device& device, const DraftId& draft) {
  Random& random = environment_.random;
  DraftStatus status = DraftStatus::active;
  bool deleted = false;
  device.use([&](Replica& replica, Time) {
    if (const DraftState* view = replica.draft(draft)) {
      status = view->status;
      deleted = view->deletedAt.has_value();
    }
  });
  const std::uint64_t lot = random.below(100);
  if ((deleted && lot < 85) || lot >= 95) {
    perform(device, draft, RestoreDraft{});
  } else if ((status == DraftStatus::locked && lot < 60) || (lot >= 78 && lot < 82)) {
    perform(device, draft, Unlock{});
  } else if (lot < 60) {
    rename(device, draft);
  } else if (lot < 78) {
    perform(device, draft, Lock{});
  } else if (lot < 85) {
    perform(device, draft, Complete{});
  } else {
    perform(device, draft, DeleteDraft{});
  }
}

void Workload::rename(Device& device, const DraftId& draft) {
  Random& random = environment_.random;
  std::string expect;
  if (random.coin()) {
    expect = "\"7-0123456789abcdef\"";
    device.use([&](Replica& replica, Time) {
      const DraftState* state = random.chance(3'000) ? replica.confirmed(draft) : replica.draft(draft);
      if (state && random.chance(9'000)) {
        expect = etagOf(state->position);
      }
    });
  }
  perform(device, draft, SetTitle{.title = "title " + std::to_string(random.below(100)), .expect = std::move(expect)});
}

void Workload::changeMembers(Device& device, const DraftId& draft) {
  Random& random = environment_.random;
  const Role role = random.chance(6'500) ? Role::editor : Role::viewer;
  switch (random.below(6)) {
    case 0:
    case 1:
      invite(device, draft);
      break;
    case 2:
    case 3:
      perform(device, draft, AddCollaborator{.user = anyUser(), .role = role});
      break;
    case 4:
      perform(device, draft, SetRole{.user = anyUser(), .role = role});
      break;
    default:
      perform(device, draft, RemoveCollaborator{.user = random.chance(2'500) ? device.user() : anyUser()});
  }
}

void Workload::invite(Device& device, const DraftId& draft) {
  Random& random = environment_.random;
  if (!invites_.empty() && random.chance(3'000)) {
    perform(device, draft, RevokeInvite{.invite = random.pick(invites_).invite});
    return;
  }
  std::array<std::uint8_t, 10> bytes{};
  HandedOut made{.draft = draft, .invite = {}};
  for (std::uint8_t& byte : bytes) byte = static_cast<std::uint8_t>(random.next());
  for (std::uint8_t& byte : made.token) byte = static_cast<std::uint8_t>(random.next());
  made.invite = InviteId{uuidV7(environment_.clock.now(), bytes)};
  perform(device, draft,
          CreateInvite{.invite = made.invite,
                       .tokenHash = tokenHash(made.token),
                       .role = random.chance(8'000) ? Role::editor : Role::viewer,
                       .user = random.chance(7'000) ? UserId() : anyUser(),
                       .lifetime = std::chrono::hours(random.chance(9'500) ? 1 : 1'000)});
  invites_.push_back(made);
}

// With the token as it was handed out, mostly, and by someone who does not have the draft.
void Workload::useInvite() {
  if (invites_.empty()) {
    return;
  }
  HandedOut used = environment_.random.pick(invites_);
  if (environment_.random.chance(1'000)) {
    used.token[0] ^= 1U;
  }
  const auto isGuest = [&](Device& device) {
    bool has = true;
    device.use([&](Replica& replica, Time) { has = replica.draft(used.draft) != nullptr; });
    return !has;
  };
  const auto guest = std::ranges::find_if(devices_, [&](const auto& device) { return isGuest(*device); });
  Device* device = guest != devices_.end() && environment_.random.chance(8'000) ? guest->get() : anyDevice();
  let(device, [&](Device& user) {
    perform(user, used.draft,
            AcceptInvite{.invite = used.invite, .tokenHash = tokenHash(used.token), .token = used.token});
  });
}

std::optional<SegmentId> Workload::anySegment(Device& device, const DraftId& draft) {
  std::optional<SegmentId> segment;
  device.use([&](Replica& replica, Time) {
    const auto pending = replica.pendingSegments(draft);
    if (!pending.empty() && environment_.random.coin()) {
      segment = environment_.random.pick(pending).id;
    } else if (!segments_.empty()) {
      segment = environment_.random.pick(segments_);
    }
  });
  return segment;
}

void Workload::redact(Device& device, const DraftId& draft) {
  if (const auto segment = anySegment(device, draft)) {
    perform(device, draft, RedactSegment{.segment = *segment});
  }
}

// --- kept work ------------------------------------------------------------------------------------------

void Workload::dealWithKept(Device& device) {
  std::optional<Op> op;
  device.use([&](Replica& replica, Time) {
    if (!replica.kept().empty()) {
      op = environment_.random.pick(replica.kept()).op;
    }
  });
  if (!op) {
    return;
  }
  switch (environment_.random.below(4)) {
    case 0:
      device.dismiss(op->id);
      break;
    case 1:
      device.copyKept(op->draft);
      break;
    default:
      device.resubmit(op->id);
  }
}

// --- what users may not do ------------------------------------------------------------------------------

void Workload::blunder(Device& device, const DraftId& draft) {
  const auto append = [&](std::string text) {
    perform(device, draft, AppendSegment{.segment = {}, .epoch = 0, .content = {.text = std::move(text)}});
  };
  switch (environment_.random.below(7)) {
    case 0:
      return append("");
    case 1:
      return append(std::string(environment_.plan.authority.limits.segmentBytes + 1, 'x'));
    case 2:
      return append("not \xFF text");
    case 3:
      return perform(device, draft, SetTitle{.title = "", .expect = {}});
    case 4:
      return perform(device, draft, PassRing{.to = "", .epoch = 0});
    case 5:
      return perform(device, draft, AddCollaborator{.user = anyUser(), .role = Role::owner});
    default:
      return perform(device, draft, CreateDraft{.title = "under an id that is taken", .platform = {}, .holdLimit = {}});
  }
}

// Work that the device does not judge: the authority has to.
void Workload::submit(Device& device, const DraftId& draft) {
  Random& random = environment_.random;
  std::optional<Op> op;
  device.use([&](Replica& replica, Time now) {
    const std::array<OpBody, 8> bodies{
        AppendSegment{.segment = !segments_.empty() && random.coin() ? random.pick(segments_) : SegmentId{},
                      .epoch = random.coin() ? 0 : random.between<Epoch>(1, 6),
                      .content = {.text = "submitted"}},
        PassRing{.to = anyUser(), .epoch = random.coin() ? 0 : random.between<Epoch>(1, 6)},
        ReclaimRing{.epoch = random.coin() ? 0 : random.between<Epoch>(1, 6)},
        SetTitle{.title = "submitted", .expect = random.coin() ? "" : "\"1-0000000000000000\""},
        RedactSegment{.segment = segments_.empty() ? SegmentId{} : random.pick(segments_)},
        AddCollaborator{.user = anyUser(), .role = Role::viewer},
        CreateDraft{.title = "submitted", .platform = {}, .holdLimit = {}},
        Lock{},
    };
    op = replica.prepare(draft, bodies[random.below(bodies.size())], now);
    environment_.trace(environment_.clock.now(), "device ", device.id(), " submits ", *op);
  });
  if (op) {
    device.submit(*op);
  }
}

void Workload::everyHolderWrites() {
  for (const DraftId& draft : drafts_) {
    for (const auto& device : devices_) {
      bool writes = false;
      device->use([&](Replica& replica, Time) {
        const DraftState* view = replica.draft(draft);
        writes = view && view->ring.holder == device->user() && view->status == DraftStatus::active &&
                 !view->deletedAt && view->segmentCount < environment_.plan.authority.limits.segmentsPerDraft;
        require(!view || view->position == replica.confirmed(draft)->position,
                "a view goes on after its log although nothing is pending");
      });
      if (writes) {
        perform(*device, draft, AppendSegment{.segment = {}, .epoch = 0, .content = {.text = "and still we write"}});
        break;  // a second device of the same user might write the same turn
      }
    }
  }
  for (const auto& device : devices_) {
    device->flush();
  }
}

}  // namespace onering::simulation
