/**
 * The worker's heart: takes what the client says and what the server says, in order, and sees to it that the store
 * has it before anyone is told.
 *
 *   ops, server messages ──> module.perform(), receive() …   as they come
 *                        ──> commit                          once for all that waited: one flush
 *                        ──> messages to the server, one News to the client
 *
 * Nothing in here touches a browser API: what it needs is in {@link EngineEnvironment}.
 */
import { clearedStore, closedClient, done, failed, failure, isErrorCode, textOf } from '../shared/failure.js';
import type { EndedOp, FeedChange, FromWorker, News, OpenOptions, OpIds, OpRequest, ReadRequest, SettledOp, ToWorker } from '../shared/protocol.js';
import { defaultLimits, noStorage } from '../shared/status.js';
import type {
  DraftSummary,
  ExportedWork,
  Failure,
  KeptOp,
  Link,
  Result,
  SegmentPage,
  Status,
  StorageStatus,
} from '../types.js';
import { Attendance } from './attendance.js';
import { Connection, type Socket, type Timers } from './connection.js';
import { eraseContent, FilesError, replaceContent, type StoreFiles } from './files.js';
import { Host } from './host.js';
import {
  Faulted,
  Module,
  Refused,
  type Committed,
  type DetailedFailure,
  type DeviceRecord,
  type Done,
  type Json,
  type OpOutcome,
  type Performed,
  type Standing,
} from './module.js';
import { ReadAhead } from './read-ahead.js';
import { Throttle } from './throttle.js';
import { TokenRequests } from './token-requests.js';
import { Watchdog } from './watchdog.js';

export interface EngineEnvironment extends Timers {
  readonly post: (message: FromWorker) => void;
  readonly compile: (wasmUrl: string | null) => Promise<WebAssembly.Module>;
  /** What {@link openFiles} gives. */
  readonly filesKind: 'opfs' | 'file';
  readonly openFiles: (name: string) => Promise<StoreFiles>;
  readonly closeFiles: (files: StoreFiles) => void;
  readonly connect: (url: string, subprotocol: string) => Socket;
  /** Runs `work` as a task of its own, behind messages that have arrived by now. */
  readonly soon: (work: () => void) => void;
  /** Bytes used and available; null where that is not known. */
  readonly estimate: () => Promise<{ usage: number | null; quota: number | null }>;
  /** For people who look into the console. */
  readonly warn: (text: string) => void;
}

const listEveryMs = 50;
const estimateEveryMs = 10_000;
const busyAgainMs = 1_000;

/** Messages that need the store. */
const asked: ReadonlySet<ToWorker['type']> = new Set(['perform', 'read', 'reopen', 'follow', 'importReplica', 'clear'] as const);

type Store =
  | { readonly kind: 'closed' }
  | { readonly kind: 'opening' }
  | { readonly kind: 'open'; readonly module: Module; readonly files: StoreFiles | null }
  | { readonly kind: 'failed'; readonly why: Failure };

export class Engine {
  readonly #environment: EngineEnvironment;
  readonly #host: Host;
  #options: OpenOptions | undefined;
  #compiled: WebAssembly.Module | undefined;
  #connection: Connection | undefined;
  #wantsOnline = false;
  #store: Store = { kind: 'closed' };
  #opening: Promise<unknown> = Promise.resolve();
  #busyTimer: number | undefined;
  /** What came while the store was being opened. */
  #waiting: ToWorker[] = [];

  /** Performed and not committed yet, in order, and those of them that wait for the authority. */
  #uncommitted: OpRequest[] = [];
  #uncommittedWaiting: string[] = [];
  #commitScheduled = false;
  /** Told with the next news. */
  #refusals: EndedOp[] = [];

  readonly #subscriptions = new Map<number, { readonly draft: string; readonly tail: number }>();
  readonly #attendance = new Attendance();
  readonly #ahead: ReadAhead;
  #listLimit = 0;
  readonly #list: Throttle;

  #standing: Standing = { link: 'offline', pending: 0, kept: 0 };
  #record: DeviceRecord | null = null;
  #storage: StorageStatus = noStorage;
  #estimatedAt = -Infinity;
  #lastError: Status['lastError'] = null;
  #lastErrorConcerns: 'storage' | 'link' | 'copy' = 'link';
  readonly #watchdog: Watchdog;
  #isRecovering = false;
  #pushTimer: number | undefined;
  #status: Status | undefined;

  readonly #tokens: TokenRequests;

  constructor(environment: EngineEnvironment) {
    this.#environment = environment;
    this.#host = new Host(() => environment.now());
    this.#ahead = new ReadAhead(environment.soon, (range) => this.#readAhead(range));
    this.#list = new Throttle(environment, listEveryMs, () => this.#tellList());
    this.#watchdog = new Watchdog(environment, () => this.#stalled());
    this.#tokens = new TokenRequests((request, reason) => environment.post({ type: 'auth', request, reason }));
  }

  /** Takes a message of the client's. */
  handle(message: ToWorker): void {
    if (this.#mustWait(message)) {
      this.#waiting.push(message);
      return;
    }
    switch (message.type) {
      case 'open':
        return this.#begin(message.options);
      case 'perform':
        return message.again ? this.#performAgain(message.ops) : this.#perform(message.ops);
      case 'follow':
        return this.#tellSettled(message.ops);
      case 'read':
        return this.#answer(message.request, this.#read(message.what));
      case 'subscribe':
        return this.#subscribe(message.subscription, message.draft, message.tail);
      case 'unsubscribe':
        return this.#unsubscribe(message.subscription);
      case 'present':
        return this.#present(message.subscription, message.draft, message.typing);
      case 'watchList':
        this.#listLimit = message.limit;
        return this.#tellListSoon(0);
      case 'token':
        return this.#tokens.give(message.request, message.token);
      case 'noToken':
        return this.#tokens.refuse(message.request, message.why);
      case 'goOnline':
        this.#wantsOnline = true;
        this.#connect();
        return this.#tell({});
      case 'goOffline':
        this.#wantsOnline = false;
        this.#connection?.goOffline();
        return this.#tell({});
      case 'persisted':
        this.#storage = { ...this.#storage, persisted: message.persisted };
        return this.#tell({});
      case 'online':
        return this.#connection?.hurry();
      case 'importReplica':
        return this.#answer(message.request, this.#import(message.copy, message.force));
      case 'clear':
        return this.#clear(message.request, message.force);
      case 'reopen':
        return void this.#open().then((result) => this.#answer(message.request, result));
    }
  }

  /** For the store. Whoever has its files may have been asked the same, and do it yet: only then it is known what came of it. */
  #mustWait(message: ToWorker): boolean {
    if (this.#store.kind === 'opening') return asked.has(message.type);
    return this.#busyTimer !== undefined && (message.type === 'follow' || (message.type === 'perform' && message.again === true));
  }

  /** Stores what waits, ends the connection, lets go of the files. */
  async close(): Promise<void> {
    await this.#opening; // what waited for it is done then
    this.#release();
  }

  // --- opening and closing --------------------------------------------------------------------------------

  #begin(options: OpenOptions): void {
    this.#options = options;
    this.#connection = new Connection(
      {
        ...this.#environment,
        url: options.url,
        token: (reason) => this.#tokens.ask(reason),
      },
      {
        opened: (token) => this.#withModule((module) => module.connected(token)),
        received: (message) => this.#received(message),
        closed: () => this.#withModule((module) => module.disconnected()),
        refreshed: (token) => this.#withModule((module) => module.refresh(token)),
        heartbeat: () => this.#withModule((module) => module.tick()),
        changed: (why) => this.#connectionChanged(why),
      },
    );
    this.#wantsOnline = !options.startOffline;
    void this.#open();
  }

  #connect(): void {
    if (this.#wantsOnline && this.#store.kind === 'open') this.#connection!.goOnline();
  }

  /** `held`: files that are open already. */
  #open(held?: StoreFiles): Promise<Result<void>> {
    const opening = this.#store.kind === 'open' ? Promise.resolve(done(undefined)) : this.#openStore(held);
    this.#opening = opening;
    return opening;
  }

  async #openStore(held?: StoreFiles): Promise<Result<void>> {
    this.#environment.clearTimeout(this.#busyTimer);
    this.#busyTimer = undefined;
    this.#store = { kind: 'opening' };
    this.#tell({});
    try {
      const compiling = this.#compile();
      const { files, fallback } = held ? { files: held, fallback: null } : await this.#openFiles();
      await this.#closeUnless(compiling, files);
      const { filesKind } = this.#environment;
      const isKept = files !== null && filesKind === 'file'; // nobody evicts what is no browser's
      this.#storage = { ...this.#storage, kind: files ? filesKind : 'memory', fallback, persisted: isKept || this.#storage.persisted };
      this.#clearError('storage');
      this.#start(files);
    } catch (error) {
      const why = error instanceof FilesError || error instanceof Refused ? error.failure : failure('internal');
      this.#environment.warn(`OneRing: the storage could not be opened. ${textOf(error)}`);
      this.#store = { kind: 'failed', why };
      this.#storage = noStorage;
      this.#setError(why, 'storage');
      if (error instanceof FilesError && error.kind === 'busy') this.#openWhenFree();
    }
    const result: Result<void> = this.#store.kind === 'failed' ? { ok: false, error: this.#store.why } : done(undefined);
    this.#tell(this.#keptNews());
    this.#tellListSoon(0);
    for (const message of this.#waiting.splice(0)) this.handle(message);
    this.#connect();
    void this.#estimate();
    return result;
  }

  /** Someone who is not to be talked to has the files, a frozen tab perhaps: `failed`, and asked for until they are free. */
  #openWhenFree(): void {
    this.#busyTimer = this.#environment.setTimeout(() => {
      this.#environment.openFiles(this.#options!.storage.name).then(
        (files) => (this.#store.kind === 'failed' ? void this.#open(files) : this.#environment.closeFiles(files)),
        (error: unknown) => {
          if (this.#store.kind !== 'failed') return;
          if (error instanceof FilesError && error.kind === 'busy') this.#openWhenFree();
          else void this.#open();
        },
      );
    }, busyAgainMs);
  }

  /** Goes on while the files are opened. What goes wrong is told to whoever awaits it. */
  #compile(): Promise<void> {
    const compiling = this.#compiled
      ? Promise.resolve()
      : this.#environment.compile(this.#options!.wasmUrl).then((compiled) => void (this.#compiled = compiled));
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

  async #openFiles(): Promise<{ files: StoreFiles | null; fallback: string | null }> {
    const { kind, name } = this.#options!.storage;
    if (kind === 'memory') return { files: null, fallback: null };
    try {
      return { files: await this.#environment.openFiles(name), fallback: null };
    } catch (error) {
      const mayFallBack = kind === 'auto' && error instanceof FilesError && error.kind === 'none';
      if (!mayFallBack) throw error;
      return { files: null, fallback: error.message };
    }
  }

  /** A new instance over `files`. Throws what opening throws; the files are closed then. */
  #start(files: StoreFiles | null): void {
    try {
      this.#instantiate(files);
    } catch (error) {
      if (files) this.#environment.closeFiles(files);
      throw error;
    }
    this.#feedAll();
  }

  #instantiate(files: StoreFiles | null): void {
    this.#ahead.forget();
    this.#host.provide(files ?? undefined);
    const module = new Module(this.#compiled!, this.#host, () => this.#environment.now());
    const { record, ...standing } = module.open(files?.name ?? '', this.#options!.user);
    this.#record = record;
    this.#standing = standing;
    this.#store = { kind: 'open', module, files };
    for (const draft of this.#attendance.drafts()) module.present(draft, this.#attendance.at(draft));
  }

  /** Stores what waits, ends the connection, lets go of the files. */
  #release(): void {
    this.#commit();
    this.#connection?.goOffline();
    this.#commit();
    const store = this.#store;
    this.#store = { kind: 'closed' };
    if (store.kind === 'open') {
      try {
        store.module.close();
      } catch (error) {
        this.#environment.warn(`OneRing: the storage was not closed properly. ${textOf(error)}`);
      }
      if (store.files) this.#environment.closeFiles(store.files);
    }
    this.#host.provide(undefined);
    for (const timer of [this.#pushTimer, this.#busyTimer]) this.#environment.clearTimeout(timer);
    this.#list.end();
    this.#watchdog.end();
    this.#tell({});
  }

  // --- the store as a whole -----------------------------------------------------------------------------------

  /** Why the store must not be replaced or erased; undefined: it may be. */
  #holdsWork(force: boolean): Failure | undefined {
    const { pending, kept } = this.#standing;
    if (force || pending + kept === 0) return undefined;
    return failure('notAllowed', `There is work here that the server does not have: ${pending} pending, ${kept} not accepted. Sync or export it first, or force it.`);
  }

  #exportReplica(module: Module, files: StoreFiles | null): Result<Uint8Array> {
    if (!files) return failed('storageUnavailable', 'There is no file to copy: this storage is in memory.');
    module.checkpoint();
    const database = files.files[0]!;
    const copy = new Uint8Array(database.getSize());
    database.read(copy, { at: 0 });
    return done(copy);
  }

  #import(copy: Uint8Array, force: boolean): Result<void> {
    this.#commit();
    if (this.#store.kind !== 'open') return { ok: false, error: this.#unusable()! };
    const { module, files } = this.#store;
    if (!files) return failed('storageUnavailable', 'There is no file to replace: this storage is in memory.');
    const why = this.#holdsWork(force);
    if (why) return { ok: false, error: why };
    if (!isDatabase(copy)) return failed('storageUnavailable', 'This is not a copy of a OneRing storage. Nothing was changed.');
    let pending: readonly OpIds[];
    let before: Result<Uint8Array>;
    try {
      pending = module.pending();
      before = this.#exportReplica(module, files);
    } catch (error) {
      return { ok: false, error: this.#faultOf(error) };
    }
    if (!before.ok) return before;
    this.#connection!.goOffline();
    const refusal = this.#replace(files, copy, before.value);
    this.#feedAll();
    this.#tellSettled(pending);
    this.#tell(this.#keptNews());
    this.#tellListSoon(0);
    this.#connect();
    return refusal ? { ok: false, error: refusal } : done(undefined);
  }

  /** Opens `copy` in the place of what there was; why it could not be opened, and then there is what was. */
  #replace(files: StoreFiles, copy: Uint8Array, before: Uint8Array): Failure | undefined {
    try {
      if (this.#store.kind === 'open') this.#store.module.close();
      replaceContent(files.files, copy);
      this.#instantiate(files);
      return undefined;
    } catch (error) {
      this.#environment.warn(`OneRing: the copy could not be opened. ${textOf(error)}`);
      try {
        replaceContent(files.files, before);
        this.#instantiate(files);
      } catch (again) {
        this.#environment.warn(`OneRing: nor could what was there before. ${textOf(again)}`);
        this.#storeFailed(failure('storageUnavailable'));
      }
      return error instanceof Refused || error instanceof FilesError ? plain(error.failure) : failure('internal');
    }
  }

  #clear(request: number, force: boolean): void {
    this.#commit();
    const why = this.#store.kind === 'open' ? this.#holdsWork(force) : this.#unusable();
    if (why || this.#store.kind !== 'open') return this.#answer(request, { ok: false, error: why ?? closedClient });
    const { module, files } = this.#store;
    this.#wantsOnline = false;
    this.#connection!.goOffline();
    let result: Result<void> = done(undefined);
    try {
      module.close();
      if (files) eraseContent(files.files);
    } catch (error) {
      this.#environment.warn(`OneRing: the storage could not be erased. ${textOf(error)}`);
      result = { ok: false, error: failure('storageUnavailable') };
    }
    if (files) this.#environment.closeFiles(files);
    this.#host.provide(undefined);
    this.#store = { kind: 'failed', why: clearedStore };
    this.#storage = noStorage;
    this.#record = null;
    this.#standing = { link: 'offline', pending: 0, kept: 0 };
    this.#setError(result.ok ? clearedStore : result.error, 'storage');
    this.#answer(request, result);
    this.#tell({ kept: [], ...(result.ok && { cleared: true }) });
  }

  /** Why nothing can be done now; undefined: it can. */
  #unusable(): Failure | undefined {
    if (this.#store.kind === 'failed') return this.#store.why;
    return this.#store.kind === 'open' ? undefined : closedClient;
  }

  // --- what the user does -----------------------------------------------------------------------------------

  #perform(ops: readonly OpRequest[]): void {
    const why = this.#unusable();
    if (why || this.#store.kind !== 'open') {
      this.#refuse(ops, why ?? closedClient);
    } else {
      try {
        this.#performed(ops, this.#store.module.perform(ops));
      } catch (error) {
        this.#refuse(ops, this.#faultOf(error));
      }
    }
    this.#commitSoon();
  }

  #performed(ops: readonly OpRequest[], { refused, waiting }: Performed): void {
    for (const at of waiting) this.#uncommittedWaiting.push(ops[at]!.op);
    if (refused.length === 0) {
      for (const op of ops) this.#uncommitted.push(op);
      return;
    }
    const why = new Map(refused.map(({ at, error }) => [at, plain(error)]));
    ops.forEach((op, at) => {
      const error = why.get(at);
      if (error) this.#refusals.push({ op: op.op, error });
      else this.#uncommitted.push(op);
    });
  }

  #refuse(ops: readonly OpRequest[], error: Failure): void {
    for (const { op } of ops) this.#refusals.push({ op, error });
  }

  /** Ops that a leader before this one may have taken: what is known of them is told, the others are performed. */
  #performAgain(ops: readonly OpRequest[]): void {
    this.#commit();
    const { news, others } = this.#known(ops);
    this.#tell(news);
    if (others.length > 0) this.#perform(others);
  }

  /** What there is to tell of those that the store has, and those that it has not. */
  #known(ops: readonly OpRequest[]): { readonly news: Omit<News, 'type'>; readonly others: readonly OpRequest[] } {
    const known: OpRequest[] = [];
    const waiting: string[] = [];
    const settled: SettledOp[] = [];
    const others = ops.filter((op) => {
      const outcome = this.#outcomeOf(op);
      if (!outcome) return true;
      known.push(op);
      if (outcome.effect === 'waiting') waiting.push(op.op);
      if (outcome.settled) settled.push(outcome.settled);
      return false;
    });
    return { news: { ...storedNews(known, waiting), ...(settled.length > 0 && { settled }) }, others };
  }

  /** Tells what has become of ops whose receipt may have been told to nobody. */
  #tellSettled(ops: readonly OpIds[]): void {
    this.#commit();
    const settled = ops.flatMap(({ op, draft }) => {
      const outcome = this.#outcomeOf({ op, draft });
      if (!outcome) return [{ op, draft, error: failure('notFound', 'What became of this is not known on this device any more.') }];
      return outcome.settled ? [outcome.settled] : [];
    });
    if (settled.length > 0) this.#tell({ settled });
  }

  /** What is known here of an op; null: nothing. */
  #outcomeOf(op: OpRequest | OpIds): OpOutcome | null {
    if (this.#store.kind !== 'open') return null;
    if ('name' in op && op.name === 'dismiss') {
      const { kept } = this.#keptNews();
      return !kept || kept.some((each) => each.op === op.kept) ? null : { effect: 'shown' };
    }
    try {
      return this.#store.module.outcome(op.draft, op.op);
    } catch (error) {
      if (!(error instanceof Refused)) this.#faultOf(error);
      return null;
    }
  }

  // --- committing -----------------------------------------------------------------------------------------

  #commitSoon(): void {
    if (this.#commitScheduled) return;
    this.#commitScheduled = true;
    this.#environment.soon(() => this.#commit());
  }

  #commit(): void {
    this.#commitScheduled = false;
    if (this.#store.kind !== 'open') {
      this.#tell({});
      return;
    }
    let committed: Committed;
    try {
      committed = this.#store.module.commit();
    } catch (error) {
      this.#faultOf(error);
      return;
    }
    if (committed.committed) this.#committed(committed);
    else this.#faulted(committed);
  }

  #committed(committed: Done): void {
    const stored = storedNews(this.#uncommitted.splice(0), this.#uncommittedWaiting.splice(0));
    this.#advance(committed);
    if (stored.stored) this.#clearError('storage');
    if (committed.record) this.#record = committed.record;
    // Told with this news, and not forgotten with the next: whoever looks now and then shall see it (SPEC H3).
    if (committed.divergences) this.#setError(failure('divergence', 'A copy did not match the server’s log. It was set aside and is fetched anew.'), 'copy');
    this.#send();
    const { feeds, presence, settled } = committed;
    this.#tell({
      ...(presence && { presence: this.#attendance.heard(presence) }),
      ...(feeds && { feeds: this.#sound(feeds) }),
      ...(committed.keptChanged && this.#keptNews()),
      ...stored,
      ...(settled && { settled }),
    });
    if (committed.draftsChanged) {
      this.#ahead.forget();
      this.#tellListSoon();
    }
    if (committed.sendFault) this.#connection!.restart(plain(committed.sendFault));
    for (const { error, retryAfterMs } of committed.refused ?? []) this.#connection!.refused(error, retryAfterMs);
    void this.#estimateSometimes();
  }

  /** Follows the link and the outbox: watchdog, welcome, the next push. */
  #advance(standing: Standing & { readonly settled?: readonly SettledOp[] }): void {
    const before = this.#standing;
    const { link, pending, kept, pushAgainAt } = standing;
    this.#standing = { link, pending, kept, ...(pushAgainAt !== undefined && { pushAgainAt }) };
    const isWelcome = link === 'catchingUp' || link === 'live';
    const moved =
      (standing.settled?.length ?? 0) > 0 || pending < before.pending || before.pending === 0 || before.link !== link;
    if (moved) this.#moved();
    if (isWelcome) this.#connection?.welcome();
    if (link === 'live') this.#clearError('link');
    if (pushAgainAt !== before.pushAgainAt) this.#schedulePush(pushAgainAt);
  }

  #schedulePush(at: number | undefined): void {
    this.#environment.clearTimeout(this.#pushTimer);
    if (at === undefined) return;
    const inMs = Math.max(0, at - this.#environment.now());
    this.#pushTimer = this.#environment.setTimeout(() => this.#withModule((module) => module.tick()), inMs);
  }

  #send(): void {
    if (this.#store.kind !== 'open') return;
    for (let message = this.#store.module.nextMessage(); message; message = this.#store.module.nextMessage()) {
      this.#connection!.send(message);
    }
  }

  // --- faults -----------------------------------------------------------------------------------------------

  /** What an exception out of the module means to whoever called; the engine is in order again afterwards. */
  #faultOf(error: unknown): Failure {
    if (error instanceof Refused) return plain(error.failure);
    if (error instanceof Faulted) {
      this.#faulted(error.fault);
      return plain(error.fault.error);
    }
    return this.#crashed(error);
  }

  /**
   * Their callers hear of it with the next news. Where a commit has failed behind its last write, what it wrote is in the files,
   * and is there when they are opened anew: that is stored, once it is flushed.
   */
  #endUncommitted(why: Failure): void {
    const ops = this.#uncommitted.splice(0);
    this.#uncommittedWaiting = [];
    const { news, others } = this.#known(ops);
    if (others.length === ops.length) return this.#refuse(ops, why);
    try {
      this.#flush();
    } catch (error) {
      this.#environment.warn(`OneRing: the storage could not be flushed. ${textOf(error)}`);
      return this.#refuse(ops, why);
    }
    this.#refuse(others, why);
    this.#tell(news);
  }

  #flush(): void {
    if (this.#store.kind !== 'open' || !this.#store.files) return;
    const [database, , log] = this.#store.files.files;
    log!.flush();
    database!.flush();
  }

  /** The module has gone back to what was durable. */
  #faulted(fault: Extract<Committed, { committed: false }>): void {
    this.#ahead.forget();
    const error = plain(fault.error);
    this.#environment.warn(`OneRing: ${fault.error.code}: ${fault.error.detail ?? fault.error.message}`);
    this.#setError(error, 'storage');
    if (fault.open) {
      this.#advance({ link: 'offline', pending: 0, kept: 0, ...fault });
    } else {
      this.#storeFailed(error);
    }
    this.#endUncommitted(error);
    this.#tell({
      ...(fault.feeds && { feeds: this.#sound(fault.feeds) }),
      ...(fault.open && this.#keptNews()),
    });
    this.#tellListSoon();
    this.#connection?.restart(failure('unavailable'));
  }

  #storeFailed(why: Failure): void {
    if (this.#store.kind === 'open' && this.#store.files) this.#environment.closeFiles(this.#store.files);
    this.#host.provide(undefined);
    this.#store = { kind: 'failed', why };
    this.#storage = noStorage;
    this.#connection?.goOffline();
  }

  /** A trap: the instance cannot be used any more, what it stored can. But not where that is what it dies of. */
  #crashed(error: unknown): Failure {
    const why = failure('internal');
    this.#environment.warn(`OneRing: the module failed. ${error instanceof Error ? (error.stack ?? textOf(error)) : textOf(error)}`);
    this.#setError(why, 'storage');
    if (this.#isRecovering) this.#storeFailed(why);
    else this.#recover(why);
    return why;
  }

  #recover(why: Failure): void {
    if (this.#store.kind !== 'open') return;
    this.#isRecovering = true;
    try {
      this.#start(this.#store.files);
    } catch (error) {
      this.#environment.warn(`OneRing: the storage could not be opened again. ${textOf(error)}`);
      this.#store = { kind: 'closed' }; // start() has closed the files
      this.#storeFailed(error instanceof Refused ? plain(error.failure) : why);
    }
    this.#endUncommitted(why);
    this.#tell(this.#keptNews());
    this.#isRecovering = false;
    this.#connection?.restart(failure('unavailable'));
  }

  // --- what is seen ---------------------------------------------------------------------------------------

  #read(what: ReadRequest): Answer {
    this.#commit();
    if (this.#store.kind !== 'open') return { ok: false, error: this.#unusable()! };
    const { module } = this.#store;
    try {
      switch (what.name) {
        case 'draft': {
          const draft = module.draft(what.draft);
          return draft !== 'null' ? whole(draft) : { ok: false, error: failure('notFound', 'There is no such draft on this device.') };
        }
        case 'segments': {
          const page = this.#ahead.take(what) ?? module.segments(what.draft, what.from, what.to);
          this.#ahead.gave(what, page);
          return whole(page);
        }
        case 'history':
          return whole(module.history(what.draft, what.from, what.limit));
        case 'log':
          return whole(module.log(what.draft, what.from, what.to));
        case 'draftAt':
          return whole(module.draftAt(what.draft, what.seq));
        case 'verify':
          return done(module.verify(what.draft, what.from));
        case 'list':
          return whole(module.page(what.after, what.limit));
        case 'exportWork':
          return done(this.#exported(module));
        case 'exportReplica':
          return this.#exportReplica(module, this.#store.files);
      }
    } catch (error) {
      return { ok: false, error: this.#faultOf(error) };
    }
  }

  #readAhead({ draft, from, to }: { readonly draft: string; readonly from: number; readonly to: number }): Json<SegmentPage> | undefined {
    if (this.#store.kind !== 'open') return undefined;
    try {
      return this.#store.module.segments(draft, from, to);
    } catch (error) {
      this.#faultOf(error);
      return undefined;
    }
  }

  #exported(module: Module): ExportedWork {
    return {
      format: 'onering-work',
      version: 1,
      exportedAt: this.#environment.now(),
      user: this.#record?.user || null,
      pending: module.pending(),
      kept: module.kept(),
    };
  }

  #answer(request: number, result: Answer): void {
    this.#environment.post({ type: 'answer', request, result });
  }

  #subscribe(subscription: number, draft: string, tail: number): void {
    this.#subscriptions.set(subscription, { draft, tail });
    this.#commit();
    const change = this.#feed(subscription, draft, tail);
    if (change) this.#tell({ feeds: [change] });
  }

  #present(subscription: number, draft: string, typing: boolean): void {
    const people = this.#attendance.say(subscription, draft, typing);
    this.#withModule((module) => module.present(draft, this.#attendance.at(draft)));
    if (people) this.#tell({ presence: [{ subscription, people }] });
  }

  #unsubscribe(subscription: number): void {
    const left = this.#attendance.leave(subscription);
    if (left) return this.#withModule((module) => module.present(left, this.#attendance.at(left)));
    this.#subscriptions.delete(subscription);
    this.#withModule((module) => module.unsubscribe(subscription), { quietly: true });
  }

  #feed(subscription: number, draft: string, tail: number): FeedChange | undefined {
    if (this.#store.kind !== 'open') return undefined;
    try {
      return this.#sound([this.#store.module.subscribe(subscription, draft, tail)])[0];
    } catch (error) {
      this.#faultOf(error);
      return undefined;
    }
  }

  /** After the store was opened: subscribers of before go on with all of their draft. */
  #feedAll(): void {
    const feeds: FeedChange[] = [];
    for (const [subscription, { draft, tail }] of this.#subscriptions) {
      const change = this.#feed(subscription, draft, tail);
      if (change) feeds.push(change);
    }
    if (feeds.length > 0) this.#tell({ feeds });
  }

  /** Those that could be read; the others come with their next change. */
  #sound(feeds: readonly FeedChange[]): FeedChange[] {
    return feeds.filter((feed) => {
      if (!('error' in feed)) return true;
      this.#setError(plain(feed.error), 'storage');
      return false;
    });
  }

  #tellListSoon(afterMs?: number): void {
    if (this.#listLimit > 0) this.#list.ask(afterMs);
  }

  #tellList(): void {
    const list = this.#readList();
    if (list) this.#tell({ list });
  }

  #readList(): readonly DraftSummary[] | undefined {
    if (this.#store.kind !== 'open') return undefined;
    try {
      return this.#store.module.list(this.#listLimit).drafts.slice(0, this.#listLimit);
    } catch (error) {
      this.#faultOf(error);
      return undefined;
    }
  }

  /** Nothing where it cannot be read. */
  #keptNews(): Pick<News, 'kept'> {
    if (this.#store.kind !== 'open') return { kept: [] };
    try {
      return { kept: this.#store.module.kept() };
    } catch (error) {
      if (!(error instanceof Refused)) this.#faultOf(error);
      return {};
    }
  }

  // --- the link -----------------------------------------------------------------------------------------------

  #received(message: Uint8Array): void {
    if (this.#store.kind !== 'open') return;
    try {
      this.#store.module.receive(message);
      this.#commitSoon();
    } catch (error) {
      const why = this.#faultOf(error);
      this.#commit();
      this.#connection!.restart(why);
    }
  }

  /** Does something to the replica, if there is one, and commits soon. */
  #withModule(work: (module: Module) => void, { quietly = false } = {}): void {
    if (this.#store.kind !== 'open') return;
    try {
      work(this.#store.module);
      if (!quietly) this.#commitSoon();
    } catch (error) {
      this.#faultOf(error);
    }
  }

  #connectionChanged(why: Failure | null): void {
    if (why) this.#setError(why, 'link');
    this.#moved();
    this.#tell({});
  }

  // --- status -------------------------------------------------------------------------------------------------

  #moved(): void {
    this.#watchdog.moved(this.#isWelcome() && this.#standing.pending > 0);
  }

  #stalled(): void {
    this.#setError(failure('unavailable', 'Connected, but the server has confirmed nothing for a while. Your work is kept, and tried again.'), 'link');
    this.#tell({});
  }

  #isWelcome(): boolean {
    return (
      this.#connection?.state.kind === 'open' &&
      (this.#standing.link === 'live' || this.#standing.link === 'catchingUp')
    );
  }

  #link(): Link {
    switch (this.#connection?.state.kind) {
      case 'authorizing':
      case 'opening':
        return 'connecting';
      case 'open':
        if (this.#watchdog.isStalled && this.#isWelcome() && this.#standing.pending > 0) return 'stalled';
        return this.#standing.link === 'live' ? 'live' : 'connecting';
      case 'denied':
        return 'denied';
      default:
        return 'offline';
    }
  }

  #setError(error: Failure, concerns: 'storage' | 'link' | 'copy'): void {
    this.#lastError = { code: error.code, message: error.message, at: this.#environment.now() };
    this.#lastErrorConcerns = concerns;
  }

  #clearError(concerns: 'storage' | 'link'): void {
    if (this.#lastErrorConcerns === concerns) this.#lastError = null;
  }

  #presentStatus(): Status {
    const { user, display, device, limits } = this.#record ?? {};
    return {
      state: this.#store.kind === 'closed' ? 'opening' : this.#store.kind,
      link: this.#link(),
      online: this.#wantsOnline,
      retryAt: this.#connection?.retryAt ?? null,
      pending: this.#standing.pending,
      rejected: this.#standing.kept,
      storage: this.#storage,
      user: user ? { id: user, display: display ?? user } : null,
      device: device ?? null,
      limits: limits ?? defaultLimits,
      lastError: this.#lastError,
    };
  }

  async #estimateSometimes(): Promise<void> {
    if (this.#environment.now() - this.#estimatedAt >= estimateEveryMs) await this.#estimate();
  }

  #hasFiles(): boolean {
    return this.#store.kind === 'open' && this.#store.files !== null;
  }

  async #estimate(): Promise<void> {
    this.#estimatedAt = this.#environment.now();
    if (!this.#hasFiles()) return;
    const { usage, quota } = await this.#environment.estimate().catch(() => ({ usage: null, quota: null }));
    if (!this.#hasFiles()) return;
    this.#storage = { ...this.#storage, usage, quota };
    this.#tell({});
  }

  /** Posts what there is to tell, with the status where it is another one. */
  #tell(news: Omit<News, 'type' | 'status'>): void {
    const ended = [...this.#refusals.splice(0), ...(news.ended ?? [])];
    const status = this.#presentStatus();
    const told: News = {
      type: 'news',
      ...(!isSame(status, this.#status) && { status }),
      ...news,
      ...(ended.length > 0 && { ended }),
    };
    this.#status = status;
    if (Object.keys(told).length > 1) this.#environment.post(told);
  }
}

type Answer = Extract<FromWorker, { readonly type: 'answer' }>['result'];

function whole(json: string): Answer {
  return { ok: true, json };
}

/** As far as its first bytes tell. */
function isDatabase(copy: Uint8Array): boolean {
  const start = new TextDecoder().decode(copy.subarray(0, 16));
  return copy.length >= 512 && start === 'SQLite format 3\0';
}

/** Without what is for the console only. */
function plain({ code, message }: DetailedFailure): Failure {
  return isErrorCode(code) ? { code, message } : failure('internal');
}

/** How it is told that these are stored. */
function storedNews(ops: readonly OpRequest[], waiting: readonly string[]): Pick<News, 'stored' | 'waiting' | 'ended'> {
  const stored: string[] = [];
  const ended: EndedOp[] = [];
  for (const { name, op } of ops) {
    if (name === 'dismiss') ended.push({ op, error: null });
    else stored.push(op);
  }
  return {
    ...(stored.length > 0 && { stored }),
    ...(waiting.length > 0 && { waiting }),
    ...(ended.length > 0 && { ended }),
  };
}

function isSame(one: Status, other: Status | undefined): boolean {
  if (other === undefined) return false;
  return (Object.keys(one) as (keyof Status)[]).every((name) => {
    const [mine, theirs] = [one[name], other[name]];
    return mine === theirs || (typeof mine === 'object' && JSON.stringify(mine) === JSON.stringify(theirs));
  });
}
