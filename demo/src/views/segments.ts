// The text: a window on the confirmed segments, pending ones below it. What is further up or down is read from
// the device when it is asked for or scrolled to.
import type { Draft, DraftChange, Segment } from '@onering/sdk';

import { Colours } from '../colours.js';
import { h, setText } from '../dom.js';
import { EndInSight } from '../end-in-sight.js';
import { framed } from '../frames.js';
import { KeyedList } from '../keyed.js';
import type { Notices } from '../notices.js';
import { Scope, type View } from '../scope.js';
import { SegmentWindow, pageRows } from '../segment-window.js';
import { count, counted } from '../words.js';
import { type SegmentRow, drawRow, rowKey } from './segment-row.js';

const pendingShownMax = 50;
// How near the end of the window may come to the view before what follows is read.
const readAheadPx = 800;
// What one who has come to the end finds above it without asking, as soon as there is time for it.
const rowsAtEnd = 72;
const restMs = 200;
// Of more new rows than this only the last are shown at once: a view's height, and less than a frame's work.
const burstRows = 12;

export class Segments implements View {
  readonly element: HTMLElement;
  readonly #handle: Draft;
  readonly #notices: Notices;
  readonly #window = new SegmentWindow();
  readonly #scope = new Scope();
  readonly #painting = framed(() => this.#paint());
  readonly #scroller: HTMLElement;
  readonly #end: EndInSight;
  readonly #list = h('ol', { class: 'segments' });
  readonly #pendingList = h('ol', { class: 'segments segments-pending', 'aria-label': 'Not yet confirmed' });
  readonly #pendingNote = h('p', { class: 'pending-note' });
  readonly #empty = h('p', { class: 'segments-empty' }, 'Nothing is written yet.');
  readonly #earlier = new PageBar('Earlier', () => this.#read(this.#window.earlier));
  readonly #later = new PageBar('Later', () => this.#read(this.#window.later));
  readonly #toStart = leap('To the beginning', () => this.#leap([0, pageRows], false));
  readonly #toEnd = leap('To the end', () => this.toEnd());
  readonly #rows = new KeyedList(this.#list, rowKey, drawRow);
  readonly #pendingRows = new KeyedList(this.#pendingList, rowKey, drawRow);
  #shown = new Map<string, SegmentRow>();
  #pending: readonly Segment[] = [];
  #pendingCount = 0;
  #colours = new Colours();
  #reading: Promise<void> | null = null;
  #paintedEnd = 0;
  #resting: ReturnType<typeof setTimeout> | undefined;

  constructor(handle: Draft, notices: Notices, after: HTMLElement) {
    this.#handle = handle;
    this.#notices = notices;
    const parts = [this.#empty, this.#earlier.element, this.#list, this.#later.element, this.#pendingNote, this.#pendingList, after];
    const content = h('div', { class: 'text' }, ...parts);
    this.#scroller = h('div', { class: 'text-scroller', role: 'region', 'aria-label': 'Text', tabindex: 0, onscroll: () => this.#scrolled() }, content);
    this.#end = new EndInSight(this.#scroller, content, this.#scope);
    this.element = h('div', { class: 'text-area' }, this.#scroller, h('div', { class: 'leaps' }, this.#toStart, this.#toEnd));
  }

  end(): void {
    clearTimeout(this.#resting);
    this.#painting.cancel();
    this.#scope.end();
  }

  apply(change: DraftChange, colours: Colours): void {
    if (change.reset) this.#end.holds = true;
    if (colours !== this.#colours) this.#shown.clear();
    this.#colours = colours;
    this.#window.apply(change, this.#end.holds);
    this.#pending = change.pending;
    this.#pendingCount = change.draft?.pendingSegmentCount ?? 0;
    this.#painting.request();
  }

  // Shows the last segment, as after an append of one's own.
  async toEnd(): Promise<void> {
    // Again where it has grown in the meantime.
    while (!this.#window.atEnd) {
      const { count: all } = this.#window;
      if (!(await this.#leap([Math.max(0, all - pageRows), all], true))) break;
    }
    if (this.#window.atEnd) this.#end.show();
    this.#showLeaps();
  }

  // --- drawing ---

  #paint(): void {
    if (this.#end.holds && this.#window.atEnd && this.#window.end - this.#paintedEnd > burstRows) this.#window.keepNewest(burstRows);
    this.#paintedEnd = this.#window.end;
    const { rows, first, count: all, end, atEnd } = this.#window;
    const pending = atEnd || rows.length === 0 ? this.#pending.slice(-pendingShownMax) : [];
    this.#rows.update(this.#dressed(rows, undefined));
    this.#pendingRows.update(this.#dressed(pending, rows.at(-1)));
    this.#forgetRows(rows.length + pending.length);
    this.#earlier.update(first, `${counted(first, 'segment')} before this`);
    this.#later.update(all - end, `${counted(all - end, 'segment')} after this`);
    this.#list.start = first + 1;
    this.#empty.hidden = all + this.#pendingCount > 0;
    this.#pendingNote.hidden = this.#pendingCount === 0;
    setText(this.#pendingNote, pendingSentence(this.#pendingCount));
    this.#end.keep(); // before anyone looks: a text that got shorter has been moved by the browser
    this.#showLeaps();
    clearTimeout(this.#resting);
    this.#resting = setTimeout(() => this.#fillUp(), restMs);
  }

  #showLeaps(): void {
    this.#toStart.hidden = this.#window.first === 0;
    this.#toEnd.hidden = this.#end.holds;
  }

  // The same row object for the same segment in the same circumstances, so that its element stays.
  #dressed(segments: readonly Segment[], before: Segment | undefined): SegmentRow[] {
    let previous = before;
    return segments.map((segment) => {
      const opens = previous === undefined || previous.epoch !== segment.epoch || previous.author !== segment.author;
      previous = segment;
      const old = this.#shown.get(segment.id);
      if (old?.segment === segment && old.opens === opens) return old;
      const row = { segment, opens, colour: this.#colours.classOf(segment.author) };
      this.#shown.set(segment.id, row);
      return row;
    });
  }

  #forgetRows(needed: number): void {
    if (this.#shown.size < 3 * needed + 1_000) return;
    const present = new Set([...this.#window.rows, ...this.#pending].map((segment) => segment.id));
    for (const id of this.#shown.keys()) {
      if (!present.has(id)) this.#shown.delete(id);
    }
  }

  // --- moving ---

  #scrolled(): void {
    this.#end.scrolled(this.#window.atEnd);
    this.#showLeaps();
    this.#readWhatIsScrolledTo();
  }

  #readWhatIsScrolledTo(): void {
    const view = this.#scroller.getBoundingClientRect();
    if (this.#later.top < view.bottom + readAheadPx) this.#read(this.#window.later);
    else if (!this.#end.holds && this.#earlier.bottom > view.top - readAheadPx) this.#read(this.#window.earlier);
  }

  // Adds what adjoins the window; the reader stays at what they see.
  #read(range: readonly [number, number]): void {
    if (this.#reading !== null || range[0] >= range[1]) return;
    void this.#move(range, (segments) => {
      if (segments.length > 0) this.#keepInPlace(() => this.#window.put(segments));
      requestAnimationFrame(() => this.#readWhatIsScrolledTo());
    });
  }

  // Reads what is above the end while the reader stays there.
  #fillUp(): void {
    const { atEnd, first, rows, earlier } = this.#window;
    if (!this.#end.holds || !atEnd || first === 0 || rows.length >= rowsAtEnd || this.#reading !== null) return;
    void this.#move(earlier, (segments) => {
      const adjoins = segments.length > 0 && earlier[1] === this.#window.first;
      if (!adjoins || !this.#end.holds) return;
      this.#window.put(segments);
      this.#paint();
      this.#end.show();
    });
  }

  // Goes somewhere else in the draft: to the first or the last of these segments. False when it could not.
  async #leap(range: readonly [number, number], toLast: boolean): Promise<boolean> {
    while (this.#reading !== null) await this.#reading;
    let arrived = false;
    await this.#move(range, (segments) => {
      if (segments.length === 0) return;
      arrived = true;
      this.#window.put(segments);
      this.#end.holds = toLast;
      this.#paint();
      if (!toLast) this.#scroller.scrollTop = 0;
    });
    return arrived;
  }

  // One at a time: what is read for a place that the window has left meanwhile would take it back there.
  #move(range: readonly [number, number], show: (segments: readonly Segment[]) => void): Promise<void> {
    this.#reading = this.#segments(range)
      .then(show)
      .finally(() => (this.#reading = null));
    return this.#reading;
  }

  // Empty when it could not be read, or nobody wants it any more.
  async #segments([from, to]: readonly [number, number]): Promise<readonly Segment[]> {
    const segments: Segment[] = [];
    for (let next: number | null = from; next !== null; ) {
      const page = await this.#handle.segments({ from: next, to });
      if (this.#scope.signal.aborted) return [];
      if (!page.ok) {
        this.#notices.fail(`The segments could not be read. ${page.error.message}`);
        return [];
      }
      segments.push(...page.value.segments);
      next = page.value.next;
    }
    return segments.filter((segment) => !segment.pending);
  }

  #keepInPlace(change: () => void): void {
    const top = this.#scroller.getBoundingClientRect().top;
    const seen = [...this.#list.children].find((row) => row.getBoundingClientRect().bottom > top);
    const before = seen?.getBoundingClientRect().top ?? 0;
    this.#end.holds = false;
    change();
    this.#paint();
    if (seen?.isConnected) this.#scroller.scrollTop += seen.getBoundingClientRect().top - before;
  }
}

// What is said where the window ends and the draft does not.
class PageBar {
  readonly element: HTMLElement;
  readonly #label = h('p', { class: 'page-bar-label' });

  constructor(step: string, read: () => void) {
    this.element = h('div', { class: 'page-bar', hidden: true }, this.#label, h('button', { type: 'button', class: 'button small', onclick: read }, step));
  }

  // Beyond any view while there is nothing to say.
  get top(): number {
    return this.element.hidden ? Infinity : this.element.getBoundingClientRect().top;
  }

  get bottom(): number {
    return this.element.hidden ? -Infinity : this.element.getBoundingClientRect().bottom;
  }

  update(left: number, label: string): void {
    this.element.hidden = left === 0;
    setText(this.#label, label);
  }
}

function leap(label: string, go: () => unknown): HTMLElement {
  return h('button', { type: 'button', class: 'button small leap', hidden: true, onclick: go }, label);
}

function pendingSentence(pending: number): string {
  const hidden = Math.max(0, pending - pendingShownMax);
  const stored = `${counted(pending, 'segment')} stored on this device, waiting for the server`;
  return hidden === 0 ? stored : `${stored}; the last ${count(pendingShownMax)} are shown`;
}
