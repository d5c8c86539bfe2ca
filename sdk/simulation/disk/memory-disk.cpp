#include "onering/simulation/memory-disk.h"

#include <algorithm>

#include <sqlite3.h>

#include "memory-vfs.h"

namespace onering::simulation {

namespace {

constexpr std::size_t kSector = 512;

std::string nextName() {
  static int disks = 0;
  return "memory-disk-" + std::to_string(++disks);
}

}  // namespace

MemoryDisk::MemoryDisk(std::uint64_t seed) : name_(nextName()), vfs_(MemoryVfs::make(*this)), random_(seed) {
  sqlite3_vfs_register(vfs_.get(), 0);
}

MemoryDisk::~MemoryDisk() {
  sqlite3_vfs_unregister(vfs_.get());
}

std::optional<std::string> MemoryDisk::read(std::string_view path) const {
  const auto file = find(path);
  return file ? std::optional(file->bytes) : std::nullopt;
}

void MemoryDisk::write(std::string_view path, std::string bytes) {
  auto& file = files_[std::string(path)];
  file = std::make_shared<File>();
  file->durable = bytes;
  file->bytes = std::move(bytes);
  file->isDurable = true;
}

void MemoryDisk::remove(std::string_view path) {
  files_.erase(std::string(path));
}

std::vector<std::string> MemoryDisk::paths() const {
  std::vector<std::string> paths;
  for (const auto& [path, file] : files_) {
    paths.push_back(path);
  }
  return paths;
}

std::size_t MemoryDisk::used() const {
  std::size_t bytes = 0;
  for (const auto& [path, file] : files_) {
    bytes += file->bytes.size();
  }
  return bytes;
}

bool MemoryDisk::shows(std::string_view bytes) const {
  return std::ranges::any_of(files_, [&](const auto& file) { return file.second->bytes.contains(bytes); });
}

void MemoryDisk::crash(Loss loss) {
  if (loss == Loss::some) {
    for (const auto& [path, file] : deleted_) {
      if (!files_.contains(path) && random_() % 2 == 0) {
        files_.emplace(path, file);
      }
    }
  }
  deleted_.clear();
  for (const auto& [path, file] : files_) {
    survive(*file, loss);
  }
  std::erase_if(files_, [](const auto& file) { return !file.second->isDurable; });
  power_.reset();
  failingSyncs_ = 0;
  ++boots_;
}

std::shared_ptr<MemoryDisk::File> MemoryDisk::find(std::string_view path) const {
  const auto found = files_.find(path);
  return found == files_.end() ? nullptr : found->second;
}

// Leaves the file as it is after a crash: what was synced, and of the rest what `loss` lets through.
void MemoryDisk::survive(File& file, Loss loss) {
  const bool isNew = !file.isDurable;
  for (const Unsynced& change : file.unsynced) {
    const auto fate = loss == Loss::some ? random_() % 3 : loss == Loss::nothing ? 2 : 0;
    if (fate != 0) {
      apply(file.durable, change, fate == 1);
    }
  }
  file.isDurable = !isNew || loss == Loss::nothing || (loss == Loss::some && random_() % 2 == 0);
  file.unsynced.clear();
  file.bytes = file.durable;
  file.locks.clear();
}

// `torn`: each sector of the change reaches the disk or does not.
void MemoryDisk::apply(std::string& bytes, const Unsynced& change, bool torn) {
  if (change.truncatedTo) {
    bytes.resize(std::min(bytes.size(), *change.truncatedTo));
    return;
  }
  for (std::size_t at = 0; at < change.bytes.size();) {
    const std::size_t place = change.offset + at;
    const std::size_t size = std::min(kSector - place % kSector, change.bytes.size() - at);
    if (!torn || random_() % 2 == 0) {
      bytes.resize(std::max(bytes.size(), place + size));
      bytes.replace(place, size, change.bytes, at, size);
    }
    at += size;
  }
}

}  // namespace onering::simulation
