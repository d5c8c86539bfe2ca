// MemoryDisk as SQLite sees it.
#pragma once

#include <memory>

#include <sqlite3.h>

#include "onering/simulation/memory-disk.h"

namespace onering::simulation {

// SQLite's callbacks, with access to the disk's inside.
struct MemoryVfs {
  // A VFS of the disk's name, to be registered by the disk. Both must stay where they are.
  static std::unique_ptr<sqlite3_vfs> make(MemoryDisk& disk);

  static MemoryDisk& diskOf(sqlite3_vfs* vfs) { return *static_cast<MemoryDisk*>(vfs->pAppData); }
  static int open(sqlite3_vfs* vfs, sqlite3_filename path, sqlite3_file* file, int flags, int* flagsOut);
  static int remove(sqlite3_vfs* vfs, const char* path, int syncFolder);
  static int access(sqlite3_vfs* vfs, const char* path, int flags, int* found);
  static int randomness(sqlite3_vfs* vfs, int size, char* bytes);

  static int close(sqlite3_file* file);
  static int read(sqlite3_file* file, void* bytes, int size, sqlite3_int64 offset);
  static int write(sqlite3_file* file, const void* bytes, int size, sqlite3_int64 offset);
  static int truncate(sqlite3_file* file, sqlite3_int64 size);
  static int sync(sqlite3_file* file, int flags);
  static int size(sqlite3_file* file, sqlite3_int64* size);
  static int lock(sqlite3_file* file, int level);
  static int unlock(sqlite3_file* file, int level);
  static int checkReserved(sqlite3_file* file, int* reserved);
};

}  // namespace onering::simulation
