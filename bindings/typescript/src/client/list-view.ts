import type { DraftSummary, ListChange } from '../types.js';

const names = [
  'title',
  'platform',
  'status',
  'owner',
  'holder',
  'epoch',
  'since',
  'segmentCount',
  'createdAt',
  'updatedAt',
  'seq',
  'pending',
] as const satisfies readonly (keyof DraftSummary)[];

function isSame(one: DraftSummary, other: DraftSummary): boolean {
  return names.every((name) => one[name] === other[name]);
}

/** Makes of the list's window, told whole, what in it is new to a subscriber. */
export class ListView {
  #drafts: readonly DraftSummary[] | undefined;

  /** Null: nothing has changed. */
  apply(window: readonly DraftSummary[], limit: number): ListChange | null {
    const before = new Map(this.#drafts?.map((draft) => [draft.id, draft]));
    const changed: string[] = [];
    const drafts = window.slice(0, limit).map((draft) => {
      const old = before.get(draft.id);
      if (old && isSame(old, draft)) return old;
      changed.push(draft.id);
      return draft;
    });
    const present = new Set(drafts.map(({ id }) => id));
    const removed = [...before.keys()].filter((id) => !present.has(id));
    const isMoved = this.#drafts === undefined || drafts.some((draft, index) => draft !== this.#drafts![index]);
    if (!isMoved && removed.length === 0) return null;
    this.#drafts = drafts;
    return { drafts, changed, removed };
  }
}
