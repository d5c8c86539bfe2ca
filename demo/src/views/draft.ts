// One draft: its text, whose turn it is, where to write, and beside it all that is known about its ring.
import type { Client, DraftChange, DraftSnapshot } from '@onering/sdk';

import { Colours } from '../colours.js';
import { h, newId, setText } from '../dom.js';
import { framed } from '../frames.js';
import type { Notices } from '../notices.js';
import { listAddress } from '../route.js';
import { Scope, type View } from '../scope.js';
import { pageRows } from '../segment-window.js';
import { typedText } from '../typed.js';
import { counted } from '../words.js';
import { Chain } from './chain.js';
import { Composer } from './composer.js';
import { DraftHeader } from './draft-header.js';
import { KeptHere } from './kept.js';
import { Invites } from './invites.js';
import { Life } from './life.js';
import { Members } from './members.js';
import { Past } from './past.js';
import { Present } from './present.js';
import { RingPicture } from './ring-picture.js';
import { Segments } from './segments.js';
import { State } from './state.js';
import { Turn } from './turn.js';

export class DraftView implements View {
  readonly element: HTMLElement;
  readonly #client: Client;
  readonly #id: string;
  readonly #user: string;
  readonly #notices: Notices;
  readonly #scope = new Scope();
  readonly #painting = framed(() => this.#draft && this.#showDraft(this.#draft));
  #besides: ReturnType<typeof setTimeout> | undefined;
  readonly #absenceTitle = h('h1', { class: 'page-title' });
  readonly #absence = h('p', { class: 'page-lead', role: 'status' });
  readonly #typed = h('blockquote', { class: 'kept-text' });
  readonly #absent = h('div', { class: 'draft-absent' }, this.#absenceTitle, this.#absence, this.#typed, h('p', {}, h('a', { class: 'button', href: listAddress }, 'Your drafts')));
  readonly #body: HTMLElement;
  readonly #header: DraftHeader;
  readonly #segments: Segments;
  readonly #turn: Turn;
  readonly #composer: Composer;
  readonly #picture = new RingPicture();
  readonly #queue = h('p', { class: 'card-note' });
  readonly #members: Members;
  readonly #invites: Invites;
  readonly #present: Present;
  readonly #past: Past;
  readonly #state: State;
  readonly #life: Life;
  readonly #chain: Chain;
  #colours = new Colours();
  // Undefined until the first change has come.
  #draft: DraftSnapshot | null | undefined;
  #wasHere = false;
  #focusWanted = false;

  constructor(client: Client, id: string, user: string, notices: Notices) {
    this.#client = client;
    this.#id = id;
    this.#user = user;
    this.#notices = notices;
    const handle = client.draft(id);
    const kept = new KeptHere(client, id, notices);
    const panelId = newId('panel');
    this.#present = new Present(handle, user);
    this.#header = new DraftHeader(handle, notices, this.#present.element, panelId, () => panel.classList.toggle('panel-open'));
    this.#segments = new Segments(handle, notices, kept.element);
    this.#turn = new Turn(handle, notices);
    this.#composer = new Composer(handle, user, () => void this.#segments.toEnd(), () => this.#present.typing());
    this.#members = new Members(handle, notices);
    this.#invites = new Invites(handle, notices);
    const desk = h('div', { class: 'desk' }, this.#turn.element, this.#composer.element);
    this.#past = new Past(handle, notices, (past) => {
      this.#segments.element.hidden = past;
      desk.hidden = past;
    });
    this.#state = new State(handle, notices);
    this.#life = new Life(handle);
    this.#chain = new Chain(notices);
    const panel = h(
      'aside',
      { id: panelId, class: 'panel', 'aria-label': 'About this draft' },
      h('section', { class: 'card card-ring', 'aria-label': 'The ring' }, this.#picture.element, this.#queue),
      this.#members.element,
      this.#invites.element,
      this.#state.element,
      this.#life.element,
      this.#past.element,
      this.#chain.element,
    );
    this.#body = h(
      'div',
      { class: 'draft-body', hidden: true },
      h('div', { class: 'draft-main' }, this.#header.element, this.#segments.element, this.#past.reading, desk),
      panel,
    );
    this.element = h('div', { class: 'draft' }, this.#absent, this.#body);
    for (const part of [kept, this.#segments, this.#turn, this.#composer, this.#life, this.#invites, this.#present, this.#past]) this.#scope.own(() => part.end());
    setText(this.#absenceTitle, 'Opening…');
    this.#scope.own(() => this.#painting.cancel());
    this.#scope.own(() => clearTimeout(this.#besides));
    this.#scope.own(handle.subscribe((change) => this.#changed(change), { tail: pageRows }));
    this.#scope.own(client.status.subscribe(() => this.#statusChanged()));
  }

  end(): void {
    this.#scope.end();
  }

  focus(): void {
    this.#focusWanted = !this.#draft;
    if (!this.#focusWanted) this.#header.title.focus();
  }

  #changed(change: DraftChange): void {
    const before = this.#draft ?? null;
    this.#draft = change.draft;
    this.#absent.hidden = change.draft !== null;
    this.#body.hidden = change.draft === null;
    if (change.draft === null) {
      this.#present.end();
      this.#showAbsence();
      return;
    }
    this.#wasHere = true;
    if (before?.members !== change.draft.members) this.#colours = new Colours(change.draft.members);
    this.#painting.request();
    this.#segments.apply(change, this.#colours);
    if (this.#focusWanted) this.focus();
    if (before !== null) this.#announce(before, change.draft, change);
  }

  #showDraft(draft: DraftSnapshot): void {
    document.title = draft.holding && draft.status === 'active' ? `Your turn: ${draft.title}` : draft.title;
    this.#header.update(draft);
    this.#turn.update(draft, this.#user);
    this.#composer.update(draft, this.#client.status.current.limits.segmentBytes);
    this.#present.update(this.#colours);
    // A task of its own: text and panel in one take longer than a frame.
    this.#besides ??= setTimeout(() => {
      this.#besides = undefined;
      if (this.#draft) this.#showPanel(this.#draft);
    });
  }

  #showPanel(draft: DraftSnapshot): void {
    this.#picture.update(draft, this.#colours);
    setText(this.#queue, queueSentence(draft, this.#user));
    this.#members.update(draft, this.#user, this.#colours);
    this.#state.update(draft);
    this.#invites.update(draft, this.#user);
    this.#past.update(draft);
    this.#life.update(draft, this.#colours);
    this.#chain.update(draft);
  }

  #statusChanged(): void {
    if (this.#draft === null) this.#showAbsence();
    else if (this.#draft !== undefined) this.#composer.update(this.#draft, this.#client.status.current.limits.segmentBytes);
  }

  #showAbsence(): void {
    document.title = 'OneRing';
    const typed = typedText(this.#user, this.#id);
    setText(this.#typed, typed);
    this.#typed.hidden = typed === '';
    setText(this.#absenceTitle, 'Not here');
    setText(
      this.#absence,
      this.#wasHere
        ? `You are not a member of this draft any more.${typed === '' ? '' : ' What you had typed is kept:'}`
        : this.#client.status.current.link === 'live'
          ? 'There is no such draft for you. Ask its owner to add you; it opens here as soon as you are a member.'
          : 'This draft is not on this device. It opens here as soon as the server has sent it.',
    );
  }

  // What others did while one reads or writes.
  #announce(before: DraftSnapshot, now: DraftSnapshot, change: DraftChange): void {
    if (before.ring.epoch !== now.ring.epoch) {
      this.#notices.speak(now.holding ? 'It is your turn: you hold the ring.' : `${now.ring.holder} holds the ring now.`);
      return;
    }
    const theirs = change.reset ? [] : change.appended.filter((segment) => segment.author !== this.#user);
    if (theirs.length > 0) this.#notices.speak(`${theirs.at(-1)?.author} appended ${counted(theirs.length, 'segment')}.`);
  }
}

function queueSentence(draft: DraftSnapshot, me: string): string {
  const waiting = draft.ring.requests.map((request) => (request.user === me ? 'you' : request.user));
  if (draft.status === 'completed') return 'The draft is completed: the ring rests.';
  if (draft.sync.waiting.includes('reclaimRing')) return 'The server is asked whether the ring can be reclaimed.';
  return waiting.length === 0 ? 'Nobody waits for the ring.' : `Waiting: ${waiting.map((user, i) => `${i + 1}. ${user}`).join(', ')}`;
}
