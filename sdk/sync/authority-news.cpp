// What an authority hears from its store without having written it: news of other servers, reads that fail; and what it
// keeps of drafts. Sessions and batches are in authority.cpp.
#include <algorithm>
#include <utility>

#include "onering/sync/authority.h"

namespace onering {

// --- what other servers write -------------------------------------------------------------------------------

bool Authority::changesMembers(const LogEntry& entry) {
  return std::holds_alternative<AddCollaborator>(entry.op.body) ||
         std::holds_alternative<RemoveCollaborator>(entry.op.body) ||
         std::holds_alternative<AcceptInvite>(entry.op.body);
}

AuthorityActions Authority::movedElsewhere(const std::vector<DraftPosition>& drafts) {
  AuthorityActions actions;
  for (const auto& [draft, position] : drafts) {
    if (!untold(draft, position.seq)) continue;
    if (users_.empty() && !atStore_.drafts.contains(draft)) {
      forget(draft);  // nobody to tell: whoever joins asks what has changed, and finds nothing of the past (I10)
      newsFor_.erase(draft);
      continue;
    }
    Seq& seq = moved_[draft];
    seq = std::max(seq, position.seq);
  }
  askNews(actions);
  return actions;
}

void Authority::askNews(AuthorityActions& actions) {
  constexpr std::size_t kDraftsPerQuestion = 256;
  if (newsTicket_ != 0) return;
  NewsQuestion question;
  for (auto next = moved_.begin(); next != moved_.end() && question.told.size() < kDraftsPerQuestion;) {
    const auto [draft, seq] = *next;
    if (atStore_.drafts.contains(draft)) {  // most likely this is what is being committed
      ++next;
      continue;
    }
    next = moved_.erase(next);
    const auto from = untold(draft, seq);
    if (!from) continue;
    question.told.push_back({draft, *from});
    newsFor_.emplace(draft, *from);
  }
  if (question.told.empty()) return;
  newsTicket_ = ++lastTicket_;
  actions.emplace_back(AskAction{newsTicket_, std::move(question)});
}

void Authority::tellNews(const std::vector<DraftNews>& news, const std::map<DraftId, LogPosition>& asked,
                         AuthorityActions& actions) {
  for (const DraftNews& one : news) {
    const auto from = asked.find(one.state.id);
    if (from == asked.end()) continue;
    const Seq told = this->told(one.state.id).seq;
    if (told > one.state.position.seq || !untold(one.state.id, one.state.position.seq)) continue;
    tell(one, from->second, actions);
    learn(one.state);
    setTold(one.state.id, one.state.position, false);
  }
  trimCache();
  askNews(actions);
}

void Authority::tell(const DraftNews& news, const LogPosition& told, AuthorityActions& actions) {
  const DraftState& state = news.state;
  std::vector<const LogEntry*> entries;
  std::set<UserId> left;
  for (const LogEntry& entry : news.entries) {
    if (entry.seq > state.position.seq) break;
    entries.push_back(&entry);
    if (const auto* removal = std::get_if<RemoveCollaborator>(&entry.op.body)) left.insert(removal->user);
  }
  const bool isWhole = !entries.empty() && entries.back()->seq == state.position.seq;
  if (!isWhole) left.insert(news.left.begin(), news.left.end());
  if (!isWhole || std::ranges::any_of(entries, [](const LogEntry* entry) { return changesMembers(*entry); })) {
    noteMembers(state);
  }
  for (const UserId& user : left) {
    if (!state.member(user)) sendGone(user, state.id, actions);
  }
  sendEntries(sessionsOf(state), state.id, told, state.position, entries, actions);
}

// --- reads --------------------------------------------------------------------------------------------------

void Authority::ask(Read read, AuthorityActions& actions) {
  StoreQuestion question = std::visit([](const auto& typed) { return StoreQuestion(typed); }, read.question);
  reads_.emplace(++lastTicket_, std::move(read));
  actions.emplace_back(AskAction{lastTicket_, std::move(question)});
}

void Authority::answerRead(Ticket ticket, StoreResult<std::vector<AuthorityMessage>> messages,
                           AuthorityActions& actions) {
  Read read = std::move(reads_.extract(ticket).mapped());
  if (!sessions_.contains(read.session)) return;
  if (!messages) {
    readFailed(read.session, messages.error(), actions);
    return;
  }
  const auto isMember = [&](const DraftId& draft, bool otherwise) {
    const auto found = read.isMember.find(draft);
    return found == read.isMember.end() ? otherwise : found->second;
  };
  if (const auto* question = std::get_if<CatchUpQuestion>(&read.question)) {
    const bool isGone = std::holds_alternative<Gone>(messages->front());
    const bool isNow = isMember(question->fetch.draft, !isGone);
    if (isGone && isNow) {
      read.isMember.clear();
      ask(std::move(read), actions);
      return;
    }
    if (!isGone && !isNow) return;  // Gone has been said, and with it the fetch is over
  } else {
    auto& changed = std::get<Changed>(messages->front());
    std::erase_if(changed.drafts, [&](const DraftPosition& listed) { return !isMember(listed.draft, true); });
    std::erase_if(changed.removed, [&](const DraftId& draft) { return isMember(draft, false); });
  }
  for (AuthorityMessage& message : *messages) actions.emplace_back(SendAction{{read.session}, std::move(message)});
}

// It is being told: answers that were read before must not say otherwise.
void Authority::noteMembers(const DraftState& state) {
  if (reads_.empty()) return;
  for (const Member& member : state.members) noteMember(member.user, state.id, true);
}

void Authority::noteMember(const UserId& user, const DraftId& draft, bool isMember) {
  for (auto& [ticket, read] : reads_) {
    const auto* fetch = std::get_if<CatchUpQuestion>(&read.question);
    if (read.user == user && (!fetch || fetch->fetch.draft == draft)) read.isMember[draft] = isMember;
  }
}

// A store that is away is no reason to lose the connection: the session is told to wait, and to catch up later.
void Authority::readFailed(SessionId session, const StoreError& error, AuthorityActions& actions) {
  constexpr Duration kRetryAfter{1'000};
  const ErrorCode code = errorOf(error.fault);
  auto* joined = std::get_if<Joined>(&sessions_.at(session));
  if (code != ErrorCode::unavailable || !joined) {
    refuse(session, rejection(code), actions);
    return;
  }
  if (!std::exchange(joined->isBehind, true)) {
    actions.emplace_back(SendAction{{session}, Refused{.why = rejection(code), .retryAfter = kRetryAfter}});
  }
  someAreBehind_ = true;
}

// Some at a time; those who fail again are behind again.
void Authority::letSomeCatchUp(AuthorityActions& actions) {
  if (!someAreBehind_) return;
  constexpr std::size_t kAtATime = 64;
  SendAction toThose{{}, CatchUp{}};
  for (auto& [id, session] : sessions_) {
    auto* joined = std::get_if<Joined>(&session);
    if (!joined || !joined->isBehind) continue;
    if (toThose.to.size() == kAtATime) {
      actions.emplace_back(std::move(toThose));
      return;
    }
    joined->isBehind = false;
    toThose.to.push_back(id);
  }
  someAreBehind_ = false;
  actions.emplace_back(std::move(toThose));
}

// --- who is where (SPEC S11) --------------------------------------------------------------------------------

void Authority::present(SessionId session, const Present& message, Time now, AuthorityActions& actions) {
  const DraftState* state = lastKnown(message.draft);
  if (message.attention == Attention::away) {
    attendance_.leave(message.draft, session);
    tellPresence(now, actions);
  } else if (!state) {
    arrivals_.emplace(++lastTicket_, Arrival{session, message});
    actions.emplace_back(AskAction{lastTicket_, Lookup{.drafts = {message.draft}, .ops = {}, .segments = {}}});
  } else if (state->member(*userOf(session))) {  // I10: for others nothing happens
    attend(session, message, now, actions);
  }
}

void Authority::attend(SessionId session, const Present& message, Time now, AuthorityActions& actions) {
  const Principal& principal = std::get<Joined>(sessions_.at(session)).principal;
  attendance_.say(message.draft, session, message.attention, {.user = principal.user, .display = principal.display},
                  now);
  tellPresence(now, actions);
}

// Nothing for a session that is not there any more.
std::optional<UserId> Authority::userOf(SessionId session) const {
  const auto found = sessions_.find(session);
  const auto* joined = found == sessions_.end() ? nullptr : std::get_if<Joined>(&found->second);
  return joined ? std::optional(joined->principal.user) : std::nullopt;
}

void Authority::tellPresence(Time now, AuthorityActions& actions) {
  for (auto& [to, presence] : attendance_.due(now))
    actions.emplace_back(SendAction{std::move(to), std::move(presence)});
}

// --- time and cache -----------------------------------------------------------------------------------------

Time Authority::advance(Time now) {
  latest_ = std::max(latest_, now);
  return latest_;
}

// Everything accepted before this has been sent, or will be listed by whoever asks from here.
ChangeCursor Authority::cursorAt(Time now) const {
  Time settled = now;
  for (const BatchInWork& batch : batches_) settled = std::min(settled, batch.startedAt);
  return {.since = settled - options_.cursorOverlap, .after = {}};
}

const DraftState* Authority::lastKnown(const DraftId& draft) const {
  const bool ahead = std::ranges::any_of(
      batches_, [&](const BatchInWork& batch) { return batch.deciding && batch.before.contains(draft); });
  if (ahead) return nullptr;
  const auto found = cache_.find(draft);
  return found == cache_.end() ? nullptr : &found->second.state;
}

DraftState* Authority::cached(const DraftId& draft) {
  const auto found = cache_.find(draft);
  if (found == cache_.end()) return nullptr;
  byUse_.splice(byUse_.end(), byUse_, found->second.use);
  return &found->second.state;
}

DraftState& Authority::keep(DraftState state) {
  const DraftId id = state.id;
  DraftState* place = cached(id);
  if (place) {
    *place = std::move(state);
  } else {
    byUse_.push_back(id);
    CachedDraft& draft = cache_[id];
    draft.state = std::move(state);
    draft.use = std::prev(byUse_.end());
    place = &draft.state;
  }
  weigh(id);
  return *place;
}

// What was read for others than a batch, where it is newer. A batch that was decided on what the cache held meets a
// conflict; one that is being looked up looks again.
void Authority::learn(const DraftState& state) {
  const DraftState* present = cached(state.id);
  if (present && present->position.seq >= state.position.seq) return;
  if (present && atStore_.drafts.contains(state.id)) {
    const auto isOf = [&](const Submission& submission) { return submission.op.draft == state.id; };
    for (BatchInWork& batch : batches_) {
      batch.isOvertaken = batch.isOvertaken || std::ranges::any_of(batch.submissions, isOf);
    }
  }
  keep(state);
}

DraftState& Authority::keepNew(const DraftId& draft) {
  DraftState state;
  state.id = draft;
  return keep(std::move(state));
}

void Authority::forget(const DraftId& draft) {
  const auto found = cache_.find(draft);
  if (found == cache_.end()) return;
  cacheBytes_ -= found->second.bytes;
  byUse_.erase(found->second.use);
  cache_.erase(found);
}

// About what the state takes of memory, its members and invites above all; the same in every build (SPEC I7).
void Authority::weigh(const DraftId& draft) {
  constexpr std::size_t kPerDraft = 640;
  constexpr std::size_t kPerUser = 80;
  constexpr std::size_t kPerInvite = 256;
  CachedDraft& cachedDraft = cache_.at(draft);
  const DraftState& state = cachedDraft.state;
  cacheBytes_ -= cachedDraft.bytes;
  cachedDraft.bytes = kPerDraft + state.title.size() + kPerUser * (state.members.size() + state.ring.requests.size()) +
                      kPerInvite * state.invites.size();
  cacheBytes_ += cachedDraft.bytes;
}

LogPosition Authority::told(const DraftId& draft) const {
  const auto found = cache_.find(draft);
  return found == cache_.end() ? LogPosition{} : found->second.told;
}

void Authority::setTold(const DraftId& draft, const LogPosition& position, bool hasGap) {
  const auto found = cache_.find(draft);
  if (found == cache_.end()) return;
  found->second.told = position;
  found->second.hasGap = hasGap;
}

std::optional<LogPosition> Authority::untold(const DraftId& draft, Seq seq) const {
  const auto found = cache_.find(draft);
  if (found == cache_.end() || found->second.hasGap) return LogPosition{};
  return found->second.told.seq < seq ? std::optional(found->second.told) : std::nullopt;
}

// What a batch at the store has looked up stays.
void Authority::trimCache() {
  for (auto next = byUse_.begin(); next != byUse_.end() && cacheBytes_ > options_.cacheBytes;) {
    const DraftId draft = *next++;
    if (!atStore_.drafts.contains(draft)) forget(draft);
  }
}

}  // namespace onering
