// What was typed and not appended yet: kept on this device until the segment is stored. Each tab finds its own again;
// one that is new finds what was typed last.
import { recall, remember } from './memory.js';

const ofTab = () => sessionStorage;

function keyOf(user: string, draft: string): string {
  return `onering-demo/typed/${user}/${draft}`;
}

export function typedText(user: string, draft: string): string {
  const key = keyOf(user, draft);
  return recall(key, ofTab) ?? recall(key) ?? '';
}

// False when the browser has no room for it: the text is then in the page only.
export function keepTyped(user: string, draft: string, text: string): boolean {
  const key = keyOf(user, draft);
  const before = recall(key, ofTab);
  remember(key, text === '' ? null : text, ofTab);
  if (text !== '') return remember(key, text);
  // Another tab's stays.
  return recall(key) !== before || remember(key, null);
}
