import { expect, test } from 'vitest';

import { decodeInvite, encodeInvite, newToken } from '../src/client/invites.js';
import { uuidV7 } from '../src/shared/ids.js';

test('a code says which draft, which invite and which token', () => {
  for (let i = 0; i < 100; ++i) {
    const invite = { draft: uuidV7(), invite: uuidV7(), token: newToken() };
    const code = encodeInvite(invite);
    expect(code).toMatch(/^[\w-]{64}$/);
    expect(decodeInvite(code)).toEqual(invite);
  }
});

test('its form is base64url of 48 bytes', () => {
  const code = encodeInvite({
    draft: '00112233-4455-6677-8899-aabbccddeeff',
    invite: 'ffeeddcc-bbaa-9988-7766-554433221100',
    token: 'fbff00000000000000000000000000fe',
  });
  expect(code).toBe('ABEiM0RVZneImaq7zN3u___u3cy7qpmId2ZVRDMiEQD7_wAAAAAAAAAAAAAAAAD-');
});

test('a token has 128 bits and is another one each time', () => {
  const tokens = new Set(Array.from({ length: 1_000 }, newToken));
  expect(tokens.size).toBe(1_000);
  for (const token of tokens) expect(token).toMatch(/^[0-9a-f]{32}$/);
});

test.each(['', 'abc', 'A'.repeat(63), 'A'.repeat(65), `${'A'.repeat(63)}=`, `${'A'.repeat(32)} ${'A'.repeat(31)}`])('%j is no code', (text) => {
  expect(decodeInvite(text)).toBeNull();
});
