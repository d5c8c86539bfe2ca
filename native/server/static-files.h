// Files of one folder as answers to GET and HEAD.
#pragma once

#include <cstdint>
#include <expected>
#include <filesystem>
#include <string>
#include <string_view>

#include "http.h"

namespace onering::server {

// Serves regular files below a folder, and `index.html` for folders. Never leaves the folder: every part of a
// path is opened below the one before, and symbolic links are not followed. Hidden files are not served.
class StaticFiles {
 public:
  // storageUnavailable: there is no such folder, or it may not be read.
  [[nodiscard]] static std::expected<StaticFiles, Rejection> open(const std::filesystem::path& folder);

  [[nodiscard]] HttpResponse answer(const HttpRequest& request) const;

 private:
  explicit StaticFiles(FileHandle root) : root_(std::move(root)) {}

  FileHandle root_;
};

// The media type that a file's name promises.
[[nodiscard]] std::string_view mediaTypeOf(std::string_view fileName);

}  // namespace onering::server
