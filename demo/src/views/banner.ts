// What must be known before anything else: the store is closed or cannot be opened, the server refuses, memory only, kept work.
import type { Client, Status } from '@onering/sdk';

import { fill, h } from '../dom.js';
import type { Notices } from '../notices.js';
import { keptAddress } from '../route.js';
import { Scope, type View } from '../scope.js';
import { counted, storageSentence } from '../words.js';

type Kind = 'closed' | 'failed' | 'denied' | 'stalled' | 'memory' | 'kept' | 'none';

export class Banner implements View {
  readonly element = h('div', { class: 'banner', role: 'alert', hidden: true });
  readonly #scope = new Scope();
  readonly #client: Client;
  readonly #notices: Notices;
  #shown = '';

  constructor(client: Client, notices: Notices) {
    this.#client = client;
    this.#notices = notices;
    this.#scope.own(client.status.subscribe((status) => this.#show(status)));
  }

  end(): void {
    this.#scope.end();
  }

  #show(status: Status): void {
    const kind = kindOf(status);
    const text = sentence(kind, status);
    if (text === this.#shown) return;
    this.#shown = text;
    this.element.hidden = kind === 'none';
    this.element.dataset['kind'] = kind;
    fill(this.element, h('p', {}, text), this.#action(kind));
  }

  #action(kind: Kind): HTMLElement | null {
    switch (kind) {
      case 'closed':
        return h('button', { type: 'button', class: 'button small', onclick: () => location.reload() }, 'Open again');
      case 'failed':
        return h('button', { type: 'button', class: 'button small', onclick: () => this.#reopen() }, 'Try again');
      case 'denied':
        return h('button', { type: 'button', class: 'button small', onclick: () => this.#client.goOnline() }, 'Try again');
      case 'kept':
        return h('a', { class: 'button small', href: keptAddress }, 'Look at it');
      default:
        return null;
    }
  }

  async #reopen(): Promise<void> {
    const outcome = await this.#client.reopen();
    if (!outcome.ok) this.#notices.fail(`Not opened. ${outcome.error.message}`);
  }
}

function kindOf(status: Status): Kind {
  if (status.state === 'closed') return 'closed';
  if (status.state === 'failed') return 'failed';
  if (status.link === 'denied') return 'denied';
  if (status.link === 'stalled') return 'stalled';
  if (status.rejected > 0) return 'kept';
  return status.storage.kind === 'memory' ? 'memory' : 'none';
}

function sentence(kind: Kind, status: Status): string {
  const why = status.lastError?.message ?? '';
  switch (kind) {
    case 'closed':
      return status.lastError?.code === 'unauthenticated' ? 'This device was signed out, and what it had of your drafts was erased.' : 'Your drafts are closed in this page.';
    case 'failed':
      return `Your drafts cannot be opened here. ${why}`;
    case 'denied':
      return `The server does not let you in. ${why} What you write is kept on this device.`;
    case 'stalled':
      return `Connected, but nothing has moved for a while. ${why}`.trim();
    case 'memory':
      return storageSentence(status);
    case 'kept':
      return `${counted(status.rejected, 'change')} not accepted, but kept.`;
    case 'none':
      return '';
  }
}
