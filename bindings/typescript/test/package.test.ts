import { readFileSync } from 'node:fs';
import { expect, expectTypeOf, test } from 'vitest';

import { createClient, errorCodes } from '../src/index.js';
import type { Client, ClientOptions, Draft, ErrorCode, Failure, Operation, Result } from '../src/index.js';

test('the error codes are those of the core, in its order', () => {
  const header = readFileSync(new URL('../../../sdk/domain/include/onering/domain/error.h', import.meta.url), 'utf8');
  const body = /enum class ErrorCode[^{]*\{([^}]*)\}/.exec(header)![1]!;
  expect([...errorCodes]).toEqual(body.split(',').map((name) => name.trim()).filter(Boolean));
});

test('importing it touches nothing of the browser’s', () => {
  expect(typeof globalThis.Worker).toBe('undefined'); // there is none here, and the import above worked
  expect(createClient).toBeTypeOf('function');
});

test.each([
  ['no auth', { url: 'wss://example.test' }],
  ['a name that is a path', { url: 'wss://example.test', auth: () => '', storage: { name: '../x' } }],
  ['an empty name', { url: 'wss://example.test', auth: () => '', storage: { name: '' } }],
])('%s is a TypeError at once', (_, options) => {
  expect(() => createClient(options as unknown as ClientOptions)).toThrow(TypeError);
});

test('outcomes narrow by `ok`', () => {
  const read = (result: Result<number>): number | Failure => (result.ok ? result.value : result.error);
  expect(read({ ok: true, value: 1 })).toBe(1);
  expectTypeOf<Operation['local']>().resolves.toExtend<{ ok: boolean }>();
  expectTypeOf<ReturnType<Draft['append']>>().toExtend<Operation>();
  expectTypeOf<ErrorCode>().toExtend<string>();
  expectTypeOf<Client>().toHaveProperty('close');
});
