// What was typed and not appended yet: kept on this device until the segment is stored.
function keyOf(user: string, draft: string): string {
  return `onering-demo/typed/${user}/${draft}`;
}

export function typedText(user: string, draft: string): string {
  return localStorage.getItem(keyOf(user, draft)) ?? '';
}

// False when the browser has no room for it: the text is then in the page only.
export function keepTyped(user: string, draft: string, text: string): boolean {
  try {
    if (text === '') localStorage.removeItem(keyOf(user, draft));
    else localStorage.setItem(keyOf(user, draft), text);
    return true;
  } catch {
    return false;
  }
}
