import { failed } from '../shared/failure.js';
import type { Draft, DraftSnapshot, Operation, Result, RingOperation, Waiting } from '../types.js';

/** A place in the queue, and the waiting that goes with it. */
export class RingRequest implements RingOperation {
  readonly op: string;
  readonly draft: string;
  readonly local: Operation['local'];
  readonly server: Operation['server'];
  readonly #handle: Draft;
  readonly #signal: AbortSignal | undefined;
  #turn: Promise<Result<DraftSnapshot>> | undefined;

  constructor(handle: Draft, { op, draft, local, server }: Operation, { signal }: Waiting) {
    this.op = op;
    this.draft = draft;
    this.local = local;
    this.server = server;
    this.#handle = handle;
    this.#signal = signal;
    if (signal?.aborted) this.#leave();
    else signal?.addEventListener('abort', this.#leave, { once: true });
  }

  // Who is not in the queue any more is refused, and nothing has changed.
  readonly #leave = (): void => void this.#handle.cancelRequest();

  get turn(): Promise<Result<DraftSnapshot>> {
    return (this.#turn ??= this.#wait());
  }

  async #wait(): Promise<Result<DraftSnapshot>> {
    const waiting = this.#signal ? { signal: this.#signal } : {};
    const stored = await this.local;
    // Holding it already, or standing in the queue already, is as good; a viewer is told by whenHolding().
    const mayCome = stored.ok || stored.error.code === 'alreadyHolder' || stored.error.code === 'notAllowed';
    const turn = mayCome ? await this.#handle.whenHolding(waiting) : failed(stored.error.code, stored.error.message);
    // It is over: a later place in the queue is another request's.
    this.#signal?.removeEventListener('abort', this.#leave);
    return turn;
  }
}
