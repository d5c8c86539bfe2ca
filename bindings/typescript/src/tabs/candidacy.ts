/** The part of LockManager that is used. */
export interface Locks {
  request(
    name: string,
    options: { readonly signal?: AbortSignal; readonly steal?: boolean },
    hold: () => Promise<void>,
  ): Promise<unknown>;
}

interface Attempt {
  readonly giveUp: AbortController;
  /** Set while the lock is held. */
  release?: () => void;
}

/**
 * Stands in the queue for a lock until it is withdrawn.
 *
 *   withdrawn ──stand()──> queued ──> holds ──taken away──> withdrawn
 *        ^                    └──withdraw()──┴───────────────────^
 */
export class Candidacy {
  readonly #locks: Locks;
  readonly #name: string;
  readonly #got: () => void;
  readonly #lost: () => void;
  #attempt: Attempt | undefined;

  /** `got`: the lock is held. `lost`: someone took it away; not called for what withdraw() gives up. */
  constructor(locks: Locks, name: string, got: () => void, lost: () => void = () => undefined) {
    this.#locks = locks;
    this.#name = name;
    this.#got = got;
    this.#lost = lost;
  }

  stand(): void {
    if (!this.#attempt) this.#try(false);
  }

  /** Takes the lock from whoever has it. */
  seize(): void {
    this.withdraw();
    this.#try(true);
  }

  withdraw(): void {
    const attempt = this.#attempt;
    this.#attempt = undefined;
    if (attempt?.release) attempt.release();
    else attempt?.giveUp.abort();
  }

  #try(steal: boolean): void {
    const attempt: Attempt = { giveUp: new AbortController() };
    this.#attempt = attempt;
    const hold = () =>
      new Promise<void>((release) => {
        if (this.#attempt !== attempt) return release();
        attempt.release = release;
        this.#got();
      });
    // The two options exclude each other.
    this.#locks.request(this.#name, steal ? { steal } : { signal: attempt.giveUp.signal }, hold).catch(() => {
      if (this.#attempt !== attempt) return;
      this.#attempt = undefined;
      if (attempt.release) this.#lost();
    });
  }
}
