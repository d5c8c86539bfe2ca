// What the module asks of the JavaScript that instantiated it: files, a clock, entropy. Everything else it
// brings itself.
//
// The JavaScript side is bindings/typescript/src/worker/host.ts. Numbers that may exceed 32 bits (times,
// offsets) travel as doubles, which are exact up to 2^53. None of these functions throws into the module.
#pragma once

#include <cstddef>
#include <cstdint>

#define ONERING_HOST(name) __attribute__((import_module("onering"), import_name(#name)))

namespace onering {

// Milliseconds since 1970-01-01 UTC.
ONERING_HOST(now) double hostNow();

// Fills `size` bytes (at most 65,536) from crypto.getRandomValues().
ONERING_HOST(entropy) void hostFill(std::uint8_t* bytes, std::size_t size);

// The file of that name among those that the host holds open: a number from 0, or -1.
ONERING_HOST(fileOpen) int hostFileOpen(const char* name, std::size_t size);

// The number of bytes read or written, which may be fewer than asked for: the end of the file, no more room.
// -1: failed. -2: no room (writing only).
ONERING_HOST(fileRead) int hostFileRead(int file, std::uint8_t* to, std::size_t size, double offset);
ONERING_HOST(fileWrite)
int hostFileWrite(int file, const std::uint8_t* from, std::size_t size, double offset);

// 0, or -1: failed, or -2: no room.
ONERING_HOST(fileTruncate) int hostFileTruncate(int file, double size);
ONERING_HOST(fileFlush) int hostFileFlush(int file);

// Bytes, or -1: failed.
ONERING_HOST(fileSize) double hostFileSize(int file);

}  // namespace onering
