// S8–S12: a network, a token, a server that are not what they should be are states that an app can show, and end by
// themselves where they can.
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { makeBareSite, openBarePage, statusOf, untilStatus } from './bare-page.mjs';
import { Relay } from './relay.mjs';
import { story } from './world.mjs';

const key = 'k'.repeat(48);

function jwt(user, expiresInS) {
  const part = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const signed = `${part({ alg: 'HS256', typ: 'JWT' })}.${part({ sub: user, name: user, exp: Math.floor(Date.now() / 1_000) + expiresInS })}`;
  return `${signed}.${createHmac('sha256', key).update(signed).digest('base64url')}`;
}

// A server behind a relay, and a page with the package.
async function meet(world, { strict = false, ...options } = {}) {
  const web = await makeBareSite(world.folder);
  const keyFile = join(world.folder, 'key');
  await writeFile(keyFile, key);
  await world.serve({ web, ...(strict && { auth: ['--jwt-key-file', keyFile] }) });
  const relay = world.own(await Relay.before(world.server));
  const page = await openBarePage(await world.browse('ada'), relay.address, options);
  return { relay, page };
}

const begin = (page) =>
  page.evaluate(async () => {
    globalThis.draft = client.draft(client.create({ title: 'On and off' }).draft);
    return draft.append('Begun.').local;
  });

story('S9 connected, with work pending and no answer for 15 s: stalled, with a code; then it goes on', {}, async (world) => {
  const { relay, page } = await meet(world);
  await untilStatus(page, ({ link }) => link === 'live');
  relay.silent = true;
  await begin(page);
  const stalled = await untilStatus(page, ({ link }) => link === 'stalled');
  assert.equal(stalled.lastError.code, 'unavailable');
  assert.equal(stalled.pending, 2);
  relay.silent = false;
  relay.cut();
  const { lastError } = await untilStatus(page, ({ link, pending }) => link === 'live' && pending === 0);
  assert.equal(lastError, null);
});

story('S8 a token that is about to expire is replaced on the same connection', {}, async (world) => {
  const { relay, page } = await meet(world, { strict: true, tokens: [jwt('ada', 14), jwt('ada', 3_600)] });
  await untilStatus(page, ({ link }) => link === 'live');
  await page.waitForFunction(() => asked.length === 2, undefined, { timeout: 20_000 });
  await page.waitForTimeout(6_000); // the first one has expired by now
  await begin(page);
  await untilStatus(page, ({ link, pending }) => link === 'live' && pending === 0);
  assert.deepEqual(await page.evaluate(() => asked), ['connect', 'expired']);
  assert.equal(relay.connections, 1);
});

story('S8 an expired token has one successor to try: two that are refused are a state, and no loop', {}, async (world) => {
  const { relay, page } = await meet(world, { user: 'ada', strict: true, tokens: [jwt('ada', -60), jwt('ada', -30), jwt('ada', 3_600)] });
  const denied = await untilStatus(page, ({ link }) => link === 'denied');
  assert.equal(denied.lastError.code, 'tokenExpired');
  await begin(page);
  await page.waitForTimeout(3_000);
  assert.deepEqual(await page.evaluate(() => asked), ['connect', 'expired']);
  assert.equal(relay.connections, 2);
  assert.equal((await statusOf(page)).pending, 2);
  await page.evaluate(() => client.goOnline());
  await untilStatus(page, ({ link, pending }) => link === 'live' && pending === 0);
});

story('S12 a server of another version: said so, nothing is tried again, pending work can be taken out', {}, async (world) => {
  const { relay, page } = await meet(world, { startOffline: true, user: 'ada' });
  relay.onHello = (message) => {
    const version = 32; // of `Hello`, where it stays in every version (onering.capnp)
    assert.equal(message.readUInt16LE(version), 1);
    message.writeUInt16LE(99, version);
  };
  await begin(page);
  await page.evaluate(() => client.goOnline());
  const denied = await untilStatus(page, ({ link }) => link === 'denied');
  assert.equal(denied.lastError.code, 'upgradeRequired');
  await page.waitForTimeout(2_000);
  assert.equal(relay.connections, 1);
  const work = await page.evaluate(() => client.exportWork());
  assert.deepEqual(work.value.pending.map(({ kind, text }) => text ?? kind), ['createDraft', 'Begun.']);
});

story('S8 back at once when the browser says online', {}, async (world) => {
  const { relay, page } = await meet(world);
  await untilStatus(page, ({ link }) => link === 'live');
  await page.context().setOffline(true);
  relay.cut();
  await world.server.stop();
  await untilStatus(page, ({ link }) => link === 'offline');
  await begin(page);
  // Until the waits have grown so long that none of them can be what brings it back.
  await untilStatus(page, ({ retryAt }) => retryAt !== null && retryAt - Date.now() > 6_000, 120_000);
  await world.server.start();
  const before = Date.now();
  await page.context().setOffline(false);
  await untilStatus(page, ({ link, pending }) => link === 'live' && pending === 0);
  assert.ok(Date.now() - before < 5_000);
});
