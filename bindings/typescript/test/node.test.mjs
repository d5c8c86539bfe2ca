// The client for Node against a real server: what a bot and a test suite do with it.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { cp, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';

import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import WebSocket from 'ws';

import { Server, program } from '../../../tests/browser/server.mjs';
import { createClient } from '../src/node.js';
import { PlainFile } from '../src/node/files.js';
import { Engine } from '../src/worker/engine.js';
import { isBuilt } from './support/worker.js';

const synced = vi.hoisted(() => ({ count: 0 }));
// Processes start, and compile the module, on machines that have other things to do.
vi.setConfig({ testTimeout: 30_000 });

vi.mock('node:fs', async (original) => {
  const fs = await original();
  return { ...fs, fdatasyncSync: (file) => (++synced.count, fs.fdatasyncSync(file)) };
});

const wasmUrl = new URL(`${process.env.ONERING_WASM_DIR ?? '../../../build/wasm'}/onering.wasm`, import.meta.url);
const packed = fileURLToPath(new URL('../dist/node.js', import.meta.url));

let folder;
const clients = [];
const started = [];

beforeEach(async () => void (folder = await mkdtemp(join(tmpdir(), 'onering-node-'))));

afterEach(async () => {
  await Promise.all(clients.splice(0).map((client) => client.close()));
  for (const child of started.splice(0)) await end(child);
  await rm(folder, { recursive: true, force: true, maxRetries: 5 });
});

const open = (options) => {
  const client = createClient({ url: 'ws://127.0.0.1:1/sync', auth: () => 'ada', user: 'ada', wasmUrl, webSocket: WebSocket, ...options });
  clients.push(client);
  return client;
};

const valueOf = (result) => {
  if (!result.ok) throw new Error(`${result.error.code}: ${result.error.message}`);
  return result.value;
};

const textsOf = async (draft) => valueOf(await draft.segments()).segments.map(({ text }) => text);

// Another process with the store open at that path; its first line says what came of it.
async function bot(script) {
  const child = spawn(process.execPath, ['--input-type=module', '--eval', `import { createClient } from ${JSON.stringify(packed)};\n${script}`], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, WASM: wasmUrl.href },
  });
  started.push(child);
  const [line] = await once(createInterface(child.stdout), 'line');
  return { child, told: JSON.parse(line) };
}

async function end(child) {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGKILL');
  await ended;
}

const offlineAt = (path) =>
  `const client = createClient({ url: 'ws://127.0.0.1:1/sync', auth: () => 'ada', user: 'ada', startOffline: true, wasmUrl: process.env.WASM, storage: { path: ${JSON.stringify(path)} } });\n`;

describe('options', () => {
  const options = { url: 'wss://example.test/sync', auth: () => '', webSocket: WebSocket };

  test.each([
    ['a path without an origin to count from', { ...options, url: '/sync' }],
    ['the file system of pages', { ...options, storage: { kind: 'opfs' } }],
    ['a file that is nowhere', { ...options, storage: { kind: 'file' } }],
    ['a worker', { ...options, workerUrl: './worker.js' }],
    ['no auth', { ...options, auth: undefined }],
  ])('%s is a TypeError at once', (_, wrong) => {
    expect(() => createClient(wrong)).toThrow(TypeError);
  });

  test.skipIf(globalThis.WebSocket)('a Node without WebSocket says what to pass', () => {
    expect(() => createClient({ ...options, webSocket: undefined })).toThrow(/ws/);
  });
});

test('a file writes what there is room for, as a page’s handle does', () => {
  const full = new PlainFile('/dev/full');
  expect(full.write(new Uint8Array(10), { at: 0 })).toBe(0);
  full.close();
});

describe.runIf(isBuilt)('a store in Node', () => {
  // What the first version wrote: a draft with a confirmed segment and a pending one, and an invite that let nobody in.
  test('a store of an older version is brought up to this one, with what is pending and what was kept', async () => {
    const path = join(folder, 'old.db');
    await writeFile(path, gunzipSync(await readFile(new URL('./support/store-version-1.db.gz', import.meta.url))));
    for (let time = 1; time <= 2; ++time) {
      const client = open({ startOffline: true, storage: { path } });
      valueOf(await client.ready);
      expect(client.status.current).toMatchObject({ state: 'open', pending: time, rejected: 1 });
      expect(client.rejected.current).toMatchObject([{ kind: 'acceptInvite', why: { code: 'inviteInvalid' } }]);
      const [{ id, title }] = valueOf(await client.list()).drafts;
      expect(title).toBe('Of an older version');
      const draft = client.draft(id);
      expect((await textsOf(draft)).slice(0, 2)).toEqual(['Confirmed.', 'Pending.']);
      expect(valueOf(await draft.verify())).toMatchObject({ first: 1, head: 2 });
      valueOf(await draft.append(`Of time ${time}.`).local);
      await client.close();
    }
  });

  test('in memory, offline, needs nothing but the package', async () => {
    const client = open({ startOffline: true });
    const draft = client.draft(client.create({ title: 'A test' }).draft);
    valueOf(await draft.append('Not kept.').local);
    expect(await textsOf(draft)).toEqual(['Not kept.']);
    expect(client.status.current).toMatchObject({ state: 'open', pending: 2, storage: { kind: 'memory', persisted: false } });
  });

  test('a file is there again after it was closed, and is synced before an append counts as stored', async () => {
    const storage = { path: join(folder, 'new/bot.db') };
    const before = open({ startOffline: true, storage });
    valueOf(await before.ready);
    const draft = before.create({ title: 'Kept' }).draft;
    valueOf(await before.draft(draft).append('One.').local);
    const { count } = synced;
    valueOf(await before.draft(draft).append('Two.').local);
    expect(synced.count).toBeGreaterThan(count);
    expect(before.status.current.storage).toMatchObject({ kind: 'file', persisted: true, fallback: null });
    await vi.waitFor(() => expect(before.status.current.storage.usage).toBeGreaterThan(0));
    expect(before.status.current.storage.quota).toBeGreaterThan(before.status.current.storage.usage);
    await before.close();

    expect((await readFile(storage.path)).subarray(0, 15).toString()).toBe('SQLite format 3');
    const after = open({ startOffline: true, storage });
    expect(await textsOf(after.draft(draft))).toEqual(['One.', 'Two.']);
    expect(after.status.current).toMatchObject({ pending: 3 });
  });

  test('a second client of this process is refused, and gets the file when it is free', async () => {
    const storage = { kind: 'file', path: join(folder, 'bot.db') };
    const warned = vi.spyOn(console, 'warn').mockImplementation(() => undefined);
    const first = open({ startOffline: true, storage });
    valueOf(await first.ready);
    const second = open({ startOffline: true, storage });
    expect(await second.ready).toMatchObject({ ok: false, error: { code: 'storageUnavailable', message: expect.stringContaining('Another client') } });
    await first.close();
    await vi.waitFor(() => expect(second.status.current.state).toBe('open'), { timeout: 5_000 });
    warned.mockRestore();
  });

  test('a client that broke lets go of its file', async () => {
    const storage = { kind: 'file', path: join(folder, 'bot.db') };
    const broken = open({ startOffline: true, storage });
    const { draft } = broken.create({ title: 'Before it broke' });
    valueOf(await broken.draft(draft).append('Stored.').local);
    const handle = vi.spyOn(Engine.prototype, 'handle').mockImplementationOnce(() => {
      throw new Error('a defect');
    });
    broken.goOnline();
    await vi.waitFor(() => expect(broken.status.current).toMatchObject({ state: 'failed', lastError: { code: 'internal' } }));
    handle.mockRestore();
    const next = open({ startOffline: true, storage });
    valueOf(await next.ready);
    expect(await textsOf(next.draft(draft))).toEqual(['Stored.']);
  });

  test('a second process is refused, as long as the first one lives', async () => {
    const path = join(folder, 'bot.db');
    const first = await bot(`${offlineAt(path)}console.log(JSON.stringify(await client.ready));\nsetInterval(() => {}, 1000);`);
    expect(first.told.ok).toBe(true);
    const second = await bot(`${offlineAt(path)}console.warn = () => {};\nconsole.log(JSON.stringify(await client.ready));\nawait client.close();`);
    expect(second.told).toMatchObject({ ok: false, error: { code: 'storageUnavailable' } });
    await end(first.child);
    const third = await bot(`${offlineAt(path)}console.log(JSON.stringify(await client.ready));\nawait client.close();`);
    expect(third.told.ok).toBe(true);
    await vi.waitFor(() => expect(third.child.exitCode).toBe(0), { timeout: 2_500 }); // sooner than any timer of a closed client
  });

  test.runIf(process.platform === 'linux')('who knocks at the lock of a file is sent away, and keeps no process running', async () => {
    const path = join(folder, 'bot.db');
    const { child } = await bot(`${offlineAt(path)}await client.ready;\nconsole.log('{}');\nsetTimeout(() => client.close(), 300);`);
    const { dev, ino } = await stat(path, { bigint: true });
    const socket = connect({ path: `\0onering-store-${dev}-${ino}` });
    await new Promise((resolve) => socket.on('error', resolve).on('close', resolve));
    await vi.waitFor(() => expect(child.exitCode).toBe(0), { timeout: 2_500 });
  });

  test('what was stored survives a process that is killed', async () => {
    const path = join(folder, 'bot.db');
    const { child, told } = await bot(
      `${offlineAt(path)}const { draft } = client.create({ title: 'Killed' });
       for (let i = 1; i <= 20; ++i) await client.draft(draft).append(String(i)).local;
       console.log(JSON.stringify(draft));\nsetInterval(() => {}, 1000);`,
    );
    await end(child);
    const after = open({ startOffline: true, storage: { path } });
    expect(await textsOf(after.draft(told))).toEqual(Array.from({ length: 20 }, (_, i) => String(i + 1)));
  });

  describe('as a whole', () => {
    const mine = () => open({ startOffline: true, storage: { path: join(folder, 'mine.db') } });
    const withWork = async () => {
      const client = mine();
      const { draft } = client.create({ title: 'Mine' });
      valueOf(await client.draft(draft).append('Not to be lost.').local);
      return { client, draft };
    };
    const quietly = () => vi.spyOn(console, 'warn').mockImplementation(() => undefined);

    test('is not erased while the server has not all of it, but by force', async () => {
      const { client, draft } = await withWork();
      const { server } = client.draft(draft).append('Nor this.');
      expect(await client.clear()).toMatchObject({ ok: false, error: { code: 'notAllowed', message: expect.stringContaining('3 pending') } });
      expect(await textsOf(client.draft(draft))).toEqual(['Not to be lost.', 'Nor this.']);
      valueOf(await client.clear({ force: true }));
      expect(client.status.current).toMatchObject({ state: 'closed', pending: 0, user: null, lastError: { code: 'unauthenticated' } });
      expect(await client.draft(draft).get()).toMatchObject({ ok: false, error: { code: 'unavailable' } });
      expect(await server).toMatchObject({ ok: false, error: { code: 'unavailable', message: expect.stringContaining('erased') } });
      expect((await readFile(join(folder, 'mine.db'))).length).toBe(0);
      expect((await readFile(join(folder, 'mine.db-wal'))).length).toBe(0);
      const next = open({ startOffline: true, user: 'bob', storage: { path: join(folder, 'mine.db') } });
      expect(valueOf(await next.list()).drafts).toEqual([]); // and it is nobody's
    });

    test('is not replaced while the server has not all of it, but by force', async () => {
      const other = open({ startOffline: true, storage: { path: join(folder, 'other.db') } });
      valueOf(await other.create({ title: 'Other' }).local);
      const copy = valueOf(await other.exportReplica());
      const { client } = await withWork();
      expect(await client.importReplica(copy)).toMatchObject({ ok: false, error: { code: 'notAllowed' } });
      valueOf(await client.importReplica(copy, { force: true }));
      expect(valueOf(await client.list()).drafts.map(({ title }) => title)).toEqual(['Other']);
      await client.close();
      expect(valueOf(await mine().list()).drafts.map(({ title }) => title)).toEqual(['Other']);
    });

    test.each([
      ['something else', () => new Uint8Array(8_192).fill(7)],
      ['a copy that is damaged', (copy) => copy.fill(0xff, 100, 4_000)],
      ['the beginning of a copy', (copy) => copy.slice(0, 4_096)],
    ])('%s changes nothing', async (_, made) => {
      const { client, draft } = await withWork();
      const copy = made(valueOf(await client.exportReplica()));
      const warned = quietly();
      expect(await client.importReplica(copy, { force: true })).toMatchObject({ ok: false, error: { code: 'storageUnavailable' } });
      warned.mockRestore();
      expect(await textsOf(client.draft(draft))).toEqual(['Not to be lost.']);
      valueOf(await client.draft(draft).append('It goes on.').local);
    });

    test('another user’s copy changes nothing', async () => {
      const other = open({ startOffline: true, user: 'bob', storage: { path: join(folder, 'bob.db') } });
      const copy = valueOf(await other.exportReplica());
      const { client, draft } = await withWork();
      const warned = quietly();
      expect(await client.importReplica(copy, { force: true })).toMatchObject({ ok: false, error: { code: 'storageUnavailable' } });
      warned.mockRestore();
      expect(await textsOf(client.draft(draft))).toEqual(['Not to be lost.']);
    });

    test('what an import that did not end has left begins anew', async () => {
      const { client } = await withWork();
      await client.close();
      await writeFile(join(folder, 'mine.db-journal'), 'onering import\n');
      expect(valueOf(await mine().list()).drafts).toEqual([]);
    });

    test('in memory has no file to copy', async () => {
      const client = open({ startOffline: true });
      expect(await client.exportReplica()).toMatchObject({ ok: false, error: { code: 'storageUnavailable' } });
      expect(await client.importReplica(new Uint8Array(10))).toMatchObject({ ok: false, error: { code: 'storageUnavailable' } });
      expect(await client.persist()).toBe(false);
      valueOf(await client.clear());
      expect(client.status.current.state).toBe('closed');
    });
  });

  test('a folder that cannot be made is storageUnavailable, not an exception', async () => {
    const warned = vi.spyOn(console, 'warn').mockImplementation(() => undefined);
    const client = open({ startOffline: true, storage: { path: '/dev/null/bot.db' } });
    expect(await client.ready).toMatchObject({ ok: false, error: { code: 'storageUnavailable' } });
    warned.mockRestore();
  });
});

describe.runIf(isBuilt && existsSync(program))('with a server', () => {
  let server;

  beforeEach(async () => void (server = await Server.start(folder, { web: folder })));
  afterEach(() => server.kill());

  test('an invite goes from hand to hand, once', async () => {
    const [ada, bob, eve] = ['ada', 'bob', 'eve'].map((user) => open({ url: server.syncAddress, user, auth: () => user }));
    const draft = ada.draft(ada.create({ title: 'By invitation' }).draft);
    const invite = draft.invite({ role: 'viewer', hours: 2 });
    expect(invite.code).toMatch(/^[\w-]{64}$/);
    valueOf(await invite.server);
    expect(valueOf(await draft.get()).invites).toEqual([
      expect.objectContaining({ id: invite.invite, role: 'viewer', createdBy: 'ada', for: null, acceptedBy: null, acceptedAt: null }),
    ]);
    const accepting = bob.acceptInvite(` ${invite.code}\n`);
    expect(accepting.draft).toBe(draft.id);
    expect(valueOf(await accepting.local).effect).toBe('waiting');
    valueOf(await accepting.server);
    await vi.waitFor(async () => expect(valueOf(await bob.draft(draft.id).get())).toMatchObject({ role: 'viewer', title: 'By invitation' }));
    const [{ expiresAt, createdAt, acceptedBy }] = valueOf(await bob.draft(draft.id).get()).invites;
    expect([expiresAt - createdAt, acceptedBy]).toEqual([2 * 3_600_000, 'bob']);

    const codeOf = async (operation) => (await operation.server).error?.code;
    expect(await codeOf(eve.acceptInvite(invite.code))).toBe('inviteUsed');
    expect(await codeOf(eve.acceptInvite(`${invite.code.slice(0, -4)}AAAA`))).toBe('inviteInvalid');
    expect(await codeOf(eve.acceptInvite('half a lin'))).toBe('inviteInvalid');
    expect(await codeOf(bob.acceptInvite(invite.code))).toBe('alreadyMember');
    expect(await codeOf(draft.revokeInvite(invite.invite))).toBe('inviteUsed');
    expect(await codeOf(draft.invite({ hours: 200 }))).toBe('notAllowed');

    const forBob = draft.invite({ for: 'dan' });
    valueOf(await forBob.server);
    expect(await codeOf(eve.acceptInvite(forBob.code))).toBe('inviteInvalid');
    valueOf(await draft.revokeInvite(forBob.invite).server);
    expect(valueOf(await draft.get()).invites).toHaveLength(1);
  });

  test('those who are at a draft are told of one another', async () => {
    const [ada, bob] = ['ada', 'bob'].map((user) => open({ url: server.syncAddress, user, auth: () => user }));
    const draft = ada.draft(ada.create({ title: 'Here we are' }).draft);
    valueOf(await draft.addCollaborator('bob').server);
    const seen = { ada: [], bob: [] };
    const wordsOf = (people) => people.map(({ user, typing }) => (typing ? `${user} types` : user));
    const mine = draft.present((people) => void (seen.ada = wordsOf(people)));
    await vi.waitFor(() => expect(seen.ada).toEqual(['ada']));
    await vi.waitFor(async () => valueOf(await bob.draft(draft.id).get()));
    const his = bob.draft(draft.id).present((people) => void (seen.bob = wordsOf(people)));
    await vi.waitFor(() => expect(seen).toEqual({ ada: ['ada', 'bob'], bob: ['ada', 'bob'] }), { timeout: 5_000 });
    his.typing();
    await vi.waitFor(() => expect(seen.ada).toEqual(['ada', 'bob types']), { timeout: 5_000 });
    bob.goOffline();
    await vi.waitFor(() => expect(seen).toEqual({ ada: ['ada'], bob: [] }), { timeout: 5_000 });
    bob.goOnline();
    await vi.waitFor(() => expect(seen.ada[1]).toMatch(/^bob/), { timeout: 5_000 });
    his.close();
    await vi.waitFor(() => expect(seen.ada).toEqual(['ada']), { timeout: 5_000 });
    mine.close();
    mine.typing(); // is over: does nothing
  });

  test('a bot appends, passes the ring on, and gets it back', async () => {
    const [ada, bob] = ['ada', 'bob'].map((user) => open({ url: server.syncAddress, user, auth: () => user }));
    const turn = new Promise((resolve) => bob.subscribeTurns((change) => change.turn === 'yours' && resolve(change)));
    const mine = ada.draft(ada.create({ title: 'With a bot' }).draft);
    valueOf(await mine.append('Ada’s.').server);
    valueOf(await mine.addCollaborator('bob').server);
    valueOf(await mine.passRing('bob').server);
    const his = bob.draft((await turn).draft);
    expect(his.id).toBe(mine.id);
    const { seq } = valueOf(await his.append('Bob’s.').server);
    valueOf(await his.passRing('ada').server);
    valueOf(await mine.whenHolding());
    expect(await textsOf(mine)).toEqual(['Ada’s.', 'Bob’s.']);
    expect(seq).toBe(5);
    expect((await server.headOf(mine.id)).seq).toBe(6);
  });

  test('what was written while the server was away is sent when it is back', async () => {
    const client = open({ url: server.syncAddress, storage: { path: join(folder, 'bot.db') } });
    const draft = client.draft(client.create({ title: 'Away' }).draft);
    valueOf(await draft.append('Before.').server);
    await server.kill();
    const { local, server: accepted } = draft.append('Meanwhile.');
    valueOf(await local);
    await server.start();
    valueOf(await accepted);
    await client.whenSynced();
    expect(await server.headOf(draft.id)).toEqual({ seq: 3, link: valueOf(await draft.get()).link });
  });

  test('more than is told of what is pending: as it is confirmed, a subscriber has each segment in its place', async () => {
    const client = open({ url: server.syncAddress, storage: { path: join(folder, 'bot.db') } });
    client.goOffline();
    const draft = client.draft(client.create({ title: 'A long way' }).draft);
    const appended = Array.from({ length: 2_500 }, (_, i) => draft.append(`line ${i}`));
    for (const { local } of appended) valueOf(await local);
    const confirmed = [];
    const wrong = [];
    const all = new Promise((resolve) =>
      draft.subscribe(
        (change) => {
          confirmed.push(...change.appended.map(({ text }) => text));
          const { segmentCount, pendingSegmentCount } = change.draft;
          const first = segmentCount + Math.max(0, pendingSegmentCount - 1_000);
          const isRight = change.pending.every(({ text, position }, i) => position === first + i && text === `line ${position}`);
          if (!isRight || change.pending.length !== Math.min(1_000, pendingSegmentCount) || confirmed.length !== segmentCount) wrong.push(change.draft);
          if (segmentCount === 2_500) resolve();
        },
        { tail: 1_000 },
      ),
    );
    client.goOnline();
    await all;
    expect(wrong).toEqual([]);
    expect(confirmed).toEqual(Array.from({ length: 2_500 }, (_, i) => `line ${i}`));
  });

  test('two devices of one user that come back at once: all that was written on either is there, once', async () => {
    const [desk, phone] = ['desk', 'phone'].map((device) => open({ url: server.syncAddress, storage: { path: join(folder, `${device}.db`) } }));
    const mine = desk.draft(desk.create({ title: 'On two devices' }).draft);
    valueOf(await mine.append('Before.').server);
    const there = phone.draft(mine.id);
    await vi.waitFor(async () => expect(valueOf(await there.get()).segmentCount).toBe(1), { timeout: 5_000 });
    const devices = [
      { client: desk, draft: mine, name: 'desk' },
      { client: phone, draft: there, name: 'phone' },
    ];
    for (const { client } of devices) client.goOffline();
    for (const { draft, name } of devices) {
      for (let i = 1; i <= 20; ++i) valueOf(await draft.append(`From the ${name}, ${i}.`).local);
    }
    for (const { client } of devices) client.goOnline();
    await vi.waitFor(async () => {
      for (const { draft } of devices) expect(valueOf(await draft.get())).toMatchObject({ seq: 42, sync: { pending: 0 } });
    }, { timeout: 10_000 });
    const texts = await textsOf(mine);
    expect(await textsOf(there)).toEqual(texts);
    const inOrder = (name) => Array.from({ length: 20 }, (_, i) => `From the ${name}, ${i + 1}.`);
    for (const { name } of devices) expect(texts.filter((text) => text.includes(name))).toEqual(inOrder(name));
    expect(new Set(texts).size).toBe(41);
    for (const { draft } of devices) expect(valueOf(await draft.get()).link).toBe((await server.headOf(mine.id)).link);
  });

  test('a write that the server rejects is told of and kept, and holds up nothing behind it', async () => {
    const [ada, bob] = ['ada', 'bob'].map((user) => open({ url: server.syncAddress, user, auth: () => user }));
    const mine = ada.draft(ada.create({ title: 'Taken back' }).draft);
    mine.addCollaborator('bob');
    valueOf(await mine.passRing('bob').server);
    const his = bob.draft(mine.id);
    await vi.waitFor(async () => expect(valueOf(await his.get()).seq).toBe(3), { timeout: 5_000 });
    valueOf(await his.whenHolding());
    bob.goOffline();
    const rejected = ['One.', 'Two.'].map((text) => his.append(text));
    for (const { local } of rejected) valueOf(await local);
    const behind = bob.draft(bob.create({ title: 'Behind it' }).draft);
    const later = behind.append('Goes through.');
    valueOf(await later.local);
    valueOf(await mine.reclaimRing().server);
    bob.goOnline();
    for (const { server } of rejected) expect((await server).error?.code).toBe('staleEpoch');
    valueOf(await later.server);
    await bob.whenSynced();
    await vi.waitFor(() => expect(bob.status.current).toMatchObject({ pending: 0, rejected: 2, link: 'live' }), { timeout: 5_000 });
    const kept = () => bob.rejected.current.map(({ text }) => text);
    expect(kept()).toEqual(['One.', 'Two.']);
    expect(await textsOf(his)).toEqual([]);
    valueOf(await bob.rejected.dismiss(bob.rejected.current[0].op));
    expect(kept()).toEqual(['Two.']);
    valueOf(await bob.rejected.copyToNewDraft(mine.id, { title: 'Not lost' }).server);
    expect(kept()).toEqual([]);
  });

  test('who may only read is told so at once, before the server is asked', async () => {
    const [ada, bob] = ['ada', 'bob'].map((user) => open({ url: server.syncAddress, user, auth: () => user }));
    const mine = ada.draft(ada.create({ title: 'To be read' }).draft);
    valueOf(await mine.addCollaborator('bob', 'viewer').server);
    const his = bob.draft(mine.id);
    await vi.waitFor(async () => expect(valueOf(await his.get()).role).toBe('viewer'), { timeout: 5_000 });
    bob.goOffline();
    for (const refused of [his.append('Mine, too?'), his.requestRing(), his.setTitle('Mine')]) {
      const outcomes = [await refused.local, await refused.server];
      expect(outcomes.map(({ ok }) => ok)).toEqual([false, false]);
      expect(outcomes[0].error.message).not.toBe('');
    }
    expect(bob.status.current).toMatchObject({ pending: 0, rejected: 0 });
  });

  // Ada's draft, with bob as an editor: 1 create, 2 add, 3 append, 4 title, 5 pass to bob, 6 bob's append.
  async function written() {
    const [ada, bob] = ['ada', 'bob'].map((user) => open({ url: server.syncAddress, user, auth: () => user }));
    const mine = ada.draft(ada.create({ title: 'Before' }).draft);
    mine.addCollaborator('bob');
    mine.append('Ada’s.');
    mine.setTitle('After');
    valueOf(await mine.passRing('bob').server);
    const his = bob.draft(mine.id);
    await new Promise((resolve) => his.subscribe(({ draft }) => draft?.holding && resolve()));
    valueOf(await his.append('Bob’s.').server);
    await vi.waitFor(async () => expect(valueOf(await mine.get()).seq).toBe(6));
    return { ada, bob, mine, his };
  }

  test('the log tells who did what when', async () => {
    const { mine, his } = await written();
    const page = valueOf(await mine.log());
    expect(page).toMatchObject({ first: 1, head: 6, next: null });
    expect(page.entries.map(({ seq, kind, actor }) => [seq, kind, actor])).toEqual([
      [1, 'createDraft', 'ada'],
      [2, 'addCollaborator', 'ada'],
      [3, 'appendSegment', 'ada'],
      [4, 'setTitle', 'ada'],
      [5, 'passRing', 'ada'],
      [6, 'appendSegment', 'bob'],
    ]);
    expect(page.entries[5]).toMatchObject({ text: 'Bob’s.', redacted: false, link: valueOf(await mine.get()).link });
    expect(page.entries[5].acceptedAt).toBeGreaterThanOrEqual(page.entries[4].acceptedAt);
    expect(valueOf(await mine.log({ from: 2, to: 4 })).entries.map(({ seq }) => seq)).toEqual([2, 3]);
    expect(valueOf(await mine.log({ from: 7 }))).toMatchObject({ entries: [], next: null });
    expect(valueOf(await his.log()).entries).toEqual(page.entries);
  });

  test('the draft is there as it was after each of its ops', async () => {
    const { mine } = await written();
    const at = async (seq) => valueOf(await mine.at(seq));
    expect(await at(0)).toMatchObject({ seq: 0, at: null, segmentCount: 0, state: null });
    expect(await at(1)).toMatchObject({ segmentCount: 0, state: { title: 'Before', ring: { holder: 'ada', epoch: 1 }, members: [{ user: 'ada' }] } });
    expect(await at(4)).toMatchObject({ segmentCount: 1, state: { title: 'After', ring: { holder: 'ada' } } });
    expect(await at(6)).toMatchObject({ segmentCount: 2, state: { ring: { holder: 'bob', epoch: 2 }, status: 'active' } });
    expect(await at(3)).toMatchObject({ segmentCount: 1, state: { title: 'Before' } }); // and back again
    const { entries } = valueOf(await mine.log({ from: 5, to: 6 }));
    expect((await at(5)).at).toBe(entries[0].acceptedAt);
    expect(await mine.at(7)).toMatchObject({ ok: false, error: { code: 'notFound' } });
    await expect(mine.at(-1)).rejects.toThrow(TypeError);
  });

  test('a text that is redacted is gone from the past, too, and the chain still verifies', async () => {
    const { ada, mine } = await written();
    const { link } = valueOf(await mine.get());
    expect(valueOf(await mine.verify())).toEqual({ first: 1, head: 6, link });
    const { segments } = valueOf(await mine.segments());
    valueOf(await mine.redact(segments[0].id).server);
    await ada.whenSynced();
    expect(valueOf(await mine.log({ from: 3, to: 4 })).entries[0]).toMatchObject({ text: '', redacted: true });
    expect(valueOf(await mine.verify())).toMatchObject({ first: 1, head: 7 });
  });

  test('a device that was sent the draft in place of its log says where the log begins', async () => {
    const { mine, bob, his } = await written();
    valueOf(await his.passRing('ada').server);
    valueOf(await mine.whenHolding());
    await bob.close();
    await Promise.all(Array.from({ length: 400 }, (_, i) => mine.append(`${i}`).server.then(valueOf)));
    const late = open({ url: server.syncAddress, user: 'bob', auth: () => 'bob' });
    const copy = late.draft(mine.id);
    await vi.waitFor(async () => expect(valueOf(await copy.get()).seq).toBe(407), { timeout: 10_000 });
    expect(valueOf(await copy.log())).toEqual({ entries: [], first: 408, head: 407, next: null });
    expect(valueOf(await copy.at(200))).toMatchObject({ at: null, segmentCount: 195, state: null });
    expect(valueOf(await copy.verify())).toMatchObject({ first: 408, head: 407 });
    valueOf(await mine.append('After the snapshot.').server);
    await vi.waitFor(async () => expect(valueOf(await copy.log())).toMatchObject({ first: 408, head: 408, entries: [{ text: 'After the snapshot.' }] }));
    expect(valueOf(await copy.verify()).link).toBe(valueOf(await mine.verify()).link);
    // The whole log lies where it was written; it is looked through in pages.
    expect(valueOf(await mine.at(200))).toMatchObject({ segmentCount: 195, state: { title: 'After' } });
    const seqs = [];
    for (let from = 1; from !== null; ) {
      const { entries, next } = valueOf(await mine.log({ from }));
      seqs.push(...entries.map(({ seq }) => seq));
      from = next;
    }
    expect(seqs).toEqual(Array.from({ length: 408 }, (_, i) => i + 1));
  });

  test('a log that was changed on the disk does not verify', async () => {
    const path = join(folder, 'ada.db');
    const before = open({ url: server.syncAddress, storage: { path } });
    const draft = before.create({ title: 'Changed' }).draft;
    valueOf(await before.draft(draft).append('The original text.').server);
    await before.close();
    const bytes = await readFile(path);
    let at = -1;
    while ((at = bytes.indexOf('The original text.', at + 1)) !== -1) bytes.write('The altered! text.', at);
    await writeFile(path, bytes);
    const after = open({ startOffline: true, storage: { path } });
    expect(await after.draft(draft).verify()).toMatchObject({ ok: false, error: { code: 'divergence', message: expect.stringContaining('Entry 2') } });
  });

  test('a copy of the store goes to another device, with what is pending in it', async () => {
    const first = open({ url: server.syncAddress, storage: { path: join(folder, 'one.db') } });
    const draft = first.create({ title: 'Moves' }).draft;
    valueOf(await first.draft(draft).append('Accepted.').server);
    first.goOffline();
    valueOf(await first.draft(draft).append('Pending.').local);
    const copy = valueOf(await first.exportReplica());
    expect(new TextDecoder().decode(copy.subarray(0, 15))).toBe('SQLite format 3');

    const second = open({ url: server.syncAddress, storage: { path: join(folder, 'two.db') } });
    valueOf(await second.ready);
    const shown = new Promise((resolve) => second.draft(draft).subscribe(({ pending }) => pending.length > 0 && resolve(pending.map(({ text }) => text))));
    valueOf(await second.importReplica(copy));
    expect(await shown).toEqual(['Pending.']);
    await second.whenSynced();
    await vi.waitFor(async () => expect((await server.headOf(draft)).seq).toBe(3));
    first.goOnline(); // its own copy of the same op is the same op
    await first.whenSynced();
    expect((await server.headOf(draft)).seq).toBe(3);
    expect(await textsOf(first.draft(draft))).toEqual(['Accepted.', 'Pending.']);
    expect(first.rejected.current).toEqual([]);
  });

  test('who is removed loses the copy', async () => {
    const { mine, his } = await written();
    const gone = new Promise((resolve) => his.subscribe(({ draft }) => draft === null && resolve()));
    valueOf(await mine.removeCollaborator('bob').server);
    await gone;
    expect(await his.get()).toMatchObject({ ok: false, error: { code: 'notFound' } });
    expect(valueOf(await mine.get()).ring.holder).toBe('ada');
  });

  test('a server that lost what it had accepted: its log is fetched anew, and that is said', async () => {
    const path = join(folder, 'ada.db');
    const first = open({ url: server.syncAddress, storage: { path } });
    const draft = first.create({ title: 'Restored' }).draft;
    valueOf(await first.draft(draft).append('In the backup.').server);
    await server.stop();
    await cp(server.store, `${server.store}.backup`);
    await server.start();
    first.goOnline();
    valueOf(await first.draft(draft).append('Not in the backup.').server);
    await first.close();
    await server.stop();
    for (const suffix of ['', '-wal', '-shm']) await rm(server.store + suffix, { force: true });
    await cp(`${server.store}.backup`, server.store);
    await server.start();
    const other = open({ url: server.syncAddress }); // the same user, elsewhere
    await vi.waitFor(async () => valueOf(await other.draft(draft).get()));
    valueOf(await other.draft(draft).append('After the backup.').server);

    const again = open({ url: server.syncAddress, storage: { path } });
    await vi.waitFor(async () => expect(await textsOf(again.draft(draft))).toEqual(['In the backup.', 'After the backup.']), { timeout: 10_000 });
    await again.whenSynced();
    expect(again.status.current).toMatchObject({ link: 'live', lastError: { code: 'divergence' } }); // loudly
    expect(valueOf(await again.draft(draft).verify()).link).toBe((await server.headOf(draft)).link);
  });
});
