// Which confirmed segments of a draft are in the page: a run without gaps, at most `rowsMax` of them, whatever
// the draft's size. It follows the end while the reader is there, and stays where the reader has gone.
//
// Invariants: rows[i].position === first + i; first + rows.length <= count; rows.length <= rowsMax.
import type { DraftChange, Segment } from '@onering/sdk';

export const rowsMax = 200;
// As many as a frame has time for.
export const pageRows = 24;

export class SegmentWindow {
  // Confirmed segments of the draft.
  count = 0;
  first = 0;
  rows: readonly Segment[] = [];

  get end(): number {
    return this.first + this.rows.length;
  }

  get atEnd(): boolean {
    return this.end === this.count;
  }

  // What lies above and below the window, to be read from the device: [from, to).
  get earlier(): readonly [number, number] {
    return [Math.max(0, this.first - pageRows), this.first];
  }

  get later(): readonly [number, number] {
    return [this.end, Math.min(this.count, this.end + pageRows)];
  }

  // `readsEnd`: what is new may take the place of what is old.
  apply(change: DraftChange, readsEnd: boolean): void {
    const follows = this.atEnd || change.reset;
    if (change.reset) this.#restart([]);
    this.count = change.draft?.segmentCount ?? 0;
    const start = change.appended[0]?.position ?? this.count;
    if (start < this.end) {
      // The window cannot hold what the draft does not have: it was replaced.
      this.#restart([]);
    }
    if (change.appended.length > 0 && follows) this.#follow(change.appended, start, readsEnd || change.reset);
    if (change.redacted.length > 0) this.#erase(new Set(change.redacted));
  }

  // Only the newest: for when there are more new ones than a frame has time for, and nobody could have read them.
  keepNewest(rows: number): void {
    this.#restart(this.rows.slice(-rows));
  }

  // Segments as read for `earlier`, `later` or any other place; where they do not touch the window they replace it.
  put(segments: readonly Segment[]): void {
    const start = segments[0]?.position;
    if (start === undefined) return;
    if (start + segments.length === this.first) {
      this.rows = [...segments, ...this.rows].slice(0, rowsMax);
      this.first = start;
    } else if (start === this.end) {
      this.#add(segments);
    } else {
      this.#restart(segments);
    }
  }

  #follow(appended: readonly Segment[], start: number, readsEnd: boolean): void {
    if (start !== this.end) {
      if (readsEnd) this.#restart(appended);
    } else if (readsEnd) {
      this.#add(appended);
    } else {
      this.rows = [...this.rows, ...appended].slice(0, rowsMax);
    }
  }

  #add(segments: readonly Segment[]): void {
    this.rows = [...this.rows, ...segments].slice(-rowsMax);
    this.first = (segments[segments.length - 1]?.position ?? 0) + 1 - this.rows.length;
  }

  #restart(segments: readonly Segment[]): void {
    this.rows = segments.slice(-rowsMax);
    this.first = this.rows[0]?.position ?? this.count;
  }

  #erase(ids: ReadonlySet<string>): void {
    this.rows = this.rows.map((row) => (ids.has(row.id) ? { ...row, text: '', redacted: true } : row));
  }
}
