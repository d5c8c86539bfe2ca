// Drafts played into a running server, each author as themself, over the real protocol.
//
//   file ---> Importer ---> Play, one for each draft under way ---> Authors ---> a client for each author ---> server
//                                                               one replica each, in memory
//
// A draft's ops are cut into turns: runs of ops by one author. A turn is pushed as a whole, and the next one follows
// when all of it has its receipts. Many drafts are under way at once.
//
// Ids come from the drafts alone (script.h), so that what has been played in before is recognized by the server, and
// nothing happens twice (SPEC I6).
#pragma once

#include <map>
#include <memory>
#include <string>

#include "onering/client/client.h"
#include "onering/domain/op.h"
#include "onering/play/written-draft.h"

namespace onering::cli {

struct ImportSums {
  std::uint64_t drafts = 0;
  std::uint64_t accepted = 0;  // ops that were new
  std::uint64_t there = 0;     // ops that had been accepted before
  std::map<ErrorCode, std::uint64_t> rejected;
  std::uint64_t segments = 0;  // among `accepted`
  std::uint64_t bytes = 0;     // of these

  [[nodiscard]] std::uint64_t rejectedOps() const;
  [[nodiscard]] std::uint64_t ops() const { return accepted + there + rejectedOps(); }
};

// The clients of everyone who writes. A client stays for as long as drafts under way need it, and a while longer.
class Authors {
 public:
  // `failed` is told, once, why nobody can go on: the server refuses, or the device's store does.
  Authors(EventLoop& loop, std::string url, std::function<void(const Rejection&)> failed);

  // Calls back once the author's replica has heard of all its drafts. The client stays until released as often as
  // acquired.
  void acquire(const UserId& user, std::function<void(Client&)> ready);
  void release(const UserId& user);

  // Why the server cannot be reached at present, if that is so for anyone.
  [[nodiscard]] std::optional<Rejection> trouble() const;

 private:
  struct Author {
    std::unique_ptr<Client> client;
    std::size_t users = 0;
    std::vector<std::function<void(Client&)>> waiting;
  };

  void open(const UserId& user, Author& author);
  void statusChanged(const UserId& user);
  void closeIdle();

  EventLoop& loop_;
  std::string url_;
  std::function<void(const Rejection&)> failed_;
  std::map<UserId, Author> authors_;
};

// One draft on its way in. Calls `done` when its last receipt is there; it may be destroyed then.
class Play {
 public:
  Play(Authors& authors, ImportSums& sums, std::function<void(const Rejection&)> failed, std::vector<Op> ops,
       std::function<void()> done);

  void start();

 private:
  void nextTurn();
  void play(Client& client);
  void submit(Client& client, const Op& op);
  void settled(const Op& op, const Receipt& receipt);
  void opDone();

  Authors& authors_;
  ImportSums& sums_;
  std::function<void(const Rejection&)> failed_;
  std::function<void()> done_;
  std::vector<Op> ops_;
  std::size_t next_ = 0;      // the first op that has not been submitted
  std::size_t waiting_ = 0;   // submitted and without a receipt
  UserId author_;             // of the present turn
  std::optional<Seq> there_;  // how long the draft's log was when the import came to it
};

}  // namespace onering::cli
