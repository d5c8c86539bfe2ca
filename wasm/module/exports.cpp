// The module's interface: flat, as bindings/typescript/src/worker/module.ts calls it.
//
//   in    texts and bytes as pointer and length, in memory from onering_reserve(); ids in their text form; times and
//         spans as milliseconds in a double; a device as the small number that onering_open() gave
//   out   a status; what there is to tell lies in the result: JSON or, where said so, bytes
//
// Both memories are the module's and hold until the next call: the caller copies.
//
// Statuses, where a function says nothing else:
//   0, 1, …   done
//   -1        refused: nothing has changed; the result is a Failure
//   -2        a fault: the replica was opened anew, and what was performed since the last commit is gone; the result
//             is a Committed with `committed` false (device.h)
// No exception leaves the module.
#include <exception>

#include "onering/wasm/opfs-vfs.h"
#include "onering/wire/codec.h"

#include "device.h"
#include "operations.h"

#define ONERING_EXPORT(name) __attribute__((export_name(#name)))

namespace onering {

namespace {

enum Status : int { kDone = 0, kRefused = -1, kFault = -2 };

struct Refused {
  Failure failure;
};

[[noreturn]] void refuse(Rejection why, std::string detail = {}) {
  throw Refused{{std::move(why), std::move(detail)}};
}

// Everything that lives between calls.
struct Module {
  std::string input;
  std::string result;
  std::map<int, std::unique_ptr<Device>> devices;
  int lastDevice = 0;
};

Module& module() {
  static Module instance;
  return instance;
}

Device& deviceOf(int number) {
  const auto found = module().devices.find(number);
  if (found == module().devices.end() || !found->second->isOpen()) {
    refuse(rejection(ErrorCode::storageUnavailable), "no such device is open");
  }
  return *found->second;
}

int fault(int number, const char* what, double now) {
  JsonWriter json;
  const auto found = module().devices.find(number);
  if (found == module().devices.end()) {
    writeFailure(json, Failure{rejection(ErrorCode::internal), what});
    module().result = json.take();
    return kRefused;
  }
  found->second->recover(json, {rejection(ErrorCode::internal), what}, timeFromMs(static_cast<std::int64_t>(now)));
  module().result = json.take();
  return kFault;
}

Past& pastOf(int number) {
  return deviceOf(number).past();
}

int refusal(const Failure& failure) {
  JsonWriter json;
  writeFailure(json, failure);
  module().result = json.take();
  return kRefused;
}

// The edge: what `work` writes is the result, what it returns the status.
template <typename Work>
int answering(int device, double now, Work work) {
  try {
    JsonWriter json;
    const int status = work(json);
    module().result = json.take();
    return status;
  } catch (const Refused& refused) {
    return refusal(refused.failure);
  } catch (const StoreError& error) {
    return refusal(failureOf(error));
  } catch (const std::exception& exception) {
    return fault(device, exception.what(), now);
  } catch (...) {
    return fault(device, "an exception of an unknown kind", now);
  }
}

Time timeOf(double ms) {
  return timeFromMs(static_cast<std::int64_t>(ms));
}

template <typename IdType>
IdType idOf(const char* text, std::size_t size) {
  const auto id = parseId<IdType>({text, size});
  if (!id) {
    refuse(rejection(ErrorCode::idMalformed));
  }
  return *id;
}

// The draft of that id, where this device has it.
DraftId knownDraft(int device, const char* text, std::size_t size) {
  const auto id = idOf<DraftId>(text, size);
  if (!deviceOf(device).replica().draft(id)) {
    refuse(rejection(ErrorCode::notFound));
  }
  return id;
}

template <typename T>
T valueOf(StoreResult<T> result) {
  if (!result) {
    throw StoreError(std::move(result.error()));
  }
  return std::move(*result);
}

// Drafts of this user whose creation no authority has confirmed: newest first, before all others.
void writeUnconfirmed(JsonWriter& json, Replica& replica, const std::map<DraftId, std::size_t>& counts) {
  std::vector<DraftId> drafts = replica.pendingDrafts();
  for (auto id = drafts.rbegin(); id != drafts.rend(); ++id) {
    if (replica.confirmed(*id)) {
      continue;
    }
    const DraftState* view = replica.draft(*id);
    if (view && !view->deletedAt) {
      DraftHead listed = static_cast<const DraftHead&>(*view);
      listed.position = {};
      writeSummary(json, replica, listed, counts.at(*id));
    }
  }
}

std::map<DraftId, std::size_t> countPending(const Replica& replica) {
  std::map<DraftId, std::size_t> counts;
  for (const auto& pending : replica.pending()) {
    ++counts[pending.op->draft];
  }
  return counts;
}

// Confirmed segments from `from` on, as many as fit, then pending ones.
void writeSegments(JsonWriter& json, Device& device, const DraftId& draft, std::uint32_t from, std::uint32_t to,
                   std::uint32_t countMax) {
  constexpr std::size_t kBytesMax = 512U << 10U;
  Replica& replica = device.replica();
  const DraftState* state = replica.confirmed(draft);
  const std::uint32_t confirmed = state ? state->segmentCount : 0;
  const std::uint32_t all = std::min(to, replica.draft(draft)->segmentCount);
  const std::uint32_t end = from < all ? from + std::min(countMax, all - from) : from;
  const std::set<SegmentId> redacting = replica.pendingRedactions(draft);
  std::uint32_t next = from;
  std::size_t room = kBytesMax;
  const auto write = [&](const Segment& segment) {
    writeSegment(json, segment, redacting);
    room -= std::min(room, segment.content.text.size());
    ++next;
  };
  json.memberList("segments");
  if (from < std::min(end, confirmed)) {
    for (const Segment& segment :
         valueOf(device.store().readSegments(draft, from, std::min(end, confirmed), kBytesMax))) {
      write(segment);
    }
  }
  if (next >= confirmed && next < end) {
    for (const Segment& segment : replica.pendingSegments(draft, next, end - next)) {
      if (room == 0) {
        break;
      }
      write(segment);
    }
  }
  json.closeList();
  next < all ? json.member("next", next) : json.noMember("next");
}

}  // namespace

// --- memory -----------------------------------------------------------------------------------------------

// Where to write what the next call is given. Never null.
ONERING_EXPORT(onering_reserve) char* reserveInput(std::size_t size) {
  module().input.resize(size);
  return module().input.data();
}

ONERING_EXPORT(onering_result) const char* resultBytes() {
  return module().result.data();
}

ONERING_EXPORT(onering_result_size) std::size_t resultSize() {
  return module().result.size();
}

// --- devices ----------------------------------------------------------------------------------------------

// Opens the store of that name among the host's files; in memory without a name. Returns the device's number, from
// 1. The result: Opened.
ONERING_EXPORT(onering_open)
int openDevice(const char* name, std::size_t nameSize, const char* user, std::size_t userSize, double now) {
  return answering(0, now, [&](JsonWriter& json) {
    registerOpfsVfs();
    SqliteOptions store{.path = SqliteOptions::kInMemory, .vfs = kOpfsVfs};
    store.journal = SqliteOptions::Journal::walExclusive;
    if (nameSize > 0) {
      store.path = std::string(name, nameSize);
    }
    auto device = Device::open({std::move(store), UserId(user, userSize)}, timeOf(now));
    if (!device) {
      refuse(std::move(device.error().why), std::move(device.error().detail));
    }
    json.openObject().name("record");
    (*device)->writeRecord(json);
    (*device)->writeStanding(json);
    json.closeObject();
    const int number = ++module().lastDevice;
    module().devices.emplace(number, std::move(*device));
    return number;
  });
}

ONERING_EXPORT(onering_close) void closeDevice(int device) {
  answering(0, 0, [&](JsonWriter&) {
    module().devices.erase(device);
    return kDone;
  });
}

// Moves all that is stored into the database file, for a copy of it.
ONERING_EXPORT(onering_checkpoint) int checkpoint(int device, double now) {
  return answering(device, now, [&](JsonWriter&) {
    if (const auto done = deviceOf(device).checkpoint(); !done) {
      throw StoreError(done.error());
    }
    return kDone;
  });
}

// --- what the user does -----------------------------------------------------------------------------------

// Any number of operations (operations.h). The result: Performed.
ONERING_EXPORT(onering_perform)
int perform(int device, const char* operations, std::size_t operationsSize, const char* texts, std::size_t textsSize,
            double now) {
  return answering(device, now, [&](JsonWriter& json) {
    performAll(json, deviceOf(device).replica(), {operations, operationsSize}, {texts, textsSize}, timeOf(now));
    return kDone;
  });
}

// What is known of an op. The result: an OpOutcome, or null.
ONERING_EXPORT(onering_outcome)
int outcome(int device, const char* op, std::size_t opSize, const char* draft, std::size_t draftSize, double now) {
  return answering(device, now, [&](JsonWriter& json) {
    deviceOf(device).writeOutcome(json, {idOf<DraftId>(draft, draftSize), idOf<OpId>(op, opSize)});
    return kDone;
  });
}

// --- what the connection does -----------------------------------------------------------------------------

ONERING_EXPORT(onering_connected)
int connected(int device, const char* token, std::size_t tokenSize, double now) {
  return answering(device, now, [&](JsonWriter&) {
    deviceOf(device).replica().connected(std::string(token, tokenSize));
    return kDone;
  });
}

ONERING_EXPORT(onering_disconnected) int disconnected(int device, double now) {
  return answering(device, now, [&](JsonWriter&) {
    deviceOf(device).replica().disconnected();
    return kDone;
  });
}

ONERING_EXPORT(onering_refresh)
int refresh(int device, const char* token, std::size_t tokenSize, double now) {
  return answering(device, now, [&](JsonWriter&) {
    deviceOf(device).replica().refresh(std::string(token, tokenSize));
    return kDone;
  });
}

// `attention`: 0 away, 1 here, 2 typing.
ONERING_EXPORT(onering_present)
int present(int device, const char* draft, std::size_t draftSize, int attention, double now) {
  return answering(device, now, [&](JsonWriter&) {
    const auto is = attention == 2 ? Attention::typing : attention == 1 ? Attention::here : Attention::away;
    deviceOf(device).replica().present(idOf<DraftId>(draft, draftSize), is);
    return kDone;
  });
}

ONERING_EXPORT(onering_tick) int tick(int device, double now) {
  return answering(device, now, [&](JsonWriter&) {
    deviceOf(device).replica().tick(timeOf(now));
    return kDone;
  });
}

// A message of the authority's. Refused: it is malformed, and the connection should be closed.
ONERING_EXPORT(onering_receive)
int receive(int device, const char* bytes, std::size_t size, double now) {
  return answering(device, now, [&](JsonWriter&) {
    Replica& replica = deviceOf(device).replica();
    auto message = decodeAuthorityMessage({bytes, size}, replica.record().limits.messageBytes);
    if (!message) {
      refuse(message.error());
    }
    replica.received(std::move(*message), timeOf(now));
    return kDone;
  });
}

// --- what follows -----------------------------------------------------------------------------------------

// The result: Committed, also where the commit failed.
ONERING_EXPORT(onering_commit) int commit(int device, double now) {
  return answering(device, now, [&](JsonWriter& json) {
    deviceOf(device).commit(json, timeOf(now));
    return kDone;
  });
}

// 1: the result is a message to send, in bytes. 0: there is none.
ONERING_EXPORT(onering_next_message) int nextMessage(int device) {
  return answering(device, 0, [&](JsonWriter& json) {
    auto message = deviceOf(device).nextMessage();
    if (!message) {
      return 0;
    }
    json.raw(*message);
    return 1;
  });
}

// --- what is seen -----------------------------------------------------------------------------------------

// The result: a Change (module.ts), as commits tell from now on under that number.
ONERING_EXPORT(onering_subscribe)
int subscribe(int device, std::uint32_t number, const char* draft, std::size_t draftSize, std::uint32_t tail,
              double now) {
  return answering(device, now, [&](JsonWriter& json) {
    deviceOf(device).subscribe(json, number, idOf<DraftId>(draft, draftSize), tail);
    return kDone;
  });
}

ONERING_EXPORT(onering_unsubscribe) void unsubscribe(int device, std::uint32_t number) {
  answering(0, 0, [&](JsonWriter&) {
    deviceOf(device).unsubscribe(number);
    return kDone;
  });
}

// The result: a DraftSnapshot, or null.
ONERING_EXPORT(onering_draft)
int readDraft(int device, const char* draft, std::size_t draftSize, double now) {
  return answering(device, now, [&](JsonWriter& json) {
    writeSnapshot(json, deviceOf(device).replica(), idOf<DraftId>(draft, draftSize), true);
    return kDone;
  });
}

// The result: a SegmentPage.
ONERING_EXPORT(onering_segments)
int readSegments(int device, const char* draft, std::size_t draftSize, std::uint32_t from, std::uint32_t to,
                 std::uint32_t countMax, double now) {
  return answering(device, now, [&](JsonWriter& json) {
    Device& open = deviceOf(device);
    const auto id = idOf<DraftId>(draft, draftSize);
    if (!open.replica().draft(id)) {
      refuse(rejection(ErrorCode::notFound));
    }
    json.openObject();
    writeSegments(json, open, id, from, std::max(from, to), countMax);
    json.closeObject();
    return kDone;
  });
}

// The result: a HistoryPage.
ONERING_EXPORT(onering_history)
int readHistory(int device, const char* draft, std::size_t draftSize, std::uint32_t from, std::uint32_t countMax,
                double now) {
  return answering(device, now, [&](JsonWriter& json) {
    Device& open = deviceOf(device);
    const auto id = idOf<DraftId>(draft, draftSize);
    if (!open.replica().draft(id)) {
      refuse(rejection(ErrorCode::notFound));
    }
    const DraftState* confirmed = open.replica().confirmed(id);
    const Epoch lines = confirmed ? confirmed->ring.epoch : 0;
    const auto passes = valueOf(open.store().readPasses(id, from, countMax));
    json.openObject().memberList("passes");
    for (const RingPass& pass : passes) {
      writePass(json, pass);
    }
    json.closeList();
    const std::uint64_t next = from + passes.size();
    next < lines && !passes.empty() ? json.member("next", next) : json.noMember("next");
    json.closeObject();
    return kDone;
  });
}

// The result: a LogPage. Times and numbers of ops are doubles, which hold them exactly.
ONERING_EXPORT(onering_log)
int readLog(int device, const char* draft, std::size_t draftSize, double from, double to, double now) {
  return answering(device, now, [&](JsonWriter& json) {
    pastOf(device).writeLog(json, knownDraft(device, draft, draftSize), static_cast<Seq>(from), static_cast<Seq>(to));
    return kDone;
  });
}

// The result: a PastDraft.
ONERING_EXPORT(onering_draft_at)
int readDraftAt(int device, const char* draft, std::size_t draftSize, double seq, double now) {
  return answering(device, now, [&](JsonWriter& json) {
    const DraftId id = knownDraft(device, draft, draftSize);
    const DraftState* confirmed = deviceOf(device).replica().confirmed(id);
    if (static_cast<Seq>(seq) > (confirmed ? confirmed->position.seq : 0)) {
      refuse(rejection(ErrorCode::notFound, "The draft's log does not go that far on this device."));
    }
    pastOf(device).writeDraft(json, id, static_cast<Seq>(seq));
    return kDone;
  });
}

// Some of the log from `from` on. The result: a VerifiedPart (module.ts).
ONERING_EXPORT(onering_verify)
int verify(int device, const char* draft, std::size_t draftSize, double from, double now) {
  return answering(device, now, [&](JsonWriter& json) {
    pastOf(device).writeVerified(json, knownDraft(device, draft, draftSize), static_cast<Seq>(from));
    return kDone;
  });
}

// The page behind (updatedAt, id); the first one without an id. The result: a DraftPage.
ONERING_EXPORT(onering_list)
int listDrafts(int device, double updatedAt, const char* id, std::size_t idSize, std::uint32_t countMax, double now) {
  return answering(device, now, [&](JsonWriter& json) {
    Device& open = deviceOf(device);
    std::optional<DraftListKey> after;
    if (idSize > 0) {
      after = DraftListKey{timeOf(updatedAt), idOf<DraftId>(id, idSize)};
    }
    const auto heads = valueOf(open.store().listDrafts(open.replica().record().user, after, countMax));
    const auto counts = countPending(open.replica());
    json.openObject().memberList("drafts");
    if (!after) {
      writeUnconfirmed(json, open.replica(), counts);
    }
    for (const DraftHead& head : heads) {
      const auto count = counts.find(head.id);
      const DraftState* view = count == counts.end() ? nullptr : open.replica().draft(head.id);
      if (!view || !view->deletedAt) {
        writeSummary(json, open.replica(), head, count == counts.end() ? 0 : count->second);
      }
    }
    json.closeList();
    if (heads.size() == countMax) {
      json.memberObject("next").member("updatedAt", toMs(heads.back().updatedAt));
      json.member("id", toText(heads.back().id)).closeObject();
    } else {
      json.noMember("next");
    }
    json.closeObject();
    return kDone;
  });
}

// The result: a list of KeptOps.
ONERING_EXPORT(onering_kept) int readKept(int device, double now) {
  return answering(device, now, [&](JsonWriter& json) {
    Device& open = deviceOf(device);
    json.openList();
    for (const KeptOp& kept : open.replica().kept()) {
      open.writeKept(json, kept);
    }
    json.closeList();
    return kDone;
  });
}

// The result: a list of OpDetails, in the order in which they were made.
ONERING_EXPORT(onering_pending) int readPending(int device, double now) {
  return answering(device, now, [&](JsonWriter& json) {
    Replica& replica = deviceOf(device).replica();
    json.openList();
    for (const auto& pending : replica.pending()) {
      const Op op = *pending.op;
      const DraftState* draft = replica.draft(op.draft);
      json.openObject();
      draft ? json.member("draftTitle", draft->title) : json.noMember("draftTitle");
      writeOp(json, op);
      json.closeObject();
    }
    json.closeList();
    return kDone;
  });
}

}  // namespace onering
