import type { Timers } from './connection.js';

/** Does `work` when it is asked for, and no more often than every `everyMs`. */
export class Throttle {
  readonly #timers: Timers;
  readonly #everyMs: number;
  readonly #work: () => void;
  #timer: number | undefined;
  #doneAt = -Infinity;

  constructor(timers: Timers, everyMs: number, work: () => void) {
    this.#timers = timers;
    this.#everyMs = everyMs;
    this.#work = work;
  }

  /** Once, however often it is asked for until then. */
  ask(afterMs = this.#everyMs): void {
    if (this.#timer !== undefined) return;
    const due = Math.max(0, Math.min(afterMs, this.#doneAt + this.#everyMs - this.#timers.now()));
    this.#timer = this.#timers.setTimeout(() => {
      this.#timer = undefined;
      this.#doneAt = this.#timers.now();
      this.#work();
    }, due);
  }

  end(): void {
    this.#timers.clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}
