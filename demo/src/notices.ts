// The line that says what just happened: to the eye in a corner, to a screen reader as it comes. A failure
// stays until it is dismissed or replaced; other news goes after a while.
import type { Outcome, Stored } from '@onering/sdk';

import { h, setText } from './dom.js';

export class Notices {
  readonly element: HTMLElement;
  readonly #news = h('p', { class: 'notice-text', role: 'status' });
  readonly #failure = h('p', { class: 'notice-text', role: 'alert' });
  readonly #spoken = h('p', { class: 'visually-hidden', 'aria-live': 'polite' });
  readonly #box: HTMLElement;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor() {
    const close = h('button', { type: 'button', class: 'icon-button', 'aria-label': 'Dismiss', onclick: () => this.clear() }, '×');
    this.#box = h('div', { class: 'notice', hidden: true }, this.#news, this.#failure, close);
    this.element = h('div', { class: 'notices' }, this.#box, this.#spoken);
  }

  say(text: string): void {
    this.#show(text, '');
    this.#timer = setTimeout(() => this.clear(), 6_000);
  }

  fail(text: string): void {
    this.#show('', text);
  }

  // For ears only: what the eye sees happen anyway.
  speak(text: string): void {
    setText(this.#spoken, text);
  }

  clear(): void {
    clearTimeout(this.#timer);
    this.#box.hidden = true;
    setText(this.#news, '');
    setText(this.#failure, '');
  }

  // Follows what the user did: says why it was refused here, or later by the server. Null when this device refused.
  async follow(outcome: Outcome, refused: string): Promise<Stored | null> {
    const local = await outcome.local;
    if (!local.ok) {
      this.fail(`${refused} ${local.error.message}`);
      return null;
    }
    if (local.value.effect === 'waiting') this.say('Asked the server; it shows once the server has agreed.');
    void outcome.server.then((answer) => {
      if (!answer.ok && answer.error.code !== 'unavailable') this.fail(`${refused} ${answer.error.message}`);
    });
    return local.value;
  }

  #show(news: string, failure: string): void {
    clearTimeout(this.#timer);
    setText(this.#news, news);
    setText(this.#failure, failure);
    this.#box.classList.toggle('notice-failure', failure !== '');
    this.#box.hidden = false;
  }
}
