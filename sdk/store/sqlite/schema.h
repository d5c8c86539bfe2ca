// The tables of a store's file, and whether a file is one.
#pragma once

#include "connection.h"

namespace onering {

// Whether what lies at the connection's path may be opened: nothing, an empty file, or a store of ours. Looks at
// the file's first bytes without SQLite touching it. Throws SqliteFailure when it is someone else's database.
void refuseForeignFile(Connection& connection);

// Brings the tables to this build's version; a store that is up to date is only read. Throws SqliteFailure for a
// database that is not a store or that a newer OneRing wrote, and has changed nothing then.
void migrate(Connection& connection, bool readOnly);

}  // namespace onering
