// Writing: what is refused is said beside the text, and the text stays.
import assert from 'node:assert/strict';

import { until } from '../../demo/person.mjs';
import { story } from './world.mjs';

const refusals = [
  { what: 'nothing at all', text: '', says: 'needs text' },
  { what: 'more than a segment holds', text: 'é'.repeat(8_193), says: 'too long' },
  { what: 'a NUL character', text: 'before\0after', says: 'not allowed' },
  { what: 'half of a character', text: 'before\ud83dafter', says: 'half of a character' },
];

for (const { what, text, says } of refusals) {
  story(`appending ${what} is refused in plain words, and the text stays`, {}, async (world) => {
    await world.serve();
    const ada = await world.arrive('ada');
    await ada.begin('Refusals');
    await type(ada, text);
    await ada.button('Append').click();
    await fault(ada).filter({ hasText: says }).waitFor();
    assert.equal(await ada.field.inputValue(), text);
    await ada.append('A good one.');
    await ada.reads('A good one.');
    assert.equal((await ada.segments()).length, 1);
  });
}

story('16,384 bytes are taken, and the counter counts bytes', {}, async (world) => {
  await world.serve();
  const ada = await world.arrive('ada');
  await ada.begin('To the brim');
  await ada.field.fill('é'.repeat(8_192));
  await ada.page.getByText('16,384 of 16,384 bytes').waitFor();
  await ada.button('Append').click();
  await until('it is stored', async () => (await ada.field.inputValue()) === '');
  await ada.isSynced();
});

story('appending out of turn is refused, and appended when the turn comes', {}, async (world) => {
  await world.serve();
  const [ada, bob] = [await world.arrive('ada'), await world.arrive('bob')];
  await ada.begin('Patience', ['bob']);
  await bob.choose('Patience');
  await bob.page.getByText('Write ahead').waitFor();
  await bob.field.fill('Written ahead.');
  await bob.field.press('Control+Enter');
  await fault(bob).filter({ hasText: 'Someone else holds the ring' }).waitFor();
  assert.equal(await bob.field.inputValue(), 'Written ahead.');

  await bob.button('Request the ring').click();
  await bob.button('Leave the queue').waitFor();
  await ada.page.getByText('Waiting: 1. bob').waitFor();
  await ada.passTo('bob');
  await bob.holdsTheRing();
  await bob.field.press('Control+Enter');
  await ada.reads('Written ahead.');
});

story('a ring lost in the middle of a sentence leaves the sentence where it is', {}, async (world) => {
  await world.serve();
  const [ada, bob] = [await world.arrive('ada'), await world.arrive('bob')];
  await ada.begin('Interrupted', ['bob']);
  await ada.passTo('bob');
  await bob.choose('Interrupted');
  await bob.holdsTheRing();
  await bob.field.fill('I was just about to');
  await ada.button('Reclaim').click();
  await bob.page.getByText('ada holds the ring').first().waitFor();
  assert.equal(await bob.field.inputValue(), 'I was just about to');
});

story('who is removed from a draft is told so, and still has what they had typed', {}, async (world) => {
  await world.serve();
  const [ada, bob] = [await world.arrive('ada'), await world.arrive('bob')];
  await ada.begin('Without bob', ['bob']);
  await bob.choose('Without bob');
  await bob.field.fill('My best idea yet');
  await ada.button('Remove bob').click();
  await ada.page.getByRole('dialog').getByRole('button', { name: 'Remove' }).click();
  await bob.page.getByText('You are not a member of this draft any more.').waitFor();
  await bob.page.getByText('My best idea yet').waitFor();
});

story('the owner locks, unlocks, renames and completes; a viewer only reads', {}, async (world) => {
  await world.serve();
  const [ada, bob] = [await world.arrive('ada'), await world.arrive('bob')];
  await ada.begin('States', []);
  await ada.append('One.');
  await ada.page.getByLabel('Add a member').getByLabel('Add a member').fill('bob');
  await ada.page.getByLabel('Role').selectOption('viewer');
  await ada.button('Add').click();
  await bob.choose('States');
  await bob.reads('One.');
  await until('a viewer has no field to write in', () => bob.field.isHidden());

  await ada.button('Change the title').click();
  await ada.page.getByLabel('Title', { exact: true }).fill('States, renamed');
  await ada.button('Save').click();
  await bob.heading('States, renamed').waitFor();

  await ada.button('Lock').click();
  await ada.page.getByText('This draft is locked').waitFor();
  await ada.field.fill('Too late.');
  await ada.button('Append').click();
  await fault(ada).filter({ hasText: 'locked' }).waitFor();
  await ada.button('Unlock').click();
  await ada.button('Lock').waitFor();
  await ada.button('Append').click();
  await bob.reads('Too late.');

  await ada.button('Complete').click();
  await ada.page.getByRole('dialog').getByRole('button', { name: 'Complete' }).click();
  await bob.page.getByText('Completed: published as it is').waitFor();
  await until('there is nothing left to write', () => ada.field.isHidden());
});

function fault(person) {
  return person.page.getByRole('form', { name: 'Write' }).getByRole('alert');
}

// As a paste would: NUL and all.
async function type(person, text) {
  await person.field.evaluate((field, value) => {
    field.value = value;
    field.dispatchEvent(new InputEvent('input', { bubbles: true }));
  }, text);
}

story('what is typed into one draft in two tabs is kept for both, whichever appends first', {}, async (world) => {
  await world.serve();
  const context = await world.browse('ada');
  const one = await world.arrive('ada', { context });
  const draft = await one.begin('Two pens');
  const other = await world.arrive('ada', { context, newTab: true });
  await other.openDraft(draft);
  await one.field.fill('Of the first tab.');
  await other.field.fill('Of the second, not appended yet.');
  await one.button('Append').click();
  await other.reads('Of the first tab.');
  await other.page.reload();
  assert.equal(await other.field.inputValue(), 'Of the second, not appended yet.');
  await one.field.fill('Of the first again.');
  await other.page.reload();
  assert.equal(await other.field.inputValue(), 'Of the second, not appended yet.');
});

story('a draft is begun once, however often one presses', {}, async (world) => {
  await world.serve();
  const ada = await world.arrive('ada');
  await ada.button('New draft').click();
  const dialog = ada.page.getByRole('dialog', { name: 'A new draft' });
  await dialog.getByLabel('Title').fill('Only one');
  await dialog.getByRole('button', { name: 'Begin' }).evaluate((button) => (button.click(), button.click()));
  await ada.heading('Only one').waitFor();
  await ada.isSynced();
  assert.equal(await ada.page.getByRole('navigation', { name: 'Drafts' }).getByRole('link').count(), 1);
});
