/**
 * Lets one client at a time have a store's files. The lock is the operating system's, so it ends with the process,
 * however that ends, and nothing is ever left behind that would have to be taken for stale:
 *
 *   Linux             an abstract socket named after the file (device and inode), which one process can listen on
 *   macOS, Windows    the file opened once more with an exclusive lock, which libuv offers there
 *
 * On Linux it holds among the processes of one network namespace: containers that share a volume are not kept apart.
 */
import { closeSync, constants, fstatSync, openSync } from 'node:fs';
import { createServer, type Server } from 'node:net';

/** Of open(2) on macOS, and of libuv on Windows; Node names neither. */
const exclusive: Readonly<Record<string, number>> = { darwin: 0x20 | 0x04, win32: 0x1000_0000 };

export class FileLock {
  readonly release: () => void;

  private constructor(release: () => void) {
    this.release = release;
  }

  /** Null: someone else has it. `file`: the open file at `path`. Throws what opening throws. */
  static async take(path: string, file: number): Promise<FileLock | null> {
    const flag = exclusive[process.platform];
    return flag === undefined ? FileLock.#bySocket(file) : FileLock.#byOpening(path, flag);
  }

  static #byOpening(path: string, flag: number): FileLock | null {
    try {
      const held = openSync(path, constants.O_RDWR | flag);
      return new FileLock(() => closeSync(held));
    } catch (error) {
      const { code } = error as { readonly code?: string };
      if (code === 'EAGAIN' || code === 'EWOULDBLOCK' || code === 'EBUSY') return null;
      throw error;
    }
  }

  static async #bySocket(file: number): Promise<FileLock | null> {
    const { dev, ino } = fstatSync(file, { bigint: true });
    const server = createServer((socket) => socket.destroy()); // who comes in has nothing to say
    return new Promise((resolve, reject) => {
      server.once('error', (error) => (error.code === 'EADDRINUSE' ? resolve(null) : reject(error)));
      server.listen({ path: `\0onering-store-${dev}-${ino}`, exclusive: true }, () => resolve(FileLock.#heldBy(server)));
    });
  }

  static #heldBy(server: Server): FileLock {
    server.unref(); // it does not keep the process running
    return new FileLock(() => void server.close());
  }
}
