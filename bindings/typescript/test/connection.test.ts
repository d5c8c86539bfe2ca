import { beforeEach, describe, expect, test } from 'vitest';

import type { AuthReason, Failure } from '../src/index.js';
import { Connection } from '../src/worker/connection.js';
import { Clock } from './support/clock.js';
import { FakeSocket } from './support/socket.js';

const jwt = (expiresAtMs: number) => `e30.${btoa(JSON.stringify({ exp: expiresAtMs / 1_000 }))}.c2ln`;
const expired: Failure = { code: 'tokenExpired', message: '' };

let clock: Clock;
let sockets: FakeSocket[];
let asked: AuthReason[];
let told: string[];
let problems: (Failure | null)[];
let tokenOf: (reason: AuthReason) => Promise<string>;
let connection: Connection;

const state = () => connection.state.kind;
const socket = () => sockets.at(-1)!;

beforeEach(() => {
  clock = new Clock();
  sockets = [];
  asked = [];
  told = [];
  problems = [];
  tokenOf = async () => 'token';
  connection = new Connection(
    {
      now: clock.now,
      setTimeout: clock.setTimeout,
      clearTimeout: clock.clearTimeout,
      url: 'wss://example.test/sync',
      token: (reason) => {
        asked.push(reason);
        return tokenOf(reason);
      },
      connect: (url, subprotocol) => {
        told.push(`connect ${url} ${subprotocol}`);
        sockets.push(new FakeSocket());
        return socket();
      },
      random: () => 0.5,
    },
    {
      opened: (token) => told.push(`opened ${token}`),
      received: (message) => told.push(`received ${message.length}`),
      closed: () => told.push('closed'),
      refreshed: (token) => told.push(`refreshed ${token}`),
      heartbeat: () => told.push('heartbeat'),
      changed: (why) => problems.push(why),
    },
  );
});

async function connected(): Promise<void> {
  connection.goOnline();
  await clock.pass(0);
  socket().opens();
  connection.welcome();
}

describe('connecting', () => {
  test('asks for a token, then opens, then hands the token over', async () => {
    connection.goOnline();
    expect(state()).toBe('authorizing');
    await clock.pass(0);
    expect(state()).toBe('opening');
    socket().opens();
    expect(state()).toBe('open');
    expect(asked).toEqual(['connect']);
    expect(told).toEqual(['connect wss://example.test/sync onering.1', 'opened token']);
  });

  test('a second time is no second connection', async () => {
    await connected();
    connection.goOnline();
    await clock.pass(0);
    expect(sockets).toHaveLength(1);
  });

  test('tries again with backoff while no token can be had', async () => {
    tokenOf = () => Promise.reject(new Error('no network'));
    connection.goOnline();
    await clock.pass(0);
    expect(state()).toBe('waiting');
    expect(problems.at(-1)).toMatchObject({ code: 'unavailable', message: expect.stringContaining('no network') });
    await clock.pass(10_000);
    expect(asked.length).toBeGreaterThan(3);
    expect(sockets).toHaveLength(0);
  });

  test('a token that comes too late is not used', async () => {
    let give: (token: string) => void = () => undefined;
    tokenOf = () => new Promise((resolve) => (give = resolve));
    connection.goOnline();
    connection.goOffline();
    give('late');
    await clock.pass(0);
    expect(sockets).toHaveLength(0);
  });

  test('does not wait for ever for the handshake, nor for the welcome', async () => {
    connection.goOnline();
    await clock.pass(15_000);
    expect(sockets[0]!.isClosed).toBe(true);
    await clock.pass(1_000);
    socket().opens();
    const silent = socket();
    await clock.pass(15_000);
    expect(silent.isClosed).toBe(true);
  });
});

describe('when it ends', () => {
  test('comes back after a while that grows, and says when', async () => {
    await connected();
    const waits: number[] = [];
    for (let i = 0; i < 4; ++i) {
      socket().ends();
      waits.push(connection.retryAt! - clock.now());
      await clock.pass(waits.at(-1)!);
    }
    expect(waits).toEqual([250, 500, 1_000, 2_000]);
    expect(told.filter((what) => what === 'closed')).toHaveLength(1); // the others never opened
  });

  test('a welcome makes the next wait short again', async () => {
    await connected();
    for (let i = 0; i < 3; ++i) {
      socket().ends();
      await clock.pass(30_000);
    }
    socket().opens();
    connection.welcome();
    socket().ends();
    expect(connection.retryAt! - clock.now()).toBe(250);
  });

  test('does not wait when the network is back', async () => {
    await connected();
    socket().ends();
    connection.hurry();
    await clock.pass(0);
    expect(sockets).toHaveLength(2);
  });

  test('waits at least as long as the server asked for', async () => {
    await connected();
    connection.refused({ code: 'rateLimited', message: '' }, 7_000);
    expect(state()).toBe('open');
    socket().ends();
    expect(connection.retryAt! - clock.now()).toBe(7_250);
  });

  test('by the user, stays ended', async () => {
    await connected();
    connection.goOffline();
    connection.hurry();
    await clock.pass(60_000);
    expect(state()).toBe('off');
    expect(socket().isClosed).toBe(true);
    expect(sockets).toHaveLength(1);
  });
});

describe('signs of life', () => {
  test('gives one every 20 s', async () => {
    await connected();
    for (let i = 0; i < 3; ++i) {
      await clock.pass(20_000);
      socket().brings(new ArrayBuffer(8));
    }
    expect(told.filter((what) => what === 'heartbeat')).toHaveLength(3);
    expect(state()).toBe('open');
  });

  test('takes a server that has fallen silent for gone', async () => {
    await connected();
    await clock.pass(60_000);
    expect(sockets[0]!.isClosed).toBe(true);
    expect(problems.some((why) => why?.code === 'unavailable')).toBe(true);
  });

  test('takes text for a defect', async () => {
    await connected();
    socket().brings('hello');
    expect(problems.at(-1)).toMatchObject({ code: 'protocolError' });
    expect(state()).toBe('waiting');
  });
});

describe('tokens', () => {
  test('an expired one is replaced at once, and the user notices nothing', async () => {
    await connected();
    connection.refused(expired, 0);
    await clock.pass(0);
    expect(asked).toEqual(['connect', 'expired']);
    expect(state()).toBe('opening');
    socket().opens();
    connection.welcome();
    expect(state()).toBe('open');
  });

  test('two refusals in a row end in denied, not in a loop', async () => {
    await connected();
    connection.refused({ code: 'unauthenticated', message: '' }, 0);
    await clock.pass(0);
    socket().opens();
    connection.refused({ code: 'unauthenticated', message: 'who?' }, 0);
    await clock.pass(600_000);
    expect(state()).toBe('denied');
    expect(asked).toEqual(['connect', 'refused']);
    expect(problems.at(-1)).toEqual({ code: 'unauthenticated', message: 'who?' });
  });

  test('a welcome in between forgives', async () => {
    for (let i = 0; i < 5; ++i) {
      await connected();
      connection.refused(expired, 0);
      await clock.pass(0);
      socket().opens();
      connection.welcome();
    }
    expect(state()).toBe('open');
  });

  test('what no token can help with is denied at once, until the user asks again', async () => {
    await connected();
    connection.refused({ code: 'upgradeRequired', message: '' }, 0);
    expect(state()).toBe('denied');
    connection.hurry();
    await clock.pass(600_000);
    expect(sockets).toHaveLength(1);
    connection.goOnline();
    await clock.pass(0);
    expect(sockets).toHaveLength(2);
  });

  test('one that is about to expire is refreshed in place', async () => {
    tokenOf = async (reason) => (reason === 'connect' ? jwt(clock.now() + 600_000) : 'fresh');
    await connected();
    for (let i = 0; i < 28; ++i) {
      await clock.pass(20_000);
      socket().brings(new ArrayBuffer(8));
    }
    expect(asked).toEqual(['connect', 'expired']);
    expect(told).toContain('refreshed fresh');
    expect(sockets).toHaveLength(1);
  });

  test('one that expires in years does not overflow the timer', async () => {
    tokenOf = async () => jwt(clock.now() + 10 * 365 * 86_400_000);
    await connected();
    await clock.pass(15_000);
    expect(asked).toEqual(['connect']);
  });
});
