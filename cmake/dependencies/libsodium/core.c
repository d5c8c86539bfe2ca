// Replaces libsodium's core.c for the subset built here: nothing in it picks an implementation at run time.
#include <stdlib.h>

#include "core.h"
#include "randombytes.h"
#include "utils.h"

extern int _sodium_alloc_init(void);

static void (*misuseHandler)(void);

// Returns 0, or 1 when it was called before, as upstream does. Call it before the first thread is started.
int sodium_init(void) {
  static int initialized;
  if (initialized != 0) {
    return 1;
  }
  randombytes_stir();
  _sodium_alloc_init();
  initialized = 1;
  return 0;
}

int sodium_set_misuse_handler(void (*handler)(void)) {
  misuseHandler = handler;
  return 0;
}

void sodium_misuse(void) {
  if (misuseHandler != NULL) {
    misuseHandler();
  }
  abort();
}
