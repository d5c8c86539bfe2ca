// Every statement that the store sends, prepared once on each connection. Values come as parameters only (SPEC §14).
//
// Rules that a test keeps (SPEC §9, "distributable as it stands"): whatever reads or writes a draft's data names
// draft_id; sets of rows come as arrays through unnest(); no sequence, no LISTEN or NOTIFY, no session lock, no
// SELECT ... FOR UPDATE over several drafts. Jobs belong to no draft, and are taken with FOR UPDATE SKIP LOCKED (SPEC
// §15).
#pragma once

#include <cstddef>
#include <span>

namespace onering::postgres {

struct Statement {
  const char* name;
  const char* sql;
};

// --- one transaction ---
extern const Statement kBegin;
extern const Statement kBeginRead;  // what several statements read is of one moment
extern const Statement kCommit;
extern const Statement kRollback;

// --- writing ---
extern const Statement kPutUsers;
extern const Statement kCreateDrafts;
extern const Statement kAdvanceDrafts;
extern const Statement kCheckDrafts;
extern const Statement kInsertAccepted;
extern const Statement kInsertRejected;
extern const Statement kInsertSegments;
extern const Statement kRedactSegments;
extern const Statement kHashContents;
extern const Statement kInsertPasses;
extern const Statement kPutCollaborators;
extern const Statement kLeaveCollaborators;
extern const Statement kPutInvites;
extern const Statement kRevokeInvites;
extern const Statement kInsertEvents;
extern const Statement kAppendEvents;
extern const Statement kForgetRejected;
extern const Statement kClaimRequest;
extern const Statement kCompleteRequest;
extern const Statement kForgetRequests;
extern const Statement kTakeJob;

// --- reading ---
extern const Statement kFindDrafts;
extern const Statement kFindPositions;
extern const Statement kFindMembers;
extern const Statement kFindDraftInvites;
extern const Statement kFindOps;
extern const Statement kFindSegments;
extern const Statement kReadLinks;
extern const Statement kReadLog;
extern const Statement kReadSegments;
extern const Statement kReadPasses;
extern const Statement kListDrafts;
extern const Statement kListChanges;
extern const Statement kAllDrafts;
extern const Statement kEventsByType;
extern const Statement kEventsByUser;
extern const Statement kEventsByDraft;
extern const Statement kFindRequest;
extern const Statement kWrittenSince;
inline constexpr std::size_t kWrittenSinceRows = 1024;  // and those of the last transaction
extern const Statement kLeftMembers;
extern const Statement kPing;
extern const Statement kTimeline;
extern const Statement kEndStalled;
extern const Statement kTablesPresent;

// --- what operators ask (find.h): $1 is the value, $2 how many rows at most ---
extern const Statement kFindByOwner;
extern const Statement kFindByStatus;
extern const Statement kFindByEtag;
extern const Statement kFindByContent;
extern const Statement kFindDeleted;
extern const Statement kFindHistory;
extern const Statement kFindPassedBy;
extern const Statement kFindPassedTo;
extern const Statement kFindInvites;
extern const Statement kFindKeys;
extern const Statement kFindJobs;

// --- the schema as it is ---
extern const Statement kDescribeSchema;

// Those of the server, to prepare.
[[nodiscard]] std::span<const Statement* const> allStatements();
// Those of operators.
[[nodiscard]] std::span<const Statement* const> findStatements();

}  // namespace onering::postgres
