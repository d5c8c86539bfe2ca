// The text: a window on the confirmed segments, pending ones below it. Turns are told apart by a line with the
// author; what is further up or down is read from the device when it is asked for or scrolled to.
import type { Draft, DraftChange, Segment } from '@onering/sdk';

import { Colours } from '../colours.js';
import { h, setText } from '../dom.js';
import { EndInSight } from '../end-in-sight.js';
import { framed } from '../frames.js';
import { KeyedList } from '../keyed.js';
import type { Notices } from '../notices.js';
import { Scope, type View } from '../scope.js';
import { SegmentWindow, pageRows } from '../segment-window.js';
import { count, counted, when, whenExactly } from '../words.js';
import { badge } from './marks.js';

const pendingShownMax = 200;
// How near the end of the window may come to the view before what follows is read.
const readAheadPx = 400;

interface Row {
  readonly segment: Segment;
  readonly opens: boolean; // a turn
  readonly colour: string;
}

export class Segments implements View {
  readonly element: HTMLElement;
  readonly #handle: Draft;
  readonly #notices: Notices;
  readonly #window = new SegmentWindow();
  readonly #scope = new Scope();
  readonly #painting = framed(() => this.#paint());
  readonly #content: HTMLElement;
  readonly #list = h('ol', { class: 'segments' });
  readonly #pendingList = h('ol', { class: 'segments segments-pending', 'aria-label': 'Not yet confirmed' });
  readonly #pendingNote = h('p', { class: 'pending-note' });
  readonly #empty = h('p', { class: 'segments-empty' }, 'Nothing is written yet.');
  readonly #earlier: PageBar;
  readonly #later: PageBar;
  readonly #rows: KeyedList<Row>;
  readonly #pendingRows: KeyedList<Row>;
  #shown = new Map<string, Row>();
  #pending: readonly Segment[] = [];
  #colours = new Colours();
  readonly #end: EndInSight;
  #loading = false;

  constructor(handle: Draft, notices: Notices, after: HTMLElement) {
    this.#handle = handle;
    this.#notices = notices;
    this.#earlier = new PageBar('Earlier', 'From the beginning', {
      step: () => this.#load(this.#window.earlier),
      leap: () => this.#load([0, pageRows], 'top'),
    });
    this.#later = new PageBar('Later', 'To the end', {
      step: () => this.#load(this.#window.later),
      leap: () => this.toEnd(),
    });
    this.#rows = new KeyedList(this.#list, rowKey, drawRow);
    this.#pendingRows = new KeyedList(this.#pendingList, rowKey, drawRow);
    this.#content = h(
      'div',
      { class: 'text' },
      this.#empty,
      this.#earlier.element,
      this.#list,
      this.#later.element,
      this.#pendingNote,
      this.#pendingList,
      after,
    );
    this.element = h('div', { class: 'text-scroller', role: 'region', 'aria-label': 'Text', tabindex: 0, onscroll: () => this.#scrolled() }, this.#content);
    this.#end = new EndInSight(this.element, this.#content, this.#scope);
  }

  end(): void {
    this.#painting.cancel();
    this.#scope.end();
  }

  apply(change: DraftChange, colours: Colours): void {
    if (change.reset) this.#end.holds = true;
    if (colours !== this.#colours) this.#shown.clear();
    this.#colours = colours;
    this.#window.apply(change);
    this.#pending = change.pending;
    this.#painting.request();
  }

  // Shows the last segment, as after an append of one's own.
  async toEnd(): Promise<void> {
    if (!this.#window.atEnd) await this.#load([Math.max(0, this.#window.count - pageRows), this.#window.count], 'bottom');
    this.#end.show();
  }

  #paint(): void {
    const { rows, first, count: all, atEnd } = this.#window;
    const pending = this.#pending.slice(-pendingShownMax);
    this.#rows.update(this.#dressed(rows, undefined));
    this.#pendingRows.update(this.#dressed(atEnd || rows.length === 0 ? pending : [], rows.at(-1)));
    this.#forgetRows(rows.length + pending.length);
    this.#earlier.update(first, `${counted(first, 'segment')} before this`);
    this.#later.update(all - this.#window.end, `${counted(all - this.#window.end, 'segment')} after this`);
    this.#list.start = first + 1;
    this.#empty.hidden = all + this.#pending.length > 0;
    this.#pendingNote.hidden = this.#pending.length === 0;
    setText(this.#pendingNote, pendingSentence(this.#pending.length));
  }

  // The same row object for the same segment in the same circumstances, so that its element stays.
  #dressed(segments: readonly Segment[], before: Segment | undefined): Row[] {
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

  async #load([from, to]: readonly [number, number], show?: 'top' | 'bottom'): Promise<void> {
    if (this.#loading || from >= to) return;
    this.#loading = true;
    const read = await this.#read(from, to);
    this.#loading = false;
    if (read.length === 0 || this.#scope.signal.aborted) return;
    const anchor = show === undefined ? this.#anchor() : null;
    this.#end.holds = show === 'bottom';
    this.#window.put(read);
    this.#paint();
    if (show === 'top') this.element.scrollTop = 0;
    anchor?.();
    requestAnimationFrame(() => this.#loadWhatIsScrolledTo());
  }

  async #read(from: number, to: number): Promise<readonly Segment[]> {
    const segments: Segment[] = [];
    for (let next: number | null = from; next !== null; ) {
      const page = await this.#handle.segments({ from: next, to });
      if (!page.ok) {
        this.#notices.fail(`The segments could not be read. ${page.error.message}`);
        return [];
      }
      segments.push(...page.value.segments);
      next = page.value.next;
    }
    return segments.filter((segment) => !segment.pending);
  }

  // Remembers what the reader sees first, and puts it back to where it was.
  #anchor(): () => void {
    const top = this.element.getBoundingClientRect().top;
    const seen = [...this.#list.children].find((row) => row.getBoundingClientRect().bottom > top);
    const before = seen?.getBoundingClientRect().top ?? 0;
    return () => {
      if (seen?.isConnected) this.element.scrollTop += seen.getBoundingClientRect().top - before;
    };
  }

  #scrolled(): void {
    this.#end.scrolled(this.#window.atEnd);
    this.#loadWhatIsScrolledTo();
  }

  #loadWhatIsScrolledTo(): void {
    const view = this.element.getBoundingClientRect();
    const [up, down] = [this.#earlier.element, this.#later.element].map((bar) => bar.getBoundingClientRect());
    if (down && !this.#later.element.hidden && down.top < view.bottom + readAheadPx) void this.#load(this.#window.later);
    else if (up && !this.#end.holds && up.bottom > view.top - readAheadPx) void this.#load(this.#window.earlier);
  }
}

// What can be done where the window ends but the draft does not.
class PageBar {
  readonly element: HTMLElement;
  readonly #label = h('p', { class: 'page-bar-label' });

  constructor(step: string, leap: string, go: { step(): unknown; leap(): unknown }) {
    this.element = h(
      'div',
      { class: 'page-bar', hidden: true },
      this.#label,
      h('button', { type: 'button', class: 'button small', onclick: go.step }, step),
      h('button', { type: 'button', class: 'button small', onclick: go.leap }, leap),
    );
  }

  update(left: number, label: string): void {
    this.element.hidden = left === 0;
    setText(this.#label, label);
  }
}

function rowKey(row: Row): string {
  return row.segment.id;
}

function drawRow({ segment, opens, colour }: Row): HTMLElement {
  const at = segment.acceptedAt ?? segment.authoredAt;
  const stamp = h('time', { class: 'segment-time', datetime: new Date(at).toISOString(), title: whenExactly(at) }, when(at));
  return h(
    'li',
    { class: `segment ${colour}${opens ? ' segment-opens' : ''}${segment.pending ? ' segment-is-pending' : ''}`, 'data-position': segment.position },
    opens
      ? h('p', { class: 'segment-turn' }, badge(segment.author, colour), h('span', { class: 'segment-author' }, segment.author), h('span', { class: 'segment-epoch' }, `turn ${count(segment.epoch)}`), stamp)
      : h('p', { class: 'segment-more' }, h('span', { class: 'visually-hidden' }, segment.author), stamp),
    segment.redacted
      ? h('p', { class: 'segment-text segment-erased' }, 'This segment was erased.')
      : h('p', { class: 'segment-text' }, segment.text),
  );
}

function pendingSentence(pending: number): string {
  const hidden = Math.max(0, pending - pendingShownMax);
  const stored = `${counted(pending, 'segment')} stored on this device, waiting for the server`;
  return hidden === 0 ? stored : `${stored}; the last ${count(pendingShownMax)} are shown`;
}
