/**
 * How long to wait before the next attempt (SPEC S8): exponential backoff with full jitter, so that clients of a
 * server that comes back do not come all at once.
 */
export class Backoff {
  readonly #baseMs: number;
  readonly #maxMs: number;
  readonly #random: () => number;
  #attempts = 0;

  constructor({ baseMs = 500, maxMs = 30_000, random = Math.random } = {}) {
    this.#baseMs = baseMs;
    this.#maxMs = maxMs;
    this.#random = random;
  }

  /** Milliseconds, anywhere between `atLeastMs` and the bound, which doubles with every call. */
  next(atLeastMs = 0): number {
    const bound = Math.min(this.#maxMs, this.#baseMs * 2 ** Math.min(this.#attempts, 20));
    ++this.#attempts;
    return atLeastMs + Math.round(bound * this.#random());
  }

  /** It worked: the next wait is a short one. */
  reset(): void {
    this.#attempts = 0;
  }
}
