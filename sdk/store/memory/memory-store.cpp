#include "onering/store/memory/memory-store.h"

#include <algorithm>
#include <cassert>
#include <limits>

#include "onering/domain/canonical.h"

namespace onering {

namespace {

// Thrown inside a commit; the edge undoes what was done and answers with it.
struct Conflict {
  std::string detail;
};

void eraseContent(Content& content) {
  content = erasedContent(content.digest);
}

// A segment's text as it is in the log, or null for an entry that adds none.
Content* contentOf(LogEntry& entry) {
  auto* append = std::get_if<AppendSegment>(&entry.op.body);
  return append ? &append->content : nullptr;
}

std::size_t sizeOf(const LogEntry& entry) {
  const auto* append = std::get_if<AppendSegment>(&entry.op.body);
  return canonicalBytes(entry.op, stampOf(entry)).size() + (append ? append->content.text.size() : 0);
}

std::size_t sizeOf(const Segment& segment) {
  return segment.content.text.size();
}

// The values from `key` on without a gap, below `end`, as many as fit in `bytesMax`, the first in any case.
template <typename Key, typename Value>
std::vector<Value> stretch(const std::map<Key, Value>& values, Key key, Key end, std::size_t bytesMax) {
  std::vector<Value> result;
  std::size_t bytes = 0;
  for (auto at = values.find(key); at != values.end() && at->first == key && key < end; ++at, ++key) {
    bytes += sizeOf(at->second);
    if (bytes > bytesMax && !result.empty()) {
      break;
    }
    result.push_back(at->second);
  }
  return result;
}

template <typename T>
void keepFirst(std::vector<T>& list, std::uint32_t countMax) {
  if (list.size() > countMax) {
    list.resize(countMax);
  }
}

// SPEC §6: newest first, then by id.
bool listsBefore(const DraftListKey& one, const DraftListKey& other) {
  return one.updatedAt != other.updatedAt ? one.updatedAt > other.updatedAt : one.id < other.id;
}

}  // namespace

// --- writing --------------------------------------------------------------------------------------------

// Makes changes one by one and remembers how to undo each, last one first.
class MemoryStore::Transaction {
 public:
  explicit Transaction(MemoryStore& store) : store_(store) {}
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;
  ~Transaction() {
    for (auto undo = undo_.rbegin(); undo != undo_.rend(); ++undo) {
      (*undo)();
    }
  }

  void keep() { undo_.clear(); }

  void write(const Batch& batch) {
    for (const SeqCheck& looked : batch.checks) {
      check(looked);
    }
    for (const DraftWrite& draft : batch.drafts) {
      write(draft);
    }
    for (const RejectedOp& op : batch.rejected) {
      remember(op);
    }
  }

  // SPEC K4. A repeat is no conflict: a draft that was purged and imported again has the same events.
  void appendEvents(const Batch& batch) {
    for (const DraftWrite& draft : batch.drafts) {
      for (const AcceptedOp& op : draft.ops) {
        if (const auto event = eventOf(op.entry, op.change)) {
          append(*event);
        }
      }
    }
  }

  // Whether it is new.
  bool append(const Event& event) {
    const std::pair key(event.draft, event.id);
    if (store_.events_.contains(key)) {
      return false;
    }
    insert(store_.events_, key, event, "");
    return true;
  }

  void write(const DeviceBatch& batch) {
    if (batch.record) {
      assign(store_.record_, batch.record);
    }
    for (const DraftId& draft : batch.setAside) {
      setAside(draft);
    }
    for (const DraftId& draft : batch.dropped) {
      erase(store_.drafts_, draft);
    }
    for (const DraftImage& image : batch.installed) {
      install(image);
    }
    write(batch.drafts);
    for (const PendingOp& pending : batch.queued) {
      queue(pending);
    }
    for (const OpId& op : batch.settled) {
      settle(op);
    }
    for (const KeptOp& kept : batch.kept) {
      insert(store_.kept_, kept.op.id, kept, "op is kept already");
    }
    for (const OpId& op : batch.dismissed) {
      erase(store_.kept_, op);
    }
  }

 private:
  // For values that stay where they are; a map's values come and go, so those are put().
  template <typename Value, typename Now>
  void assign(Value& value, const Now& now) {
    undo_.push_back([&value, before = value] { value = before; });
    value = now;
  }

  template <typename Key, typename Value>
  void insert(std::map<Key, Value>& map, const Key& key, const Value& value, const char* taken) {
    if (!map.emplace(key, value).second) {
      throw Conflict{taken};
    }
    undo_.push_back([&map, key] { map.erase(key); });
  }

  template <typename Key, typename Value>
  void put(std::map<Key, Value>& map, const Key& key, const Value& value) {
    erase(map, key);
    insert(map, key, value, "");
  }

  template <typename Key, typename Value>
  void erase(std::map<Key, Value>& map, const Key& key) {
    const auto found = map.find(key);
    if (found == map.end()) {
      return;
    }
    undo_.push_back([&map, key, before = std::move(found->second)] { map.emplace(key, before); });
    map.erase(found);
  }

  DraftCopy& copyFor(const DraftWrite& write) {
    const auto found = store_.drafts_.find(write.head.id);
    if (write.expected == 0) {
      auto copy = std::make_shared<DraftCopy>();
      insert(store_.drafts_, write.head.id, copy, "draft exists");
      return *copy;
    }
    if (found == store_.drafts_.end() || found->second->head.position.seq != write.expected) {
      throw Conflict{"draft is not where the batch expected it"};
    }
    return *found->second;
  }

  void check(const SeqCheck& looked) const {
    const DraftCopy* copy = store_.copyOf(looked.draft);
    if (copy && copy->head.position.seq != looked.seq) {
      throw Conflict{"draft has moved on"};
    }
  }

  void write(const DraftWrite& write) {
    assert(write.head.position.seq == write.expected + write.ops.size());
    DraftCopy& copy = copyFor(write);
    for (const AcceptedOp& op : write.ops) {
      add(copy, op);
    }
    assign(copy.head, write.head);
  }

  void add(DraftCopy& copy, const AcceptedOp& accepted) {
    const LogEntry& entry = accepted.entry;
    if (store_.rejected_.contains({entry.op.draft, entry.op.id})) {
      throw Conflict{"op was rejected"};
    }
    insert(copy.ops, entry.op.id, entry.seq, "op is in the log");
    insert(copy.log, entry.seq, entry, "seq is taken");
    const Change& change = accepted.change;
    if (change.added) {
      add(copy, *change.added);
    }
    if (change.redacted) {
      redact(entry.op.draft, *change.redacted);
    }
    if (change.passed) {
      add(copy, *change.passed);
    }
    if (change.joined) {
      add(copy, *change.joined);
    }
    if (change.left) {
      leave(copy, *change.left, entry.acceptedAt);
    }
    for (const InviteId& invite : change.uninvited) {
      erase(copy.invites, invite);
    }
    for (const Invite& invite : change.invited) {
      put(copy.invites, invite.id, invite);
    }
  }

  void add(DraftCopy& copy, const Segment& segment) {
    insert(copy.positions, segment.id, segment.position, "segment id is taken");
    insert(copy.segments, segment.position, segment, "position is taken");
  }

  void add(DraftCopy& copy, const RingPass& pass) {
    insert(copy.passes, static_cast<std::uint32_t>(pass.epoch - 1), pass, "epoch is taken");
  }

  void add(DraftCopy& copy, const Member& member) {
    put(copy.members, member.user, Membership{member.role, member.joinedAt, {}});
  }

  void leave(DraftCopy& copy, const UserId& user, Time at) {
    Membership membership = copy.members.at(user);
    membership.leftAt = at;
    put(copy.members, user, membership);
  }

  // O12: in every copy that there is.
  void redact(const DraftId& draft, const SegmentId& segment) {
    if (const auto found = store_.drafts_.find(draft); found != store_.drafts_.end()) {
      redact(*found->second, segment);
    }
    for (const auto& copy : store_.setAside_) {
      if (copy->head.id == draft) {
        redact(*copy, segment);
      }
    }
  }

  void redact(DraftCopy& copy, const SegmentId& id) {
    const auto position = copy.positions.find(id);
    if (position == copy.positions.end()) {
      return;
    }
    Segment segment = copy.segments.at(position->second);
    eraseContent(segment.content);
    put(copy.segments, segment.position, segment);
    if (const auto found = copy.log.find(segment.seq); found != copy.log.end()) {
      LogEntry entry = found->second;
      eraseContent(*contentOf(entry));
      put(copy.log, entry.seq, entry);
    }
  }

  void remember(const RejectedOp& op) {
    const DraftCopy* copy = store_.copyOf(op.key.draft);
    if (copy && copy->ops.contains(op.key.op)) {
      throw Conflict{"op was accepted"};
    }
    insert(store_.rejected_, op.key, Remembered{{op.actor, op.digest, op.why}, op.at}, "op was rejected before");
  }

  void setAside(const DraftId& draft) {
    const auto found = store_.drafts_.find(draft);
    if (found == store_.drafts_.end()) {
      return;
    }
    assign(store_.setAside_, store_.setAside_);
    store_.setAside_.push_back(found->second);
    erase(store_.drafts_, draft);
  }

  void install(const DraftImage& image) {
    erase(store_.drafts_, image.state.id);
    auto copy = std::make_shared<DraftCopy>();
    copy->head = image.state;
    copy->base = image.state.position;
    insert(store_.drafts_, image.state.id, copy, "");
    for (const Member& member : image.state.members) {
      add(*copy, member);
    }
    for (const Invite& invite : image.state.invites) {
      insert(copy->invites, invite.id, invite, "");
    }
    for (const RingPass& pass : image.passes) {
      add(*copy, pass);
    }
    for (const Segment& segment : image.segments) {
      add(*copy, segment);
      if (segment.content.erased) {
        redact(image.state.id, segment.id);  // a redaction that arrived inside the snapshot
      }
    }
  }

  void queue(const PendingOp& pending) {
    for (const auto& [order, op] : store_.outbox_) {
      if (op.id == pending.op.id) {
        throw Conflict{"op is pending already"};
      }
    }
    insert(store_.outbox_, pending.order, pending.op, "order is taken");
  }

  void settle(const OpId& id) {
    const auto found = std::ranges::find_if(store_.outbox_, [&](const auto& row) { return row.second.id == id; });
    if (found != store_.outbox_.end()) {
      erase(store_.outbox_, std::uint64_t{found->first});
    }
  }

  MemoryStore& store_;
  std::vector<std::function<void()>> undo_;
};

StoreResult<void> MemoryStore::commit(const Batch& batch) {
  try {
    Transaction transaction(*this);
    transaction.write(batch);
    transaction.appendEvents(batch);
    transaction.keep();
    return {};
  } catch (const Conflict& conflict) {
    return std::unexpected(StoreError{StoreFault::conflict, conflict.detail});
  }
}

StoreResult<void> MemoryStore::commit(const DeviceBatch& batch) {
  try {
    Transaction transaction(*this);
    transaction.write(batch);
    transaction.keep();
    return {};
  } catch (const Conflict& conflict) {
    return std::unexpected(StoreError{StoreFault::conflict, conflict.detail});
  }
}

// --- reading --------------------------------------------------------------------------------------------

DraftState MemoryStore::DraftCopy::state() const {
  DraftState state{head, {}, {}};
  for (const auto& [user, membership] : members) {
    if (!membership.leftAt) {
      state.members.push_back({user, membership.role, membership.joinedAt});
    }
  }
  for (const auto& [id, invite] : invites) {
    state.invites.push_back(invite);
  }
  return state;
}

bool MemoryStore::DraftCopy::hasMember(const UserId& user) const {
  const auto found = members.find(user);
  return found != members.end() && !found->second.leftAt;
}

const MemoryStore::DraftCopy* MemoryStore::copyOf(const DraftId& draft) const {
  const auto found = drafts_.find(draft);
  return found == drafts_.end() ? nullptr : found->second.get();
}

std::optional<KnownOp> MemoryStore::knownOp(const OpKey& key) const {
  if (const DraftCopy* copy = copyOf(key.draft)) {
    if (const auto found = copy->ops.find(key.op); found != copy->ops.end()) {
      const LogEntry& entry = copy->log.at(found->second);
      return KnownOp{entry.op.actor, opDigest(entry.op), acceptedFor(entry)};
    }
  }
  const auto found = rejected_.find(key);
  return found == rejected_.end() ? std::nullopt : std::optional(found->second.known);
}

std::optional<SegmentRef> MemoryStore::segmentRef(const SegmentKey& key) const {
  const DraftCopy* copy = copyOf(key.draft);
  if (!copy || !copy->positions.contains(key.segment)) {
    return std::nullopt;
  }
  const Segment& segment = copy->segments.at(copy->positions.at(key.segment));
  return SegmentRef{segment.author, segment.content.erased};
}

StoreResult<Found> MemoryStore::find(const Lookup& lookup) {
  Found found;
  for (const DraftId& draft : lookup.drafts) {
    const DraftCopy* copy = copyOf(draft);
    found.drafts.push_back(copy ? std::optional(copy->state()) : std::nullopt);
  }
  for (const OpKey& key : lookup.ops) {
    found.ops.push_back(knownOp(key));
  }
  for (const SegmentKey& key : lookup.segments) {
    found.segments.push_back(segmentRef(key));
  }
  return found;
}

StoreResult<std::vector<LogEntry>> MemoryStore::readLog(const DraftId& draft, Seq after, std::size_t bytesMax) {
  const DraftCopy* copy = copyOf(draft);
  if (!copy) {
    return {};
  }
  return stretch(copy->log, after + 1, std::numeric_limits<Seq>::max(), bytesMax);
}

StoreResult<std::optional<Digest>> MemoryStore::linkAt(const DraftId& draft, Seq seq) {
  const DraftCopy* copy = copyOf(draft);
  if (!copy) {
    return std::nullopt;
  }
  if (seq == 0) {
    return Digest{};
  }
  if (seq == copy->base.seq) {
    return copy->base.link;
  }
  const auto found = copy->log.find(seq);
  return found == copy->log.end() ? std::nullopt : std::optional(found->second.link);
}

StoreResult<std::vector<Segment>> MemoryStore::readSegments(const DraftId& draft, std::uint32_t from, std::uint32_t end,
                                                            std::size_t bytesMax) {
  const DraftCopy* copy = copyOf(draft);
  if (!copy) {
    return {};
  }
  return stretch(copy->segments, from, end, bytesMax);
}

StoreResult<std::vector<RingPass>> MemoryStore::readPasses(const DraftId& draft, std::uint32_t from,
                                                           std::uint32_t countMax) {
  std::vector<RingPass> passes;
  if (const DraftCopy* copy = copyOf(draft)) {
    for (auto at = copy->passes.lower_bound(from); at != copy->passes.end() && passes.size() < countMax; ++at) {
      passes.push_back(at->second);
    }
  }
  return passes;
}

StoreResult<std::vector<UserId>> MemoryStore::readLeft(const DraftId& draft) {
  std::vector<UserId> left;
  if (const DraftCopy* copy = copyOf(draft)) {
    for (const auto& [user, membership] : copy->members) {
      if (membership.leftAt) {
        left.push_back(user);
      }
    }
  }
  return left;
}

StoreResult<std::vector<DraftHead>> MemoryStore::listDrafts(const UserId& user, std::optional<DraftListKey> after,
                                                            std::uint32_t countMax) {
  std::vector<DraftHead> heads;
  for (const auto& [id, copy] : drafts_) {
    const DraftListKey key{copy->head.updatedAt, id};
    if (copy->hasMember(user) && !copy->head.deletedAt && (!after || listsBefore(*after, key))) {
      heads.push_back(copy->head);
    }
  }
  std::ranges::sort(heads, listsBefore, [](const DraftHead& head) { return DraftListKey{head.updatedAt, head.id}; });
  keepFirst(heads, countMax);
  return heads;
}

StoreResult<std::vector<MembershipChange>> MemoryStore::listChanges(const UserId& user, const ChangeCursor& after,
                                                                    std::uint32_t countMax) {
  const auto key = [](const MembershipChange& change) { return std::pair(change.at, change.draft); };
  std::vector<MembershipChange> changes;
  for (const auto& [id, copy] : drafts_) {
    const auto member = copy->members.find(user);
    if (member == copy->members.end()) {
      continue;
    }
    const bool left = member->second.leftAt.has_value();
    const MembershipChange change{.draft = id,
                                  .at = member->second.leftAt.value_or(copy->head.updatedAt),
                                  .left = left,
                                  .position = left ? LogPosition{} : copy->head.position};
    if (key(change) > std::pair(after.since, after.after)) {
      changes.push_back(change);
    }
  }
  std::ranges::sort(changes, {}, key);
  keepFirst(changes, countMax);
  return changes;
}

StoreResult<std::vector<DraftId>> MemoryStore::allDrafts(std::optional<DraftId> after, std::uint32_t countMax) {
  std::vector<DraftId> ids;
  for (auto at = after ? drafts_.upper_bound(*after) : drafts_.begin(); at != drafts_.end() && ids.size() < countMax;
       ++at) {
    ids.push_back(at->first);
  }
  return ids;
}

StoreResult<void> MemoryStore::forgetRejected(Time before) {
  std::erase_if(rejected_, [&](const auto& row) { return row.second.at < before; });
  return {};
}

StoreResult<std::vector<std::string>> MemoryStore::integrity() {
  return {};
}

StoreResult<std::optional<DeviceRecord>> MemoryStore::readRecord() {
  return record_;
}

StoreResult<std::vector<PendingOp>> MemoryStore::readPending() {
  std::vector<PendingOp> pending;
  for (const auto& [order, op] : outbox_) {
    pending.push_back({order, op});
  }
  return pending;
}

StoreResult<std::vector<KeptOp>> MemoryStore::readKept() {
  std::vector<KeptOp> kept;
  for (const auto& [id, op] : kept_) {
    kept.push_back(op);
  }
  std::ranges::sort(kept, {}, [](const KeptOp& op) { return std::pair(op.at, op.op.id); });
  return kept;
}

StoreResult<std::vector<DraftPosition>> MemoryStore::readSetAside() {
  std::vector<DraftPosition> positions;
  for (const auto& copy : setAside_) {
    positions.push_back({copy->head.id, copy->head.position});
  }
  std::ranges::sort(positions, {}, [](const DraftPosition& one) {
    return std::tuple(one.draft, one.position.seq, one.position.link);
  });
  return positions;
}

StoreResult<std::optional<SetAsidePart>> MemoryStore::readSetAsidePart(const DraftPosition& wanted, std::uint32_t from,
                                                                       std::size_t bytesMax) {
  for (const auto& copy : setAside_) {
    if (copy->head.id == wanted.draft && copy->head.position == wanted.position) {
      return SetAsidePart{copy->head, stretch(copy->segments, from, copy->head.segmentCount, bytesMax)};
    }
  }
  return std::nullopt;
}

// --- events and requests --------------------------------------------------------------------------------

StoreResult<std::vector<bool>> MemoryStore::appendEvents(const std::vector<Event>& events) {
  Transaction transaction(*this);
  std::vector<bool> isNew;
  for (const Event& event : events) {
    isNew.push_back(transaction.append(event));
  }
  transaction.keep();
  return isNew;
}

StoreResult<EventPage> MemoryStore::readEvents(const EventQuery& query) {
  const auto asked = [&](const Event& event) {
    return event.occurredAt >= query.from && event.occurredAt < query.until &&
           (query.types.empty() || std::ranges::find(query.types, event.type) != query.types.end()) &&
           (!query.draft || event.draft == *query.draft) && (!query.user || event.user == *query.user) &&
           (!query.after || keyOf(event) > *query.after);
  };
  EventPage page;
  for (const auto& [key, event] : events_) {
    if (asked(event)) {
      page.events.push_back(event);
    }
  }
  std::ranges::sort(page.events, {}, keyOf);
  const bool more = page.events.size() > query.countMax;
  keepFirst(page.events, query.countMax);
  if (more) {
    page.next = page.events.empty() ? query.after : keyOf(page.events.back());
  }
  return page;
}

StoreResult<std::optional<RequestRecord>> MemoryStore::claim(const RequestRecord& record, Time validFrom) {
  const auto found = requests_.find(record.key);
  if (found != requests_.end() && found->second.createdAt >= validFrom) {
    return found->second;
  }
  requests_[record.key] = record;
  return std::nullopt;
}

StoreResult<std::optional<RequestAnswer>> MemoryStore::complete(const RequestKey& key, const OpId& op,
                                                                const RequestAnswer& answer) {
  const auto found = requests_.find(key);
  if (found == requests_.end() || found->second.op != op) {
    return std::nullopt;
  }
  RequestRecord& record = found->second;
  if (!record.answer) {
    record.answer = answer;
    record.salt = {};
  }
  return record.answer;
}

StoreResult<std::uint64_t> MemoryStore::forgetRequests(Time before) {
  return std::erase_if(requests_, [&](const auto& row) { return row.second.createdAt < before; });
}

}  // namespace onering
