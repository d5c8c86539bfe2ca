import { expect, test } from 'vitest';

import { expiryOf } from '../src/worker/token.js';

const jwt = (claims: unknown) => `e30.${btoa(JSON.stringify(claims))}.c2ln`;

test('reads when a JWT expires', () => {
  expect(expiryOf(jwt({ exp: 1_700_000_000 }))).toBe(1_700_000_000_000);
});

test.each(['alice', '', 'a.b.c', 'a.%%%.c', jwt(null), jwt({}), jwt({ exp: 'soon' }), jwt([1])])(
  'says nothing about %j',
  (token) => expect(expiryOf(token)).toBeNull(),
);
