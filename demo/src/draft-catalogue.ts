// The drafts that the list shows: a live window on the newest, and pages behind it, read when they are asked for.
//
// Whatever changes moves into the window, so what lies behind it need not be live; but for catching up, which
// brings changes of any age: after it the pages are read anew. The window is small, because all of it comes
// with every change.
import type { Client, DraftSummary, ListCursor } from '@onering/sdk';

import type { Scope } from './scope.js';

const liveMax = 50;
const pageSize = 250;

export class DraftCatalogue {
  readonly #client: Client;
  readonly #scope: Scope;
  readonly #changed: () => void;
  #head: readonly DraftSummary[] = [];
  #behind: readonly DraftSummary[] = [];
  #all: readonly DraftSummary[] | null = null; // of the two, once it was asked for
  // Where to read on; null: there is no more.
  #next: ListCursor | null = null;
  #wanted = liveMax;
  #reading = false;
  known = false;

  // `changed` is called whenever `drafts` may be another one.
  constructor(client: Client, scope: Scope, changed: () => void) {
    this.#client = client;
    this.#scope = scope;
    this.#changed = changed;
    scope.own(client.subscribeList(({ drafts }) => this.#headChanged(drafts), { limit: liveMax }));
    let wasLive = false;
    scope.own(
      client.status.subscribe(({ link }) => {
        if (link === 'live' && !wasLive) this.#restart();
        wasLive = link === 'live';
      }),
    );
  }

  // In the list's order.
  get drafts(): readonly DraftSummary[] {
    return (this.#all ??= this.#joined());
  }

  #joined(): readonly DraftSummary[] {
    if (this.#behind.length === 0) return this.#head;
    const seen = new Set<string>();
    return [...this.#head, ...this.#behind].filter(({ id }) => !seen.has(id) && seen.add(id));
  }

  // Whether there may be drafts that are not in `drafts` yet.
  get hasMore(): boolean {
    return this.#next !== null;
  }

  // Has at least so many drafts, if there are so many; tells when they have come.
  want(drafts: number): void {
    this.#wanted = Math.max(this.#wanted, drafts);
    void this.#fill();
  }

  #headChanged(drafts: readonly DraftSummary[]): void {
    const last = drafts.at(-1);
    if (this.#behind.length > 0 && last !== undefined) this.#behind = [...this.#pushedOut(drafts, last), ...this.#behind];
    this.#head = drafts;
    if (this.#behind.length === 0) this.#next = this.#cursorBehindHead();
    this.known = true;
    this.#tell();
    void this.#fill();
  }

  // Those that newer ones took the place of. One that is newer than the last and not there any more is gone.
  #pushedOut(drafts: readonly DraftSummary[], last: DraftSummary): readonly DraftSummary[] {
    const here = new Set(drafts.map((draft) => draft.id));
    return this.#head.filter((draft) => !here.has(draft.id) && draft.updatedAt <= last.updatedAt);
  }

  #cursorBehindHead(): ListCursor | null {
    const last = this.#head.at(-1);
    return last === undefined || this.#head.length < liveMax ? null : { updatedAt: last.updatedAt, id: last.id };
  }

  #tell(): void {
    this.#all = null;
    this.#changed();
  }

  #restart(): void {
    this.#behind = [];
    this.#all = null;
    this.#next = this.#cursorBehindHead();
    void this.#fill();
  }

  async #fill(): Promise<void> {
    if (this.#reading) return;
    this.#reading = true;
    while (this.#next !== null && this.#head.length + this.#behind.length < this.#wanted) {
      if (!(await this.#read(this.#next))) break;
    }
    this.#reading = false;
  }

  // False when it failed.
  async #read(after: ListCursor): Promise<boolean> {
    const page = await this.#client.list({ after, limit: pageSize });
    if (!page.ok || this.#scope.signal.aborted) return false;
    if (this.#next !== after) return true; // begun anew meanwhile
    this.#behind = [...this.#behind, ...page.value.drafts];
    this.#next = page.value.next;
    this.#tell();
    return true;
  }
}
