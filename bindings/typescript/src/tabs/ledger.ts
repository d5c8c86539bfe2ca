/**
 * What a page has said and not been answered yet, and what it wants to be told: all that a new leader must hear to go
 * on where the one before it ended.
 */
import type { FromWorker, OpRequest, ToWorker } from '../shared/protocol.js';
import type { Failure } from '../types.js';

type Call = OpRequest | Extract<ToWorker, { readonly type: 'read' | 'reopen' | 'importReplica' | 'clear' }>;

const isOp = (call: Call): call is OpRequest => 'name' in call;

export class Ledger {
  /** By request, in the order in which they were made. */
  readonly #calls = new Map<number, Call>();
  /** Ops that are stored and await their receipt: op to draft. */
  readonly #unsettled = new Map<string, string>();
  readonly #subscriptions = new Map<number, ToWorker>();
  #list: ToWorker | undefined;

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
        for (const op of message.ops) this.#calls.set(op.request, op);
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
      default:
    }
  }

  /** Strikes out what the page is told. */
  told(message: FromWorker): void {
    if (message.type === 'answer') this.#calls.delete(message.request);
    if (message.type !== 'news') return;
    for (const { request, result } of message.performed ?? []) {
      this.#calls.delete(request);
      if (result.ok && result.value.op) this.#unsettled.set(result.value.op, result.value.draft);
    }
    for (const { op } of message.settled ?? []) this.#unsettled.delete(op);
  }

  /** What to say to a new leader, in this order. */
  again(): ToWorker[] {
    const messages: ToWorker[] = [...this.#subscriptions.values()];
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
    const performed = calls.filter(isOp).map(({ request }) => ({ request, result }));
    const answers = calls.filter((call) => !isOp(call)).map(({ request }) => ({ type: 'answer', request, result }) as const);
    return [...(performed.length > 0 ? [{ type: 'news', performed } as const] : []), ...answers];
  }
}
