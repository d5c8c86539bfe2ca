// What a device keeps for its user beside the drafts: contract as in store.h.
#pragma once

#include "onering/ports/store.h"

namespace onering {

// An op that waits for its receipt. `order` is its place among all pending ops of the device.
struct PendingOp {
  std::uint64_t order = 0;
  Op op;
  friend bool operator==(const PendingOp&, const PendingOp&) = default;
};

// A rejected op with its content, kept until the user deals with it (SPEC S5).
struct KeptOp {
  Op op;
  Rejection why;
  Time at;
  friend bool operator==(const KeptOp&, const KeptOp&) = default;
};

// Who and what this store belongs to, and how far it has heard.
struct DeviceRecord {
  DeviceId device;
  UserId user;
  std::string display;
  Limits limits;  // as the authority said last
  ChangeCursor cursor;
  friend bool operator==(const DeviceRecord&, const DeviceRecord&) = default;
};

// A whole draft as a snapshot brought it: replaces what the device has of it.
struct DraftImage {
  DraftState state;
  std::vector<RingPass> passes;
  std::vector<Segment> segments;
  friend bool operator==(const DraftImage&, const DraftImage&) = default;
};

// A stretch of what a set-aside copy says.
struct SetAsidePart {
  DraftHead head;
  std::vector<Segment> segments;
  friend bool operator==(const SetAsidePart&, const SetAsidePart&) = default;
};

// One transaction. Applied in the order of the fields.
//
// `queued` and `kept` hold an op id once each, `queued` an order once: the second is a conflict. Setting aside,
// dropping, settling or dismissing what is not there does nothing.
struct DeviceBatch {
  std::optional<DeviceRecord> record;
  std::vector<DraftId> setAside;  // the copy diverged: moved out of sight, kept for export (SPEC H3)
  std::vector<DraftId> dropped;   // no longer the user's: the copy is deleted; outbox and kept ops stay
  std::vector<DraftImage> installed;
  Batch drafts;  // confirmed ops; `rejected` is empty on a device
  std::vector<PendingOp> queued;
  std::vector<OpId> settled;  // leave the outbox
  std::vector<KeptOp> kept;
  std::vector<OpId> dismissed;  // leave the kept ops

  [[nodiscard]] bool empty() const {
    return !record && setAside.empty() && dropped.empty() && installed.empty() && drafts.empty() && queued.empty() &&
           settled.empty() && kept.empty() && dismissed.empty();
  }
};

class DeviceStore : public Store {
 public:
  [[nodiscard]] virtual StoreResult<std::optional<DeviceRecord>> readRecord() = 0;

  // The outbox by order.
  [[nodiscard]] virtual StoreResult<std::vector<PendingOp>> readPending() = 0;

  // Kept ops by (at, op id).
  [[nodiscard]] virtual StoreResult<std::vector<KeptOp>> readKept() = 0;

  // Drafts whose copy was set aside, with the position at which they diverged, by (draft id, seq, link).
  [[nodiscard]] virtual StoreResult<std::vector<DraftPosition>> readSetAside() = 0;

  // What a set-aside copy says, for export: its head, and segments from position `from` on as readSegments() gives
  // them. Nothing when there is no such copy.
  [[nodiscard]] virtual StoreResult<std::optional<SetAsidePart>> readSetAsidePart(const DraftPosition& copy,
                                                                                  std::uint32_t from,
                                                                                  std::size_t bytesMax) = 0;

  using Store::commit;
  [[nodiscard]] virtual StoreResult<void> commit(const DeviceBatch& batch) = 0;
};

}  // namespace onering
