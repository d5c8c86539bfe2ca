#include "import-player.h"

#include <algorithm>
#include <utility>

#include "onering/store/memory/memory-store.h"

namespace onering::cli {

namespace {

constexpr std::size_t kIdleClientsMax = 256;

}  // namespace

std::uint64_t ImportSums::rejectedOps() const {
  std::uint64_t count = 0;
  for (const auto& [code, ops] : rejected) {
    count += ops;
  }
  return count;
}

Authors::Authors(EventLoop& loop, std::string url, std::function<void(const Rejection&)> failed)
    : loop_(loop), url_(std::move(url)), failed_(std::move(failed)) {}

void Authors::acquire(const UserId& user, std::function<void(Client&)> ready) {
  Author& author = authors_[user];
  ++author.users;
  author.waiting.push_back(std::move(ready));
  if (!author.client) {
    open(user, author);
  } else if (author.client->status().link == Link::live) {
    loop_.post([this, user] { statusChanged(user); });
  }
}

void Authors::open(const UserId& user, Author& author) {
  ClientOptions options;
  options.url = url_;
  options.user = user;
  options.store = std::make_unique<MemoryStore>();
  options.token = fixedToken(user);
  options.onStatus = [this, user](const ClientStatus&) { loop_.post([this, user] { statusChanged(user); }); };
  auto client = Client::open(loop_, std::move(options));
  if (!client) {
    failed_(client.error());
    return;
  }
  author.client = std::move(*client);
  author.client->connect();
}

void Authors::statusChanged(const UserId& user) {
  const auto found = authors_.find(user);
  if (found == authors_.end() || !found->second.client) {
    return;
  }
  Author& author = found->second;
  const ClientStatus& status = author.client->status();
  if (status.link == Link::denied) {
    failed_(status.lastError.value_or(rejection(ErrorCode::unauthenticated)));
  } else if (status.link == Link::live) {
    for (const auto& ready : std::exchange(author.waiting, {})) {
      ready(*author.client);
    }
  }
}

void Authors::release(const UserId& user) {
  --authors_.at(user).users;
  if (authors_.size() > kIdleClientsMax) {
    loop_.post([this] { closeIdle(); });  // whoever releases may be called by the client
  }
}

void Authors::closeIdle() {
  std::erase_if(authors_, [&](const auto& each) { return each.second.users == 0; });
}

std::optional<Rejection> Authors::trouble() const {
  for (const auto& [user, author] : authors_) {
    if (author.client && author.client->status().lastError) {
      return author.client->status().lastError;
    }
  }
  return std::nullopt;
}

Play::Play(Authors& authors, ImportSums& sums, std::function<void(const Rejection&)> failed, std::vector<Op> ops,
           std::function<void()> done)
    : authors_(authors), sums_(sums), failed_(std::move(failed)), done_(std::move(done)), ops_(std::move(ops)) {}

void Play::start() {
  nextTurn();
}

void Play::nextTurn() {
  if (next_ == ops_.size()) {
    ++sums_.drafts;
    done_();
    return;
  }
  author_ = ops_[next_].actor;
  authors_.acquire(author_, [this](Client& client) { play(client); });
}

void Play::play(Client& client) {
  if (!there_) {
    const DraftState* draft = client.draft(ops_.front().draft);
    there_ = draft ? draft->position.seq : 0;
  }
  const auto end = std::find_if(ops_.begin() + static_cast<std::ptrdiff_t>(next_), ops_.end(),
                                [&](const Op& op) { return op.actor != author_; });
  const auto from = std::exchange(next_, static_cast<std::size_t>(end - ops_.begin()));
  waiting_ = next_ - from;
  for (std::size_t i = from; i < next_; ++i) {
    submit(client, ops_[i]);
  }
}

void Play::submit(Client& client, const Op& op) {
  const auto submitted = client.submit(op, {.durable =
                                                [this](const std::expected<void, Rejection>& durable) {
                                                  if (!durable) {
                                                    failed_(durable.error());
                                                  }
                                                },
                                            .settled = [this, op](const Receipt& receipt) { settled(op, receipt); }});
  if (!submitted) {  // it would be refused wherever it came from
    ++sums_.rejected[submitted.error().code];
    opDone();
  }
}

void Play::settled(const Op& op, const Receipt& receipt) {
  if (const auto* accepted = std::get_if<Accepted>(&receipt)) {
    if (accepted->seq <= *there_) {
      ++sums_.there;
    } else {
      ++sums_.accepted;
      if (const auto* append = std::get_if<AppendSegment>(&op.body)) {
        ++sums_.segments;
        sums_.bytes += append->content.text.size();
      }
    }
  } else {
    ++sums_.rejected[std::get<Rejection>(receipt).code];
  }
  opDone();
}

void Play::opDone() {
  if (--waiting_ == 0) {
    authors_.release(author_);
    nextTurn();
  }
}

}  // namespace onering::cli
