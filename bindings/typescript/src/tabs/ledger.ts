/**
 * What a page has said and not been answered yet, and what it wants to be told: all that a new leader must hear to go
 * on where the one before it ended.
 */
import type { FromWorker, OpRequest, ToWorker } from '../shared/protocol.js';
import type { Failure } from '../types.js';

type Question = Extract<ToWorker, { readonly type: 'read' | 'reopen' | 'importReplica' | 'clear' }>;
type Call = OpRequest | Question;

const isOp = (call: Call): call is OpRequest => 'op' in call;
const isQuestion = (call: Call): call is Question => !isOp(call);

export class Ledger {
  /** By op or request, in the order in which they were made. */
  readonly #calls = new Map<string | number, Call>();
  /** Ops that are stored and await their receipt: op to draft. */
  readonly #unsettled = new Map<string, string>();
  readonly #subscriptions = new Map<number, ToWorker>();
  #list: ToWorker | undefined;
  /** What the browser has said of the storage: only pages hear it. */
  #persisted: ToWorker | undefined;

  get hasCalls(): boolean {
    return this.#calls.size > 0;
  }

  /** Whether something that the user did is not known to be stored. */
  get hasOps(): boolean {
    return [...this.#calls.values()].some(isOp);
  }

  /** Notes what the page says. */
  said(message: ToWorker): void {
    switch (message.type) {
      case 'perform':
        for (const op of message.ops) this.#calls.set(op.op, op);
        return;
      case 'read':
      case 'reopen':
      case 'importReplica':
      case 'clear':
        this.#calls.set(message.request, message);
        return;
      case 'subscribe':
      case 'present':
        this.#subscriptions.set(message.subscription, message);
        return;
      case 'unsubscribe':
        this.#subscriptions.delete(message.subscription);
        return;
      case 'watchList':
        this.#list = message.limit > 0 ? message : undefined;
        return;
      case 'persisted':
        this.#persisted = message;
        return;
      default:
    }
  }

  /** Strikes out what the page is told. */
  told(message: FromWorker): void {
    if (message.type === 'answer') this.#calls.delete(message.request);
    if (message.type !== 'news') return;
    for (const op of message.stored ?? []) {
      const call = this.#calls.get(op);
      if (!call || !isOp(call)) continue;
      this.#calls.delete(op);
      this.#unsettled.set(op, call.draft);
    }
    for (const { op } of message.ended ?? []) this.#calls.delete(op);
    for (const { op } of message.settled ?? []) this.#unsettled.delete(op);
  }

  /** What to say to a new leader, in this order. */
  again(): ToWorker[] {
    const messages: ToWorker[] = [...this.#subscriptions.values()];
    if (this.#persisted) messages.push(this.#persisted);
    if (this.#list) messages.push(this.#list);
    if (this.#unsettled.size > 0) {
      messages.push({ type: 'follow', ops: [...this.#unsettled].map(([op, draft]) => ({ op, draft })) });
    }
    let ops: OpRequest[] = [];
    for (const call of this.#calls.values()) {
      if (isOp(call)) {
        if (ops.push(call) === 1) messages.push({ type: 'perform', ops, again: true });
      } else {
        ops = [];
        messages.push(call);
      }
    }
    return messages;
  }

  /** What tells the page that none of its calls can be taken, because of `why`. */
  refusals(why: Failure): FromWorker[] {
    const result = { ok: false, error: why } as const;
    const calls = [...this.#calls.values()];
    const ended = calls.filter(isOp).map(({ op }) => ({ op, error: why }));
    const answers = calls.filter(isQuestion).map(({ request }) => ({ type: 'answer', request, result }) as const);
    return [...(ended.length > 0 ? [{ type: 'news', ended } as const] : []), ...answers];
  }
}
