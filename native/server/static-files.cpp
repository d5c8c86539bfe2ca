#include "static-files.h"

#include <algorithm>
#include <array>
#include <optional>
#include <ranges>
#include <vector>

#include <fcntl.h>
#include <sys/stat.h>

namespace onering::server {

namespace {

// Only what comes from here runs. `wasm-unsafe-eval` is what WebAssembly needs; it allows no other eval.
constexpr std::string_view kContentSecurityPolicy =
    "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; img-src 'self' data:; object-src 'none'; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

struct Path {
  std::vector<std::string> parts;
  bool folder = false;  // ends with a slash
};

std::optional<int> hexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return std::nullopt;
}

std::optional<std::string> percentDecoded(std::string_view text) {
  std::string decoded;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      decoded += text[i];
      continue;
    }
    const auto high = i + 2 < text.size() ? hexDigit(text[i + 1]) : std::nullopt;
    const auto low = high ? hexDigit(text[i + 2]) : std::nullopt;
    if (!low) {
      return std::nullopt;
    }
    decoded += static_cast<char>(*high * 16 + *low);
    i += 2;
  }
  return decoded;
}

bool isServable(std::string_view part) {
  if (part.empty() || part.contains('/') || part.contains('\0')) {
    return false;
  }
  return part.front() != '.' || part == ".well-known";  // with it go "." and ".."
}

// Nothing for a path that names no file here whatever the folder holds.
std::optional<Path> parsePath(std::string_view target) {
  target = target.substr(0, target.find('?'));
  if (!target.starts_with('/')) {
    return std::nullopt;
  }
  Path path{.parts = {}, .folder = target.ends_with('/')};
  target.remove_prefix(1);
  if (path.folder && !target.empty()) {
    target.remove_suffix(1);
  }
  if (target.empty()) {
    return path;
  }
  for (const auto part : std::views::split(target, '/')) {
    auto decoded = percentDecoded(std::string_view(part));
    if (!decoded || !isServable(*decoded)) {
      return std::nullopt;
    }
    path.parts.push_back(std::move(*decoded));
  }
  return path;
}

FileHandle openBelow(const FileHandle& root, std::span<const std::string> parts) {
  // A named pipe must not hold the server up: O_NONBLOCK.
  constexpr int kFlags = O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC;
  FileHandle at;
  for (const std::string& part : parts) {
    FileHandle next(::openat(at ? at.descriptor() : root.descriptor(), part.c_str(), kFlags));
    if (!next) {
      return next;
    }
    at = std::move(next);
  }
  return at;
}

// Changes whenever the file does.
std::string etagOf(const struct stat& file) {
#if defined(__APPLE__)
  const auto modified = file.st_mtimespec;
#else
  const auto modified = file.st_mtim;
#endif
  return "\"" + std::to_string(file.st_size) + "-" + std::to_string(modified.tv_sec) + "-" +
         std::to_string(modified.tv_nsec) + "\"";
}

bool namesEtag(std::string_view ifNoneMatch, std::string_view etag) {
  if (ifNoneMatch == "*") {
    return true;
  }
  for (const auto range : std::views::split(ifNoneMatch, ',')) {
    std::string_view one(range);
    one.remove_prefix(std::min(one.find_first_not_of(" \t"), one.size()));
    one = one.substr(0, one.find_last_not_of(" \t") + 1);
    if (one.starts_with("W/")) {
      one.remove_prefix(2);
    }
    if (one == etag) {
      return true;
    }
  }
  return false;
}

HttpResponse notThere() {
  return errorResponse(404, rejection(ErrorCode::notFound, "There is nothing at this address."));
}

HttpResponse folderRedirect(std::string_view target) {
  const auto query = target.find('?');
  std::string location(target.substr(0, query));
  location += '/';
  if (query != std::string_view::npos) {
    location += target.substr(query);
  }
  HttpResponse response{.status = 301, .headers = {{"Location", std::move(location)}}, .body = {}, .file = {}};
  return response;
}

}  // namespace

std::string_view mediaTypeOf(std::string_view fileName) {
  using Entry = std::pair<std::string_view, std::string_view>;
  static constexpr auto kTypes = std::to_array<Entry>({
      {"avif", "image/avif"},
      {"css", "text/css; charset=utf-8"},
      {"gif", "image/gif"},
      {"htm", "text/html; charset=utf-8"},
      {"html", "text/html; charset=utf-8"},
      {"ico", "image/x-icon"},
      {"jpeg", "image/jpeg"},
      {"jpg", "image/jpeg"},
      {"js", "text/javascript; charset=utf-8"},
      {"json", "application/json"},
      {"map", "application/json"},
      {"md", "text/markdown; charset=utf-8"},
      {"mjs", "text/javascript; charset=utf-8"},
      {"png", "image/png"},
      {"svg", "image/svg+xml"},
      {"txt", "text/plain; charset=utf-8"},
      {"wasm", "application/wasm"},
      {"webmanifest", "application/manifest+json"},
      {"webp", "image/webp"},
      {"woff2", "font/woff2"},
      {"xml", "application/xml"},
  });
  const auto dot = fileName.rfind('.');
  const std::string_view extension = dot == std::string_view::npos ? "" : fileName.substr(dot + 1);
  const auto found = std::ranges::find(kTypes, extension, &Entry::first);
  return found == kTypes.end() ? "application/octet-stream" : found->second;
}

std::expected<StaticFiles, Rejection> StaticFiles::open(const std::filesystem::path& folder) {
  FileHandle root(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!root) {
    return std::unexpected(
        rejection(ErrorCode::storageUnavailable, "The folder of web files does not exist or may not be read."));
  }
  return StaticFiles(std::move(root));
}

HttpResponse StaticFiles::answer(const HttpRequest& request) const {
  auto path = parsePath(request.target);
  if (!path) {
    return notThere();
  }
  if (path->folder) {
    path->parts.emplace_back("index.html");
  }
  FileHandle file = openBelow(root_, path->parts);
  struct stat status{};
  if (!file || ::fstat(file.descriptor(), &status) != 0) {
    return notThere();
  }
  if (S_ISDIR(status.st_mode) && !path->folder) {
    return folderRedirect(request.target);
  }
  if (!S_ISREG(status.st_mode)) {
    return notThere();
  }
  const std::string etag = etagOf(status);
  HttpResponse response{.status = 200,
                        .headers = {{"Content-Type", std::string(mediaTypeOf(path->parts.back()))},
                                    {"ETag", etag},
                                    {"Cache-Control", "no-cache"},  // keep it, but ask whether it has changed
                                    {"X-Content-Type-Options", "nosniff"},
                                    {"Referrer-Policy", "no-referrer"},
                                    // On scripts, too: a worker's policy is that of its own script.
                                    {"Content-Security-Policy", std::string(kContentSecurityPolicy)}},
                        .body = {},
                        .file = {}};
  if (namesEtag(request.ifNoneMatch, etag)) {
    response.status = 304;
    return response;
  }
  response.file = std::move(file);
  response.fileBytes = static_cast<std::uint64_t>(status.st_size);
  return response;
}

}  // namespace onering::server
