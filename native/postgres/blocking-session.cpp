#include "blocking-session.h"

#include "settings.h"

namespace onering::postgres {

namespace {

std::string firstLine(const char* message) {
  const std::string text = message ? message : "";
  return text.substr(0, text.find('\n'));
}

}  // namespace

BlockingSession::BlockingSession(const PostgresOptions& options) {
  const auto keywords = keywordsFor(options);
  if (!keywords) {
    throw Rejection(keywords.error());
  }
  std::vector<const char*> names;
  std::vector<const char*> values;
  for (const auto& [name, value] : *keywords) {
    names.push_back(name.c_str());
    values.push_back(value.c_str());
  }
  names.push_back(nullptr);
  values.push_back(nullptr);
  connection_.reset(PQconnectdbParams(names.data(), values.data(), 0));
  if (PQstatus(connection_.get()) != CONNECTION_OK) {
    throw rejection(ErrorCode::storageUnavailable,
                    "The database cannot be reached: " + firstLine(PQerrorMessage(connection_.get())));
  }
  PQsetNoticeProcessor(connection_.get(), [](void*, const char*) {}, nullptr);
}

Result BlockingSession::run(const std::string& sql) {
  return checked(Result(PQexec(connection_.get(), sql.c_str())));
}

Result BlockingSession::run(const char* sql, const std::vector<std::string>& parameters) {
  std::vector<const char*> values;
  for (const std::string& parameter : parameters) {
    values.push_back(parameter.c_str());
  }
  return checked(Result(PQexecParams(connection_.get(), sql, static_cast<int>(values.size()), nullptr, values.data(),
                                     nullptr, nullptr, 0)));
}

std::string BlockingSession::ask(const std::string& sql) {
  const Result result = run(sql);
  return PQntuples(result.get()) == 1 ? PQgetvalue(result.get(), 0, 0) : "";
}

Result BlockingSession::checked(Result result) {
  const auto status = PQresultStatus(result.get());
  if (status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK) {
    const char* message = PQresultErrorField(result.get(), PG_DIAG_MESSAGE_PRIMARY);
    const char* state = PQresultErrorField(result.get(), PG_DIAG_SQLSTATE);
    const bool isValue = state && std::string_view(state).starts_with("22");  // data exceptions
    throw rejection(isValue ? ErrorCode::protocolError : ErrorCode::storageUnavailable,
                    "The database refused " + std::string(isValue ? "a value: " : "a statement: ") +
                        firstLine(message ? message : PQerrorMessage(connection_.get())));
  }
  return result;
}

}  // namespace onering::postgres
