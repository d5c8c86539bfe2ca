// Puts load on a server through real replicas, all in one thread, and prints what it saw as a line of JSON.
//
//   onering-load --server ws://127.0.0.1:8080 [--clients 64] [--in-flight 32] [--bytes 100] [--seconds 5]
//     appends of that many clients, each to a draft of its own; counts those with receipts
//   onering-load --server … --propagation [--every-ms 2]
//     one writes, another reads: from append() to the reader's view
//   --server-pid N: also the server's CPU time, from /proc
//
// The server must be in development mode (tokens are names).
#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <iostream>
#include <map>
#include <random>
#include <sstream>
#include <string>
#include <vector>

#include <unistd.h>

#include "onering/client/client.h"
#include "onering/store/memory/memory-store.h"

namespace {

using namespace onering;
using Clock = std::chrono::steady_clock;

struct Settings {
  std::string server = "ws://127.0.0.1:8080";
  std::size_t clients = 64;
  std::size_t inFlight = 32;
  std::size_t bytes = 100;
  int seconds = 5;
  int everyMs = 2;
  bool propagation = false;
  int serverPid = 0;
};

double cpuSecondsOf(int pid) {
  std::ifstream stat("/proc/" + std::to_string(pid) + "/stat");
  std::string text((std::istreambuf_iterator<char>(stat)), {});
  std::istringstream fields(text.substr(std::min(text.rfind(')') + 2, text.size())));
  std::string field;
  double ticks = 0;
  for (int i = 3; fields >> field; ++i) {
    if (i == 14 || i == 15) {
      ticks += std::stod(field);
    }
  }
  return ticks / static_cast<double>(sysconf(_SC_CLK_TCK));
}

double millisecondsAt(std::vector<double>& sorted, double share) {
  return sorted.empty() ? 0
                        : sorted[std::min(sorted.size() - 1,
                                          static_cast<std::size_t>(share * static_cast<double>(sorted.size())))];
}

struct Writer {
  std::unique_ptr<Client> client;
  DraftId draft;
  bool running = false;
};

std::unique_ptr<Client> openClient(EventLoop& loop, const Settings& settings, const std::string& user,
                                   std::function<void(const Notice&)> onNotice = {}) {
  ClientOptions options;
  options.url = settings.server;
  options.user = user;
  options.store = std::make_unique<MemoryStore>();
  options.token = fixedToken(user);
  options.onNotice = std::move(onNotice);
  auto client = Client::open(loop, std::move(options));
  if (!client) {
    std::cerr << client.error().message << '\n';
    std::exit(2);
  }
  (*client)->connect();
  return std::move(*client);
}

void mustHappen(EventLoop& loop, const char* what, const std::function<bool()>& done) {
  if (!loop.runUntil(done, std::chrono::seconds(20))) {
    std::cerr << "timed out: " << what << '\n';
    std::exit(3);
  }
}

int throughput(const Settings& settings, const std::string& run) {
  EventLoop loop;
  const std::string text(settings.bytes, 'x');
  std::vector<Writer> writers(settings.clients);
  std::size_t settled = 0;
  std::size_t rejected = 0;
  bool stopping = false;
  std::vector<double> latencies;
  bool measuring = false;

  std::function<void(Writer&)> append = [&](Writer& writer) {
    const auto began = Clock::now();
    AppendSegment body;
    body.content.text = text;
    static_cast<void>(writer.client->perform(
        writer.draft, std::move(body),
        {.durable = {}, .settled = [&, began](const Receipt& receipt) {
           if (std::holds_alternative<Rejection>(receipt)) {
             ++rejected;
           } else {
             ++settled;
           }
           if (measuring) {
             latencies.push_back(std::chrono::duration<double, std::milli>(Clock::now() - began).count());
           }
           if (!stopping) {
             append(writer);
           }
         }}));
  };

  std::size_t created = 0;
  for (std::size_t i = 0; i < writers.size(); ++i) {
    writers[i].client = openClient(loop, settings, "load-" + run + "-" + std::to_string(i));
    const auto performed = writers[i].client->perform({}, CreateDraft{.title = "Load", .platform = {}, .holdLimit = {}},
                                                      {.durable = {}, .settled = [&](const Receipt&) { ++created; }});
    writers[i].draft = performed->draft;
  }
  mustHappen(loop, "creating drafts", [&] { return created == writers.size(); });
  for (Writer& writer : writers) {
    for (std::size_t i = 0; i < settings.inFlight; ++i) {
      append(writer);
    }
  }
  loop.runFor(std::chrono::seconds(1));
  const std::size_t before = settled;
  const double cpuBefore = settings.serverPid ? cpuSecondsOf(settings.serverPid) : 0;
  const double ownCpuBefore = cpuSecondsOf(getpid());
  const auto began = Clock::now();
  measuring = true;
  loop.runFor(std::chrono::seconds(settings.seconds));
  const double elapsed = std::chrono::duration<double>(Clock::now() - began).count();
  const double cpu = settings.serverPid ? cpuSecondsOf(settings.serverPid) - cpuBefore : 0;
  const double ownCpu = cpuSecondsOf(getpid()) - ownCpuBefore;
  const std::size_t done = settled - before;
  measuring = false;
  stopping = true;
  std::ranges::sort(latencies);
  std::cout << R"({"clients":)" << settings.clients << R"(,"inFlight":)" << settings.inFlight << R"(,"bytes":)"
            << settings.bytes << R"(,"appends":)" << done << R"(,"perSecond":)"
            << static_cast<long>(static_cast<double>(done) / elapsed) << R"(,"rejected":)" << rejected
            << R"(,"ackMsP50":)" << millisecondsAt(latencies, 0.5) << R"(,"ackMsP99":)"
            << millisecondsAt(latencies, 0.99);
  if (cpu > 0) {
    std::cout << R"(,"serverCpuSeconds":)" << cpu << R"(,"perServerCpuSecond":)"
              << static_cast<long>(static_cast<double>(done) / cpu);
  }
  std::cout << R"(,"loadCpuSeconds":)" << ownCpu << "}\n";
  return 0;
}

int propagation(const Settings& settings, const std::string& run) {
  EventLoop loop;
  const std::string text(settings.bytes, 'x');
  std::map<std::uint32_t, Clock::time_point> began;  // by position
  std::vector<double> latencies;
  Client* readerClient = nullptr;
  std::uint32_t seen = 0;
  auto writer = openClient(loop, settings, "writer-" + run);
  auto reader = openClient(loop, settings, "reader-" + run, [&](const Notice& notice) {
    const auto* changed = std::get_if<DraftChanged>(&notice);
    const DraftState* state = changed && readerClient ? readerClient->draft(changed->draft) : nullptr;
    while (state && seen < state->segmentCount) {
      if (const auto at = began.find(seen++); at != began.end()) {
        latencies.push_back(std::chrono::duration<double, std::milli>(Clock::now() - at->second).count());
        began.erase(at);
      }
    }
  });
  readerClient = reader.get();
  bool ready = false;
  const auto draft = writer->perform({}, CreateDraft{.title = "Load", .platform = {}, .holdLimit = {}})->draft;
  static_cast<void>(writer->perform(draft, AddCollaborator{.user = "reader-" + run, .role = Role::viewer},
                                    {.durable = {}, .settled = [&](const Receipt&) { ready = true; }}));
  mustHappen(loop, "joining", [&] { return ready && readerClient->draft(draft) != nullptr; });

  std::uint32_t next = 0;
  const auto until = Clock::now() + std::chrono::seconds(settings.seconds);
  std::function<void()> append = [&] {
    if (Clock::now() >= until) {
      return;
    }
    began[next++] = Clock::now();
    AppendSegment body;
    body.content.text = text;
    static_cast<void>(writer->perform(draft, std::move(body)));
    loop.after(std::chrono::milliseconds(settings.everyMs), append);
  };
  append();
  mustHappen(loop, "reading", [&] { return Clock::now() >= until && began.empty(); });
  std::ranges::sort(latencies);
  std::cout << R"({"propagated":)" << latencies.size() << R"(,"msP50":)" << millisecondsAt(latencies, 0.5)
            << R"(,"msP99":)" << millisecondsAt(latencies, 0.99) << R"(,"msMax":)"
            << (latencies.empty() ? 0 : latencies.back()) << "}\n";
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  Settings settings;
  const std::vector<std::string> arguments(argv + 1, argv + argc);
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const std::string& name = arguments[i];
    const auto value = [&] { return i + 1 < arguments.size() ? arguments[++i] : std::string("0"); };
    if (name == "--server")
      settings.server = value();
    else if (name == "--clients")
      settings.clients = std::stoul(value());
    else if (name == "--in-flight")
      settings.inFlight = std::stoul(value());
    else if (name == "--bytes")
      settings.bytes = std::stoul(value());
    else if (name == "--seconds")
      settings.seconds = std::stoi(value());
    else if (name == "--every-ms")
      settings.everyMs = std::stoi(value());
    else if (name == "--server-pid")
      settings.serverPid = std::stoi(value());
    else if (name == "--propagation")
      settings.propagation = true;
    else {
      std::cerr << "unknown option " << name << "; see the head of load.cpp\n";
      return 2;
    }
  }
  const std::string run = std::to_string(std::random_device{}());
  return settings.propagation ? propagation(settings, run) : throughput(settings, run);
}
