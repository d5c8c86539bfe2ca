// What every command of `onering` shares: how it ends and how it prints.
#pragma once

#include <expected>
#include <memory>
#include <string>

#include "onering/domain/error.h"
#include "onering/ports/store.h"

namespace onering::cli {

// How `onering` ends. Part of its interface: scripts look at it; docs/cli.md and `--help` list it.
enum class Exit : int {
  ok = 0,
  failed = 1,       // a check failed, a difference was found, something asked for does not exist
  usage = 2,        // the command line cannot be understood, or an input file cannot be read
  unavailable = 3,  // cannot connect, cannot listen, or the other side went away
  storage = 4,      // the store cannot be opened, read or written
  denied = 5,       // the server refused the token or the operation
  interrupted = 6,  // stopped by a signal before the work was done
};

// One run of the program. Commands write results to stdout and everything else to stderr.
struct Context {
  bool json = false;     // results as JSON
  Exit exit = Exit::ok;  // set by the command that ran
};

// Prints `what` (with --json as {"error":{"code","message"}}) on stderr and sets context.exit.
void fail(Context& context, Exit exit, const Rejection& what);

enum class StoreUse { readOnly, readWrite };

// Whether `--store` names a database: a postgres:// URL.
[[nodiscard]] bool isDatabase(const std::string& where);

// The store that `--store` names: `memory`, a postgres:// URL, or the path of a SQLite file. Read only, the file
// must exist; a server may be writing it meanwhile. To write it, no other process may have it open to write.
[[nodiscard]] std::expected<std::unique_ptr<Store>, Rejection> openStore(const std::string& where, StoreUse use);

inline constexpr const char* kDefaultStore = "onering.db";  // in the current folder

}  // namespace onering::cli
