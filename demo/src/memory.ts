// Small things that are kept on this device beside the drafts. A browser may deny it, or have no room left: then they
// are kept for as long as the page lasts.
const here = new Map<string, string>();

export function recall(key: string, storage: () => Storage = () => localStorage): string | null {
  try {
    return here.get(key) ?? storage().getItem(key);
  } catch {
    return null;
  }
}

// `text` null: forgets it. False when it is in the page only.
export function remember(key: string, text: string | null, storage: () => Storage = () => localStorage): boolean {
  here.delete(key);
  try {
    if (text === null) storage().removeItem(key);
    else storage().setItem(key, text);
    return true;
  } catch {
    if (text !== null) here.set(key, text);
    return false;
  }
}
