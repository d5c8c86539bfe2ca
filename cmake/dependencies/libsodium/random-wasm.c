// Random bytes for the module: getentropy() is crypto.getRandomValues() in browsers and under Node.
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

#include "randombytes.h"
#include "randombytes_sysrandom.h"

static const char* name(void) { return "getentropy"; }

static void fill(void* const buffer, const size_t size) {
  unsigned char* const bytes = buffer;
  const size_t sizeMaxPerCall = 256;
  for (size_t done = 0; done < size;) {
    const size_t part = size - done < sizeMaxPerCall ? size - done : sizeMaxPerCall;
    if (getentropy(bytes + done, part) != 0) {
      abort();
    }
    done += part;
  }
}

static uint32_t randomNumber(void) {
  uint32_t value;
  fill(&value, sizeof value);
  return value;
}

struct randombytes_implementation randombytes_sysrandom_implementation = {
    .implementation_name = name,
    .random = randomNumber,
    .stir = NULL,
    .uniform = NULL,
    .buf = fill,
    .close = NULL,
};
