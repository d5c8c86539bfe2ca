// SQLite's files on the origin-private file system.
//
//   SQLite pager        reads and writes pages, syncs
//   VFS `opfs`          this file: a database is three plain files, NAME, NAME-journal and NAME-wal
//   host (host.h)       their FileSystemSyncAccessHandles, opened by the worker beforehand (opening is
//                       asynchronous, and SQLite is not), exclusive to this worker
//
// From that follow:
//   - the three files always exist. A journal or WAL of size 0 is one that does not exist to SQLite; deleting
//     is truncating to 0.
//   - nobody else can have the files open, so locks are granted without asking, and there is no shared memory:
//     WAL needs PRAGMA locking_mode=EXCLUSIVE before the first access.
//   - a write that stores fewer bytes than it was given found the disk or the quota full: SQLITE_FULL.
#pragma once

namespace onering {

inline constexpr const char* kOpfsVfs = "opfs";

// Makes SQLite know it. Calling it again does nothing. Throws std::runtime_error when SQLite refuses.
void registerOpfsVfs();

}  // namespace onering
