// Ways into the draft: the owner and the holder make them, the link is shown this once, and open ones can be revoked.
import type { Draft, DraftSnapshot, Invite, InviteOperation } from '@onering/sdk';

import { copyLink } from '../clipboard.js';
import { h, newId } from '../dom.js';
import { KeyedList } from '../keyed.js';
import type { Notices } from '../notices.js';
import { inviteAddress } from '../route.js';
import { Scope, type View } from '../scope.js';
import { onTick } from '../ticker.js';
import { when, whenExactly } from '../words.js';
import { icon } from './marks.js';

interface Row {
  readonly invite: Invite;
  readonly state: string;
  readonly mayRevoke: boolean;
}

export class Invites implements View {
  readonly element: HTMLElement;
  readonly #handle: Draft;
  readonly #notices: Notices;
  readonly #scope = new Scope();
  readonly #form: HTMLFormElement;
  readonly #made = h('div', { class: 'invite-made', hidden: true });
  readonly #list = h('ul', { class: 'invites' });
  readonly #rows: KeyedList<Row>;
  #shown = new Map<string, Row>();
  #draft: DraftSnapshot | null = null;
  #user = '';

  constructor(handle: Draft, notices: Notices) {
    this.#handle = handle;
    this.#notices = notices;
    this.#rows = new KeyedList(this.#list, (row) => row.invite.id, (row) => this.#draw(row));
    this.#form = this.#making();
    this.element = h('section', { class: 'card', 'aria-label': 'Invites' }, h('h2', { class: 'card-title' }, 'Invite by a link'), this.#form, this.#made, this.#list);
    onTick(this.#scope, () => this.#show());
  }

  end(): void {
    this.#scope.end();
  }

  update(draft: DraftSnapshot, user: string): void {
    const isOther = this.#draft?.invites !== draft.invites || this.#draft.role !== draft.role || this.#draft.holding !== draft.holding;
    this.#draft = draft;
    this.#user = user;
    if (isOther) this.#show();
  }

  #show(): void {
    if (this.#draft === null) return;
    const { invites, role, holding } = this.#draft;
    this.#form.hidden = role !== 'owner' && !holding;
    const rows = invites.map((invite) => {
      const mayRevoke = invite.acceptedBy === null && (role === 'owner' || invite.createdBy === this.#user);
      const row = { invite, state: stateOf(invite), mayRevoke };
      const old = this.#shown.get(invite.id);
      return old && JSON.stringify(old) === JSON.stringify(row) ? old : row;
    });
    this.#shown = new Map(rows.map((row) => [row.invite.id, row]));
    this.#rows.update(rows.reverse());
    this.#list.hidden = rows.length === 0;
    this.element.hidden = this.#form.hidden && rows.length === 0;
  }

  #draw({ invite, state, mayRevoke }: Row): HTMLElement {
    const whom = invite.for ?? 'whoever has the link';
    const label = `Revoke the invite for ${whom}`;
    return h(
      'li',
      { class: 'invite', 'data-state': state.split(' ')[0] },
      h('span', { class: 'invite-whom' }, `${invite.role} · ${whom}`),
      h('time', { class: 'invite-state', datetime: new Date(invite.expiresAt).toISOString(), title: whenExactly(invite.expiresAt) }, state),
      mayRevoke && h('button', { type: 'button', class: 'icon-button', 'aria-label': label, title: label, onclick: () => this.#revoke(invite.id) }, icon('close')),
    );
  }

  async #revoke(invite: string): Promise<void> {
    const revoked = await this.#notices.follow(this.#handle.revokeInvite(invite), 'The invite was not revoked.');
    if (revoked !== null && this.#made.dataset['invite'] === invite) this.#made.hidden = true;
  }

  #making(): HTMLFormElement {
    const [whomId, hoursId] = [newId('invite-for'), newId('invite-hours')];
    const whom = h('input', { id: whomId, class: 'field', autocomplete: 'off', autocapitalize: 'none', spellcheck: 'false', placeholder: 'anyone' });
    const role = h('select', { class: 'field', 'aria-label': 'Invited as' }, h('option', { value: 'editor' }, 'editor'), h('option', { value: 'viewer' }, 'viewer'));
    const hours = h('select', { id: hoursId, class: 'field' }, h('option', { value: 1 }, 'an hour'), h('option', { value: 24 }, 'a day'), h('option', { value: 72, selected: true }, '3 days'), h('option', { value: 168 }, 'a week'));
    const make = async (event: SubmitEvent): Promise<void> => {
      event.preventDefault();
      this.#made.hidden = true;
      const invite = this.#handle.invite({ role: role.value === 'viewer' ? 'viewer' : 'editor', for: whom.value.trim(), hours: Number(hours.value) });
      if ((await this.#notices.follow(invite, 'There is no invite.')) === null) return;
      whom.value = '';
      this.#showLink(invite);
    };
    return h(
      'form',
      { class: 'invite-form', 'aria-label': 'Invite', onsubmit: make },
      h('label', { for: whomId, class: 'field-label' }, 'For'),
      whom,
      role,
      h('label', { for: hoursId, class: 'visually-hidden' }, 'Good for'),
      hours,
      h('button', { type: 'submit', class: 'button' }, 'Make a link'),
    );
  }

  // The code is told this once: the link stays until the page is left, it is revoked, or another one is made.
  #showLink({ invite, code }: InviteOperation): void {
    const id = newId('invite-link');
    const link: HTMLInputElement = h('input', { id, class: 'field invite-link', readonly: true, value: new URL(inviteAddress(code), location.href.replace(/[?#].*/, '')).href, onfocus: () => link.select() });
    const copy = (): unknown => {
      link.select();
      return copyLink(link.value, this.#notices);
    };
    this.#made.replaceChildren(
      h('label', { for: id, class: 'field-label' }, 'The link, shown only now. It works once.'),
      h('div', { class: 'invite-link-row' }, link, h('button', { type: 'button', class: 'button small', onclick: copy }, icon('copy'), 'Copy')),
    );
    this.#made.dataset['invite'] = invite;
    this.#made.hidden = false;
    link.focus();
  }
}

function stateOf({ acceptedBy, expiresAt }: Invite): string {
  if (acceptedBy !== null) return `used by ${acceptedBy}`;
  return expiresAt < Date.now() ? 'expired' : `until ${when(expiresAt)}`;
}
