// The C library's own getentropy() has no source in a module without Emscripten's JavaScript: SQLite
// gets its entropy from the host as well.
#include <cerrno>

#include <unistd.h>

#include "onering/wasm/host.h"

extern "C" int getentropy(void* to, std::size_t size) {
  constexpr std::size_t kSizeMax = 256;  // POSIX
  if (size > kSizeMax) {
    errno = EIO;
    return -1;
  }
  onering::hostFill(static_cast<std::uint8_t*>(to), size);
  return 0;
}
