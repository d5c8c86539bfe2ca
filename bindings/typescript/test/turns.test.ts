import { describe, expect, test, vi } from 'vitest';

import { TurnWatch } from '../src/client/turns.js';
import type { DraftSummary } from '../src/index.js';
import { Device, isBuilt, valueOf } from './support/worker.js';

const summary = (changes: Partial<DraftSummary> = {}): DraftSummary => ({
  id: 'd',
  title: 'T',
  platform: null,
  status: 'active',
  owner: 'ann',
  holder: 'ann',
  epoch: 1,
  since: 10,
  segmentCount: 0,
  createdAt: 0,
  updatedAt: 0,
  seq: 1,
  pending: 0,
  ...changes,
});

function watch(user = 'ann') {
  const turns = new TurnWatch(() => user);
  return (...drafts: DraftSummary[]) =>
    turns.apply({ drafts, changed: drafts.map(({ id }) => id), removed: [] }).map(({ draft, turn }) => `${draft} ${turn}`);
}

describe('turns', () => {
  test('what was so before is no news', () => {
    expect(watch()(summary(), summary({ id: 'e', holder: 'bob', epoch: 2 }))).toEqual([]);
  });

  test('a ring that comes, goes, and moves among others', () => {
    const told = watch();
    told(summary());
    expect(told(summary({ holder: 'bob', epoch: 2 }))).toEqual(['d passed']);
    expect(told(summary({ holder: 'cy', epoch: 3 }))).toEqual(['d others']);
    expect(told(summary({ holder: 'ann', epoch: 4 }))).toEqual(['d yours']);
    expect(told(summary({ holder: 'ann', epoch: 4, segmentCount: 1 }))).toEqual([]);
  });

  test('a ring that was away and is back meanwhile', () => {
    const told = watch();
    told(summary());
    expect(told(summary({ epoch: 3 }))).toEqual(['d yours']);
  });

  test('a draft that is new here is news where it is this user’s turn', () => {
    const told = watch();
    told();
    expect(told(summary({ holder: 'bob' }), summary({ id: 'e', holder: 'ann', epoch: 2 }), summary({ id: 'own' }))).toEqual(['e yours']);
  });
});

describe.skipIf(!isBuilt)('requesting the ring', () => {
  test('who holds it has their turn at once', async () => {
    const device = await Device.open();
    const draft = await device.newDraft();
    const request = draft.requestRing();
    expect(await request.local).toMatchObject({ error: { code: 'alreadyHolder' } });
    expect(valueOf(await request.turn)).toMatchObject({ holding: true, reclaimableAt: null });
    await device.close();
  });

  test('the turn comes when the ring does; giving up leaves the queue', async () => {
    const device = await Device.open();
    const draft = await device.newDraft();
    draft.addCollaborator('bob');
    valueOf(await draft.passRing('bob').local);
    const controller = new AbortController();
    const request = draft.requestRing({ signal: controller.signal });
    valueOf(await request.local);
    expect(valueOf(await draft.get())).toMatchObject({ holding: false, ring: { requests: [{ user: 'ann' }] } });
    const turn = request.turn;
    controller.abort(new Error('enough'));
    await expect(turn).rejects.toThrow('enough');
    await vi.waitFor(async () => expect(valueOf(await draft.get()).ring.requests).toEqual([]));
    await device.close();
  });

  async function waitingFor() {
    const device = await Device.open();
    const draft = await device.newDraft();
    draft.addCollaborator('bob');
    valueOf(await draft.passRing('bob').local);
    const queue = async () => valueOf(await draft.get()).ring.requests.map(({ user }) => user);
    return { device, draft, queue };
  }

  test('who has given up before they asked is not in the queue', async () => {
    const { device, draft, queue } = await waitingFor();
    const request = draft.requestRing({ signal: AbortSignal.abort(new Error('too late')) });
    await expect(request.turn).rejects.toThrow('too late');
    expect(await queue()).toEqual([]);
    await device.close();
  });

  test('who has had their turn leaves no queue that they join later', async () => {
    const { device, draft, queue } = await waitingFor();
    const controller = new AbortController();
    const request = draft.requestRing(controller);
    valueOf(await draft.reclaimRing().local);
    valueOf(await request.turn);
    valueOf(await draft.passRing('bob').local);
    valueOf(await draft.requestRing().local);
    controller.abort();
    valueOf(await draft.setTitle('Later').local);
    expect(await queue()).toEqual(['ann']);
    await device.close();
  });
});
