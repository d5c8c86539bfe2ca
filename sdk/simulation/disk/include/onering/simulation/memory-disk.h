// A disk in memory with the faults of a real one, and a SQLite VFS that writes to it.
//
// It promises what a disk behind POSIX promises, and no more:
//   a write is seen by every read at once, but survives a crash for certain only after a sync of its file;
//   a file that is created survives with its first sync, one that is deleted with `syncDir` is gone for good;
//   what was written and not synced may survive a crash whole, in part (by sectors of 512 bytes) or not at all,
//   each write for itself: `crash()` draws from the disk's own seed, so that a run can be repeated.
//
// Faults, for use between or during a store's commits:
//   setCapacity(n)       a disk of n bytes: a write that needs more fails with SQLITE_FULL and changes nothing
//   powerOffAfter(n)     the power goes n written bytes from now, in the middle of a write if it falls there; from
//                        then on everything fails with SQLITE_IOERR
//   failSyncs(n)         the next n syncs fail with SQLITE_IOERR_FSYNC; what they were for stays unsynced
//   crash(loss)          power off and on: handles that are open are dead, files are what survived
//
// Single-threaded. Connections lock each other out as SQLite's locking says. There is no shared memory, so WAL works
// with locking_mode = EXCLUSIVE only, as on the browsers' file system.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <vector>

struct sqlite3_vfs;  // NOLINT(readability-identifier-naming): SQLite's

namespace onering::simulation {

// What becomes of writes that were not synced.
enum class Loss : std::uint8_t {
  nothing,     // the process died, the machine did not
  everything,  // none of them had reached the disk
  some,        // whatever the seed says: lost, kept, or torn
};

class MemoryDisk {
 public:
  explicit MemoryDisk(std::uint64_t seed = 1);
  ~MemoryDisk();
  MemoryDisk(const MemoryDisk&) = delete;
  MemoryDisk& operator=(const MemoryDisk&) = delete;

  // What to give to sqlite3_open_v2, or to SqliteOptions::vfs, as long as the disk lives.
  [[nodiscard]] const std::string& vfs() const { return name_; }

  // --- looking at it and preparing it ---
  [[nodiscard]] std::optional<std::string> read(std::string_view path) const;
  void write(std::string_view path, std::string bytes);  // durable, whole
  void remove(std::string_view path);
  [[nodiscard]] std::vector<std::string> paths() const;
  [[nodiscard]] std::size_t used() const;
  // Whether any file shows `bytes` anywhere.
  [[nodiscard]] bool shows(std::string_view bytes) const;

  // --- faults ---
  void setCapacity(std::optional<std::size_t> bytes) { capacity_ = bytes; }
  void powerOffAfter(std::optional<std::size_t> bytes) { power_ = bytes; }
  void failSyncs(int count) { failingSyncs_ = count; }
  void crash(Loss loss);
  [[nodiscard]] bool isOff() const { return power_ == 0; }

  // --- counted since the disk was made ---
  [[nodiscard]] std::uint64_t bytesWritten() const { return bytesWritten_; }
  [[nodiscard]] std::uint64_t syncs() const { return syncs_; }

  struct Handle;  // an open file; known to the VFS only

 private:
  friend struct MemoryVfs;

  // A change that is not yet durable.
  struct Unsynced {
    std::size_t offset = 0;
    std::string bytes;
    std::optional<std::size_t> truncatedTo;  // instead of writing
  };

  struct File {
    std::string bytes;       // as reads see it
    std::string durable;     // as a crash leaves it for certain
    bool isDurable = false;  // whether it is there after a crash
    std::vector<Unsynced> unsynced;
    std::map<const Handle*, int> locks;  // SQLITE_LOCK_…
  };

  [[nodiscard]] std::shared_ptr<File> find(std::string_view path) const;
  void survive(File& file, Loss loss);
  void apply(std::string& bytes, const Unsynced& change, bool torn);

  std::string name_;
  std::unique_ptr<sqlite3_vfs> vfs_;
  std::map<std::string, std::shared_ptr<File>, std::less<>> files_;
  std::map<std::string, std::shared_ptr<File>, std::less<>> deleted_;  // may come back: their folder was not synced
  std::mt19937_64 random_;
  std::uint64_t boots_ = 0;  // handles of an earlier boot are dead
  std::optional<std::size_t> capacity_;
  std::optional<std::size_t> power_;  // bytes that can still be written
  int failingSyncs_ = 0;
  std::uint64_t bytesWritten_ = 0;
  std::uint64_t syncs_ = 0;
};

}  // namespace onering::simulation
