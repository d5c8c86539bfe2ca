import { expect, test } from 'vitest';

import { Backoff } from '../src/worker/backoff.js';

test('waits anywhere up to a bound that doubles', () => {
  const longest = new Backoff({ baseMs: 100, maxMs: 1_000, random: () => 1 });
  expect([1, 2, 3, 4, 5, 6].map(() => longest.next())).toEqual([100, 200, 400, 800, 1_000, 1_000]);
  const shortest = new Backoff({ baseMs: 100, random: () => 0 });
  expect([1, 2, 3].map(() => shortest.next())).toEqual([0, 0, 0]);
});

test('waits as long as it was told to, and its own part on top', () => {
  const backoff = new Backoff({ baseMs: 100, random: () => 0.5 });
  expect(backoff.next(2_000)).toBe(2_050);
});

test('begins again after success', () => {
  const backoff = new Backoff({ baseMs: 100, random: () => 1 });
  backoff.next();
  backoff.next();
  backoff.reset();
  expect(backoff.next()).toBe(100);
});

test('never overflows, however long the server is gone', () => {
  const backoff = new Backoff({ random: () => 1 });
  for (let i = 0; i < 5_000; ++i) backoff.next();
  expect(backoff.next()).toBe(30_000);
});
