import { beforeEach, expect, test } from 'vitest';

import { FilesError, openFiles, type FilesEnvironment } from '../src/worker/files.js';
import { FakeFile } from './support/files.js';

/** An origin-private file system of one folder, in which files can be locked as another tab locks them. */
class FakeFolder {
  readonly files = new Map<string, FakeFile>();
  readonly locked = new Set<string>();

  getDirectory = async () => this as unknown as FileSystemDirectoryHandle;
  getDirectoryHandle = async () => this as unknown as FileSystemDirectoryHandle;

  getFileHandle = async (name: string) => ({
    createSyncAccessHandle: async () => {
      if (this.locked.has(name)) throw new DOMException('locked', 'NoModificationAllowedError');
      if (!this.files.has(name)) this.files.set(name, new FakeFile());
      return this.files.get(name)!;
    },
  });
}

let folder: FakeFolder;
let environment: FilesEnvironment;
let now: number;
let afterSleep: () => void;

beforeEach(() => {
  folder = new FakeFolder();
  now = 0;
  afterSleep = () => undefined;
  environment = {
    storage: folder,
    now: () => now,
    sleep: async (ms) => {
      now += ms;
      afterSleep();
    },
  };
});

async function refusal(): Promise<FilesError> {
  try {
    await openFiles(environment, 'store');
  } catch (error) {
    if (error instanceof FilesError) return error;
    throw error;
  }
  throw new Error('it opened');
}

test('a store is three plain files', async () => {
  const { name, files } = await openFiles(environment, 'store');
  expect(name).toBe('store');
  expect(files).toHaveLength(3);
  expect([...folder.files.keys()]).toEqual(['store', 'store-journal', 'store-wal']);
});

test('handles that linger after a reload are waited for', async () => {
  folder.locked.add('store');
  afterSleep = () => now >= 1_500 && folder.locked.clear();
  await expect(openFiles(environment, 'store')).resolves.toBeDefined();
});

test('a store that another tab has open says so, after two seconds', async () => {
  folder.locked.add('store');
  const { kind, failure } = await refusal();
  expect(kind).toBe('busy');
  expect(failure).toMatchObject({ code: 'storageUnavailable', message: expect.stringContaining('Another tab') });
  expect(now).toBeGreaterThanOrEqual(2_000);
  expect(now).toBeLessThan(2_200);
});

test('what was opened is let go when the rest cannot be', async () => {
  folder.locked.add('store-wal');
  await refusal();
  expect([...folder.files.values()].every(({ isOpen }) => !isOpen)).toBe(true);
});

test('a lost database is an error and nothing is touched', async () => {
  const log = FakeFile.of(new Uint8Array(4_096).fill(7));
  folder.files.set('store-wal', log);
  const { kind, failure } = await refusal();
  expect(kind).toBe('refused');
  expect(failure.code).toBe('storageUnavailable');
  expect(log.getSize()).toBe(4_096);
});

test('a journal beside an empty database is what a crash at the first commit leaves', async () => {
  folder.files.set('store-journal', FakeFile.of(new Uint8Array(512)));
  await expect(openFiles(environment, 'store')).resolves.toBeDefined();
});

test.each([
  ['no storage at all', undefined],
  ['no such file system', {}],
  ['a private window that refuses', { getDirectory: () => Promise.reject(new DOMException('no', 'SecurityError')) }],
])('%s is told apart from a store that cannot be opened', async (_, storage) => {
  environment = { ...environment, storage };
  expect((await refusal()).kind).toBe('none');
});
