#include "journal.h"

#include "json.h"

namespace onering::server {

namespace {

// As it is, or as a JSON string where it would not be seen where it ends.
std::string fieldText(const std::string& value) {
  const bool plain = !value.empty() && value.find_first_of(" \"\\=\t\n\r") == std::string::npos;
  return plain ? value : jsonString(value);
}

}  // namespace

void Journal::operator()(LogLevel level, std::string_view text, const LogFields& fields) const {
  if (!wants(level)) {
    return;
  }
  if (records_) {
    records_({.level = level, .text = text, .fields = fields});
    return;
  }
  std::string line(text);
  for (const auto& [name, value] : fields) {
    line.append(" ").append(name).append("=").append(fieldText(value));
  }
  lines_(level, line);
}

}  // namespace onering::server
