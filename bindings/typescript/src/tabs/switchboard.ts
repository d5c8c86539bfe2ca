/**
 * Makes one engine that knows one client serve several tabs: requests and subscriptions get numbers of the engine's, what
 * the engine tells goes to whom it concerns.
 */
import { allKept, keptAfter } from '../shared/kept.js';
import type { FromWorker, News, ToWorker } from '../shared/protocol.js';
import type { KeptOp } from '../types.js';

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
  /** By op: the tab that made it, as long as there is something to tell it. */
  readonly #makers = new Map<string, string>();
  #status: News['status'];
  #kept: readonly KeptOp[] | undefined;

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
    if (this.#status) tell({ type: 'news', status: this.#status, ...(this.#kept && { kept: allKept(this.#kept) }) });
  }

  leave(tab: string): void {
    const member = this.#members.get(tab);
    if (!member) return;
    this.#members.delete(tab);
    for (const subscription of member.subscriptions.values()) this.#unsubscribe(subscription);
    for (const [request, origin] of this.#requests) if (origin.tab === tab) this.#requests.delete(request);
    for (const [op, maker] of this.#makers) if (maker === tab) this.#makers.delete(op);
    if (member.listLimit > 0) this.#watchList();
  }

  /** Takes what a tab's page says. */
  said(tab: string, message: ToWorker): void {
    const member = this.#members.get(tab);
    if (!member) return;
    switch (message.type) {
      case 'perform':
      case 'follow':
        for (const { op } of message.ops) this.#makers.set(op, tab);
        return this.#engine.handle(message);
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
    if (news.kept) this.#kept = keptAfter(this.#kept ?? [], news.kept);
    const { feeds, presence, stored, waiting, ended, settled, list, ...forAll } = news;
    const parts = new Map<string, Parts>();
    const of = (tab: string): Parts => {
      if (!parts.has(tab)) parts.set(tab, { feeds: [], presence: [], stored: [], waiting: [], ended: [], settled: [] });
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
    for (const op of stored ?? []) {
      const maker = this.#makers.get(op);
      if (maker !== undefined) of(maker).stored.push(op);
    }
    for (const op of waiting ?? []) {
      const maker = this.#makers.get(op);
      if (maker !== undefined) of(maker).waiting.push(op);
    }
    for (const each of ended ?? []) {
      const maker = this.#maker(each.op);
      if (maker !== undefined) of(maker).ended.push(each);
    }
    for (const each of settled ?? []) {
      const maker = this.#maker(each.op);
      if (maker !== undefined) of(maker).settled.push(each);
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

  /** Nothing more is to be told of it. */
  #maker(op: string): string | undefined {
    const maker = this.#makers.get(op);
    this.#makers.delete(op);
    return maker;
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

type Parts = { -readonly [K in 'feeds' | 'presence' | 'stored' | 'waiting' | 'ended' | 'settled']: Mutable<NonNullable<News[K]>> };
type Mutable<T> = T extends readonly (infer E)[] ? E[] : never;

/** Without what is empty. */
function filled(parts: Parts | undefined): Partial<Parts> {
  return Object.fromEntries(Object.entries(parts ?? {}).filter(([, list]) => list.length > 0));
}
