// @vitest-environment happy-dom
import { act, createElement, StrictMode } from 'react';
import { createRoot, type Root } from 'react-dom/client';
import { renderToString } from 'react-dom/server';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import { DraftHandle } from '../src/client/draft-handle.js';
import { Link } from '../src/client/link.js';
import type { Client, ListChange, Segment } from '../src/index.js';
import { useDraft, useDrafts, useStatus, type DraftInUse } from '../src/react.js';
import { initialStatus } from '../src/shared/status.js';
import type { News, ToWorker } from '../src/shared/protocol.js';

(globalThis as { IS_REACT_ACT_ENVIRONMENT?: boolean }).IS_REACT_ACT_ENVIRONMENT = true;

const id = '01900000-0000-7000-8000-000000000001';
const draft = { id, title: 'T', role: 'viewer', ring: { since: 0 }, members: [], segmentCount: 0, pendingSegmentCount: 0 } as unknown as NonNullable<
  Extract<NonNullable<News['feeds']>[number], { reset: boolean }>['draft']
>;
const segment = (position: number): Segment => ({ id: `s${position}`, position, text: `${position}.`, redacted: false }) as Segment;

let posted: ToWorker[];
let link: Link;
let client: Client;
let root: Root;
let place: HTMLElement;

beforeEach(() => {
  posted = [];
  link = new Link({ postMessage: (message) => void posted.push(message) }, async () => '');
  client = {
    status: link.status,
    draft: (of: string) => new DraftHandle(link, of),
    subscribeList: (listener: (change: ListChange) => void, { limit = 50 } = {}) => link.subscribeList(limit, listener),
  } as unknown as Client;
  place = document.createElement('div');
  root = createRoot(place);
});

afterEach(() => act(() => root.unmount()));

const render = (component: () => string) => act(() => root.render(createElement(StrictMode, null, createElement(component))));
const news = (what: Omit<News, 'type'>) => act(() => link.handle({ type: 'news', ...what }));
const subscription = () => posted.flatMap((message) => (message.type === 'subscribe' ? [message.subscription] : [])).at(-1)!;

test('the status is rendered anew with every change', () => {
  render(() => useStatus(client).link);
  expect(place.textContent).toBe('offline');
  news({ status: { ...initialStatus, link: 'live' } });
  expect(place.textContent).toBe('live');
});

test('the list is undefined until it is read', () => {
  render(() => useDrafts(client)?.map(({ title }) => title).join() ?? 'reading');
  expect(place.textContent).toBe('reading');
  news({ list: [{ id, title: 'One' }] as unknown as NonNullable<News['list']> });
  expect(place.textContent).toBe('One');
});

test('a draft grows by what is appended, and keeps what has not changed', () => {
  let seen: DraftInUse | undefined;
  render(() => {
    seen = useDraft(client, id, { tail: 2 });
    return seen.segments.map(({ text }) => text).join(' ');
  });
  expect(seen!.draft).toBeUndefined();
  news({ feeds: [{ subscription: subscription(), draft: { ...draft, segmentCount: 4 }, reset: true, appended: [segment(2), segment(3)] }] });
  expect(place.textContent).toBe('2. 3.');
  expect(seen!.hasEarlier).toBe(true);
  const { handle, segments } = seen!;
  news({ feeds: [{ subscription: subscription(), draft: { ...draft, segmentCount: 5 }, reset: false, appended: [segment(4)] }] });
  expect(place.textContent).toBe('2. 3. 4.');
  expect(seen!.segments[0]).toBe(segments[0]);
  expect(seen!.handle).toBe(handle);
  news({ feeds: [{ subscription: subscription(), draft: null, reset: true }] });
  expect(seen).toMatchObject({ draft: null, segments: [], hasEarlier: false });
});

test('earlier segments are put before those that are here; a gap is not papered over', async () => {
  let seen: DraftInUse | undefined;
  render(() => String((seen = useDraft(client, id)).segments.map(({ position }) => position)));
  const of = subscription();
  news({ feeds: [{ subscription: of, draft: { ...draft, segmentCount: 4 }, reset: true, appended: [segment(2), segment(3)] }] });
  await act(async () => {
    const loading = seen!.loadEarlier(2);
    const read = posted.at(-1)!;
    expect(read).toMatchObject({ what: { name: 'segments', from: 0, to: 2 } });
    if (read.type === 'read') {
      link.handle({ type: 'answer', request: read.request, result: { ok: true, value: { segments: [segment(0), segment(1)], next: null } } });
    }
    await loading;
  });
  expect(place.textContent).toBe('0,1,2,3');
  expect(seen!.hasEarlier).toBe(false);
  news({ feeds: [{ subscription: of, draft: { ...draft, segmentCount: 9 }, reset: false, appended: [segment(8)] }] });
  expect(place.textContent).toBe('8');
  expect(seen!.hasEarlier).toBe(true);
});

test('earlier segments that one page cannot carry come all the same', async () => {
  let loadEarlier: DraftInUse['loadEarlier'];
  render(() => {
    const used = useDraft(client, id, { tail: 1 });
    loadEarlier = used.loadEarlier;
    return used.segments.map(({ position }) => position).join();
  });
  news({ feeds: [{ subscription: subscription(), draft: { ...draft, segmentCount: 5 }, reset: true, appended: [segment(4)] }] });
  await act(async () => {
    const loading = loadEarlier(4);
    for (const [positions, next] of [[[0, 1], 2], [[2, 3], null]] as const) {
      await vi.waitFor(() => expect(posted.at(-1)).toMatchObject({ type: 'read', what: { from: positions[0], to: 4 } }));
      const asked = posted.at(-1)!;
      link.handle({ type: 'answer', request: asked.type === 'read' ? asked.request : 0, result: { ok: true, value: { segments: positions.map(segment), next } } });
    }
    await loading;
  });
  expect(place.textContent).toBe('0,1,2,3,4');
});

test('a component that is gone listens no more', () => {
  render(() => String(useDraft(client, id).draft?.title));
  act(() => root.render(null));
  expect(posted.at(-1)).toMatchObject({ type: 'unsubscribe' });
});

test('on a server it renders what is known before anything is read', () => {
  const touched = vi.fn();
  const untouchable = { ...client, subscribeList: touched } as Client;
  const Page = () => {
    const [status, drafts, { draft, segments }] = [useStatus(untouchable), useDrafts(untouchable), useDraft(untouchable, id)];
    return `${status.state} ${drafts} ${draft} ${segments.length}`;
  };
  expect(renderToString(createElement(Page))).toBe('opening undefined undefined 0');
  expect(touched).not.toHaveBeenCalled();
  expect(posted).toEqual([]);
});
