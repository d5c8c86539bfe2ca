import { expect, test } from 'vitest';

import { ListView } from '../src/client/list-view.js';
import type { DraftSummary } from '../src/index.js';

const draft = (id: string, changes: Partial<DraftSummary> = {}): DraftSummary => ({
  id,
  title: `Draft ${id}`,
  platform: null,
  status: 'active',
  owner: 'ann',
  holder: 'ann',
  epoch: 1,
  since: 0,
  segmentCount: 0,
  createdAt: 0,
  updatedAt: 0,
  seq: 1,
  pending: 0,
  ...changes,
});

test('tells everything first, an empty list included', () => {
  expect(new ListView().apply([], 10)).toEqual({ drafts: [], changed: [], removed: [] });
  expect(new ListView().apply([draft('a')], 10)).toMatchObject({ changed: ['a'], removed: [] });
});

test('says nothing when nothing has changed', () => {
  const view = new ListView();
  view.apply([draft('a'), draft('b')], 10);
  expect(view.apply([draft('a'), draft('b')], 10)).toBeNull();
});

test('keeps what has not changed the same object', () => {
  const view = new ListView();
  const before = view.apply([draft('a'), draft('b')], 10)!;
  const after = view.apply([draft('a', { segmentCount: 1 }), draft('b')], 10)!;
  expect(after.changed).toEqual(['a']);
  expect(after.drafts[1]).toBe(before.drafts[1]);
});

test('tells of another order, and of what is gone', () => {
  const view = new ListView();
  view.apply([draft('a'), draft('b')], 10);
  expect(view.apply([draft('b'), draft('a')], 10)).toMatchObject({ changed: [], removed: [] });
  expect(view.apply([draft('a')], 10)).toMatchObject({ changed: [], removed: ['b'] });
});

test('shows each subscriber as much as it asked for', () => {
  const view = new ListView();
  expect(view.apply([draft('a'), draft('b'), draft('c')], 2)!.drafts.map(({ id }) => id)).toEqual(['a', 'b']);
  expect(view.apply([draft('c'), draft('a'), draft('b')], 2)).toMatchObject({ changed: ['c'], removed: ['b'] });
});
