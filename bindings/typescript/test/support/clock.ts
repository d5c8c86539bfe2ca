import type { Timers } from '../../src/worker/connection.js';

/** Time that passes when the test says so. */
export class Clock implements Timers {
  #now = 1_000_000;
  #last = 0;
  readonly #timers = new Map<number, { readonly at: number; readonly work: () => void }>();

  readonly now = (): number => this.#now;

  readonly setTimeout = (work: () => void, ms: number): number => {
    this.#timers.set(++this.#last, { at: this.#now + ms, work });
    return this.#last;
  };

  readonly clearTimeout = (timer: number | undefined): void => {
    if (timer !== undefined) this.#timers.delete(timer);
  };

  /** Runs what becomes due, in order, and lets promises settle in between. */
  async pass(ms: number): Promise<void> {
    const end = this.#now + ms;
    for (;;) {
      await settle();
      const due = [...this.#timers].filter(([, { at }]) => at <= end).sort(([, one], [, other]) => one.at - other.at)[0];
      if (!due) break;
      this.#timers.delete(due[0]);
      this.#now = Math.max(this.#now, due[1].at);
      due[1].work();
    }
    this.#now = end;
    await settle();
  }
}

/** Promises that can settle have settled. */
export async function settle(): Promise<void> {
  for (let i = 0; i < 10; ++i) await Promise.resolve();
}
