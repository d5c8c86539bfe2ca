// Drafts, their logs and what is read of them: the part of the store that both sides have.
//
// Every function throws SqliteFailure. Writers run inside the caller's transaction.
#pragma once

#include "connection.h"

namespace onering {

// A copy's short name inside the file.
using CopyKey = std::int64_t;

// True, of each that says so: it erased something that older pages of the file may still show.
[[nodiscard]] bool writeBatch(Connection& connection, const Batch& batch);

void setAside(Connection& connection, const DraftId& draft);
[[nodiscard]] bool dropDraft(Connection& connection, const DraftId& draft);
[[nodiscard]] bool installImage(Connection& connection, const DraftImage& image);

[[nodiscard]] Found find(Connection& connection, const Lookup& lookup);
[[nodiscard]] std::vector<LogEntry> readLog(Connection& connection, const DraftId& draft, Seq after,
                                            std::size_t bytesMax);
[[nodiscard]] std::optional<Digest> linkAt(Connection& connection, const DraftId& draft, Seq seq);
[[nodiscard]] std::vector<Segment> readSegments(Connection& connection, const DraftId& draft, std::uint32_t from,
                                                std::uint32_t end, std::size_t bytesMax);
[[nodiscard]] std::vector<RingPass> readPasses(Connection& connection, const DraftId& draft, std::uint32_t from,
                                               std::uint32_t countMax);
[[nodiscard]] std::vector<UserId> readLeft(Connection& connection, const DraftId& draft);
[[nodiscard]] std::vector<DraftHead> listDrafts(Connection& connection, const UserId& user,
                                                const std::optional<DraftListKey>& after, std::uint32_t countMax);
[[nodiscard]] std::vector<MembershipChange> listChanges(Connection& connection, const UserId& user,
                                                        const ChangeCursor& after, std::uint32_t countMax);
[[nodiscard]] std::vector<DraftId> allDrafts(Connection& connection, const std::optional<DraftId>& after,
                                             std::uint32_t countMax);
[[nodiscard]] std::vector<DraftPosition> readSetAside(Connection& connection);
[[nodiscard]] std::optional<SetAsidePart> readSetAsidePart(Connection& connection, const DraftPosition& copy,
                                                           std::uint32_t from, std::size_t bytesMax);

}  // namespace onering
