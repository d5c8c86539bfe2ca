import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';

import type { DraftChange, ListChange } from '../src/index.js';
import { uuidV7 } from '../src/shared/ids.js';
import { FilesError } from '../src/worker/files.js';
import { Browser, TestTab, type TestTabOptions } from './support/tabs.js';
import { isBuilt, textsOf, valueOf } from './support/worker.js';

describe.skipIf(!isBuilt)('several tabs', { timeout: 20_000 }, () => {
  let browser: Browser;
  const tabs: TestTab[] = [];

  beforeEach(() => {
    browser = new Browser();
  });

  afterEach(() => {
    for (const tab of tabs.splice(0)) tab.kill();
  });

  async function open(options: TestTabOptions = {}): Promise<TestTab> {
    const tab = await TestTab.open(browser, options);
    tabs.push(tab);
    return tab;
  }

  function opening(options: TestTabOptions = {}): TestTab {
    const tab = new TestTab(browser, options);
    tabs.push(tab);
    return tab;
  }

  describe('one store for all', () => {
    test('the first leads, the second writes through it, both see the same', async () => {
      const [one, two] = [await open(), await open()];
      const draft = await one.newDraft('Shared');
      valueOf(await two.draft(draft.id).append('From the second.').local);
      valueOf(await draft.append('From the first.').local);
      expect(await textsOf(two.draft(draft.id))).toEqual(['From the second.', 'From the first.']);
      expect([one.terms, two.terms]).toEqual([1, 0]);
      await vi.waitFor(() => expect(two.status).toEqual(one.status));
      expect(one.status).toMatchObject({ pending: 3, user: { id: 'ann' } });
    });

    test('two that start at once: one leads', async () => {
      const [one, two, three] = [opening(), opening(), opening()];
      await Promise.all([one, two, three].map((tab) => tab.until(({ state }) => state === 'open')));
      expect(one.terms + two.terms + three.terms).toBe(1);
      const draft = await three.newDraft();
      expect(await textsOf(one.draft(draft.id))).toEqual([]);
    });

    test('each is told of what it subscribed to, and of nothing else', async () => {
      const [one, two] = [await open(), await open()];
      const [mine, theirs] = [await one.newDraft('Mine'), await two.newDraft('Theirs')];
      const seen: DraftChange[] = [];
      two.draft(mine.id).subscribe((change) => void seen.push(change));
      await vi.waitFor(() => expect(seen).toHaveLength(1));
      const before = one.told.length;
      valueOf(await mine.append('Told.').local);
      await vi.waitFor(() => expect(seen.at(-1)!.pending.map(({ text }) => text)).toEqual(['Told.']));
      expect(one.told.slice(before).some((message) => message.type === 'news' && message.feeds !== undefined)).toBe(false);
      const count = seen.length;
      valueOf(await theirs.append('Elsewhere.').local);
      expect(seen).toHaveLength(count);
    });

    test('lists are watched by each as far as it wants', async () => {
      const [one, two] = [await open(), await open()];
      const [first, second]: ListChange[][] = [[], []];
      one.link.subscribeList(1, (change) => void first!.push(change));
      two.link.subscribeList(10, (change) => void second!.push(change));
      await one.newDraft('A');
      await two.newDraft('B');
      await vi.waitFor(() => expect(second!.at(-1)?.drafts.map(({ title }) => title)).toEqual(['B', 'A']));
      await vi.waitFor(() => expect(first!.at(-1)?.drafts.map(({ title }) => title)).toEqual(['B']));
    });

    test('offline is chosen for all, and stays chosen under the next leader', async () => {
      const [one, two] = [await open({ startOffline: false }), await open({ startOffline: false })];
      await vi.waitFor(() => expect(one.sockets).toHaveLength(1));
      two.link.post({ type: 'goOffline' });
      await one.until(({ link }) => link === 'offline');
      one.kill();
      await vi.waitFor(() => expect(two.terms).toBe(1));
      await two.newDraft();
      expect(two.sockets).toHaveLength(0);
      expect(two.status.link).toBe('offline');
    });

    test('what lives in memory is each tab’s own', async () => {
      const storage = { name: 'store', kind: 'memory' } as const;
      const [one, two] = [await open({ storage }), await open({ storage })];
      const draft = await one.newDraft();
      expect(await two.draft(draft.id).get()).toMatchObject({ error: { code: 'notFound' } });
    });
  });

  describe('another takes over', () => {
    test('when the leader is closed: what was called before is stored, nothing twice', async () => {
      const [one, two] = [await open(), await open()];
      const draft = await one.newDraft();
      const theirs = two.draft(draft.id);
      const calls = ['a', 'b', 'c'].map((text) => theirs.append(text).local);
      const closing = one.close();
      calls.push(theirs.append('d').local);
      valueOf(await closing);
      expect((await Promise.all(calls)).every(({ ok }) => ok)).toBe(true);
      expect(await textsOf(theirs)).toEqual(['a', 'b', 'c', 'd']);
      expect(two.terms).toBe(1);
    });

    // Wherever the leader dies between call and answer, the effect is there once.
    test.each(Array.from({ length: 16 }, (_, i) => i))('when the leader dies %i tasks after a call', async (tasks) => {
      const [one, two] = [await open(), await open()];
      const draft = await one.newDraft();
      const theirs = two.draft(draft.id);
      valueOf(await theirs.append('Before.').local);
      const { op, local } = theirs.append('Once.');
      for (let i = 0; i < tasks; ++i) await new Promise((resolve) => setTimeout(resolve));
      one.kill();
      expect(valueOf(await local)).toMatchObject({ op, draft: draft.id, effect: 'shown' });
      valueOf(await theirs.append('After.').local);
      expect(await textsOf(theirs)).toEqual(['Before.', 'Once.', 'After.']);
      expect(two.status.pending).toBe(4);
    });

    test('three tabs: the next in the queue leads, the third follows it', async () => {
      const [one, two, three] = [await open(), await open(), await open()];
      const draft = await one.newDraft();
      one.kill();
      valueOf(await three.draft(draft.id).append('From the third.').local);
      two.kill();
      valueOf(await three.draft(draft.id).append('Alone.').local);
      expect([two.terms, three.terms]).toEqual([1, 1]);
      expect(await textsOf(three.draft(draft.id))).toEqual(['From the third.', 'Alone.']);
    });

    test('what the browser has promised of the storage is known to the next leader, and to the same one later', async () => {
      const [one, two] = [await open(), await open()];
      for (const tab of [one, two]) tab.link.post({ type: 'persisted', persisted: true });
      await two.until(({ storage }) => storage.persisted);
      one.kill();
      await vi.waitFor(() => expect(two.terms).toBe(1));
      await two.until(({ state, storage }) => state === 'open' && storage.persisted);
      two.link.suspend();
      two.link.post({ type: 'resume' });
      await vi.waitFor(() => expect(two.terms).toBe(2));
      await two.until(({ state, storage }) => state === 'open' && storage.kind === 'opfs' && storage.usage !== null);
      expect(two.status.storage.persisted).toBe(true);
    });

    test('subscribers go on with all of their draft', async () => {
      const [one, two] = [await open(), await open()];
      const draft = await one.newDraft();
      valueOf(await draft.append('Before.').local);
      const seen: DraftChange[] = [];
      two.draft(draft.id).subscribe((change) => void seen.push(change));
      await vi.waitFor(() => expect(seen).toHaveLength(1));
      one.kill();
      await vi.waitFor(() => expect(seen.length).toBeGreaterThan(1));
      expect(seen.at(-1)).toMatchObject({ reset: true, draft: { title: 'A draft' }, pending: [{ text: 'Before.' }] });
      valueOf(await two.draft(draft.id).append('After.').local);
      expect(seen.at(-1)!.pending.map(({ text }) => text)).toEqual(['Before.', 'After.']);
    });

    test('a leader that goes to sleep lets go, and comes back as one of the others', async () => {
      const [one, two] = [await open(), await open()];
      const draft = await one.newDraft();
      one.link.suspend();
      valueOf(await two.draft(draft.id).append('While it sleeps.').local);
      expect(two.terms).toBe(1);
      const asleep = one.draft(draft.id).append('Called in its sleep.');
      one.link.post({ type: 'resume' });
      valueOf(await asleep.local);
      expect(await textsOf(draft)).toEqual(['While it sleeps.', 'Called in its sleep.']);
      expect(one.terms).toBe(1);
    });

    test('a page that comes back from the cache goes on where it was', async () => {
      const one = await open();
      const draft = await one.newDraft();
      const seen: DraftChange[] = [];
      draft.subscribe((change) => void seen.push(change));
      valueOf(await draft.append('Before.').local);
      one.link.suspend();
      one.link.post({ type: 'resume' });
      valueOf(await draft.append('After.').local);
      expect(seen.at(-1)!.pending.map(({ text }) => text)).toEqual(['Before.', 'After.']);
    });

    test('what is called while a page goes away is stored before it has gone', async () => {
      const [one, two] = [await open(), await open()];
      const draft = await one.newDraft();
      draft.append('Last words.');
      one.link.suspend();
      await vi.waitFor(() => expect(two.terms).toBe(1));
      expect(await textsOf(two.draft(draft.id))).toEqual(['Last words.']);
    });

    test('from a leader that was frozen without being told, once it lets go of the files', async () => {
      const [one, two] = [await open(), await open()];
      const draft = await one.newDraft();
      one.freeze();
      const { local } = two.draft(draft.id).append('Nobody answers.');
      await vi.waitFor(() => expect(two.terms).toBe(1), 12_000);
      await two.until(({ state, lastError }) => state === 'failed' && lastError?.code === 'storageUnavailable');
      expect(await two.draft(draft.id).append('Refused.').local).toMatchObject({ error: { code: 'storageUnavailable' } });
      one.thaw(); // and does what it had been asked
      valueOf(await local);
      await two.until(({ state }) => state === 'open');
      valueOf(await two.draft(draft.id).append('Now.').local);
      expect(await textsOf(one.draft(draft.id))).toEqual(['Nobody answers.', 'Now.']);
      expect(one.status).toMatchObject({ state: 'open', pending: 3 });
    });

    test('S13 a follower that sleeps without having said so is told no more, and all when it wakes', async () => {
      const [one, two] = [await open(), await open()];
      const draft = await one.newDraft();
      const seen: DraftChange[] = [];
      two.draft(draft.id).subscribe((change) => void seen.push(change));
      await vi.waitFor(() => expect(seen).toHaveLength(1));
      two.freeze();
      for (let i = 0; i < 150; ++i) valueOf(await draft.append(`${i}`).local);
      two.thaw();
      await vi.waitFor(() => expect(seen.at(-1)!.pending.at(-1)?.text).toBe('149'), 10_000);
      expect(seen.length).toBeLessThan(130);
      expect(two.terms).toBe(0);
    });

    test('a follower that listens for long is not taken for one that sleeps', async () => {
      const [one, two] = [await open(), await open()];
      const draft = await one.newDraft();
      let changes = 0;
      let resets = 0;
      two.draft(draft.id).subscribe(({ reset }) => (++changes, (resets += Number(reset))));
      two.link.post({ type: 'visible', visible: false });
      for (let i = 0; i < 150; ++i) valueOf(await draft.append(`${i}`).local);
      await vi.waitFor(() => expect(changes).toBeGreaterThanOrEqual(150));
      expect(resets).toBe(1);
    });

    test('a tab that closes as soon as it has begun stores what was called', async () => {
      const tab = opening();
      const { draft, local } = tab.link.perform({ op: uuidV7(), draft: uuidV7(), name: 'create', title: 'Brief', platform: '', holdLimitMs: 0 });
      const closed = tab.link.close();
      valueOf(await local);
      valueOf(await closed);
      tab.kill();
      const next = await open();
      expect(valueOf(await next.draft(draft).get()).title).toBe('Brief');
    });

    test('a follower that closes waits for what it has called', async () => {
      const [one, two] = [await open(), await open()];
      const draft = await one.newDraft();
      const { local } = two.draft(draft.id).append('At the last moment.');
      valueOf(await two.close());
      expect(await local).toMatchObject({ ok: true });
      expect(await textsOf(draft)).toEqual(['At the last moment.']);
    });
  });

  describe('who may follow', () => {
    test('a tab of another user is refused, says so, and is let in when it can be', async () => {
      await open();
      const other = opening({ user: 'bob' });
      await other.until(({ state, lastError }) => state === 'failed' && /another user/.test(lastError?.message ?? ''));
      expect(await other.link.read({ name: 'exportWork' })).toMatchObject({ error: { code: 'storageUnavailable' } });
      expect(await other.link.ask((request) => ({ type: 'reopen', request }))).toMatchObject({ error: { code: 'storageUnavailable' } });
    });

    test('a tab of another server is refused, and leads when the first has closed', async () => {
      const one = await open();
      const other = opening({ url: 'wss://elsewhere.test/sync' });
      await other.until(({ state, lastError }) => state === 'failed' && /another server/.test(lastError?.message ?? ''));
      await one.close();
      await other.until(({ state }) => state === 'open');
      await other.newDraft();
    });

    test('a leader whose user is the wrong one gives way', async () => {
      await (await open()).close();
      const wrong = opening({ user: 'bob' });
      await wrong.until(({ state }) => state === 'failed');
      const right = await open();
      await right.newDraft();
      expect(wrong.status.state).toBe('failed');
    });

    test('a leader that cannot open the files gives way', async () => {
      const unable = opening({
        openFiles: async () => {
          throw new FilesError('refused', { code: 'storageUnavailable', message: 'No.' }, 'no');
        },
      });
      await unable.until(({ state }) => state === 'failed');
      const able = await open();
      const draft = await able.newDraft();
      await unable.until(({ state }) => state === 'open');
      valueOf(await unable.draft(draft.id).append('Through the other.').local);
    });

    test('an older tab that leads gives way to a newer one, and then says that it is old', async () => {
      const old = await open({ version: 1 });
      const draft = await old.newDraft();
      const young = await open({ version: 2 });
      expect(young.terms).toBe(1);
      expect(await textsOf(young.draft(draft.id))).toEqual([]);
      await old.until(({ state, lastError }) => state === 'failed' && lastError?.code === 'upgradeRequired');
      expect(await draft.append('Too late.').local).toMatchObject({ error: { code: 'upgradeRequired' } });
      expect(young.status.pending).toBe(1);
    });
  });
});
