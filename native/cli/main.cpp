// `onering`: puts the parts together. What a command does is in commands/.
#include <exception>
#include <iostream>

#include <CLI/CLI.hpp>

#include "commands/commands.h"

namespace {

constexpr const char* kFooter = R"(Ends with
  0  done
  1  a check failed, or what was asked for does not exist
  2  the command line or an input file cannot be understood
  3  cannot connect, cannot listen, or the other side went away
  4  the store cannot be opened, read or written
  5  the server refused the token or the operation
  6  stopped by a signal before the work was done)";

int run(int argc, char** argv) {
  using namespace onering::cli;

  CLI::App app("OneRing: write one text in turns, offline first", "onering");
  app.set_version_flag("--version", "onering " ONERING_VERSION);
  app.require_subcommand(1);
  app.footer(kFooter);

  Context context;
  addServe(app, context);
  addImport(app, context);
  addReplay(app, context);
  addLog(app, context);
  addVerify(app, context);
  addExport(app, context);
  addDb(app, context);
  addSimulate(app, context);
  addBench(app, context);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : static_cast<int>(Exit::usage);
  }
  return static_cast<int>(context.exit);
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return run(argc, argv);
  } catch (const std::exception& fault) {
    std::cerr << "onering: internal: " << fault.what() << '\n';
    return static_cast<int>(onering::cli::Exit::failed);
  }
}
