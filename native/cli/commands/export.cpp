#include <iostream>

#include <CLI/CLI.hpp>
#include <boost/json.hpp>

#include "onering/domain/content-hash.h"

#include "commands.h"
#include "log-reading.h"

namespace onering::cli {

namespace {

namespace json = boost::json;
using onering::cli::toJson;

struct ExportSettings {
  std::string draft;
  std::string store = kDefaultStore;
  std::string format = "jsonl";
};

json::object memberJson(const Member& member) {
  return {{"user", member.user}, {"role", nameOf(member.role)}, {"joinedAt", timeText(member.joinedAt)}};
}

json::object toJson(const DraftState& state) {
  json::array members;
  for (const Member& member : state.members) {
    members.push_back(memberJson(member));
  }
  json::array requests;
  for (const RingRequest& request : state.ring.requests) {
    requests.push_back(json::string(request.user));
  }
  json::object object{{"id", toText(state.id)},
                      {"title", state.title},
                      {"platform", state.platform},
                      {"holdLimitMs", state.holdLimit.count()},
                      {"status", nameOf(state.status)},
                      {"owner", state.owner},
                      {"ring",
                       {{"holder", state.ring.holder},
                        {"epoch", state.ring.epoch},
                        {"since", timeText(state.ring.since)},
                        {"requests", std::move(requests)}}},
                      {"members", std::move(members)},
                      {"segments", state.segmentCount},
                      {"createdAt", timeText(state.createdAt)},
                      {"updatedAt", timeText(state.updatedAt)},
                      {"seq", state.position.seq},
                      {"link", toHex(state.position.link)},
                      {"etag", etagOf(state.position)}};
  if (state.deletedAt) {
    object["deletedAt"] = timeText(*state.deletedAt);
  }
  return object;
}

json::object toJson(const Segment& segment) {
  json::object object{{"position", segment.position},
                      {"id", toText(segment.id)},
                      {"author", segment.author},
                      {"authorDisplay", segment.authorDisplay},
                      {"epoch", segment.epoch},
                      {"seq", segment.seq},
                      {"acceptedAt", timeText(segment.acceptedAt)}};
  if (segment.content.erased) {
    object["redacted"] = true;
  } else {
    object["text"] = segment.content.text;
  }
  return object;
}

json::object toJson(const RingPass& pass) {
  json::object object{{"to", pass.to}, {"epoch", pass.epoch}, {"at", timeText(pass.at)}, {"kind", nameOf(pass.kind)}};
  if (pass.from) {
    object["from"] = *pass.from;
  }
  return object;
}

template <typename Item>
void tellLine(std::string_view kind, const Item& item) {
  std::cout << json::serialize(json::object{{kind, toJson(item)}}) << '\n';
}

// The draft, its log, the ring's history, its segments, and last the hash of what it says.
StoreResult<void> exportLines(Store& store, const DraftState& draft) {
  tellLine("draft", draft);
  const auto entries =
      readEntries(store, draft.id, draft.position.seq, [](const LogEntry& entry) { tellLine("entry", entry); });
  if (!entries) {
    return std::unexpected(entries.error());
  }
  const auto passes = readPasses(store, draft.id, static_cast<std::uint32_t>(draft.ring.epoch),
                                 [](const RingPass& pass) { tellLine("pass", pass); });
  if (!passes) {
    return std::unexpected(passes.error());
  }
  ContentHash hash;
  const auto segments = readSegments(store, draft.id, draft.segmentCount, [&](const Segment& segment) {
    hash.add(segment.content.text);
    tellLine("segment", segment);
  });
  if (!segments) {
    return std::unexpected(segments.error());
  }
  std::cout << json::serialize(json::object{{"contentSha256", toHex(hash.of(draft.title))}}) << '\n';
  return {};
}

// Title, an empty line, and the segments as they follow one another.
StoreResult<void> exportText(Store& store, const DraftState& draft) {
  std::cout << draft.title << "\n\n";
  const auto segments = readSegments(store, draft.id, draft.segmentCount, [](const Segment& segment) {
    std::cout << (segment.content.erased ? "[redacted]" : segment.content.text);
  });
  if (!segments) {
    return std::unexpected(segments.error());
  }
  std::cout << '\n';
  return {};
}

void exportDraft(Context& context, const ExportSettings& settings) {
  auto store = openStore(settings.store, StoreUse::readOnly);
  if (!store) {
    fail(context, Exit::storage, store.error());
    return;
  }
  const auto draft = findDraft(**store, settings.draft);
  if (!draft) {
    fail(context, exitFor(draft.error().code), draft.error());
    return;
  }
  const auto done = settings.format == "text" ? exportText(**store, *draft) : exportLines(**store, *draft);
  if (!done) {
    fail(context, Exit::storage, rejection(errorOf(done.error().fault), done.error().detail));
  }
}

}  // namespace

void addExport(CLI::App& app, Context& context) {
  auto settings = std::make_shared<ExportSettings>();
  CLI::App* command = app.add_subcommand("export", "Write a draft to stdout: its whole log, or its text");
  command->add_option("draft", settings->draft, "the draft's id")->required();
  command->add_option("--store", settings->store, "where it is kept; a server may be using it")->capture_default_str();
  command
      ->add_option("--format", settings->format,
                   "`jsonl`: draft, log, ring history and segments, a line of JSON each; `text`")
      ->check(CLI::IsMember({"jsonl", "text"}))
      ->capture_default_str();
  command->add_flag("--json", context.json, "errors as JSON");
  command->callback([settings, &context] { exportDraft(context, *settings); });
}

}  // namespace onering::cli
