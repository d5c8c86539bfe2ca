/**
 * A store's files: three plain ones, as SQLite names them, in the folder `onering` of the origin-private file
 * system. They are opened exclusively and held until the store is closed.
 */
import { busyStorage, failure, textOf } from '../shared/failure.js';
import type { Failure } from '../types.js';

/** The part of FileSystemSyncAccessHandle that a store uses. */
export interface SyncFile {
  read(to: Uint8Array, options: { at: number }): number;
  write(from: Uint8Array, options: { at: number }): number;
  truncate(size: number): void;
  flush(): void;
  getSize(): number;
  close(): void;
}

export interface StoreFiles {
  /** The database's name to SQLite; the files are called so, and with the suffixes of {@link suffixes}. */
  readonly name: string;
  /** In the order of {@link suffixes}. */
  readonly files: readonly SyncFile[];
}

/** Without suffix: the database. It is opened first: whoever has it has the store. */
export const suffixes = ['', '-journal', '-wal'] as const;

export class FilesError extends Error {
  /**
   * `none`: this browser, or this window, has no such file system. `busy`: someone has this store open. `refused`: it
   * cannot be opened.
   */
  readonly kind: 'none' | 'busy' | 'refused';
  readonly failure: Failure;

  constructor(kind: FilesError['kind'], why: Failure, detail: string) {
    super(detail);
    this.name = 'FilesError';
    this.kind = kind;
    this.failure = why;
  }
}

/** Handles linger for a moment after a reload or a killed tab. */
const retryForMs = 2_000;
const retryEveryMs = 50;

export interface FilesEnvironment {
  readonly storage: { getDirectory?(): Promise<FileSystemDirectoryHandle> } | undefined;
  readonly now: () => number;
  readonly sleep: (ms: number) => Promise<void>;
}

type SyncAccessFile = FileSystemFileHandle & { createSyncAccessHandle?(): Promise<SyncFile> };

async function folder({ storage }: FilesEnvironment): Promise<FileSystemDirectoryHandle> {
  if (!storage?.getDirectory) {
    throw new FilesError('none', failure('storageUnavailable'), 'this browser has no origin-private file system');
  }
  try {
    return await (await storage.getDirectory()).getDirectoryHandle('onering', { create: true });
  } catch (error) {
    throw new FilesError('none', failure('storageUnavailable'), textOf(error));
  }
}

async function openFile(environment: FilesEnvironment, file: SyncAccessFile): Promise<SyncFile> {
  if (!file.createSyncAccessHandle) {
    throw new FilesError('none', failure('storageUnavailable'), 'this browser has no synchronous file access');
  }
  const until = environment.now() + retryForMs;
  for (;;) {
    try {
      return await file.createSyncAccessHandle();
    } catch (error) {
      const isBusy = error instanceof DOMException && error.name === 'NoModificationAllowedError';
      if (!isBusy) throw new FilesError('refused', failure('storageUnavailable'), textOf(error));
      if (environment.now() >= until) throw new FilesError('busy', busyStorage, textOf(error));
      await environment.sleep(retryEveryMs);
    }
  }
}

/** Whether there is a file system here. */
export async function hasFiles(environment: FilesEnvironment): Promise<boolean> {
  if (typeof FileSystemFileHandle === 'undefined' || !('createSyncAccessHandle' in FileSystemFileHandle.prototype)) return false;
  return folder(environment).then(
    () => true,
    () => false,
  );
}

async function handlesOf(directory: FileSystemDirectoryHandle, name: string): Promise<SyncAccessFile[]> {
  try {
    return await Promise.all(suffixes.map((suffix) => directory.getFileHandle(name + suffix, { create: true })));
  } catch (error) {
    throw new FilesError('refused', failure('storageUnavailable'), textOf(error));
  }
}

/** Opens the store's files, new ones where there are none. Throws {@link FilesError}. */
export async function openFiles(environment: FilesEnvironment, name: string): Promise<StoreFiles> {
  const directory = await folder(environment);
  const files: SyncFile[] = [];
  try {
    const [database, ...others] = await handlesOf(directory, name);
    files.push(await openFile(environment, database!));
    const opened = await Promise.allSettled(others.map((file) => openFile(environment, file)));
    for (const each of opened) if (each.status === 'fulfilled') files.push(each.value);
    for (const each of opened) if (each.status === 'rejected') throw each.reason;
    sound(files);
    return { name, files };
  } catch (error) {
    closeFiles({ name, files });
    throw error;
  }
}

const importMark = new TextEncoder().encode('onering import\n');

/**
 * Puts `copy` in the place of a store that nobody reads now. A mark in the journal's place, which is none to SQLite, tells
 * for as long as it is not complete.
 */
export function replaceContent(files: readonly SyncFile[], copy: Uint8Array): void {
  const [database, journal, log] = files as [SyncFile, SyncFile, SyncFile];
  empty(log);
  write(journal, importMark);
  database.truncate(copy.length);
  write(database, copy);
  empty(journal);
}

/** Erases what a store that nobody reads now holds; the log first, as a log without its database is damage. */
export function eraseContent(files: readonly SyncFile[]): void {
  for (const file of [...files].reverse()) empty(file);
}

function empty(file: SyncFile): void {
  file.truncate(0);
  file.flush();
}

function write(file: SyncFile, content: Uint8Array): void {
  if (file.write(content, { at: 0 }) < content.length) throw new FilesError('refused', failure('storageFull'), 'no room');
  file.flush();
}

function isMarked(journal: SyncFile): boolean {
  const start = new Uint8Array(importMark.length);
  return journal.read(start, { at: 0 }) === start.length && start.every((byte, i) => byte === importMark[i]);
}

/** Files that can be given to SQLite. What an import that did not end has left is neither the old store nor the new one. */
export function sound(files: readonly SyncFile[]): void {
  if (isMarked(files[1]!)) eraseContent(files);
  refuseDamage(files);
}

/**
 * SQLite takes an empty database for a new one, and drops a write-ahead log beside it. Ours is never empty once it
 * has one: then it was lost, and what is in the log must not be.
 */
function refuseDamage([database, , log]: readonly SyncFile[]): void {
  if (database!.getSize() > 0 || log!.getSize() === 0) return;
  throw new FilesError(
    'refused',
    failure(
      'storageUnavailable',
      'A file of this storage is missing. What is left was not touched; use another storage name to go on.',
    ),
    'the database is empty, its write-ahead log is not',
  );
}

export function closeFiles({ files }: StoreFiles): void {
  for (const file of files) file.close();
}
