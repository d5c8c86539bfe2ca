// All drafts of the user, newest first: searched by title, or only those where it is their turn.
import type { Client, DraftSummary } from '@onering/sdk';

import { Colours } from '../colours.js';
import { h, newId, setAttribute, setText } from '../dom.js';
import { DraftCatalogue } from '../draft-catalogue.js';
import { framed } from '../frames.js';
import { KeyedList } from '../keyed.js';
import type { Notices } from '../notices.js';
import { type Route, draftAddress } from '../route.js';
import { Scope, type View } from '../scope.js';
import { onTick } from '../ticker.js';
import { ago, count, counted } from '../words.js';
import { badge, icon, ringMark } from './marks.js';
import { beginDraft } from './new-draft.js';

const shownAtFirst = 50;
// As many as a frame has time for.
const drawnAtOnce = 20;
const colours = new Colours();

interface Row {
  readonly draft: DraftSummary;
  readonly mine: boolean;
  readonly age: string;
}

export class DraftList implements View {
  readonly element: HTMLElement;
  readonly #scope = new Scope();
  readonly #user: string;
  readonly #catalogue: DraftCatalogue;
  readonly #painting = framed(() => this.#paint());
  readonly #search: HTMLInputElement;
  readonly #myTurn: HTMLInputElement;
  readonly #result = h('p', { class: 'list-result', role: 'status' });
  readonly #more: HTMLButtonElement;
  readonly #items: KeyedList<Row>;
  #rows = new Map<string, Row>();
  #shownMax = shownAtFirst;
  #titles = new WeakMap<DraftSummary, string>(); // as they are compared
  #route: Route = { at: 'list' };

  constructor(client: Client, user: string, notices: Notices) {
    this.#user = user;
    const searchId = newId('search');
    this.#search = h('input', { id: searchId, type: 'search', class: 'field', placeholder: 'Find by title', autocomplete: 'off', oninput: () => this.#filtered() });
    this.#myTurn = h('input', { type: 'checkbox', onchange: () => this.#filtered() });
    this.#more = h('button', { type: 'button', class: 'button small', hidden: true, onclick: () => this.#showMore() }, 'Show more');
    const list = h('ul', { class: 'drafts' });
    this.#items = new KeyedList(list, (row) => row.draft.id, (row) => this.#draw(row));
    this.element = h(
      'nav',
      { class: 'list', 'aria-label': 'Drafts' },
      h(
        'div',
        { class: 'list-head' },
        h('h2', { class: 'list-title' }, 'Drafts'),
        h('button', { type: 'button', class: 'button primary small', onclick: () => beginDraft(client, notices) }, icon('plus'), 'New draft'),
      ),
      h(
        'div',
        { class: 'list-filter', role: 'search' },
        h('label', { for: searchId, class: 'visually-hidden' }, 'Find by title'),
        this.#search,
        h('label', { class: 'check' }, this.#myTurn, 'My turn'),
      ),
      this.#result,
      list,
      this.#more,
    );
    this.#catalogue = new DraftCatalogue(client, this.#scope, () => this.#painting.request());
    onTick(this.#scope, () => this.#painting.request());
  }

  end(): void {
    this.#painting.cancel();
    this.#scope.end();
  }

  showRoute(route: Route): void {
    this.#route = route;
    for (const link of this.element.querySelectorAll('a')) this.#mark(link);
  }

  #filtered(): void {
    this.#shownMax = shownAtFirst;
    this.#painting.request();
    if (this.#search.value !== '' || this.#myTurn.checked) this.#catalogue.want(Infinity);
  }

  #showMore(): void {
    this.#shownMax += 2 * shownAtFirst;
    this.#catalogue.want(this.#shownMax);
    this.#painting.request();
  }

  #paint(): void {
    const sought = this.#search.value.trim().toLocaleLowerCase();
    const found = this.#catalogue.drafts.filter(
      (draft) => (!this.#myTurn.checked || this.#isMyTurn(draft)) && (sought === '' || this.#titleOf(draft).includes(sought)),
    );
    const shown = this.#withinAFrame(found.slice(0, this.#shownMax).map((draft) => this.#row(draft)));
    this.#rows = new Map(shown.map((row) => [row.draft.id, row]));
    this.#items.update(shown);
    this.#more.hidden = found.length <= this.#shownMax && !this.#catalogue.hasMore;
    setText(this.#result, this.#resultSentence(found.length, sought !== '' || this.#myTurn.checked));
  }

  #resultSentence(found: number, filtered: boolean): string {
    if (!this.#catalogue.known) return '';
    if (found === 0) return filtered ? 'No draft matches.' : 'No drafts yet. Begin one, or ask to be added to one.';
    const more = this.#catalogue.hasMore ? ' and more' : '';
    return `${counted(found, 'draft')}${more}`;
  }

  #row(draft: DraftSummary): Row {
    const age = ago(draft.updatedAt);
    const old = this.#rows.get(draft.id);
    return old?.draft === draft && old.age === age ? old : { draft, mine: this.#isMyTurn(draft), age };
  }

  #titleOf(draft: DraftSummary): string {
    const known = this.#titles.get(draft);
    if (known !== undefined) return known;
    const title = draft.title.toLocaleLowerCase();
    this.#titles.set(draft, title);
    return title;
  }

  // Up to where there are more new rows than can be drawn at once; the rest comes with the next frames.
  #withinAFrame(rows: Row[]): Row[] {
    let left = drawnAtOnce;
    const end = rows.findIndex((row) => this.#rows.get(row.draft.id) !== row && --left < 0);
    if (end < 0) return rows;
    this.#painting.request();
    return rows.slice(0, end);
  }

  #isMyTurn(draft: DraftSummary): boolean {
    return draft.holder === this.#user && draft.status !== 'completed';
  }

  #draw({ draft, mine, age }: Row): HTMLElement {
    const link = h(
      'a',
      { href: draftAddress(draft.id), class: 'draft-link' },
      h('span', { class: 'draft-link-title', title: draft.title }, draft.title),
      h(
        'span',
        { class: 'draft-link-facts' },
        mine ? ringMark('list-ring') : badge(draft.holder, colours.classOf(draft.holder)),
        h('span', { class: mine ? 'list-whose list-mine' : 'list-whose' }, whose(draft, mine)),
        h('span', {}, counted(draft.segmentCount, 'segment')),
        h('span', {}, age),
        draft.pending > 0 && h('span', { class: 'tag tag-pending' }, `${count(draft.pending)} pending`),
      ),
    );
    this.#mark(link);
    return h('li', {}, link);
  }

  #mark(link: HTMLAnchorElement): void {
    const current = this.#route.at === 'draft' && link.hash === draftAddress(this.#route.id);
    setAttribute(link, 'aria-current', current ? 'page' : null);
  }
}

function whose(draft: DraftSummary, mine: boolean): string {
  if (draft.status === 'completed') return 'completed';
  const locked = draft.status === 'locked' ? ', locked' : '';
  return mine ? `your turn${locked}` : `${draft.holder}’s turn${locked}`;
}
