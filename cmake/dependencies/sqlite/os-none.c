// The operating system of a module that has none: memory databases work, files do not, until OneRing
// registers its own VFS. SQLite asks for a default VFS before it opens anything, ":memory:" included.
#include <time.h>
#include <unistd.h>

#include "sqlite3.h"

static int openNothing(sqlite3_vfs* vfs, sqlite3_filename name, sqlite3_file* file, int flags, int* flagsOut) {
  (void)vfs, (void)name, (void)flags, (void)flagsOut;
  file->pMethods = 0;
  return SQLITE_CANTOPEN;
}

static int deleteNothing(sqlite3_vfs* vfs, const char* name, int syncDirectory) {
  (void)vfs, (void)name, (void)syncDirectory;
  return SQLITE_IOERR_DELETE_NOENT;
}

static int findNothing(sqlite3_vfs* vfs, const char* name, int flags, int* found) {
  (void)vfs, (void)name, (void)flags;
  *found = 0;
  return SQLITE_OK;
}

static int keepName(sqlite3_vfs* vfs, const char* name, int size, char* out) {
  (void)vfs;
  sqlite3_snprintf(size, out, "%s", name);
  return SQLITE_OK;
}

static int randomness(sqlite3_vfs* vfs, int size, char* out) {
  (void)vfs;
  return size <= 256 && getentropy(out, (size_t)size) == 0 ? size : 0;
}

static int doNotSleep(sqlite3_vfs* vfs, int microseconds) {
  (void)vfs, (void)microseconds;
  return 0;
}

// Milliseconds since the Julian epoch, which is what SQLite counts in.
static int currentTime(sqlite3_vfs* vfs, sqlite3_int64* now) {
  static const sqlite3_int64 unixEpochMs = 24405875 * (sqlite3_int64)8640000;
  struct timespec time;
  (void)vfs;
  clock_gettime(CLOCK_REALTIME, &time);
  *now = unixEpochMs + (sqlite3_int64)time.tv_sec * 1000 + time.tv_nsec / 1000000;
  return SQLITE_OK;
}

static int lastError(sqlite3_vfs* vfs, int size, char* out) {
  (void)vfs, (void)size, (void)out;
  return 0;
}

int sqlite3_os_init(void) {
  static sqlite3_vfs none = {
      .iVersion = 2,
      .szOsFile = sizeof(sqlite3_file),
      .mxPathname = 256,
      .zName = "none",
      .xOpen = openNothing,
      .xDelete = deleteNothing,
      .xAccess = findNothing,
      .xFullPathname = keepName,
      .xRandomness = randomness,
      .xSleep = doNotSleep,
      .xCurrentTimeInt64 = currentTime,
      .xGetLastError = lastError,
  };
  return sqlite3_vfs_register(&none, 1);
}

int sqlite3_os_end(void) { return SQLITE_OK; }
