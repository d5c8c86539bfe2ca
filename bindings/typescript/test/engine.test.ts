import { afterEach, describe, expect, test, vi } from 'vitest';

import { DraftHandle } from '../src/client/draft-handle.js';
import type { Draft, DraftChange, ListChange, SegmentPage } from '../src/index.js';
import { busyStorage } from '../src/shared/failure.js';
import { uuidV7 } from '../src/shared/ids.js';
import { FilesError } from '../src/worker/files.js';
import { FakeStore } from './support/files.js';
import { Device, isBuilt, noFiles, textsOf, trapping, valueOf } from './support/worker.js';

function firstChange(draft: Draft): Promise<DraftChange> {
  return new Promise((resolve) => {
    const stop = draft.subscribe((change) => {
      stop();
      resolve(change);
    });
  });
}

describe.skipIf(!isBuilt)('the worker', { timeout: 20_000 }, () => {
  describe('writing', () => {
    test('an append is shown, pending, and counted', async () => {
      const device = await Device.open();
      const draft = await device.newDraft('Counting');
      const { local, segment } = draft.append('The first line.');
      expect(await local).toMatchObject({ ok: true, value: { draft: draft.id, effect: 'shown' } });
      const snapshot = valueOf(await draft.get());
      expect(snapshot).toMatchObject({ title: 'Counting', holding: true, segmentCount: 0, pendingSegmentCount: 1, seq: 0 });
      expect(snapshot.members).toEqual([expect.objectContaining({ user: 'ann', role: 'owner' })]);
      expect(valueOf(await draft.segments()).segments).toEqual([
        expect.objectContaining({ id: segment, position: 0, text: 'The first line.', pending: true, acceptedAt: null, author: 'ann' }),
      ]);
      expect(device.status.pending).toBe(2);
      await device.close();
    });

    test('every operation is judged by the rules, and refusals change nothing', async () => {
      const device = await Device.open();
      const draft = await device.newDraft();
      const codes = async (operation: { local: Promise<unknown> }) =>
        ((await operation.local) as { error?: { code: string } }).error?.code ?? 'ok';
      expect(await codes(draft.append(''))).toBe('contentEmpty');
      expect(await codes(draft.append('x'.repeat(16_385)))).toBe('contentTooLong');
      expect(await codes(draft.append('a\0b'))).toBe('invalidText');
      expect(await codes(draft.passRing('bob'))).toBe('invalidRecipient');
      expect(await codes(draft.requestRing())).toBe('alreadyHolder');
      expect(await codes(draft.cancelRequest())).toBe('notAllowed');
      expect(await codes(draft.setTitle('T'.repeat(201)))).toBe('titleInvalid');
      expect(await codes(draft.setTitle('T', { expect: '"9-0"' }))).toBe('staleVersion');
      expect(await codes(draft.unlock())).toBe('notAllowed');
      expect(await codes(draft.redact(uuidV7()))).toBe('notFound');
      expect(await codes(draft.redact('nonsense'))).toBe('idMalformed');
      expect(await codes(draft.setRole('bob', 'viewer'))).toBe('invalidRecipient');
      expect(await codes(draft.removeCollaborator('bob'))).toBe('invalidRecipient');
      expect(await codes(new DraftHandle(device.link, uuidV7()).append('x'))).toBe('notFound');
      expect(device.status.pending).toBe(1);

      expect(await codes(draft.addCollaborator('bob'))).toBe('ok');
      expect(await codes(draft.addCollaborator('cy', 'viewer'))).toBe('ok');
      expect(await codes(draft.setRole('cy', 'editor'))).toBe('ok');
      expect(await codes(draft.lock())).toBe('ok');
      expect(await codes(draft.append('x'))).toBe('draftLocked');
      expect(await codes(draft.unlock())).toBe('ok');
      expect(await codes(draft.append('x'))).toBe('ok');
      expect(await codes(draft.passRing('bob'))).toBe('ok');
      expect(await codes(draft.append('x'))).toBe('notRingHolder');
      expect(await codes(draft.reclaimRing())).toBe('ok');
      expect(await codes(draft.removeCollaborator('bob'))).toBe('ok');
      expect(await codes(draft.delete())).toBe('ok');
      expect(await codes(draft.append('x'))).toBe('draftDeleted');
      expect(await codes(draft.restore())).toBe('ok');
      expect(await codes(draft.complete())).toBe('ok');
      expect(await codes(draft.append('x'))).toBe('draftCompleted');
      expect(valueOf(await draft.get())).toMatchObject({ status: 'completed', ring: { holder: 'ann', epoch: 3 } });
      await device.close();
    });

    test('text comes back as it went in', async () => {
      const device = await Device.open();
      const draft = await device.newDraft('„Quotes“ \\ "slashes"');
      const text = 'Tab\t newline\n quote " backslash \\ \u{1F48D} \u0001 \u2028 ẞ';
      valueOf(await draft.append(text).local);
      expect(await textsOf(draft)).toEqual([text]);
      expect(valueOf(await draft.get()).title).toBe('„Quotes“ \\ "slashes"');
      await device.close();
    });

    test('text comes back as it went in, wherever in it there is what JSON escapes', async () => {
      const device = await Device.open();
      const draft = await device.newDraft();
      const special = ['"', '\\', '\n', '\u0001', '\u001f', ' ', '!', '#', '[', ']', '\u007f', '\u0080', 'ß', '\u{1F48D}', '"\\"\\'];
      const texts = special.flatMap((each) => Array.from({ length: 18 }, (_, at) => `${'a'.repeat(at)}${each}${'z'.repeat(17 - at)}`));
      await Promise.all(texts.map((text) => draft.append(text).local));
      expect(await textsOf(draft)).toEqual(texts);
      await device.close();
    });

    test('appends that wait together share one flush', async () => {
      const device = await Device.open();
      const draft = await device.newDraft();
      const before = device.store.flushes;
      const appended = Array.from({ length: 500 }, (_, i) => draft.append(`Line ${i}.`).local);
      expect((await Promise.all(appended)).every(({ ok }) => ok)).toBe(true);
      expect(device.store.flushes - before).toBe(1);
      expect(await textsOf(draft)).toHaveLength(500);
      await device.close();
    });
  });

  describe('durability', () => {
    test('what was told to be stored survives a power cut', async () => {
      const device = await Device.open();
      const draft = await device.newDraft();
      for (let i = 0; i < 20; ++i) valueOf(await draft.append(`Line ${i}.`).local);
      const again = await Device.open(device.store.afterPowerCut());
      expect(again.status).toMatchObject({ state: 'open', pending: 21, device: device.status.device });
      expect(await textsOf(new DraftHandle(again.link, draft.id))).toHaveLength(20);
      await again.close();
    });

    test('so it does after each single commit', async () => {
      const device = await Device.open();
      const draft = await device.newDraft();
      for (let i = 1; i <= 5; ++i) {
        valueOf(await draft.append(`Line ${i}.`).local);
        const after = await Device.open(device.store.afterPowerCut());
        expect(await textsOf(new DraftHandle(after.link, draft.id))).toHaveLength(i);
        await after.close();
      }
      await device.close();
    });

    test('closing stores what waits, and lets go of the files', async () => {
      const device = await Device.open();
      const draft = await device.newDraft();
      const { local } = draft.append('At the last moment.');
      await device.close();
      expect(await local).toMatchObject({ ok: true });
      expect(device.store.files.every(({ isOpen }) => !isOpen)).toBe(true);
    });

    test('a full disk refuses, loses nothing, and works again when there is room', async () => {
      const device = await Device.open();
      const draft = await device.newDraft();
      valueOf(await draft.append('Before.').local);
      device.store.room = 0;
      const refused = await Promise.all([draft.append('x'.repeat(16_000)).local, draft.append('y'.repeat(16_000)).local]);
      expect(refused).toEqual([0, 1].map(() => ({ ok: false, error: expect.objectContaining({ code: 'storageFull' }) })));
      expect(device.status).toMatchObject({ state: 'open', lastError: { code: 'storageFull' } });
      expect(await textsOf(draft)).toEqual(['Before.']);
      device.store.room = Infinity;
      valueOf(await draft.append('After.').local);
      expect(await textsOf(draft)).toEqual(['Before.', 'After.']);
      expect(device.status.lastError).toBeNull();
      await device.close();
    });

    test('a flush that fails is a failure of the ops that waited for it', async () => {
      const device = await Device.open();
      const draft = await device.newDraft();
      device.store.files[2]!.failure = new Error('the disk is gone');
      expect(await draft.append('Lost?').local).toMatchObject({ ok: false, error: { code: 'storageUnavailable' } });
      expect(await textsOf(draft)).toEqual([]);
      valueOf(await draft.append('Here.').local);
      expect(await textsOf(draft)).toEqual(['Here.']);
      await device.close();
    });

    // What was written is then in the files, whatever became of the flush: saying that nothing has changed would have it done twice.
    test('an op that is there although it could not be committed is told to be stored, once it is', async () => {
      const device = await Device.open();
      const draft = await device.newDraft();
      for (const file of device.store.files) file.failure = new Error('the disk is gone');
      const { local } = draft.append('Here all the same.');
      const dismissed = device.link.dismiss(uuidV7());
      expect(await local).toMatchObject({ ok: true, value: { effect: 'shown' } });
      expect(await dismissed).toMatchObject({ ok: false });
      for (const store of [device, await Device.open(device.store.afterPowerCut())]) {
        expect(await textsOf(new DraftHandle(store.link, draft.id))).toEqual(['Here all the same.']);
      }
      await device.close();
    });

    test('a damaged file is reported and left as it is', async () => {
      const device = await Device.open();
      await device.newDraft();
      await device.close();
      const { store } = device;
      store.files[0]!.write(new TextEncoder().encode('not a database'), { at: 0 });
      const size = store.files[0]!.getSize();
      const again = await Device.open(store);
      expect(again.status).toMatchObject({ state: 'failed', lastError: { code: 'storageUnavailable' } });
      expect(store.files[0]!.getSize()).toBe(size);
      expect(store.files.every(({ isOpen }) => !isOpen)).toBe(true);
    });

    test('a store of another user is refused', async () => {
      const device = await Device.open();
      await device.close();
      const other = await Device.open(device.store.afterPowerCut(), { user: 'bob' });
      expect(other.status).toMatchObject({ state: 'failed', lastError: { code: 'storageUnavailable' } });
    });
  });

  describe('a trap', () => {
    let stop: (() => void) | undefined;
    afterEach(() => stop?.());

    test.each(['onering_perform', 'onering_commit', 'fileWrite', 'fileFlush'])('in %s undoes no more than was being done, and it goes on', async (name) => {
      let isDue = false;
      stop = trapping(name, () => isDue);
      const device = await Device.open();
      const draft = await device.newDraft();
      valueOf(await draft.append('Before.').local);
      const seen: DraftChange[] = [];
      draft.subscribe((change) => seen.push(change));
      await vi.waitFor(() => expect(seen).toHaveLength(1));

      isDue = true;
      const { local } = draft.append('Then.');
      await vi.waitFor(() => expect(device.warnings.join()).toContain('unreachable'));
      isDue = false;
      // What was written before the trap is there; whoever wrote it is told what is so.
      const isThere = name === 'fileFlush';
      expect(await local).toMatchObject(isThere ? { ok: true } : { ok: false, error: { code: 'internal' } });
      expect(device.status).toMatchObject({ state: 'open', lastError: { code: 'internal' } });
      const texts = ['Before.', ...(isThere ? ['Then.'] : [])];
      expect(seen.find(({ reset }, i) => reset && i > 0)?.pending.map(({ text }) => text)).toEqual(texts);
      valueOf(await draft.append('After.').local);
      for (const store of [device, await Device.open(device.store.afterPowerCut())]) {
        expect(await textsOf(new DraftHandle(store.link, draft.id))).toEqual([...texts, 'After.']);
      }
      await device.close();
    });

    test('that comes again with every new instance ends in a store that failed, and opens when it comes no more', async () => {
      let isDue = false;
      stop = trapping('onering_subscribe', () => isDue);
      const device = await Device.open();
      const draft = await device.newDraft();
      isDue = true;
      draft.subscribe(() => undefined);
      await device.until(({ state }) => state === 'failed');
      expect(device.status).toMatchObject({ lastError: { code: 'internal' }, storage: { kind: null } });
      expect(device.store.files.every(({ isOpen }) => !isOpen)).toBe(true);
      const reopen = () => device.link.ask<void>((request) => ({ type: 'reopen', request }));
      expect(await reopen()).toMatchObject({ ok: false, error: { code: 'internal' } });
      expect(device.status).toMatchObject({ state: 'failed', lastError: { code: 'internal' } });
      isDue = false;
      valueOf(await reopen());
      valueOf(await draft.append('After.').local);
      await device.close();
    });

    test('in telling what is kept ends neither the worker nor the store', async () => {
      let left = 0;
      stop = trapping('onering_kept', () => left-- === 1);
      const device = await Device.open();
      const draft = await device.newDraft();
      const copy = valueOf(await device.link.read<Uint8Array<ArrayBuffer>>({ name: 'exportReplica' }));
      left = 1;
      valueOf(await device.link.ask<void>((request) => ({ type: 'importReplica', request, copy, force: true })));
      valueOf(await draft.append('After.').local);
      await device.close();
    });
  });

  describe('opening', () => {
    test('without a file system: memory, and the status says why', async () => {
      const device = await Device.open(undefined, { openFiles: async () => noFiles() });
      expect(device.status).toMatchObject({
        state: 'open',
        storage: { kind: 'memory', fallback: expect.stringContaining('no such file system') },
      });
      const draft = await device.newDraft();
      valueOf(await draft.append('Kept in mind.').local);
      await device.close();
    });

    test('without a file system, where only that will do: failed', async () => {
      const device = await Device.open(undefined, {
        openFiles: async () => noFiles(),
        storage: { name: 'store', kind: 'opfs' },
      });
      expect(device.status).toMatchObject({ state: 'failed', lastError: { code: 'storageUnavailable' } });
    });

    test('a store that another tab has fails, and can be opened when that has closed', async () => {
      let isBusy = true;
      const device: Device = await Device.open(undefined, {
        openFiles: async () => {
          if (isBusy) throw new FilesError('busy', busyStorage, 'locked');
          return device.store;
        },
      });
      expect(device.status).toMatchObject({ state: 'failed', storage: { kind: null }, lastError: { code: 'storageUnavailable' } });
      expect(await new DraftHandle(device.link, uuidV7()).append('x').local).toMatchObject({ error: busyStorage });
      isBusy = false;
      expect(await device.link.ask((request) => ({ type: 'reopen', request }))).toMatchObject({ ok: true });
      await device.newDraft();
      expect(device.status).toMatchObject({ state: 'open', lastError: null });
      await device.close();
    });

    test('a store that another tab has is opened by itself when that has let go', async () => {
      let isBusy = true;
      const device: Device = await Device.open(undefined, {
        openFiles: async () => {
          if (isBusy) throw new FilesError('busy', busyStorage, 'locked');
          return device.store;
        },
      });
      expect(device.status.state).toBe('failed');
      isBusy = false;
      await vi.waitFor(() => expect(device.status).toMatchObject({ state: 'open', lastError: null }), 3_000);
      await device.close();
    });

    test('what is called before it is open is done when it is', async () => {
      let release: () => void = () => undefined;
      const gate = new Promise<void>((resolve) => (release = resolve));
      const opening = Device.open(undefined, { openFiles: async () => (await gate, new FakeStore()) });
      release();
      const device = await opening;
      const draft = await device.newDraft();
      expect(valueOf(await draft.get()).title).toBe('A draft');
      await device.close();
    });

    test('a browser that does not say how much room there is harms nothing', async () => {
      const device = await Device.open(undefined, { estimate: () => Promise.reject(new TypeError('not here')) });
      await new Promise((resolve) => setTimeout(resolve));
      expect(device.status).toMatchObject({ state: 'open', storage: { usage: null, quota: null } });
      await device.close();
    });

    test('tells how much room there is', async () => {
      const device = await Device.open();
      const status = await device.until(({ storage }) => storage.usage !== null);
      expect(status.storage).toEqual({ kind: 'opfs', fallback: null, persisted: false, usage: 1_000, quota: 2_000 });
      await device.close();
    });
  });

  describe('what is told', () => {
    test('a subscriber gets all once, then only what is new', async () => {
      const device = await Device.open();
      const draft = await device.newDraft();
      for (let i = 0; i < 50; ++i) draft.append(`Line ${i}.`);
      const changes: DraftChange[] = [];
      draft.subscribe((change) => void changes.push(change));
      valueOf(await draft.append('One more.').local);
      expect(changes[0]).toMatchObject({ reset: true, draft: { title: 'A draft' } });
      expect(changes.at(-1)!.reset).toBe(false);
      expect(changes.at(-1)!.pending).toHaveLength(51);
      expect(changes.at(-1)!.draft!.members).toBe(changes[0]!.draft!.members);
      const crossed = device.messages.flatMap((message) => (message.type === 'news' ? (message.feeds ?? []) : [])).at(-1);
      expect(crossed).toMatchObject({ pending: { drop: 0, add: [{ text: 'One more.' }] } });
      expect(crossed).not.toHaveProperty('draft.members');
      await device.close();
    });

    test('of many pending segments the newest 1,000 are told, in their places', async () => {
      const device = await Device.open();
      const draft = await device.newDraft();
      const changes: DraftChange[] = [];
      draft.subscribe((change) => void changes.push(change));
      const lines = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => `line ${from + i}`);
      const append = async (from: number, to: number) => void (await Promise.all(lines(from, to).map((line) => draft.append(line).local)));
      const check = ({ draft, pending }: DraftChange) => {
        const count = draft!.pendingSegmentCount;
        const first = Math.max(0, count - 1_000);
        expect(pending.map(({ text }) => text)).toEqual(lines(first, count));
        expect(pending.map(({ position }) => position)).toEqual(pending.map((_, i) => first + i));
      };
      await append(0, 1);
      await append(1, 700);
      await append(700, 1_100);
      await append(1_100, 1_101);
      await append(1_101, 3_500);
      changes.forEach(check);
      expect(changes.at(-1)!.draft!.pendingSegmentCount).toBe(3_500);
      check(await firstChange(draft));
      expect(valueOf(await draft.segments({ from: 2_000, to: 2_002 })).segments.map(({ text }) => text)).toEqual(lines(2_000, 2_002));
      await device.close();
    });

    test('subscribers know before the one who wrote does', async () => {
      const device = await Device.open();
      const draft = await device.newDraft();
      let seen = 0;
      draft.subscribe(({ pending }) => void (seen = pending.length));
      valueOf(await draft.append('Seen.').local);
      expect(seen).toBe(1);
      await device.close();
    });

    test('a redaction that waits takes the text away at once', async () => {
      const device = await Device.open();
      const draft = await device.newDraft();
      const { segment, local } = draft.append('Secret.');
      await local;
      let last: DraftChange | undefined;
      draft.subscribe((change) => void (last = change));
      valueOf(await draft.redact(segment).local);
      expect(last).toMatchObject({ redacted: [segment], pending: [{ text: '', redacted: true }] });
      expect(valueOf(await draft.segments()).segments).toEqual([expect.objectContaining({ text: '', redacted: true })]);
      await device.close();
    });

    test('a draft that this device does not have', async () => {
      const device = await Device.open();
      const draft = new DraftHandle(device.link, uuidV7());
      expect(await draft.get()).toMatchObject({ ok: false, error: { code: 'notFound' } });
      expect(await draft.segments()).toMatchObject({ ok: false, error: { code: 'notFound' } });
      expect(await draft.history()).toMatchObject({ ok: false, error: { code: 'notFound' } });
      expect(await draft.whenHolding()).toMatchObject({ ok: false, error: { code: 'notFound' } });
      expect(await firstChange(draft)).toMatchObject({ draft: null, reset: true });
      await device.close();
    });

    test('a page that was read ahead of being asked for is not given once something has changed', async () => {
      const device = await Device.open();
      const draft = await device.newDraft();
      const appended = Array.from({ length: 2_500 }, (_, i) => draft.append(`line ${i}`));
      await Promise.all(appended.map(({ local }) => local));
      let read = valueOf(await draft.segments());
      read = valueOf(await draft.segments({ from: read.next! }));
      await new Promise((resolve) => setTimeout(resolve, 20)); // the third is read
      await draft.redact(appended[2_100]!.segment).local;
      await draft.append('and one more').local;
      read = valueOf(await draft.segments({ from: read.next! }));
      expect(read.segments.length).toBe(501);
      expect(read.segments[100]).toMatchObject({ text: '', redacted: true });
      await device.close();
    });

    test('segments come in pages that a message can carry', async () => {
      const device = await Device.open();
      const draft = await device.newDraft();
      for (let i = 0; i < 60; ++i) draft.append(`${i} ${'x'.repeat(16_000)}`);
      const read: string[] = [];
      let pages = 0;
      for (let from: number | null = 0; from !== null; ++pages) {
        const page: SegmentPage = valueOf(await draft.segments({ from }));
        read.push(...page.segments.map(({ text }) => text.split(' ')[0]!));
        from = page.next;
      }
      expect(read).toEqual(Array.from({ length: 60 }, (_, i) => String(i)));
      expect(pages).toBeGreaterThan(1);
      expect(valueOf(await draft.segments({ from: 10, to: 13 }))).toMatchObject({ segments: [{}, {}, {}], next: null });
      expect(valueOf(await draft.segments({ from: 100 }))).toEqual({ segments: [], next: null });
      await device.close();
    });

    test('the list shows what is new, and hides what is deleted', async () => {
      const device = await Device.open();
      const changes: ListChange[] = [];
      device.link.subscribeList(10, (change) => void changes.push(change));
      const one = await device.newDraft('One');
      const two = await device.newDraft('Two');
      await vi.waitFor(() => expect(changes.at(-1)!.drafts.map(({ title }) => title)).toEqual(['Two', 'One']));
      await one.setTitle('First').local;
      await vi.waitFor(() => expect(changes.at(-1)).toMatchObject({ changed: [one.id], removed: [] }));
      await two.delete().local;
      await vi.waitFor(() => expect(changes.at(-1)).toMatchObject({ drafts: [{ title: 'First' }], removed: [two.id] }));
      await device.close();
    });

    test('work can be taken out, whatever the link is', async () => {
      const device = await Device.open();
      const draft = await device.newDraft('Mine');
      valueOf(await draft.append('All of it.').local);
      const work = valueOf(await device.link.read({ name: 'exportWork' }));
      expect(work).toMatchObject({
        format: 'onering-work',
        version: 1,
        user: 'ann',
        pending: [
          { kind: 'createDraft', title: 'Mine' },
          { kind: 'appendSegment', text: 'All of it.', draftTitle: 'Mine' },
        ],
        kept: [],
      });
      await device.close();
    });

    test('a copy for which there is no room to begin with is refused', async () => {
      const device = await Device.open();
      const draft = await device.newDraft();
      const copy = valueOf(await device.link.read<Uint8Array<ArrayBuffer>>({ name: 'exportReplica' }));
      valueOf(await draft.append('x'.repeat(16_000)).local);
      device.store.room = 0;
      const refused = await device.link.ask<void>((request) => ({ type: 'importReplica', request, copy, force: true }));
      expect(refused).toMatchObject({ ok: false, error: { code: 'storageFull' } });
      device.store.room = Infinity;
      valueOf(await draft.append('After.').local);
      await device.close();
    });

    test('what a copy takes the place of is told to whoever waits for its receipt', async () => {
      const device = await Device.open();
      const draft = await device.newDraft();
      const copy = valueOf(await device.link.read<Uint8Array<ArrayBuffer>>({ name: 'exportReplica' }));
      const { local, server } = draft.append('Of after the copy.');
      valueOf(await local);
      valueOf(await device.link.ask<void>((request) => ({ type: 'importReplica', request, copy, force: true })));
      expect(await server).toMatchObject({ ok: false, error: { code: 'notFound' } });
      expect(await textsOf(draft)).toEqual([]);
      await device.close();
    });

    test('kept work that is not there cannot be dealt with', async () => {
      const device = await Device.open();
      expect(await device.link.dismiss(uuidV7())).toMatchObject({ error: { code: 'notFound' } });
      const { local, server } = device.link.perform({ name: 'resubmit', op: uuidV7(), draft: uuidV7(), kept: uuidV7() });
      expect(await local).toMatchObject({ error: { code: 'notFound' } });
      expect(await server).toMatchObject({ error: { code: 'notFound' } });
      await device.close();
    });
  });

  describe('the link', () => {
    test('says hello with the token, and shows that it is connecting', async () => {
      const device = await Device.open(undefined, { startOffline: false });
      await vi.waitFor(() => expect(device.sockets).toHaveLength(1));
      expect(device.status.link).toBe('connecting');
      device.sockets[0]!.opens();
      await vi.waitFor(() => expect(device.sockets[0]!.sent).toHaveLength(1));
      expect(new TextDecoder('latin1').decode(device.sockets[0]!.sent[0])).toContain('token');
      await device.close();
      expect(device.sockets[0]!.isClosed).toBe(true);
    });

    test('a server that talks nonsense is left, told of, and tried again', async () => {
      const device = await Device.open(undefined, { startOffline: false });
      await vi.waitFor(() => expect(device.sockets).toHaveLength(1));
      device.sockets[0]!.opens();
      device.sockets[0]!.brings(new Uint8Array([1, 2, 3]).buffer);
      await device.until(({ lastError }) => lastError?.code === 'protocolError');
      expect(device.sockets[0]!.isClosed).toBe(true);
      await vi.waitFor(() => expect(device.sockets.length).toBeGreaterThan(1), 2_000);
      await device.close();
    });

    test('offline is a choice that lasts', async () => {
      const device = await Device.open();
      device.link.post({ type: 'goOnline' });
      await vi.waitFor(() => expect(device.sockets).toHaveLength(1));
      device.link.post({ type: 'goOffline' });
      await device.until(({ link }) => link === 'offline');
      expect(device.status.retryAt).toBeNull();
      await device.newDraft();
      expect(device.sockets).toHaveLength(1);
      await device.close();
    });
  });
});
