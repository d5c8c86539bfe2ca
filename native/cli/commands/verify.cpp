#include <iostream>

#include <CLI/CLI.hpp>
#include <boost/json.hpp>

#include "commands.h"
#include "verify-store.h"

namespace onering::cli {

namespace {

namespace json = boost::json;

struct VerifySettings {
  std::string store = kDefaultStore;
  bool deep = false;
};

void tellAsJson(const Verifier& verifier) {
  const VerifySums& sums = verifier.sums();
  json::array differences;
  for (const Difference& each : verifier.differences()) {
    json::object difference{{"what", each.what}};
    if (each.draft) {
      difference["draft"] = toText(*each.draft);
    }
    differences.push_back(std::move(difference));
  }
  std::cout << json::serialize(json::object{{"ok", differences.empty()},
                                            {"drafts", sums.drafts},
                                            {"ops", sums.ops},
                                            {"segments", sums.segments},
                                            {"redacted", sums.redacted},
                                            {"passes", sums.passes},
                                            {"users", sums.users},
                                            {"bytes", sums.bytes},
                                            {"differences", std::move(differences)}})
            << '\n';
}

void tellInWords(const Verifier& verifier) {
  for (const Difference& each : verifier.differences()) {
    std::cout << (each.draft ? "draft " + toText(*each.draft) + ": " : std::string()) << each.what << '\n';
  }
  const VerifySums& sums = verifier.sums();
  std::cout << sums.drafts << " drafts, " << sums.ops << " ops, " << sums.segments << " segments (" << sums.redacted
            << " redacted), " << sums.passes << " ring passes, " << sums.users << " users, " << sums.bytes
            << " bytes of text: "
            << (verifier.differences().empty() ? "no difference"
                                               : std::to_string(verifier.differences().size()) + " differences")
            << '\n';
}

void verify(Context& context, const VerifySettings& settings) {
  auto store = openStore(settings.store, StoreUse::readOnly);
  if (!store) {
    fail(context, Exit::storage, store.error());
    return;
  }
  Verifier verifier(**store, settings.deep);
  if (const auto done = verifier.run(); !done) {
    fail(context, Exit::storage, rejection(errorOf(done.error().fault), done.error().detail));
    return;
  }
  if (context.json) {
    tellAsJson(verifier);
  } else {
    tellInWords(verifier);
  }
  if (!verifier.differences().empty()) {
    context.exit = Exit::failed;
  }
}

}  // namespace

void addVerify(CLI::App& app, Context& context) {
  auto settings = std::make_shared<VerifySettings>();
  CLI::App* command = app.add_subcommand("verify", "Fold every log again and compare the store with what comes of it");
  command->add_option("--store", settings->store, "the store; nobody should write to it meanwhile")
      ->capture_default_str();
  command->add_flag("--deep", settings->deep, "also judge every op again by the rules, and look up every receipt");
  command->add_flag("--json", context.json, "counts and differences as JSON");
  command->footer(
      "Ends with 1 if there is any difference: chain, texts, positions, ring history, heads, users' lists.");
  command->callback([settings, &context] { verify(context, *settings); });
}

}  // namespace onering::cli
