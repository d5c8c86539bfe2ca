/**
 * The store of one device: its files, and the module over them. It is opened, replaced, erased and closed as a whole;
 * what is in it is the module's to read and write.
 */
import { clearedStore, done, failed, failure, textOf } from '../shared/failure.js';
import type { OpenOptions } from '../shared/protocol.js';
import type { Failure, Result } from '../types.js';
import { eraseContent, FilesError, replaceContent, type StoreFiles } from './files.js';
import { Host } from './host.js';
import { Module, type Opened } from './module.js';

export interface StoreEnvironment {
  now(): number;
  readonly compile: (wasmUrl: string | null) => Promise<WebAssembly.Module>;
  readonly openFiles: (name: string) => Promise<StoreFiles>;
  readonly closeFiles: (files: StoreFiles) => void;
  /** For people who look into the console. */
  readonly warn: (text: string) => void;
}

export type StoreState =
  | { readonly kind: 'closed' }
  | { readonly kind: 'opening' }
  | { readonly kind: 'open'; readonly module: Module; readonly files: StoreFiles | null }
  | { readonly kind: 'failed'; readonly why: Failure };

export class Store {
  readonly #environment: StoreEnvironment;
  readonly #host: Host;
  #compiled: WebAssembly.Module | undefined;
  #user = '';
  #state: StoreState = { kind: 'closed' };

  constructor(environment: StoreEnvironment) {
    this.#environment = environment;
    this.#host = new Host(() => environment.now());
  }

  get state(): StoreState {
    return this.#state;
  }

  /** Undefined: it is not open. */
  get module(): Module | undefined {
    return this.#state.kind === 'open' ? this.#state.module : undefined;
  }

  /** Null: it is in memory, or not open. */
  get files(): StoreFiles | null {
    return this.#state.kind === 'open' ? this.#state.files : null;
  }

  // --- opening and closing --------------------------------------------------------------------------------

  /**
   * `held`: files that are open already. Throws what opening throws; then the files are closed, and it is for
   * the caller to say that it failed. `fallback`: why it is in memory although it should not have been.
   */
  async open(options: OpenOptions, held?: StoreFiles): Promise<{ readonly opened: Opened; readonly fallback: string | null }> {
    this.#state = { kind: 'opening' };
    this.#user = options.user;
    const compiling = this.#compile(options.wasmUrl);
    const { files, fallback } = held ? { files: held, fallback: null } : await this.#openFiles(options.storage);
    await this.#closeUnless(compiling, files);
    return { opened: this.#start(files), fallback };
  }

  /** A new module over the same files, where there was one that died. Throws as open() does; then it is closed. */
  restart(): Opened {
    const { files } = this;
    this.#state = { kind: 'closed' };
    return this.#start(files);
  }

  fail(why: Failure): void {
    const { files } = this;
    if (files) this.#environment.closeFiles(files);
    this.#host.provide(undefined);
    this.#state = { kind: 'failed', why };
  }

  close(): void {
    const { module, files } = this;
    this.#state = { kind: 'closed' };
    try {
      module?.close();
    } catch (error) {
      this.#environment.warn(`OneRing: the storage was not closed properly. ${textOf(error)}`);
    }
    if (files) this.#environment.closeFiles(files);
    this.#host.provide(undefined);
  }

  /** Goes on while the files are opened. What goes wrong is told to whoever awaits it. */
  #compile(wasmUrl: string | null): Promise<void> {
    const compiling = this.#compiled
      ? Promise.resolve()
      : this.#environment.compile(wasmUrl).then((compiled) => void (this.#compiled = compiled));
    compiling.catch(() => undefined); // also where opening the files fails first
    return compiling;
  }

  async #closeUnless(compiling: Promise<void>, files: StoreFiles | null): Promise<void> {
    try {
      await compiling;
    } catch (error) {
      if (files) this.#environment.closeFiles(files);
      throw error;
    }
  }

  async #openFiles({ kind, name }: OpenOptions['storage']): Promise<{ files: StoreFiles | null; fallback: string | null }> {
    if (kind === 'memory') return { files: null, fallback: null };
    try {
      return { files: await this.#environment.openFiles(name), fallback: null };
    } catch (error) {
      const mayFallBack = kind === 'auto' && error instanceof FilesError && error.kind === 'none';
      if (!mayFallBack) throw error;
      return { files: null, fallback: error.message };
    }
  }

  #start(files: StoreFiles | null): Opened {
    try {
      return this.#instantiate(files);
    } catch (error) {
      if (files) this.#environment.closeFiles(files);
      throw error;
    }
  }

  #instantiate(files: StoreFiles | null): Opened {
    this.#host.provide(files ?? undefined);
    const module = new Module(this.#compiled!, this.#host, () => this.#environment.now());
    const opened = module.open(files?.name ?? '', this.#user);
    this.#state = { kind: 'open', module, files };
    return opened;
  }

  // --- as a whole -------------------------------------------------------------------------------------------

  /** What the files hold, as one file. Throws what the module throws. */
  copy(): Result<Uint8Array> {
    const { module, files } = this;
    if (!module || !files) return failed('storageUnavailable', 'There is no file to copy: this storage is in memory.');
    module.checkpoint();
    const database = files.files[0]!;
    const copy = new Uint8Array(database.getSize());
    database.read(copy, { at: 0 });
    return done(copy);
  }

  /**
   * Opens `copy` in the place of what there is. Where that fails, with `error`, there is what was, which is `before`;
   * where that cannot be opened either, nothing is `opened`, and it is for the caller to say that the store failed. For a
   * store with files only.
   */
  replace(copy: Uint8Array, before: Uint8Array): { readonly opened?: Opened; readonly error?: unknown } {
    const { module, files } = this;
    if (!files) return { error: new Error('there are no files') };
    try {
      module!.close();
      replaceContent(files.files, copy);
      return { opened: this.#instantiate(files) };
    } catch (error) {
      this.#environment.warn(`OneRing: the copy could not be opened. ${textOf(error)}`);
      try {
        replaceContent(files.files, before);
        return { opened: this.#instantiate(files), error };
      } catch (again) {
        this.#environment.warn(`OneRing: nor could what was there before. ${textOf(again)}`);
        return { error };
      }
    }
  }

  /** Nothing of it is left, and it is closed for good. */
  erase(): Result<void> {
    const { module, files } = this;
    let result: Result<void> = done(undefined);
    try {
      if (!module) throw new Error('it is not open');
      module.close();
      if (files) eraseContent(files.files);
    } catch (error) {
      this.#environment.warn(`OneRing: the storage could not be erased. ${textOf(error)}`);
      result = { ok: false, error: failure('storageUnavailable') };
    }
    this.fail(clearedStore);
    return result;
  }

  /** Makes durable what is in the files. Throws what they throw. */
  flush(): void {
    if (!this.files) return;
    const [database, , log] = this.files.files;
    log!.flush();
    database!.flush();
  }
}
