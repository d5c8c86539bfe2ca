#include <iostream>

#include <CLI/CLI.hpp>
#include <boost/json/serialize.hpp>

#include "commands.h"
#include "log-reading.h"

namespace onering::cli {

namespace {

struct LogSettings {
  std::string draft;
  std::string store = kDefaultStore;
};

void tell(const LogEntry& entry, bool asJson) {
  if (asJson) {
    std::cout << boost::json::serialize(toJson(entry)) << '\n';
    return;
  }
  std::cout << entry.seq << '\t' << timeText(entry.acceptedAt) << '\t' << toHex(entry.link).substr(0, 16) << '\t'
            << entry.op.actor << '\t' << inWords(entry.op) << '\n';
}

void tellLog(Context& context, const LogSettings& settings) {
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
  const auto count =
      readEntries(**store, draft->id, draft->position.seq, [&](const LogEntry& entry) { tell(entry, context.json); });
  if (!count) {
    fail(context, Exit::storage, rejection(errorOf(count.error().fault), count.error().detail));
  }
}

}  // namespace

void addLog(CLI::App& app, Context& context) {
  auto settings = std::make_shared<LogSettings>();
  CLI::App* command = app.add_subcommand("log", "Tell what was done to a draft, op by op");
  command->add_option("draft", settings->draft, "the draft's id")->required();
  command->add_option("--store", settings->store, "where it is kept; a server may be using it")->capture_default_str();
  command->add_flag("--json", context.json, "a line of JSON for each op, texts included");
  command->footer("Without --json: seq, acceptedAt, the first half of the link, actor, operation; tabs between.");
  command->callback([settings, &context] { tellLog(context, *settings); });
}

}  // namespace onering::cli
