// Who is signed in, and their client. The address says who: `?user=ada`. The server's development mode
// believes the name, so this is for one's own machine only.
import { type Client, createClient } from '@onering/sdk';

import { recall, remember } from './memory.js';

const namesKey = 'onering-demo/names';

// Null: nobody yet.
export function userFromAddress(): string | null {
  const user = new URLSearchParams(location.search).get('user')?.trim() ?? '';
  return user === '' ? null : user;
}

// Why it cannot be a name; null when it can.
export function faultOfName(user: string): string | null {
  if (new TextEncoder().encode(user).length > 128) return 'That name is too long. Take a shorter one.';
  if (/\p{Cc}/u.test(user)) return 'That name holds a character that cannot be shown. Take another one.';
  return null;
}

export async function openClient(user: string): Promise<Client> {
  rememberName(user);
  return createClient({
    url: '/sync',
    user,
    // In development mode: the user's id, a line feed, the name to show.
    auth: () => `${user}\n${user}`,
    // Some browsers ask the user: so not before the user has said so (views/keeping.ts).
    storage: { name: await storeName(user), persist: false },
  });
}

// A store for each name, in characters that every file system keeps apart.
async function storeName(user: string): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(user));
  const hex = Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, '0')).join('');
  return `demo-${hex.slice(0, 32)}`;
}

export async function signOut(client: Client): Promise<void> {
  await client.close();
  location.assign(location.pathname);
}

// Who has signed in on this device before, the latest first.
export function rememberedNames(): string[] {
  try {
    const names: unknown = JSON.parse(recall(namesKey) ?? '[]');
    return Array.isArray(names) ? names.filter((name) => typeof name === 'string') : [];
  } catch {
    return [];
  }
}

function rememberName(user: string): void {
  const names = [user, ...rememberedNames().filter((name) => name !== user)].slice(0, 5);
  remember(namesKey, JSON.stringify(names));
}
