import { PortClient } from './client/client.js';
import { forgetLastWords, readLastWords, writeLastWords, type LastWords } from './client/last-words.js';
import { openOptions } from './client/options.js';
import { compileAt } from './shared/compile.js';
import { uuidV7 } from './shared/ids.js';
import type { ModuleMessage, OpenOptions } from './shared/protocol.js';
import type { Client, ClientOptions, ErrorCode, Result } from './types.js';

/**
 * Opens this user's store on this device, and begins to sync. Returns at once; what goes wrong while opening is
 * told by {@link Client.ready} and {@link Client.status}. Throws a TypeError for options of the wrong form. In Node, which
 * gets the same function under the export condition `node`, {@link ClientOptions.url} must be a whole address.
 */
export function createClient(options: ClientOptions): Client {
  const checked = openOptions(options, globalThis.location?.href);
  if (checked.storage.kind === 'file') throw new TypeError('storage.kind "file" is for Node; a page has "opfs" or "memory"');
  if (options.webSocket) throw new TypeError('webSocket is for Node; a page has its own');
  const { workerUrl } = options;
  // The literal forms are what bundlers look for.
  const worker = workerUrl
    ? new Worker(workerUrl, { type: 'module' })
    : new Worker(new URL('./worker.js', import.meta.url), { type: 'module' });
  const besideWorker = () => (workerUrl ? new URL('./onering.wasm', new URL(workerUrl, location.href)) : new URL('./onering.wasm', import.meta.url));
  compileFor(worker, () => checked.wasmUrl ?? besideWorker().href);
  return new PageClient(worker, options, checked);
}

/** While the worker is being started, which takes as long. Where it fails here, the worker tries, and tells why not. */
function compileFor(worker: Worker, wasmUrl: () => string): void {
  const post = (module: WebAssembly.Module | null) => worker.postMessage({ type: 'module', module } satisfies ModuleMessage);
  Promise.resolve().then(wasmUrl).then(compileAt).then(post, () => post(null));
}

/** Refusals that another time may not bring. */
const isTemporary: ReadonlySet<ErrorCode> = new Set(['storageFull', 'storageUnavailable', 'upgradeRequired', 'unavailable', 'internal'] as const);

class PageClient extends PortClient {
  readonly #unwatched = new AbortController();
  readonly #isAsking: boolean;
  readonly #options: OpenOptions;
  readonly #page = uuidV7();

  constructor(worker: Worker, { auth, storage }: ClientOptions, options: OpenOptions) {
    super(worker, auth, options);
    worker.onmessage = ({ data }) => this.heard(data);
    worker.onerror = (event) => this.broke(event.message || 'it could not be loaded');
    this.#isAsking = storage?.persist ?? true;
    this.#options = options;
    void this.ready.then(() => {
      this.#sayLastWords();
      return this.#tellPersisted();
    });
    this.#watchPage();
  }

  override async reopen(): Promise<Result<void>> {
    const result = await super.reopen();
    if (result.ok) void this.#tellPersisted();
    return result;
  }

  protected override ended(): void {
    this.#unwatched.abort();
  }

  protected override erased(): void {
    forgetLastWords(readLastWords(this.#options.storage.name));
  }

  /** Of pages before this one, as far as they are this user's. */
  #sayLastWords(): void {
    const { storage, user } = this.status.current;
    if (storage.kind !== 'opfs') return;
    for (const words of readLastWords(this.#options.storage.name)) if (words.user === user?.id) void this.#say(words);
  }

  /** They are forgotten when they are stored, or refused by the rules: but not where it was the store that failed. */
  async #say(words: LastWords): Promise<void> {
    const outcomes = await Promise.all(this.link.performAgain(words.ops).map(({ local }) => local));
    const isOver = outcomes.every((outcome) => outcome.ok || !isTemporary.has(outcome.error.code));
    if (isOver) forgetLastWords([words]);
  }

  #suspend(): void {
    this.link.suspend();
    const user = this.status.current.user?.id ?? this.#options.user;
    if (user !== '' && this.#isKept) this.#writeLastWords(user);
  }

  get #isKept(): boolean {
    const { state, storage } = this.status.current;
    return storage.kind === 'opfs' || (state === 'opening' && this.#options.storage.kind !== 'memory');
  }

  #writeLastWords(user: string): void {
    writeLastWords(this.#options.storage.name, this.#page, user, this.link.unsaid());
  }

  /** Back from the cache, it says itself what it had to say. */
  #resume(): void {
    this.link.post({ type: 'resume' });
    const stop = this.link.watch(() => {
      if (this.link.unsaid().length > 0) return;
      this.#writeLastWords('');
      queueMicrotask(() => stop());
    });
  }

  override async persist(): Promise<boolean> {
    await this.ready;
    return this.#persisted((storage) => storage.persist());
  }

  /** Some browsers ask the user, so an app may choose the moment. */
  async #tellPersisted(): Promise<void> {
    await this.#persisted((storage) => (this.#isAsking ? storage.persist() : storage.persisted()));
  }

  // Only a page can ask for this, and only it hears the answer.
  async #persisted(ask: (storage: StorageManager) => Promise<boolean>): Promise<boolean> {
    if (this.status.current.storage.kind !== 'opfs' || !navigator.storage?.persist) return false;
    const persisted = await ask(navigator.storage).catch(() => false);
    this.link.post({ type: 'persisted', persisted });
    return persisted;
  }

  /**
   * A page that goes away, into the back/forward cache, or to sleep, must not hold what other tabs need. But what the
   * app's own listeners of `pagehide` append still goes: a page that can be seen becomes invisible right after all of
   * them (HTML, "unload a document"); one that cannot be seen is left in the end, because this listener goes to the
   * back of the queue whenever the page is hidden.
   */
  #watchPage(): void {
    const { signal } = this.#unwatched;
    const suspend = () => this.#suspend();
    const resume = () => this.#resume();
    let isGoing = false;
    const hide = () => {
      if (document.visibilityState === 'hidden') suspend();
      else isGoing = true;
    };
    const tellVisible = () => {
      const isHidden = document.visibilityState === 'hidden';
      if (isHidden && isGoing) suspend();
      this.link.post({ type: 'visible', visible: !isHidden });
      if (!isHidden || isGoing) return;
      removeEventListener('pagehide', hide);
      addEventListener('pagehide', hide, { signal });
    };
    addEventListener('pagehide', hide, { signal });
    addEventListener(
      'pageshow',
      ({ persisted }) => {
        isGoing = false;
        if (persisted) resume();
      },
      { signal },
    );
    document.addEventListener('freeze', suspend, { signal });
    document.addEventListener('resume', resume, { signal });
    addEventListener('online', () => this.link.post({ type: 'online' }), { signal });
    document.addEventListener('visibilitychange', tellVisible, { signal });
    tellVisible();
  }
}
