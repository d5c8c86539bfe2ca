/** One term of one leader: an engine over the store, and all tabs that it serves, its own first. */
import { failure } from '../shared/failure.js';
import type { FromWorker, OpenOptions, ToWorker } from '../shared/protocol.js';
import type { Failure } from '../types.js';
import { Candidacy, type Locks } from './candidacy.js';
import { tabChannel, tabLock, type Announcement, type FromTab, type ToTab } from './protocol.js';
import { Switchboard } from './switchboard.js';

/** The part of BroadcastChannel that is used. */
export interface Channel<Sent> {
  postMessage(message: Sent): void;
  close(): void;
}

export interface Channels {
  open<Sent, Heard>(name: string, heard: (message: Heard) => void): Channel<Sent>;
}

/** What does the work of a term, or of a tab that is alone. */
export interface Worker {
  handle(message: ToWorker): void;
  /** Stores what waits, lets go of connection and files. Nothing may be said to it afterwards. */
  close(): Promise<void>;
}

export interface LeadershipEnvironment {
  readonly tab: string;
  readonly version: number;
  readonly locks: Locks;
  readonly channels: Channels;
  /** A tab that has said nothing for so many messages is asleep: what it is told would only pile up (SPEC S13). */
  readonly unheardMax: number;
  readonly engine: (tell: (message: FromWorker) => void) => Worker;
}

export interface LeadershipOwner {
  /** For the leader's own page. */
  tell(message: FromWorker): void;
  /** Someone else shall lead. */
  giveWay(): void;
}

interface Follower {
  readonly channel: Channel<ToTab>;
  readonly presence: Candidacy;
  /** Messages since it was heard last. */
  unheard: number;
}

export class Leadership {
  readonly term: string;
  readonly #environment: LeadershipEnvironment;
  readonly #options: OpenOptions;
  readonly #owner: LeadershipOwner;
  readonly #engine: Worker;
  readonly #switchboard: Switchboard;
  readonly #followers = new Map<string, Follower>();
  /** Tabs that were let try what this one could not. */
  readonly #triedBy: Set<string>;
  #isEnding = false;

  /** `triedBy` outlives a term: the tab's. */
  constructor(
    environment: LeadershipEnvironment,
    options: OpenOptions,
    { term, online, triedBy }: { readonly term: string; readonly online: boolean; readonly triedBy: Set<string> },
    owner: LeadershipOwner,
  ) {
    this.term = term;
    this.#environment = environment;
    this.#options = options;
    this.#owner = owner;
    this.#triedBy = triedBy;
    this.#engine = environment.engine((message) => this.#heard(message));
    this.#switchboard = new Switchboard(this.#engine, environment.tab);
    this.#switchboard.join(environment.tab, (message) => owner.tell(message));
    this.#engine.handle({ type: 'open', options: { ...options, startOffline: !online } });
  }

  /** Takes what the own page says. */
  said(message: ToWorker): void {
    this.#take(this.#environment.tab, message);
  }

  /** A tab is there. */
  greet(hello: Extract<Announcement, { readonly type: 'hello' }>): void {
    const { tab, version } = hello;
    if (version > this.#environment.version || this.#mayDoBetter(tab)) return this.#owner.giveWay();
    const { term } = this;
    const known = this.#followers.get(tab);
    if (known) {
      // It said hello twice, or heard nothing for a while. What it has said since may be on its way: its channel stays.
      known.unheard = 0;
      known.channel.postMessage({ type: 'welcome', term });
      return;
    }
    const channel = this.#environment.channels.open<ToTab, FromTab>(tabChannel(this.#options.storage.name, tab), (message) =>
      this.#said(tab, message),
    );
    const why = this.#refusal(hello);
    if (why) {
      channel.postMessage({ type: 'refuse', term, error: why });
      channel.close();
      return;
    }
    const presence = new Candidacy(this.#environment.locks, tabLock(this.#options.storage.name, tab), () => this.#forget(tab));
    const follower: Follower = { channel, presence, unheard: 0 };
    this.#followers.set(tab, follower);
    channel.postMessage({ type: 'welcome', term });
    this.#switchboard.join(tab, (message) => {
      channel.postMessage({ type: 'told', term, message });
      if (++follower.unheard === this.#environment.unheardMax) this.#forget(tab); // it says hello when it wakes
    });
    presence.stand();
  }

  /** What was said before is done, and told. */
  async end(): Promise<void> {
    this.#isEnding = true;
    await this.#engine.close();
    for (const tab of [...this.#followers.keys()]) this.#forget(tab);
  }

  // --- what is heard ------------------------------------------------------------------------------------------

  #heard(message: FromWorker): void {
    // The end of a term is not the end of the store.
    this.#switchboard.heard(this.#isEnding && message.type === 'news' ? withoutStatus(message) : message);
    const others = [...this.#followers.keys()];
    if (message.type === 'news' && message.status?.state === 'failed' && others.some((tab) => this.#mayDoBetter(tab))) {
      for (const tab of others) this.#triedBy.add(tab);
      this.#owner.giveWay();
    }
  }

  #said(tab: string, message: FromTab): void {
    const follower = this.#followers.get(tab);
    if (message.term !== this.term || !follower) return;
    follower.unheard = 0;
    switch (message.type) {
      case 'says':
        return this.#take(tab, message.message);
      case 'there?':
        return follower.channel.postMessage({ type: 'here', term: this.term });
      case 'bye':
        return this.#forget(tab);
    }
  }

  #take(tab: string, message: ToWorker): void {
    if (this.#isEnding) return; // said again to the next leader
    this.#switchboard.said(tab, message);
  }

  #forget(tab: string): void {
    const follower = this.#followers.get(tab);
    if (!follower) return;
    this.#followers.delete(tab);
    this.#switchboard.leave(tab);
    follower.presence.withdraw();
    follower.channel.close();
  }

  /** The store could not be opened by this tab, and that one has not had its turn yet. */
  #mayDoBetter(tab: string): boolean {
    if (this.#switchboard.status?.state !== 'failed' || this.#triedBy.has(tab)) return false;
    this.#triedBy.add(tab);
    return true;
  }

  #refusal({ version, user, url }: Extract<Announcement, { readonly type: 'hello' }>): Failure | undefined {
    if (version < this.#environment.version) return outdated;
    const present = this.#switchboard.status?.user?.id ?? this.#options.user;
    if (user && present && user !== present) {
      return failure('storageUnavailable', 'This storage belongs to another user, who has it open in another tab. Choose another name for it.');
    }
    if (url === this.#options.url) return undefined;
    return failure('storageUnavailable', 'Another tab has this storage open for another server. Close it there, or choose another name for it.');
  }
}

export const outdated = failure('upgradeRequired', 'Another tab runs a newer version of this page. Reload this one; what it stored is kept.');

function withoutStatus({ status: _, ...rest }: Extract<FromWorker, { readonly type: 'news' }>): FromWorker {
  return rest;
}
