import { expect, test } from 'vitest';

import { ReadAhead } from '../src/worker/read-ahead.js';

/** Pages of ten of a draft of thirty-five, and what was read, by whom. */
function reader() {
  const read: string[] = [];
  const due: (() => void)[] = [];
  const page = ({ from, to }: { from: number; to: number }) => {
    const next = from + 10;
    return `{"segments":["${from}"],"next":${next < Math.min(to, 35) ? next : null}}`;
  };
  const ahead = new ReadAhead(
    (work) => void due.push(work),
    (range) => {
      read.push(`ahead ${range.from}`);
      return page(range);
    },
  );
  const ask = (from: number, { draft = 'a', to = 100 } = {}) => {
    const range = { draft, from, to };
    const had = ahead.take(range);
    const given = had ?? page(range);
    read.push(had ? `had ${from}` : `read ${from}`);
    ahead.gave(range, given);
    expect(given).toBe(page(range));
  };
  const rest = () => due.splice(0).forEach((work) => work());
  return { ahead, ask, rest, read };
}

test('whoever asks for one page behind another has the next from the third on', () => {
  const { ask, rest, read } = reader();
  for (const from of [0, 10, 20, 30]) {
    ask(from);
    rest();
  }
  expect(read).toEqual(['read 0', 'read 10', 'ahead 20', 'had 20', 'ahead 30', 'had 30']);
});

test('whoever asks before there was time for it gets it read', () => {
  const { ask, rest, read } = reader();
  for (const from of [0, 10, 20]) ask(from);
  rest();
  expect(read).toEqual(['read 0', 'read 10', 'read 20', 'ahead 30']);
});

test('nothing is read ahead of one who asks for something else', () => {
  const { ask, rest, read } = reader();
  ask(0);
  ask(20);
  ask(30, { draft: 'b' });
  ask(10, { to: 20 });
  rest();
  expect(read).toEqual(['read 0', 'read 20', 'read 30', 'read 10']);
});

test('what was read ahead is not for another draft, nor for another end', () => {
  const { ask, rest, read } = reader();
  ask(0);
  ask(10);
  rest();
  ask(20, { draft: 'b' });
  ask(20);
  ask(0);
  ask(10);
  rest();
  ask(20, { to: 25 });
  expect(read).toEqual(['read 0', 'read 10', 'ahead 20', 'read 20', 'read 20', 'read 0', 'read 10', 'ahead 20', 'read 20']);
});

test('it is forgotten when something changes, also before it was read', () => {
  const { ahead, ask, rest, read } = reader();
  ask(0);
  ask(10);
  ahead.forget();
  rest();
  ask(20);
  ask(30);
  ahead.forget();
  ask(20);
  expect(read).toEqual(['read 0', 'read 10', 'read 20', 'read 30', 'read 20']);
});
