// Spans such as "3 min" grow older: one timer for all of them.
import type { Scope } from './scope.js';

const listeners = new Set<() => void>();
let timer: ReturnType<typeof setInterval> | undefined;

// Calls `listener` twice a minute until the scope ends.
export function onTick(scope: Scope, listener: () => void): void {
  listeners.add(listener);
  timer ??= setInterval(() => listeners.forEach((each) => each()), 30_000);
  scope.own(() => {
    listeners.delete(listener);
    if (listeners.size === 0) {
      clearInterval(timer);
      timer = undefined;
    }
  });
}
