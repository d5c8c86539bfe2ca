import type { News } from '../shared/protocol.js';
import type { Presence } from '../types.js';

type People = readonly Presence[];

/** At which drafts this device's user is, in any of its tabs, and who else is there. */
export class Attendance {
  readonly #seats = new Map<number, { readonly draft: string; typing: boolean }>();
  readonly #people = new Map<string, People>();

  /** Who is there, for a seat that is new; nothing where that is not known yet. */
  say(subscription: number, draft: string, typing: boolean): People | undefined {
    const isNew = !this.#seats.has(subscription);
    this.#seats.set(subscription, { draft, typing });
    return isNew ? this.#people.get(draft) : undefined;
  }

  /** The draft that this seat was at. */
  leave(subscription: number): string | undefined {
    const draft = this.#seats.get(subscription)?.draft;
    this.#seats.delete(subscription);
    if (draft !== undefined && this.at(draft) === 0) this.#people.delete(draft);
    return draft;
  }

  drafts(): Iterable<string> {
    return new Set([...this.#seats.values()].map(({ draft }) => draft));
  }

  /** What the module takes: 0 away, 1 here, 2 typing. */
  at(draft: string): 0 | 1 | 2 {
    const seats = [...this.#seats.values()].filter((seat) => seat.draft === draft);
    if (seats.length === 0) return 0;
    return seats.some(({ typing }) => typing) ? 2 : 1;
  }

  /** What to tell whom. */
  heard(told: readonly { readonly draft: string; readonly people: People }[]): NonNullable<News['presence']> {
    return told.flatMap(({ draft, people }) => {
      this.#people.set(draft, people);
      const seats = [...this.#seats].filter(([, seat]) => seat.draft === draft);
      return seats.map(([subscription]) => ({ subscription, people }));
    });
  }
}
