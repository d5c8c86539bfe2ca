import type { Observable, Unsubscribe } from '../types.js';

/** Calls a listener of the app's; what it throws is the app's, and does not stop the others. */
export function notify<T>(listener: (value: T) => void, value: T): void {
  try {
    listener(value);
  } catch (error) {
    // To the app's own error handling, as from any event listener.
    if (typeof reportError === 'function') reportError(error);
    else queueMicrotask(() => { throw error; });
  }
}

/** A value with listeners. */
export class Value<T> implements Observable<T> {
  readonly #listeners = new Set<{ readonly listener: (value: T) => void }>();
  #current: T;

  constructor(initial: T) {
    this.#current = initial;
  }

  get current(): T {
    return this.#current;
  }

  set(value: T): void {
    this.#current = value;
    for (const entry of [...this.#listeners]) if (this.#listeners.has(entry)) notify(entry.listener, value);
  }

  subscribe(listener: (value: T) => void): Unsubscribe {
    const entry = { listener };
    this.#listeners.add(entry);
    notify(listener, this.#current);
    return () => void this.#listeners.delete(entry);
  }
}
