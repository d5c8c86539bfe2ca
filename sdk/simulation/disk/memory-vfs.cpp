#include "memory-vfs.h"

#include <algorithm>
#include <cstring>
#include <new>

namespace onering::simulation {

// SQLite allocates it, open() makes it and close() ends it.
struct MemoryDisk::Handle : sqlite3_file {
  MemoryDisk* disk = nullptr;
  std::shared_ptr<File> file;
  std::uint64_t boot = 0;
  std::string deleteOnClose;  // its path, where it is to go

  [[nodiscard]] bool isDead() const { return boot != disk->boots_ || disk->isOff(); }
};

namespace {

using Handle = MemoryDisk::Handle;

Handle& handleOf(sqlite3_file* file) {
  return *static_cast<Handle*>(file);
}

int keepPath(sqlite3_vfs* /*vfs*/, const char* path, int size, char* out) {
  sqlite3_snprintf(size, out, "%s", path);
  return SQLITE_OK;
}

int doNotSleep(sqlite3_vfs* /*vfs*/, int microseconds) {
  return microseconds;
}

int standStill(sqlite3_vfs* /*vfs*/, sqlite3_int64* julianMs) {
  *julianMs = 212'000'000'000'000;
  return SQLITE_OK;
}

int noError(sqlite3_vfs* /*vfs*/, int /*size*/, char* /*text*/) {
  return 0;
}
int noControl(sqlite3_file* /*file*/, int /*op*/, void* /*argument*/) {
  return SQLITE_NOTFOUND;
}
int sectorSize(sqlite3_file* /*file*/) {
  return 512;
}
int characteristics(sqlite3_file* /*file*/) {
  return SQLITE_IOCAP_POWERSAFE_OVERWRITE;
}

// Version 1: no shared memory, no mapped files.
constexpr sqlite3_io_methods kMethods{.iVersion = 1,
                                      .xClose = MemoryVfs::close,
                                      .xRead = MemoryVfs::read,
                                      .xWrite = MemoryVfs::write,
                                      .xTruncate = MemoryVfs::truncate,
                                      .xSync = MemoryVfs::sync,
                                      .xFileSize = MemoryVfs::size,
                                      .xLock = MemoryVfs::lock,
                                      .xUnlock = MemoryVfs::unlock,
                                      .xCheckReservedLock = MemoryVfs::checkReserved,
                                      .xFileControl = noControl,
                                      .xSectorSize = sectorSize,
                                      .xDeviceCharacteristics = characteristics,
                                      .xShmMap = nullptr,
                                      .xShmLock = nullptr,
                                      .xShmBarrier = nullptr,
                                      .xShmUnmap = nullptr,
                                      .xFetch = nullptr,
                                      .xUnfetch = nullptr};

}  // namespace

std::unique_ptr<sqlite3_vfs> MemoryVfs::make(MemoryDisk& disk) {
  auto vfs = std::make_unique<sqlite3_vfs>();
  vfs->iVersion = 2;
  vfs->szOsFile = sizeof(Handle);
  vfs->mxPathname = 256;
  vfs->zName = disk.vfs().c_str();
  vfs->pAppData = &disk;
  vfs->xOpen = open;
  vfs->xDelete = remove;
  vfs->xAccess = access;
  vfs->xFullPathname = keepPath;
  vfs->xRandomness = randomness;
  vfs->xSleep = doNotSleep;
  vfs->xGetLastError = noError;
  vfs->xCurrentTimeInt64 = standStill;
  return vfs;
}

int MemoryVfs::open(sqlite3_vfs* vfs, sqlite3_filename path, sqlite3_file* file, int flags, int* flagsOut) {
  MemoryDisk& disk = diskOf(vfs);
  file->pMethods = nullptr;
  if (disk.isOff()) {
    return SQLITE_IOERR;
  }
  const std::string name = path ? path : "temporary-" + std::to_string(disk.random_());
  auto found = disk.find(name);
  if (!found) {
    if ((flags & SQLITE_OPEN_CREATE) == 0) {
      return SQLITE_CANTOPEN;
    }
    found = std::make_shared<MemoryDisk::File>();
    disk.files_.emplace(name, found);
  }
  auto* handle = new (file) Handle;
  handle->pMethods = &kMethods;
  handle->disk = &disk;
  handle->file = std::move(found);
  handle->boot = disk.boots_;
  handle->deleteOnClose = (flags & SQLITE_OPEN_DELETEONCLOSE) != 0 ? name : "";
  if (flagsOut) {
    *flagsOut = flags;
  }
  return SQLITE_OK;
}

int MemoryVfs::remove(sqlite3_vfs* vfs, const char* path, int syncFolder) {
  MemoryDisk& disk = diskOf(vfs);
  if (disk.isOff()) {
    return SQLITE_IOERR_DELETE;
  }
  const auto found = disk.files_.find(std::string_view(path));
  if (found == disk.files_.end()) {
    return SQLITE_IOERR_DELETE_NOENT;
  }
  if (syncFolder == 0 && found->second->isDurable) {
    disk.deleted_.insert_or_assign(path, found->second);
  } else {
    disk.deleted_.erase(path);
  }
  disk.files_.erase(found);
  return SQLITE_OK;
}

int MemoryVfs::access(sqlite3_vfs* vfs, const char* path, int /*flags*/, int* found) {
  MemoryDisk& disk = diskOf(vfs);
  if (disk.isOff()) {
    return SQLITE_IOERR_ACCESS;
  }
  const auto file = disk.find(path);
  *found = file != nullptr ? 1 : 0;
  return SQLITE_OK;
}

int MemoryVfs::randomness(sqlite3_vfs* vfs, int size, char* bytes) {
  for (int i = 0; i < size; ++i) {
    bytes[i] = static_cast<char>(diskOf(vfs).random_());
  }
  return size;
}

int MemoryVfs::close(sqlite3_file* file) {
  Handle& handle = handleOf(file);
  handle.file->locks.erase(&handle);
  if (!handle.deleteOnClose.empty()) {
    handle.disk->remove(handle.deleteOnClose);
  }
  handle.~Handle();
  return SQLITE_OK;
}

int MemoryVfs::read(sqlite3_file* file, void* bytes, int size, sqlite3_int64 offset) {
  const Handle& handle = handleOf(file);
  if (handle.isDead()) {
    return SQLITE_IOERR_READ;
  }
  const std::string& content = handle.file->bytes;
  const auto wanted = static_cast<std::size_t>(size);
  const std::size_t from = std::min(content.size(), static_cast<std::size_t>(offset));
  const std::size_t got = std::min(wanted, content.size() - from);
  std::memcpy(bytes, content.data() + from, got);
  std::memset(static_cast<char*>(bytes) + got, 0, wanted - got);
  return got == wanted ? SQLITE_OK : SQLITE_IOERR_SHORT_READ;
}

int MemoryVfs::write(sqlite3_file* file, const void* bytes, int size, sqlite3_int64 offset) {
  Handle& handle = handleOf(file);
  MemoryDisk& disk = *handle.disk;
  if (handle.isDead()) {
    return SQLITE_IOERR_WRITE;
  }
  std::string& content = handle.file->bytes;
  const std::size_t end = static_cast<std::size_t>(offset) + static_cast<std::size_t>(size);
  const std::size_t growth = end > content.size() ? end - content.size() : 0;
  auto written = static_cast<std::size_t>(size);
  const bool full = disk.capacity_ && growth > 0 && disk.used() + growth > *disk.capacity_;
  if (full) {  // a short write: as much as there is room for
    written -= std::min(written, disk.used() + growth - *disk.capacity_);
  }
  if (disk.power_) {
    written = std::min(written, *disk.power_);
    *disk.power_ -= written;
  }
  disk.bytesWritten_ += written;
  MemoryDisk::Unsynced change{static_cast<std::size_t>(offset), {static_cast<const char*>(bytes), written}, {}};
  disk.apply(content, change, false);
  handle.file->unsynced.push_back(std::move(change));
  if (disk.isOff()) {
    return SQLITE_IOERR_WRITE;
  }
  return full ? SQLITE_FULL : SQLITE_OK;
}

int MemoryVfs::truncate(sqlite3_file* file, sqlite3_int64 size) {
  Handle& handle = handleOf(file);
  if (handle.isDead()) {
    return SQLITE_IOERR_TRUNCATE;
  }
  MemoryDisk::Unsynced change{0, {}, static_cast<std::size_t>(size)};
  handle.disk->apply(handle.file->bytes, change, false);
  handle.file->unsynced.push_back(std::move(change));
  return SQLITE_OK;
}

int MemoryVfs::sync(sqlite3_file* file, int /*flags*/) {
  Handle& handle = handleOf(file);
  MemoryDisk& disk = *handle.disk;
  if (handle.isDead()) {
    return SQLITE_IOERR_FSYNC;
  }
  if (disk.failingSyncs_ > 0) {
    --disk.failingSyncs_;
    return SQLITE_IOERR_FSYNC;
  }
  ++disk.syncs_;
  for (const auto& change : handle.file->unsynced) {
    disk.apply(handle.file->durable, change, false);
  }
  handle.file->unsynced.clear();
  if (!handle.file->isDurable) {  // SQLite's unix VFS syncs the folder of a new file, and so what was deleted there
    handle.file->isDurable = true;
    disk.deleted_.clear();
  }
  return SQLITE_OK;
}

int MemoryVfs::size(sqlite3_file* file, sqlite3_int64* size) {
  const Handle& handle = handleOf(file);
  if (handle.isDead()) {
    return SQLITE_IOERR_FSTAT;
  }
  *size = static_cast<sqlite3_int64>(handle.file->bytes.size());
  return SQLITE_OK;
}

// https://sqlite.org/lockingv3.html: many may share, one may reserve beside them, who waits to be alone lets nobody
// else in.
int MemoryVfs::lock(sqlite3_file* file, int level) {
  Handle& handle = handleOf(file);
  if (handle.isDead()) {
    return SQLITE_IOERR_LOCK;
  }
  auto& locks = handle.file->locks;
  int& own = locks[&handle];
  if (own >= level) {
    return SQLITE_OK;
  }
  int others = SQLITE_LOCK_NONE;
  for (const auto& [holder, held] : locks) {
    others = holder == &handle ? others : std::max(others, held);
  }
  if (level == SQLITE_LOCK_SHARED && others >= SQLITE_LOCK_PENDING) {
    return SQLITE_BUSY;
  }
  if (level >= SQLITE_LOCK_RESERVED && others >= SQLITE_LOCK_RESERVED) {
    return SQLITE_BUSY;
  }
  if (level == SQLITE_LOCK_EXCLUSIVE && others >= SQLITE_LOCK_SHARED) {
    own = SQLITE_LOCK_PENDING;
    return SQLITE_BUSY;
  }
  own = level;
  return SQLITE_OK;
}

int MemoryVfs::unlock(sqlite3_file* file, int level) {
  Handle& handle = handleOf(file);
  handle.file->locks[&handle] = level;
  return SQLITE_OK;
}

int MemoryVfs::checkReserved(sqlite3_file* file, int* reserved) {
  const Handle& handle = handleOf(file);
  *reserved =
      std::ranges::any_of(handle.file->locks, [](const auto& lock) { return lock.second >= SQLITE_LOCK_RESERVED; }) ? 1
                                                                                                                    : 0;
  return SQLITE_OK;
}

}  // namespace onering::simulation
