// Who takes part; the owner adds and removes, others can leave.
import type { Draft, DraftSnapshot, Member } from '@onering/sdk';

import type { Colours } from '../colours.js';
import { h, newId, setText } from '../dom.js';
import { KeyedList } from '../keyed.js';
import type { Notices } from '../notices.js';
import { Unchanged } from '../unchanged.js';
import { counted } from '../words.js';
import { confirmed } from './dialogs.js';
import { badge, icon } from './marks.js';

interface Row {
  readonly member: Member;
  readonly colour: string;
  readonly isMe: boolean;
  readonly mayGo: boolean;
}

export class Members {
  readonly element: HTMLElement;
  readonly #handle: Draft;
  readonly #notices: Notices;
  readonly #heading = h('h2', { class: 'card-title' });
  readonly #rows: KeyedList<Row>;
  readonly #form: HTMLFormElement;
  readonly #unchanged = new Unchanged();
  #shown = new Map<string, Row>();

  constructor(handle: Draft, notices: Notices) {
    this.#handle = handle;
    this.#notices = notices;
    const list = h('ul', { class: 'members' });
    this.#rows = new KeyedList(list, (row) => row.member.user, (row) => this.#draw(row));
    this.#form = this.#adding();
    this.element = h('section', { class: 'card', 'aria-label': 'Members' }, this.#heading, list, this.#form);
  }

  update(draft: DraftSnapshot, me: string, colours: Colours): void {
    if (this.#unchanged.since(draft.members, draft.role, colours)) return;
    setText(this.#heading, counted(draft.members.length, 'member'));
    const rows = draft.members.map((member) => {
      const isMe = member.user === me;
      const mayGo = member.user !== draft.owner && (draft.role === 'owner' || isMe);
      const row = { member, colour: colours.classOf(member.user), isMe, mayGo };
      const old = this.#shown.get(member.user);
      return old && JSON.stringify(old) === JSON.stringify(row) ? old : row;
    });
    this.#shown = new Map(rows.map((row) => [row.member.user, row]));
    this.#rows.update(rows);
    this.#form.hidden = draft.role !== 'owner';
  }

  #draw({ member, colour, isMe, mayGo }: Row): HTMLElement {
    const label = isMe ? 'Leave this draft' : `Remove ${member.user}`;
    return h(
      'li',
      { class: 'member' },
      badge(member.user, colour),
      h('span', { class: 'member-name' }, member.user, isMe && h('span', { class: 'member-me' }, ' (you)')),
      h('span', { class: 'member-role' }, member.role),
      mayGo && h('button', { type: 'button', class: 'icon-button', 'aria-label': label, title: label, onclick: () => this.#remove(member.user, isMe) }, icon('close')),
    );
  }

  async #remove(user: string, isMe: boolean): Promise<void> {
    const sure = await confirmed({
      title: isMe ? 'Leave this draft?' : `Remove ${user}?`,
      text: isMe ? 'You will not see it any more. What you wrote stays in it.' : `What ${user} wrote stays. If ${user} holds the ring, it comes back to you.`,
      action: isMe ? 'Leave' : 'Remove',
    });
    if (sure) void this.#notices.follow(this.#handle.removeCollaborator(user), isMe ? 'You are still a member.' : `${user} was not removed.`);
  }

  #adding(): HTMLFormElement {
    const id = newId('member');
    const name = h('input', { id, class: 'field', autocomplete: 'off', autocapitalize: 'none', spellcheck: 'false', placeholder: 'Name' });
    const role = h('select', { class: 'field', 'aria-label': 'Role' }, h('option', { value: 'editor' }, 'editor'), h('option', { value: 'viewer' }, 'viewer'));
    const add = async (event: SubmitEvent): Promise<void> => {
      event.preventDefault();
      const user = name.value.trim();
      const taken = await this.#notices.follow(this.#handle.addCollaborator(user, role.value === 'viewer' ? 'viewer' : 'editor'), `${user || 'Nobody'} was not added.`);
      if (taken !== null && name.value.trim() === user) name.value = '';
    };
    return h(
      'form',
      { class: 'add-member', 'aria-label': 'Add a member', onsubmit: add },
      h('label', { for: id, class: 'field-label' }, 'Add a member'),
      h('div', { class: 'add-member-fields' }, name, role, h('button', { type: 'submit', class: 'button' }, 'Add')),
    );
  }
}
