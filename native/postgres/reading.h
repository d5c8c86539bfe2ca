// Reads as requests, and their results as values. Each takes a fixed number of statements, however much it finds.
#pragma once

#include <map>

#include "onering/ports/event-store.h"
#include "onering/ports/idempotency-store.h"

#include "runner.h"

namespace onering::postgres {

// What a draft's state takes.
inline constexpr std::size_t kStateCalls = 3;
// Where the results begin that are behind BEGIN and those of a draft's state.
inline constexpr std::size_t kBehindState = 1 + kStateCalls;

[[nodiscard]] Request findRequest(const Lookup& lookup);
[[nodiscard]] Found foundIn(const Results& results, const Lookup& lookup);

// The draft, and the links of its log at `seqs`, all of one moment.
[[nodiscard]] Request basisRequest(const DraftId& draft, const std::vector<Seq>& seqs);
struct Basis {
  std::optional<DraftState> state;
  std::vector<LogPosition> links;  // those that there are
};
[[nodiscard]] Basis basisIn(const Results& results);

// Of each of the drafts in turn; {}: there is no such draft.
[[nodiscard]] Call positionsCall(const std::vector<DraftId>& drafts);
[[nodiscard]] std::vector<LogPosition> positionsIn(const Result& result, std::size_t count);

// Entries after `after` up to `through`.
[[nodiscard]] Call logCall(const DraftId& draft, Seq after, Seq through, std::size_t bytesMax);
[[nodiscard]] std::vector<LogEntry> logIn(const Result& result);

[[nodiscard]] Call linkCall(const DraftId& draft, const std::vector<Seq>& seqs);
[[nodiscard]] std::vector<LogPosition> linksIn(const Result& result);

// `member`: nothing for anyone else (SPEC I10); without one, for the server itself.
[[nodiscard]] Call segmentsCall(const DraftId& draft, std::uint32_t from, std::uint32_t end, std::size_t bytesMax,
                                const std::optional<UserId>& member = {});
[[nodiscard]] std::vector<Segment> segmentsIn(const Result& result, std::size_t bytesMax);

// `member`: as above.
[[nodiscard]] Call passesCall(const DraftId& draft, std::uint32_t from, std::uint32_t countMax,
                              const std::optional<UserId>& member = {});
[[nodiscard]] std::vector<RingPass> passesIn(const Result& result);

[[nodiscard]] Call leftCall(const std::vector<DraftId>& drafts);
[[nodiscard]] std::map<DraftId, std::vector<UserId>> leftIn(const Result& result);

// About `bytesMax` of titles and queues, and one draft more.
[[nodiscard]] Call listCall(const UserId& user, const std::optional<DraftListKey>& after, std::uint32_t countMax,
                            std::size_t bytesMax = ~std::size_t{0});
[[nodiscard]] std::vector<DraftHead> listIn(const Result& result);
// How many there would be without the bound in bytes.
[[nodiscard]] std::size_t listedIn(const Result& result);

[[nodiscard]] Call changesCall(const UserId& user, const ChangeCursor& after, std::uint32_t countMax);
[[nodiscard]] std::vector<MembershipChange> changesIn(const Result& result);

[[nodiscard]] Call allDraftsCall(const std::optional<DraftId>& after, std::uint32_t countMax);
[[nodiscard]] std::vector<DraftId> allDraftsIn(const Result& result);

// `member`: as above, where it is about a draft.
[[nodiscard]] Call eventsCall(const EventQuery& query, const std::optional<UserId>& member = {});
[[nodiscard]] EventPage eventsIn(const Result& result, const EventQuery& query);
// For each event, whether it was appended.
[[nodiscard]] std::vector<bool> appendedIn(const Result& result, const std::vector<Event>& events);

// What kFindRequest has found.
[[nodiscard]] std::optional<RequestRecord> requestIn(const Result& result, const RequestKey& key);

}  // namespace onering::postgres
