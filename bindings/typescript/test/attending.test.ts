import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import { Attending } from '../src/client/attending.js';
import { Attendance } from '../src/worker/attendance.js';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function attend() {
  const said: (boolean | 'left')[] = [];
  const presenting = new Attending({ say: (typing) => void said.push(typing), leave: () => void said.push('left') });
  return { presenting, said };
}

test('typing is said when it begins, now and then while it goes on, and when it ends', () => {
  const { presenting, said } = attend();
  for (let ms = 0; ms < 9_000; ms += 100) {
    presenting.typing();
    vi.advanceTimersByTime(100);
  }
  expect(said).toEqual([true, true, true]);
  vi.advanceTimersByTime(5_000);
  expect(said).toEqual([true, true, true, false]);
  presenting.typing();
  expect(said).toEqual([true, true, true, false, true]);
});

test('who has left says nothing more', () => {
  const { presenting, said } = attend();
  presenting.typing();
  presenting.close();
  presenting.close();
  presenting.typing();
  vi.advanceTimersByTime(60_000);
  expect(said).toEqual([true, 'left']);
});

const ann = { user: 'ann', display: 'Ann', typing: false };

test('a user is at a draft in any of their tabs, and types there in any of them', () => {
  const attendance = new Attendance();
  attendance.say(1, 'd', false);
  attendance.say(2, 'd', true);
  attendance.say(3, 'e', false);
  expect([attendance.at('d'), attendance.at('e'), attendance.at('f')]).toEqual([2, 1, 0]);
  expect([...attendance.drafts()]).toEqual(['d', 'e']);
  expect(attendance.leave(2)).toBe('d');
  expect(attendance.at('d')).toBe(1);
  expect(attendance.leave(1)).toBe('d');
  expect(attendance.at('d')).toBe(0);
  expect(attendance.leave(1)).toBeUndefined();
});

test('who comes in a second tab hears at once who is there', () => {
  const attendance = new Attendance();
  expect(attendance.say(1, 'd', false)).toBeUndefined();
  expect(attendance.heard([{ draft: 'd', people: [ann] }])).toEqual([{ subscription: 1, people: [ann] }]);
  expect(attendance.say(2, 'd', false)).toEqual([ann]);
  expect(attendance.say(2, 'd', true)).toBeUndefined();
  expect(attendance.heard([{ draft: 'e', people: [ann] }])).toEqual([]);
});
