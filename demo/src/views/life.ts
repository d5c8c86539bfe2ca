// The ring's way so far: a strip in which each holder's turn is as long as it lasted, and the last moves in words.
import type { Draft, DraftSnapshot, RingPass } from '@onering/sdk';

import type { Colours } from '../colours.js';
import { fill, h, setText, svg } from '../dom.js';
import { Scope, type View } from '../scope.js';
import { onTick } from '../ticker.js';
import { count, counted, span, when, whenExactly } from '../words.js';

const turnsShown = 60;
const movesTold = 6;
const width = 280;

export class Life implements View {
  readonly element: HTMLElement;
  readonly #handle: Draft;
  readonly #scope = new Scope();
  readonly #heading = h('h2', { class: 'card-title' }, 'Turns so far');
  readonly #strip = svg('svg', { class: 'life-strip', viewBox: `0 0 ${width} 26`, preserveAspectRatio: 'none', role: 'img' });
  readonly #moves = h('ol', { class: 'moves', reversed: true });
  #passes: readonly RingPass[] = [];
  #colours: Colours | null = null;
  #draft: DraftSnapshot | null = null;
  #readFor = '';

  constructor(handle: Draft) {
    this.#handle = handle;
    this.element = h('section', { class: 'card', 'aria-label': 'Turns so far' }, this.#heading, this.#strip, this.#moves);
    onTick(this.#scope, () => this.#draw());
  }

  end(): void {
    this.#scope.end();
  }

  update(draft: DraftSnapshot, colours: Colours): void {
    const recoloured = this.#colours !== colours;
    this.#draft = draft;
    this.#colours = colours;
    // The history holds confirmed moves: it is read anew when one was made or confirmed.
    const state = `${draft.ring.epoch} ${draft.sync.pending === 0}`;
    if (state !== this.#readFor) void this.#read(draft, state);
    else if (recoloured) this.#draw();
  }

  async #read(draft: DraftSnapshot, state: string): Promise<void> {
    this.#readFor = state;
    const page = await this.#handle.history({ from: Math.max(0, draft.ring.epoch - turnsShown), limit: turnsShown });
    if (!page.ok || this.#scope.signal.aborted || this.#readFor !== state) return;
    this.#passes = page.value.passes;
    this.#draw();
  }

  #draw(): void {
    if (this.#colours === null || this.#draft === null) return;
    this.element.hidden = this.#passes.length === 0;
    const end = this.#draft.status === 'completed' ? this.#draft.updatedAt : Date.now();
    setText(this.#heading, counted(this.#passes.at(-1)?.epoch ?? 0, 'turn'));
    fill(this.#strip, ...drawTurns(this.#passes, end, this.#colours));
    fill(this.#moves, ...this.#passes.slice(-movesTold).reverse().map(drawMove));
  }
}

// As long as they lasted, but for a share that every turn has, so that a short one between two long ones is seen.
function drawTurns(passes: readonly RingPass[], end: number, colours: Colours): SVGElement[] {
  const lasted = passes.map((pass, i) => Math.max(0, (passes[i + 1]?.at ?? end) - pass.at));
  const all = lasted.reduce((sum, ms) => sum + ms, 0) || 1;
  const share = Math.min(8, (width * 0.6) / Math.max(1, passes.length));
  const rest = width - share * passes.length;
  let x = 0;
  const bars = passes.map((pass, i) => {
    const long = share + (rest * (lasted[i] ?? 0)) / all;
    const bar = svg(
      'rect',
      { class: `life-turn ${colours.classOf(pass.to)}`, x, y: 0, width: Math.max(1, long - 1.5), height: 26, rx: 2 },
      svg('title', {}, `${pass.to} held the ring for ${span(lasted[i] ?? 0)}`),
    );
    x += long;
    return bar;
  });
  return [svg('title', {}, `The last ${counted(passes.length, 'turn')}, each as long as it lasted`), ...bars];
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
