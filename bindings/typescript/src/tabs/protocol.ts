/**
 * What the tabs of one store say to each other: docs/decisions/several-tabs.md.
 *
 * There is one leader at a time; its `term` names it. A message of another term than the present one is of the past, and
 * is ignored.
 */
import type { FromWorker, ToWorker } from '../shared/protocol.js';
import type { Failure } from '../types.js';

/** Raised by every change of this file, or of the messages in shared/protocol.ts, that an older tab would not understand. */
export const tabsVersion = 4;

/** Said to all, on the store's channel. Every later version understands these and says them in this form. */
export type Announcement =
  /** To whoever leads: here is a tab. */
  | { readonly type: 'hello'; readonly version: number; readonly tab: string; readonly user: string; readonly url: string }
  /** Whoever is here shall say hello. */
  | { readonly type: 'lead'; readonly version: number; readonly term: string };

/** The leader's to one tab, on that tab's channel. `refuse` has this form in every later version, too. */
export type ToTab =
  | { readonly type: 'welcome'; readonly term: string }
  | { readonly type: 'refuse'; readonly term: string; readonly error: Failure }
  | { readonly type: 'told'; readonly term: string; readonly message: FromWorker }
  | { readonly type: 'here'; readonly term: string };

/** A tab's to the leader, on the tab's channel. */
export type FromTab =
  | { readonly type: 'says'; readonly term: string; readonly message: ToWorker }
  | { readonly type: 'there?'; readonly term: string }
  | { readonly type: 'bye'; readonly term: string };

export const storeChannel = (store: string): string => `onering/${store}`;
export const tabChannel = (store: string, tab: string): string => `onering/${store}/${tab}`;

/** Held by the leader. */
export const leaderLock = (store: string): string => `onering/${store}`;
/** Held by a tab as long as it takes part: whoever gets it knows that the tab is gone. */
export const tabLock = (store: string, tab: string): string => `onering/${store}/${tab}`;
