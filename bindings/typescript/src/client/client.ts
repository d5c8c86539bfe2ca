import { countArgument, textArgument } from './arguments.js';
import { DraftHandle } from './draft-handle.js';
import { decodeInvite } from './invites.js';
import { Link, type Port } from './link.js';
import { notify } from './observable.js';
import { TurnWatch } from './turns.js';
import { clearedStore, closedClient, done, erasedClient, failed } from '../shared/failure.js';
import { isUuid, uuidV7 } from '../shared/ids.js';
import type { FromWorker, OpenOptions } from '../shared/protocol.js';
import { initialStatus } from '../shared/status.js';
import type {
  AuthReason,
  Client,
  ClientOptions,
  Draft,
  DraftPage,
  ExportedWork,
  Failure,
  Forced,
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
} from '../types.js';

const pageDefault = 50;
const pageMax = 500;
const closeMsMax = 3_000;

/** Whoever does the work: a page's worker, or what stands for it in Node. */
export interface Performer extends Port {
  terminate(): void;
}

/** A client, wherever it runs; what is particular to pages or to Node is its subclass's. */
export class PortClient implements Client {
  readonly ready: Promise<Result<void>>;
  readonly rejected: Rejected;
  declare readonly [Symbol.asyncDispose]: () => Promise<void>;
  protected readonly link: Link;
  readonly #performer: Performer;
  #closing: Promise<void> | undefined;

  constructor(performer: Performer, auth: ClientOptions['auth'], options: OpenOptions) {
    this.#performer = performer;
    this.link = new Link(performer, async (reason: AuthReason) => await auth({ reason }));
    this.rejected = new KeptWork(this.link);
    this.link.post({ type: 'open', options });
    this.ready = this.#whenOpen();
    if (Symbol.asyncDispose) Object.defineProperty(this, Symbol.asyncDispose, { value: () => this.close() });
  }

  get status(): Observable<Status> {
    return this.link.status;
  }

  create({ title, platform = '', holdLimitMs = 0 }: NewDraft): Operation {
    textArgument('title', title);
    textArgument('platform', platform);
    const limit = countArgument('holdLimitMs', holdLimitMs, -1, Number.MAX_SAFE_INTEGER, 0);
    return this.link.perform({ op: uuidV7(), draft: uuidV7(), name: 'create', title, platform, holdLimitMs: limit });
  }

  acceptInvite(code: string): Operation {
    textArgument('code', code);
    const decoded = decodeInvite(code);
    if (decoded) return this.link.perform({ op: uuidV7(), name: 'acceptInvite', ...decoded });
    const refusal = Promise.resolve(failed('inviteInvalid', 'This is not the whole link of an invite. Copy it again.'));
    return { op: uuidV7(), draft: '', local: refusal, server: refusal };
  }

  draft(id: string): Draft {
    if (!isUuid(id)) throw new TypeError('a draft id is a UUID');
    return new DraftHandle(this.link, id);
  }

  list({ after, limit, signal }: ListRange = {}): Promise<Result<DraftPage>> {
    if (after) {
      countArgument('after.updatedAt', after.updatedAt, 0, Number.MAX_SAFE_INTEGER, 0);
      textArgument('after.id', after.id);
    }
    return this.link.read<DraftPage>(
      { name: 'list', after: after ?? null, limit: countArgument('limit', limit, 1, pageMax, pageDefault) },
      signal,
    );
  }

  subscribeList(listener: (change: ListChange) => void, { limit }: ListOptions = {}): Unsubscribe {
    return this.link.subscribeList(countArgument('limit', limit, 1, pageMax, pageDefault), listener);
  }

  subscribeTurns(listener: (change: TurnChange) => void): Unsubscribe {
    const watch = new TurnWatch(() => this.status.current.user?.id ?? null);
    return this.link.subscribeList(pageDefault, (change) => {
      for (const turn of watch.apply(change)) notify(listener, turn);
    });
  }

  whenSynced({ signal }: Waiting = {}): Promise<void> {
    return this.link.whenSynced(signal);
  }

  exportWork(): Promise<Result<ExportedWork>> {
    return this.link.read<ExportedWork>({ name: 'exportWork' });
  }

  async persist(): Promise<boolean> {
    await this.ready;
    return this.status.current.storage.persisted;
  }

  exportReplica(): Promise<Result<Uint8Array<ArrayBuffer>>> {
    return this.link.read<Uint8Array<ArrayBuffer>>({ name: 'exportReplica' });
  }

  async importReplica(copy: Uint8Array, { force = false }: Forced = {}): Promise<Result<void>> {
    if (!(copy instanceof Uint8Array)) throw new TypeError('copy must be a Uint8Array');
    const own = new Uint8Array(copy); // the caller's may change, or be a view of something larger
    return this.link.ask<void>((request) => ({ type: 'importReplica', request, copy: own, force }));
  }

  async clear({ force = false }: Forced = {}): Promise<Result<void>> {
    const result = await this.link.ask<void>((request) => ({ type: 'clear', request, force }));
    if (result.ok) await this.#closeCleared();
    return result;
  }

  goOffline(): void {
    this.link.post({ type: 'goOffline' });
  }

  goOnline(): void {
    this.link.post({ type: 'goOnline' });
  }

  reopen(): Promise<Result<void>> {
    return this.link.ask<void>((request) => ({ type: 'reopen', request }));
  }

  close(): Promise<void> {
    return (this.#closing ??= this.#close(closedClient));
  }

  async #close(why: Failure): Promise<void> {
    this.ended();
    let timer: ReturnType<typeof setTimeout> | undefined;
    await Promise.race([
      this.link.close(),
      new Promise((resolve) => void (timer = setTimeout(resolve, closeMsMax))),
    ]);
    clearTimeout(timer); // in Node it would keep the process running
    this.link.end(why);
    this.#performer.terminate();
    this.link.status.set({ ...this.status.current, state: 'closed', link: 'offline', retryAt: null });
  }

  /** The store is nobody's any more. */
  async #closeCleared(): Promise<void> {
    this.erased();
    await (this.#closing ??= this.#close(erasedClient));
    this.link.status.set({ ...initialStatus, state: 'closed', online: false, lastError: { ...clearedStore, at: Date.now() } });
  }

  /** Takes what the performer says. */
  protected heard(message: FromWorker): void {
    this.link.handle(message);
    if (message.type === 'news' && message.cleared) void this.#closeCleared();
  }

  /** The performer died: nothing is asked of it any more. */
  protected broke(why: string): void {
    this.ended();
    this.#performer.terminate();
    this.link.broke(why);
  }

  /** Nothing more is to be told to the performer. */
  protected ended(): void {}

  /** What is kept beside the store goes with it. */
  protected erased(): void {}

  #whenOpen(): Promise<Result<void>> {
    return this.link.until<Result<void>>((settle) =>
      this.status.subscribe(({ state, lastError }) => {
        if (state === 'open') settle(done(undefined));
        if (state === 'failed') settle(lastError ? failed(lastError.code, lastError.message) : failed('internal'));
        if (state === 'closed') settle(failed('unavailable', 'The client was closed.'));
      }),
    );
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
