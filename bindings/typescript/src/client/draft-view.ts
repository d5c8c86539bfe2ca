import type { FeedChange } from '../shared/protocol.js';
import type { DraftChange, DraftSnapshot, Segment } from '../types.js';

const none: readonly never[] = [];

/**
 * Makes of what the worker tells about a draft what its subscriber is told: puts back what was left out because it
 * had not changed, and keeps what has not changed the same object.
 */
export class DraftView {
  #draft: DraftSnapshot | null = null;
  #pending: readonly Segment[] = none;

  apply(change: Exclude<FeedChange, { error: unknown }>): DraftChange {
    if (!change.draft) {
      this.#draft = null;
      this.#pending = none;
      return { draft: null, reset: true, appended: none, redacted: none, pending: none };
    }
    const members = change.draft.members ?? this.#draft?.members ?? none;
    const invites = change.draft.invites ?? this.#draft?.invites ?? none;
    this.#draft = reclaimable({ ...change.draft, members, invites });
    const redacted = change.redacted ?? none;
    const before = change.reset ? none : this.#pending;
    const { drop = 0, add = none } = change.pending ?? {};
    const pending = drop === 0 && add.length === 0 ? before : [...before.slice(drop), ...add];
    const { segmentCount, pendingSegmentCount } = change.draft;
    this.#pending = placed(pending, segmentCount + pendingSegmentCount - pending.length, new Set(redacted));
    return { draft: this.#draft, reset: change.reset, appended: change.appended ?? none, redacted, pending: this.#pending };
  }
}

/** With the time from which on this user may reclaim the ring (SPEC O5). */
export function reclaimable(draft: Omit<DraftSnapshot, 'reclaimableAt'>): DraftSnapshot {
  const { role, holding, status, ring, holdLimitMs } = draft;
  const isOut = holding || status === 'completed' || role === null || role === 'viewer';
  const limitMs = role === 'owner' ? 0 : holdLimitMs;
  return { ...draft, reclaimableAt: isOut || limitMs === null ? null : ring.since + limitMs };
}

/** The pending segments at the positions from `from` on; the same array where all of them are in place. */
function placed(pending: readonly Segment[], from: number, redacted: ReadonlySet<string>): readonly Segment[] {
  const isInPlace = (segment: Segment, index: number) =>
    segment.position === from + index && !(redacted.has(segment.id) && !segment.redacted);
  if (pending.every(isInPlace)) return pending;
  return pending.map((segment, index) => {
    if (isInPlace(segment, index)) return segment;
    const isRedacted = segment.redacted || redacted.has(segment.id);
    return { ...segment, position: from + index, redacted: isRedacted, text: isRedacted ? '' : segment.text };
  });
}
