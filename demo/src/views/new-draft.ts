// Begins a draft: title, who else writes, how long one may hold the ring.
import type { Client } from '@onering/sdk';

import { h, newId, setText } from '../dom.js';
import type { Notices } from '../notices.js';
import { draftAddress } from '../route.js';
import { shown } from './dialogs.js';

const hourMs = 3_600_000;
const limits: readonly (readonly [label: string, ms: number | null])[] = [
  ['as long as they like', null],
  ['1 hour', hourMs],
  ['1 day', 24 * hourMs],
  ['3 days', 72 * hourMs],
  ['1 week', 168 * hourMs],
];

export async function beginDraft(client: Client, notices: Notices): Promise<void> {
  const [heading, titleId, membersId, limitId, hintId] = ['new', 'title', 'members', 'limit', 'hint'].map(newId) as [string, string, string, string, string];
  const title = h('input', { id: titleId, class: 'field', name: 'title', autocomplete: 'off', autofocus: true });
  const members = h('input', { id: membersId, class: 'field', name: 'members', autocomplete: 'off', autocapitalize: 'none', spellcheck: 'false', 'aria-describedby': hintId });
  const limit = h('select', { id: limitId, class: 'field', name: 'limit' }, ...limits.map(([label], i) => h('option', { value: i }, label)));
  const fault = h('p', { class: 'dialog-fault', role: 'alert' });

  let busy = false;
  const submitted = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    if (busy) return;
    busy = true;
    const holdLimitMs = limits[Number(limit.value)]?.[1] ?? null;
    const made = client.create({ title: title.value.trim(), ...(holdLimitMs === null ? {} : { holdLimitMs }) });
    const outcome = await made.local;
    if (!outcome.ok) {
      busy = false;
      setText(fault, `Not begun. ${outcome.error.message}`);
      title.focus();
      return;
    }
    addMembers(client, made.draft, members.value, notices);
    dialog.close('made');
    location.hash = draftAddress(made.draft);
  };

  const dialog: HTMLDialogElement = h(
    'dialog',
    { class: 'dialog', 'aria-labelledby': heading },
    h(
      'form',
      { class: 'dialog-form', onsubmit: submitted },
      h('h2', { id: heading, class: 'dialog-title' }, 'A new draft'),
      h('label', { for: titleId, class: 'field-label' }, 'Title'),
      title,
      h('label', { for: membersId, class: 'field-label' }, 'Who writes with you'),
      members,
      h('p', { id: hintId, class: 'field-hint' }, 'Names, with commas between them. You can add more later.'),
      h('label', { for: limitId, class: 'field-label' }, 'One may hold the ring for'),
      limit,
      fault,
      h(
        'div',
        { class: 'dialog-actions' },
        h('button', { type: 'button', class: 'button', onclick: () => dialog.close() }, 'Cancel'),
        h('button', { type: 'submit', class: 'button primary' }, 'Begin'),
      ),
    ),
  );
  await shown(dialog);
}

function addMembers(client: Client, draft: string, list: string, notices: Notices): void {
  const users = new Set(list.split(/[,;]/).map((name) => name.trim()).filter((name) => name !== ''));
  for (const user of users) void notices.follow(client.draft(draft).addCollaborator(user), `${user} was not added.`);
}
