#include "schema-check.h"

#include <set>
#include <sstream>

#include "expected-schema.h"

namespace onering::postgres {

Request schemaRequest() {
  return {.calls = {{.statement = &kDescribeSchema, .parameters = {}}}};
}

std::vector<std::string> schemaFindings(const Results& results) {
  std::set<std::string> expected;
  std::istringstream lines(kExpectedSchema);
  for (std::string line; std::getline(lines, line);) {
    if (!line.empty()) {
      expected.insert(line);
    }
  }
  std::vector<std::string> findings;
  const Result& result = results.at(0);
  for (int i = 0; i < countOf(result); ++i) {
    const std::string line = rowOf(result, i).text(0);
    if (expected.erase(line) == 0) {
      findings.push_back("not expected in the schema: " + line);
    }
  }
  for (const std::string& line : expected) {
    findings.push_back("missing in the schema: " + line);
  }
  return findings;
}

}  // namespace onering::postgres
