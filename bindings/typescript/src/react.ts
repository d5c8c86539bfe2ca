/**
 * Hooks for React 18 and later, in a module of their own: the core knows nothing of React.
 *
 * A client is made once, outside of components or in an effect, and passed in; the hooks neither make nor close one.
 * Rendered on a server they give what is known before anything is read.
 *
 * @packageDocumentation
 */
import { useCallback, useMemo, useRef, useSyncExternalStore } from 'react';

import { DraftStore, noDraftYet, type DraftState } from './react/draft-store.js';
import { initialStatus } from './shared/status.js';
import type { Client, Draft, DraftSummary, ListOptions, Status, SubscribeOptions } from './types.js';

/** Link, pending, rejected, storage, last error; rendered anew with every change. */
export function useStatus(client: Client): Status {
  const subscribe = useCallback((changed: () => void) => client.status.subscribe(changed), [client]);
  return useSyncExternalStore(subscribe, () => client.status.current, () => initialStatus);
}

/** The head of this user's list of drafts, newest first; undefined until it has been read. */
export function useDrafts(client: Client, { limit = 50 }: ListOptions = {}): readonly DraftSummary[] | undefined {
  const latest = useRef<{ readonly of: Client; readonly drafts: readonly DraftSummary[] }>(undefined);
  const subscribe = useCallback(
    (changed: () => void) =>
      client.subscribeList(
        ({ drafts }) => {
          latest.current = { of: client, drafts };
          changed();
        },
        { limit },
      ),
    [client, limit],
  );
  const current = () => (latest.current?.of === client ? latest.current.drafts : undefined);
  return useSyncExternalStore(subscribe, current, () => undefined);
}

/** {@link useDraft}'s. */
export interface DraftInUse extends DraftState {
  /** To act on it: append, pass the ring, … The same object from render to render. */
  readonly handle: Draft;
  /** Reads so many segments before those that are here, by default 200. */
  readonly loadEarlier: (count?: number) => Promise<void>;
}

/**
 * One draft and its newest segments (200, or {@link SubscribeOptions.tail}); what is appended later is added to them.
 * Throws a TypeError when `id` is no UUID.
 */
export function useDraft(client: Client, id: string, { tail = 200 }: SubscribeOptions = {}): DraftInUse {
  const store = useMemo(() => new DraftStore(client, id, tail), [client, id, tail]);
  const handle = useMemo(() => client.draft(id), [client, id]);
  const state = useSyncExternalStore(store.subscribe, store.current, () => noDraftYet);
  return useMemo(() => ({ ...state, handle, loadEarlier: store.loadEarlier }), [state, handle, store]);
}

export type { DraftState };
