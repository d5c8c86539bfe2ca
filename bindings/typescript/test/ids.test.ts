import { expect, test } from 'vitest';

import { isUuid, uuidV7 } from '../src/shared/ids.js';

test('is a UUIDv7 of its time', () => {
  const id = uuidV7(0x0123_4567_89ab);
  expect(id).toMatch(/^01234567-89ab-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  expect(isUuid(id)).toBe(true);
});

test('is greater than the one before, whatever the clock does', () => {
  const ids = Array.from({ length: 10_000 }, (_, i) => uuidV7(i % 2));
  expect(ids).toEqual([...new Set(ids)].sort());
});

test.each(['', 'x', '01234567-89ab-7000-8000-00000000000', '{01234567-89ab-7000-8000-000000000000}', 7, null])(
  'does not take %j for a UUID',
  (text) => expect(isUuid(text)).toBe(false),
);
