// The drafts that the list shows: a live window on the newest, and pages behind it, read when they are asked for.
import type { Client, DraftSummary, ListCursor } from '@onering/sdk';

import type { Scope } from './scope.js';

const liveMax = 500;
const pageSize = 500;

export class DraftCatalogue {
  readonly #client: Client;
  readonly #scope: Scope;
  readonly #changed: () => void;
  #head: readonly DraftSummary[] = [];
  #behind: readonly DraftSummary[] = [];
  #next: ListCursor | null = null;
  #reading: Promise<void> | null = null;
  known = false;

  // `changed` is called whenever `drafts` may be another one.
  constructor(client: Client, scope: Scope, changed: () => void) {
    this.#client = client;
    this.#scope = scope;
    this.#changed = changed;
    scope.own(client.subscribeList(({ drafts }) => this.#headChanged(drafts), { limit: liveMax }));
  }

  // In the list's order.
  get drafts(): readonly DraftSummary[] {
    if (this.#behind.length === 0) return this.#head;
    const inHead = new Set(this.#head.map((draft) => draft.id));
    return [...this.#head, ...this.#behind.filter((draft) => !inHead.has(draft.id))];
  }

  // Whether there may be drafts that are not in `drafts` yet.
  get hasMore(): boolean {
    return this.#next !== null;
  }

  // Reads the next page behind those that are here.
  more(): Promise<void> {
    this.#reading ??= this.#read().finally(() => {
      this.#reading = null;
    });
    return this.#reading;
  }

  async all(): Promise<void> {
    while (this.#next !== null && !this.#scope.signal.aborted) await this.more();
  }

  #headChanged(drafts: readonly DraftSummary[]): void {
    const wasFull = this.#head.length >= liveMax;
    const here = new Set(drafts.map((draft) => draft.id));
    // Pushed out by newer ones: they are still there, behind.
    const pushedOut = wasFull && drafts.length >= liveMax ? this.#head.filter((draft) => !here.has(draft.id)) : [];
    if (this.#behind.length > 0) this.#behind = [...pushedOut, ...this.#behind];
    else this.#next = drafts.length < liveMax ? null : cursorOf(drafts.at(-1));
    this.#head = drafts;
    this.known = true;
    this.#changed();
  }

  async #read(): Promise<void> {
    if (this.#next === null) return;
    const page = await this.#client.list({ after: this.#next, limit: pageSize });
    if (this.#scope.signal.aborted) return;
    this.#behind = page.ok ? [...this.#behind, ...page.value.drafts] : this.#behind;
    this.#next = page.ok ? page.value.next : null;
    this.#changed();
  }
}

function cursorOf(draft: DraftSummary | undefined): ListCursor | null {
  return draft === undefined ? null : { updatedAt: draft.updatedAt, id: draft.id };
}
