/**
 * A store's files in Node: the three that a page has on its origin-private file system, as SQLite names them, at a path.
 * A store made here can be read with any SQLite.
 */
import {
  closeSync,
  constants,
  fdatasyncSync,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readSync,
  statfsSync,
  writeSync,
} from 'node:fs';
import { dirname } from 'node:path';

import { failure, textOf } from '../shared/failure.js';
import { closeFiles, FilesError, sound, suffixes, type StoreFiles, type SyncFile } from '../worker/files.js';
import { FileLock } from './file-lock.js';

const busyFile = failure(
  'storageUnavailable',
  'Another client, in this or another process, has this file open. Close it there, or use another path, and try again.',
);

/** What SQLite calls the database, whatever its path is: names are bounded, paths are not. */
const name = 'store';

/** One of them, by its path. */
export class PlainFile implements SyncFile {
  readonly #file: number;

  constructor(path: string) {
    this.#file = openSync(path, constants.O_RDWR | constants.O_CREAT, 0o600);
  }

  get number(): number {
    return this.#file;
  }

  read(to: Uint8Array, { at }: { at: number }): number {
    let got = 0;
    while (got < to.length) {
      const size = readSync(this.#file, to, got, to.length - got, at + got);
      if (size === 0) break;
      got += size;
    }
    return got;
  }

  /** As a page's handle does: fewer bytes than it was given where there is no room. */
  write(from: Uint8Array, { at }: { at: number }): number {
    let written = 0;
    try {
      while (written < from.length) written += writeSync(this.#file, from, written, from.length - written, at + written);
    } catch (error) {
      if (!isNoRoom(error)) throw error;
    }
    return written;
  }

  truncate(size: number): void {
    ftruncateSync(this.#file, size);
  }

  /** On the disk, the size included: what SQLite's own file system does. */
  flush(): void {
    fdatasyncSync(this.#file);
  }

  getSize(): number {
    return Number(fstatSync(this.#file, { bigint: true }).size);
  }

  close(): void {
    closeSync(this.#file);
  }
}

function isNoRoom(error: unknown): boolean {
  const { code } = error as { readonly code?: string };
  return code === 'ENOSPC' || code === 'EDQUOT' || code === 'EFBIG';
}

/** The lock goes with the files. */
class LockedFiles implements StoreFiles {
  readonly name = name;
  readonly files: readonly PlainFile[];
  readonly path: string;
  readonly #lock: FileLock;

  constructor(path: string, files: readonly PlainFile[], lock: FileLock) {
    this.path = path;
    this.files = files;
    this.#lock = lock;
  }

  release(): void {
    this.#lock.release();
  }
}

/** Opens the store at that path, makes a new one where there is none. Throws {@link FilesError}. */
export async function openNodeFiles(path: string): Promise<StoreFiles> {
  const files: PlainFile[] = [];
  let lock: FileLock | null = null;
  try {
    mkdirSync(dirname(path), { recursive: true });
    files.push(new PlainFile(path));
    lock = await FileLock.take(path, files[0]!.number);
    if (!lock) throw new FilesError('busy', busyFile, `${path} is locked`);
    for (const suffix of suffixes.slice(1)) files.push(new PlainFile(path + suffix));
    flushFolder(dirname(path));
    sound(files);
    return new LockedFiles(path, files, lock);
  } catch (error) {
    closeFiles({ name, files });
    lock?.release();
    if (error instanceof FilesError) throw error;
    throw new FilesError('refused', failure('storageUnavailable', `The file cannot be opened: ${textOf(error)}`), textOf(error));
  }
}

/** So that the files' names are as durable as what is in them. */
function flushFolder(folder: string): void {
  if (process.platform === 'win32') return; // folders cannot be opened there
  const opened = openSync(folder, 'r');
  try {
    fsyncSync(opened);
  } finally {
    closeSync(opened);
  }
}

export function closeNodeFiles(store: StoreFiles): void {
  closeFiles(store);
  if (store instanceof LockedFiles) store.release();
}

/** Bytes that the store takes, and may take: what it has and what the disk has free. */
export function estimateNodeFiles(store: StoreFiles): { usage: number | null; quota: number | null } {
  const usage = store.files.reduce((sum, file) => sum + file.getSize(), 0);
  if (!(store instanceof LockedFiles)) return { usage, quota: null };
  const { bsize, bavail } = statfsSync(dirname(store.path));
  return { usage, quota: usage + bsize * bavail };
}
