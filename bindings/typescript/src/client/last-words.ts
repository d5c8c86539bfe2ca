/**
 * What was called while a page went away, and is not known to be stored. A browser may end the page's worker before that has
 * read it, as Firefox does; so it is written down where a page can write at once, and said again by the next page of the
 * store. If it was stored after all, its op's id tells (SPEC I6).
 */
import type { OpRequest } from '../shared/protocol.js';

export interface LastWords {
  /** Where they are. */
  readonly key: string;
  /** Whose. */
  readonly user: string;
  readonly ops: readonly OpRequest[];
}

const prefixOf = (store: string): string => `onering/${store}/`;

/** No ops: forgets them. A browser that keeps nothing here is no fault: mostly the worker has heard all. */
export function writeLastWords(store: string, page: string, user: string, ops: readonly OpRequest[]): void {
  const key = prefixOf(store) + page;
  try {
    if (ops.length > 0) localStorage.setItem(key, JSON.stringify({ user, ops }));
    else localStorage.removeItem(key);
  } catch {}
}

/** Those of all pages that are gone. */
export function readLastWords(store: string): LastWords[] {
  try {
    const keys = Object.keys(localStorage).filter((key) => key.startsWith(prefixOf(store)));
    return keys.map((key) => ({ key, ...(JSON.parse(localStorage.getItem(key)!) as Omit<LastWords, 'key'>) }));
  } catch {
    return [];
  }
}

export function forgetLastWords(words: readonly LastWords[]): void {
  for (const { key } of words) localStorage.removeItem(key);
}
