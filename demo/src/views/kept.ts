// Work that the server did not accept. It stays, with its text and the reason, until its author has decided.
import type { Client, ExportedWork, KeptOp, Result } from '@onering/sdk';

import { fill, h } from '../dom.js';
import { KeyedList } from '../keyed.js';
import type { Notices } from '../notices.js';
import { draftAddress } from '../route.js';
import { Scope, type View } from '../scope.js';
import { counted, opNames, when } from '../words.js';
import { askedLine, confirmed } from './dialogs.js';

// The kept work of one draft, below its text.
export class KeptHere implements View {
  readonly element: HTMLElement;
  readonly #scope = new Scope();

  constructor(client: Client, draft: string, notices: Notices) {
    this.element = h('section', { class: 'kept', 'aria-label': 'Not accepted' });
    this.#scope.own(
      client.rejected.subscribe((ops) => {
        const here = ops.filter((op) => op.draft === draft);
        this.element.hidden = here.length === 0;
        fill(this.element, here.length > 0 && keptGroup(client, notices, here));
      }),
    );
  }

  end(): void {
    this.#scope.end();
  }
}

// All of it, by draft.
export class KeptEverywhere implements View {
  readonly element: HTMLElement;
  readonly #scope = new Scope();

  constructor(client: Client, notices: Notices) {
    const groups = h('div', {});
    const none = h('p', { class: 'page-lead' }, 'Nothing is kept: everything you wrote was accepted, or is on its way.');
    const list = new KeyedList<readonly KeptOp[]>(groups, (ops) => ops[0]?.draft ?? '', (ops) => {
      const title = ops[0]?.draftTitle ?? 'A draft that is not here any more';
      return h('section', { class: 'kept' }, h('h2', { class: 'kept-draft' }, h('a', { href: draftAddress(ops[0]?.draft ?? '') }, title)), keptGroup(client, notices, ops));
    });
    this.element = h(
      'div',
      { class: 'page' },
      h('h1', { class: 'page-title', tabindex: -1 }, 'Kept work'),
      h('p', { class: 'page-lead' }, 'What you wrote and the server could not accept. Nothing leaves this list unless you decide it.'),
      none,
      groups,
      h('p', { class: 'page-actions' }, h('button', { type: 'button', class: 'button', onclick: () => saveWork(client.exportWork(), notices) }, 'Save pending and kept work as a file')),
    );
    this.#scope.own(
      client.rejected.subscribe((ops) => {
        none.hidden = ops.length > 0;
        list.update([...Map.groupBy(ops, (op) => op.draft).values()]);
      }),
    );
  }

  end(): void {
    this.#scope.end();
  }

  focus(): void {
    this.element.querySelector('h1')?.focus();
  }
}

// Saves what an export gives as a file.
export async function saveWork(exported: Promise<Result<ExportedWork>>, notices: Notices): Promise<void> {
  const work = await exported;
  if (!work.ok) {
    notices.fail(`The work was not exported. ${work.error.message}`);
    return;
  }
  const address = URL.createObjectURL(new Blob([JSON.stringify(work.value, null, 2)], { type: 'application/json' }));
  h('a', { href: address, download: 'onering-work.json' }).click();
  setTimeout(() => URL.revokeObjectURL(address), 60_000);
}

function keptGroup(client: Client, notices: Notices, ops: readonly KeptOp[]): HTMLElement {
  const segments = ops.filter((op) => op.kind === 'appendSegment');
  const copy = async (): Promise<void> => {
    const first = ops[0];
    if (first === undefined) return;
    const title = await askedLine(
      { title: 'Copy into a new draft', text: `${counted(segments.length, 'segment')} become a draft of your own.`, action: 'Copy' },
      'Title',
      `${first.draftTitle ?? 'Kept work'} (copy)`,
    );
    if (title === null) return;
    const stored = await notices.follow(client.rejected.copyToNewDraft(first.draft, { title }), 'Not copied.');
    if (stored !== null) location.hash = draftAddress(stored.draft);
  };
  return h(
    'div',
    { class: 'kept-group' },
    h('p', { class: 'kept-heading' }, `${counted(ops.length, 'change')} not accepted, kept here`),
    h('ul', { class: 'kept-list' }, ...ops.map((op) => keptItem(client, notices, op))),
    segments.length > 0 && h('button', { type: 'button', class: 'button small', onclick: copy }, 'Copy into a new draft'),
    h('button', { type: 'button', class: 'button small', onclick: () => saveWork(client.rejected.export(), notices) }, 'Save as a file'),
  );
}

function keptItem(client: Client, notices: Notices, op: KeptOp): HTMLElement {
  const resubmit = (): unknown => notices.follow(client.rejected.resubmit(op.op), 'Not sent again; it is still kept.');
  const dismiss = async (): Promise<void> => {
    const sure = await confirmed({ title: 'Dismiss it?', text: 'Its text is then gone for good.', action: 'Dismiss' });
    if (!sure) return;
    const outcome = await client.rejected.dismiss(op.op);
    if (!outcome.ok) notices.fail(`Not dismissed. ${outcome.error.message}`);
  };
  return h(
    'li',
    { class: 'kept-item' },
    h('p', { class: 'kept-why' }, `${opNames[op.kind]}${detail(op)}, ${when(op.authoredAt)}. ${op.why.message}`),
    op.text !== undefined && h('blockquote', { class: 'kept-text' }, op.text),
    h(
      'p',
      { class: 'kept-actions' },
      h('button', { type: 'button', class: 'button small', onclick: resubmit }, 'Resubmit'),
      h('button', { type: 'button', class: 'button small', onclick: dismiss }, 'Dismiss'),
    ),
  );
}

function detail(op: KeptOp): string {
  const what = op.title ?? op.user;
  return what === undefined ? '' : ` (“${what}”)`;
}
