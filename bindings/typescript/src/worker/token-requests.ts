import type { AuthReason } from '../types.js';

interface Waiting {
  resolve(token: string): void;
  reject(why: Error): void;
}

/** Tokens that the page was asked for. */
export class TokenRequests {
  readonly #post: (request: number, reason: AuthReason) => void;
  readonly #waiting = new Map<number, Waiting>();
  #last = 0;

  constructor(post: (request: number, reason: AuthReason) => void) {
    this.#post = post;
  }

  /** Rejects when the page has none. */
  ask(reason: AuthReason): Promise<string> {
    const request = ++this.#last;
    return new Promise((resolve, reject) => {
      this.#waiting.set(request, { resolve, reject });
      this.#post(request, reason);
    });
  }

  give(request: number, token: string): void {
    this.#take(request)?.resolve(token);
  }

  refuse(request: number, why: string): void {
    this.#take(request)?.reject(new Error(why));
  }

  #take(request: number): Waiting | undefined {
    const waiting = this.#waiting.get(request);
    this.#waiting.delete(request);
    return waiting;
  }
}
