import type { Presenting } from '../types.js';

/** What a link gives to who is at a draft. */
export interface Seat {
  say(typing: boolean): void;
  leave(): void;
}

const typingMs = 5_000;
/** Servers take typing for over after some seconds in which it was not said again. */
const sayAgainMs = 4_000;

export class Attending implements Presenting {
  readonly #seat: Seat;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #saidAt = -Infinity;
  #isOpen = true;

  constructor(seat: Seat) {
    this.#seat = seat;
  }

  typing(): void {
    if (!this.#isOpen) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#saidAt = -Infinity;
      this.#seat.say(false);
    }, typingMs);
    const now = performance.now();
    if (now - this.#saidAt < sayAgainMs) return;
    this.#saidAt = now;
    this.#seat.say(true);
  }

  close(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    clearTimeout(this.#timer);
    this.#seat.leave();
  }
}
