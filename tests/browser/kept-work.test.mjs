// A ring reclaimed from someone who writes offline: their work is kept until they have decided.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';

import { agreed, until } from '../../demo/person.mjs';
import { story } from './world.mjs';

story('work written offline under a reclaimed ring is kept, and can be resubmitted, copied and dismissed', {}, async (world) => {
  const server = await world.serve();
  const [ada, bob] = [await world.arrive('ada'), await world.arrive('bob')];
  const draft = await ada.begin('The ferry', ['bob']);
  await ada.passTo('bob');
  await bob.choose('The ferry');
  await bob.holdsTheRing();
  await bob.workOffline(true);
  for (const text of ['Kept one.', 'Kept two.', 'Kept three.']) await bob.append(text);

  await ada.button('Reclaim').click();
  await ada.holdsTheRing();
  await ada.append('The ferry did not wait.');
  await bob.workOffline(false);

  const kept = bob.page.getByRole('region', { name: 'Not accepted' });
  await kept.getByText('3 changes not accepted').waitFor();
  await kept.getByText('The ring has moved on').first().waitFor();
  await bob.reads('The ferry did not wait.');
  assert.equal((await bob.segments()).length, 1, 'what was rejected is not shown as part of the text');

  await bob.page.reload();
  await kept.getByText('3 changes not accepted').waitFor();
  await world.screenshot(bob, 'kept-work');
  await savedFileHolds(bob, kept, ['Kept one.', 'Kept two.', 'Kept three.']);

  await item(kept, 'Kept one.').getByRole('button', { name: 'Resubmit' }).click();
  await bob.page.getByRole('alert').getByText('Not sent again; it is still kept.').waitFor();
  await ada.passTo('bob');
  await bob.holdsTheRing();
  await item(kept, 'Kept one.').getByRole('button', { name: 'Resubmit' }).click();
  await ada.reads('Kept one.');
  await kept.getByText('2 changes not accepted').waitFor();

  await item(kept, 'Kept two.').getByRole('button', { name: 'Dismiss' }).click();
  await bob.page.getByRole('dialog').getByRole('button', { name: 'Dismiss' }).click();
  await kept.getByText('1 change not accepted').waitFor();

  await kept.getByRole('button', { name: 'Copy into a new draft' }).click();
  await bob.page.getByRole('dialog').getByLabel('Title').fill('The ferry, my way');
  await bob.page.getByRole('dialog').getByRole('button', { name: 'Copy' }).click();
  await bob.heading('The ferry, my way').waitFor();
  await bob.reads('Kept three.');
  await bob.isSynced();
  await until('nothing is kept any more', async () => (await bob.page.locator('.link-button').getAttribute('data-kept')) === '0');

  await bob.openDraft(draft);
  await bob.reads('Kept one.');
  assert.deepEqual(await server.headOf(draft), await agreed([ada, bob]));
});

function item(kept, text) {
  return kept.getByRole('listitem').filter({ hasText: text });
}

async function savedFileHolds(person, kept, texts) {
  const [download] = await Promise.all([person.page.waitForEvent('download'), kept.getByRole('button', { name: 'Save as a file' }).click()]);
  const work = JSON.parse(await readFile(await download.path(), 'utf8'));
  assert.deepEqual(work.kept.map((op) => op.text), texts);
}
