// Where the confirmed log ends. Two devices that show the same mark have the same log, to the last byte.
import type { DraftSnapshot } from '@onering/sdk';

import { copyLink } from '../clipboard.js';
import { fill, h, setText } from '../dom.js';
import type { Notices } from '../notices.js';
import { count } from '../words.js';
import { chainMark, icon } from './marks.js';

export class Chain {
  readonly element: HTMLElement;
  readonly #mark = h('div', { class: 'chain-picture' });
  readonly #seq = h('data', { class: 'chain-seq' });
  readonly #link = h('code', { class: 'chain-link' });
  readonly #state = h('p', { class: 'card-note' });
  #full = '';

  constructor(notices: Notices) {
    const copy = (): unknown => copyLink(this.#full, notices);
    this.element = h(
      'section',
      { class: 'card', 'aria-label': 'Chain' },
      h('h2', { class: 'card-title' }, 'Chain'),
      this.#mark,
      h('p', { class: 'chain-head' }, this.#seq, this.#link, h('button', { type: 'button', class: 'icon-button', 'aria-label': 'Copy the whole link', title: 'Copy the whole link', onclick: copy }, icon('copy'))),
      this.#state,
    );
  }

  update(draft: DraftSnapshot): void {
    setText(this.#state, draft.sync.current ? 'As on the server.' : 'As far as the server has confirmed it to this device.');
    if (draft.link === this.#full) return;
    this.#full = draft.link;
    fill(this.#mark, chainMark(draft.link));
    this.#seq.value = String(draft.seq);
    setText(this.#seq, `#${count(draft.seq)}`);
    setText(this.#link, draft.link.slice(0, 12));
    this.#link.title = draft.link;
  }
}
