// Frames of an authority that need not be one: codec, replica, store in memory. Each piece of the input is a frame; an
// empty one is a lost connection, and the user does something now and then.
#include <algorithm>

#include "onering/store/memory/memory-store.h"
#include "onering/sync/replica.h"
#include "onering/wire/codec.h"

#include "fuzz.h"

namespace onering::fuzz {

namespace {

class Zeros final : public Entropy {
 public:
  void fill(std::span<std::uint8_t> bytes) override { std::ranges::fill(bytes, std::uint8_t{0}); }
};

class Device {
 public:
  Device() : replica_(Replica::open(store_, entropy_, "ann", now_).value()) {
    const auto created =
        replica_.perform(replica_.prepare({}, CreateDraft{.title = "a", .platform = {}, .holdLimit = {}}, now_), now_);
    require(created.has_value(), "a draft cannot be created");
    draft_ = created->draft;
    made_ = 1;
    connect();
  }

  void hear(std::string_view frame) {
    now_ += Duration{1};
    if (frame.empty()) {
      replica_.disconnected();
      flush();
      connect();
      return;
    }
    auto message = decodeAuthorityMessage(frame, replica_.record().limits.messageBytes);
    if (!message) {
      write();
      return;
    }
    replica_.received(*std::move(message), now_);
    flush();
  }

 private:
  void connect() {
    replica_.connected("token");
    flush();
  }

  void write() {
    AppendSegment body{.segment = {}, .epoch = 0, .content = {.text = "mine"}};
    if (replica_.perform(replica_.prepare(draft_, std::move(body), now_), now_)) ++made_;
    flush();
  }

  // I8: whatever the authority says, what the user made is pending, kept, or in the log that it told.
  void flush() {
    const Step step = replica_.take();
    accepted_ += step.changes.settled.size() - step.changes.kept.size();
    require(store_.commit(step.changes).has_value(), "a batch is refused");
    for (const ReplicaMessage& message : step.messages) {
      require(decodeReplicaMessage(encode(message), std::size_t{1} << 30U).has_value(), "what is said cannot be read");
    }
    replica_.checkInvariants();
    require(replica_.pendingCount() + replica_.kept().size() + accepted_ == made_, "I8 an op is lost");
  }

  MemoryStore store_;
  Zeros entropy_;
  Time now_ = timeFromMs(1'700'000'000'000);
  Replica replica_;
  DraftId draft_;
  std::size_t made_ = 0;
  std::size_t accepted_ = 0;
};

}  // namespace

}  // namespace onering::fuzz

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  onering::fuzz::Device device;
  onering::fuzz::Pieces pieces(onering::fuzz::viewOf(data, size));
  while (const auto frame = pieces.next()) device.hear(*frame);
  return 0;
}
