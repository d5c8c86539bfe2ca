// The last moments of a page, and of a user at a device: nothing is lost that was meant to stay, nothing stays that was
// meant to go.
import assert from 'node:assert/strict';

import { makeBareSite, openBarePage, statusOf, untilStatus } from './bare-page.mjs';
import { story } from './world.mjs';

async function withADraft(world) {
  await world.serve({ web: await makeBareSite(world.folder) });
  const context = await world.browse('ada');
  const page = await openBarePage(context, world.server.address, { user: 'ada' });
  const draft = await page.evaluate(async () => {
    const { draft, server } = client.create({ title: 'Leaving' });
    const accepted = await server;
    if (!accepted.ok) throw new Error(accepted.error.message);
    return draft;
  });
  return { context, page, draft };
}

const textsIn = (page, draft) =>
  page.evaluate(async (draft) => {
    const { value, error } = await client.draft(draft).segments();
    return error ?? value.segments.map(({ text }) => text);
  }, draft);

// A listener of the app's own, registered after the client's.
const appendsWhenHidden = (page, draft, text) =>
  page.evaluate(({ draft, text }) => addEventListener('pagehide', () => void client.draft(draft).append(text)), { draft, text });

for (const [how, leave] of [
  ['goes elsewhere', (page) => page.goto('about:blank')],
  ['is reloaded', (page) => page.reload()],
  ['is closed', (page) => page.close({ runBeforeUnload: true })],
]) {
  story(`what an app appends in its own pagehide listener is stored: a page that ${how}`, {}, async (world) => {
    const { context, page, draft } = await withADraft(world);
    await appendsWhenHidden(page, draft, 'Last words.');
    await leave(page);
    const next = await openBarePage(context, world.server.address);
    assert.deepEqual(await textsIn(next, draft), ['Last words.']);
  });
}

story('what an app appends in its own pagehide listener is stored: a tab in the background', {}, async (world) => {
  const { context, page, draft } = await withADraft(world);
  await appendsWhenHidden(page, draft, 'Unseen.');
  await page.evaluate(() => {
    Object.defineProperty(document, 'visibilityState', { value: 'hidden' });
    document.dispatchEvent(new Event('visibilitychange'));
  });
  await page.goto('about:blank');
  const next = await openBarePage(context, world.server.address);
  assert.deepEqual(await textsIn(next, draft), ['Unseen.']);
});

// As Firefox may: what the page says at the end is not read by anybody. `Worker` is the page's.
const loseLastMessages = (page) =>
  page.evaluate(() => addEventListener('pagehide', () => void (Worker.prototype.postMessage = () => undefined), { capture: true }));

story('what a page said to a worker that had ended is stored by the next page, once', {}, async (world) => {
  const { context, page, draft } = await withADraft(world);
  await page.evaluate((draft) => client.draft(draft).append('Stored.').local, draft);
  await loseLastMessages(page);
  await appendsWhenHidden(page, draft, 'Said to nobody.');
  await page.goto('about:blank');
  for (let time = 1; time <= 2; ++time) {
    const next = await openBarePage(context, world.server.address, { user: 'ada' });
    await next.waitForFunction(async (draft) => (await client.draft(draft).segments()).value?.segments.length === 2, draft);
    assert.deepEqual(await textsIn(next, draft), ['Stored.', 'Said to nobody.']);
    await untilStatus(next, ({ link, pending }) => link === 'live' && pending === 0);
    assert.deepEqual(await next.evaluate(() => Object.keys(localStorage)), []);
    await next.close();
  }
  assert.equal((await world.server.headOf(draft)).seq, 3);
});

story('it is neither another user’s nor there after the store was cleared', {}, async (world) => {
  const { context, page, draft } = await withADraft(world);
  await loseLastMessages(page);
  await appendsWhenHidden(page, draft, 'Ada’s.');
  await page.goto('about:blank');
  const bob = await openBarePage(context, world.server.address, { tokens: ['bob'], user: 'bob', storage: { name: 'bobs' } });
  await untilStatus(bob, ({ link }) => link === 'live');
  assert.equal(await bob.evaluate(() => Object.keys(localStorage).length), 1);
  await bob.close();
  const ada = await openBarePage(context, world.server.address, { user: 'ada' });
  assert.equal((await ada.evaluate(() => client.clear({ force: true }))).ok, true);
  assert.deepEqual(await ada.evaluate(() => Object.keys(localStorage)), []);
});

story('signing out erases the store in all tabs, but not work that the server does not have', {}, async (world) => {
  const { context, page, draft } = await withADraft(world);
  const other = await openBarePage(context, world.server.address);
  await untilStatus(other, ({ link, pending }) => link === 'live' && pending === 0);
  await page.evaluate((draft) => (client.goOffline(), client.draft(draft).append('Unsent.').local), draft);
  await untilStatus(other, ({ pending }) => pending === 1);
  const refused = await other.evaluate(() => client.clear());
  assert.equal(refused.error?.code, 'notAllowed');
  assert.deepEqual(await textsIn(page, draft), ['Unsent.']);

  assert.equal((await other.evaluate(() => client.clear({ force: true }))).ok, true);
  for (const tab of [page, other]) {
    const { lastError, storage, user } = await untilStatus(tab, ({ state, lastError }) => state === 'closed' && lastError !== null);
    assert.deepEqual([lastError.code, storage.kind, user], ['unauthenticated', null, null]);
  }
  await page.close();
  await other.close();
  const next = await openBarePage(context, world.server.address, { tokens: ['bob'] });
  const { user } = await untilStatus(next, ({ link }) => link === 'live');
  assert.equal(user.id, 'bob', 'the store is nobody’s after it was erased');
  assert.deepEqual(await next.evaluate(async () => (await client.list()).value.drafts), []);
});

story('a copy of the store moves to another browser, through a tab that does not lead', {}, async (world) => {
  const { context, page, draft } = await withADraft(world);
  await page.evaluate((draft) => (client.goOffline(), client.draft(draft).append('Carried over.').local), draft);
  const follower = await openBarePage(context, world.server.address);
  const copy = await follower.evaluate(async () => Array.from((await client.exportReplica()).value));
  const [leading, elsewhere] = await (async () => {
    const browser = await world.browse('ada at another place');
    return [await openBarePage(browser, world.server.address), await openBarePage(browser, world.server.address)];
  })();
  await untilStatus(elsewhere, ({ link }) => link === 'live');
  assert.equal((await elsewhere.evaluate((copy) => client.importReplica(new Uint8Array(copy)), copy)).ok, true);
  await untilStatus(leading, ({ link, pending }) => link === 'live' && pending === 0);
  for (const tab of [leading, elsewhere]) assert.deepEqual(await textsIn(tab, draft), ['Carried over.']);
  assert.equal((await world.server.headOf(draft)).seq, 2);
});

story('the status tells what the store takes, what it may, and whether the browser keeps it', {}, async (world) => {
  const { context, page } = await withADraft(world);
  const { storage } = await untilStatus(page, ({ storage }) => storage.usage !== null);
  assert.equal(storage.kind, 'opfs');
  assert.ok(storage.usage > 0 && storage.quota > storage.usage, JSON.stringify(storage));
  const asked = await page.evaluate(async () => [await client.persist(), await navigator.storage.persisted(), client.status.current.storage.persisted]);
  assert.equal(new Set(asked).size, 1, `what is told is what the browser says: ${asked}`);

  const silent = await context.newPage();
  await silent.addInitScript(() => {
    globalThis.persistCalls = 0;
    const { persist } = StorageManager.prototype;
    StorageManager.prototype.persist = function () {
      ++persistCalls;
      return persist.call(this);
    };
  });
  await silent.goto(world.server.address);
  const calls = await silent.evaluate(async () => {
    const { createClient } = await import('/index.js');
    const client = createClient({ url: '/sync', auth: () => 'ada', storage: { persist: false } });
    await client.ready;
    const before = persistCalls;
    await client.persist();
    return [before, persistCalls];
  });
  assert.deepEqual(calls, [0, 1], 'asked only when the app asks');
  assert.equal((await statusOf(page)).state, 'open');
});

story('the past of a draft, and its chain, are there in the browser', {}, async (world) => {
  const { page, draft } = await withADraft(world);
  const told = await page.evaluate(async (draft) => {
    const handle = client.draft(draft);
    await handle.append('First.').server;
    await handle.setTitle('Left').server;
    await handle.append('Second.').server;
    const [log, then, now, verified] = [await handle.log(), await handle.at(2), await handle.at(4), await handle.verify()];
    return { log: log.value.entries.map(({ kind }) => kind), then: [then.value.segmentCount, then.value.state.title], now: [now.value.segmentCount, now.value.state.title], verified: verified.value };
  }, draft);
  assert.deepEqual(told.log, ['createDraft', 'appendSegment', 'setTitle', 'appendSegment']);
  assert.deepEqual(told.then, [1, 'Leaving']);
  assert.deepEqual(told.now, [2, 'Left']);
  assert.deepEqual(told.verified, { first: 1, head: 4, link: (await world.server.headOf(draft)).link });
});
