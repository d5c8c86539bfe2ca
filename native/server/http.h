// HTTP requests and answers as values, so that what is answered can be read and tested without a socket.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "onering/domain/error.h"

namespace onering::server {

// An open file; closes it.
class FileHandle {
 public:
  FileHandle() = default;
  explicit FileHandle(int descriptor) : descriptor_(descriptor) {}
  ~FileHandle();
  FileHandle(const FileHandle&) = delete;
  FileHandle& operator=(const FileHandle&) = delete;
  FileHandle(FileHandle&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}
  FileHandle& operator=(FileHandle&& other) noexcept {
    std::swap(descriptor_, other.descriptor_);
    return *this;
  }

  [[nodiscard]] int descriptor() const { return descriptor_; }
  explicit operator bool() const { return descriptor_ >= 0; }

 private:
  int descriptor_ = -1;
};

// Points into what was received.
struct HttpRequest {
  std::string_view method;
  std::string_view target;  // path and query as they came
  std::string_view ifNoneMatch;
  std::string_view ifMatch{};
  std::string_view authorization{};
  std::string_view idempotencyKey{};
  bool hasIdempotencyKey = false;
  std::string_view requestId{};
  std::string_view body{};
  std::string_view from{};  // the other end's address
};

// The part of the target before the query.
[[nodiscard]] std::string_view pathOf(std::string_view target);

struct HttpResponse {
  unsigned status = 200;
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;  // sent when there is no file
  FileHandle file;
  std::uint64_t fileBytes = 0;
};

[[nodiscard]] HttpResponse jsonResponse(unsigned status, std::string body);

// {"error":{"code","message"}} (SPEC §12).
[[nodiscard]] HttpResponse errorResponse(unsigned status, const Rejection& why);

// The status that goes with a code, the same wherever it is said (docs/http.md).
[[nodiscard]] unsigned statusOf(ErrorCode code);

// With that status, and with when to come again where that helps.
[[nodiscard]] HttpResponse errorResponse(const Rejection& why);

class StaticFiles;

// Everything on the port that is not the sync protocol. `files` may be null.
[[nodiscard]] HttpResponse answerHttp(const HttpRequest& request, const StaticFiles* files);

}  // namespace onering::server
