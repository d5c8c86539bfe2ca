// All that is on this device as a file, a file put in its place, and none of it any more.
import type { Client, Result } from '@onering/sdk';

import { h } from '../dom.js';
import type { Notices } from '../notices.js';
import { confirmed, type Question } from './dialogs.js';

export async function saveCopy(client: Client, notices: Notices): Promise<void> {
  const copy = await client.exportReplica();
  if (!copy.ok) {
    notices.fail(`No copy was made. ${copy.error.message}`);
    return;
  }
  const address = URL.createObjectURL(new Blob([copy.value], { type: 'application/vnd.sqlite3' }));
  h('a', { href: address, download: 'onering.db' }).click();
  setTimeout(() => URL.revokeObjectURL(address), 60_000);
}

export async function putCopy(event: Event, client: Client, notices: Notices): Promise<void> {
  const field = event.target as HTMLInputElement;
  const file = field.files?.[0];
  if (file === undefined) return;
  const copy = await file.arrayBuffer().then(
    (content) => new Uint8Array(content),
    () => null,
  );
  field.value = '';
  if (copy === null) {
    notices.fail('The file cannot be read. Choose it again.');
    return;
  }
  const done = await unlessItHoldsWork((force) => client.importReplica(copy, { force }), { title: 'Put the copy in place?', text: '', action: 'Put in place' });
  if (done?.ok === false) notices.fail(`The copy was not put in place. ${done.error.message}`);
  if (done?.ok) notices.say('The copy is in place.');
}

export async function eraseDevice(client: Client, notices: Notices): Promise<void> {
  const sure = await confirmed({ title: 'Erase this device?', text: 'Your drafts stay on the server. What is stored of them in this browser goes, and you are signed out.', action: 'Erase' });
  if (!sure) return;
  const done = await unlessItHoldsWork((force) => client.clear({ force }), { title: 'Erase what was not sent?', text: '', action: 'Erase it' });
  if (done?.ok === false) notices.fail(`Nothing was erased. ${done.error.message}`);
  if (done?.ok) location.assign(location.pathname);
}

// Asks once more where work would be lost. Null: it was given up.
async function unlessItHoldsWork(run: (force: boolean) => Promise<Result<void>>, question: Question): Promise<Result<void> | null> {
  const done = await run(false);
  if (done.ok || done.error.code !== 'notAllowed') return done;
  const sure = await confirmed({ ...question, text: `${done.error.message} Otherwise it is lost.` });
  return sure ? run(true) : null;
}
