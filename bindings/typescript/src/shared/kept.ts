import type { KeptOp } from '../types.js';
import type { KeptChange } from './protocol.js';

export const allKept = (kept: readonly KeptOp[]): KeptChange => ({ reset: true, added: kept, left: [] });

export function keptAfter(before: readonly KeptOp[], { reset, added, left }: KeptChange): readonly KeptOp[] {
  const kept = reset ? added : [...before, ...added];
  if (left.length === 0) return kept;
  const gone = new Set(left);
  return kept.filter(({ op }) => !gone.has(op));
}
