/**
 * What the module imports: files, a clock, entropy (wasm/host/include/onering/wasm/host.h), and what is left of
 * WASI in a program without files, arguments and output.
 */
import type { StoreFiles } from './files.js';
import { suffixes } from './files.js';

const failed = -1;
const noRoom = -2;

function isQuota(error: unknown): boolean {
  return error instanceof DOMException && error.name === 'QuotaExceededError';
}

export class Host {
  readonly #now: () => number;
  #memory: WebAssembly.Memory | undefined;
  #files: StoreFiles | undefined;

  constructor(now: () => number) {
    this.#now = now;
  }

  /** Whose memory the addresses are in, from now on. */
  attach(memory: WebAssembly.Memory): void {
    this.#memory = memory;
  }

  /** The files that the module can open, from now on. */
  provide(files: StoreFiles | undefined): void {
    this.#files = files;
  }

  imports(): WebAssembly.Imports {
    return {
      onering: {
        now: () => this.#now(),
        entropy: (at: number, size: number) => void crypto.getRandomValues(this.#bytes(at, size)),
        fileOpen: (at: number, size: number) => this.#open(new TextDecoder().decode(this.#bytes(at, size))),
        fileRead: (file: number, to: number, size: number, offset: number) =>
          this.#attempt(() => this.#file(file).read(this.#bytes(to, size), { at: offset })),
        fileWrite: (file: number, from: number, size: number, offset: number) =>
          this.#attempt(() => this.#file(file).write(this.#bytes(from, size), { at: offset })),
        fileTruncate: (file: number, size: number) => this.#attempt(() => this.#file(file).truncate(size)),
        fileFlush: (file: number) => this.#attempt(() => this.#file(file).flush()),
        fileSize: (file: number) => this.#attempt(() => this.#file(file).getSize()),
      },
      env: {
        emscripten_notify_memory_growth: () => undefined,
      },
      wasi_snapshot_preview1: {
        clock_time_get: (_clock: number, _precision: bigint, to: number) => {
          this.#view().setBigUint64(to, BigInt(Math.trunc(this.#now())) * 1_000_000n, true);
          return 0;
        },
        environ_sizes_get: (count: number, size: number) => {
          this.#view().setUint32(count, 0, true);
          this.#view().setUint32(size, 0, true);
          return 0;
        },
        environ_get: () => 0,
        fd_close: () => 0,
        fd_seek: () => 0,
        fd_write: (_file: number, parts: number, count: number, written: number) => this.#discard(parts, count, written),
        proc_exit: (code: number) => {
          throw new Error(`the module ended itself (${code})`);
        },
      },
    };
  }

  // Never kept: memory that grows gets a new buffer.
  #bytes(at: number, size: number): Uint8Array<ArrayBuffer> {
    return new Uint8Array(this.#memory!.buffer as ArrayBuffer, at, size);
  }

  #view(): DataView {
    return new DataView(this.#memory!.buffer);
  }

  #open(name: string): number {
    const files = this.#files;
    return files?.name === undefined ? failed : suffixes.findIndex((suffix) => files.name + suffix === name);
  }

  #file(number: number) {
    return this.#files!.files[number]!;
  }

  #attempt(work: () => number | void): number {
    try {
      return work() ?? 0;
    } catch (error) {
      return isQuota(error) ? noRoom : failed;
    }
  }

  // What a dying program prints has no place to go; the exception that follows says where it died.
  #discard(parts: number, count: number, written: number): number {
    const view = this.#view();
    let size = 0;
    for (let i = 0; i < count; ++i) size += view.getUint32(parts + 8 * i + 4, true);
    view.setUint32(written, size, true);
    return 0;
  }
}
