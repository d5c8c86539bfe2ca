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
import { allKept } from '../shared/kept.js';
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
import { FilesError, type StoreFiles } from './files.js';
import {
  Faulted,
  Refused,
  type Committed,
  type DetailedFailure,
  type DeviceRecord,
  type Done,
  type Json,
  type Module,
  type Opened,
  type OpOutcome,
  type Performed,
  type Standing,
} from './module.js';
import { ReadAhead } from './read-ahead.js';
import { Store, type StoreEnvironment } from './store.js';
import { Throttle } from './throttle.js';
import { TokenRequests } from './token-requests.js';
import { Watchdog } from './watchdog.js';

export interface EngineEnvironment extends Timers, StoreEnvironment {
  readonly post: (message: FromWorker) => void;
  /** What {@link openFiles} gives. */
  readonly filesKind: 'opfs' | 'file';
  readonly connect: (url: string, subprotocol: string) => Socket;
  /** Runs `work` as a task of its own, behind messages that have arrived by now. */
  readonly soon: (work: () => void) => void;
  /** Bytes used and available; null where that is not known. */
  readonly estimate: () => Promise<{ usage: number | null; quota: number | null }>;
}

const listEveryMs = 50;
const estimateEveryMs = 10_000;
const busyAgainMs = 1_000;

/** Messages that need the store. */
const asked: ReadonlySet<ToWorker['type']> = new Set(['perform', 'read', 'reopen', 'follow', 'importReplica', 'clear'] as const);

export class Engine {
  readonly #environment: EngineEnvironment;
  readonly #store: Store;
  #options: OpenOptions | undefined;
  #connection: Connection | undefined;
  #wantsOnline = false;
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
    this.#store = new Store(environment);
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
    if (this.#store.state.kind === 'opening') return asked.has(message.type);
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
    if (this.#wantsOnline && this.#store.module) this.#connection!.goOnline();
  }

  /** `held`: files that are open already. */
  #open(held?: StoreFiles): Promise<Result<void>> {
    const opening = this.#store.module ? Promise.resolve(done(undefined)) : this.#openStore(held);
    this.#opening = opening;
    return opening;
  }

  async #openStore(held?: StoreFiles): Promise<Result<void>> {
    this.#environment.clearTimeout(this.#busyTimer);
    this.#busyTimer = undefined;
    try {
      const opening = this.#store.open(this.#options!, held);
      this.#tell({});
      const { opened, fallback } = await opening;
      const { filesKind } = this.#environment;
      const { files } = this.#store;
      const isKept = files !== null && filesKind === 'file'; // nobody evicts what is no browser's
      this.#storage = { ...this.#storage, kind: files ? filesKind : 'memory', fallback, persisted: isKept || this.#storage.persisted };
      this.#clearError('storage');
      this.#begun(opened);
      this.#feedAll();
    } catch (error) {
      const why = error instanceof FilesError || error instanceof Refused ? error.failure : failure('internal');
      this.#environment.warn(`OneRing: the storage could not be opened. ${textOf(error)}`);
      this.#store.fail(why);
      this.#storage = noStorage;
      this.#setError(why, 'storage');
      if (error instanceof FilesError && error.kind === 'busy') this.#openWhenFree();
    }
    const { state } = this.#store;
    const result: Result<void> = state.kind === 'failed' ? { ok: false, error: state.why } : done(undefined);
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
        (files) => (this.#store.state.kind === 'failed' ? void this.#open(files) : this.#environment.closeFiles(files)),
        (error: unknown) => {
          if (this.#store.state.kind !== 'failed') return;
          if (error instanceof FilesError && error.kind === 'busy') this.#openWhenFree();
          else void this.#open();
        },
      );
    }, busyAgainMs);
  }

  /** The module is a new one. */
  #begun({ record, ...standing }: Opened): void {
    this.#ahead.forget();
    this.#record = record;
    this.#standing = standing;
    for (const draft of this.#attendance.drafts()) this.#store.module!.present(draft, this.#attendance.at(draft));
  }

  /** Stores what waits, ends the connection, lets go of the files. */
  #release(): void {
    this.#commit();
    this.#connection?.goOffline();
    this.#commit();
    this.#store.close();
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

  #import(copy: Uint8Array, force: boolean): Result<void> {
    this.#commit();
    const { module, files } = this.#store;
    if (!module) return { ok: false, error: this.#unusable()! };
    if (!files) return failed('storageUnavailable', 'There is no file to replace: this storage is in memory.');
    const why = this.#holdsWork(force);
    if (why) return { ok: false, error: why };
    if (!isDatabase(copy)) return failed('storageUnavailable', 'This is not a copy of a OneRing storage. Nothing was changed.');
    let pending: readonly OpIds[];
    let before: Result<Uint8Array>;
    try {
      pending = module.pending();
      before = this.#store.copy();
    } catch (error) {
      return { ok: false, error: this.#faultOf(error) };
    }
    if (!before.ok) return before;
    this.#connection!.goOffline();
    const refusal = this.#replace(copy, before.value);
    this.#feedAll();
    this.#tellSettled(pending);
    this.#tell(this.#keptNews());
    this.#tellListSoon(0);
    this.#connect();
    return refusal ? { ok: false, error: refusal } : done(undefined);
  }

  /** Opens `copy` in the place of what there was; why it could not be opened, and then there is what was. */
  #replace(copy: Uint8Array, before: Uint8Array): Failure | undefined {
    const { opened, error } = this.#store.replace(copy, before);
    if (opened) this.#begun(opened);
    else this.#storeFailed(failure('storageUnavailable'));
    if (error === undefined) return undefined;
    return error instanceof Refused || error instanceof FilesError ? plain(error.failure) : failure('internal');
  }

  #clear(request: number, force: boolean): void {
    this.#commit();
    const why = this.#store.module ? this.#holdsWork(force) : this.#unusable();
    if (why) return this.#answer(request, { ok: false, error: why });
    this.#wantsOnline = false;
    this.#connection!.goOffline();
    const result = this.#store.erase();
    this.#storage = noStorage;
    this.#record = null;
    this.#standing = { link: 'offline', pending: 0, kept: 0 };
    this.#setError(result.ok ? clearedStore : result.error, 'storage');
    this.#answer(request, result);
    this.#tell({ kept: allKept([]), ...(result.ok && { cleared: true }) });
  }

  /** Why nothing can be done now; undefined: it can. */
  #unusable(): Failure | undefined {
    const { state } = this.#store;
    if (state.kind === 'failed') return state.why;
    return state.kind === 'open' ? undefined : closedClient;
  }

  // --- what the user does -----------------------------------------------------------------------------------

  #perform(ops: readonly OpRequest[]): void {
    const { module } = this.#store;
    if (!module) {
      this.#refuse(ops, this.#unusable()!);
    } else {
      try {
        this.#performed(ops, module.perform(ops));
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
    const { module } = this.#store;
    if (!module) return null;
    if ('name' in op && op.name === 'dismiss') {
      const { kept } = this.#keptNews();
      return !kept || kept.added.some((each) => each.op === op.kept) ? null : { effect: 'shown' };
    }
    try {
      return module.outcome(op.draft, op.op);
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
    const { module } = this.#store;
    if (!module) {
      this.#tell({});
      return;
    }
    let committed: Committed;
    try {
      committed = module.commit();
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
    const { feeds, presence, settled, keptChange } = committed;
    this.#tell({
      ...(presence && { presence: this.#attendance.heard(presence) }),
      ...(feeds && { feeds: this.#sound(feeds) }),
      ...(keptChange && { kept: keptChange }),
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
    const next = () => this.#store.module?.nextMessage();
    for (let message = next(); message; message = next()) this.#connection!.send(message);
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
      this.#store.flush();
    } catch (error) {
      this.#environment.warn(`OneRing: the storage could not be flushed. ${textOf(error)}`);
      return this.#refuse(ops, why);
    }
    this.#refuse(others, why);
    this.#tell(news);
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
    this.#store.fail(why);
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
    if (!this.#store.module) return;
    this.#isRecovering = true;
    try {
      this.#begun(this.#store.restart());
      this.#feedAll();
    } catch (error) {
      this.#environment.warn(`OneRing: the storage could not be opened again. ${textOf(error)}`);
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
    const { module } = this.#store;
    if (!module) return { ok: false, error: this.#unusable()! };
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
          return this.#store.copy();
      }
    } catch (error) {
      return { ok: false, error: this.#faultOf(error) };
    }
  }

  #readAhead({ draft, from, to }: { readonly draft: string; readonly from: number; readonly to: number }): Json<SegmentPage> | undefined {
    const { module } = this.#store;
    if (!module) return undefined;
    try {
      return module.segments(draft, from, to);
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
    const { module } = this.#store;
    if (!module) return undefined;
    try {
      return this.#sound([module.subscribe(subscription, draft, tail)])[0];
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
    const { module } = this.#store;
    if (!module) return undefined;
    try {
      return module.list(this.#listLimit).drafts.slice(0, this.#listLimit);
    } catch (error) {
      this.#faultOf(error);
      return undefined;
    }
  }

  /** Nothing where it cannot be read. */
  #keptNews(): Pick<News, 'kept'> {
    const { module } = this.#store;
    if (!module) return { kept: allKept([]) };
    try {
      return { kept: allKept(module.kept()) };
    } catch (error) {
      if (!(error instanceof Refused)) this.#faultOf(error);
      return {};
    }
  }

  // --- the link -----------------------------------------------------------------------------------------------

  #received(message: Uint8Array): void {
    const { module } = this.#store;
    if (!module) return;
    try {
      module.receive(message);
      this.#commitSoon();
    } catch (error) {
      const why = this.#faultOf(error);
      this.#commit();
      this.#connection!.restart(why);
    }
  }

  /** Does something to the replica, if there is one, and commits soon. */
  #withModule(work: (module: Module) => void, { quietly = false } = {}): void {
    const { module } = this.#store;
    if (!module) return;
    try {
      work(module);
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
    const { kind } = this.#store.state;
    const { user, display, device, limits } = this.#record ?? {};
    return {
      state: kind === 'closed' ? 'opening' : kind,
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

  async #estimate(): Promise<void> {
    this.#estimatedAt = this.#environment.now();
    if (!this.#store.files) return;
    const { usage, quota } = await this.#environment.estimate().catch(() => ({ usage: null, quota: null }));
    if (!this.#store.files) return;
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
