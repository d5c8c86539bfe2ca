import { expect, test } from 'vitest';

import type { KeptOp } from '../src/index.js';
import { allKept, keptAfter } from '../src/shared/kept.js';

const kept = (op: string) => ({ op }) as KeptOp;
const ids = (ops: readonly KeptOp[]) => ops.map(({ op }) => op);

test('what came is added in order, what has left is gone, also where it came in the same change', () => {
  const before = keptAfter([], { reset: false, added: [kept('a'), kept('b'), kept('c')], left: [] });
  expect(ids(before)).toEqual(['a', 'b', 'c']);
  expect(ids(keptAfter(before, { reset: false, added: [kept('d'), kept('e')], left: ['b', 'd'] }))).toEqual(['a', 'c', 'e']);
});

test('a reset forgets what was there', () => {
  expect(ids(keptAfter([kept('a')], allKept([kept('b')])))).toEqual(['b']);
});
