// The main job in Firefox: two people, one draft, whatever happens to page, browser, network and server in between.
import assert from 'node:assert/strict';

import { makeBareSite } from '../bare-page.mjs';
import { story } from './firefox.mjs';

// A tab with `client`, the package's, for the user.
async function open(world, browser, user, options = {}) {
  const page = await world.visit(browser, world.server.address);
  await page.evaluate(
    async (user, options) => {
      const { createClient } = await import('/index.js');
      globalThis.client = createClient({ url: '/sync', auth: () => user, user, ...options });
      const ready = await client.ready;
      if (!ready.ok) throw new Error(ready.error.message);
    },
    user,
    options,
  );
  return page;
}

async function served(world) {
  return world.serve({ web: await makeBareSite(world.folder) });
}

const begin = (page, title = 'In Firefox') =>
  page.evaluate(async (title) => {
    const { draft, server } = client.create({ title });
    const accepted = await server;
    if (!accepted.ok) throw new Error(accepted.error.message);
    return draft;
  }, title);

// Resolves with the codes of what `local` and, where it is asked for, `server` say.
const append = (page, draft, text, { offline = false } = {}) =>
  page.evaluate(
    async (draft, text, offline) => {
      const { local, server } = client.draft(draft).append(text);
      const outcomes = [await local, ...(offline ? [] : [await server])];
      return outcomes.map((outcome) => (outcome.ok ? 'ok' : outcome.error.code)).join(' ');
    },
    draft,
    text,
    offline,
  );

const textsIn = (page, draft) =>
  page.evaluate(async (draft) => (await client.draft(draft).segments()).value?.segments.map(({ text }) => text) ?? null, draft);

const synced = (page) =>
  page.evaluate(
    () => new Promise((resolve) => client.status.subscribe(({ link, pending }) => link === 'live' && pending === 0 && resolve())),
  );

const headIn = (page, draft) =>
  page.evaluate(async (draft) => {
    const { seq, link } = (await client.draft(draft).get()).value;
    return { seq, link };
  }, draft);

// Until the draft has reached that length there.
const reaches = (page, draft, count) =>
  page.evaluate(
    (draft, count) => new Promise((resolve) => client.draft(draft).subscribe(({ draft }) => (draft?.segmentCount ?? 0) >= count && resolve())),
    draft,
    count,
  );

const numbered = (count, what) => Array.from({ length: count }, (_, i) => `${what} ${i + 1}.`);

story('two people write in turns, and both have the server’s chain', {}, async (world) => {
  await served(world);
  const [ada, bob] = [await open(world, await world.browse('ada'), 'ada'), await open(world, await world.browse('bob'), 'bob')];
  assert.equal(await ada.evaluate(() => client.status.current.storage.kind), 'opfs');
  const draft = await begin(ada);
  assert.equal(await append(ada, draft, 'Ada’s.'), 'ok ok');
  await ada.evaluate(async (draft) => {
    await client.draft(draft).addCollaborator('bob').server;
    await client.draft(draft).passRing('bob').server;
  }, draft);
  await reaches(bob, draft, 1);
  await bob.evaluate(async (draft) => void (await client.draft(draft).whenHolding()), draft);
  assert.equal(await append(bob, draft, 'Bob’s.'), 'ok ok');
  await reaches(ada, draft, 2);
  for (const page of [ada, bob]) {
    await synced(page);
    assert.deepEqual(await textsIn(page, draft), ['Ada’s.', 'Bob’s.']);
    assert.deepEqual(await headIn(page, draft), await world.server.headOf(draft));
    assert.equal(await page.evaluate(async (draft) => (await client.draft(draft).verify()).ok, draft), true);
  }
  assert.equal(await append(ada, draft, 'Not mine to write.', { offline: true }), 'notRingHolder');
});

story('what is written offline is there after a reload, and is sent later', {}, async (world) => {
  await served(world);
  const browser = await world.browse('ada');
  const before = await open(world, browser, 'ada');
  const draft = await begin(before);
  await before.evaluate(() => client.goOffline());
  assert.equal(await append(before, draft, 'Offline.', { offline: true }), 'ok');
  await before.close();
  const after = await open(world, browser, 'ada', { startOffline: true });
  assert.deepEqual(await textsIn(after, draft), ['Offline.']);
  await after.evaluate(() => client.goOnline());
  await synced(after);
  assert.deepEqual(await headIn(after, draft), await world.server.headOf(draft));
});

story('a segment survives a browser that is killed as soon as it is stored', {}, async (world) => {
  await served(world);
  const browser = await world.browse('ada');
  const before = await open(world, browser, 'ada');
  const draft = await begin(before);
  await before.evaluate(() => client.goOffline());
  for (const text of numbered(5, 'Before the end')) assert.equal(await append(before, draft, text, { offline: true }), 'ok');
  await world.killBrowser(browser);
  const after = await open(world, await world.browse('ada'), 'ada');
  assert.deepEqual(await textsIn(after, draft), numbered(5, 'Before the end'));
  await synced(after);
  assert.equal((await world.server.headOf(draft)).seq, 6);
});

story('a server that is killed while someone writes gets everything when it is back', { expect: [/can’t establish a connection|was interrupted/] }, async (world) => {
  const server = await served(world);
  const page = await open(world, await world.browse('ada'), 'ada');
  const draft = await begin(page);
  for (let cut = 1; cut <= 3; ++cut) {
    assert.equal(await append(page, draft, `Before cut ${cut}.`), 'ok ok');
    await server.kill();
    assert.equal(await append(page, draft, `After cut ${cut}.`, { offline: true }), 'ok');
    await server.start();
    await page.evaluate(() => client.goOnline());
    await synced(page);
  }
  assert.equal((await textsIn(page, draft)).length, 6);
  assert.deepEqual(await headIn(page, draft), await server.headOf(draft));
});

story('three tabs share a store; when the one that leads goes, the others go on', {}, async (world) => {
  await served(world);
  const browser = await world.browse('ada');
  const tabs = [await open(world, browser, 'ada'), await open(world, browser, 'ada'), await open(world, browser, 'ada')];
  const draft = await begin(tabs[1]);
  for (const [i, tab] of tabs.entries()) assert.equal(await append(tab, draft, `From tab ${i + 1}.`), 'ok ok');
  for (const tab of tabs) {
    await reaches(tab, draft, 3);
    assert.deepEqual(await textsIn(tab, draft), [1, 2, 3].map((i) => `From tab ${i}.`));
  }
  const texts = numbered(20, 'While the leader closes');
  const writing = (async () => {
    for (const text of texts) assert.equal(await append(tabs[1], draft, text), 'ok ok');
  })();
  await new Promise((resolve) => setTimeout(resolve, 50));
  await tabs[0].close();
  await writing;
  await reaches(tabs[2], draft, 23);
  assert.deepEqual((await textsIn(tabs[2], draft)).slice(3), texts);
  assert.equal((await world.server.headOf(draft)).seq, 24);
});

story('tabs that are reloaded again and again, together, never lock each other out', {}, async (world) => {
  await served(world);
  const browser = await world.browse('ada');
  let tabs = [await open(world, browser, 'ada'), await open(world, browser, 'ada')];
  const draft = await begin(tabs[0]);
  const texts = [];
  for (let round = 1; round <= 5; ++round) {
    await Promise.all(tabs.map((tab) => tab.reload()));
    await Promise.all(
      tabs.map((tab) =>
        tab.evaluate(async () => {
          const { createClient } = await import('/index.js');
          globalThis.client = createClient({ url: '/sync', auth: () => 'ada' });
        }),
      ),
    );
    assert.equal(await append(tabs[round % 2], draft, `Round ${round}.`), 'ok ok');
    texts.push(`Round ${round}.`);
    for (const tab of tabs) await reaches(tab, draft, round);
  }
  for (const tab of tabs) assert.deepEqual(await textsIn(tab, draft), texts);
});

// Firefox may end a page's worker before it has read what the page's last listener said: then the next page says it again.
for (const [when, workerGoesFirst] of [['', false], [', though the worker has ended', true]]) {
  story(`what an app appends in its own pagehide listener is stored${when}`, {}, async (world) => {
    await served(world);
    const browser = await world.browse('ada');
    const page = await open(world, browser, 'ada');
    const draft = await begin(page);
    await page.evaluate(
      (draft, workerGoesFirst) =>
        addEventListener('pagehide', () => {
          if (workerGoesFirst) Worker.prototype.postMessage = () => undefined;
          client.draft(draft).append('Last words.');
        }),
      draft,
      workerGoesFirst,
    );
    await page.goto('about:blank');
    const next = await open(world, browser, 'ada');
    await reaches(next, draft, 1);
    assert.deepEqual(await textsIn(next, draft), ['Last words.']);
  });
}

story('work under a ring that was reclaimed is kept, and a copy of the store takes it elsewhere', {}, async (world) => {
  await served(world);
  const [ada, bob] = [await open(world, await world.browse('ada'), 'ada'), await open(world, await world.browse('bob'), 'bob')];
  const draft = await begin(ada);
  await ada.evaluate(async (draft) => {
    client.draft(draft).addCollaborator('bob');
    await client.draft(draft).passRing('bob').server;
  }, draft);
  await bob.evaluate(async (draft) => {
    const handle = client.draft(draft);
    await new Promise((resolve) => handle.subscribe(({ draft }) => draft?.holding && resolve()));
    client.goOffline();
    await handle.append('Too late.').local;
  }, draft);
  await ada.evaluate(async (draft) => void (await client.draft(draft).reclaimRing().server), draft);
  const kept = await bob.evaluate(
    () =>
      new Promise((resolve) => {
        client.rejected.subscribe((kept) => kept.length > 0 && resolve(kept.map(({ text, why }) => [text, why.code])));
        client.goOnline();
      }),
  );
  assert.deepEqual(kept, [['Too late.', 'staleEpoch']]);
  const copy = await bob.evaluate(async () => Array.from((await client.exportReplica()).value));
  const elsewhere = await open(world, await world.browse('bob elsewhere'), 'bob');
  await elsewhere.evaluate(async (copy) => void (await client.importReplica(new Uint8Array(copy))), copy);
  assert.deepEqual(await elsewhere.evaluate(() => client.rejected.current.map(({ text }) => text)), ['Too late.']);
});
