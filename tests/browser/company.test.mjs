// Who comes in by a link, who is here, and what was.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';

import { until } from '../../demo/person.mjs';
import { story } from './world.mjs';

const axe = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

async function isAccessible(page, what) {
  await page.evaluate(axe);
  const { violations } = await page.evaluate(() => globalThis.axe.run());
  assert.deepEqual(violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html).join(' ')}`), [], what);
}

// The link of a new invite, as its maker sees it.
async function inviteOf({ page }, { whom = '' } = {}) {
  const form = page.getByRole('form', { name: 'Invite' });
  await form.getByLabel('For', { exact: true }).fill(whom);
  await form.getByRole('button', { name: 'Make a link' }).click();
  const link = page.getByLabel('The link, shown only now.');
  await link.waitFor();
  return link.inputValue();
}

const hashOf = (link) => new URL(link).hash;

story('§11 a link lets a stranger in, once', {}, async (world) => {
  await world.serve();
  const ada = await world.arrive('ada');
  await ada.begin('By invitation');
  await ada.append('Come in.');
  const link = await inviteOf(ada);
  await ada.isSynced();
  await isAccessible(ada.page, 'a new invite');

  const bob = await world.arrive('bob');
  await bob.page.goto(`${world.server.address}${hashOf(link)}`); // not signed in yet
  await bob.page.getByLabel('Your name').fill('bob');
  await bob.page.getByRole('button', { name: 'Come in' }).click();
  await bob.heading('By invitation').waitFor();
  await bob.reads('Come in.');
  assert.match(bob.page.url(), /#\/draft\//, 'the code is not in the address any more');
  await ada.page.getByText('used by bob').waitFor();
  await ada.passTo('bob');
  await bob.append('Thank you.');
  await ada.reads('Thank you.');

  const eve = await world.arrive('eve');
  await eve.goTo(hashOf(link));
  await eve.page.getByText('works only once').waitFor();
  await isAccessible(eve.page, 'an invite that does not work');
  await eve.goTo(`${hashOf(link).slice(0, -6)}AAAAAA`);
  await eve.page.getByText('This link lets nobody in').waitFor();
  await eve.goTo('#invite=half');
  await eve.page.getByText('This link lets nobody in').waitFor();
  await eve.goTo('#/kept');
  await until('nothing of it is kept work', async () => (await eve.page.getByText('not accepted').count()) === 0);
});

story('§11 a revoked link, and one for somebody else, let nobody in', {}, async (world) => {
  await world.serve();
  const [ada, eve] = [await world.arrive('ada'), await world.arrive('eve')];
  await ada.begin('Not for all');
  const revoked = await inviteOf(ada);
  const others = await inviteOf(ada, { whom: 'bob' });
  assert.notEqual(others, revoked);
  const revoke = ada.page.getByRole('button', { name: 'Revoke the invite for whoever has the link' });
  await revoke.click();
  await revoke.waitFor({ state: 'detached' });
  await ada.isSynced();
  assert.equal(await ada.page.getByLabel('The link, shown only now.').inputValue(), others, 'the link that still is good stays in sight');
  for (const link of [revoked, others]) {
    await eve.goTo('#/');
    await eve.goTo(hashOf(link));
    await eve.page.getByText('This link lets nobody in').waitFor();
  }
});

story('S11 those who have a draft open see one another, and who types', {}, async (world) => {
  await world.serve();
  const [ada, bob] = [await world.arrive('ada'), await world.arrive('bob')];
  await ada.begin('In company', ['bob']);
  await ada.isSynced();
  await bob.choose('In company');
  await ada.page.getByText('Also here: bob').waitFor();
  await bob.page.getByText('Also here: ada').waitFor();
  await ada.field.pressSequentially('Once');
  await bob.page.getByText('ada is typing…').waitFor();
  await isAccessible(bob.page, 'someone who types');
  await bob.page.getByText('Also here: ada').waitFor({ timeout: 15_000 });
  await bob.goTo('#/');
  await until('ada is alone', async () => !(await ada.page.getByText('Also here').isVisible()));
});

story('the draft as it was, and back to now', {}, async (world) => {
  await world.serve();
  const ada = await world.arrive('ada');
  await ada.begin('With a past');
  for (const text of ['One.', 'Two.', 'Three.']) await ada.append(text);
  await ada.isSynced();
  const slider = ada.page.getByLabel('The draft as it was').and(ada.page.getByRole('slider'));
  await slider.fill('2');
  const past = ada.page.getByRole('region', { name: 'The draft as it was' }).filter({ hasText: 'After change 2, by ada, ' });
  await past.waitFor();
  assert.deepEqual(await past.locator('.segment-text').allTextContents(), ['One.']);
  assert.equal(await ada.field.isVisible(), false, 'nobody writes in the past');
  await isAccessible(ada.page, 'the past');
  await world.screenshot(ada, 'past');
  await slider.press('Escape');
  await ada.reads('Three.');
  assert.equal(await ada.field.isVisible(), true);
});

story('the picture of a draft’s life tells who held the ring and what they wrote', {}, async (world) => {
  await world.serve();
  const [ada, bob] = [await world.arrive('ada'), await world.arrive('bob')];
  await ada.begin('A life', ['bob']);
  await ada.append('One.');
  await ada.append('Two.');
  await ada.passTo('bob');
  await bob.choose('A life');
  await bob.append('Three.');
  await ada.reads('Three.');
  const titles = () => ada.page.locator('.life-strip g > title').allTextContents();
  await until('both turns are told', async () => (await titles()).length === 2 && /bob .* 1 segment$/.test((await titles())[1]));
  assert.match((await titles())[0], /^ada held the ring for .* and wrote 2 segments$/);
});
