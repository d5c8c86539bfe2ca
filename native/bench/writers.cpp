#include "writers.h"

#include <random>
#include <utility>

#include "onering/store/memory/memory-store.h"

#include "server-under-test.h"

namespace onering::bench {

std::unique_ptr<Client> openClient(EventLoop& loop, const std::string& url, const std::string& user,
                                   std::function<void(const Notice&)> onNotice) {
  ClientOptions options;
  options.url = url;
  options.user = user;
  options.store = std::make_unique<MemoryStore>();
  options.token = fixedToken(user);
  options.onNotice = std::move(onNotice);
  auto client = Client::open(loop, std::move(options));
  if (!client) {
    throw Failed{std::move(client.error())};
  }
  (*client)->connect();
  return std::move(*client);
}

std::string runName() {
  return "bench-" + std::to_string(std::random_device{}());
}

Writers::Writers(EventLoop& loop, Settings settings) : settings_(std::move(settings)), text_(settings_.bytes, 'x') {
  std::size_t created = 0;
  for (std::size_t i = 0; i < settings_.clients; ++i) {
    const std::string user = settings_.name + "-" + std::to_string(i);
    Writer& writer = *clients_.emplace_back(std::make_unique<Writer>());
    writer.client = openClient(loop, settings_.url, user);
    for (std::size_t draft = i; draft < settings_.drafts; draft += settings_.clients) {
      const auto performed = writer.client->perform({}, CreateDraft{.title = "Load", .platform = {}, .holdLimit = {}},
                                                    {.durable = {}, .settled = [&](const Receipt&) { ++created; }});
      if (!performed) {
        throw Failed{performed.error()};
      }
      writer.drafts.push_back(performed->draft);
      owners_.emplace(performed->draft, user);
    }
  }
  runUntil(loop, "creating drafts", [&] { return created == settings_.drafts; });
}

void Writers::start() {
  writing_ = true;
  for (const auto& writer : clients_) {
    for (std::size_t i = 0; i < settings_.window; ++i) {
      append(*writer);
    }
  }
}

void Writers::append(Writer& writer) {
  const auto began = Clock::now();
  const DraftId draft = writer.drafts[writer.next++ % writer.drafts.size()];
  AppendSegment body;
  body.content.text = text_;
  // The callback hears which op it is for, although that is known only behind perform().
  const auto made = std::make_shared<Performed>();
  auto performed = writer.client->perform(
      draft, std::move(body), {.durable = {}, .settled = [this, &writer, made, began](const Receipt& receipt) {
                                 settled(writer, made->draft, made->op, made->segment.value_or(SegmentId{}), began,
                                         receipt);
                               }});
  if (!performed) {
    throw Failed{std::move(performed.error())};
  }
  *made = *performed;
  ++unanswered_;
}

void Writers::settled(Writer& writer, const DraftId& draft, const OpId& op, const SegmentId& segment,
                      Clock::time_point began, const Receipt& receipt) {
  --unanswered_;
  if (const auto* accepted = std::get_if<Accepted>(&receipt)) {
    acknowledged_.push_back({draft, op, segment, *accepted});
  } else {
    ++rejected_;
  }
  if (measuring_) {
    latencies_.add(Clock::now() - began);
  }
  if (writing_) {
    append(writer);
  }
}

}  // namespace onering::bench
