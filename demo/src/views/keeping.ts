// Whether the browser keeps what is stored here when space runs out; asking it to, when the user says so.
import type { Client, Status } from '@onering/sdk';

import { h, setText } from '../dom.js';
import type { Notices } from '../notices.js';
import { Scope, type View } from '../scope.js';

const atStake = 'Should this device run short of space, the browser may erase the drafts here. What the server has comes back; what was not sent would be lost.';
const refused = 'The browser said no. It may agree later, when the page is bookmarked, installed or used often. Until then, what was not sent can be saved as a file.';

export class Keeping implements View {
  readonly element: HTMLElement;
  readonly #note = h('p', { class: 'card-note' }, atStake);
  readonly #scope = new Scope();
  readonly #client: Client;
  readonly #notices: Notices;

  constructor(client: Client, notices: Notices) {
    this.#client = client;
    this.#notices = notices;
    const ask = h('button', { type: 'button', class: 'button small', onclick: () => this.#ask() }, 'Keep it on this device');
    this.element = h('div', { class: 'keeping' }, this.#note, ask);
    this.#scope.own(client.status.subscribe((status) => this.#show(status)));
  }

  end(): void {
    this.#scope.end();
  }

  #show({ storage }: Status): void {
    this.element.hidden = storage.kind !== 'opfs' || storage.persisted;
  }

  async #ask(): Promise<void> {
    if (await this.#client.persist()) {
      this.#notices.say('The browser has promised to keep your drafts on this device.');
    } else {
      setText(this.#note, refused);
      this.#notices.say('The browser did not promise to keep your drafts here.');
    }
  }
}
