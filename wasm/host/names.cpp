// Exceptions that nobody catches are reported with the names of their types. Making them readable takes the C++
// library a sixteenth of the module; the names as they are do for a report.
#include <cstddef>

// The name is the C++ ABI's.
// NOLINTNEXTLINE(bugprone-reserved-identifier,readability-identifier-naming)
extern "C" char* __cxa_demangle(const char* /*mangled*/, char* /*buffer*/, std::size_t* /*size*/, int* status) {
  constexpr int kInvalidName = -2;
  if (status) {
    *status = kInvalidName;
  }
  return nullptr;
}
