import { beforeEach, describe, expect, test, vi } from 'vitest';

import { DraftHandle } from '../src/client/draft-handle.js';
import { Link } from '../src/client/link.js';
import { uuidV7 } from '../src/shared/ids.js';
import type { News, OpRequest, ToWorker } from '../src/shared/protocol.js';
import { initialStatus } from '../src/shared/status.js';
import type { AuthReason, Draft } from '../src/index.js';
import { settle } from './support/clock.js';

let posted: ToWorker[];
let link: Link;
let draft: Draft;
let auth: (reason: AuthReason) => Promise<string>;

beforeEach(() => {
  posted = [];
  auth = async () => 'token';
  link = new Link({ postMessage: (message) => void posted.push(message) }, (reason) => auth(reason));
  draft = new DraftHandle(link, uuidV7());
});

const news = (what: Omit<News, 'type'>) => link.handle({ type: 'news', ...what });

function performed(): OpRequest[] {
  return posted.flatMap((message) => (message.type === 'perform' ? message.ops : []));
}

test('what is called in one go goes over in one message, in order', async () => {
  draft.append('one');
  draft.append('two');
  draft.passRing('bob');
  await settle();
  expect(posted).toHaveLength(1);
  expect(performed().map(({ name }) => name)).toEqual(['append', 'append', 'passRing']);
});

test('a worker begins with many ops while the page is still calling', async () => {
  for (let i = 0; i < 2_500; ++i) draft.append(`${i}`);
  expect(posted).toHaveLength(2);
  await settle();
  expect(posted).toHaveLength(3);
  expect(performed().map((op) => op.name === 'append' && op.text)).toEqual(Array.from({ length: 2_500 }, (_, i) => `${i}`));
});

test('dismissing ends when it is stored, and says why it could not be', async () => {
  const [stored, refused] = [link.dismiss(uuidV7()), link.dismiss(uuidV7())];
  await settle();
  const [one, other] = performed();
  news({ ended: [{ op: one!.op, error: null }, { op: other!.op, error: { code: 'notFound', message: '' } }] });
  await expect(stored).resolves.toMatchObject({ ok: true });
  await expect(refused).resolves.toMatchObject({ error: { code: 'notFound' } });
});

test('ids are there at once', () => {
  const { op, segment, draft: of } = draft.append('text');
  expect(new Set([op, segment, of]).size).toBe(3);
  expect(of).toBe(draft.id);
});

test('local and server resolve each with its own news', async () => {
  const { op, local, server } = draft.append('text');
  await settle();
  const stored = { op, draft: draft.id, effect: 'shown' } as const;
  news({ stored: [op] });
  await expect(local).resolves.toEqual({ ok: true, value: stored });
  const receipt = { op, draft: draft.id, seq: 2, acceptedAt: 5, link: 'ab' };
  news({ settled: [receipt] });
  await expect(server).resolves.toEqual({ ok: true, value: receipt });
});

test('what is refused locally is refused for good', async () => {
  const { op, local, server } = draft.append('text');
  await settle();
  const refused = { ok: false, error: { code: 'notRingHolder', message: 'Someone else holds the ring.' } } as const;
  news({ ended: [{ op, error: refused.error }] });
  await expect(local).resolves.toEqual(refused);
  await expect(server).resolves.toEqual(refused);
});

test('half a character is invalid text, and never reaches the worker', async () => {
  const { local, server } = draft.append('half \ud83d');
  await expect(local).resolves.toMatchObject({ ok: false, error: { code: 'invalidText' } });
  await expect(server).resolves.toMatchObject({ ok: false, error: { code: 'invalidText' } });
  await settle();
  expect(posted).toEqual([]);
});

test('kept work that is done again has its id before any worker has heard of it', async () => {
  const op = uuidV7();
  const { local, server } = link.perform({ name: 'resubmit', op, draft: draft.id, kept: uuidV7() });
  await settle();
  expect(performed()[0]).toMatchObject({ op });
  news({ stored: [op], waiting: [op], settled: [{ op, draft: draft.id, error: { code: 'staleEpoch', message: '' } }] });
  await expect(local).resolves.toEqual({ ok: true, value: { op, draft: draft.id, effect: 'waiting' } });
  await expect(server).resolves.toMatchObject({ error: { code: 'staleEpoch' } });
});

test('what was called before the page went away went over before', () => {
  draft.append('text');
  link.suspend();
  expect(posted.map(({ type }) => type)).toEqual(['perform', 'suspend']);
});

test('reading waits behind what was called before it', async () => {
  draft.append('text');
  void draft.segments();
  expect(posted.map(({ type }) => type)).toEqual(['perform', 'read']);
});

test('an aborted signal ends the waiting, with its reason', async () => {
  const controller = new AbortController();
  const page = draft.segments({ signal: controller.signal });
  const holding = draft.whenHolding({ signal: controller.signal });
  controller.abort(new Error('enough'));
  await expect(page).rejects.toThrow('enough');
  await expect(holding).rejects.toThrow('enough');
  expect(posted.at(-1)).toMatchObject({ type: 'unsubscribe' });
  await expect(draft.get({ signal: AbortSignal.abort(new Error('too late')) })).rejects.toThrow('too late');
});

test('a subscriber that throws harms nobody else', async () => {
  const reported = vi.fn();
  vi.stubGlobal('reportError', reported);
  const seen = vi.fn();
  link.kept.subscribe(() => {
    throw new Error('theirs');
  });
  link.kept.subscribe(seen);
  news({ kept: { reset: true, added: [], left: [] } });
  expect(seen).toHaveBeenCalledTimes(2);
  expect(reported).toHaveBeenCalledTimes(2);
  vi.unstubAllGlobals();
});

test('nobody is told after unsubscribing', () => {
  const listener = vi.fn();
  const stop = draft.subscribe(listener);
  const [message] = posted;
  stop();
  stop();
  news({ feeds: [{ subscription: message!.type === 'subscribe' ? message.subscription : 0, draft: null, reset: true }] });
  expect(listener).not.toHaveBeenCalled();
  expect(posted.map(({ type }) => type)).toEqual(['subscribe', 'unsubscribe']);
});

test('nor where another listener unsubscribes them in the same moment', () => {
  const stops: (() => void)[] = [];
  const stopAll = vi.fn(() => stops.forEach((stop) => stop()));
  const never = vi.fn();
  stops.push(link.status.subscribe(() => stops.length > 0 && stopAll()), link.status.subscribe(never));
  never.mockClear();
  news({ status: { ...initialStatus, pending: 1 } });
  stops.splice(0, 2, link.subscribeList(10, stopAll), link.subscribeList(10, never));
  news({ list: [] });
  expect(stopAll).toHaveBeenCalledTimes(2);
  expect(never).not.toHaveBeenCalled();
});

test('one list is watched for all its subscribers, as far as the longest needs', () => {
  const stop = link.subscribeList(20, () => undefined);
  link.subscribeList(100, () => undefined);
  stop();
  expect(posted.map((message) => message.type === 'watchList' && message.limit)).toEqual([20, 100, 100]);
});

test('a token that cannot be had is told as such', async () => {
  auth = async (reason) => (reason === 'expired' ? Promise.reject(new Error('signed out')) : 'secret');
  link.handle({ type: 'auth', request: 1, reason: 'connect' });
  link.handle({ type: 'auth', request: 2, reason: 'expired' });
  await settle();
  expect(posted).toEqual([
    { type: 'token', request: 1, token: 'secret' },
    { type: 'noToken', request: 2, why: 'Error: signed out' },
  ]);
});

test.each([undefined, null, 7, { token: 'secret' }])('what is no text is no token: %j', async (token) => {
  auth = async () => token as unknown as string;
  link.handle({ type: 'auth', request: 1, reason: 'connect' });
  await settle();
  expect(posted).toEqual([{ type: 'noToken', request: 1, why: expect.stringContaining('auth') }]);
});

test('the end answers everybody, also those who come later', async () => {
  const { local, server } = draft.append('text');
  const page = draft.segments();
  link.end();
  for (const promise of [local, server, page, draft.get(), draft.lock().server]) {
    await expect(promise).resolves.toMatchObject({ ok: false, error: { code: 'unavailable' } });
  }
});

test('a worker that cannot start is a failed client, not a silent one', async () => {
  const { local } = draft.append('text');
  link.broke('404');
  await expect(local).resolves.toMatchObject({ ok: false, error: { code: 'internal' } });
  expect(link.status.current).toMatchObject({ state: 'failed', lastError: { message: expect.stringContaining('404') } });
});

test('arguments of the wrong type throw where they are passed', () => {
  const wrong = draft as unknown as { append(text: unknown): void; segments(range: unknown): void };
  expect(() => wrong.append(7)).toThrow(TypeError);
  expect(() => wrong.segments({ from: 'start' })).toThrow(TypeError);
  expect(() => draft.setRole('bob', undefined as unknown as 'editor')).toThrow(TypeError);
  expect(() => draft.addCollaborator('bob', Symbol('editor') as unknown as 'editor')).toThrow(TypeError);
  expect(() => draft.invite({ role: 7 as unknown as 'editor' })).toThrow(TypeError);
});

test('who waits for the ring is answered when it ends, and who asks afterwards', async () => {
  const turn = draft.requestRing().turn;
  const holding = draft.whenHolding();
  link.end();
  for (const waiting of [turn, holding, draft.whenHolding()]) {
    await expect(waiting).resolves.toMatchObject({ ok: false, error: { code: 'unavailable' } });
  }
});

test('who gives up waiting leaves nothing behind', async () => {
  const controller = new AbortController();
  const waiting = [draft.whenHolding(controller), link.whenSynced(controller.signal)];
  controller.abort(new Error('enough'));
  for (const each of waiting) await expect(each).rejects.toThrow('enough');
  link.end();
  expect(posted.map(({ type }) => type)).toEqual(['subscribe', 'unsubscribe']);
});

describe('whenSynced', () => {
  const open = { ...initialStatus, state: 'open' } as const;

  async function isSynced(): Promise<boolean> {
    const synced = vi.fn();
    void link.whenSynced().then(synced);
    await settle();
    return synced.mock.calls.length > 0;
  }

  test('waits for what was called in the same moment, though no worker has counted it', async () => {
    news({ status: open });
    expect(await isSynced()).toBe(true);
    const { op } = draft.append('text');
    const waiting = link.whenSynced();
    news({ status: { ...open, pending: 1 }, stored: [op] });
    expect(await isSynced()).toBe(false);
    news({ status: open, settled: [{ op, draft: draft.id, seq: 2, acceptedAt: 1, link: '' }] });
    await waiting;
  });

  test('not for what was refused', async () => {
    news({ status: open });
    const { op } = draft.append('');
    const waiting = link.whenSynced();
    news({ ended: [{ op, error: { code: 'contentEmpty', message: '' } }] });
    await waiting;
  });

  test('not longer than there is somebody to sync with', async () => {
    draft.append('text');
    const waiting = link.whenSynced();
    link.broke('404');
    await waiting;
    await link.whenSynced();
  });
});

test('who calls after it was told to close is refused at once; what was called before is waited for', async () => {
  const before = draft.append('Before.');
  const closed = link.close();
  const after = draft.append('After.');
  await expect(after.local).resolves.toMatchObject({ ok: false, error: { code: 'unavailable' } });
  await expect(draft.get()).resolves.toMatchObject({ ok: false, error: { code: 'unavailable' } });
  expect(posted.map(({ type }) => type)).toEqual(['perform', 'close']);
  news({ stored: [before.op] });
  await expect(before.local).resolves.toMatchObject({ ok: true });
  const close = posted.at(-1)!;
  link.handle({ type: 'answer', request: close.type === 'close' ? close.request : 0, result: { ok: true, value: undefined } });
  await closed;
});
