import { countArgument, textArgument } from './client/arguments.js';
import { DraftHandle } from './client/draft-handle.js';
import { Link } from './client/link.js';
import { notify } from './client/observable.js';
import { TurnWatch } from './client/turns.js';
import { failed, done } from './shared/failure.js';
import { isUuid, uuidV7 } from './shared/ids.js';
import type { OpenOptions } from './shared/protocol.js';
import type {
  AuthReason,
  Client,
  ClientOptions,
  Draft,
  DraftPage,
  ExportedWork,
  KeptOp,
  ListChange,
  ListOptions,
  ListRange,
  NewDraft,
  Observable,
  Operation,
  Outcome,
  Rejected,
  Result,
  Status,
  TurnChange,
  Unsubscribe,
  Waiting,
} from './types.js';

const pageDefault = 50;
const pageMax = 500;
const closeMsMax = 3_000;

/**
 * Opens this user's store on this device, and begins to sync. Returns at once; what goes wrong while opening is
 * told by {@link Client.ready} and {@link Client.status}. Throws a TypeError for options of the wrong form.
 */
export function createClient(options: ClientOptions): Client {
  const checked = openOptions(options);
  // The literal form is what bundlers look for.
  const worker = options.workerUrl
    ? new Worker(options.workerUrl, { type: 'module' })
    : new Worker(new URL('./worker.js', import.meta.url), { type: 'module' });
  return new BrowserClient(worker, options, checked);
}

function openOptions(options: ClientOptions): OpenOptions {
  const { storage = {}, user = '', startOffline = false } = options;
  const { name = 'onering', kind = 'auto' } = storage;
  if (typeof options.auth !== 'function') throw new TypeError('auth must be a function that returns a token');
  textArgument('user', user);
  if (!/^[A-Za-z0-9._-]{1,64}$/.test(name) || /^\.+$/.test(name)) {
    throw new TypeError('storage.name must be 1 to 64 characters of A-Z a-z 0-9 . _ -');
  }
  return {
    url: socketUrl(options.url),
    user,
    storage: { name, kind },
    startOffline,
    wasmUrl: options.wasmUrl === undefined ? null : new URL(options.wasmUrl, location.href).href,
  };
}

function socketUrl(url: string | URL): string {
  const absolute = new URL(url, location.href);
  if (absolute.protocol === 'http:') absolute.protocol = 'ws:';
  if (absolute.protocol === 'https:') absolute.protocol = 'wss:';
  if (absolute.protocol !== 'ws:' && absolute.protocol !== 'wss:') {
    throw new TypeError('url must be a ws:, wss:, http: or https: address, or a path');
  }
  absolute.hash = '';
  return absolute.href;
}

class BrowserClient implements Client {
  readonly ready: Promise<Result<void>>;
  readonly rejected: Rejected;
  declare readonly [Symbol.asyncDispose]: () => Promise<void>;
  readonly #worker: Worker;
  readonly #link: Link;
  readonly #unwatched = new AbortController();
  #closing: Promise<void> | undefined;

  constructor(worker: Worker, { auth }: ClientOptions, options: OpenOptions) {
    this.#worker = worker;
    this.#link = new Link(worker, async (reason: AuthReason) => await auth({ reason }));
    this.rejected = new KeptWork(this.#link);
    worker.onmessage = ({ data }) => this.#link.handle(data);
    worker.onerror = (event) => this.#broke(event.message || 'it could not be loaded');
    this.#link.post({ type: 'open', options });
    this.ready = this.#whenOpen();
    void this.ready.then(() => this.#askToPersist());
    if (Symbol.asyncDispose) Object.defineProperty(this, Symbol.asyncDispose, { value: () => this.close() });
    this.#watchPage();
  }

  get status(): Observable<Status> {
    return this.#link.status;
  }

  create({ title, platform = '', holdLimitMs = 0 }: NewDraft): Operation {
    textArgument('title', title);
    textArgument('platform', platform);
    const limit = countArgument('holdLimitMs', holdLimitMs, -1, Number.MAX_SAFE_INTEGER, 0);
    return this.#link.perform({ op: uuidV7(), draft: uuidV7(), name: 'create', title, platform, holdLimitMs: limit });
  }

  draft(id: string): Draft {
    if (!isUuid(id)) throw new TypeError('a draft id is a UUID');
    return new DraftHandle(this.#link, id);
  }

  list({ after, limit, signal }: ListRange = {}): Promise<Result<DraftPage>> {
    return this.#link.read<DraftPage>(
      { name: 'list', after: after ?? null, limit: countArgument('limit', limit, 1, pageMax, pageDefault) },
      signal,
    );
  }

  subscribeList(listener: (change: ListChange) => void, { limit }: ListOptions = {}): Unsubscribe {
    return this.#link.subscribeList(countArgument('limit', limit, 1, pageMax, pageDefault), listener);
  }

  subscribeTurns(listener: (change: TurnChange) => void): Unsubscribe {
    const watch = new TurnWatch(() => this.status.current.user?.id ?? null);
    return this.#link.subscribeList(pageDefault, (change) => {
      for (const turn of watch.apply(change)) notify(listener, turn);
    });
  }

  whenSynced({ signal }: Waiting = {}): Promise<void> {
    return this.#link.until<void>(
      (settle) =>
        this.status.subscribe(({ state, pending }) => {
          if (state === 'closed' || (state === 'open' && pending === 0)) settle();
        }),
      signal,
    );
  }

  exportWork(): Promise<Result<ExportedWork>> {
    return this.#link.read<ExportedWork>({ name: 'exportWork' });
  }

  goOffline(): void {
    this.#link.post({ type: 'goOffline' });
  }

  goOnline(): void {
    this.#link.post({ type: 'goOnline' });
  }

  async reopen(): Promise<Result<void>> {
    const result = await this.#link.ask<void>((request) => ({ type: 'reopen', request }));
    if (result.ok) void this.#askToPersist();
    return result;
  }

  close(): Promise<void> {
    return (this.#closing ??= this.#close());
  }

  async #close(): Promise<void> {
    this.#unwatched.abort();
    await Promise.race([
      this.#link.ask((request) => ({ type: 'close', request })),
      new Promise((resolve) => setTimeout(resolve, closeMsMax)),
    ]);
    this.#link.end();
    this.#worker.terminate();
    this.#link.status.set({ ...this.status.current, state: 'closed', link: 'offline', retryAt: null });
  }

  // A worker that failed once is not relied on any more; another tab's may lead.
  #broke(why: string): void {
    this.#unwatched.abort();
    this.#worker.terminate();
    this.#link.broke(why);
  }

  #whenOpen(): Promise<Result<void>> {
    return this.#link.until<Result<void>>((settle) =>
      this.status.subscribe(({ state, lastError }) => {
        if (state === 'open') settle(done(undefined));
        if (state === 'failed') settle(lastError ? failed(lastError.code, lastError.message) : failed('internal'));
        if (state === 'closed') settle(failed('unavailable', 'The client was closed.'));
      }),
    );
  }

  // Only a page can ask for this, and only it hears the answer.
  async #askToPersist(): Promise<void> {
    if (this.status.current.storage.kind !== 'opfs' || !navigator.storage?.persist) return;
    try {
      this.#link.post({ type: 'persisted', persisted: await navigator.storage.persist() });
    } catch {
      // Then it is not.
    }
  }

  // A page that goes away, into the back/forward cache, or to sleep, must not hold what other tabs need.
  #watchPage(): void {
    const { signal } = this.#unwatched;
    const suspend = () => this.#link.suspend();
    const resume = () => this.#link.post({ type: 'resume' });
    addEventListener('pagehide', suspend, { signal });
    addEventListener('pageshow', ({ persisted }) => void (persisted && resume()), { signal });
    document.addEventListener('freeze', suspend, { signal });
    document.addEventListener('resume', resume, { signal });
    addEventListener('online', () => this.#link.post({ type: 'online' }), { signal });
    const tellVisible = () => this.#link.post({ type: 'visible', visible: document.visibilityState !== 'hidden' });
    document.addEventListener('visibilitychange', tellVisible, { signal });
    tellVisible();
  }
}

class KeptWork implements Rejected {
  readonly #link: Link;

  constructor(link: Link) {
    this.#link = link;
  }

  get current(): readonly KeptOp[] {
    return this.#link.kept.current;
  }

  subscribe(listener: (kept: readonly KeptOp[]) => void): Unsubscribe {
    return this.#link.kept.subscribe(listener);
  }

  resubmit(op: string): Outcome {
    textArgument('op', op);
    const draft = this.current.find((kept) => kept.op === op)?.draft ?? uuidV7();
    return this.#link.perform({ op: uuidV7(), draft, name: 'resubmit', kept: op });
  }

  copyToNewDraft(draft: string, { title }: { readonly title: string }): Outcome {
    textArgument('draft', draft);
    textArgument('title', title);
    return this.#link.perform({ op: uuidV7(), draft: uuidV7(), name: 'copyKept', from: draft, title });
  }

  dismiss(op: string): Promise<Result<void>> {
    textArgument('op', op);
    return this.#link.dismiss(op);
  }

  export(): Promise<Result<ExportedWork>> {
    return this.#link.read<ExportedWork>({ name: 'exportWork' });
  }
}
