/**
 * Makes one engine that knows one client serve several tabs: requests and subscriptions get numbers of the engine's, what
 * the engine tells goes to whom it concerns.
 */
import type { FromWorker, News, OpIds, ToWorker } from '../shared/protocol.js';

interface Member {
  readonly tell: (message: FromWorker) => void;
  /** The tab's numbers to the engine's. */
  readonly subscriptions: Map<number, number>;
  listLimit: number;
}

interface Origin {
  readonly tab: string;
  readonly number: number;
}

export class Switchboard {
  readonly #engine: { handle(message: ToWorker): void };
  /** The tab that is asked for tokens. */
  readonly #own: string;
  readonly #members = new Map<string, Member>();
  #last = 0;
  readonly #requests = new Map<number, Origin>();
  readonly #subscriptions = new Map<number, Origin>();
  /** By op: who waits for its receipt. */
  readonly #following = new Map<string, Set<string>>();
  #status: News['status'];
  #kept: News['kept'];

  constructor(engine: { handle(message: ToWorker): void }, own: string) {
    this.#engine = engine;
    this.#own = own;
  }

  get status(): News['status'] {
    return this.#status;
  }

  /** A tab that was here before begins anew. */
  join(tab: string, tell: (message: FromWorker) => void): void {
    this.leave(tab);
    this.#members.set(tab, { tell, subscriptions: new Map(), listLimit: 0 });
    if (this.#status) tell({ type: 'news', status: this.#status, ...(this.#kept && { kept: this.#kept }) });
  }

  leave(tab: string): void {
    const member = this.#members.get(tab);
    if (!member) return;
    this.#members.delete(tab);
    for (const subscription of member.subscriptions.values()) this.#unsubscribe(subscription);
    for (const [request, origin] of this.#requests) if (origin.tab === tab) this.#requests.delete(request);
    for (const [op, tabs] of this.#following) if (tabs.delete(tab) && tabs.size === 0) this.#following.delete(op);
    if (member.listLimit > 0) this.#watchList();
  }

  /** Takes what a tab's page says. */
  said(tab: string, message: ToWorker): void {
    const member = this.#members.get(tab);
    if (!member) return;
    switch (message.type) {
      case 'perform':
        return this.#engine.handle({
          ...message,
          ops: message.ops.map((op) => ({ ...op, request: this.#numbered(tab, op.request) })),
        });
      case 'read':
      case 'reopen':
      case 'importReplica':
      case 'clear':
        return this.#engine.handle({ ...message, request: this.#numbered(tab, message.request) });
      case 'subscribe': {
        const before = member.subscriptions.get(message.subscription);
        if (before !== undefined) this.#unsubscribe(before); // said again: what it showed may have been missed
        const subscription = ++this.#last;
        member.subscriptions.set(message.subscription, subscription);
        this.#subscriptions.set(subscription, { tab, number: message.subscription });
        return this.#engine.handle({ ...message, subscription });
      }
      case 'present': {
        const subscription = member.subscriptions.get(message.subscription) ?? ++this.#last;
        member.subscriptions.set(message.subscription, subscription);
        this.#subscriptions.set(subscription, { tab, number: message.subscription });
        return this.#engine.handle({ ...message, subscription });
      }
      case 'unsubscribe': {
        const subscription = member.subscriptions.get(message.subscription);
        member.subscriptions.delete(message.subscription);
        return subscription === undefined ? undefined : this.#unsubscribe(subscription);
      }
      case 'watchList':
        member.listLimit = message.limit;
        return this.#watchList();
      case 'follow':
        for (const { op } of message.ops) this.#follow(op, tab);
        return this.#engine.handle(message);
      default:
        return this.#engine.handle(message);
    }
  }

  /** Takes what the engine tells. */
  heard(message: FromWorker): void {
    switch (message.type) {
      case 'news':
        return this.#tell(message);
      case 'answer': {
        const origin = this.#origin(message.request);
        return origin && this.#members.get(origin.tab)?.tell({ ...message, request: origin.number });
      }
      case 'auth':
        return this.#members.get(this.#own)?.tell(message);
    }
  }

  // --- what concerns whom -----------------------------------------------------------------------------------

  #tell(news: News): void {
    if (news.status) this.#status = news.status;
    if (news.kept) this.#kept = news.kept;
    const { feeds, presence, performed, settled, list, ...forAll } = news;
    const parts = new Map<string, Parts>();
    const of = (tab: string): Parts => {
      if (!parts.has(tab)) parts.set(tab, { feeds: [], presence: [], performed: [], settled: [] });
      return parts.get(tab)!;
    };
    for (const feed of feeds ?? []) {
      const origin = this.#subscriptions.get(feed.subscription);
      if (origin) of(origin.tab).feeds.push({ ...feed, subscription: origin.number });
    }
    for (const { subscription, people } of presence ?? []) {
      const origin = this.#subscriptions.get(subscription);
      if (origin) of(origin.tab).presence.push({ subscription: origin.number, people });
    }
    for (const { request, result } of performed ?? []) {
      const origin = this.#origin(request);
      if (!origin) continue;
      of(origin.tab).performed.push({ request: origin.number, result });
      if (result.ok && result.value.op) this.#follow(result.value.op, origin.tab);
    }
    for (const each of settled ?? []) {
      for (const tab of this.#following.get(each.op) ?? []) of(tab).settled.push(each);
      this.#following.delete(each.op);
    }
    for (const [tab, { tell, listLimit }] of this.#members) {
      const told = { ...forAll, ...(list && listLimit > 0 && { list }), ...filled(parts.get(tab)) };
      if (Object.keys(told).length > 1) tell(told);
    }
  }

  #numbered(tab: string, number: number): number {
    this.#requests.set(++this.#last, { tab, number });
    return this.#last;
  }

  /** Whose request it was; it is answered once. */
  #origin(request: number): Origin | undefined {
    const origin = this.#requests.get(request);
    this.#requests.delete(request);
    return origin;
  }

  #follow(op: OpIds['op'], tab: string): void {
    const tabs = this.#following.get(op);
    if (tabs) tabs.add(tab);
    else this.#following.set(op, new Set([tab]));
  }

  #unsubscribe(subscription: number): void {
    this.#subscriptions.delete(subscription);
    this.#engine.handle({ type: 'unsubscribe', subscription });
  }

  #watchList(): void {
    const limit = Math.max(0, ...[...this.#members.values()].map(({ listLimit }) => listLimit));
    this.#engine.handle({ type: 'watchList', limit });
  }
}

type Parts = { -readonly [K in 'feeds' | 'presence' | 'performed' | 'settled']: Mutable<NonNullable<News[K]>> };
type Mutable<T> = T extends readonly (infer E)[] ? E[] : never;

/** Without what is empty. */
function filled(parts: Parts | undefined): Partial<Parts> {
  return Object.fromEntries(Object.entries(parts ?? {}).filter(([, list]) => list.length > 0));
}
