#include "onering/postgres/find.h"

#include <algorithm>
#include <array>

#include "blocking-session.h"
#include "statements.h"

namespace onering {

namespace {

using postgres::Statement;

constexpr std::array kQuestions{
    FindQuestion{"owner", "drafts of this owner, oldest first"},
    FindQuestion{"status", "drafts that are active, locked or completed, last changed first"},
    FindQuestion{"etag", "drafts whose log ends there: SEQ-LINK, as in an etag without its quotes"},
    FindQuestion{"content", "completed drafts with this contentSha256, in hex"},
    FindQuestion{"deleted", "drafts deleted before this time, longest ago first"},
    FindQuestion{"history", "where the ring of this draft went"},
    FindQuestion{"passed-by", "passes of any ring from this user"},
    FindQuestion{"passed-to", "passes of any ring to this user"},
    FindQuestion{"invites", "invites to this draft that were not revoked, oldest first"},
    FindQuestion{"keys", "idempotency keys of this scope, newest first"},
    FindQuestion{"jobs", "jobs that are due at this time, longest due first"},
};
constexpr std::array<const Statement*, kQuestions.size()> kStatements{
    &postgres::kFindByOwner, &postgres::kFindByStatus, &postgres::kFindByEtag,   &postgres::kFindByContent,
    &postgres::kFindDeleted, &postgres::kFindHistory,  &postgres::kFindPassedBy, &postgres::kFindPassedTo,
    &postgres::kFindInvites, &postgres::kFindKeys,     &postgres::kFindJobs};

std::string knownNames() {
  std::string names;
  for (const FindQuestion& question : kQuestions) names += (names.empty() ? "" : ", ") + std::string(question.name);
  return names;
}

}  // namespace

std::span<const FindQuestion> findQuestions() {
  return kQuestions;
}

std::expected<FoundRows, Rejection> find(const PostgresOptions& options, std::string_view question,
                                         const std::string& value, std::uint32_t countMax) {
  const auto asked = std::ranges::find(kQuestions, question, &FindQuestion::name);
  if (asked == kQuestions.end()) {
    return std::unexpected(
        rejection(ErrorCode::protocolError, "Nothing is found by that. It can be: " + knownNames() + "."));
  }
  const Statement& statement = *kStatements.at(static_cast<std::size_t>(asked - kQuestions.begin()));
  try {
    postgres::BlockingSession session(options);
    const auto result = session.run(statement.sql, {value, std::to_string(countMax)});
    FoundRows found;
    const int columns = PQnfields(result.get());
    for (int i = 0; i < columns; ++i) found.columns.emplace_back(PQfname(result.get(), i));
    for (int n = 0; n < PQntuples(result.get()); ++n) {
      auto& row = found.rows.emplace_back();
      for (int i = 0; i < columns; ++i) {
        row.push_back(PQgetisnull(result.get(), n, i) != 0
                          ? std::nullopt
                          : std::optional<std::string>(PQgetvalue(result.get(), n, i)));
      }
    }
    return found;
  } catch (Rejection& why) {
    return std::unexpected(std::move(why));
  }
}

}  // namespace onering
