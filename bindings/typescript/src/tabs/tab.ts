/**
 * One tab's end of a store that several tabs share: docs/decisions/several-tabs.md.
 *
 *   away ──open, resume──> starting ──> seeking ──welcome──> following   another tab leads
 *     ^                       │          ^ │ │                  │
 *     │                       │          │ │ └──refuse──> refused │      … and does not take this one
 *     │                       │          └─┼── it ended ──┴───────┘
 *     │                       │            └── gets the lock ──> leading  this one leads
 *     └──────── suspend, from each of them ─────────────────────────┘
 *                             └──> alone    a store that is not shared: memory, or a browser without Web Locks
 *
 * What the page says is written down until it is answered, so that whoever leads next can be told again.
 */
import { closedClient, done } from '../shared/failure.js';
import type { FromWorker, OpenOptions, ToWorker } from '../shared/protocol.js';
import { initialStatus } from '../shared/status.js';
import type { Failure, Status } from '../types.js';
import type { Timers } from '../worker/connection.js';
import { Candidacy, type Locks } from './candidacy.js';
import { Leadership, outdated, type Channel, type Channels, type Worker } from './leadership.js';
import { Ledger } from './ledger.js';
import { leaderLock, storeChannel, tabChannel, tabLock, type Announcement, type FromTab, type ToTab } from './protocol.js';

export interface TabEnvironment extends Timers {
  /** This tab's id: another one for every tab, and after every reload. */
  readonly tab: string;
  readonly version: number;
  /** Null: the browser has none. */
  readonly locks: Locks | null;
  readonly channels: Channels;
  /** See {@link Leadership}. */
  readonly unheardMax: number;
  /** A new engine. */
  readonly engine: (tell: (message: FromWorker) => void) => Worker;
  /** Whether there is a file system that a store can be shared on. */
  readonly hasFiles: () => Promise<boolean>;
  /** Gets ready what a later term would need. */
  readonly prepare: (options: OpenOptions) => void;
  /** To this tab's page. */
  readonly post: (message: FromWorker) => void;
  readonly newId: () => string;
}

type Standing =
  | { readonly kind: 'away' | 'starting' | 'seeking' | 'closed' }
  | { readonly kind: 'following'; readonly term: string }
  | { readonly kind: 'refused'; readonly why: Failure }
  | { readonly kind: 'leading'; readonly leadership: Leadership }
  | { readonly kind: 'alone'; readonly engine: Worker };

/** A leader is asked for a sign of life, and taken for dead after so many questions without one. */
const askEveryMs = 2_000;
const silencesMax = 3;

export class Tab {
  readonly #environment: TabEnvironment;
  readonly #ledger = new Ledger();
  readonly #triedBy = new Set<string>();
  #options: OpenOptions | undefined;
  #standing: Standing = { kind: 'away' };
  #candidacy: Candidacy | undefined;
  #presence: Candidacy | undefined;
  #toAll: Channel<Announcement> | undefined;
  #toLeader: Channel<FromTab> | undefined;
  /** What the user wants, in whichever tab they said it: the next leader goes by it. */
  #online = true;
  #isVisible = true;
  #status: Status = initialStatus;
  /** The page's request to close, as long as what it said before is not known to be stored. */
  #closing: number | undefined;
  /** Resolves when what another tab may need has been let go of. */
  #left: Promise<void> = Promise.resolve();
  #askTimer: number | undefined;
  #silences = 0;
  #heardCount = 0;

  constructor(environment: TabEnvironment) {
    this.#environment = environment;
  }

  /** Takes a message of the page's. */
  handle(message: ToWorker): void {
    switch (message.type) {
      case 'open':
        this.#options = message.options;
        this.#online = !message.options.startOffline;
        return void this.#begin(message.options);
      case 'suspend':
        return this.#suspend();
      case 'resume':
        return this.#standing.kind === 'away' && this.#options ? void this.#begin(this.#options) : undefined;
      case 'visible':
        this.#isVisible = message.visible;
        return this.#askSoon();
      case 'close':
        this.#closing = message.request;
        return this.#closeWhenStored();
      default:
        this.#ledger.said(message);
        return this.#say(message);
    }
  }

  // --- taking part ------------------------------------------------------------------------------------------

  async #begin(options: OpenOptions): Promise<void> {
    const starting = { kind: 'starting' } as const;
    this.#standing = starting;
    this.#environment.prepare(options);
    const { locks, hasFiles } = this.#environment;
    const isShared = locks !== null && options.storage.kind !== 'memory' && (await hasFiles());
    await this.#left;
    if (this.#standing !== starting) return;
    if (!isShared) return this.#goAlone(options);
    const { name } = options.storage;
    this.#candidacy ??= new Candidacy(locks, leaderLock(name), () => this.#lead(options), () => this.#endTerm());
    this.#presence ??= new Candidacy(locks, tabLock(name, this.#environment.tab), () => this.#seek());
    this.#takePart(name);
  }

  #goAlone(options: OpenOptions): void {
    const engine = this.#environment.engine((message) => this.#tell(message));
    this.#standing = { kind: 'alone', engine };
    engine.handle({ type: 'open', options });
    for (const message of this.#ledger.again()) engine.handle(message);
  }

  #takePart(store: string): void {
    const { channels, tab } = this.#environment;
    this.#toAll = channels.open<Announcement, Announcement>(storeChannel(store), (message) => this.#announced(message));
    this.#toLeader = channels.open<FromTab, ToTab>(tabChannel(store, tab), (message) => this.#heard(message));
    this.#standing = { kind: 'seeking' };
    this.#presence!.stand(); // a leader takes a tab without its lock for gone: hello is said when it is held
    this.#candidacy!.stand();
  }

  #suspend(): void {
    const isInMemory = this.#standing.kind === 'alone' && this.#status.storage.kind === 'memory';
    if (!isInMemory && this.#standing.kind !== 'closed') this.#left = this.#leave('away');
  }

  /** Lets go of whatever another tab may need. */
  async #leave(kind: 'away' | 'closed'): Promise<void> {
    const before = this.#standing;
    this.#standing = { kind };
    if (before.kind === 'alone') await before.engine.close();
    if (before.kind === 'following') this.#toLeader!.postMessage({ type: 'bye', term: before.term });
    if (before.kind === 'leading') await before.leadership.end();
    this.#candidacy?.withdraw();
    this.#presence?.withdraw();
    this.#toAll?.close();
    this.#toLeader?.close();
  }

  /** What the page did before it closed is stored first. */
  #closeWhenStored(): void {
    const request = this.#closing;
    const { kind } = this.#standing;
    const mustWait = kind === 'starting' || kind === 'seeking' || kind === 'following';
    if (request === undefined || (mustWait && this.#ledger.hasOps)) return;
    this.#closing = undefined;
    void this.#leave('closed').then(() => this.#environment.post({ type: 'answer', request, result: done(undefined) }));
  }

  // --- finding the leader -------------------------------------------------------------------------------------

  #seek(): void {
    const { kind } = this.#standing;
    if (kind !== 'seeking' && kind !== 'following' && kind !== 'refused') return;
    this.#standing = { kind: 'seeking' };
    this.#silences = 0;
    this.#hello();
    this.#askSoon();
  }

  #hello(): void {
    const { tab, version } = this.#environment;
    const { user, url } = this.#options!;
    this.#toAll!.postMessage({ type: 'hello', version, tab, user, url });
  }

  #announced(message: Announcement): void {
    if (message.type === 'lead') {
      if (message.version > this.#environment.version) this.#refused(outdated);
      else this.#seek();
    } else if (this.#standing.kind === 'leading') {
      this.#standing.leadership.greet(message);
    }
  }

  #heard(message: ToTab): void {
    if (this.#standing.kind === 'seeking') {
      if (message.type === 'refuse') return this.#refused(message.error);
      if (message.type === 'welcome') this.#follow(message.term);
    }
    if (this.#standing.kind !== 'following' || message.term !== this.#standing.term) return;
    this.#silences = 0;
    if (message.type !== 'told') return;
    if (++this.#heardCount >= this.#environment.unheardMax / 4) this.#sayHeard(message.term);
    this.#tell(message.message);
  }

  /** Who only listens says now and then that they do. */
  #sayHeard(term: string): void {
    this.#heardCount = 0;
    this.#toLeader!.postMessage({ type: 'there?', term });
  }

  #follow(term: string): void {
    this.#standing = { kind: 'following', term };
    for (const message of this.#ledger.again()) this.#say(message);
  }

  #refused(why: Failure): void {
    if (this.#standing.kind !== 'seeking' && this.#standing.kind !== 'following') return;
    this.#standing = { kind: 'refused', why };
    const lastError = { ...why, at: this.#environment.now() };
    this.#tell({ type: 'news', status: { ...this.#status, online: this.#online, state: 'failed', link: 'offline', retryAt: null, lastError } });
    this.#refuseCalls(why);
  }

  #refuseCalls(why: Failure): void {
    for (const message of this.#ledger.refusals(why)) this.#tell(message);
  }

  /** Asks for a sign of life for as long as one matters: to who looks at the page, or waits for an answer. */
  #askSoon(): void {
    if (this.#askTimer !== undefined || !this.#mustAsk()) return;
    this.#askTimer = this.#environment.setTimeout(() => {
      this.#askTimer = undefined;
      if (!this.#mustAsk()) return;
      if (++this.#silences > silencesMax) this.#candidacy!.seize();
      else this.#askNow();
      this.#askSoon();
    }, askEveryMs);
  }

  /** A leader that does not answer may have given this tab up, as one that is asleep: then it answers a hello. */
  #askNow(): void {
    if (this.#standing.kind === 'following' && this.#silences === 1) {
      this.#toLeader!.postMessage({ type: 'there?', term: this.#standing.term });
      return;
    }
    this.#standing = { kind: 'seeking' };
    this.#hello();
  }

  #mustAsk(): boolean {
    const { kind } = this.#standing;
    return (kind === 'seeking' || kind === 'following') && (this.#isVisible || this.#ledger.hasCalls);
  }

  // --- leading ------------------------------------------------------------------------------------------------

  #lead(options: OpenOptions): void {
    const { newId, version, locks } = this.#environment;
    const term = newId();
    const leadership = new Leadership(
      { ...this.#environment, locks: locks! },
      options,
      { term, online: this.#online, triedBy: this.#triedBy },
      {
        tell: (message) => this.#tell(message),
        giveWay: () => this.#endTerm(),
      },
    );
    this.#standing = { kind: 'leading', leadership };
    this.#toAll!.postMessage({ type: 'lead', version, term });
    for (const message of this.#ledger.again()) leadership.said(message);
  }

  /**
   * Someone else shall lead, or does already: the lock is taken from a tab that has not answered for too long, as those
   * that were frozen do. Then this one stands behind all others.
   */
  #endTerm(): void {
    if (this.#standing.kind !== 'leading') return;
    const { leadership } = this.#standing;
    const seeking = { kind: 'seeking' } as const;
    this.#standing = seeking;
    void leadership.end().then(() => {
      if (this.#standing !== seeking) return;
      this.#candidacy!.withdraw();
      this.#candidacy!.stand();
      this.#seek();
    });
  }

  // --- the page -----------------------------------------------------------------------------------------------

  #say(message: ToWorker): void {
    switch (this.#standing.kind) {
      case 'alone':
        return this.#standing.engine.handle(message);
      case 'leading':
        return this.#standing.leadership.said(message);
      case 'following':
        if (message.type === 'token' || message.type === 'noToken') return; // of a term of its own
        this.#toLeader!.postMessage({ type: 'says', term: this.#standing.term, message });
        return this.#askSoon();
      case 'refused':
        return message.type === 'reopen' ? this.#seek() : this.#refuseCalls(this.#standing.why);
      case 'closed':
        return this.#refuseCalls(closedClient);
      default:
        if (message.type === 'goOnline' || message.type === 'goOffline') this.#online = message.type === 'goOnline';
    }
  }

  #tell(message: FromWorker): void {
    if (message.type === 'news' && message.status) {
      this.#status = message.status;
      this.#online = message.status.online;
    }
    this.#ledger.told(message);
    this.#environment.post(message);
    if (message.type === 'news' && message.cleared) this.#left = this.#leave('closed');
    this.#closeWhenStored();
  }
}
