// Open, locked or completed, and who may change that.
import type { Draft, DraftSnapshot, DraftStatus } from '@onering/sdk';

import { h, setText } from '../dom.js';
import type { Notices } from '../notices.js';
import { confirmed } from './dialogs.js';

const sentences: Record<DraftStatus, string> = {
  active: 'Open: whoever holds the ring can write.',
  locked: 'Locked: nothing can be appended; the ring can still be passed.',
  completed: 'Completed: published as it is, for good.',
};

export class State {
  readonly element: HTMLElement;
  readonly #handle: Draft;
  readonly #notices: Notices;
  readonly #sentence = h('p', { class: 'card-note' });
  readonly #lock: HTMLButtonElement;
  readonly #complete: HTMLButtonElement;
  readonly #actions: HTMLElement;
  #status: DraftStatus = 'active';

  constructor(handle: Draft, notices: Notices) {
    this.#handle = handle;
    this.#notices = notices;
    this.#lock = h('button', { type: 'button', class: 'button small', onclick: () => this.#toggleLock() });
    this.#complete = h('button', { type: 'button', class: 'button small', onclick: () => this.#completeDraft() }, 'Complete');
    this.#actions = h('p', { class: 'state-actions' }, this.#lock, this.#complete);
    this.element = h('section', { class: 'card', 'aria-label': 'State' }, h('h2', { class: 'card-title' }, 'State'), this.#sentence, this.#actions);
  }

  update({ status, role, holding }: DraftSnapshot): void {
    this.#status = status;
    setText(this.#sentence, sentences[status]);
    setText(this.#lock, status === 'locked' ? 'Unlock' : 'Lock');
    this.#lock.hidden = !(role === 'owner' || (holding && status === 'active'));
    this.#complete.hidden = role !== 'owner';
    this.#actions.hidden = status === 'completed' || (this.#lock.hidden && this.#complete.hidden);
  }

  #toggleLock(): void {
    const locked = this.#status === 'locked';
    void this.#notices.follow(locked ? this.#handle.unlock() : this.#handle.lock(), locked ? 'Still locked.' : 'Not locked.');
  }

  async #completeDraft(): Promise<void> {
    const sure = await confirmed({
      title: 'Complete this draft?',
      text: 'It is published as it is: nothing can be appended any more, and the ring stays where it is, for good.',
      action: 'Complete',
    });
    if (sure) void this.#notices.follow(this.#handle.complete(), 'Not completed.');
  }
}
