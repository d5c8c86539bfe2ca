import type { SegmentPage } from '../types.js';
import type { Json } from './module.js';

interface Range {
  readonly draft: string;
  readonly from: number;
  readonly to: number;
}

type Page = Json<SegmentPage>;

/**
 * The page of segments behind the last one, read while the app is still busy with that: for whoever reads one page behind
 * another. Good until something changes.
 */
export class ReadAhead {
  readonly #soon: (work: () => void) => void;
  readonly #read: (range: Range) => Page | undefined;
  /** Behind the page that was given last. */
  #next: Range | undefined;
  #page: Page | undefined;

  constructor(soon: (work: () => void) => void, read: (range: Range) => Page | undefined) {
    this.#soon = soon;
    this.#read = read;
  }

  /** What was read ahead of being asked for. */
  take(range: Range): Page | undefined {
    return isSame(range, this.#next) ? this.#page : undefined;
  }

  /** `page` is given to who asked for `range`. */
  gave(range: Range, page: Page): void {
    const goesOn = isSame(range, this.#next);
    const from = nextOf(page);
    const next = from === undefined ? undefined : { draft: range.draft, from, to: range.to };
    this.#next = next;
    this.#page = undefined;
    if (!goesOn || !next) return;
    this.#soon(() => {
      if (this.#next === next) this.#page = this.#read(next);
    });
  }

  forget(): void {
    this.#next = this.#page = undefined;
  }
}

function isSame(one: Range, other: Range | undefined): boolean {
  return one.draft === other?.draft && one.from === other.from && one.to === other.to;
}

/** Its last member, as the module writes it. */
function nextOf(page: Page): number | undefined {
  const next = /"next":(\d+)\}$/.exec(page.slice(-24))?.[1];
  return next === undefined ? undefined : Number(next);
}
