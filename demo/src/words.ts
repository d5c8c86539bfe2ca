// How times, sizes and states read.
import type { DraftStatus, Link, OpKind, Status } from '@onering/sdk';

const language = 'en-GB';
const time = new Intl.DateTimeFormat(language, { hour: '2-digit', minute: '2-digit' });
const day = new Intl.DateTimeFormat(language, { day: 'numeric', month: 'short' });
const dayOfYear = new Intl.DateTimeFormat(language, { day: 'numeric', month: 'short', year: 'numeric' });
const full = new Intl.DateTimeFormat(language, { dateStyle: 'full', timeStyle: 'medium' });
const number = new Intl.NumberFormat(language);

// As short as it can be without doubt: the time today, the day with the time this year, else the date.
export function when(at: number, now = Date.now()): string {
  const [then, today] = [new Date(at), new Date(now)];
  if (then.toDateString() === today.toDateString()) return time.format(then);
  if (then.getFullYear() === today.getFullYear()) return `${day.format(then)}, ${time.format(then)}`;
  return dayOfYear.format(then);
}

export function whenExactly(at: number): string {
  return full.format(at);
}

// "3 min", "2 h", "5 days".
export function span(ms: number): string {
  const minutes = Math.floor(ms / 60_000);
  if (minutes < 1) return 'less than a minute';
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  if (hours < 48) return `${hours} h`;
  return `${count(Math.floor(hours / 24))} days`;
}

export function ago(at: number, now = Date.now()): string {
  return now - at < 60_000 ? 'just now' : `${span(now - at)} ago`;
}

export function count(n: number): string {
  return number.format(n);
}

export function counted(n: number, one: string, many = `${one}s`): string {
  return `${count(n)} ${n === 1 ? one : many}`;
}

export function size(bytes: number): string {
  const units = ['bytes', 'kB', 'MB', 'GB', 'TB'];
  let unit = 0;
  let value = bytes;
  while (value >= 1_000 && unit < units.length - 1) {
    value /= 1_000;
    ++unit;
  }
  return `${value < 10 && unit > 0 ? value.toFixed(1) : Math.round(value)} ${units[unit]}`;
}

// How long the text is as the server counts it.
export function utf8Bytes(text: string): number {
  return new TextEncoder().encode(text).length;
}

export const linkNames: Record<Link, string> = {
  offline: 'Offline',
  connecting: 'Connecting',
  live: 'Live',
  stalled: 'Stalled',
  denied: 'Denied',
};

export function linkSentence(status: Status, now = Date.now()): string {
  if (status.state !== 'open') return 'Nothing is sent or fetched before the storage is open.';
  switch (status.link) {
    case 'live':
      return 'Everything the server has is here.';
    case 'connecting':
      return 'Connecting and catching up.';
    case 'stalled':
      return 'Connected, but nothing moves. Still trying; what you wrote is kept.';
    case 'denied':
      return status.lastError?.message ?? 'The server refused the connection.';
    case 'offline':
      return status.retryAt === null
        ? 'You can go on writing. It is sent when you are back online.'
        : `The server cannot be reached. Next try in ${Math.max(1, Math.ceil((status.retryAt - now) / 1_000))} s; go on writing.`;
  }
}

export function storageSentence({ storage }: Status): string {
  if (storage.kind === null) return 'Not open.';
  if (storage.kind === 'memory') {
    const why = storage.fallback === null ? '' : ` (${storage.fallback})`;
    return `Only in this tab’s memory${why}: close it and what was not sent is gone.`;
  }
  return storage.persisted
    ? 'On this device; the browser has promised to keep it until you clear it.'
    : 'On this device; the browser may evict it when space runs out.';
}

export const statusNames: Record<DraftStatus, string> = { active: 'open', locked: 'locked', completed: 'completed' };

export const opNames: Record<OpKind, string> = {
  createDraft: 'The new draft',
  appendSegment: 'A segment',
  passRing: 'Passing the ring',
  requestRing: 'Requesting the ring',
  cancelRequest: 'Leaving the queue',
  reclaimRing: 'Reclaiming the ring',
  setTitle: 'The new title',
  lock: 'Locking',
  unlock: 'Unlocking',
  complete: 'Completing',
  addCollaborator: 'Adding a member',
  setRole: 'Changing a role',
  removeCollaborator: 'Removing a member',
  deleteDraft: 'Deleting the draft',
  restoreDraft: 'Restoring the draft',
  redactSegment: 'Erasing a segment',
  createInvite: 'An invite',
  revokeInvite: 'Revoking an invite',
  acceptInvite: 'Accepting an invite',
};

// "ada", "ada and bob", "ada, bob and 3 others".
export function names(users: readonly string[]): string {
  if (users.length <= 1) return users[0] ?? 'nobody';
  if (users.length <= 3) return `${users.slice(0, -1).join(', ')} and ${users.at(-1)}`;
  return `${users.slice(0, 2).join(', ')} and ${users.length - 2} others`;
}
