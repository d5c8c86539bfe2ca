// The draft's life: a strip in which each holder's turn is as long as it lasted, under it how much was written in each, and
// the last moves in words.
import type { Draft, DraftSnapshot, RingPass } from '@onering/sdk';

import type { Colours } from '../colours.js';
import { fill, h, setText, svg } from '../dom.js';
import { Scope, type View } from '../scope.js';
import { onTick } from '../ticker.js';
import { count, counted, span, when, whenExactly } from '../words.js';

const turnsShown = 60;
const movesTold = 6;
const width = 280;
const entriesCounted = 1_000; // of the log, to tell what was written in each turn
const entriesRead = 200; // at a time
const restMs = 2_000; // between readings of a draft that grows
const [turnHeight, writtenTop, writtenHeight] = [26, 30, 16];

export class Life implements View {
  readonly element: HTMLElement;
  readonly #handle: Draft;
  readonly #scope = new Scope();
  readonly #heading = h('h2', { class: 'card-title' }, 'Turns so far');
  readonly #strip = svg('svg', { class: 'life-strip', viewBox: `0 0 ${width} ${writtenTop + writtenHeight}`, preserveAspectRatio: 'none', role: 'img' });
  readonly #moves = h('ol', { class: 'moves', reversed: true });
  #passes: readonly RingPass[] = [];
  #writtenAt: readonly number[] = []; // when the segments among the last entries were accepted, as far as they are known
  #readTo = 0; // seq
  #colours: Colours | null = null;
  #draft: DraftSnapshot | null = null;
  #readFor = '';
  #reading = false;
  #resting: ReturnType<typeof setTimeout> | undefined;

  constructor(handle: Draft) {
    this.#handle = handle;
    this.element = h('section', { class: 'card', 'aria-label': 'Turns so far' }, this.#heading, this.#strip, this.#moves);
    onTick(this.#scope, () => this.#draw());
  }

  end(): void {
    clearTimeout(this.#resting);
    this.#scope.end();
  }

  update(draft: DraftSnapshot, colours: Colours): void {
    const recoloured = this.#colours !== colours;
    this.#draft = draft;
    this.#colours = colours;
    // The history holds confirmed moves: it is read anew when one was made or confirmed.
    const state = `${draft.ring.epoch} ${draft.segmentCount} ${draft.sync.pending === 0}`;
    if (recoloured) this.#draw();
    if (state !== this.#readFor && !this.#reading && this.#resting === undefined) void this.#read(draft, state);
  }

  // Goes on until what is shown is of the draft as it is, with a rest between.
  async #read(draft: DraftSnapshot, state: string): Promise<void> {
    this.#reading = true;
    this.#readFor = state;
    const page = await this.#handle.history({ from: Math.max(0, draft.ring.epoch - turnsShown), limit: turnsShown });
    await this.#readLog(draft.seq);
    this.#reading = false;
    if (this.#scope.signal.aborted) return;
    if (page.ok) {
      this.#passes = page.value.passes;
      this.#draw();
    }
    this.#resting = setTimeout(() => {
      this.#resting = undefined;
      if (this.#draft !== null && this.#colours !== null) this.update(this.#draft, this.#colours);
    }, restMs);
  }

  // Only what has come since the last time: a log never changes, but for one that is fetched anew.
  async #readLog(head: number): Promise<void> {
    if (head < this.#readTo) [this.#readTo, this.#writtenAt] = [0, []];
    let from = Math.max(this.#readTo + 1, head - entriesCounted + 1);
    while (from <= head && !this.#scope.signal.aborted) {
      const to = Math.min(head + 1, from + entriesRead);
      const log = await this.#handle.log({ from, to });
      if (!log.ok) return;
      const times = log.value.entries.filter(({ kind }) => kind === 'appendSegment').map(({ acceptedAt }) => acceptedAt);
      this.#writtenAt = [...this.#writtenAt, ...times].slice(-entriesCounted);
      from = log.value.next ?? to;
      this.#readTo = from - 1;
    }
  }

  #draw(): void {
    if (this.#colours === null || this.#draft === null) return;
    this.element.hidden = this.#passes.length === 0;
    const end = this.#draft.status === 'completed' ? this.#draft.updatedAt : Date.now();
    setText(this.#heading, counted(this.#passes.at(-1)?.epoch ?? 0, 'turn'));
    fill(this.#strip, ...drawTurns(this.#passes, countWritten(this.#passes, this.#writtenAt), end, this.#colours));
    fill(this.#moves, ...this.#passes.slice(-movesTold).reverse().map(drawMove));
  }
}

// As long as they lasted, but for a share that every turn has, so that a short one between two long ones is seen.
function drawTurns(passes: readonly RingPass[], written: readonly number[], end: number, colours: Colours): SVGElement[] {
  const lasted = passes.map((pass, i) => Math.max(0, (passes[i + 1]?.at ?? end) - pass.at));
  const all = lasted.reduce((sum, ms) => sum + ms, 0) || 1;
  const share = Math.min(8, (width * 0.6) / Math.max(1, passes.length));
  const rest = width - share * passes.length;
  const most = Math.max(1, ...written);
  let x = 0;
  const bars = passes.map((pass, i) => {
    const long = share + (rest * (lasted[i] ?? 0)) / all;
    const segments = written[i] ?? 0;
    const height = segments === 0 ? 0 : 2 + ((writtenHeight - 2) * segments) / most;
    const place = { x, width: Math.max(1, long - 1.5) };
    const title = svg('title', {}, `${pass.to} held the ring for ${span(lasted[i] ?? 0)} and wrote ${counted(segments, 'segment')}`);
    x += long;
    return svg(
      'g',
      { class: colours.classOf(pass.to) },
      title,
      svg('rect', { class: 'life-turn', ...place, y: 0, height: turnHeight, rx: 2 }),
      svg('rect', { class: 'life-written', ...place, y: writtenTop, height, rx: 1 }),
    );
  });
  return [svg('title', {}, `The last ${counted(passes.length, 'turn')}: ${tally(passes, lasted)}`), ...bars];
}

// Who held the ring for how long in all, for those who hear the picture.
function tally(passes: readonly RingPass[], lasted: readonly number[]): string {
  const sums = new Map<string, number>();
  passes.forEach(({ to }, i) => sums.set(to, (sums.get(to) ?? 0) + (lasted[i] ?? 0)));
  return [...sums].map(([user, ms]) => `${user} ${span(ms)}`).join(', ');
}

// Both are in the order of their time.
function countWritten(passes: readonly RingPass[], writtenAt: readonly number[]): number[] {
  const written = passes.map(() => 0);
  let turn = 0;
  for (const at of writtenAt) {
    while (turn + 1 < passes.length && (passes[turn + 1]?.at ?? Infinity) <= at) ++turn;
    if (at >= (passes[0]?.at ?? Infinity)) written[turn] = (written[turn] ?? 0) + 1;
  }
  return written;
}

function drawMove(pass: RingPass): HTMLElement {
  return h(
    'li',
    { class: 'move', value: pass.epoch },
    h('span', { class: 'move-epoch', 'aria-hidden': 'true' }, count(pass.epoch)),
    h('span', { class: 'move-text' }, moveSentence(pass)),
    h('time', { class: 'move-time', datetime: new Date(pass.at).toISOString(), title: whenExactly(pass.at) }, when(pass.at)),
  );
}

function moveSentence({ from, to, kind }: RingPass): string {
  switch (kind) {
    case 'created':
      return `${to} began`;
    case 'passed':
      return `${from} passed to ${to}`;
    case 'reclaimed':
      return `${to} reclaimed it from ${from}`;
    case 'removed':
      return `${from} left; back to ${to}`;
  }
}
