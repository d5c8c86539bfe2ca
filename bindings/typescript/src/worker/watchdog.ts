import type { Timers } from './connection.js';

const stalledAfterMs = 15_000;

/** Tells when work that should move has not moved for a while (`SPEC S9`). */
export class Watchdog {
  readonly #timers: Timers;
  readonly #stall: () => void;
  #timer: number | undefined;
  #isStalled = false;

  constructor(timers: Timers, stall: () => void) {
    this.#timers = timers;
    this.#stall = stall;
  }

  get isStalled(): boolean {
    return this.#isStalled;
  }

  /** Something has moved. `waits`: there is more that should. */
  moved(waits: boolean): void {
    this.end();
    this.#isStalled = false;
    if (!waits) return;
    this.#timer = this.#timers.setTimeout(() => {
      this.#timer = undefined;
      this.#isStalled = true;
      this.#stall();
    }, stalledAfterMs);
  }

  end(): void {
    this.#timers.clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}
