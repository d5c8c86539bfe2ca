// A draft's title and what there is to say of it; the owner changes the title.
import type { Draft, DraftSnapshot } from '@onering/sdk';

import { h, newId, setAttribute, setText } from '../dom.js';
import type { Notices } from '../notices.js';
import { listAddress } from '../route.js';
import { counted, statusNames } from '../words.js';
import { icon, ringMark } from './marks.js';

export class DraftHeader {
  readonly element: HTMLElement;
  readonly title = h('h1', { class: 'draft-title', tabindex: -1 });
  readonly #handle: Draft;
  readonly #notices: Notices;
  readonly #facts = h('p', { class: 'draft-facts' });
  readonly #edit: HTMLButtonElement;
  readonly #row: HTMLElement;
  #draft: DraftSnapshot | null = null;

  // `present` tells who is here; `panel` is the id of what the ring's button shows where there is no room for it beside the text.
  constructor(handle: Draft, notices: Notices, present: HTMLElement, panel: string, togglePanel: () => boolean) {
    this.#handle = handle;
    this.#notices = notices;
    this.#edit = h('button', { type: 'button', class: 'icon-button', 'aria-label': 'Change the title', title: 'Change the title', onclick: () => this.#editTitle() }, icon('pen'));
    this.#row = h('div', { class: 'draft-title-row' }, this.title, this.#edit);
    const open: HTMLButtonElement = h(
      'button',
      { type: 'button', class: 'button small panel-button', 'aria-controls': panel, 'aria-expanded': 'false', onclick: () => open.setAttribute('aria-expanded', String(togglePanel())) },
      ringMark('icon'),
      'Ring',
    );
    this.element = h(
      'header',
      { class: 'draft-header' },
      h('a', { class: 'back', href: listAddress, 'aria-label': 'All drafts' }, icon('back')),
      h('div', { class: 'draft-heading' }, this.#row, h('div', { class: 'draft-under' }, this.#facts, present)),
      open,
    );
  }

  update(draft: DraftSnapshot): void {
    this.#draft = draft;
    const { role, status } = draft;
    setText(this.title, draft.title);
    setAttribute(this.title, 'title', draft.title); // long ones are cut short
    setText(this.#facts, `${statusNames[status]} · ${counted(draft.segmentCount + draft.pendingSegmentCount, 'segment')} · ${role === 'owner' ? 'yours' : `${draft.owner}’s`}`);
    this.#edit.hidden = role !== 'owner';
  }

  #editTitle(): void {
    const id = newId('title');
    const input = h('input', { id, class: 'field title-field', value: this.#draft?.title ?? '', autocomplete: 'off' });
    const close = (): void => {
      form.replaceWith(this.#row);
      this.#edit.focus();
    };
    const save = async (event: SubmitEvent): Promise<void> => {
      event.preventDefault();
      const title = input.value.trim();
      const saved = title === this.#draft?.title || (await this.#notices.follow(this.#handle.setTitle(title), 'The title is unchanged.')) !== null;
      if (saved) close();
    };
    const form = h(
      'form',
      { class: 'draft-title-row', onsubmit: save, onkeydown: (event: KeyboardEvent) => event.key === 'Escape' && !event.isComposing && close() },
      h('label', { for: id, class: 'visually-hidden' }, 'Title'),
      input,
      h('button', { type: 'submit', class: 'button small primary' }, 'Save'),
      h('button', { type: 'button', class: 'button small', onclick: close }, 'Cancel'),
    );
    this.#row.replaceWith(form);
    input.focus();
    input.select();
  }
}
