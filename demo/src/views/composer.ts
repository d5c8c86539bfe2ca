// Where the next segment is written. What is typed is kept on this device with every keystroke, and given up
// only when the segment is stored: a refusal, a lost ring, a reload or a crash leaves it where it is.
import type { Draft, DraftSnapshot } from '@onering/sdk';

import { h, newId, setAttribute, setText } from '../dom.js';
import type { View } from '../scope.js';
import { keepTyped, typedText } from '../typed.js';
import { count, utf8Bytes } from '../words.js';

export class Composer implements View {
  readonly element: HTMLFormElement;
  readonly #handle: Draft;
  readonly #user: string;
  readonly #appended: () => void;
  readonly #types: () => void;
  readonly #text: HTMLTextAreaElement;
  readonly #label: HTMLLabelElement;
  readonly #counter: HTMLElement;
  readonly #fault: HTMLElement;
  readonly #append: HTMLButtonElement;
  #bytesMax = 16_384;
  #busy = false;

  // `appended` is called when a segment is stored, `types` as the user types.
  constructor(handle: Draft, user: string, appended: () => void, types: () => void) {
    this.#handle = handle;
    this.#user = user;
    this.#appended = appended;
    this.#types = types;
    const [text, counter, fault] = [newId('text'), newId('counter'), newId('fault')];
    this.#label = h('label', { for: text, class: 'composer-label' });
    this.#text = h('textarea', {
      id: text,
      class: 'composer-text',
      rows: 3,
      'aria-describedby': `${counter} ${fault}`,
      oninput: () => this.#typed(),
      onkeydown: (event: KeyboardEvent) => this.#pressed(event),
    });
    this.#text.value = typedText(user, handle.id);
    this.#counter = h('p', { id: counter, class: 'composer-counter' });
    this.#fault = h('p', { id: fault, class: 'composer-fault', role: 'alert' });
    this.#append = h('button', { type: 'submit', class: 'button primary' }, 'Append');
    this.element = h(
      'form',
      { class: 'composer', 'aria-label': 'Write', onsubmit: (event: SubmitEvent) => this.#submitted(event) },
      this.#label,
      this.#text,
      this.#fault,
      h('div', { class: 'composer-foot' }, this.#counter, h('p', { class: 'composer-hint' }, 'Ctrl + Enter'), this.#append),
    );
    this.#measure();
  }

  // Nothing to end: what was typed is kept already.
  end(): void {}

  update(draft: DraftSnapshot, bytesMax: number): void {
    this.#bytesMax = bytesMax;
    const why = whyNotNow(draft);
    setText(this.#label, why ?? 'Your next segment');
    this.element.classList.toggle('composer-waits', why !== null);
    this.#append.classList.toggle('primary', why === null);
    // Who cannot write here at all sees the field only while there is text of theirs in it.
    this.element.hidden = (draft.role === 'viewer' || draft.role === null || draft.status === 'completed') && this.#text.value === '';
    this.#measure();
  }

  #typed(): void {
    this.#say('');
    this.#measure();
    this.#types();
    if (!keepTyped(this.#user, this.#handle.id, this.#text.value)) {
      this.#say('This browser has no room to keep what you type. Append it, or copy it elsewhere.');
    }
  }

  #measure(): void {
    const bytes = utf8Bytes(this.#text.value);
    setText(this.#counter, `${count(bytes)} of ${count(this.#bytesMax)} bytes`);
    this.#counter.classList.toggle('too-much', bytes > this.#bytesMax);
    this.#counter.classList.toggle('far-off', bytes * 2 < this.#bytesMax);
  }

  #pressed(event: KeyboardEvent): void {
    if (event.key !== 'Enter' || !(event.ctrlKey || event.metaKey)) return;
    event.preventDefault();
    this.element.requestSubmit();
  }

  async #submitted(event: SubmitEvent): Promise<void> {
    event.preventDefault();
    if (this.#busy) return;
    this.#setBusy(true);
    const appended = this.#text.value;
    const outcome = await this.#handle.append(appended).local;
    this.#setBusy(false);
    if (!outcome.ok) {
      this.#say(`Not appended. ${outcome.error.message}`);
      return;
    }
    this.#giveUp(appended);
    this.#appended();
  }

  // Keeps what was typed on while the segment was being stored.
  #giveUp(appended: string): void {
    const { value } = this.#text;
    this.#text.value = value.startsWith(appended) ? value.slice(appended.length) : value;
    this.#typed();
  }

  #setBusy(busy: boolean): void {
    this.#busy = busy;
    setAttribute(this.#append, 'aria-disabled', busy ? 'true' : null);
  }

  #say(fault: string): void {
    setText(this.#fault, fault);
    setAttribute(this.#text, 'aria-invalid', fault === '' ? null : 'true');
  }
}

// Null when an append would be taken now.
function whyNotNow(draft: DraftSnapshot): string | null {
  if (draft.role === null) return 'You are not a member any more. What you typed is kept here.';
  if (draft.role === 'viewer') return 'You read this draft. What you typed is kept here.';
  if (draft.status === 'completed') return 'This draft is completed. What you typed is kept here.';
  if (draft.status === 'locked') return 'This draft is locked. You can write ahead; append when it is unlocked.';
  return draft.holding ? null : 'Write ahead; append when it is your turn';
}
