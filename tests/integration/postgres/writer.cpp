#include "writer.h"

#include <catch2/catch_test_macros.hpp>
#include <onering/domain/bytes.h>

namespace onering::testing {

Writer::Writer(EventLoop& loop, const std::string& url, const std::string& name, int inFlight)
    : person_(loop, url, name), draft_(person_.create()) {
  for (int i = 0; i < inFlight; ++i) {
    append();
  }
}

void Writer::checkAgainst(Store& store) {
  const auto log = logOf(store, draft_);
  auto counts = countsOf(log);
  for (const auto& [op, receipt] : person_.receipts()) {
    const auto* told = std::get_if<Accepted>(&receipt);
    CHECK(counts[op] == (told ? 1 : 0));
    if (told) {
      CHECK(log.at(told->seq - 1).op.id == op);
      CHECK(toHex(log.at(told->seq - 1).link) == toHex(told->link));
    }
  }
  CHECK(log.size() == person_.receipts().size());
  CHECK(person_.confirmed(draft_) == log.back().position());
}

void Writer::append() {
  AppendSegment body;
  body.content.text = "line " + std::to_string(++made_);
  const auto performed =
      person_.client().perform(draft_, std::move(body), {.durable = {}, .settled = [this](const Receipt& receipt) {
                                                           CHECK(std::holds_alternative<Accepted>(receipt));
                                                           ++accepted_;
                                                           if (writing_) {
                                                             append();
                                                           }
                                                         }});
  REQUIRE(performed);
}

void allGoOn(const std::vector<std::unique_ptr<Writer>>& writers) {
  for (const auto& writer : writers) {
    const std::size_t before = writer->accepted();
    REQUIRE(writer->person().sees([&] { return writer->accepted() >= before + 10; }, std::chrono::seconds(60)));
  }
}

void finish(const std::vector<std::unique_ptr<Writer>>& writers, const std::string& databaseUrl) {
  for (const auto& writer : writers) {
    writer->stop();
  }
  const auto store = openStoreAt(databaseUrl);
  for (const auto& writer : writers) {
    REQUIRE(writer->person().settles());
    writer->checkAgainst(*store);
  }
}

std::map<OpId, std::size_t> countsOf(const std::vector<LogEntry>& log) {
  std::map<OpId, std::size_t> counts;
  for (const LogEntry& entry : log) {
    ++counts[entry.op.id];
  }
  return counts;
}

}  // namespace onering::testing
