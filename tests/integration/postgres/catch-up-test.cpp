// What a server answers to replicas that catch up, which it may make of what it has read before, against what a store
// that remembers nothing answers.
#include <boost/asio/io_context.hpp>
#include <catch2/catch_test_macros.hpp>

#include "onering/postgres/postgres-database.h"

#include "../person.h"
#include "database.h"

namespace onering::testing {

namespace {

using Messages = StoreResult<std::vector<AuthorityMessage>>;

class Catching {
 public:
  Catching(const std::string& url, const DraftId& draft)
      : draft_(draft), store_(openStoreAt(url)), database_(io_, {.url = url, .poolSize = 2}, policy_) {}

  // Twice, as the second time the state is known.
  void compare(const UserId& user, const LogPosition& have) {
    const CatchUpQuestion question{user, Fetch{.draft = draft_, .have = have}};
    const auto wanted = std::get<Messages>(perform(*store_, question, policy_));
    REQUIRE(wanted);
    for (int i = 0; i < 2; ++i) {
      std::optional<StoreAnswer> given;
      database_.ask(question, [&](StoreAnswer answer) { given = std::move(answer); });
      while (!given) io_.run_one();
      const auto& told = std::get<Messages>(*given);
      REQUIRE(told);
      INFO(user << " has " << have.seq);
      CHECK(*told == *wanted);
    }
  }

 private:
  DraftId draft_;
  ReadPolicy policy_{.limits = {}, .snapshotAfter = 4};
  std::unique_ptr<PostgresStore> store_;
  boost::asio::io_context io_;
  PostgresDatabase database_;
};

}  // namespace

TEST_CASE("S6, I10 whoever catches up is answered from the draft as it is, whoever has written to it since it was read",
          "[postgres][servers]") {
  EventLoop loop;
  const std::string url = sharedCluster().url(newDatabase());
  const auto server = serveOver(url);
  Person ann(loop, server->url(), "ann");
  const DraftId draft = ann.create();
  ann.act(draft, AddCollaborator{.user = "ben", .role = Role::viewer});
  REQUIRE(ann.settles());
  Catching catching(url, draft);
  std::vector<LogPosition> had{{}, {1, Digest{7}}, {99, Digest{7}}};
  const auto compareAll = [&] {
    REQUIRE(ann.settles());
    had.push_back(ann.confirmed(draft));
    for (const LogPosition& have : had) {
      for (const char* user : {"ann", "ben", "cid"}) catching.compare(user, have);
    }
  };
  compareAll();
  SegmentId last;
  for (int i = 0; i < 6; ++i) {
    last = ann.append(draft, "line " + std::to_string(i)).segment.value();
    compareAll();
  }
  ann.act(draft, RedactSegment{.segment = last});
  compareAll();
  ann.act(draft, RemoveCollaborator{.user = "ben"});
  compareAll();
  ann.act(draft, DeleteDraft{});
  REQUIRE(ann.settles());
  for (const LogPosition& have : had) catching.compare("ann", have);
}

}  // namespace onering::testing
