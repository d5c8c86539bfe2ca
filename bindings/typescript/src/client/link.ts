/** The page's end of the conversation with the worker: who waits for what, and who is told. */
import { closedClient, done, failed, failure, isErrorCode } from '../shared/failure.js';
import { uuidV7 } from '../shared/ids.js';
import { keptAfter } from '../shared/kept.js';
import type { FromWorker, News, OpRequest, ReadRequest, SettledOp, ToWorker } from '../shared/protocol.js';
import { initialStatus } from '../shared/status.js';
import type {
  AuthReason,
  DraftChange,
  Failure,
  KeptOp,
  ListChange,
  Operation,
  Presence,
  Receipt,
  Result,
  Status,
  Stored,
  Unsubscribe,
} from '../types.js';
import type { Seat } from './attending.js';
import { DraftView } from './draft-view.js';
import { ListView } from './list-view.js';
import { notify, Value } from './observable.js';

/** The part of a Worker that is used; in tests, anything. */
export interface Port {
  postMessage(message: ToWorker): void;
}

/** Who waits to hear of an op. */
interface Performing {
  readonly draft: string;
  /** Until it is stored. */
  unsaid: OpRequest | null;
  readonly local: (result: Result<Stored>) => void;
  readonly server: (result: Result<Receipt>) => void;
}

const listLimitMax = 500;
/** The worker begins with so many while the page is still calling. */
const opsPerMessage = 1_000;

export class Link {
  readonly status = new Value<Status>(initialStatus);
  readonly kept = new Value<readonly KeptOp[]>([]);
  readonly #port: Port;
  readonly #auth: (reason: AuthReason) => Promise<string>;

  #lastRequest = 0;
  #ops: OpRequest[] = [];
  /** By op, until it is settled. */
  readonly #performing = new Map<string, Performing>();
  /** By request. */
  readonly #asking = new Map<number, (result: Result<unknown>) => void>();
  readonly #drafts = new Map<number, { readonly view: DraftView; readonly listener: (change: DraftChange) => void }>();
  readonly #seats = new Map<number, (people: readonly Presence[]) => void>();
  readonly #lists = new Map<number, { readonly view: ListView; readonly limit: number; readonly listener: (change: ListChange) => void }>();
  /** Called after each news, and at the end. */
  readonly #watching = new Set<() => void>();
  /** Why no call is taken any more; set once the end has begun. */
  #closing: Failure | null = null;
  #ended: Failure | null = null;

  constructor(port: Port, auth: (reason: AuthReason) => Promise<string>) {
    this.#port = port;
    this.#auth = auth;
  }

  /** Takes a message of the worker's. */
  handle(message: FromWorker): void {
    if (this.#ended) return;
    switch (message.type) {
      case 'news':
        return this.#heard(message);
      case 'answer':
        return this.#heardAnswer(message);
      case 'auth':
        this.#auth(message.reason)
          .then(textOnly)
          .then(
            (token) => this.post({ type: 'token', request: message.request, token }),
            (error: unknown) => this.post({ type: 'noToken', request: message.request, why: String(error) }),
          );
    }
  }

  #heardAnswer({ request, result }: Extract<FromWorker, { readonly type: 'answer' }>): void {
    const answered = this.#asking.get(request);
    this.#asking.delete(request);
    answered?.('json' in result ? done(JSON.parse(result.json)) : result);
  }

  post(message: ToWorker): void {
    if (!this.#ended) this.#port.postMessage(message);
  }

  // --- what the user does -----------------------------------------------------------------------------------

  perform(op: OpRequest): Operation {
    const why = this.#closing ?? (isWellFormed(op) ? null : failure('invalidText'));
    if (why) {
      const refused = Promise.resolve({ ok: false, error: why } as const);
      return { op: op.op, draft: op.draft, local: refused, server: refused };
    }
    const operation = this.#awaiting(op);
    // What is called in one go goes over together.
    const waiting = this.#ops.push(op);
    if (waiting === 1) queueMicrotask(() => this.#flush());
    if (waiting === opsPerMessage) this.#flush();
    return operation;
  }

  /** Ops of a page that is gone, of which it is not known whether they are stored. */
  performAgain(ops: readonly OpRequest[]): Operation[] {
    const operations = ops.map((op) => this.#awaiting(op));
    this.post({ type: 'perform', ops, again: true });
    return operations;
  }

  #awaiting(op: OpRequest): Operation {
    let local: Performing['local'];
    let server: Performing['server'];
    const operation = {
      op: op.op,
      draft: op.draft,
      local: new Promise<Result<Stored>>((resolve) => void (local = resolve)),
      server: new Promise<Result<Receipt>>((resolve) => void (server = resolve)),
    };
    this.#performing.set(op.op, { draft: op.draft, unsaid: op, local: local!, server: server! });
    return operation;
  }

  /** For what has no receipt. */
  async dismiss(kept: string): Promise<Result<void>> {
    const { local } = this.perform({ op: uuidV7(), draft: '', name: 'dismiss', kept });
    const result = await local;
    return result.ok ? done(undefined) : result;
  }

  #flush(): void {
    if (this.#ops.length === 0) return;
    this.post({ type: 'perform', ops: this.#ops });
    this.#ops = [];
  }

  #end(op: string, error: Failure | null): void {
    const performing = this.#performing.get(op);
    if (!performing) return;
    this.#performing.delete(op);
    const { draft, local, server } = performing;
    local(error ? { ok: false, error } : done({ op, draft, effect: 'shown' }));
    if (error) server({ ok: false, error });
  }

  #settle(settled: SettledOp): void {
    this.#performing.get(settled.op)?.server('error' in settled ? { ok: false, error: known(settled.error) } : done(settled));
    this.#performing.delete(settled.op);
  }

  // --- what is seen -----------------------------------------------------------------------------------------

  read<T>(what: ReadRequest, signal?: AbortSignal): Promise<Result<T>> {
    return this.ask<T>((request) => ({ type: 'read', request, what }), signal);
  }

  ask<T>(make: (request: number) => ToWorker, signal?: AbortSignal): Promise<Result<T>> {
    if (this.#closing) return Promise.resolve({ ok: false, error: this.#closing });
    return this.until<Result<T>>((settle) => {
      this.#flush();
      const request = ++this.#lastRequest;
      this.#asking.set(request, settle as (result: Result<unknown>) => void);
      this.post(make(request));
      return () => void this.#asking.delete(request);
    }, signal);
  }

  /** Waits for `settle` to be called; `start` returns how to give up. */
  until<T>(start: (settle: (value: T) => void) => Unsubscribe, signal?: AbortSignal): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      if (signal?.aborted) {
        reject(signal.reason);
        return;
      }
      let stop: Unsubscribe | undefined;
      let isSettled = false;
      const aborted = () => {
        stop?.();
        reject(signal!.reason);
      };
      const settle = (value: T) => {
        isSettled = true;
        signal?.removeEventListener('abort', aborted);
        stop?.();
        resolve(value);
      };
      signal?.addEventListener('abort', aborted, { once: true });
      stop = start(settle);
      if (isSettled) stop();
    });
  }

  /** Why there is nothing to wait for any more; null: there is. */
  get ended(): Failure | null {
    return this.#ended;
  }

  /** Calls `look` now, after whatever is heard, and at the end. */
  watch(look: () => void): Unsubscribe {
    const entry = () => look();
    this.#watching.add(entry);
    entry();
    return () => void this.#watching.delete(entry);
  }

  /** Resolves when no op waits for its receipt, those included that are on their way to the worker; or at the end. */
  whenSynced(signal?: AbortSignal): Promise<void> {
    return this.until<void>((settle) => this.watch(() => this.#isSynced() && settle()), signal);
  }

  #isSynced(): boolean {
    const { state, pending } = this.status.current;
    return this.#ended !== null || (state === 'open' && pending === 0 && this.#performing.size === 0);
  }

  subscribeDraft(draft: string, tail: number, listener: (change: DraftChange) => void): Unsubscribe {
    const subscription = ++this.#lastRequest;
    this.#drafts.set(subscription, { view: new DraftView(), listener });
    this.#flush();
    this.post({ type: 'subscribe', subscription, draft, tail });
    return () => {
      if (this.#drafts.delete(subscription)) this.post({ type: 'unsubscribe', subscription });
    };
  }

  attend(draft: string, listener: (people: readonly Presence[]) => void): Seat {
    const subscription = ++this.#lastRequest;
    const say = (typing: boolean) => this.post({ type: 'present', subscription, draft, typing });
    this.#seats.set(subscription, listener);
    say(false);
    return {
      say,
      leave: () => {
        if (this.#seats.delete(subscription)) this.post({ type: 'unsubscribe', subscription });
      },
    };
  }

  subscribeList(limit: number, listener: (change: ListChange) => void): Unsubscribe {
    const subscription = ++this.#lastRequest;
    this.#lists.set(subscription, { view: new ListView(), limit: Math.min(limit, listLimitMax), listener });
    this.#watchList();
    return () => {
      if (this.#lists.delete(subscription)) this.#watchList();
    };
  }

  #watchList(): void {
    const limit = Math.max(0, ...[...this.#lists.values()].map((list) => list.limit));
    this.post({ type: 'watchList', limit });
  }

  #heard(news: News): void {
    if (news.kept) this.kept.set(keptAfter(this.kept.current, news.kept));
    for (const change of news.feeds ?? []) {
      const subscriber = this.#drafts.get(change.subscription);
      if (subscriber && !('error' in change)) notify(subscriber.listener, subscriber.view.apply(change));
    }
    for (const { subscription, people } of news.presence ?? []) {
      const listener = this.#seats.get(subscription);
      if (listener) notify(listener, people);
    }
    if (news.list) this.#heardList(news.list);
    if (news.status) this.status.set(news.status);
    if (news.stored) this.#heardStored(news.stored, new Set(news.waiting));
    for (const { op, error } of news.ended ?? []) this.#end(op, error);
    for (const settled of news.settled ?? []) this.#settle(settled);
    this.#look();
  }

  #look(): void {
    for (const look of [...this.#watching]) look();
  }

  #heardStored(ops: readonly string[], waiting: ReadonlySet<string>): void {
    for (const op of ops) {
      const performing = this.#performing.get(op);
      if (!performing) continue;
      performing.unsaid = null;
      performing.local(done({ op, draft: performing.draft, effect: waiting.has(op) ? 'waiting' : 'shown' }));
    }
  }

  #heardList(list: NonNullable<News['list']>): void {
    for (const [subscription, { view, limit, listener }] of [...this.#lists]) {
      const change = this.#lists.has(subscription) && view.apply(list, limit);
      if (change) notify(listener, change);
    }
  }

  /** The page may not run any more after this. */
  suspend(): void {
    this.#flush();
    this.post({ type: 'suspend' });
  }

  /** Ops that are not known to be stored. */
  unsaid(): OpRequest[] {
    return [...this.#performing.values()].flatMap(({ unsaid }) => unsaid ?? []);
  }

  // --- the end ----------------------------------------------------------------------------------------------

  /** The worker stores what was called before, and says so; what is called from now on is refused. */
  close(): Promise<Result<void>> {
    const closed = this.ask<void>((request) => ({ type: 'close', request }));
    this.#closing ??= closedClient;
    return closed;
  }

  /** Answers everybody who waits; nothing is sent or told from now on. */
  end(why: Failure = closedClient): void {
    if (this.#ended) return;
    this.#closing = this.#ended = why;
    const refusal = { ok: false, error: why } as const;
    for (const { local, server } of this.#performing.values()) {
      local(refusal);
      server(refusal);
    }
    for (const resolve of this.#asking.values()) resolve(refusal);
    this.#performing.clear();
    this.#asking.clear();
    this.#drafts.clear();
    this.#seats.clear();
    this.#lists.clear();
    this.#look();
  }

  /** The worker could not be started, or died. */
  broke(detail: string): void {
    const why = failure('internal', `The worker failed: ${detail}. Check workerUrl and wasmUrl; your work is kept.`);
    this.end(why);
    this.status.set({ ...this.status.current, state: 'failed', link: 'offline', lastError: { ...why, at: Date.now() } });
  }
}

/** An app whose user has just signed out has often none to return: nothing that the worker could take for a token. */
function textOnly(token: unknown): string {
  if (typeof token === 'string') return token;
  throw new TypeError('auth returned no text');
}

/** Whether no text in it holds half of a character. */
function isWellFormed(op: OpRequest): boolean {
  for (const name in op) {
    const value: unknown = op[name as keyof OpRequest];
    if (typeof value === 'string' && !isWellFormedText(value)) return false;
  }
  return true;
}

function isWellFormedText(text: string): boolean {
  type Modern = string & { isWellFormed?(): boolean };
  return (text as Modern).isWellFormed?.() ?? !/\p{Surrogate}/u.test(text);
}

/** Another tab's worker may be a newer one. */
function known(error: Failure): Failure {
  return isErrorCode(error.code) ? error : failure('internal');
}
