#include "rule-table.h"

namespace onering::testing {

namespace {

// --- things to do ------------------------------------------------------------------------------------

const SegmentId kMalformedSegment{};
constexpr Epoch kCurrent = 0;  // how many epochs ago the op believes it is
constexpr Epoch kPast = 1;

Doing constant(OpBody body) {
  return [body = std::move(body)](Board&) { return body; };
}

Doing create(std::string title = "A tale", std::string platform = "web", Duration holdLimit = {}) {
  return constant(CreateDraft{.title = std::move(title), .platform = std::move(platform), .holdLimit = holdLimit});
}

Doing append(Epoch behind = kCurrent, std::string text = "Once upon a time") {
  return [=](Board& board) {
    return AppendSegment{
        .segment = board.freshSegment(), .epoch = board.epoch() - behind, .content = sealContent(text, {})};
  };
}

Doing appendText(std::string text) {
  return append(kCurrent, std::move(text));
}

Doing appendAs(SegmentId segment) {
  return [=](Board& board) {
    return AppendSegment{.segment = segment, .epoch = board.epoch(), .content = sealContent("Twice", {})};
  };
}

// Takes the id of the first segment for another one.
Doing appendAgain() {
  return [](Board& board) { return appendAs(board.segments().front().id)(board); };
}

Doing pass(std::string_view to, Epoch behind = kCurrent) {
  return [=](Board& board) { return PassRing{.to = UserId(to), .epoch = board.epoch() - behind}; };
}

Doing reclaim(Epoch behind = kCurrent) {
  return [=](Board& board) { return ReclaimRing{.epoch = board.epoch() - behind}; };
}

Doing request() {
  return constant(RequestRing{});
}
Doing cancel() {
  return constant(CancelRequest{});
}
Doing entitle(std::string title) {
  return constant(SetTitle{.title = std::move(title), .expect = {}});
}
Doing lock() {
  return constant(Lock{});
}
Doing unlock() {
  return constant(Unlock{});
}
Doing complete() {
  return constant(Complete{});
}
Doing add(std::string_view user, Role role = Role::editor) {
  return constant(AddCollaborator{.user = UserId(user), .role = role});
}
Doing give(std::string_view user, Role role) {
  return constant(SetRole{.user = UserId(user), .role = role});
}
Doing remove(std::string_view user) {
  return constant(RemoveCollaborator{.user = UserId(user)});
}
Doing erase() {
  return constant(DeleteDraft{});
}
Doing restore() {
  return constant(RestoreDraft{});
}

Doing entitleExpecting(bool current) {
  return [=](Board& board) {
    const LogPosition position = current ? board.draft()->position : board.log().front().position();
    return SetTitle{.title = "Anew", .expect = etagOf(position)};
  };
}

// Redacts the first segment, or one that is not there.
Doing redact() {
  return [](Board& board) {
    return RedactSegment{.segment = board.segments().empty() ? idOf<SegmentId>(999) : board.segments().front().id};
  };
}

Doing redactAs(SegmentId segment) {
  return constant(RedactSegment{.segment = segment});
}

constexpr InviteToken kToken{1, 2, 3};
constexpr InviteToken kOtherToken{9};
constexpr std::uint64_t kInvite = 500;
constexpr std::chrono::hours kThreeDays{72};

Doing invite(Role role = Role::editor, std::string_view user = "", Duration lifetime = kThreeDays,
             std::uint64_t number = kInvite) {
  return constant(CreateInvite{.invite = idOf<InviteId>(number),
                               .tokenHash = tokenHash(kToken),
                               .role = role,
                               .user = UserId(user),
                               .lifetime = lifetime});
}
Doing revoke(std::uint64_t number = kInvite) {
  return constant(RevokeInvite{.invite = idOf<InviteId>(number)});
}
Doing enter(const InviteToken& token = kToken, std::uint64_t number = kInvite) {
  return constant(AcceptInvite{.invite = idOf<InviteId>(number), .tokenHash = tokenHash(token), .token = token});
}

std::vector<Move> invitations(std::size_t count) {
  std::vector<Move> moves;
  for (std::size_t i = 0; i < count; ++i) {
    moves.push_back({kAnn, invite(Role::viewer, "", kThreeDays, kInvite + i)});
  }
  return moves;
}

// --- what is given -----------------------------------------------------------------------------------

Given after(std::vector<Move> moves) {
  return {.moves = std::move(moves)};
}
Given limitedTo(Limits limits, std::vector<Move> moves = {}) {
  return {.moves = std::move(moves), .limits = limits};
}

const Given kMembers{};
const Given kNothing{.moves = {}, .limits = {}, .holdLimit = {}, .withoutDraft = true};
const Given kLocked = after({{kAnn, lock()}});
const Given kCompleted = after({{kAnn, complete()}});
const Given kDeleted = after({{kAnn, erase()}});
const Given kBenHolds = after({{kAnn, pass(kBen)}});
const Given kBenWaits = after({{kBen, request()}});
const Given kBenWrote = after({{kAnn, pass(kBen)}, {kBen, append()}, {kBen, pass(kAnn)}});

const Given kNoHoldLimit{.moves = {}, .limits = {}, .holdLimit = {}};
const Given kBenHoldsForEver{.moves = {{kAnn, pass(kBen)}}, .limits = {}, .holdLimit = {}};

constexpr Limits kFull{.collaborators = 3};
constexpr Limits kRoomForOne{.collaborators = 4};
constexpr Limits kOneSegment{.segmentsPerDraft = 1};
constexpr Duration kTooLong = kHoldLimit + Duration{1};

const std::string kUser128(128, 'u');
const std::string kUser129(129, 'u');

std::string repeat(std::string_view text, std::size_t times) {
  std::string all;
  while (times-- > 0) {
    all += text;
  }
  return all;
}

// --- the table, rule by rule -------------------------------------------------------------------------

std::vector<Line> creating() {
  return {
      {"O1",
       "anyone creates a draft and holds its ring",
       kNothing,
       {kZoe, create()},
       "member zoe owner; ring >zoe 1 created; title A tale"},
      {"O1",
       "a title may have 200 characters, however many bytes",
       kNothing,
       {kAnn, create(repeat("é", 200), "")},
       "member ann owner; ring >ann 1 created; title " + repeat("é", 200)},
      {"O1",
       "a title may be one character",
       kNothing,
       {kAnn, create("x")},
       "member ann owner; ring >ann 1 created; title x"},
      {"O1", "a title of 201 characters", kNothing, {kAnn, create(repeat("é", 201))}, "titleInvalid"},
      {"O1", "no title", kNothing, {kAnn, create("")}, "titleInvalid"},
      {"O1", "a title with a line break", kNothing, {kAnn, create("one\ntwo")}, "titleInvalid"},
      {"O1", "a title that is not UTF-8", kNothing, {kAnn, create("\xff")}, "titleInvalid"},
      {"O1",
       "a platform may have 64 characters",
       kNothing,
       {kAnn, create("x", repeat("ü", 64))},
       "member ann owner; ring >ann 1 created; title x"},
      {"O1", "a platform of 65 characters", kNothing, {kAnn, create("x", repeat("ü", 65))}, "invalidText"},
      {"O1", "a platform that is not UTF-8", kNothing, {kAnn, create("x", "\xc0\x80")}, "invalidText"},
      {"O1", "a hold limit below zero", kNothing, {kAnn, create("x", "", Duration{-1})}, "notAllowed"},
      {"O1", "the id of the creator's own draft", kMembers, {kAnn, create()}, "idTaken"},
      {"O1", "the id of a draft whose member one is not", kMembers, {kZoe, create()}, "idTaken"},
      {"O1", "the id of a deleted draft", kDeleted, {kAnn, create()}, "idTaken"},
  };
}

std::vector<Line> appending() {
  return {
      {"O2", "the holder appends", kMembers, {kAnn, append()}, "segment 0 by ann in epoch 1"},
      {"O2", "a segment takes the next position", kBenWrote, {kAnn, append()}, "segment 1 by ann in epoch 3"},
      {"O2", "an editor who holds the ring appends", kBenHolds, {kBen, append()}, "segment 0 by ben in epoch 2"},
      {"O2",
       "a segment may be 16,384 bytes long",
       kMembers,
       {kAnn, appendText(repeat("é", 8'192))},
       "segment 0 by ann in epoch 1"},
      {"O2",
       "a segment may be one byte long and hold any control character but NUL",
       kMembers,
       {kAnn, appendText("\x01")},
       "segment 0 by ann in epoch 1"},
      {"O2", "16,385 bytes", kMembers, {kAnn, appendText(repeat("é", 8'192) + "x")}, "contentTooLong"},
      {"O2", "no text", kMembers, {kAnn, appendText("")}, "contentEmpty"},
      {"O2", "text with NUL", kMembers, {kAnn, appendText(std::string("a\0b", 3))}, "invalidText"},
      {"O2", "text that is not UTF-8", kMembers, {kAnn, appendText("caf\xe9")}, "invalidText"},
      {"O2", "a segment id that is no UUIDv7", kMembers, {kAnn, appendAs(kMalformedSegment)}, "idMalformed"},
      {"O2", "the id of another segment", kBenWrote, {kAnn, appendAgain()}, "idTaken"},
      {"O2", "a viewer", kMembers, {kVic, append()}, "notAllowed"},
      {"O2", "an editor without the ring", kMembers, {kBen, append()}, "notRingHolder"},
      {"O2", "the owner without the ring", kBenHolds, {kAnn, append()}, "notRingHolder"},
      {"O2", "a locked draft", kLocked, {kAnn, append()}, "draftLocked"},
      {"O2", "a completed draft", kCompleted, {kAnn, append()}, "draftCompleted"},
      {"O2",
       "the last segment that a draft can take",
       limitedTo(kOneSegment),
       {kAnn, append()},
       "segment 0 by ann in epoch 1"},
      {"O2", "one segment too many", limitedTo(kOneSegment, {{kAnn, append()}}), {kAnn, append()}, "quotaExceeded"},
      {"I3", "the former holder, under the epoch of then", kBenHolds, {kAnn, append(kPast)}, "staleEpoch"},
      {"I3", "the holder, under a past epoch", kBenHolds, {kBen, append(kPast)}, "staleEpoch"},
      {"I3", "the holder, under an epoch to come", kMembers, {kAnn, append(Epoch(0) - 1)}, "staleEpoch"},
      {"K5",
       "a past epoch meets the same code when the draft is locked",
       after({{kAnn, pass(kBen)}, {kAnn, lock()}}),
       {kAnn, append(kPast)},
       "staleEpoch"},
      {"K5",
       "a past epoch meets the same code when the draft is completed",
       after({{kAnn, pass(kBen)}, {kAnn, complete()}}),
       {kAnn, append(kPast)},
       "staleEpoch"},
  };
}

std::vector<Line> passing() {
  return {
      {"O3", "the holder passes to an editor", kMembers, {kAnn, pass(kBen)}, "ring ann>ben 2 passed"},
      {"O3", "an editor passes to an editor", kBenHolds, {kBen, pass(kCat)}, "ring ben>cat 3 passed"},
      {"O3", "an editor passes to the owner", kBenHolds, {kBen, pass(kAnn)}, "ring ben>ann 3 passed"},
      {"O3",
       "who gets the ring leaves the queue",
       after({{kBen, request()}, {kCat, request()}}),
       {kAnn, pass(kCat)},
       "ring ann>cat 2 passed; queue ben"},
      {"O3", "the ring may go past the queue", kBenWaits, {kAnn, pass(kCat)}, "ring ann>cat 2 passed"},
      {"O7", "the ring of a locked draft may pass", kLocked, {kAnn, pass(kBen)}, "ring ann>ben 2 passed"},
      {"O3", "to oneself", kMembers, {kAnn, pass(kAnn)}, "alreadyHolder"},
      {"O3", "to a viewer", kMembers, {kAnn, pass(kVic)}, "invalidRecipient"},
      {"O3", "to a stranger", kMembers, {kAnn, pass(kZoe)}, "invalidRecipient"},
      {"O3", "to someone who cannot be a user", kMembers, {kAnn, pass("")}, "idMalformed"},
      {"O3", "a viewer", kMembers, {kVic, pass(kBen)}, "notAllowed"},
      {"O3", "an editor without the ring", kMembers, {kBen, pass(kCat)}, "notRingHolder"},
      {"O3", "an editor without the ring, to themself", kMembers, {kBen, pass(kBen)}, "notRingHolder"},
      {"O3", "under a past epoch", kBenHolds, {kAnn, pass(kCat, kPast)}, "staleEpoch"},
      {"O3", "a completed draft", kCompleted, {kAnn, pass(kBen)}, "draftCompleted"},
  };
}

std::vector<Line> queueing() {
  return {
      {"O4", "an editor waits for the ring", kMembers, {kBen, request()}, "queue ben"},
      {"O4", "first come first served", kBenWaits, {kCat, request()}, "queue ben,cat"},
      {"O4", "the owner waits too", after({{kAnn, pass(kBen)}, {kCat, request()}}), {kAnn, request()}, "queue cat,ann"},
      {"O4", "a locked draft takes requests", kLocked, {kBen, request()}, "queue ben"},
      {"O4", "the holder", kMembers, {kAnn, request()}, "alreadyHolder"},
      {"O4", "who waits already", kBenWaits, {kBen, request()}, "notAllowed"},
      {"O4", "a viewer", kMembers, {kVic, request()}, "notAllowed"},
      {"O4", "a completed draft takes no requests", kCompleted, {kBen, request()}, "draftCompleted"},
      {"O4", "who waits may stop", after({{kBen, request()}, {kCat, request()}}), {kBen, cancel()}, "queue cat"},
      {"O4",
       "who waits may stop when the draft is completed",
       after({{kBen, request()}, {kAnn, complete()}}),
       {kBen, cancel()},
       "queue empty"},
      {"O4", "who does not wait has nothing to cancel", kMembers, {kBen, cancel()}, "notAllowed"},
      {"O4", "a viewer has nothing to cancel", kMembers, {kVic, cancel()}, "notAllowed"},
  };
}

std::vector<Line> reclaiming() {
  return {
      {"O5", "the owner takes the ring back at once", kBenHolds, {kAnn, reclaim()}, "ring ben>ann 3 reclaimed"},
      {"O5",
       "the owner leaves the queue by it",
       after({{kAnn, pass(kBen)}, {kAnn, request()}}),
       {kAnn, reclaim()},
       "ring ben>ann 3 reclaimed; queue empty"},
      {"O5",
       "an editor, the hold limit being over",
       kBenHolds,
       {kCat, reclaim(), kTooLong},
       "ring ben>cat 3 reclaimed"},
      {"O5", "an editor, from the owner", kMembers, {kBen, reclaim(), kTooLong}, "ring ann>ben 2 reclaimed"},
      {"O5",
       "a locked draft's ring can be reclaimed",
       kLocked,
       {kBen, reclaim(), kTooLong},
       "ring ann>ben 2 reclaimed"},
      {"O5", "an editor, at the very end of the hold limit", kBenHolds, {kCat, reclaim(), kHoldLimit}, "notAllowed"},
      {"O5", "an editor, the clock having gone back", kBenHolds, {kCat, reclaim(), -kTooLong}, "notAllowed"},
      {"O5",
       "the time counts from the last change of holder",
       after({{kAnn, pass(kBen), kTooLong}, {kBen, append(), kHoldLimit}}),
       {kCat, reclaim()},
       "notAllowed"},
      {"O5", "an editor, there being no hold limit", kNoHoldLimit, {kBen, reclaim(), kTooLong}, "notAllowed"},
      {"O5", "the owner, there being no hold limit", kBenHoldsForEver, {kAnn, reclaim()}, "ring ben>ann 3 reclaimed"},
      {"O5", "a viewer", kMembers, {kVic, reclaim(), kTooLong}, "notAllowed"},
      {"O5", "the holder", kMembers, {kAnn, reclaim()}, "alreadyHolder"},
      {"O5", "the owner, under a past epoch", kBenHolds, {kAnn, reclaim(kPast)}, "staleEpoch"},
      {"O5", "an editor, under a past epoch", kBenHolds, {kCat, reclaim(kPast), kTooLong}, "staleEpoch"},
      {"O5", "a completed draft", after({{kAnn, pass(kBen)}, {kAnn, complete()}}), {kAnn, reclaim()}, "draftCompleted"},
  };
}

std::vector<Line> entitling() {
  return {
      {"O6", "the owner names the draft", kMembers, {kAnn, entitle("Anew")}, "title Anew"},
      {"O6", "the owner does so without the ring", kBenHolds, {kAnn, entitle("Anew")}, "title Anew"},
      {"O6", "a locked draft can be named", kLocked, {kAnn, entitle("Anew")}, "title Anew"},
      {"O6", "a completed draft can be named", kCompleted, {kAnn, entitle("Anew")}, "title Anew"},
      {"H4", "the present etag is expected", kBenWrote, {kAnn, entitleExpecting(true)}, "title Anew"},
      {"H4", "an older etag is expected", kBenWrote, {kAnn, entitleExpecting(false)}, "staleVersion"},
      {"O6", "200 characters", kMembers, {kAnn, entitle(repeat("t", 200))}, "title " + repeat("t", 200)},
      {"O6", "201 characters", kMembers, {kAnn, entitle(repeat("t", 201))}, "titleInvalid"},
      {"O6", "no title", kMembers, {kAnn, entitle("")}, "titleInvalid"},
      {"O6", "an editor", kMembers, {kBen, entitle("Mine")}, "notOwner"},
      {"O6", "an editor who holds the ring", kBenHolds, {kBen, entitle("Mine")}, "notOwner"},
      {"O6", "a viewer", kMembers, {kVic, entitle("Mine")}, "notOwner"},
  };
}

std::vector<Line> locking() {
  return {
      {"O7", "the owner locks", kMembers, {kAnn, lock()}, "locked"},
      {"O7", "the owner locks without the ring", kBenHolds, {kAnn, lock()}, "locked"},
      {"O7", "the holder locks", kBenHolds, {kBen, lock()}, "locked"},
      {"O7", "an editor without the ring", kMembers, {kBen, lock()}, "notRingHolder"},
      {"O7", "a viewer", kMembers, {kVic, lock()}, "notAllowed"},
      {"O7", "a locked draft", kLocked, {kAnn, lock()}, "draftLocked"},
      {"O7", "a completed draft", kCompleted, {kAnn, lock()}, "draftCompleted"},
      {"O7", "the owner unlocks", kLocked, {kAnn, unlock()}, "active"},
      {"O7",
       "the holder who locked cannot unlock",
       after({{kAnn, pass(kBen)}, {kBen, lock()}}),
       {kBen, unlock()},
       "notOwner"},
      {"O7", "a draft that is not locked", kMembers, {kAnn, unlock()}, "notAllowed"},
      {"O7", "a completed draft stays completed", kCompleted, {kAnn, unlock()}, "draftCompleted"},
      {"O8", "the owner completes an active draft", kMembers, {kAnn, complete()}, "completed"},
      {"O8", "the owner completes a locked draft", kLocked, {kAnn, complete()}, "completed"},
      {"O8", "the owner completes without the ring", kBenHolds, {kAnn, complete()}, "completed"},
      {"O8", "the holder who is not the owner", kBenHolds, {kBen, complete()}, "notOwner"},
      {"O8", "a completed draft", kCompleted, {kAnn, complete()}, "draftCompleted"},
  };
}

std::vector<Line> admitting() {
  return {
      {"O9", "the owner adds an editor", kMembers, {kAnn, add(kZoe)}, "member zoe editor"},
      {"O9", "the owner adds a viewer", kMembers, {kAnn, add(kZoe, Role::viewer)}, "member zoe viewer"},
      {"O9", "a completed draft takes members", kCompleted, {kAnn, add(kZoe)}, "member zoe editor"},
      {"O9",
       "who was removed can be added again",
       after({{kAnn, remove(kBen)}}),
       {kAnn, add(kBen)},
       "member ben editor"},
      {"O9", "the last member that a draft can take", limitedTo(kRoomForOne), {kAnn, add(kZoe)}, "member zoe editor"},
      {"O9", "one member too many", limitedTo(kFull), {kAnn, add(kZoe)}, "quotaExceeded"},
      {"O9", "someone who is a member", kMembers, {kAnn, add(kVic)}, "alreadyMember"},
      {"O9", "the owner, by the owner", kMembers, {kAnn, add(kAnn)}, "alreadyMember"},
      {"O9", "a second owner", kMembers, {kAnn, add(kZoe, Role::owner)}, "notAllowed"},
      {"O9", "an editor adds", kMembers, {kBen, add(kZoe)}, "notOwner"},
      {"O9", "an editor who holds the ring adds", kBenHolds, {kBen, add(kZoe)}, "notOwner"},
      {"O9", "a user id of 128 bytes", kMembers, {kAnn, add(kUser128)}, "member " + kUser128 + " editor"},
      {"O9", "a user id of 129 bytes", kMembers, {kAnn, add(kUser129)}, "idMalformed"},
      {"O9", "a viewer becomes an editor", kMembers, {kAnn, give(kVic, Role::editor)}, "member vic editor"},
      {"O9", "an editor becomes a viewer", kMembers, {kAnn, give(kBen, Role::viewer)}, "member ben viewer"},
      {"O9", "the role that they have", kMembers, {kAnn, give(kBen, Role::editor)}, "member ben editor"},
      {"O9",
       "a waiting editor who becomes a viewer leaves the queue",
       kBenWaits,
       {kAnn, give(kBen, Role::viewer)},
       "member ben viewer; queue empty"},
      {"O9",
       "a holder who becomes a viewer loses the ring to the owner",
       kBenHolds,
       {kAnn, give(kBen, Role::viewer)},
       "member ben viewer; ring ben>ann 3 removed"},
      {"O9",
       "the owner leaves the queue by that",
       after({{kAnn, pass(kBen)}, {kAnn, request()}}),
       {kAnn, give(kBen, Role::viewer)},
       "member ben viewer; ring ben>ann 3 removed; queue empty"},
      {"O9",
       "a holder who is made an editor keeps the ring",
       kBenHolds,
       {kAnn, give(kBen, Role::editor)},
       "member ben editor"},
      {"O9", "the role of someone who is not a member", kMembers, {kAnn, give(kZoe, Role::editor)}, "invalidRecipient"},
      {"O9", "the owner's own role", kMembers, {kAnn, give(kAnn, Role::editor)}, "notAllowed"},
      {"O9", "the role owner", kMembers, {kAnn, give(kBen, Role::owner)}, "notAllowed"},
      {"O9", "an editor gives a role", kMembers, {kBen, give(kVic, Role::editor)}, "notOwner"},
      {"O9", "a role for someone who cannot be a user", kMembers, {kAnn, give("a\tb", Role::editor)}, "idMalformed"},
  };
}

std::vector<Line> removing() {
  return {
      {"O10", "the owner removes an editor", kMembers, {kAnn, remove(kBen)}, "left ben"},
      {"O10", "the owner removes a viewer", kMembers, {kAnn, remove(kVic)}, "left vic"},
      {"O10", "an editor leaves", kMembers, {kBen, remove(kBen)}, "left ben"},
      {"O10", "a viewer leaves", kMembers, {kVic, remove(kVic)}, "left vic"},
      {"O10", "a completed draft can be left", kCompleted, {kBen, remove(kBen)}, "left ben"},
      {"O10",
       "a removed holder's ring goes to the owner",
       kBenHolds,
       {kAnn, remove(kBen)},
       "left ben; ring ben>ann 3 removed"},
      {"O10",
       "a holder who leaves hands the ring to the owner",
       kBenHolds,
       {kBen, remove(kBen)},
       "left ben; ring ben>ann 3 removed"},
      {"O10",
       "so does the holder of a completed draft",
       after({{kAnn, pass(kBen)}, {kAnn, complete()}}),
       {kBen, remove(kBen)},
       "left ben; ring ben>ann 3 removed"},
      {"O10", "who waits leaves the queue", kBenWaits, {kAnn, remove(kBen)}, "left ben; queue empty"},
      {"O10", "an editor removes another", kMembers, {kBen, remove(kCat)}, "notOwner"},
      {"O10", "an editor removes the owner", kMembers, {kBen, remove(kAnn)}, "notOwner"},
      {"O10", "the owner leaves", kMembers, {kAnn, remove(kAnn)}, "notAllowed"},
      {"O10", "someone who is not a member", kMembers, {kAnn, remove(kZoe)}, "invalidRecipient"},
      {"O10", "someone who cannot be a user", kMembers, {kAnn, remove("")}, "idMalformed"},
      {"O10", "who was removed is a stranger", after({{kAnn, remove(kBen)}}), {kBen, request()}, "notFound"},
  };
}

std::vector<Line> deleting() {
  return {
      {"O11", "the owner deletes", kMembers, {kAnn, erase()}, "deleted"},
      {"O11", "the owner deletes a completed draft", kCompleted, {kAnn, erase()}, "deleted"},
      {"O11", "an editor deletes", kBenHolds, {kBen, erase()}, "notOwner"},
      {"O11", "the owner restores", kDeleted, {kAnn, restore()}, "restored"},
      {"O11", "an editor restores", kDeleted, {kBen, restore()}, "notOwner"},
      {"O11", "a draft that is not deleted", kMembers, {kAnn, restore()}, "notAllowed"},
      {"O11",
       "a restored draft goes on",
       after({{kAnn, erase()}, {kAnn, restore()}}),
       {kAnn, append()},
       "segment 0 by ann in epoch 1"},
      {"O12", "the owner redacts another's segment", kBenWrote, {kAnn, redact()}, "redacted"},
      {"O12", "its author redacts a segment without holding the ring", kBenWrote, {kBen, redact()}, "redacted"},
      {"O12",
       "its author redacts as a viewer",
       after({{kAnn, pass(kBen)}, {kBen, append()}, {kAnn, give(kBen, Role::viewer)}}),
       {kBen, redact()},
       "redacted"},
      {"O12",
       "a completed draft's segment",
       after({{kAnn, append()}, {kAnn, complete()}}),
       {kAnn, redact()},
       "redacted"},
      {"O12", "another editor redacts", kBenWrote, {kCat, redact()}, "notAllowed"},
      {"O12", "a redacted segment", after({{kAnn, append()}, {kAnn, redact()}}), {kAnn, redact()}, "notAllowed"},
      {"O12", "no such segment", kMembers, {kAnn, redact()}, "notFound"},
      {"O12", "a segment id that is no UUIDv7", kMembers, {kAnn, redactAs(kMalformedSegment)}, "idMalformed"},
      {"I5",
       "a redacted segment keeps its place",
       after({{kAnn, append()}, {kAnn, redact()}}),
       {kAnn, append()},
       "segment 1 by ann in epoch 1"},
  };
}

std::vector<Line> inviting() {
  const Given invited = after({{kAnn, invite()}});
  const Given forZoe = after({{kAnn, invite(Role::viewer, kZoe)}});
  const Given used = after({{kAnn, invite()}, {kZoe, enter()}});
  const Given full = after(invitations(kInvitesPerDraft));
  const Duration tooLate = kThreeDays + Duration{1};
  return {
      {"§11", "the owner invites", kMembers, {kAnn, invite()}, "invite for anyone as editor open"},
      {"§11",
       "the owner invites a viewer",
       kBenHolds,
       {kAnn, invite(Role::viewer)},
       "invite for anyone as viewer open"},
      {"§11",
       "the holder invites one user",
       kBenHolds,
       {kBen, invite(Role::editor, kZoe)},
       "invite for zoe as editor open"},
      {"§11", "a completed draft can be shown", kCompleted, {kAnn, invite()}, "invite for anyone as editor open"},
      {"§11",
       "an hour",
       kMembers,
       {kAnn, invite(Role::editor, "", Duration{3'600'000})},
       "invite for anyone as editor open"},
      {"§11", "less than an hour", kMembers, {kAnn, invite(Role::editor, "", Duration{3'599'999})}, "notAllowed"},
      {"§11",
       "a week",
       kMembers,
       {kAnn, invite(Role::editor, "", std::chrono::hours{168})},
       "invite for anyone as editor open"},
      {"§11",
       "more than a week",
       kMembers,
       {kAnn, invite(Role::editor, "", std::chrono::hours{168} + Duration{1})},
       "notAllowed"},
      {"§11", "a second owner", kMembers, {kAnn, invite(Role::owner)}, "notAllowed"},
      {"§11", "for someone who cannot be a user", kMembers, {kAnn, invite(Role::editor, "a\tb")}, "idMalformed"},
      {"§11",
       "an id that is no UUIDv7",
       kMembers,
       {kAnn, constant(CreateInvite{.invite = {}, .user = {}, .lifetime = kThreeDays})},
       "idMalformed"},
      {"§11", "the id of another invite", invited, {kAnn, invite()}, "idTaken"},
      {"§11", "for a member", kMembers, {kAnn, invite(Role::editor, kVic)}, "alreadyMember"},
      {"§11", "an editor without the ring", kMembers, {kBen, invite()}, "notRingHolder"},
      {"§11", "a viewer", kMembers, {kVic, invite()}, "notAllowed"},
      {"§11", "one open invite too many", full, {kAnn, invite(Role::editor, "", kThreeDays, 1)}, "quotaExceeded"},
      {"§11",
       "an expired one makes room",
       full,
       {kAnn, invite(Role::editor, "", kThreeDays, 1), tooLate},
       "invite for anyone as editor open; invite gone"},
      {"§11", "the owner revokes", invited, {kAnn, revoke()}, "invite gone"},
      {"§11",
       "who made it revokes",
       after({{kAnn, pass(kBen)}, {kBen, invite()}, {kBen, pass(kAnn)}}),
       {kBen, revoke()},
       "invite gone"},
      {"§11", "an expired one is revoked", invited, {kAnn, revoke(), tooLate}, "invite gone"},
      {"§11", "another editor revokes", invited, {kBen, revoke()}, "notAllowed"},
      {"§11", "what was revoked", after({{kAnn, invite()}, {kAnn, revoke()}}), {kAnn, revoke()}, "inviteInvalid"},
      {"§11", "what was accepted", used, {kAnn, revoke()}, "inviteUsed"},
      {"§11", "an id that is no UUIDv7", kMembers, {kAnn, constant(RevokeInvite{})}, "idMalformed"},
      {"§11",
       "whoever has the token",
       invited,
       {kZoe, enter()},
       "member zoe editor; invite for anyone as editor used by zoe"},
      {"§11",
       "the one whom it is for",
       forZoe,
       {kZoe, enter()},
       "member zoe viewer; invite for zoe as viewer used by zoe"},
      {"§11",
       "at the very end of its time",
       invited,
       {kZoe, enter(), kThreeDays},
       "member zoe editor; invite for anyone as editor used by zoe"},
      {"§11", "too late", invited, {kZoe, enter(), tooLate}, "inviteExpired"},
      {"§11", "another than whom it is for", forZoe, {"yan", enter()}, "inviteInvalid"},
      {"§11", "another token", invited, {kZoe, enter(kOtherToken)}, "inviteInvalid"},
      {"§11", "another invite's token", invited, {kZoe, enter(kToken, 501)}, "inviteInvalid"},
      {"§11", "a revoked one", after({{kAnn, invite()}, {kAnn, revoke()}}), {kZoe, enter()}, "inviteInvalid"},
      {"§11", "a used one, by another", used, {"yan", enter()}, "inviteUsed"},
      {"§11", "a used one, by another who has not its token", used, {"yan", enter(kOtherToken)}, "inviteInvalid"},
      {"§11", "a used one, by who used it", used, {kZoe, enter()}, "alreadyMember"},
      {"§11",
       "a used one, by who used it and was removed",
       after({{kAnn, invite()}, {kZoe, enter()}, {kAnn, remove(kZoe)}}),
       {kZoe, enter()},
       "inviteUsed"},
      {"§11", "a member", invited, {kVic, enter()}, "alreadyMember"},
      {"§11", "a member without a valid token", invited, {kVic, enter(kOtherToken)}, "inviteInvalid"},
      {"§11", "one member too many", limitedTo(kFull, {{kAnn, invite()}}), {kZoe, enter()}, "quotaExceeded"},
      {"§11", "into a deleted draft", after({{kAnn, invite()}, {kAnn, erase()}}), {kZoe, enter()}, "inviteInvalid"},
      {"§11", "an id that is no UUIDv7", kMembers, {kZoe, constant(AcceptInvite{})}, "idMalformed"},
  };
}

// What holds for every operation alike.
std::vector<Line> forEveryOperation() {
  std::vector<Line> lines;
  for (const Doing& doing : everyOperation()) {
    Board board = Board::withMembers();
    const OpBody body = doing(board);
    lines.push_back({"§2", "an actor who cannot be a user", kMembers, {"", doing}, "idMalformed"});
    lines.push_back({"§4",
                     "a device whose clock is thousands of years ahead",
                     kMembers,
                     {kAnn, doing, std::chrono::years{8'000}},
                     "protocolError"});
    if (std::holds_alternative<CreateDraft>(body)) {
      continue;
    }
    if (std::holds_alternative<AcceptInvite>(body)) {  // the one of those who are no members
      lines.push_back({"I10", "no such draft", kNothing, {kZoe, doing}, "inviteInvalid"});
      lines.push_back({"I10", "a draft that has not invited anyone", kMembers, {kZoe, doing}, "inviteInvalid"});
      continue;
    }
    lines.push_back({"I10", "no such draft", kNothing, {kAnn, doing}, "notFound"});
    lines.push_back({"I10", "a stranger", kMembers, {kZoe, doing}, "notFound"});
    lines.push_back({"I10", "a stranger, the draft being deleted", kDeleted, {kZoe, doing}, "notFound"});
    if (!std::holds_alternative<RestoreDraft>(body)) {
      lines.push_back({"O11", "a deleted draft", kDeleted, {kAnn, doing}, "draftDeleted"});
    }
  }
  return lines;
}

}  // namespace

std::vector<Doing> everyOperation() {
  return {create(),       append(), pass(kBen), request(),  cancel(),  reclaim(),
          entitle("New"), lock(),   unlock(),   complete(), add(kZoe), give(kVic, Role::editor),
          remove(kBen),   erase(),  restore(),  redact(),   invite(),  revoke(),
          enter()};
}

Board boardFor(const Given& given) {
  Board board = given.withoutDraft ? Board(given.limits) : Board::withMembers(given.limits, given.holdLimit);
  for (const Move& move : given.moves) {
    board.wait(move.after);
    board.play(move.actor, move.doing(board));
  }
  return board;
}

std::vector<Line> ruleTable() {
  std::vector<Line> table;
  for (auto& lines : {creating(), appending(), passing(), queueing(), reclaiming(), entitling(), locking(), admitting(),
                      removing(), deleting(), inviting(), forEveryOperation()}) {
    table.insert(table.end(), lines.begin(), lines.end());
  }
  return table;
}

}  // namespace onering::testing
