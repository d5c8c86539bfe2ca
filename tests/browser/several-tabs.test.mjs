// One store, any number of tabs: one of them leads, and whatever becomes of it, the others go on.
import assert from 'node:assert/strict';

import { until } from '../../demo/person.mjs';
import { makeBareSite, openBarePage, untilStatus } from './bare-page.mjs';
import { story } from './world.mjs';

// So many tabs of ada's, the first of which leads, all at a new draft.
async function tabsAtADraft(world, count, title = 'In several tabs') {
  const first = await world.arrive('ada');
  const draft = await first.begin(title, ['bob']);
  await first.isSynced();
  const tabs = [first];
  while (tabs.length < count) {
    const tab = await world.arrive('ada', { context: first.page.context(), newTab: true });
    await tab.openDraft(draft);
    tabs.push(tab);
  }
  return { draft, tabs };
}

async function crash({ page }) {
  const session = await page.context().newCDPSession(page);
  const crashed = new Promise((resolve) => page.once('crash', resolve));
  session.send('Page.crash').catch(() => {}); // nobody is left to answer
  await crashed;
}

async function setLifecycle(person, state) {
  const session = await person.page.context().newCDPSession(person.page);
  await session.send('Page.setWebLifecycleState', { state });
}

// What the button of the device tells.
async function standing(person) {
  return person.page.locator('.link-button').evaluate((button) => ({ ...button.dataset }));
}

async function agreeOnStatus(tabs) {
  await until('all tabs tell the same', async () => {
    const [first, ...others] = await Promise.all(tabs.map(standing));
    return others.every((other) => JSON.stringify(other) === JSON.stringify(first));
  });
}

async function holdsExactly(world, draft, tab, texts) {
  await tab.reads(texts.at(-1));
  await tab.isSynced();
  assert.deepEqual((await tab.segments()).map(({ text }) => text), texts);
  assert.deepEqual(await world.server.headOf(draft), await tab.chain());
}

const numbered = (count, what) => Array.from({ length: count }, (_, i) => `${what} ${i + 1}.`);

async function appendAll(person, texts) {
  for (const text of texts) await person.append(text);
}

story('three tabs show the same drafts and the same status, and each can write', {}, async (world) => {
  await world.serve();
  const { draft, tabs } = await tabsAtADraft(world, 3);
  for (const [i, tab] of tabs.entries()) {
    await tab.append(`From tab ${i + 1}.`);
    for (const other of tabs) await other.reads(`From tab ${i + 1}.`);
  }
  await tabs[1].workOffline(true);
  for (const tab of tabs) await tab.linkIs('Offline');
  await tabs[2].append('Offline in all of them.');
  await tabs[0].segment('Offline in all of them.').waitFor();
  await agreeOnStatus(tabs);
  assert.equal((await standing(tabs[0])).pending, '1');
  await tabs[0].workOffline(false);
  await holdsExactly(world, draft, tabs[2], [...[1, 2, 3].map((i) => `From tab ${i}.`), 'Offline in all of them.']);
});

story('two tabs that are opened at once share the store', {}, async (world) => {
  await world.serve();
  const context = await world.browse('ada');
  const tabs = await Promise.all([1, 2, 3].map(() => world.arrive('ada', { context, newTab: true })));
  const draft = await tabs[0].begin('At once');
  for (const tab of tabs) await tab.openDraft(draft);
  await appendAll(tabs[2], ['Through whoever leads.']);
  for (const tab of tabs) await tab.reads('Through whoever leads.');
});

story('when the first tab is closed the others go on', {}, async (world) => {
  await world.serve();
  const { draft, tabs } = await tabsAtADraft(world, 3);
  const [first, second, third] = tabs;
  const texts = numbered(10, 'While the leader closes');
  await Promise.all([appendAll(second, texts), first.page.waitForTimeout(30).then(() => first.page.close())]);
  await third.reads(texts.at(-1));
  await holdsExactly(world, draft, second, texts);
  await agreeOnStatus([second, third]);
});

story('when the tab that leads crashes while another writes, everything is there exactly once', {}, async (world) => {
  await world.serve();
  const { draft, tabs } = await tabsAtADraft(world, 3);
  const [first, second, third] = tabs;
  const texts = numbered(20, 'Through a crash');
  const writing = appendAll(second, texts);
  await second.segment(texts[4]).waitFor();
  await crash(first);
  await writing;
  await third.reads(texts.at(-1));
  const more = numbered(10, 'And once more');
  const writingOn = appendAll(third, more);
  await third.segment(more[2]).waitFor();
  await crash(second);
  await writingOn;
  await holdsExactly(world, draft, third, [...texts, ...more]);
});

story('tabs that are reloaded again and again, together, never lock each other out', {}, async (world) => {
  await world.serve();
  const { draft, tabs } = await tabsAtADraft(world, 2);
  const texts = [];
  for (let round = 1; round <= 5; ++round) {
    await Promise.all(tabs.map((tab) => tab.page.reload()));
    const writer = tabs[round % 2];
    await writer.holdsTheRing();
    await writer.append(`Round ${round}.`);
    texts.push(`Round ${round}.`);
    for (const tab of tabs) await tab.reads(`Round ${round}.`);
  }
  await holdsExactly(world, draft, tabs[0], texts);
});

story('a tab that the browser puts to sleep hands the store over, and is one of the others when it wakes', {}, async (world) => {
  await world.serve();
  const { draft, tabs } = await tabsAtADraft(world, 2);
  const [first, second] = tabs;
  await setLifecycle(first, 'frozen');
  await second.append('While the first one sleeps.');
  await second.isSynced();
  await setLifecycle(first, 'active');
  await first.reads('While the first one sleeps.');
  await first.append('Awake again.');
  await second.reads('Awake again.');
  await holdsExactly(world, draft, first, ['While the first one sleeps.', 'Awake again.']);
});

story('kept work is the same in all tabs, and what is done with it in one is done in all', {}, async (world) => {
  await world.serve();
  const { draft, tabs } = await tabsAtADraft(world, 1, 'The ferry');
  const [ada] = tabs;
  const bob = await world.arrive('bob');
  await ada.passTo('bob');
  await bob.openDraft(draft);
  await bob.holdsTheRing();
  const second = await world.arrive('bob', { context: bob.page.context(), newTab: true });
  await second.openDraft(draft);
  await bob.workOffline(true);
  for (const text of ['Kept one.', 'Kept two.']) await second.append(text);
  await ada.button('Reclaim').click();
  await ada.holdsTheRing();
  await bob.workOffline(false);
  const keptBy = (tab) => tab.page.getByRole('region', { name: 'Not accepted' });
  for (const tab of [bob, second]) await keptBy(tab).getByText('2 changes not accepted').waitFor();
  assert.equal(await second.segment('Kept one.').count(), 0, 'what was rejected is shown as text in no tab');

  const item = keptBy(second).getByRole('listitem').filter({ hasText: 'Kept one.' });
  await item.getByRole('button', { name: 'Dismiss' }).click();
  await second.page.getByRole('dialog').getByRole('button', { name: 'Dismiss' }).click();
  for (const tab of [bob, second]) await keptBy(tab).getByText('1 change not accepted').waitFor();
  await bob.page.close();
  await second.page.reload();
  await keptBy(second).getByText('1 change not accepted').waitFor();
});

story('what a tab waits for arrives, stored and accepted, though the leader crashes between commit and answer', {}, async (world) => {
  await world.serve({ web: await makeBareSite(world.folder) });
  const context = await world.browse('ada');
  const leader = await openBarePage(context, world.server.address, { user: 'ada' });
  const draft = await leader.evaluate(async () => (await client.create({ title: 'Between' }).local).value.draft);
  const follower = await openBarePage(context, world.server.address);
  await untilStatus(follower, ({ link, pending }) => link === 'live' && pending === 0);

  const count = 300;
  await follower.evaluate(
    ({ draft, count }) => {
      globalThis.handle = client.draft(draft);
      globalThis.stored = 0;
      globalThis.work = Array.from({ length: count }, async (_, i) => {
        await new Promise((resolve) => setTimeout(resolve, 2 * i)); // some before, some during, some after
        const { local, server } = handle.append(`${i}`);
        const [one, other] = [await local, (++stored, await server)];
        return one.ok && other.ok ? other.value.seq : `${i}: ${JSON.stringify([one, other])}`;
      });
    },
    { draft, count },
  );
  await follower.waitForFunction(() => stored > 40);
  await crash({ page: leader });
  const seqs = await follower.evaluate(() => Promise.all(work));
  assert.deepEqual(seqs.sort((a, b) => a - b), Array.from({ length: count }, (_, i) => i + 2));
  const texts = await follower.evaluate(async () => (await handle.segments()).value.segments.map(({ text }) => text));
  assert.deepEqual(texts, Array.from({ length: count }, (_, i) => String(i)));
  assert.equal((await world.server.headOf(draft)).seq, count + 1);
});
