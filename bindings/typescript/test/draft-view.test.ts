import { expect, test } from 'vitest';

import { DraftView } from '../src/client/draft-view.js';
import type { DraftSnapshot, Segment } from '../src/index.js';

const members = [{ user: 'ann', role: 'owner', joinedAt: 0 }] as const;

const snapshot = (changes: Partial<DraftSnapshot> = {}): DraftSnapshot => ({
  id: 'd',
  title: 'T',
  platform: null,
  status: 'active',
  owner: 'ann',
  role: 'owner',
  ring: { holder: 'ann', epoch: 1, since: 0, requests: [] },
  holding: true,
  holdLimitMs: null,
  reclaimableAt: null,
  members,
  invites: [],
  createdAt: 0,
  updatedAt: 0,
  deletedAt: null,
  segmentCount: 0,
  pendingSegmentCount: 0,
  seq: 1,
  link: '00',
  etag: '"1-0"',
  sync: { pending: 0, waiting: [], current: true },
  ...changes,
});

const pending = (id: string, position: number): Segment => ({
  id,
  position,
  author: 'ann',
  authorDisplay: 'Ann',
  epoch: 1,
  seq: 0,
  authoredAt: 0,
  acceptedAt: null,
  text: `text of ${id}`,
  redacted: false,
  pending: true,
});

const withoutMembers = (draft: DraftSnapshot) => {
  const { members: _, ...rest } = draft;
  return rest;
};

function viewWith(...segments: Segment[]): DraftView {
  const view = new DraftView();
  view.apply({ subscription: 1, draft: snapshot({ pendingSegmentCount: segments.length }), reset: true, pending: { drop: 0, add: segments } });
  return view;
}

test('keeps the members that were not told again', () => {
  const view = viewWith();
  const change = view.apply({ subscription: 1, draft: withoutMembers(snapshot({ title: 'U' })), reset: false });
  expect(change.draft!.title).toBe('U');
  expect(change.draft!.members).toBe(members);
});

test('drops what was confirmed from the front, adds what is new at the end', () => {
  const view = viewWith(pending('a', 0), pending('b', 1));
  const change = view.apply({
    subscription: 1,
    draft: snapshot({ segmentCount: 1, pendingSegmentCount: 2 }),
    reset: false,
    pending: { drop: 1, add: [pending('c', 2)] },
  });
  expect(change.pending.map(({ id, position }) => [id, position])).toEqual([['b', 1], ['c', 2]]);
});

test('hands out the same array while nothing is new', () => {
  const view = viewWith(pending('a', 0));
  const one = view.apply({ subscription: 1, draft: snapshot({ pendingSegmentCount: 1 }), reset: false });
  const other = view.apply({ subscription: 1, draft: snapshot({ title: 'U', pendingSegmentCount: 1 }), reset: false });
  expect(other.pending).toBe(one.pending);
});

test('moves pending segments behind what others wrote meanwhile', () => {
  const view = viewWith(pending('a', 0));
  const change = view.apply({ subscription: 1, draft: snapshot({ segmentCount: 5, pendingSegmentCount: 1 }), reset: false });
  expect(change.pending[0]!.position).toBe(5);
});

test('takes the text out of a pending segment that is redacted', () => {
  const view = viewWith(pending('a', 0), pending('b', 1));
  const change = view.apply({ subscription: 1, draft: snapshot({ pendingSegmentCount: 2 }), reset: false, redacted: ['a'] });
  expect(change.pending.map(({ text, redacted }) => [text, redacted])).toEqual([['', true], ['text of b', false]]);
});

test('forgets everything with a reset', () => {
  const view = viewWith(pending('a', 0));
  const change = view.apply({ subscription: 1, draft: snapshot({ pendingSegmentCount: 1 }), reset: true, pending: { drop: 0, add: [pending('z', 0)] } });
  expect(change.pending.map(({ id }) => id)).toEqual(['z']);
});

test('tells of a draft that is gone', () => {
  const view = viewWith(pending('a', 0));
  expect(view.apply({ subscription: 1, draft: null, reset: true })).toEqual({
    draft: null,
    reset: true,
    appended: [],
    redacted: [],
    pending: [],
  });
});

test.each([
  ['its holder never', { holding: true, role: 'owner' }, null],
  ['the owner at any time', { holding: false, role: 'owner' }, 1_000],
  ['an editor after the hold limit', { holding: false, role: 'editor', holdLimitMs: 500 }, 1_500],
  ['an editor never, where there is no limit', { holding: false, role: 'editor' }, null],
  ['a viewer never', { holding: false, role: 'viewer', holdLimitMs: 500 }, null],
  ['nobody, once the draft is completed', { holding: false, role: 'owner', status: 'completed' }, null],
] as const)('O5 the ring may be reclaimed: %s', (_, changes, at) => {
  const ring = { holder: 'bob', epoch: 2, since: 1_000, requests: [] };
  const { draft } = new DraftView().apply({ subscription: 1, draft: snapshot({ ring, ...changes }), reset: true });
  expect(draft!.reclaimableAt).toBe(at);
});
