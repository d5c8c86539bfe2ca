// What a view has begun and must end when it goes: subscriptions, timers, listeners.
export class Scope {
  #ends: (() => void)[] = [];
  readonly #controller = new AbortController();

  // Aborted by end(): for fetches, waits and listeners.
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  own(end: () => void): void {
    this.#ends.push(end);
  }

  end(): void {
    this.#controller.abort();
    const ends = this.#ends;
    this.#ends = [];
    for (const end of ends) end();
  }
}

// A part of the page: what is shown, and how to end it.
export interface View {
  readonly element: HTMLElement;
  // Puts the focus where reading begins, as soon as there is something to read.
  focus?(): void;
  end(): void;
}
