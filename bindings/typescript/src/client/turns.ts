import type { DraftSummary, ListChange, TurnChange } from '../types.js';

/** Makes of a list's changes what there is to tell of rings that moved. */
export class TurnWatch {
  readonly #user: () => string | null;
  /** By draft, as last seen; undefined before the first list: what was so before is no news. */
  #seen: Map<string, { readonly holder: string; readonly epoch: number }> | undefined;

  constructor(user: () => string | null) {
    this.#user = user;
  }

  apply({ drafts, changed }: ListChange): TurnChange[] {
    const isFirst = this.#seen === undefined;
    const seen = (this.#seen ??= new Map());
    const news = new Set(changed);
    const turns: TurnChange[] = [];
    for (const draft of drafts) {
      if (!news.has(draft.id)) continue;
      const before = seen.get(draft.id);
      seen.set(draft.id, { holder: draft.holder, epoch: draft.epoch });
      if (!isFirst && this.#isNews(draft, before)) turns.push(this.#turn(draft, before?.holder ?? null));
    }
    return turns;
  }

  // A ring that is back with its holder of before has been away, too. A draft that is seen first is news only when its
  // ring has come to this user.
  #isNews(draft: DraftSummary, before: { readonly holder: string; readonly epoch: number } | undefined): boolean {
    if (before) return draft.epoch !== before.epoch;
    return draft.holder === this.#user() && draft.epoch > 1;
  }

  #turn({ id, title, holder, epoch, since }: DraftSummary, from: string | null): TurnChange {
    const user = this.#user();
    const turn = holder === user ? 'yours' : from === user ? 'passed' : 'others';
    return { draft: id, title, from, to: holder, epoch, at: since, turn };
  }
}
