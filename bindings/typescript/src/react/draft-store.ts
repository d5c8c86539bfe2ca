import type { Client, DraftChange, DraftSnapshot, Segment, Unsubscribe } from '../types.js';

/** A draft as a component shows it. What has not changed since the last render is the same object. */
export interface DraftState {
  /** Undefined: not read yet. Null: this device has no such draft, or the user is not a member any more. */
  readonly draft: DraftSnapshot | null | undefined;
  /** Confirmed segments without a gap, up to the newest: those that were subscribed to, and earlier ones as asked for. */
  readonly segments: readonly Segment[];
  /** They follow `segments`; where there are more than 1,000, the newest. */
  readonly pending: readonly Segment[];
  /** Whether there are segments before `segments`. */
  readonly hasEarlier: boolean;
}

const none: readonly never[] = [];
export const noDraftYet: DraftState = { draft: undefined, segments: none, pending: none, hasEarlier: false };

/** Follows one draft as long as someone listens. */
export class DraftStore {
  readonly #client: Client;
  readonly #id: string;
  readonly #tail: number;
  readonly #listeners = new Set<() => void>();
  #stop: Unsubscribe | undefined;
  #state = noDraftYet;

  constructor(client: Client, id: string, tail: number) {
    this.#client = client;
    this.#id = id;
    this.#tail = tail;
  }

  readonly current = (): DraftState => this.#state;

  readonly subscribe = (listener: () => void): Unsubscribe => {
    this.#listeners.add(listener);
    this.#stop ??= this.#client.draft(this.#id).subscribe((change) => this.#apply(change), { tail: this.#tail });
    return () => {
      this.#listeners.delete(listener);
      if (this.#listeners.size > 0) return;
      this.#stop?.();
      this.#stop = undefined;
    };
  };

  /** Reads so many segments before those that are here. */
  readonly loadEarlier = async (count = 200): Promise<void> => {
    const to = this.#state.segments[0]?.position ?? this.#state.draft?.segmentCount ?? 0;
    const from = Math.max(0, to - count);
    const earlier: Segment[] = [];
    for (let next: number | null = to > 0 ? from : null; next !== null; ) {
      const page = await this.#client.draft(this.#id).segments({ from: next, to });
      if (!page.ok) return;
      earlier.push(...page.value.segments);
      ({ next } = page.value);
    }
    const isStillNext = (this.#state.segments[0]?.position ?? to) === to;
    if (earlier.length > 0 && isStillNext) this.#set({ segments: [...earlier, ...this.#state.segments] });
  };

  #apply({ draft, reset, appended, redacted, pending }: DraftChange): void {
    const before = reset ? none : this.#state.segments;
    const gone = new Set(redacted);
    const kept = gone.size === 0 ? before : before.map((each) => (gone.has(each.id) ? { ...each, text: '', redacted: true } : each));
    const follows = appended.length === 0 || kept.length === 0 || appended[0]!.position === kept.at(-1)!.position + 1;
    const segments = appended.length === 0 ? kept : follows ? [...kept, ...appended] : appended;
    this.#set({ draft, segments, pending });
  }

  #set(change: Partial<DraftState>): void {
    const { draft, segments, pending } = { ...this.#state, ...change };
    const first = segments[0]?.position ?? draft?.segmentCount ?? 0;
    this.#state = { draft, segments, pending, hasEarlier: first > 0 };
    for (const listener of [...this.#listeners]) listener();
  }
}
