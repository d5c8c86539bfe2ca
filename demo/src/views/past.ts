// The draft as it was: a slider over its log, and in the text's place what had been written by then.
import type { Draft, DraftSnapshot, LogEntry, PastDraft, Result, Segment } from '@onering/sdk';

import { Colours } from '../colours.js';
import { fill, h, newId, setText } from '../dom.js';
import type { Notices } from '../notices.js';
import { Scope, type View } from '../scope.js';
import { count, counted, whenExactly } from '../words.js';
import { drawRow } from './segment-row.js';

const segmentsShown = 200;

export class Past implements View {
  // The slider, and what stands where the text stands now.
  readonly element: HTMLElement;
  readonly reading: HTMLElement;
  readonly #handle: Draft;
  readonly #notices: Notices;
  readonly #showing: (past: boolean) => void;
  readonly #scope = new Scope();
  readonly #slider: HTMLInputElement;
  readonly #back: HTMLButtonElement;
  readonly #title = h('h2', { class: 'past-title', tabindex: -1 });
  readonly #facts = h('p', { class: 'past-facts', role: 'status' });
  readonly #more = h('p', { class: 'past-more' });
  readonly #text = h('ol', { class: 'segments past-text' });
  #head = 0;
  #titleNow = '';
  #wanted: number | null = null; // null: now

  constructor(handle: Draft, notices: Notices, showing: (past: boolean) => void) {
    this.#handle = handle;
    this.#notices = notices;
    this.#showing = showing;
    const id = newId('past');
    this.#slider = h('input', { id, type: 'range', class: 'past-slider', min: 1, step: 1, oninput: () => this.#moved(), onkeydown: (event: KeyboardEvent) => event.key === 'Escape' && this.#toNow() });
    this.#back = h('button', { type: 'button', class: 'button small', hidden: true, onclick: () => this.#toNow() }, 'Back to now');
    this.element = h('section', { class: 'card', 'aria-label': 'The past' }, h('h2', { class: 'card-title' }, h('label', { for: id }, 'The draft as it was')), this.#slider, h('p', { class: 'past-foot' }, this.#back));
    this.reading = h('section', { class: 'past', hidden: true, 'aria-label': 'The draft as it was' }, h('header', { class: 'past-head' }, this.#title, this.#facts), this.#more, this.#text);
  }

  end(): void {
    this.#scope.end();
  }

  update(draft: DraftSnapshot): void {
    this.element.hidden = draft.seq < 2;
    this.#titleNow = draft.title;
    if (draft.seq === this.#head) return;
    this.#head = draft.seq;
    this.#slider.max = String(draft.seq);
    if (this.#wanted === null) this.#slider.value = String(draft.seq);
    this.#slider.setAttribute('aria-valuetext', this.#wanted === null ? 'Now' : `After ${counted(this.#wanted, 'change')}`);
  }

  #moved(): void {
    const seq = Number(this.#slider.value);
    if (seq >= this.#head) {
      this.#toNow();
      return;
    }
    this.#wanted = seq;
    this.#slider.setAttribute('aria-valuetext', `After ${counted(seq, 'change')}`);
    void this.#show(seq);
  }

  #toNow(): void {
    this.#wanted = null;
    this.#slider.value = String(this.#head);
    this.#slider.setAttribute('aria-valuetext', 'Now');
    this.#back.hidden = true;
    this.reading.hidden = true;
    this.#showing(false);
  }

  async #show(seq: number): Promise<void> {
    const [then, entry] = await Promise.all([this.#handle.at(seq), this.#entry(seq)]);
    if (this.#wanted !== seq || this.#scope.signal.aborted) return; // moved on meanwhile
    if (!then.ok) {
      this.#notices.fail(`The past cannot be read. ${then.error.message}`);
      return;
    }
    const segments = await this.#segments(then.value.segmentCount);
    if (this.#wanted !== seq || this.#scope.signal.aborted) return;
    if (!segments.ok) {
      this.#notices.fail(`The past cannot be read. ${segments.error.message}`);
      return;
    }
    this.#draw(then.value, entry, segments.value);
    this.#back.hidden = false;
    this.reading.hidden = false;
    this.#showing(true);
  }

  async #entry(seq: number): Promise<LogEntry | undefined> {
    const page = await this.#handle.log({ from: seq, to: seq + 1 });
    return page.ok ? page.value.entries[0] : undefined;
  }

  // Segments never move: what was there then are the first ones of now. A text that was erased since is not there any more.
  async #segments(until: number): Promise<Result<readonly Segment[]>> {
    const page = await this.#handle.segments({ from: Math.max(0, until - segmentsShown), to: until });
    return page.ok ? { ok: true, value: page.value.segments } : page;
  }

  #draw({ seq, at, segmentCount, state }: PastDraft, entry: LogEntry | undefined, segments: readonly Segment[]): void {
    setText(this.#title, state?.title ?? 'The draft as it was');
    this.#title.hidden = state?.title === this.#titleNow; // it stands above
    const holder = state === null ? '' : ` ${state.ring.holder} held the ring.`;
    setText(this.#facts, `After change ${count(seq)}${entry === undefined ? '' : `, by ${entry.actor}`}${at === null ? '' : `, ${whenExactly(at)}`}.${holder}`);
    setText(this.#more, segmentCount > segments.length ? `The last ${count(segments.length)} of ${counted(segmentCount, 'segment')}.` : '');
    const colours = new Colours(state?.members ?? []);
    fill(
      this.#text,
      ...segments.map((segment, i) => drawRow({ segment, opens: segments[i - 1]?.epoch !== segment.epoch, colour: colours.classOf(segment.author) })),
    );
  }
}
