#include "horizon.h"

#include <algorithm>
#include <charconv>
#include <string_view>

namespace onering::postgres {

namespace {

struct Transactions {
  std::int64_t end = 0;
  std::vector<std::int64_t> running;
};

// pg_snapshot as text: "first running:end:running,running". Without any that run it ends in a colon.
Transactions transactionsIn(std::string_view text) {
  std::vector<std::int64_t> numbers;
  while (!text.empty()) {
    std::int64_t number = 0;
    const auto [behind, wrong] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (wrong != std::errc()) {
      throw Damage("a snapshot");
    }
    numbers.push_back(number);
    text.remove_prefix(static_cast<std::size_t>(behind - text.data()));
    text.remove_prefix(text.empty() ? 0 : 1);
  }
  if (numbers.size() < 2) {
    throw Damage("a snapshot");
  }
  return {numbers[1], {numbers.begin() + 2, numbers.end()}};
}

}  // namespace

Call Horizon::call() const {
  Array<TransactionNumber> running;
  for (const Transaction number : running_) {
    running.add({number});
  }
  return {.statement = &kWrittenSince, .parameters = {scalar(end_), std::move(running).take()}};
}

Horizon::News Horizon::take(const Result& result) {
  News news;
  Transaction last = 0;
  for (int i = 0; i < countOf(result); ++i) {
    const Row row = rowOf(result, i);
    if (!row.isNull(1)) {
      last = row.number(1);
      news.moved.push_back({row.id<DraftId>(2), {row.numberAs<Seq>(3), row.digest(4)}});
    }
  }
  news.more = news.moved.size() >= kWrittenSinceRows;
  Transactions now = transactionsIn(rowOf(result, 0).text(0));
  const auto isRunning = [&](Transaction number) { return std::ranges::binary_search(now.running, number); };
  if (!news.more) {
    end_ = now.end;
    running_ = std::move(now.running);
  } else if (last < end_) {
    std::erase_if(running_, [&](Transaction number) { return number <= last && !isRunning(number); });
  } else {
    end_ = last + 1;
    std::erase_if(now.running, [&](Transaction number) { return number > last; });
    running_ = std::move(now.running);
  }
  return news;
}

void Horizon::lookBack() {
  constexpr Transaction kBack = 1'000;
  if (end_ != std::numeric_limits<Transaction>::max()) {
    end_ = std::max<Transaction>(end_ - kBack, 0);
    std::erase_if(running_, [&](Transaction number) { return number >= end_; });
  }
}

}  // namespace onering::postgres
