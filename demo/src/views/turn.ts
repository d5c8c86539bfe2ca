// Whose turn it is, and what can be done about it: pass, request, leave the queue, reclaim.
import type { Draft, DraftSnapshot, Operation } from '@onering/sdk';

import { fill, h, newId, setText } from '../dom.js';
import type { Notices } from '../notices.js';
import { onTick } from '../ticker.js';
import { Scope, type View } from '../scope.js';
import { Unchanged } from '../unchanged.js';
import { ago, span, when } from '../words.js';
import { ringMark } from './marks.js';

export class Turn implements View {
  readonly element: HTMLElement;
  readonly #who = h('p', { class: 'turn-who' });
  readonly #since = h('time', { class: 'turn-since' });
  readonly #actions = h('div', { class: 'turn-actions' });
  readonly #scope = new Scope();
  readonly #handle: Draft;
  readonly #notices: Notices;
  readonly #unchanged = new Unchanged();
  #draft: DraftSnapshot | null = null;

  constructor(handle: Draft, notices: Notices) {
    this.#handle = handle;
    this.#notices = notices;
    this.element = h(
      'section',
      { class: 'turn', 'aria-label': 'Whose turn it is' },
      h('div', { class: 'turn-state' }, ringMark('turn-mark'), h('div', {}, this.#who, this.#since)),
      this.#actions,
    );
    onTick(this.#scope, () => this.#showSince());
  }

  end(): void {
    this.#scope.end();
  }

  update(draft: DraftSnapshot, me: string): void {
    this.#draft = draft;
    this.element.classList.toggle('turn-mine', draft.holding && draft.status !== 'completed');
    setText(this.#who, sentence(draft));
    this.#showSince();
    // Rebuilt only when something in it would differ: a choice or the focus in it must not get lost.
    if (this.#unchanged.since(draft.holding, draft.role, draft.status, draft.ring.requests, draft.members, this.#mayReclaim(draft))) return;
    this.#rebuild(draft, me);
  }

  #showSince(): void {
    if (this.#draft === null) return;
    const { since } = this.#draft.ring;
    this.#since.dateTime = new Date(since).toISOString();
    setText(this.#since, `since ${when(since)} · ${ago(since)}`);
  }

  #rebuild(draft: DraftSnapshot, me: string): void {
    const focused = this.#actions.contains(document.activeElement);
    fill(this.#actions, ...this.#actionsOf(draft, me));
    if (focused) this.#actions.querySelector<HTMLElement>('select, button')?.focus();
  }

  #actionsOf(draft: DraftSnapshot, me: string): (Node | false)[] {
    if (draft.status === 'completed' || draft.role === null || draft.role === 'viewer') return [];
    if (draft.holding) return this.#passing(draft, me);
    const waits = draft.ring.requests.some((request) => request.user === me);
    return [
      waits
        ? this.#button('Leave the queue', 'You are still in the queue.', () => this.#handle.cancelRequest())
        : this.#button('Request the ring', 'The ring was not requested.', () => this.#handle.requestRing(), 'button primary'),
      this.#mayReclaim(draft) && this.#button('Reclaim', 'The ring was not reclaimed.', () => this.#handle.reclaimRing()),
    ];
  }

  #passing(draft: DraftSnapshot, me: string): Node[] {
    const waiting = draft.ring.requests.map((request) => request.user);
    const others = draft.members
      .filter(({ user, role }) => user !== me && role !== 'viewer' && !waiting.includes(user))
      .map(({ user }) => user);
    if (waiting.length + others.length === 0) return [h('p', { class: 'turn-hint' }, 'Add a member to pass the ring to.')];
    const id = newId('pass-to');
    const select = h('select', { id, class: 'field turn-select' }, group('Waiting', waiting), group('Members', others));
    return [
      h('label', { for: id, class: 'turn-label' }, 'Pass to'),
      select,
      this.#button('Pass the ring', 'The ring was not passed.', () => this.#handle.passRing(select.value), 'button ring'),
    ];
  }

  // An editor may once the holder's time is over; whether it is, the server judges.
  #mayReclaim(draft: DraftSnapshot): boolean {
    return draft.reclaimableAt !== null && (draft.role === 'owner' || Date.now() > draft.reclaimableAt);
  }

  #button(label: string, refused: string, run: () => Operation, className = 'button'): HTMLElement {
    return h('button', { type: 'button', class: className, onclick: () => this.#notices.follow(run(), refused) }, label);
  }
}

function sentence(draft: DraftSnapshot): string {
  const { holder } = draft.ring;
  if (draft.status === 'completed') return `Completed. ${draft.holding ? 'You' : holder} held the ring last.`;
  const limit = draft.holdLimitMs === null ? '' : ` (for ${span(draft.holdLimitMs)} at most)`;
  return draft.holding ? `It is your turn: you hold the ring${limit}.` : `${holder} holds the ring${limit}.`;
}

function group(label: string, users: readonly string[]): HTMLElement | null {
  if (users.length === 0) return null;
  return h('optgroup', { label }, ...users.map((user) => h('option', { value: user }, user)));
}
