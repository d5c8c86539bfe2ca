#include "onering/wasm/opfs-vfs.h"

#include <algorithm>
#include <cstring>
#include <new>
#include <stdexcept>
#include <string_view>
#include <vector>

#include <sqlite3.h>

#include "onering/wasm/host.h"

namespace onering {

namespace {

constexpr int kNameMax = 256;
constexpr int kSectorBytes = 4096;

int faultOf(int hostResult, int ioError) {
  return hostResult == -2 ? SQLITE_FULL : ioError;
}

int put(int file, const std::uint8_t* from, std::size_t size, double offset) {
  const int stored = hostFileWrite(file, from, size, offset);
  if (stored == static_cast<int>(size)) {
    return SQLITE_OK;
  }
  return stored >= 0 ? SQLITE_FULL : faultOf(stored, SQLITE_IOERR_WRITE);
}

// Gathers writes that follow one another into one. A call to the host costs far more than copying a page, and
// SQLite writes a frame of its log as a header and a page, one after the other.
//
// What is gathered here has been promised to nobody: SQLite calls a commit done only when xSync() has returned,
// which stores what is gathered before it flushes. A failure to store shows there, too.
class WriteGatherer {
 public:
  [[nodiscard]] int write(int file, const std::uint8_t* from, std::size_t size, std::int64_t offset) {
    if (!bytes_.empty() && (offset != end() || bytes_.size() + size > kGatheredMax)) {
      if (const int code = store(file); code != SQLITE_OK) {
        return code;
      }
    }
    if (size >= kGatheredMax) {
      return put(file, from, size, static_cast<double>(offset));
    }
    if (bytes_.empty()) {
      bytes_.reserve(kGatheredMax);
      offset_ = offset;
    }
    bytes_.insert(bytes_.end(), from, from + size);
    return SQLITE_OK;
  }

  // What was gathered is gone afterwards, also when this fails: SQLite rolls back and writes anew.
  [[nodiscard]] int store(int file) {
    if (bytes_.empty()) {
      return SQLITE_OK;
    }
    const int code = put(file, bytes_.data(), bytes_.size(), static_cast<double>(offset_));
    bytes_.clear();
    return code;
  }

  [[nodiscard]] bool overlaps(std::int64_t from, std::int64_t to) const {
    return !bytes_.empty() && from < end() && offset_ < to;
  }

  // Where the gathered bytes end; 0 for none.
  [[nodiscard]] std::int64_t end() const {
    return bytes_.empty() ? 0 : offset_ + static_cast<std::int64_t>(bytes_.size());
  }

 private:
  static constexpr std::size_t kGatheredMax = 128U << 10U;

  std::vector<std::uint8_t> bytes_;
  std::int64_t offset_ = 0;
};

struct OpfsFile {
  sqlite3_file base;  // first: SQLite knows no more of it
  int number;         // the host's
  WriteGatherer* gathered;
};

OpfsFile& of(sqlite3_file* file) {
  return *reinterpret_cast<OpfsFile*>(file);
}

// --- one file ---------------------------------------------------------------------------------------------

// The handle stays the host's: it is released when the store is closed as a whole.
int closeFile(sqlite3_file* file) {
  const int code = of(file).gathered->store(of(file).number);
  delete of(file).gathered;
  return code;
}

int readFile(sqlite3_file* file, void* to, int size, sqlite3_int64 offset) {
  OpfsFile& self = of(file);
  if (self.gathered->overlaps(offset, offset + size) && self.gathered->store(self.number) != SQLITE_OK) {
    return SQLITE_IOERR_READ;
  }
  auto* bytes = static_cast<std::uint8_t*>(to);
  const int got = hostFileRead(self.number, bytes, static_cast<std::size_t>(size), static_cast<double>(offset));
  if (got < 0) {
    return SQLITE_IOERR_READ;
  }
  if (got == size) {
    return SQLITE_OK;
  }
  std::fill(bytes + got, bytes + size, std::uint8_t{0});
  return SQLITE_IOERR_SHORT_READ;
}

int writeFile(sqlite3_file* file, const void* from, int size, sqlite3_int64 offset) {
  return of(file).gathered->write(of(file).number, static_cast<const std::uint8_t*>(from),
                                  static_cast<std::size_t>(size), offset);
}

int truncateFile(sqlite3_file* file, sqlite3_int64 size) {
  OpfsFile& self = of(file);
  if (const int code = self.gathered->store(self.number); code != SQLITE_OK) {
    return code;
  }
  const int result = hostFileTruncate(self.number, static_cast<double>(size));
  return result == 0 ? SQLITE_OK : faultOf(result, SQLITE_IOERR_TRUNCATE);
}

int syncFile(sqlite3_file* file, int /*flags*/) {
  OpfsFile& self = of(file);
  if (const int code = self.gathered->store(self.number); code != SQLITE_OK) {
    return code;
  }
  const int result = hostFileFlush(self.number);
  return result == 0 ? SQLITE_OK : faultOf(result, SQLITE_IOERR_FSYNC);
}

int fileSize(sqlite3_file* file, sqlite3_int64* size) {
  const double bytes = hostFileSize(of(file).number);
  if (bytes < 0) {
    return SQLITE_IOERR_FSTAT;
  }
  *size = std::max(static_cast<sqlite3_int64>(bytes), of(file).gathered->end());
  return SQLITE_OK;
}

int grantLock(sqlite3_file* /*file*/, int /*level*/) {
  return SQLITE_OK;
}

int nobodyHasReserved(sqlite3_file* /*file*/, int* reserved) {
  *reserved = 0;
  return SQLITE_OK;
}

int controlFile(sqlite3_file* /*file*/, int /*operation*/, void* /*argument*/) {
  return SQLITE_NOTFOUND;
}

int sectorSize(sqlite3_file* /*file*/) {
  return kSectorBytes;
}

// Overwriting a page does not harm its neighbours, as on every file system below OPFS.
int deviceCharacteristics(sqlite3_file* /*file*/) {
  return SQLITE_IOCAP_POWERSAFE_OVERWRITE | SQLITE_IOCAP_UNDELETABLE_WHEN_OPEN;
}

// Version 1: no shared memory, no memory mapping.
constexpr sqlite3_io_methods kFileMethods{
    .iVersion = 1,
    .xClose = closeFile,
    .xRead = readFile,
    .xWrite = writeFile,
    .xTruncate = truncateFile,
    .xSync = syncFile,
    .xFileSize = fileSize,
    .xLock = grantLock,
    .xUnlock = grantLock,
    .xCheckReservedLock = nobodyHasReserved,
    .xFileControl = controlFile,
    .xSectorSize = sectorSize,
    .xDeviceCharacteristics = deviceCharacteristics,
    .xShmMap = nullptr,
    .xShmLock = nullptr,
    .xShmBarrier = nullptr,
    .xShmUnmap = nullptr,
    .xFetch = nullptr,
    .xUnfetch = nullptr,
};

// --- the file system --------------------------------------------------------------------------------------

int numberOf(std::string_view name) {
  return hostFileOpen(name.data(), name.size());
}

int openFile(sqlite3_vfs* /*vfs*/, sqlite3_filename name, sqlite3_file* file, int flags, int* flagsOut) {
  OpfsFile& opened = of(file);
  opened.base.pMethods = nullptr;
  // Temporary files have no name; they stay in memory (SQLITE_TEMP_STORE).
  const int number = name ? numberOf(name) : -1;
  if (number < 0) return SQLITE_CANTOPEN;
  opened.gathered = new (std::nothrow) WriteGatherer;
  if (!opened.gathered) {
    return SQLITE_NOMEM;
  }
  opened.base.pMethods = &kFileMethods;
  opened.number = number;
  if (flagsOut) *flagsOut = flags;
  return SQLITE_OK;
}

int deleteFile(sqlite3_vfs* /*vfs*/, const char* name, int syncDirectory) {
  const int number = numberOf(name);
  if (number < 0) return SQLITE_IOERR_DELETE_NOENT;
  if (hostFileTruncate(number, 0) != 0) return SQLITE_IOERR_DELETE;
  if (syncDirectory && hostFileFlush(number) != 0) return SQLITE_IOERR_DELETE;
  return SQLITE_OK;
}

int accessFile(sqlite3_vfs* /*vfs*/, const char* name, int /*flags*/, int* found) {
  const int number = numberOf(name);
  const double bytes = number < 0 ? 0 : hostFileSize(number);
  if (bytes < 0) return SQLITE_IOERR_ACCESS;
  *found = bytes > 0;
  return SQLITE_OK;
}

int fullName(sqlite3_vfs* /*vfs*/, const char* name, int size, char* out) {
  const std::string_view text = name;
  if (text.size() >= static_cast<std::size_t>(size)) return SQLITE_CANTOPEN;
  std::memcpy(out, name, text.size() + 1);
  return SQLITE_OK;
}

int randomness(sqlite3_vfs* /*vfs*/, int size, char* out) {
  hostFill(reinterpret_cast<std::uint8_t*>(out), static_cast<std::size_t>(size));
  return size;
}

// There is nobody to wait for.
int doNotSleep(sqlite3_vfs* /*vfs*/, int /*microseconds*/) {
  return 0;
}

// Milliseconds since the Julian epoch, which is what SQLite counts in.
int currentTime(sqlite3_vfs* /*vfs*/, sqlite3_int64* now) {
  constexpr sqlite3_int64 kUnixEpochMs = 24405875LL * 8640000LL;
  *now = kUnixEpochMs + static_cast<sqlite3_int64>(hostNow());
  return SQLITE_OK;
}

int currentDay(sqlite3_vfs* vfs, double* now) {
  sqlite3_int64 ms = 0;
  currentTime(vfs, &ms);
  *now = static_cast<double>(ms) / 86'400'000.0;
  return SQLITE_OK;
}

int lastError(sqlite3_vfs* /*vfs*/, int /*size*/, char* /*out*/) {
  return 0;
}

sqlite3_vfs opfsVfs{
    .iVersion = 2,
    .szOsFile = sizeof(OpfsFile),
    .mxPathname = kNameMax,
    .pNext = nullptr,
    .zName = kOpfsVfs,
    .pAppData = nullptr,
    .xOpen = openFile,
    .xDelete = deleteFile,
    .xAccess = accessFile,
    .xFullPathname = fullName,
    .xDlOpen = nullptr,
    .xDlError = nullptr,
    .xDlSym = nullptr,
    .xDlClose = nullptr,
    .xRandomness = randomness,
    .xSleep = doNotSleep,
    .xCurrentTime = currentDay,
    .xGetLastError = lastError,
    .xCurrentTimeInt64 = currentTime,
    .xSetSystemCall = nullptr,
    .xGetSystemCall = nullptr,
    .xNextSystemCall = nullptr,
};

}  // namespace

void registerOpfsVfs() {
  const bool isDefault = true;  // its clock and its randomness are SQLite's, in memory stores too
  if (sqlite3_vfs_register(&opfsVfs, isDefault) != SQLITE_OK) throw std::runtime_error("SQLite does not take the VFS");
}

}  // namespace onering
