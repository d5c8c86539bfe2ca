// How this device stands: link, storage, what waits and what was kept; going offline on purpose.
import type { Client, Status } from '@onering/sdk';

import { fill, h, newId, setText } from '../dom.js';
import type { Notices } from '../notices.js';
import { keptAddress } from '../route.js';
import { Scope, type View } from '../scope.js';
import { onTick } from '../ticker.js';
import { count, linkNames, linkSentence, size, storageSentence } from '../words.js';
import { eraseDevice, putCopy, saveCopy } from './copies.js';
import { Keeping } from './keeping.js';
import { saveWork } from './kept.js';

export class Device implements View {
  // The button that tells the state, and what it opens.
  readonly element: HTMLElement;
  readonly offlineSwitch: HTMLElement;
  readonly #switch: HTMLButtonElement;
  readonly #scope = new Scope();
  readonly #client: Client;
  readonly #button: HTMLButtonElement;
  readonly #label = h('span', { class: 'link-label' });
  readonly #counts = h('span', { class: 'link-counts' });
  readonly #spoken = h('span', { class: 'visually-hidden', role: 'status' });
  readonly #sheet: HTMLElement;
  readonly #facts = h('dl', { class: 'facts' });
  readonly #retry: HTMLButtonElement;

  constructor(client: Client, notices: Notices) {
    this.#client = client;
    const id = newId('device');
    const keeping = new Keeping(client, notices);
    this.#scope.own(() => keeping.end());
    this.#button = h('button', { type: 'button', class: 'link-button', popovertarget: id }, h('span', { class: 'link-dot', 'aria-hidden': 'true' }), h('span', { class: 'visually-hidden' }, 'This device: '), this.#label, this.#counts);
    this.#retry = h('button', { type: 'button', class: 'button small', onclick: () => client.goOnline() }, 'Connect now');
    this.#sheet = h(
      'section',
      { id, class: 'sheet', popover: 'auto', 'aria-label': 'This device' },
      h('h2', { class: 'card-title' }, 'This device'),
      this.#facts,
      keeping.element,
      h(
        'p',
        { class: 'sheet-actions' },
        this.#retry,
        h('a', { class: 'button small', href: keptAddress, onclick: () => this.#sheet.hidePopover() }, 'Kept work'),
        h('button', { type: 'button', class: 'button small', onclick: () => saveWork(client.exportWork(), notices) }, 'Save work as a file'),
        h('button', { type: 'button', class: 'button small', onclick: () => saveCopy(client, notices) }, 'Save a copy of all drafts'),
        h('label', { class: 'button small file-button' }, 'Put a copy in place', h('input', { type: 'file', class: 'visually-hidden', accept: '.db', onchange: (event: Event) => putCopy(event, client, notices) })),
        h('button', { type: 'button', class: 'button small', onclick: () => eraseDevice(client, notices) }, 'Erase this device'),
      ),
    );
    this.#switch = h(
      'button',
      { type: 'button', role: 'switch', class: 'switch', 'aria-checked': 'false', 'aria-label': 'Work offline', title: 'Work offline', onclick: () => this.#toggle() },
      h('span', { class: 'switch-knob', 'aria-hidden': 'true' }),
    );
    this.offlineSwitch = h('span', { class: 'switch-box' }, h('span', { class: 'switch-label', 'aria-hidden': 'true' }, 'Work offline'), this.#switch);
    this.element = h('div', { class: 'device' }, this.#button, this.#spoken, this.#sheet);
    this.#scope.own(client.status.subscribe((status) => this.#show(status)));
    onTick(this.#scope, () => this.#show(client.status.current));
    const eachSecond = setInterval(() => client.status.current.retryAt !== null && this.#show(client.status.current), 1_000);
    this.#scope.own(() => clearInterval(eachSecond));
  }

  end(): void {
    this.#scope.end();
  }

  #toggle(): void {
    if (this.#client.status.current.online) this.#client.goOffline();
    else this.#client.goOnline();
  }

  #show(status: Status): void {
    this.#switch.setAttribute('aria-checked', String(!status.online));
    this.#button.dataset['link'] = status.link;
    this.#button.dataset['storage'] = status.storage.kind ?? 'none';
    this.#button.dataset['pending'] = String(status.pending);
    this.#button.dataset['kept'] = String(status.rejected);
    setText(this.#label, linkNames[status.link]);
    setText(this.#counts, countsOf(status));
    setText(this.#spoken, `${linkNames[status.link]}. ${status.storage.kind === 'memory' ? storageSentence(status) : ''}`.trim());
    this.#retry.hidden = status.state !== 'open' || !status.online || status.link === 'live' || status.link === 'connecting';
    fill(this.#facts, ...factsOf(status).flatMap(([name, value]) => [h('dt', {}, name), h('dd', {}, value)]));
  }
}

function countsOf({ pending, rejected, storage }: Status): string {
  const parts = [pending > 0 && `${count(pending)} pending`, rejected > 0 && `${count(rejected)} kept`, storage.kind === 'memory' && 'memory only'];
  return parts.filter(Boolean).join(' · ');
}

function factsOf(status: Status): [string, string][] {
  const { storage } = status;
  const facts: [string, string][] = [
    ['Link', `${linkNames[status.link]}. ${linkSentence(status)}`],
    ['Storage', storageSentence(status)],
    ['Pending', count(status.pending)],
    ['Kept', count(status.rejected)],
  ];
  if (storage.usage !== null && storage.quota !== null) facts.push(['Used', `${size(storage.usage)} of ${size(storage.quota)}`]);
  if (status.device !== null) facts.push(['Device', status.device]);
  if (status.lastError !== null) facts.push(['Last error', status.lastError.message]);
  return facts;
}
