import type { StoreFiles, SyncFile } from '../../src/worker/files.js';
import { suffixes } from '../../src/worker/files.js';

/**
 * A file in memory that behaves as FileSystemSyncAccessHandle does: a full disk writes less than it was given, and what
 * was not flushed may be lost.
 */
export class FakeFile implements SyncFile {
  flushes = 0;
  writes = 0;
  /** Bytes that still fit. */
  room = Infinity;
  /** Thrown by the next flush. */
  failure: Error | null = null;
  isOpen = true;
  #bytes = new Uint8Array(1 << 16);
  #size = 0;
  #durable = new Uint8Array(0);

  read(to: Uint8Array, { at }: { at: number }): number {
    const size = Math.max(0, Math.min(to.length, this.#size - at));
    to.set(this.#bytes.subarray(at, at + size));
    return size;
  }

  write(from: Uint8Array, { at }: { at: number }): number {
    ++this.writes;
    const growth = Math.max(0, at + from.length - this.#size);
    const size = from.length - Math.max(0, growth - this.room);
    if (size <= 0) return 0;
    this.room -= Math.min(growth, this.room);
    this.#reserve(at + size);
    this.#bytes.set(from.subarray(0, size), at);
    this.#size = Math.max(this.#size, at + size);
    return size;
  }

  truncate(size: number): void {
    this.#reserve(size);
    this.#bytes.fill(0, size);
    this.#size = size;
  }

  flush(): void {
    const { failure } = this;
    this.failure = null;
    if (failure) throw failure;
    ++this.flushes;
    this.#durable = this.#bytes.slice(0, this.#size);
  }

  getSize(): number {
    return this.#size;
  }

  close(): void {
    this.isOpen = false;
  }

  /** What is left after the machine has lost its power. */
  afterPowerCut(): FakeFile {
    return FakeFile.of(this.#durable);
  }

  static of(bytes: Uint8Array): FakeFile {
    const file = new FakeFile();
    if (bytes.length > 0) file.write(bytes, { at: 0 });
    file.flush();
    return file;
  }

  #reserve(size: number): void {
    if (size <= this.#bytes.length) return;
    const larger = new Uint8Array(Math.max(size, 2 * this.#bytes.length));
    larger.set(this.#bytes);
    this.#bytes = larger;
  }
}

export class FakeStore implements StoreFiles {
  readonly name = 'store';
  readonly files: readonly FakeFile[];

  constructor(files: readonly FakeFile[] = suffixes.map(() => new FakeFile())) {
    this.files = files;
  }

  get flushes(): number {
    return this.files.reduce((sum, { flushes }) => sum + flushes, 0);
  }

  set room(bytes: number) {
    for (const file of this.files) file.room = bytes;
  }

  afterPowerCut(): FakeStore {
    return new FakeStore(this.files.map((file) => file.afterPowerCut()));
  }
}
