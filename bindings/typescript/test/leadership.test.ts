import { expect, test } from 'vitest';

import type { FromWorker, OpenOptions, ToWorker } from '../src/shared/protocol.js';
import { Leadership } from '../src/tabs/leadership.js';
import type { FromTab, ToTab } from '../src/tabs/protocol.js';

class OneChannel {
  readonly sent: ToTab[] = [];
  isClosed = false;
  heard: (message: FromTab) => void = () => undefined;
  postMessage(message: unknown): void {
    this.sent.push(message as ToTab);
  }
  close(): void {
    this.isClosed = true;
  }
}

function leading() {
  const channels: OneChannel[] = [];
  const done: ToWorker[] = [];
  const options: OpenOptions = { url: 'ws://127.0.0.1/sync', wasmUrl: '', user: '', storage: { kind: 'opfs', name: 'store' }, startOffline: false };
  const leadership = new Leadership(
    {
      tab: 'leader',
      version: 1,
      locks: { request: () => new Promise(() => undefined) },
      channels: {
        open(_name, heard) {
          const channel = new OneChannel();
          channel.heard = heard as (message: FromTab) => void;
          channels.push(channel);
          return channel;
        },
      },
      unheardMax: 1_000,
      engine: (_tell: (message: FromWorker) => void) => ({ handle: (message) => void done.push(message), close: async () => undefined }),
    },
    options,
    { term: 'term', online: true, triedBy: new Set() },
    { tell: () => undefined, giveWay: () => undefined },
  );
  const hello = () => leadership.greet({ type: 'hello', version: 1, tab: 'follower', user: '', url: options.url });
  return { channels, done, hello };
}

const subscribe: FromTab = { type: 'says', term: 'term', message: { type: 'subscribe', subscription: 1, draft: 'draft', tail: 10 } as ToWorker };

// Two tabs that are reloaded together: one says hello because it has its lock, and again because the other leads. What it
// says between the two welcomes may arrive before the second hello, or after it.
test('a tab that says hello twice keeps what it has subscribed to, and its channel', () => {
  const { channels, done, hello } = leading();
  hello();
  channels[0]!.heard(subscribe);
  hello();
  expect(channels).toHaveLength(1);
  expect(channels[0]!.isClosed).toBe(false);
  expect(channels[0]!.sent.filter(({ type }) => type === 'welcome')).toHaveLength(2);
  expect(done.map(({ type }) => type)).toEqual(['open', 'subscribe']);
});

test('a subscription that is said again takes the place of the first', () => {
  const { channels, done, hello } = leading();
  hello();
  channels[0]!.heard(subscribe);
  channels[0]!.heard(subscribe);
  expect(done.map(({ type }) => type)).toEqual(['open', 'subscribe', 'unsubscribe', 'subscribe']);
});
