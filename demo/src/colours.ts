// A colour for each author: the same in every draft where possible, and different for members of one draft as
// long as the palette lasts. The colours themselves are in styles/tokens.css.
import type { Member } from '@onering/sdk';

const paletteSize = 8;

export class Colours {
  readonly #slots = new Map<string, number>();

  // Members keep theirs when others join.
  constructor(members: readonly Member[] = []) {
    const taken = new Set<number>();
    for (const { user } of [...members].sort((a, b) => a.joinedAt - b.joinedAt || (a.user < b.user ? -1 : 1))) {
      const slot = firstFree(preferred(user), taken);
      taken.add(slot);
      this.#slots.set(user, slot);
    }
  }

  // A class that sets --author.
  classOf(user: string): string {
    return `author-${this.#slots.get(user) ?? preferred(user)}`;
  }
}

function firstFree(from: number, taken: ReadonlySet<number>): number {
  for (let step = 0; step < paletteSize; ++step) {
    const slot = (from + step) % paletteSize;
    if (!taken.has(slot)) return slot;
  }
  return from;
}

// FNV-1a over the user's id.
function preferred(user: string): number {
  let hash = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(user)) {
    hash = Math.imul(hash ^ byte, 0x01000193);
  }
  return (hash >>> 0) % paletteSize;
}

// What stands for a user where there is no room for the name.
export function initialOf(user: string): string {
  const letter = [...new Intl.Segmenter().segment(user.replace(/^(u_|@)/, ''))][0]?.segment ?? '?';
  return letter.toLocaleUpperCase();
}
