// What opens with an invite's link: becomes a member, and goes on to the draft.
import type { Client, ErrorCode } from '@onering/sdk';

import { h, setText } from '../dom.js';
import { draftAddress, listAddress } from '../route.js';
import { Scope, type View } from '../scope.js';

const refusals: Partial<Record<ErrorCode, string>> = {
  inviteInvalid: 'This link lets nobody in. It may have been revoked, be meant for somebody else, or have been cut when it was copied. Ask for a new one.',
  inviteExpired: 'This link has expired. Ask for a new one.',
  inviteUsed: 'This link was used before, and works only once. Ask for a new one.',
};

export class Joining implements View {
  readonly element: HTMLElement;
  readonly #scope = new Scope();
  readonly #title = h('h1', { class: 'invitation-title', tabindex: -1 }, 'You are invited.');
  readonly #state = h('p', { class: 'page-lead', role: 'status' }, 'Asking the server…');

  constructor(client: Client, code: string) {
    this.element = h('div', { class: 'invitation' }, this.#title, this.#state, h('p', {}, h('a', { class: 'button', href: listAddress }, 'Your drafts')));
    void this.#join(client, code);
  }

  end(): void {
    this.#scope.end();
  }

  focus(): void {
    this.#title.focus();
  }

  async #join(client: Client, code: string): Promise<void> {
    const joining = client.acceptInvite(code);
    const ofStatus = client.status.subscribe(({ link }) => {
      if (link !== 'live' && link !== 'connecting') setText(this.#state, 'The link is kept on this device and used as soon as the server can be reached.');
    });
    this.#scope.own(ofStatus);
    const answer = await joining.server;
    ofStatus();
    // Said here: a link that does not work is no work to keep.
    if (!answer.ok) void client.rejected.dismiss(joining.op);
    if (this.#scope.signal.aborted) return;
    if (answer.ok || answer.error.code === 'alreadyMember') {
      location.replace(draftAddress(joining.draft));
      return;
    }
    setText(this.#title, 'That did not work.');
    setText(this.#state, refusals[answer.error.code] ?? answer.error.message);
  }
}
