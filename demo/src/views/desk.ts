// The page of one who is signed in: bar, list, and beside it a draft, the kept work, or an invitation.
import type { Client } from '@onering/sdk';

import { Colours } from '../colours.js';
import { fill, h, setAttribute } from '../dom.js';
import { Notices } from '../notices.js';
import { type Route, currentRoute, listAddress } from '../route.js';
import type { View } from '../scope.js';
import { signOut } from '../session.js';
import { currentTheme, themeNames, toggleTheme } from '../theme.js';
import { Banner } from './banner.js';
import { Device } from './device.js';
import { DraftList } from './draft-list.js';
import { DraftView } from './draft.js';
import { Joining } from './joining.js';
import { KeptEverywhere } from './kept.js';
import { badge, icon, ringMark } from './marks.js';
import { beginDraft } from './new-draft.js';

export class Desk {
  readonly element: HTMLElement;
  readonly #client: Client;
  readonly #user: string;
  readonly #notices = new Notices();
  readonly #list: DraftList;
  readonly #main = h('main', { class: 'main', id: 'main', tabindex: -1 });
  #view: View | null = null;

  constructor(client: Client, user: string) {
    this.#client = client;
    this.#user = user;
    this.#list = new DraftList(client, user, this.#notices);
    const banner = new Banner(client, this.#notices);
    this.element = h(
      'div',
      { class: 'app' },
      h('a', { class: 'skip', href: '#main', onclick: (event: Event) => this.#skip(event) }, 'Skip to the text'),
      this.#bar(),
      banner.element,
      h('div', { class: 'columns' }, this.#list.element, this.#main),
      this.#notices.element,
    );
    addEventListener('hashchange', () => this.#go(true));
    this.#go(false);
  }

  #bar(): HTMLElement {
    const device = new Device(this.#client, this.#notices);
    const theme: HTMLButtonElement = h(
      'button',
      { type: 'button', class: 'icon-button', onclick: () => tell(theme, toggleTheme()) },
      icon('sun'),
    );
    tell(theme, currentTheme());
    return h(
      'header',
      { class: 'bar' },
      h('a', { class: 'brand', href: listAddress }, ringMark(), h('span', { class: 'brand-name' }, 'OneRing')),
      h('div', { class: 'bar-right' }, device.offlineSwitch, device.element, theme, this.#who()),
    );
  }

  #who(): HTMLElement {
    return h(
      'button',
      { type: 'button', class: 'who', 'aria-label': `Signed in as ${this.#user}. Sign out`, title: 'Sign out', onclick: () => signOut(this.#client) },
      badge(this.#user, new Colours().classOf(this.#user)),
      h('span', { class: 'who-name' }, this.#user),
    );
  }

  #skip(event: Event): void {
    event.preventDefault();
    this.#main.focus();
  }

  #go(moved: boolean): void {
    const route = currentRoute();
    this.#view?.end();
    this.element.dataset['at'] = route.at;
    this.#list.showRoute(route);
    document.title = 'OneRing';
    const view = this.#viewOf(route);
    this.#view = view;
    fill(this.#main, view.element);
    if (moved) view.focus?.();
  }

  #viewOf(route: Route): View {
    switch (route.at) {
      case 'draft':
        return new DraftView(this.#client, route.id, this.#user, this.#notices);
      case 'invite':
        return new Joining(this.#client, route.code);
      case 'kept':
        return new KeptEverywhere(this.#client, this.#notices);
      case 'list':
        return { element: invitation(this.#user, () => beginDraft(this.#client, this.#notices)), end: () => {} };
    }
  }
}

function invitation(user: string, begin: () => unknown): HTMLElement {
  return h(
    'div',
    { class: 'invitation' },
    ringMark('invitation-ring'),
    h('h1', { class: 'invitation-title' }, `Hello, ${user}.`),
    h('p', { class: 'page-lead' }, 'Choose a draft, or begin one and add somebody to pass the ring to.'),
    h('button', { type: 'button', class: 'button primary invitation-deed', onclick: begin }, 'Begin a draft'),
  );
}

function tell(button: HTMLElement, theme: keyof typeof themeNames): void {
  const label = `Colours: ${themeNames[theme]}. Change`;
  setAttribute(button, 'aria-label', label);
  setAttribute(button, 'title', label);
}
